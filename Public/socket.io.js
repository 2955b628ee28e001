/*
 * dante's client script: Engine.IO 4 and Socket.IO 5 for a browser. A script tag gives one name, io.
 *
 * The syntax is that of ECMAScript 3 and whatever is used is tested for, so that any browser can read it: hence no
 * accessors, no trailing commas, `volatile` in quotes. No code is made from text.
 *
 * From below: Emitter, Polling and Streaming (the transports), Engine (one connection, which may move from the first
 * to the second), Decoder, Manager (a connection that comes back), Socket (one namespace on it), io.
 */
(function (global) {
'use strict';

var RESERVED = /^(connect|connect_error|disconnect|disconnecting|newListener|removeListener)$/;
var here = global.location || { protocol: 'http:', host: 'localhost' };
var serial = 0;

/* What is known of websockets, by address: 'suspect' once one failed, 'failed' when polling then worked. */
var websockets = {};

function nothing() {}

function has(object, key) {
  return Object.prototype.hasOwnProperty.call(object, key);
}

function isArray(value) {
  return Object.prototype.toString.call(value) === '[object Array]';
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

function failure(message, description) {
  return copy(new Error(message), { description: description });
}

/* ---- Events ---- */

function Emitter() {}

function inherit(type) {
  type.prototype = new Emitter();
  type.prototype.constructor = type;
  return type.prototype;
}

Emitter.prototype.on = function (name, handler) {
  this._handlers = this._handlers || {};
  this._handlers['$' + name] = this.listeners(name).concat([handler]);
  return this;
};

Emitter.prototype.once = function (name, handler) {
  function once() {
    this.off(name, once);
    handler.apply(this, arguments);
  }
  once.handler = handler;
  return this.on(name, once);
};

Emitter.prototype.off = function (name, handler) {
  var list = this.listeners(name), kept = [];
  for (var i = 0; handler && i < list.length; i++) {
    if (list[i] !== handler && list[i].handler !== handler) { kept.push(list[i]); }
  }
  if (arguments.length) {
    this._handlers = this._handlers || {};
    this._handlers['$' + name] = kept;
  } else {
    this._handlers = {};
  }
  return this;
};

Emitter.prototype.listeners = function (name) {
  return this._handlers && this._handlers['$' + name] || [];
};

Emitter.prototype.removeListener = Emitter.prototype.removeAllListeners = Emitter.prototype.off;

/* A handler that throws is reported like any uncaught error; the handlers and packets behind it go on. */
Emitter.prototype._fire = function (name, args) {
  var list = this.listeners(name);
  for (var i = 0; i < list.length; i++) {
    try {
      list[i].apply(this, args || []);
    } catch (error) {
      setTimeout(rethrow(error), 0);
    }
  }
};

function rethrow(error) {
  return function () { throw error; };
}

/* ---- Bytes ---- */

function isBytes(value) {
  return typeof ArrayBuffer !== 'undefined' && !!value && typeof value.byteLength === 'number' &&
    (value instanceof ArrayBuffer || value.buffer instanceof ArrayBuffer);
}

function base64(value) {
  var bytes = value.buffer ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
  var text = '';
  for (var i = 0; i < bytes.length; i++) { text += String.fromCharCode(bytes[i]); }
  return global.btoa(text);
}

function fromBase64(text) {
  var binary = global.atob(text), bytes = new Uint8Array(binary.length);
  for (var i = 0; i < binary.length; i++) { bytes[i] = binary.charCodeAt(i); }
  return bytes.buffer;
}

/* The length in UTF-8: half a surrogate pair counts 2, which is exact for the pair. */
function utf8Length(text) {
  for (var i = 0, length = 0; i < text.length; i++) {
    var unit = text.charCodeAt(i);
    length += unit < 0x80 ? 1 : unit < 0x800 || unit >= 0xd800 && unit < 0xe000 ? 2 : 3;
  }
  return length;
}

/* The value with placeholders where bytes were; those are added to `attachments`. */
function detach(value, attachments) {
  if (isBytes(value)) {
    return { _placeholder: true, num: attachments.push(value) - 1 };
  }
  if (!value || typeof value !== 'object') { return value; }
  if (typeof value.toJSON === 'function') { return detach(value.toJSON(), attachments); }
  var result = isArray(value) ? [] : {};
  each(value, function (part, key) { result[key] = detach(part, attachments); });
  return result;
}

function attach(value, attachments) {
  if (value && value._placeholder === true) {
    if (typeof value.num !== 'number' || !has(attachments, value.num)) { throw failure('illegal attachments'); }
    return attachments[value.num];
  }
  if (value && typeof value === 'object') {
    each(value, function (part, key) { value[key] = attach(part, attachments); });
  }
  return value;
}

/* ---- Transports ----
   open() begins; write(packets) gives back how many it took; leave(packets) ends, sending these if it still can.
   They tell: onopen (Streaming only), onpacket(text or ArrayBuffer), ondrain, onend(error) once. */

function request(method, uri, body, options, done) {
  var xhr = null;
  function finish(error) {
    var report = done;
    done = nothing;
    report(error, error ? '' : xhr.responseText);
  }
  try {
    xhr = global.XMLHttpRequest ? new global.XMLHttpRequest() : new global.ActiveXObject('Microsoft.XMLHTTP');
    xhr.open(method, uri, true);
    if (options.withCredentials) { xhr.withCredentials = true; }
    if (body !== null) { xhr.setRequestHeader('Content-Type', 'text/plain;charset=UTF-8'); }
    xhr.onreadystatechange = function () {
      if (xhr.readyState === 4 && done !== nothing) {
        finish(xhr.status === 200 ? null : failure('xhr ' + (body === null ? 'poll' : 'post') + ' error', xhr.status));
      }
    };
    xhr.send(body);
  } catch (error) {
    setTimeout(function () { finish(error); }, 0);
  }
  return function abort() {
    done = nothing;
    if (xhr) { xhr.abort(); }
  };
}

/* One GET is held for what comes, one POST at a time carries what goes. */
function Polling(engine) {
  this.name = 'polling';
  this.engine = engine;
  this.polling = this.posting = this.paused = null;
}

Polling.prototype.open = function () {
  var self = this;
  self.polling = request('GET', self.engine.uri(self), null, self.engine.options, function (error, body) {
    var packets = body.split('\u001e');
    self.polling = null;
    if (error) { return self.onend(error); }
    for (var i = 0; i < packets.length && !self.ended; i++) { self.onpacket(packets[i]); }
    self.settle();
    if (!self.ended && !self.paused) { self.open(); }
  });
};

/* One request holds what maxPayload allows. A packet that is too large alone is sent all the same: the server says so. */
Polling.prototype.write = function (packets) {
  var self = this, limit = self.engine.maxPayload, body = '', count = 0, packet;
  for (; count < packets.length; count++) {
    packet = isBytes(packets[count]) ? 'b' + base64(packets[count]) : packets[count];
    if (count && limit && utf8Length(body) + 1 + utf8Length(packet) > limit) { break; }
    body += (count ? '\u001e' : '') + packet;
  }
  self.writable = false;
  self.posting = request('POST', self.engine.uri(self), body, self.engine.options, function (error) {
    self.posting = null;
    if (self.ended) { return self.leave(self.last); }
    if (error) { return self.onend(error); }
    self.writable = true;
    self.settle();
    self.ondrain();
  });
  return count;
};

/* `then` is called once nothing is under way. */
Polling.prototype.pause = function (then) {
  this.paused = then;
  this.settle();
};

Polling.prototype.settle = function () {
  if (this.paused && !this.polling && !this.posting && !this.ended) { this.paused(); }
};

Polling.prototype.resume = function () {
  this.paused = null;
  if (!this.polling) { this.open(); }
};

/* The poll stays until the last packets are taken: a poll that is cut is an end of its own to the server. */
Polling.prototype.leave = function (packets) {
  this.ended = true;
  this.last = packets || [];
  if (this.posting) { return; }
  if (this.last.length) {
    this.last = packets.slice(this.write(packets));
  } else if (this.polling) {
    this.polling();
  }
};

/* A websocket: one packet a frame, in both directions. */
function Streaming(engine) {
  this.name = 'websocket';
  this.uri = engine.uri(this);
}

Streaming.prototype.open = function () {
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
    setTimeout(function () { end('websocket error', error.message); }, 0);
    return;
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

Streaming.prototype.write = function (packets) {
  for (var i = 0; i < packets.length; i++) { this.ws.send(packets[i]); }
  return packets.length;
};

Streaming.prototype.leave = function (packets) {
  this.ended = true;
  if (this.ws) {
    if (this.ws.readyState === 1) { this.write(packets || []); }
    this.ws.close();
  }
};

/* ---- Engine. Events: open, data, drain, ping, upgrading, upgrade, upgradeError, close(reason, error) ---- */

function Engine(options) {
  var engine = this, names = engine.names = [], listed = options.transports;
  for (var i = 0; i < listed.length; i++) {
    if (listed[i] === 'websocket' ? global.WebSocket : listed[i] === 'polling') { names.push(listed[i]); }
  }
  engine.options = options;
  engine.address = options.origin + options.path;
  engine.state = 'opening';
  engine.buffer = [];
  if (websockets[engine.address] && names[0] === 'websocket') { names.reverse(); }
  if (names.length) {
    engine.take(names[0] === 'websocket' ? new Streaming(engine) : new Polling(engine));
    engine.transport.open();
  } else {
    setTimeout(function () { engine.end('transport error', failure('No transports available')); }, 0);
  }
}

inherit(Engine);

/* From now on this transport carries the connection. */
Engine.prototype.take = function (transport) {
  var engine = this;
  engine.transport = transport;
  transport.onopen = nothing;
  transport.onpacket = function (packet) { engine.packet(packet); };
  transport.ondrain = function () { engine.flush(); };
  transport.onend = function (error) {
    if (engine.state === 'opening' && transport.name === 'websocket') { websockets[engine.address] = 'suspect'; }
    engine.end(error.message === 'transport close' ? 'transport close' : 'transport error', error);
  };
};

Engine.prototype.uri = function (transport) {
  var query = copy({ EIO: 4, transport: transport.name }, this.options.query), pairs = [];
  if (this.id) { query.sid = this.id; }
  if (transport.name === 'polling') { query.t = new Date().getTime().toString(36) + '.' + serial++; }
  each(query, function (value, key) { pairs.push(encodeURIComponent(key) + '=' + encodeURIComponent(value)); });
  return (query.t ? this.address : this.address.replace(/^http/, 'ws')) + '?' + pairs.join('&');
};

Engine.prototype.packet = function (data) {
  var type = typeof data === 'string' ? data.charAt(0) : 'bytes', rest = type === 'bytes' ? data : data.substring(1);
  try {
    if (type === '0') {
      this.opened(JSON.parse(rest));
    } else if (type === '1') {
      this.end('transport close');
    } else if (type === '2') {
      this.listen();
      this.write('3' + rest);
      this._fire('ping');
    } else if (type === '4' || type === 'b' || type === 'bytes') {
      rest = type === 'b' ? fromBase64(rest) : rest;
      this._fire('data', [rest]);
    } else if (!/[356]/.test(type)) {
      throw failure('unknown packet');
    }
  } catch (error) {
    this.end('parse error', error);
  }
};

Engine.prototype.opened = function (hello) {
  if (this.state !== 'opening') { return; }
  var known = websockets[this.address], polls = this.transport.name === 'polling';
  websockets[this.address] = polls && known ? 'failed' : undefined;
  this.id = hello.sid;
  this.maxPayload = hello.maxPayload;
  this.patience = hello.pingInterval + hello.pingTimeout;
  this.state = 'open';
  this.transport.writable = true;
  this.listen();
  this._fire('open');
  this.flush();
  if (polls && !known && this.state === 'open' && this.options.upgrade !== false &&
      /,websocket,/.test(',' + this.names + ',') && /,websocket,/.test(',' + hello.upgrades + ',')) {
    this.probe();
  }
};

/* The server pings. Silence for longer than it promised means that nobody is there. */
Engine.prototype.listen = function () {
  var engine = this;
  clearTimeout(engine.timer);
  if (engine.patience > 0) {
    engine.timer = setTimeout(function () { engine.end('ping timeout'); }, engine.patience);
  }
};

/* Tries a websocket beside the polls. Only when it has answered is polling brought to rest, so that nothing is under
   way when the connection moves. If it fails, polling goes on as if nothing had been. */
Engine.prototype.probe = function () {
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
    engine._fire('upgrading', [ws]);
    polling.pause(function () {
      over();
      polling.ended = true;
      engine.take(ws);
      ws.write(['5']);
      engine._fire('upgrade', [ws]);
      engine.flush();
    });
  };
  ws.onend = function (error) {
    over();
    ws.onend = nothing;
    ws.leave();
    if (engine.state !== 'open') { return; }
    websockets[engine.address] = 'suspect';
    polling.onpacket = function (packet) {
      websockets[engine.address] = 'failed';
      engine.packet(packet);
    };
    engine._fire('upgradeError', [error]);
    polling.resume();
    engine.flush();
  };
  ws.open();
};

Engine.prototype.isWritable = function () {
  return this.state === 'open' && this.transport.writable && !this.upgrading;
};

Engine.prototype.write = function (packet) {
  this.buffer.push(packet);
  this.flush();
};

Engine.prototype.flush = function () {
  if (this.buffer.length && this.isWritable()) {
    this.buffer.splice(0, this.transport.write(this.buffer));
    if (!this.buffer.length) { this._fire('drain'); }
  }
};

/* Ends on this side: what is still to go is sent first. */
Engine.prototype.close = function () {
  this.end('forced close', null, this.state === 'open' ? this.buffer.concat('1') : []);
};

Engine.prototype.end = function (reason, error, farewell) {
  if (this.state === 'closed') { return; }
  var transport = this.transport, polls = transport && transport.name === 'polling';
  this.state = 'closed';
  clearTimeout(this.timer);
  if (polls && websockets[this.address] === 'suspect') { websockets[this.address] = undefined; }
  if (this.probing) { this.probing.onend(failure(reason)); }
  if (transport) {
    transport.onend = nothing;
    transport.leave(farewell);
  }
  this._fire('close', [reason, error]);
};

/* ---- Decoder: text and attachments into packets {type, nsp, id, data}; throws where the peer is at fault ---- */

function Decoder() {}

Decoder.prototype.decode = function (data) {
  var packet = this.waiting;
  if (!packet) {
    if (typeof data !== 'string') { throw failure('attachment without a packet'); }
    packet = this.parse(data);
    packet.buffers = [];
  } else if (typeof data === 'string' || packet.buffers.push(data) > packet.count) {
    throw failure('attachment expected');
  }
  this.waiting = packet.buffers.length < packet.count ? packet : null;
  if (this.waiting) { return null; }
  if (packet.count) { packet.data = attach(packet.data, packet.buffers); }
  return packet;
};

Decoder.prototype.parse = function (text) {
  var parts = /^(?:([0-4])|([56])(\d+)-)(?:(\/[^,]*),?)?(\d+)?([\s\S]*)$/.exec(text);
  if (!parts) { throw failure('unknown packet'); }
  var type = parts[1] ? +parts[1] : parts[2] - 3, data = parts[6] ? JSON.parse(parts[6]) : undefined;
  if ((type === 2 || type === 3) && !isArray(data) || type === 2 && !/^(string|number)$/.test(typeof data[0])) {
    throw failure('invalid payload');
  }
  return { type: type, count: +(parts[3] || 0), nsp: parts[4] || '/', id: parts[5] ? +parts[5] : null, data: data };
};

/* ---- Manager. Events: open, error, close, ping, upgrade, upgradeError, reconnect_attempt, reconnect_error,
   reconnect_failed, reconnect ---- */

function Manager(options) {
  this.opts = options;
  this.nsps = {};
  this.attempts = 0;
  this.state = 'closed';
}

inherit(Manager);

Manager.prototype.socket = function (nsp, options) {
  this.nsps[nsp] = this.nsps[nsp] || new Socket(this, nsp, options || {});
  return this.nsps[nsp];
};

Manager.prototype.open = Manager.prototype.connect = function () {
  if (this.state !== 'closed' || this.waiting) { return this; }
  var manager = this, decoder = new Decoder(), engine = manager.engine = new Engine(manager.opts);
  var timer = setTimeout(function () { engine.end('transport error', failure('timeout')); }, manager.opts.timeout);
  manager.state = 'opening';
  manager.left = false;
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
      data = decoder.decode(data);
    } catch (error) {
      return engine.end('parse error', error);
    }
    if (data && has(manager.nsps, data.nsp)) { manager.nsps[data.nsp].receive(data); }
  });
  each(['ping', 'upgrade', 'upgradeError'], function (name) {
    engine.on(name, function (detail) { manager._fire(name, [detail]); });
  });
  return manager;
};

