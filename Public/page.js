/*
 * The page: takes one of the ways the text comes and sets what arrives, in the language of old browsers. <html>
 * carries data-state (connecting, reading, over, offline), data-paused, data-transport (a name of TITLES) and
 * data-position, the number of the last stanza.
 */
(function () {
'use strict';

var root = document.documentElement;

/* A browser before 2012, Internet Explorer up to 10: it reads the page that grows. */
if (!window.JSON || !('hidden' in root)) { return location.replace('read' + location.search); }

var poem = byId('poem');
var count = +poem.getAttribute('data-count') || 0;
var interval = +poem.getAttribute('data-interval') || 2000;
var query = parameters(location.search);
var hasRawPath = /\/server-faye\.js$/.test(location.pathname);
var began = window.performance && performance.timing ? performance.timing.navigationStart : now();

/* The last stanza on the page, the last one that came, and those that came while the reading was paused. */
var position = /^\d{1,9}$/.test(query.from) && +query.from <= count ? +query.from : 0;
var heard = position, held = null;
var current, heardAt = now(), isFollowing = true, unseen = 0, lastTop = 0;

function byId(id) { return document.getElementById(id); }
function now() { return new Date().getTime(); }
function nothing() {}

function listen(target, name, act) { target.addEventListener(name, act, false); }

function parameters(search) {
	var result = {};
	search.replace(/([^?&=]+)=([^&]*)/g, function (pair, name, value) {
		try {
			result[name] = decodeURIComponent(value.replace(/\+/g, ' '));
		} catch (malformed) {
			/* As if it were not there. */
		}
	});
	return result;
}

function joined(parameters) {
	var parts = [];
	for (var name in parameters) {
		if (parameters[name]) { parts.push(name + '=' + encodeURIComponent(parameters[name])); }
	}
	return parts.length ? '?' + parts.join('&') : '';
}

/* Settings are kept in the address, so that a link carries them; what is empty is as usual. */
function keep(name, value) {
	query[name] = value;
	history.replaceState(null, '', location.pathname + joined(query) + location.hash);
	dress();
}

function write(element, text) {
	(byId(element) || element).textContent = text;
}

function make(parent, name, text, className) {
	var element = document.createElement(name);
	if (className) { element.className = className; }
	if (text) { write(element, text); }
	return parent.appendChild(element);
}

function mark(name, value) { root.setAttribute('data-' + name, value); }
function marked(name) { return root.getAttribute('data-' + name); }
function isState(name) { return marked('state') === name; }

var said;
function state(name, sentence) {
	mark('state', name);
	byId('end').hidden = name !== 'over' || held;
	/* Only when it changes: the line is read aloud. */
	if (said !== sentence) { write('status', said = sentence); }
}

function facts() {
	mark('position', position);
	write('position', position ? (held && heard > position ? position + ', the reading is at ' + heard : position) +
		(count ? ' of ' + count : '') : '');
}

/* ---- What the connection tells ---- */

function isAtEnd() { return count && heard >= count; }

var wasLost = false;
var hearer = {
	on: function (transport) {
		mark('transport', transport);
		write('transport', TITLES[transport] || transport);
		if (isState('over') || isState('reading')) { return; }
		state('reading', held ? 'Paused.'
			: wasLost ? 'Connected again. Reading on behind stanza ' + heard + '.' : 'Reading.');
		wasLost = false;
	},
	stanza: function (text, cursor) {
		/* Believed lost, and not lost. */
		if (isState('offline')) { hearer.on(marked('transport')); }
		heard = /^\d+$/.test(cursor) ? +cursor : isAtEnd() ? 1 : heard + 1;
		heardAt = now();
		if (held) { held.push(text); } else { show(text); }
		facts();
	},
	over: function () { state('over', held ? 'Paused. ' + OVER : OVER); },
	lost: function (sentence) {
		wasLost = true;
		state('offline', window.navigator.onLine === false
			? 'You are offline. The reading goes on from here when you are back.' : sentence);
	}
};

var OFFERED = 'The server offers it, but ';
var OVER = 'The reading is over.', AGAIN = ' Trying again, to go on from here.';
var GONE = 'The connection is lost.' + AGAIN, SILENT = 'The server does not answer.' + AGAIN;
var REFUSED = 'The server refuses: a token is missing, or this page may not read.';

/* ---- Ways: each opens a connection at `from` and tells `hear`; gives back {close, wake} ---- */

var TITLES = { websocket: 'WebSocket', polling: 'long polling', jsonp: 'polling by scripts',
	raw: 'plain WebSocket', sse: 'server-sent events' };

function at(from) { return joined({ from: from() || '', token: query.token }); }

function overSocketIO(transports, from, hear, isTrial) {
	var socket = window.io({ transports: transports, forceNew: true, reconnection: !isTrial, reconnectionDelay: 300,
		timeout: isTrial ? 5000 : 20000, query: query.token ? { token: query.token } : {},
		auth: function (give) { give(from() ? { offset: String(from()) } : undefined); } });
	var again;
	socket.on('connect', function () { hear.on(socket.io.engine.transport.name); });
	socket.io.on('upgrade', function (to) { hear.on(to.name); });
	socket.on('disconnect', function (reason) {
		if (reason !== 'io server disconnect') { return hear.lost(GONE); }
		if (isAtEnd() || isTrial) { return hear.over(); }
		hear.lost('The server has stopped.' + AGAIN);
		again = setTimeout(function () { socket.connect(); }, 1000);
	});
	socket.on('connect_error', function (error) {
		hear.lost(error.description === 403 ? REFUSED : socket.active ? SILENT : 'The server refuses: ' + error.message);
	});
	socket.on(poem.getAttribute('data-event'), hear.stanza);
	return {
		wake: function (isDead) { socket.io.wake(isDead); },
		close: function () {
			clearTimeout(again);
			socket.off();
			socket.disconnect();
		}
	};
}

/* For connections opened anew by hand: `open(opened, lost)` gives back what closes one. One that does not open in
	 time is given up; soon after waking, when it may have gone over a dead connection of the browser's. */
function coming(name, open, hear) {
	var wait, patience, timer, guard, close, wasOpen;
	function reset(howLong) {
		wait = 300;
		patience = howLong;
	}
	function lost() {
		stop();
		hear.lost(wasOpen ? GONE : SILENT);
		timer = setTimeout(start, wait * (0.5 + Math.random() / 2));
		wait = Math.min(wait * 2, 5000);
	}
	function stop() {
		clearTimeout(timer);
		clearTimeout(guard);
		timer = null;
		close();
	}
	function opened() {
		clearTimeout(guard);
		reset(20000);
		wasOpen = true;
		hear.on(name);
	}
	function start() {
		timer = null;
		wasOpen = false;
		guard = setTimeout(lost, patience);
		close = open(opened, lost);
	}
	reset(20000);
	start();
	return {
		wake: function (isDead) {
			reset(2000);
			if (!timer && !isDead) { return; }
			stop();
			start();
		},
		close: stop
	};
}

/* A bare websocket. It says by its close code whether the reading is over; its cursor is ours to count. */
function overWebSocket(from, hear) {
	var place = location.protocol.replace('http', 'ws') + '//' + location.host +
		(hasRawPath ? location.pathname + '/ws' : location.pathname.replace(/[^\/]*$/, 'ws'));
	return coming('raw', function (opened, lost) {
		var ws = new WebSocket(place + at(from));
		ws.onopen = opened;
		ws.onmessage = function (event) { hear.stanza(event.data); };
		ws.onclose = function (event) {
			if (event.code === 1000) { hear.over(); } else { lost(); }
		};
		return function () {
			ws.onopen = ws.onmessage = ws.onclose = null;
			ws.close();
		};
	}, hear);
}

function overEvents(from, hear) {
	return coming('sse', function (opened, lost) {
		var source = new EventSource('sse' + at(from)), wasOpen = false;
		source.onopen = function () {
			wasOpen = true;
			opened();
		};
		source.onmessage = function (event) { hear.stanza(event.data, event.lastEventId); };
		source.onerror = function () {
			if (!wasOpen || !isAtEnd()) { return lost(); }
			source.close();
			hear.over();
		};
		return function () { source.close(); };
	}, hear);
}

/* Why this way cannot be taken. */
function lacks(way) {
	return way === 'sse' ? !window.EventSource && 'This browser has no EventSource.'
		: way !== 'polling' && way !== 'jsonp' && way && !window.WebSocket ? 'This browser has no WebSocket.'
		: way !== 'raw' && !window.io && 'The client script did not come.';
}

function open(way, from, hear, isTrial) {
	return way === 'raw' ? overWebSocket(from, hear) : way === 'sse' ? overEvents(from, hear)
		: overSocketIO(way ? [way] : ['polling', 'websocket'], from, hear, isTrial);
}

/* ---- The reading ---- */

function start() {
	var way = TITLES.hasOwnProperty(query.transport) ? query.transport : hasRawPath ? 'raw' : '';
	if (current) { current.close(); }
	current = null;
	if (!way && !window.io && window.EventSource) { way = 'sse'; }
	if (lacks(way)) { return state('offline', lacks(way)); }
	state('connecting', 'Connecting.');
	current = open(way, function () { return heard; }, hearer);
}

function show(text) {
	var paragraph = make(poem, 'p', '', 'stanza'), verses = text.split('\n');
	position = heard;
	paragraph.setAttribute('data-number', position);
	paragraph.dir = 'auto';
	for (var i = 0; i < verses.length; i++) {
		make(paragraph, 'span', verses[i], 'verse');
		if (i + 1 < verses.length) { make(paragraph, 'br'); }
	}
	if (began) {
		write('first', 'first stanza after ' + (now() - began) / 1000 + ' s');
		began = 0;
	}
	if (isFollowing) { follow(); } else { news(unseen + 1); }
}

/* Whoever has scrolled back to read again is left there, and told what is new. */
function news(number) {
	unseen = number;
	byId('news').hidden = !number;
	write('news', number + (number === 1 ? ' new stanza' : ' new stanzas') + ' \u2193');
}

function scrolled() {
	var top = window.pageYOffset;
	if (root.scrollHeight - top - root.clientHeight < 60) {
		isFollowing = true;
		if (unseen) { news(0); }
	} else if (top < lastTop) {
		isFollowing = false;
	}
	lastTop = top;
}

function follow() {
	isFollowing = true;
	news(0);
	window.scrollTo(0, root.scrollHeight);
}

function goTo(from) {
	heard = from;
	start();
}

function unpause() {
	held = null;
	root.removeAttribute('data-paused');
	if (isState('over')) { state('over', OVER); } else if (isState('reading')) { state('reading', 'Reading.'); }
}

var DEEDS = {
	pause: function () {
		if (held || !current || isState('over')) { return; }
		held = [];
		mark('paused', '');
		state(marked('state'), 'Paused.');
	},
	/* From where it was paused: the server is asked again, so that the pace stays. */
	resume: function () {
		var waits = held && held.length;
		unpause();
		if (waits) { goTo(position); }
		facts();
	},
	catchUp: function () {
		var waiting = held || [], passed = waiting.length - 1;
		unpause();
		if (passed > 0) { make(poem, 'p', passed + (passed === 1 ? ' stanza' : ' stanzas') + ' passed by', 'gap'); }
		if (passed >= 0) { show(waiting[passed]); }
		facts();
		follow();
	},
	begin: function () {
		if (held) { unpause(); }
		wasLost = false;
		write(poem, '');
		position = 0;
		keep('from', '');
		began = now();
		goTo(0);
		facts();
		follow();
	},
	follow: follow,
	larger: function () { step('size', 1); },
	smaller: function () { step('size', -1); },
	colours: function () { step('theme', byId('theme').selectedIndex === 2 ? -2 : 1); },
	settings: function () {
		var panel = byId('panel');
		panel.hidden = !panel.hidden;
		byId('more').setAttribute('aria-expanded', String(!panel.hidden));
		if (!panel.hidden) { byId('size').focus(); }
	},
	tryAll: function () { tryFrom(0); }
};

function step(name, by) {
	var list = byId(name), to = list.selectedIndex + by;
	if (list.options[to]) { keep(name, list.options[to].value); }
}

/* Puts on the page what the settings say. */
function dress() {
	var size = /^(80|125|150|200)$/.test(query.size) ? query.size : '';
	var theme = /^(light|dark)$/.test(query.theme) ? query.theme : '';
	byId('size').value = size;
	byId('theme').value = theme;
	byId('letters').checked = query.keys !== 'off';
	root.style.fontSize = size && 1.125 * size + '%';
	mark('theme', theme);
	for (var i = 0; i < rows.length; i++) {
		rows[i].button.setAttribute('aria-pressed', String((query.transport || '') === rows[i].way));
	}
}

/* ---- The ways, each to be tried or taken ---- */

var rows = [];

function addWay(way, title) {
	var item = make(byId('ways'), 'li'), row = { way: way, button: make(item, 'button', title) };
	row.verdict = make(item, 'span');
	listen(row.button, 'click', function () {
		if (held) { DEEDS.resume(); }
		keep('transport', way);
		if (way) { tryWay(row, nothing); }
		start();
	});
	rows.push(row);
}

/* Beside the reading: each opens a connection of its own and waits for a first stanza. */
function tryFrom(index) {
	if (rows[index]) { tryWay(rows[index], function () { tryFrom(index + 1); }); }
}

function tryWay(row, done) {
	var began = now(), connection, timer;
	function end(sentence) {
		clearTimeout(timer);
		if (connection) { connection.close(); }
		connection = null;
		write(row.verdict, sentence);
		done();
		done = end = nothing;
	}
	function fails(sentence) { end('Fails. ' + sentence); }
	function failed() { why(row.way, fails); }
	if (lacks(row.way)) { return fails(lacks(row.way)); }
	write(row.verdict, 'Trying.');
	timer = setTimeout(failed, 6000);
	connection = open(row.way, function () { return 0; }, {
		on: nothing, over: nothing, lost: failed,
		stanza: function () { end('Works: the first stanza came after ' + (now() - began) + ' ms.'); }
	}, true);
}

/* What the server itself says of a way that failed, asked plainly. */
function why(way, done) {
	var xhr = new XMLHttpRequest(), opts = window.io && new window.io.Manager('').opts;
	var isSocket = /websocket|raw/.test(way), plain = { raw: 'ws', sse: 'sse' }[way], token = at(nothing);
	var transport = isSocket ? way : 'polling';
	xhr.open('GET', plain ? plain + token
		: opts.origin + opts.path + '?EIO=4&transport=' + transport + token.replace('?', '&'), true);
	xhr.onreadystatechange = function () {
		/* Of a stream the head is enough. */
		if (!done || xhr.readyState < (way === 'sse' ? 2 : 4)) { return; }
		var status = xhr.status, tell = done;
		done = null;
		tell(!status ? 'The server cannot be reached.'
			: status === 403 ? REFUSED
			: status === 404 || way !== 'sse' && /"code":0/.test(xhr.responseText) ? 'The server does not offer it.'
			: isSocket ? OFFERED + 'no WebSocket comes through. A proxy may lack a line for upgrades.'
			: OFFERED + 'nothing came through in time.');
		xhr.abort();
	};
	xhr.send(null);
}

/* ---- Hands and eyes ---- */

var KEYS = [['p', 'pause', 'pause'], ['o', 'resume', 'go on from here'], ['l', 'catchUp', 'go on where it is now'],
	['b', 'begin', 'from the beginning'], ['n', 'follow', 'to the newest'], ['+', 'larger', 'larger type'],
	['-', 'smaller', 'smaller type'], ['c', 'colours', 'colours'], ['s', 'settings', 'settings']];

listen(document, 'keydown', function (event) {
	var key = event.key || String.fromCharCode(event.keyCode);
	if ((key === 'Escape' || event.keyCode === 27) && !byId('panel').hidden) {
		DEEDS.settings();
		return byId('more').focus();
	}
	if (event.ctrlKey || event.altKey || event.metaKey || query.keys === 'off') { return; }
	if (/^(input|select)$/i.test(event.target.tagName)) { return; }
	for (var i = 0; i < KEYS.length; i++) {
		if (KEYS[i][0] === key.toLowerCase()) { DEEDS[KEYS[i][1]](); }
	}
});

listen(document, 'click', function (event) {
	var does = event.target.getAttribute('data-does');
	if (does) { DEEDS[does](); }
});

listen(byId('size'), 'change', function () { step('size', 0); });
listen(byId('theme'), 'change', function () { step('theme', 0); });
listen(byId('letters'), 'click', function () { keep('keys', byId('letters').checked ? '' : 'off'); });
listen(window, 'scroll', scrolled);
listen(window, 'resize', function () { if (isFollowing) { follow(); } });

/* After a sleep: a stanza that is long due will not come any more. */
function woke() {
	if (current && !isState('over')) { current.wake(isState('reading') && now() - heardAt > 2 * interval + 1000); }
}

listen(window, 'pageshow', woke);
listen(window, 'online', woke);
listen(document, 'visibilitychange', function () { if (!document.hidden) { woke(); } });
listen(window, 'offline', function () { if (!isState('over')) { hearer.lost(GONE); } });

addWay('', 'what works best');
for (var way in TITLES) { addWay(way, TITLES[way]); }
for (var i = 0; i < KEYS.length; i++) {
	make(make(byId('keys'), 'dt'), 'kbd', KEYS[i][0]);
	make(byId('keys'), 'dd', KEYS[i][2]);
}
dress();
start();
}());
