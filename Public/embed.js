/*
 * One script tag puts the reading into a page of another site:
 *
 *   <script src="https://poems.example/dante/embed.js" data-height="480" data-query="from=7" async></script>
 *
 * A frame with the page comes where the tag stands, in the body. `data-height` is in pixels; `data-query` goes to the
 * page, as in its address: from, size, theme, transport, token. The language is that of old browsers.
 */
(function () {
'use strict';

var tags = document.getElementsByTagName('script'), tag = document.currentScript;
for (var i = 0; i < tags.length && !tag; i++) {
	if (/\/embed\.js([?#]|$)/.test(tags[i].src) && !tags[i].getAttribute('data-done')) { tag = tags[i]; }
}
if (!tag) { return; }
tag.setAttribute('data-done', 'yes');

var query = tag.getAttribute('data-query'), frame = document.createElement('iframe');
frame.src = tag.src.replace(/embed\.js([?#].*)?$/, query ? '?' + query : '');
frame.title = tag.getAttribute('data-title') || 'A reading';
frame.width = '100%';
frame.height = tag.getAttribute('data-height') || '480';
frame.style.border = '0';
frame.setAttribute('loading', 'lazy');
tag.parentNode.insertBefore(frame, tag.nextSibling);
}());