Manager.prototype.opened = function () {
  var attempts = this.attempts;
  this.state = 'open';
  this.attempts = 0;
  this._fire('open');
  each(this.nsps, function (socket) { socket.join(); });
  if (attempts) { this._fire('reconnect', [attempts]); }
};

Manager.prototype.closed = function (reason, error) {
  var wasOpen = this.state === 'open', manager = this;
  error = error || failure(reason);
  manager.state = 'closed';
  each(manager.nsps, function (socket) {
    if (socket.connected) {
      socket.closed(reason, error);
    } else if (socket.active && !manager.left) {
      socket._fire('connect_error', [error]);
    }
  });
  manager._fire(wasOpen ? 'close' : manager.attempts ? 'reconnect_error' : 'error', wasOpen ? [reason, error] : [error]);
  manager.comeBack();
};

/* Waits longer each time, and not all clients the same, so that a server that comes up is not run over. */
Manager.prototype.comeBack = function () {
  var manager = this, options = manager.opts;
  if (manager.left || manager.waiting || manager.state !== 'closed' || options.reconnection === false) { return; }
  if (manager.attempts >= options.reconnectionAttempts) {
    manager.attempts = 0;
    return manager._fire('reconnect_failed');
  }
  var wait = options.reconnectionDelay * Math.pow(2, manager.attempts);
  wait *= 1 + (Math.random() * 2 - 1) * options.randomizationFactor;
  manager.waiting = setTimeout(function () {
    manager.waiting = null;
    manager._fire('reconnect_attempt', [++manager.attempts]);
    if (!manager.left) { manager.open(); }
  }, Math.min(wait, options.reconnectionDelayMax));
};

