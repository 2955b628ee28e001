/*
 * dante's client script: Engine.IO 4 and Socket.IO 5 for a browser. A script tag gives one name, io.
 *
 * The syntax is that of ECMAScript 3, so that any browser can read it, and no code is made from text.
 *
 * From below: Emitter; Polling and Streaming, the transports; Engine, one connection, which may move from the
 * first to the second; Manager, a connection that comes back; Socket, one namespace on it; io.
 */
(function (global) {
'use strict';

var RESERVED = /^(connect|connect_error|disconnect|disconnecting|newListener|removeListener)$/;
var here = global.location || { protocol: 'http:', host: 'localhost' };
var serial = 0;
var managers = {};

/* Websockets by address: 'suspect' once one failed, 'failed' when polling then worked. */
var websockets = {};

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

function later(act, argument) {
  setTimeout(function () { act(argument); }, 0);
}

function failure(message, description) {
  return copy(new Error(message), { description: description });
}

/* ---- Events ---- */

function Emitter() {}

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
  var all = this.listeners(name), kept = [];
  for (var i = 0; handler && i < all.length; i++) {
    if (all[i] !== handler && all[i].handler !== handler) { kept.push(all[i]); }
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

/* A handler that throws is reported as uncaught; the handlers and packets behind it go on. */
Emitter.prototype._fire = function (name, args) {
  var all = this.listeners(name);
  for (var i = 0; i < all.length; i++) {
    try {
      all[i].apply(this, args || []);
    } catch (error) {
      later(function (uncaught) { throw uncaught; }, error);
    }
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
    if (!has(attachments, +value.num)) { throw failure('illegal attachments'); }
    return attachments[value.num];
  }
  if (value && typeof value === 'object') {
    each(value, function (part, key) { value[key] = attach(part, attachments); });
  }
  return value;
}

/* ---- Transports: open() begins, write(packets) says how many it took, leave(packets) ends ---- */

/* GET without a body. Gives back what aborts it. */
function request(transport, body, done) {
  var xhr = null, gets = body === null, engine = transport.engine;
  function finish(error) {
    var report = done;
    done = nothing;
    report(error, error ? '' : xhr.responseText);
  }
  try {
    xhr = new global.XMLHttpRequest();
    xhr.open(gets ? 'GET' : 'POST', engine.uri(transport), true);
    if (engine.options.withCredentials) { xhr.withCredentials = true; }
    if (!gets) { xhr.setRequestHeader('Content-Type', 'text/plain;charset=UTF-8'); }
    xhr.onreadystatechange = function () {
      if (xhr.readyState === 4 && done !== nothing) {
        finish(xhr.status === 200 ? null : failure(gets ? 'xhr poll error' : 'xhr post error', xhr.status));
      }
    };
    xhr.send(body);
  } catch (error) {
    later(finish, error);
  }
  return function () {
    done = nothing;
    if (xhr) { xhr.abort(); }
  };
}

/* One GET is held for what comes, one POST at a time carries what goes. */
function Polling(engine) {
  this.name = 'polling';
  this.engine = engine;
}

Polling.prototype.open = function () {
  var self = this;
  self.polling = request(self, null, function (error, body) {
    var packets = body.split('\u001e');
    self.polling = null;
    if (error) { return self.onend(error); }
    for (var i = 0; i < packets.length && !self.ended; i++) { self.onpacket(packets[i]); }
    self.settle();
    if (!self.ended && !self.onsettled) { self.open(); }
  });
};

/* As much as maxPayload (bytes, at most 3 a UTF-16 unit) allows; 16 packets are all python-engineio takes. */
Polling.prototype.write = function (packets) {
  var self = this, body = '', count = 0, packet;
  for (; count < packets.length && count < 16; count++) {
    packet = isBytes(packets[count]) ? 'b' + base64(packets[count]) : packets[count];
    if (count && (body.length + packet.length + 1) * 3 > self.engine.maxPayload) { break; }
    body += (count ? '\u001e' : '') + packet;
  }
  self.writable = false;
  self.posting = request(self, body, function (error) {
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
Polling.prototype.settle = function () {
  if (this.onsettled && !this.polling && !this.posting && !this.ended) { this.onsettled(); }
};

/* The poll stays until the last packets are taken: to the server a cut poll is an end of its own. */
Polling.prototype.leave = function (packets) {
  this.ended = true;
  this.last = packets || [];
  if (this.posting) { return; }
  if (this.last.length) {
    this.last = this.last.slice(this.write(this.last));
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

/* ---- Engine. Events: open, data, ping, upgrade, upgradeError, close(reason, error) ---- */

function Engine(options) {
  var engine = this, names = options.transports.join(' ');
  var polls = /polling/.test(names), ws = /websocket/.test(names) && !!global.WebSocket;
  engine.options = options;
  engine.address = options.origin + options.path;
  engine.state = 'opening';
  engine.buffer = [];
  engine.moves = polls && ws && options.upgrade;
  if (polls || ws) {
    polls = polls && !(ws && /^websocket/.test(names) && !websockets[engine.address]);
    engine.take(polls ? new Polling(engine) : new Streaming(engine));
    engine.transport.open();
  } else {
    later(function () { engine.end('transport error', failure('No transports available')); });
  }
}

Engine.prototype = new Emitter();

/* From now on this transport carries the connection. */
Engine.prototype.take = function (transport) {
  var engine = this;
  engine.transport = transport;
  transport.onopen = nothing;
  transport.onpacket = function (packet) { engine.packet(packet); };
  transport.onend = function (error) {
    if (engine.state === 'opening' && transport.uri) { websockets[engine.address] = 'suspect'; }
    engine.end(error.message === 'transport close' ? 'transport close' : 'transport error', error);
  };
};

Engine.prototype.uri = function (transport) {
  var polls = transport.name === 'polling', base = polls ? this.address : this.address.replace('http', 'ws');
  return base + '?EIO=4&transport=' + transport.name + (this.id ? '&sid=' + this.id : '') +
    (polls ? '&t=' + new Date().getTime() + '.' + serial++ : '') + this.options.search;
};

Engine.prototype.packet = function (data) {
  var type = isBytes(data) ? '4' : data.charAt(0), rest = isBytes(data) ? data : data.slice(1);
  try {
    if (type === '0') {
      this.opened(JSON.parse(rest));
    } else if (type === '1') {
      this.end('transport close');
    } else if (type === '2') {
      this.listen();
      this.write('3' + rest);
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
  if (polls && this.moves && !known && /websocket/.test(hello.upgrades) && this.state === 'open') {
    this.probe();
  }
};

/* The server pings; longer silence than it promised means that nobody is there. */
Engine.prototype.listen = function () {
  var engine = this;
  clearTimeout(engine.timer);
  if (engine.patience > 0) {
    engine.timer = setTimeout(function () { engine.end('ping timeout'); }, engine.patience);
  }
};

/* Tries a websocket beside the polls. Only when it has answered does polling come to rest, so that nothing is
   under way when the connection moves. If it fails, polling goes on. */
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
    websockets[engine.address] = 'suspect';
    polling.onpacket = function (packet) {
      websockets[engine.address] = 'failed';
      engine.packet(packet);
    };
    engine._fire('upgradeError', [error]);
    polling.onsettled = null;
    if (!polling.polling) { polling.open(); }
    engine.flush();
  };
  ws.open();
};

Engine.prototype.write = function (packet) {
  this.buffer.push(packet);
  this.flush();
};

Engine.prototype.flush = function () {
  if (this.buffer.length && this.state === 'open' && this.transport.writable && !this.upgrading) {
    this.buffer.splice(0, this.transport.write(this.buffer));
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

/* ---- Packets: a decoder takes text and attachments and gives {type, nsp, id, data}, null, or throws ---- */

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
  return { type: type, nsp: parts[4] || '/', id: parts[5] || null, data: data, count: +parts[3],
    buffers: [] };
}

/* ---- Manager. Events: open, error, close, ping, upgrade, upgradeError, reconnect_attempt, reconnect_error,
   reconnect_failed, reconnect ---- */

function Manager(options) {
  this.opts = options;
  this.nsps = {};
  this.attempts = 0;
  this.state = 'closed';
}

Manager.prototype = new Emitter();

Manager.prototype.open = Manager.prototype.connect = function () {
  if (this.state !== 'closed' || this.waiting) { return this; }
  var manager = this, decode = decoder(), engine = manager.engine = new Engine(manager.opts);
  var timer = setTimeout(function () {
    engine.end('transport error', failure('timeout'));
  }, manager.opts.timeout);
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
      data = decode(data);
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
  var wasOpen = this.state === 'open', left = this.left;
  error = error || failure(reason);
  this.state = 'closed';
  each(this.nsps, function (socket) {
    if (!socket.closed(reason, error) && socket.active && !left) { socket._fire('connect_error', [error]); }
  });
  this._fire(wasOpen ? 'close' : this.attempts ? 'reconnect_error' : 'error', wasOpen ? [reason] : [error]);
  this.comeBack();
};

/* Waits longer each time, and no two clients the same, so that a server that comes up is not run over. */
Manager.prototype.comeBack = function () {
  var manager = this, options = manager.opts;
  if (manager.left || manager.waiting || manager.state !== 'closed' || !options.reconnection) { return; }
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

/* Closes once no namespace is wanted any more. */
Manager.prototype.release = function () {
  for (var nsp in this.nsps) {
    if (this.nsps[nsp].active) { return; }
  }
  this.close();
};

Manager.prototype.close = Manager.prototype.disconnect = function () {
  this.left = true;
  this.attempts = 0;
  clearTimeout(this.waiting);
  this.waiting = null;
  if (this.state !== 'closed') { this.engine.close(); }
};

Manager.prototype.send = function (type, nsp, id, data) {
  var attachments = [], text = data ? JSON.stringify(detach(data, attachments)) : '';
  var count = attachments.length;
  text = (nsp === '/' ? '' : nsp + ',') + (id === null ? '' : id) + text;
  this.engine.write('4' + (count ? type + 3 + (count + '-') : type) + text);
  for (var i = 0; i < count; i++) { this.engine.write(attachments[i]); }
};

/* ---- Socket. Events: connect, disconnect(reason), connect_error(error), and the server's ---- */

function Socket(manager, nsp, options) {
  this.io = manager;
  this.nsp = nsp;
  this.auth = options.auth;
  this.connected = this.active = this.joining = this.recovered = false;
  this.acks = {};
  this.ids = 0;
  this.outgoing = [];
  this.incoming = [];
}

Socket.prototype = new Emitter();

Socket.prototype.connect = Socket.prototype.open = function () {
  this.active = true;
  this.io.open();
  this.join();
  return this;
};

/* Asks for the namespace, and for what was missed behind the last offset heard. */
Socket.prototype.join = function () {
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

Socket.prototype.receive = function (packet) {
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
  } else if (packet.type === 3 && has(this.acks, packet.id)) {
    var ack = this.acks[packet.id];
    delete this.acks[packet.id];
    ack.apply(this, data);
  } else if (packet.type === 4) {
    this.active = this.joining = false;
    this._fire('connect_error', [copy(failure(data.message || data), { data: data.data })]);
    this.io.release();
  }
};

Socket.prototype.joined = function (data) {
  var outgoing = this.outgoing;
  this.joining = false;
  if (!this.active) { return this.io.send(1, this.nsp, null); }
  this.id = data.sid;
  this.recovered = !!data.pid && data.pid === this.pid;
  this.pid = data.pid;
  this.connected = true;
  this.outgoing = [];
  for (var i = 0; i < outgoing.length; i++) { this.io.send(2, this.nsp, outgoing[i].id, outgoing[i].data); }
  this._fire('connect');
  while (this.connected && this.incoming.length) { this.deliver(this.incoming.shift()); }
};

Socket.prototype.deliver = function (packet) {
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

Socket.prototype.closed = function (reason, error) {
  var wasConnected = this.connected;
  this.connected = this.joining = false;
  this.id = undefined;
  this.incoming = [];
  if (wasConnected) { this._fire('disconnect', [reason, error]); }
  return wasConnected;
};

Socket.prototype.emit = function (name) {
  var args = list(arguments), ack = args[args.length - 1], id = null;
  if (RESERVED.test(name)) { throw failure('"' + name + '" is a reserved event name'); }
  if (typeof ack === 'function') {
    args.pop();
    id = this.ids++;
    this.acks[id] = ack;
  }
  if (this.connected) {
    this.io.send(2, this.nsp, id, args);
  } else {
    this.outgoing.push({ id: id, data: args });
  }
  return this;
};

Socket.prototype.send = function () {
  return this.emit.apply(this, ['message'].concat(list(arguments)));
};

Socket.prototype.disconnect = Socket.prototype.close = function () {
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
  var document = global.document, scripts = document ? document.getElementsByTagName('script') : [];
  var script = document && document.currentScript || scripts[scripts.length - 1] || {};
  var parts = /^(https?:\/\/[^\/]+)(\/(?:[^?#]*\/)?)socket\.io[^\/?#]*\.js([?#]|$)/.exec(script.src);
  return parts ? { origin: parts[1], path: parts[2] }
    : { origin: here.protocol + '//' + here.host, path: '/socket.io/' };
}());

var DEFAULTS = {
  transports: ['polling', 'websocket'], upgrade: true, upgradeTimeout: 10000, timeout: 20000,
  reconnection: true, reconnectionAttempts: Infinity, reconnectionDelay: 1000, reconnectionDelayMax: 5000,
  randomizationFactor: 0.5
};

/* The query is an object, or text as it goes into the URL. */
function search(query) {
  var text = '';
  if (typeof query === 'string') { return query && '&' + query; }
  each(query, function (value, key) {
    text += '&' + encodeURIComponent(key) + '=' + encodeURIComponent(value);
  });
  return text;
}

/* `address`: an origin, a namespace, or both. 0.9 calls the path `resource`. */
function io(address, options) {
  if (address && typeof address === 'object') { return io('', address); }
  var named = /^(\/|\w+:\/\/|$)/.test(address || '') ? address || '' : '//' + address;
  var parts = /^(?:(?:(https?|wss?):)?\/\/([^\/?#]+))?([^?#]*)(?:\?([^#]*))?/.exec(named);
  var settings = copy(copy({}, DEFAULTS), options), path = settings.path || settings.resource;
  var scheme = parts[1] ? parts[1].replace('ws', 'http') + ':' : here.protocol, nsp = parts[3] || '/';
  settings.search = search(parts[4] || '') + search(settings.query);
  settings.origin = parts[2] ? scheme + '//' + parts[2] : home.origin;
  settings.path = path ? ('/' + path + '/').replace(/^\/+|\/+$/g, '/')
    : settings.origin === home.origin ? home.path : '/socket.io/';
  var key = settings.origin + settings.path, manager = managers[key];
  var apart = settings.forceNew || settings['force new connection'] || settings.multiplex === false;
  if (apart || !manager || has(manager.nsps, nsp)) { manager = new Manager(settings); }
  if (!apart && !managers[key]) { managers[key] = manager; }
  var socket = manager.nsps[nsp] = new Socket(manager, nsp, settings);
  return settings.autoConnect === false ? socket : socket.connect();
}

io.connect = io;
io.protocol = 5;
global.io = io;
}(typeof window !== 'undefined' ? window : this));
