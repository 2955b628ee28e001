/*
 * dante's client script: Engine.IO 4 and Socket.IO 5, by one name, io, for pages written for Socket.IO 4 and for
 * 0.9. ECMAScript 3, from Internet Explorer 8 on; no code is made from text.
 *
 * From below: Emitter; Polling and Streaming, the transports; Engine, a connection, which may move from one to the
 * other; Manager, a connection that comes back; Socket, one namespace on it; io.
 */
(function (global) {
'use strict';

var RESERVED = /^(connect|connect_error|disconnect|disconnecting|newListener|removeListener)$/;
var document = global.document, here = global.location || { protocol: 'http:', host: 'localhost' };
var serial = 0;

/* Managers by address, for namespaces to share, and by number, those that want to be connected. */
var managers = {}, living = {};

/* When the browser last woke. */
var woken = 0;

/* Websockets by address: 'suspect' once one failed, 'failed' when polling then worked, or when this many in a row
	 opened and died before their first heartbeat. */
var websockets = {}, deaths = {}, DEATHS = 3;

function nothing() {}

function has(object, key) {
	return Object.prototype.hasOwnProperty.call(object, key);
}

function isArray(value) {
	return Object.prototype.toString.call(value) === '[object Array]';
}

function list(args) {
	return Array.prototype.slice.call(args);
}

function each(object, act) {
	for (var key in object) {
		if (has(object, key)) { act(object[key], key); }
	}
}

function copy(target, source) {
	each(source, function (value, key) { target[key] = value; });
	return target;
}

function now() {
	return new Date().getTime();
}

function later(act, argument) {
	setTimeout(function () { act(argument); }, 0);
}

function failure(message, description) {
	return copy(new Error(message), { description: description });
}

/* What is, or from now on is, known of an address's websocket. The tab remembers what failed. */
function verdict(address, sentence) {
	var key = 'socket.io ' + address, isNew = arguments.length > 1;
	if (isNew) { websockets[address] = sentence; }
	try {
		if (isNew) {
			global.sessionStorage.setItem(key, sentence === 'failed' ? sentence : '');
		} else if (!has(websockets, address)) {
			websockets[address] = global.sessionStorage.getItem(key);
		}
	} catch (forbidden) {
		/* Then the page does. */
	}
	return websockets[address];
}

/* ---- Events ---- */

function Emitter() {}

/* Always those of the kind above. */
var methods = Emitter.prototype;

methods.on = function (name, handler) {
	this._handlers = this._handlers || {};
	this._handlers['$' + name] = this.listeners(name).concat([handler]);
	return this;
};

methods.once = function (name, handler) {
	function once() {
		this.off(name, once);
		handler.apply(this, arguments);
	}
	once.handler = handler;
	return this.on(name, once);
};

methods.off = function (name, handler) {
	var kept = [];
	each(handler ? this.listeners(name) : [], function (one) {
		if (one !== handler && one.handler !== handler) { kept.push(one); }
	});
	this._handlers = arguments.length && this._handlers || {};
	this._handlers['$' + name] = kept;
	return this;
};

methods.listeners = function (name) {
	return this._handlers && this._handlers['$' + name] || [];
};

methods.removeListener = methods.removeAllListeners = methods.off;

/* A handler that throws is reported as uncaught; the handlers and packets behind it go on. */
function attempt(act, self, args) {
	try {
		act.apply(self, args);
	} catch (error) {
		later(function () { throw error; });
	}
}

methods._fire = function (name, args) {
	var all = this.listeners(name);
	for (var i = 0; i < all.length; i++) {
		attempt(all[i], this, args || []);
	}
};

/* ---- Bytes ---- */

function isBytes(value) {
	return typeof ArrayBuffer !== 'undefined' && !!value && typeof value.byteLength === 'number' &&
		(value instanceof ArrayBuffer || value.buffer instanceof ArrayBuffer);
}

function base64(value) {
	var bytes = new Uint8Array(value.buffer || value, value.byteOffset || 0, value.byteLength), text = '';
	for (var i = 0; i < bytes.length; i++) { text += String.fromCharCode(bytes[i]); }
	return global.btoa(text);
}

function fromBase64(text) {
	var binary = global.atob(text), bytes = new Uint8Array(binary.length);
	for (var i = 0; i < binary.length; i++) { bytes[i] = binary.charCodeAt(i); }
	return bytes.buffer;
}

/* The value with placeholders where bytes were; those are added to `buffers`. */
function detach(value, buffers) {
	if (isBytes(value)) {
		return { _placeholder: true, num: buffers.push(value) - 1 };
	}
	if (!value || typeof value !== 'object') { return value; }
	if (typeof value.toJSON === 'function') { return detach(value.toJSON(), buffers); }
	var result = isArray(value) ? [] : {};
	each(value, function (part, key) { result[key] = detach(part, buffers); });
	return result;
}

function attach(value, buffers) {
	if (value && value._placeholder === true) {
		if (!has(buffers, +value.num)) { throw failure('illegal attachments'); }
		return buffers[value.num];
	}
	if (value && typeof value === 'object') {
		each(value, function (part, key) { value[key] = attach(part, buffers); });
	}
	return value;
}

/* ---- Transports: open() begins, write(packets) says how many it took, leave(packets) ends ---- */

/* By XMLHttpRequest, or what Internet Explorer 8 and 9 have for other origins. Gives back what aborts it. */
function request(transport, body, done) {
	var xhr = null, gets = body === null, engine = transport.engine;
	function finish(error) {
		var report = done;
		done = nothing;
		report(error, error ? '' : xhr.responseText);
	}
	function fail(status) { finish(failure(gets ? 'xhr poll error' : 'xhr post error', status)); }
	try {
		xhr = new global.XMLHttpRequest();
		if (engine.isForeign && !('withCredentials' in xhr)) {
			xhr = new global.XDomainRequest();
			xhr.open(gets ? 'GET' : 'POST', engine.uri(transport));
			xhr.onload = function () { finish(null); };
			xhr.onerror = xhr.ontimeout = function () { fail(0); };
			/* Else it may forget the request. */
			xhr.onprogress = nothing;
		} else {
			xhr.open(gets ? 'GET' : 'POST', engine.uri(transport), true);
			if (engine.options.withCredentials) { xhr.withCredentials = true; }
			if (!gets) { xhr.setRequestHeader('Content-Type', 'text/plain;charset=UTF-8'); }
			xhr.onreadystatechange = function () {
				if (xhr.readyState === 4 && done !== nothing) {
					if (xhr.status === 200) { finish(null); } else { fail(xhr.status); }
				}
			};
		}
		xhr.send(body);
	} catch (error) {
		later(finish, error);
	}
	return function () {
		done = nothing;
		if (xhr) { xhr.abort(); }
	};
}

/* Whether this browser may ask that origin for text, and not only for scripts. */
function canAsk(origin, isForeign) {
	return !!global.XMLHttpRequest && (!isForeign || 'withCredentials' in new global.XMLHttpRequest() ||
		!!global.XDomainRequest && origin.indexOf(here.protocol) === 0);
}

/* JSONP: what comes is a script that calls the page, what goes is a form in a hidden frame. */
function scripted(transport, body, done) {
	var elements = [], finish = function (error, text) {
		var report = done;
		done = nothing;
		later(function () {
			each(elements, function (one) { if (one.parentNode) { one.parentNode.removeChild(one); } });
		});
		report(error, text || '');
	};
	(body === null ? pull : push)(transport, elements, finish, body);
	return function () {
		done = nothing;
		finish();
	};
}

function pull(transport, elements, finish) {
	var answers = global.___eio = global.___eio || [], script = document.createElement('script');
	var first = document.getElementsByTagName('script')[0];
	elements.push(script);
	if (transport.index === undefined) { transport.index = answers.push(nothing) - 1; }
	answers[transport.index] = function (text) {
		answers[transport.index] = nothing;
		finish(null, text);
	};
	/* Loaded without a call: this was no answer of ours. */
	script.onerror = script.onload = function () {
		if (answers[transport.index] !== nothing) { finish(failure('jsonp poll error')); }
	};
	script.async = true;
	script.src = transport.engine.uri(transport);
	first.parentNode.insertBefore(script, first);
}

/* Forms make CRLF of line feeds; so these go as backslash-n, and a backslash-n with one more backslash. */
function push(transport, elements, finish, body) {
	var form = document.createElement('form'), frame = document.createElement('iframe');
	var area = document.createElement('textarea');
	elements.push(form, frame);
	form.target = frame.name = 'socket.io.' + serial++;
	form.style.display = frame.style.display = 'none';
	form.method = 'POST';
	form.action = transport.engine.uri(transport);
	form.setAttribute('accept-charset', 'utf-8');
	area.name = 'd';
	area.value = body.replace(/\\n/g, '\\\n').replace(/\n/g, '\\n');
	form.appendChild(area);
	document.body.appendChild(frame);
	document.body.appendChild(form);
	form.submit();
	listen(frame, 'load', function () { finish(null); });
}

/* One GET is held for what comes, one POST at a time carries what goes. */
function Polling(engine, isScripted) {
	this.name = isScripted ? 'jsonp' : 'polling';
	this.engine = engine;
	this.ask = isScripted ? scripted : request;
}

methods = Polling.prototype;

methods.open = function () {
	var self = this;
	self.polling = self.ask(self, null, function (error, body) {
		var packets = body.split('\u001e');
		self.polling = null;
		if (error) { return self.onend(error); }
		for (var i = 0; i < packets.length && !self.ended; i++) { self.onpacket(packets[i]); }
		self.settle();
		if (!self.ended && !self.onsettled) { self.open(); }
	});
};

/* As much as maxPayload (bytes, at most 3 a UTF-16 unit) allows; 16 packets are all python-engineio takes. */
methods.write = function (packets) {
	var self = this, body = '', count = 0, packet;
	for (; count < packets.length && count < 16; count++) {
		packet = isBytes(packets[count]) ? 'b' + base64(packets[count]) : packets[count];
		if (count && (body.length + packet.length + 1) * 3 > self.engine.maxPayload) { break; }
		body += (count ? '\u001e' : '') + packet;
	}
	self.writable = false;
	self.posting = self.ask(self, body, function (error) {
		self.posting = null;
		if (self.ended) { return self.leave(self.last); }
		if (error) { return self.onend(error); }
		self.writable = true;
		self.settle();
		self.engine.flush();
	});
	return count;
};

/* With `onsettled` no further poll is begun; it is called once nothing is under way. */
methods.settle = function () {
	if (this.onsettled && !this.polling && !this.posting && !this.ended) { this.onsettled(); }
};

/* The poll stays until the last packets are taken: to the server a cut poll is an end of its own. */
methods.leave = function (packets) {
	this.ended = true;
	this.last = packets || [];
	if (this.posting) { return; }
	if (this.last.length) {
		this.last = this.last.slice(this.write(this.last));
	} else if (this.polling) {
		this.polling();
	}
};

/* A websocket: one packet a frame. */
function Streaming(engine) {
	this.name = 'websocket';
	this.uri = engine.uri(this);
}

methods = Streaming.prototype;

methods.open = function () {
	var self = this, ws;
	function end(message, description) {
		if (!self.ended) {
			self.ended = true;
			self.onend(failure(message, description));
		}
	}
	try {
		ws = self.ws = new global.WebSocket(self.uri);
	} catch (error) {
		return later(end, 'websocket error');
	}
	ws.binaryType = 'arraybuffer';
	ws.onopen = function () {
		self.writable = true;
		self.onopen();
	};
	ws.onmessage = function (event) {
		if (!self.ended) { self.onpacket(event.data); }
	};
	ws.onerror = function () { end('websocket error'); };
	ws.onclose = function (event) { end('transport close', event.code); };
};

methods.write = function (packets) {
	for (var i = 0; i < packets.length; i++) { this.ws.send(packets[i]); }
	return packets.length;
};

methods.leave = function (packets) {
	this.ended = true;
	if (this.ws) {
		if (this.ws.readyState === 1) { this.write(packets || []); }
		this.ws.close();
	}
};

/* ---- Engine. Events: open, data, ping, upgrade, upgradeError, close(reason, error) ---- */

function Engine(options) {
	var engine = this, names = options.transports.join(' ');
	var ws = /websocket/.test(names) && !!global.WebSocket, polls = /polling|jsonp/.test(names);
	var isForeign = options.origin !== here.protocol + '//' + here.host;
	engine.options = options;
	engine.isForeign = isForeign;
	engine.address = options.origin + options.path;
	engine.search = search(options.search) + search(options.query);
	engine.state = 'opening';
	engine.heard = now();
	engine.buffer = [];
	engine.hasChoice = polls && ws;
	if (polls || ws) {
		polls = polls && !(ws && /^websocket/.test(names) && !verdict(engine.address));
		engine.take(polls
			? new Polling(engine, !/polling/.test(names) || !canAsk(options.origin, isForeign))
			: new Streaming(engine));
		engine.transport.open();
	} else {
		later(function () { engine.end('transport error', failure('No transports available')); });
	}
}

methods = Engine.prototype = new Emitter();

/* From now on this transport carries the connection. */
methods.take = function (transport) {
	var engine = this;
	engine.transport = transport;
	transport.onopen = nothing;
	transport.onpacket = function (packet) { engine.packet(packet); };
	transport.onend = function (error) {
		if (transport.uri) { engine.mourn(); }
		engine.end(error.message === 'transport close' ? 'transport close' : 'transport error', error);
	};
};

/* Its websocket is gone: never opened, or so early that another one would hardly live longer. */
methods.mourn = function () {
	var address = this.address;
	if (this.state === 'opening') {
		verdict(address, 'suspect');
	} else if (this.hasChoice && !this.isTried) {
		deaths[address] = (deaths[address] || 0) + 1;
		if (deaths[address] >= DEATHS) { verdict(address, 'failed'); }
	}
};

methods.uri = function (transport) {
	var isSocket = transport.name === 'websocket', index = transport.index;
	return (isSocket ? this.address.replace('http', 'ws') : this.address) +
		'?EIO=4&transport=' + (isSocket ? 'websocket' : 'polling') + (this.id ? '&sid=' + this.id : '') +
		(isSocket ? '' : '&t=' + now() + '.' + serial++) + (index === undefined ? '' : '&j=' + index) + this.search;
};

methods.packet = function (data) {
	var type = isBytes(data) ? '4' : data.charAt(0), rest = isBytes(data) ? data : data.slice(1);
	this.heard = now();
	try {
		if (type === '0') {
			this.opened(JSON.parse(rest));
		} else if (type === '1') {
			this.end('transport close');
		} else if (type === '2') {
			this.listen();
			this.write('3' + rest);
			if (this.transport.uri) {
				this.isTried = true;
				deaths[this.address] = 0;
			}
			this._fire('ping');
		} else if (type === '4' || type === 'b') {
			this._fire('data', [type === 'b' ? fromBase64(rest) : rest]);
		} else if (!/[356]/.test(type)) {
			throw failure('unknown packet');
		}
	} catch (error) {
		this.end('parse error', error);
	}
};

methods.opened = function (hello) {
	if (this.state !== 'opening') { return; }
	var known = verdict(this.address), polls = !this.transport.uri;
	verdict(this.address, known && polls ? 'failed' : undefined);
	this.id = hello.sid;
	this.maxPayload = hello.maxPayload;
	this.interval = hello.pingInterval;
	this.patience = hello.pingInterval + hello.pingTimeout;
	this.state = 'open';
	this.transport.writable = true;
	this.listen();
	this._fire('open');
	this.flush();
	var mayMove = polls && this.hasChoice && this.options.upgrade && !known;
	if (mayMove && /websocket/.test(hello.upgrades) && this.state === 'open') { this.probe(); }
};

/* Longer silence than the server promised means that nobody is there. */
methods.listen = function () {
	var engine = this;
	clearTimeout(engine.timer);
	if (engine.patience > 0) {
		engine.timer = setTimeout(function () { engine.end('ping timeout'); }, engine.patience);
	}
};

/* Whether nobody can be there any more. While a browser sleeps, no timer tells. */
methods.isSilent = function () {
	return now() - this.heard > (this.state === 'open' ? this.interval : 0) + 2000;
};

/* Tries a websocket beside the polls. Only when it has answered do these come to rest, so that nothing is under
	 way when the connection moves. */
methods.probe = function () {
	var engine = this, polling = engine.transport, ws = engine.probing = new Streaming(engine);
	var timer = setTimeout(function () { ws.onend(failure('probe timeout')); }, engine.options.upgradeTimeout);
	function over() {
		clearTimeout(timer);
		engine.probing = null;
		engine.upgrading = false;
	}
	ws.onopen = function () { ws.write(['2probe']); };
	ws.onpacket = function (packet) {
		if (packet !== '3probe' || engine.upgrading) { return ws.onend(failure('probe error', packet)); }
		engine.upgrading = true;
		polling.onsettled = function () {
			over();
			polling.ended = true;
			engine.take(ws);
			ws.write(['5']);
			engine._fire('upgrade', [ws]);
			engine.flush();
		};
		polling.settle();
	};
	ws.onend = function (error) {
		over();
		ws.onend = nothing;
		ws.leave();
		if (engine.state !== 'open') { return; }
		verdict(engine.address, 'suspect');
		polling.onpacket = function (packet) {
			verdict(engine.address, 'failed');
			engine.take(polling);
			engine.packet(packet);
		};
		engine._fire('upgradeError', [error]);
		polling.onsettled = null;
		if (!polling.polling) { polling.open(); }
		engine.flush();
	};
	ws.open();
};

methods.write = function (packet) {
	this.buffer.push(packet);
	this.flush();
};

methods.flush = function () {
	if (this.buffer.length && this.state === 'open' && this.transport.writable && !this.upgrading) {
		this.buffer.splice(0, this.transport.write(this.buffer));
	}
};

/* Ends on this side: what is still to go is sent first. */
methods.close = function () {
	this.end('forced close', null, this.state === 'open' ? this.buffer.concat('1') : []);
};

methods.end = function (reason, error, farewell) {
	if (this.state === 'closed') { return; }
	var transport = this.transport, polls = transport && !transport.uri;
	this.state = 'closed';
	clearTimeout(this.timer);
	if (polls && verdict(this.address) === 'suspect') { verdict(this.address, undefined); }
	if (this.probing) { this.probing.onend(failure(reason)); }
	if (transport) {
		transport.onend = nothing;
		transport.leave(farewell);
	}
	this._fire('close', [reason, error]);
};

/* ---- Packets: a decoder takes text and buffers and gives {type, nsp, id, data}, null, or throws ---- */

function decoder() {
	var waiting = null;
	return function (data) {
		var packet = waiting || parse(data);
		if (waiting && !(isBytes(data) && packet.buffers.push(data))) { throw failure('attachment expected'); }
		waiting = packet.buffers.length < packet.count ? packet : null;
		if (packet.count && !waiting) { packet.data = attach(packet.data, packet.buffers); }
		return waiting ? null : packet;
	};
}

function parse(text) {
	var parts = /^(?:([0-4])|([56])(\d+)-)(?:(\/[^,]*),?)?(\d+)?([\s\S]*)$/.exec(isBytes(text) ? '' : text);
	if (!parts) { throw failure('unknown packet'); }
	var type = parts[1] ? +parts[1] : parts[2] - 3, data = parts[6] ? JSON.parse(parts[6]) : undefined;
	if ((type === 2 || type === 3) && !isArray(data)) { throw failure('invalid payload'); }
	return { type: type, nsp: parts[4] || '/', id: parts[5] || null, data: data, count: +parts[3], buffers: [] };
}

/* ---- Manager. Events: those of 4.x. To a page of 0.9 it is `socket.socket`. ---- */

function Manager(address, options) {
	var place = resolve(address), settings = copy(copy({}, DEFAULTS), translated(options));
	settings.origin = place.origin;
	settings.search = place.search;
	settings.path = settings.path ? ('/' + settings.path + '/').replace(/^\/+|\/+$/g, '/')
		: place.origin === home.origin ? home.path : '/socket.io/';
	this.opts = settings;
	this.nsps = {};
	this.attempts = 0;
	this.state = 'closed';
	this.connected = false;
	/* Milliseconds. After waking, requests may go over dead connections, which are given up early. */
	this.hurry = 0;
	this.number = serial++;
}

methods = Manager.prototype = new Emitter();

methods.socket = function (nsp, options) {
	if (!has(this.nsps, nsp)) { this.nsps[nsp] = new Socket(this, nsp, options || this.opts); }
	return this.nsps[nsp];
};

/* Tells the sockets that want to be connected what pages of 0.9 listen for. */
methods.tell = function (name, args) {
	each(this.nsps, function (socket) {
		if (socket.active) { socket._fire(name, args); }
	});
};

methods.open = methods.connect = function () {
	if (this.state !== 'closed' || this.waiting) { return this; }
	var manager = this, decode = decoder(), engine = manager.engine = new Engine(manager.opts);
	var timer = manager.opts.timeout === false ? 0 : setTimeout(function () {
		engine.end('transport error', failure('timeout'));
	}, Math.min(manager.hurry || Infinity, manager.opts.timeout));
	manager.state = 'opening';
	manager.left = false;
	living[manager.number] = manager;
	later(function () {
		if (engine.transport) { manager.tell('connecting', [engine.transport.name]); }
	});
	engine.on('open', function () {
		clearTimeout(timer);
		manager.opened();
	});
	engine.on('close', function (reason, error) {
		clearTimeout(timer);
		manager.closed(reason, error);
	});
	engine.on('data', function (data) {
		try {
			data = decode(data);
		} catch (error) {
			return engine.end('parse error', error);
		}
		if (data && has(manager.nsps, data.nsp)) { manager.nsps[data.nsp].receive(data); }
	});
	each(['ping', 'upgrade', 'upgradeError'], function (name) {
		engine.on(name, function (detail) {
			manager.transport = engine.transport;
			manager._fire(name, [detail]);
		});
	});
	return manager;
};

methods.opened = function () {
	var attempts = this.attempts;
	this.state = 'open';
	this.attempts = 0;
	this.transport = this.engine.transport;
	this.sessionid = this.engine.id;
	this.connected = true;
	this.hurry = 0;
	this._fire('open');
	each(this.nsps, function (socket) { socket.join(); });
	if (attempts) {
		this._fire('reconnect', [attempts]);
		this.tell('reconnect', [this.transport.name, attempts]);
	}
};

methods.closed = function (reason, error) {
	var wasOpen = this.state === 'open', left = this.left;
	error = error || failure(reason);
	this.state = 'closed';
	this.connected = false;
	this.hurry = now() - woken < 2000 ? 2000 : this.hurry * 1.5;
	each(this.nsps, function (socket) {
		if (!socket.closed(reason, error) && socket.active && !left) { socket.failed(error); }
	});
	if (!wasOpen && !this.attempts && !left) { this.tell('connect_failed'); }
	this._fire(wasOpen ? 'close' : this.attempts ? 'reconnect_error' : 'error', wasOpen ? [reason] : [error]);
	this.comeBack();
};

/* Waits longer each time, and no two clients the same: a server that comes up is not run over. */
methods.comeBack = function () {
	var manager = this, options = manager.opts;
	if (manager.left || manager.waiting || manager.state !== 'closed' || !options.reconnection) { return; }
	if (manager.attempts >= options.reconnectionAttempts) {
		manager.attempts = 0;
		manager._fire('reconnect_failed');
		return manager.tell('reconnect_failed');
	}
	var wait = options.reconnectionDelay * Math.pow(2, manager.attempts) *
		(1 + (Math.random() * 2 - 1) * options.randomizationFactor);
	wait = Math.min(wait, options.reconnectionDelayMax, manager.hurry && manager.hurry < 10000 ? 250 : Infinity);
	manager.waiting = setTimeout(function () { manager.retry(); }, wait);
	manager.tell('reconnecting', [Math.round(wait), manager.attempts + 1]);
};

methods.retry = function () {
	clearTimeout(this.waiting);
	this.waiting = null;
	this._fire('reconnect_attempt', [++this.attempts]);
	if (!this.left) { this.open(); }
};

/* For a page that wakes: comes back now, and leaves a connection that is dead or silent for too long. */
methods.wake = function (isDead) {
	if (this.waiting) {
		this.attempts = 0;
		this.retry();
	} else if (this.state !== 'closed' && (isDead || this.engine.isSilent())) {
		woken = now();
		this.engine.end('ping timeout');
	}
};

/* Closes if no namespace is wanted any more. */
methods.release = function () {
	for (var nsp in this.nsps) {
		if (this.nsps[nsp].active) { return; }
	}
	this.close();
};

methods.close = methods.disconnect = function () {
	this.left = true;
	this.attempts = 0;
	clearTimeout(this.waiting);
	this.waiting = null;
	delete living[this.number];
	if (this.state !== 'closed') { this.engine.close(); }
};

methods.send = function (type, nsp, id, data) {
	var buffers = [], text = data ? JSON.stringify(detach(data, buffers)) : '';
	var count = buffers.length;
	text = (nsp === '/' ? '' : nsp + ',') + (id === null ? '' : id) + text;
	this.engine.write('4' + (count ? type + 3 + (count + '-') : type) + text);
	for (var i = 0; i < count; i++) { this.engine.write(buffers[i]); }
};

/* ---- Socket. Events: the server's, those of 4.x, and of 0.9 connect_failed, reconnect and their like ---- */

function Socket(manager, nsp, options) {
	this.io = this.socket = manager;
	this.nsp = this.name = nsp;
	this.auth = options.auth;
	this.connected = this.active = this.joining = this.recovered = false;
	this.disconnected = true;
	this.acks = {};
	this.ids = 0;
	this.outgoing = [];
	this.incoming = [];
	this.json = copy(this, new Flagged(this, {}));
}

methods = Socket.prototype = new Emitter();

/* The socket, `socket.volatile` and `socket.timeout(ms)` differ in flags for what is said. */
function Flagged(socket, flags) {
	this.emit = function () {
		socket.say(list(arguments), flags);
		return socket;
	};
	this.send = function () { return this.emit.apply(this, ['message'].concat(list(arguments))); };
	this.timeout = function (wait) { return new Flagged(socket, copy(copy({}, flags), { timeout: wait })); };
	/* A reserved word in ECMAScript 3, hence the brackets. */
	if (!flags.isVolatile) { this['volatile'] = new Flagged(socket, copy({ isVolatile: true }, flags)); }
}

methods.connect = methods.open = function () {
	this.active = true;
	this.io.open();
	this.join();
	return this;
};

/* Asks for the namespace, and for what was missed behind the last offset heard. */
methods.join = function () {
	var socket = this, engine = socket.io.engine;
	if (!socket.active || socket.connected || socket.joining || socket.io.state !== 'open') { return; }
	function ask(auth) {
		var data = copy({}, auth);
		if (!socket.joining || engine !== socket.io.engine) { return; }
		if (socket.offset !== undefined) { copy(data, { pid: socket.pid, offset: socket.offset }); }
		socket.io.send(0, socket.nsp, null, auth || data.pid ? data : undefined);
	}
	socket.joining = true;
	if (typeof socket.auth === 'function') { socket.auth(ask); } else { ask(socket.auth); }
};

methods.receive = function (packet) {
	var data = packet.data || {};
	if (packet.type === 0) {
		this.joined(data);
	} else if (packet.type === 1) {
		this.active = false;
		this.closed('io server disconnect');
		this.io.release();
	} else if (packet.type === 2) {
		/* What was missed comes before the confirmation and is delivered behind it. */
		if (this.connected) { this.deliver(packet); } else if (this.active) { this.incoming.push(packet); }
	} else if (packet.type === 3) {
		this.answered(this.ack(packet.id), data);
	} else if (packet.type === 4) {
		this.joining = false;
		this.active = false;
		this.failed(copy(failure(data.message || data), { data: data.data }));
		this.io.release();
	}
};

methods.joined = function (data) {
	var outgoing = this.outgoing;
	this.joining = false;
	if (!this.active) { return this.io.send(1, this.nsp, null); }
	this.id = data.sid;
	this.recovered = !!data.pid && data.pid === this.pid;
	this.pid = data.pid;
	this.connected = true;
	this.disconnected = false;
	this.outgoing = [];
	for (var i = 0; i < outgoing.length; i++) { this.io.send(2, this.nsp, outgoing[i].id, outgoing[i].data); }
	this._fire('connect');
	while (this.connected && this.incoming.length) { this.deliver(this.incoming.shift()); }
};

methods.deliver = function (packet) {
	var socket = this, args = packet.data.slice(1), last = args[args.length - 1], id = packet.id;
	/* The offset is the last argument, a text, of what asks for no acknowledgement. */
	if (id) {
		args.push(function () {
			if (id && socket.connected) { socket.io.send(3, socket.nsp, id, list(arguments)); }
			id = null;
		});
	} else if (socket.pid && typeof last === 'string') {
		socket.offset = last;
	}
	socket._fire(packet.data[0], args);
};

methods.closed = function (reason, error) {
	var socket = this, wasConnected = socket.connected, acks = socket.acks;
	socket.connected = socket.joining = false;
	socket.disconnected = true;
	socket.id = undefined;
	socket.incoming = [];
	if (wasConnected) {
		socket.acks = {};
		socket._fire('disconnect', [reason, error]);
		each(acks, function (ack) {
			if (ack.timer) { socket.answered(ack, [failure('socket has been disconnected')]); }
		});
	}
	return wasConnected;
};

methods.failed = function (error) {
	this._fire('connect_error', [error]);
	if (this.io.opts.isOld) { this._fire('error', [error.message]); }
};

/* Takes the callback that waits for this answer, if one does. */
methods.ack = function (id) {
	var ack = has(this.acks, id) ? this.acks[id] : { act: nothing };
	delete this.acks[id];
	return ack;
};

methods.answered = function (ack, args) {
	clearTimeout(ack.timer);
	if (ack.timer && !(args[0] instanceof Error)) { args = [null].concat(args); }
	attempt(ack.act, this, args);
};

methods.say = function (args, flags) {
	var socket = this, act = args[args.length - 1], id = null, wait = flags.timeout || socket.io.opts.ackTimeout;
	if (RESERVED.test(args[0])) { throw failure('"' + args[0] + '" is a reserved event name'); }
	if (typeof act === 'function') {
		args.pop();
		id = socket.ids++;
		socket.acks[id] = { act: act, timer: wait && setTimeout(function () {
			for (var i = socket.outgoing.length - 1; i >= 0; i--) {
				if (socket.outgoing[i].id === id) { socket.outgoing.splice(i, 1); }
			}
			socket.answered(socket.ack(id), [failure('operation has timed out')]);
		}, wait) };
	}
	if (socket.connected) {
		if (!flags.isVolatile || socket.io.engine.transport.writable) { socket.io.send(2, socket.nsp, id, args); }
	} else if (!flags.isVolatile) {
		socket.outgoing.push({ id: id, data: args });
	}
};

/* 0.9: another namespace on the same connection. */
methods.of = function (nsp) {
	return this.io.socket(nsp ? nsp.replace(/^\/?/, '/') : '/').connect();
};

methods.disconnect = methods.close = function () {
	this.active = false;
	if (this.connected) {
		this.io.send(1, this.nsp, null);
		this.closed('io client disconnect');
	}
	this.io.release();
	return this;
};

/* ---- io ---- */

/* The directory that this script came from, if it kept its name, is the server's address. */
var home = (function () {
	var scripts = document ? document.getElementsByTagName('script') : [];
	var pattern = /^(https?:\/\/[^\/]+)(\/(?:[^?#]*\/)?)socket\.io[^\/?#]*\.js([?#]|$)/, parts;
	parts = document && document.currentScript && pattern.exec(document.currentScript.src);
	for (var i = scripts.length - 1; i >= 0 && !parts; i--) { parts = pattern.exec(scripts[i].src); }
	return parts ? { origin: parts[1], path: parts[2] }
		: { origin: here.protocol + '//' + here.host, path: '/socket.io/' };
}());

var DEFAULTS = {
	transports: ['polling', 'websocket'], upgrade: true, upgradeTimeout: 10000, timeout: 20000,
	reconnection: true, reconnectionAttempts: Infinity, reconnectionDelay: 1000, reconnectionDelayMax: 5000,
	randomizationFactor: 0.5
};

/* By their names in 0.9. */
var OPTIONS = {
	resource: 'path', reconnect: 'reconnection', 'reconnection delay': 'reconnectionDelay',
	'reconnection limit': 'reconnectionDelayMax', 'max reconnection attempts': 'reconnectionAttempts',
	'connect timeout': 'timeout', 'auto connect': 'autoConnect', 'force new connection': 'forceNew'
};
var TRANSPORTS = {
	'xhr-polling': 'polling', htmlfile: 'polling', 'jsonp-polling': 'jsonp', flashsocket: 'websocket'
};

function translated(options) {
	var result = {};
	each(options, function (value, name) {
		if (value !== undefined) { result[has(OPTIONS, name) ? OPTIONS[name] : name] = value; }
	});
	if (result.transports) {
		result.transports = list(result.transports);
		each(result.transports, function (name, i) {
			if (has(TRANSPORTS, name)) { result.transports[i] = TRANSPORTS[name]; }
		});
	}
	return result;
}

/* The query is an object, or text as it goes into the URL. */
function search(query) {
	var text = '';
	if (typeof query === 'string') { return query && '&' + query; }
	each(query, function (value, key) {
		text += '&' + encodeURIComponent(key) + '=' + encodeURIComponent(value);
	});
	return text;
}

/* `address`: an origin, a namespace, or both, and a query. */
function resolve(address) {
	var named = /^(\/|\w+:\/\/|$)/.test(address || '') ? address || '' : '//' + address;
	var parts = /^(?:(?:(https?|wss?):)?\/\/([^\/?#]+))?([^?#]*)(?:\?([^#]*))?/.exec(named);
	var scheme = parts[1] ? parts[1].replace('ws', 'http') + ':' : here.protocol;
	var host = parts[2] && parts[2].replace(scheme === 'https:' ? /:443$/ : /:80$/, '');
	return { origin: host ? scheme + '//' + host : home.origin, nsp: parts[3] || '/', search: parts[4] || '' };
}

function io(address, options) {
	if (address && typeof address === 'object') { return io('', address); }
	var nsp = resolve(address).nsp, manager = new Manager(address, options), settings = manager.opts;
	var key = settings.origin + settings.path, shared = managers[key];
	var isApart = settings.forceNew || settings.multiplex === false;
	if (!isApart && shared && !has(shared.nsps, nsp)) { manager = shared; }
	if (!isApart && !shared) { managers[key] = manager; }
	var socket = manager.socket(nsp, settings);
	return settings.autoConnect === false ? socket : socket.connect();
}

/* Pages of 0.9 say it so, and listen for `error`, to later ones a name like any other. */
io.connect = function (address, options) {
	if (address && typeof address === 'object') { return io.connect('', address); }
	return io(address, copy({ isOld: true }, options));
};

function listen(target, name, act) {
	if (!target) { return; }
	if (target.addEventListener) {
		target.addEventListener(name, act, false);
	} else if (target.attachEvent) {
		target.attachEvent('on' + name, act);
	}
}

function wake() {
	woken = now();
	each(living, function (manager) { manager.wake(); });
}

listen(global, 'pageshow', wake);
listen(document, 'visibilitychange', function () {
	if (!document.hidden) { wake(); }
});
/* Another network may let through what the last one did not. */
listen(global, 'online', function () {
	each(websockets, function (sentence, address) { verdict(address, undefined); });
	deaths = {};
	wake();
});

io.Manager = Manager;
io.protocol = 5;
global.io = io;
}(typeof window !== 'undefined' ? window : this));