/* The connection is closed once no namespace is wanted on it any more. */
Manager.prototype.release = function () {
  var wanted = false;
  each(this.nsps, function (socket) { wanted = wanted || socket.active; });
  if (!wanted) { this.close(); }
};

Manager.prototype.close = Manager.prototype.disconnect = function () {
  this.left = true;
  this.attempts = 0;
  clearTimeout(this.waiting);
  this.waiting = null;
  if (this.state !== 'closed') { this.engine.close(); }
};

Manager.prototype.send = function (type, nsp, id, data) {
  var attachments = [], detached = detach(data, attachments), count = attachments.length;
  this.engine.write('4' + (count ? type + 3 + (count + '-') : type) + (nsp === '/' ? '' : nsp + ',') +
    (id === null ? '' : id) + (data === undefined ? '' : JSON.stringify(count ? detached : data)));
  for (var i = 0; i < count; i++) { this.engine.write(attachments[i]); }
};

/* ---- Socket. Events: connect, disconnect(reason), connect_error(error), and the server's ---- */

function Socket(manager, nsp, options) {
  var socket = this;
  socket.io = manager;
  socket.nsp = nsp;
  socket.auth = options.auth;
  socket.connected = socket.active = socket.recovered = false;
  socket.acks = {};
  socket.ids = 0;
  socket.outgoing = [];
  socket.incoming = [];
  socket['volatile'] = { emit: function () { return socket.dispatch(arguments, { drop: true }); } };
}

