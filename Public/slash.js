/* Adds the missing slash to the page's address. Page.swift says why, and why here. */
(function () {
var name = location.pathname.split('/').pop();
if (!/^(|index\.html|server-(socketio|faye)\.js)$/.test(name)) {
	if (window.stop) { stop(); }
	location.replace('./' + name + '/' + location.search + location.hash);
}
}());