inherit(Socket);

Socket.prototype.connect = Socket.prototype.open = function () {
  if (!this.active) {
    this.active = true;
    this.io.open();
    this.join();
  }
  return this;
};

/* Asks for the namespace, and for what was missed behind the last offset heard. */
Socket.prototype.join = function () {
  var socket = this, manager = socket.io;
  if (!socket.active || socket.connected || manager.state !== 'open') { return; }
  function ask(auth) {
    var data = copy({}, auth);
    if (socket.pid && socket.offset !== undefined) {
      data.pid = socket.pid;
      data.offset = socket.offset;
    }
    manager.send(0, socket.nsp, null, auth || data.pid ? data : undefined);
  }
  if (typeof socket.auth === 'function') { socket.auth(ask); } else { ask(socket.auth); }
};

Socket.prototype.receive = function (packet) {
  var data = packet.data || {};
  if (packet.type === 0) {
    this.joined(data);
  } else if (packet.type === 1) {
    this.active = false;
    this.closed('io server disconnect');
    this.io.release();
  } else if (packet.type === 2) {
    /* Events that were missed come before the confirmation. They are delivered behind it. */
    if (this.connected) { this.deliver(packet); } else { this.incoming.push(packet); }
  } else if (packet.type === 3 && has(this.acks, packet.id)) {
    var ack = this.acks[packet.id];
    delete this.acks[packet.id];
    ack.apply(this, data);
  } else if (packet.type === 4) {
    this.active = false;
    this._fire('connect_error', [copy(failure(data.message || data), { data: data.data })]);
    this.io.release();
  }
};

Socket.prototype.joined = function (data) {
  var list = this.outgoing;
  this.id = data.sid;
  this.recovered = !!data.pid && data.pid === this.pid;
  this.pid = data.pid;
  this.connected = true;
  this.outgoing = [];
  for (var i = 0; i < list.length; i++) { this.io.send(2, this.nsp, list[i].id, list[i].data); }
  this._fire('connect');
  while (this.connected && this.incoming.length) { this.deliver(this.incoming.shift()); }
};

Socket.prototype.deliver = function (packet) {
  var socket = this, args = packet.data.slice(1), last = args[args.length - 1], id = packet.id;
  if (id !== null) {
    args.push(function () {
      if (id !== null && socket.connected) { socket.io.send(3, socket.nsp, id, Array.prototype.slice.call(arguments)); }
      id = null;
    });
  } else if (socket.pid && typeof last === 'string') {
    socket.offset = last;
  }
  socket._fire(packet.data[0], args);
};

Socket.prototype.closed = function (reason, error) {
  var wasConnected = this.connected;
  this.connected = false;
  this.id = undefined;
  this.incoming = [];
  if (wasConnected) { this._fire('disconnect', [reason, error]); }
};

Socket.prototype.emit = function () {
  return this.dispatch(arguments, {});
};

Socket.prototype.send = function () {
  return this.dispatch(['message'].concat(Array.prototype.slice.call(arguments)), {});
};

/* Answers `(error)` when nothing came within so many milliseconds, or else `(null, …)`. */
Socket.prototype.timeout = function (milliseconds) {
  var socket = this;
  return { emit: function () { return socket.dispatch(arguments, { patience: milliseconds }); } };
};

Socket.prototype.dispatch = function (given, flags) {
  var args = Array.prototype.slice.call(given), id = null;
  if (RESERVED.test(args[0])) { throw failure('"' + args[0] + '" is a reserved event name'); }
  if (flags.drop && !(this.connected && this.io.engine.isWritable())) { return this; }
  if (typeof args[args.length - 1] === 'function') {
    id = this.ids++;
    this.expect(id, args.pop(), flags.patience);
  }
  if (this.connected) {
    this.io.send(2, this.nsp, id, args);
  } else {
    this.outgoing.push({ id: id, data: args });
  }
  return this;
};

Socket.prototype.expect = function (id, ack, patience) {
  var acks = this.acks;
  var timer = patience && setTimeout(function () {
    delete acks[id];
    ack(failure('operation has timed out'));
  }, patience);
  acks[id] = !timer ? ack : function () {
    clearTimeout(timer);
    ack.apply(this, [null].concat(Array.prototype.slice.call(arguments)));
  };
};

Socket.prototype.disconnect = Socket.prototype.close = function () {
  var wasConnected = this.connected;
  this.active = false;
  if (wasConnected) { this.io.send(1, this.nsp, null); }
  this.closed('io client disconnect');
  this.io.release();
  return this;
};

/* ---- io ---- */

/* Where this script came from, if it still has its name: its directory is the address of the server. */
var home = (function () {
  var document = global.document, scripts = document ? document.getElementsByTagName('script') : [];
  var script = document && document.currentScript || scripts[scripts.length - 1];
  var parts = script && /^(https?:\/\/[^\/]+)?(\/(?:[^?#]*\/)?)socket\.io[^\/?#]*\.js(?:[?#]|$)/.exec(script.src);
  var origin = here.protocol + '//' + here.host;
  return parts ? { origin: parts[1] || origin, path: parts[2] } : { origin: origin, path: '/socket.io/' };
}());

var DEFAULTS = {
  transports: ['polling', 'websocket'], timeout: 20000, upgradeTimeout: 10000, reconnectionAttempts: Infinity,
  reconnectionDelay: 1000, reconnectionDelayMax: 5000, randomizationFactor: 0.5
};

function parseQuery(text) {
  var query = {};
  each(text.split('&'), function (pair) {
    var at = (pair + '=').indexOf('=');
    if (at) { query[decodeURIComponent(pair.slice(0, at))] = decodeURIComponent(pair.slice(at + 1)); }
  });
  return query;
}

/* `address` is an origin, a namespace, or one behind the other; 0.9 calls the path `resource`. */
function io(address, options) {
  if (address && typeof address === 'object') { return io('', address); }
  var parts = /^(?:(?:(https?|wss?):)?\/\/([^\/?#]+))?([^?#]*)(?:\?([^#]*))?/.exec(
    /^(\/|\w+:\/\/|$)/.test(address || '') ? address || '' : '//' + address);
  var settings = copy(copy({}, DEFAULTS), options), path = settings.path || settings.resource;
  var scheme = parts[1] ? parts[1].replace('ws', 'http') + ':' : here.protocol, nsp = parts[3] || '/';
  var query = typeof settings.query === 'string' ? parseQuery(settings.query) : settings.query;
  settings.query = copy(parseQuery(parts[4] || ''), query);
  settings.origin = parts[2] ? scheme + '//' + parts[2] : home.origin;
  settings.path = path ? ('/' + path + '/').replace(/^\/+|\/+$/g, '/')
    : settings.origin === home.origin ? home.path : '/socket.io/';
  var key = settings.origin + settings.path, manager = io.managers[key];
  if (!manager || has(manager.nsps, nsp) || settings.forceNew || settings['force new connection'] ||
      settings.multiplex === false) {
    manager = new Manager(settings);
    io.managers[key] = io.managers[key] || manager;
  }
  var socket = manager.socket(nsp, settings);
  return settings.autoConnect === false ? socket : socket.connect();
}

io.managers = {};
io.connect = io.io = io;
io.protocol = 5;
io.Manager = Manager;
io.Socket = Socket;
global.io = io;
}(typeof window !== 'undefined' ? window : this));
