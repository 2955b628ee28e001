/* Runs behind `old_browser.js` and the client script, in an engine of the script's own time. */

var io = window.io, HELLO = '0{"sid":"S","upgrades":[],"pingInterval":20000,"pingTimeout":20000,"maxPayload":1000}';
var RECORD = String.fromCharCode(30);

/* Opens the connection of `socket` over requests: handshake, CONNECT, first poll. */
function join(confirmation) {
  take(/^GET .*EIO=4&transport=polling&t=/).answer(HELLO);
  var post = take(/^POST .*sid=S/);
  check(post.body === '40' || /^40\{/.test(post.body), 'asks for the namespace: ' + post.body);
  post.answer('ok');
  take(/^GET .*sid=S/).answer(confirmation || '40{"sid":"A"}');
  return post;
}

/* 1. Socket.IO 4's words, polling, from the script's own address. */
var socket = io({ auth: { token: 't' }, query: { q: 'a b' } }), log = [];
socket.on('connect', function () { log.push('connect'); });
socket.on('poem', function (text) { log.push(text); });
socket.once('poem', function () { log.push('once'); });
socket.on('disconnect', function (reason) { log.push(reason); });
socket.emit('early', 1);
check(asked.length === 1 && asked[0].url.indexOf('http://poems.example/dante/socket.io/?EIO=4') === 0, 'its own address');
check(/&q=a%20b$/.test(asked[0].url), 'the query');
check(join().body === '40{"token":"t"}', 'auth');
check(take(/^POST/).body === '42["early",1]', 'what was said before');
take(/^GET/).answer('42["poem","one"]' + RECORD + '42["poem","two"]' + RECORD + '2');
check(log.join() === 'connect,one,once,two', 'events: ' + log.join());

/* 2. Acknowledgements both ways, with a limit, and volatile. */
var answers = [];
socket.emit('ask', function (a, b) { answers.push(a + b); });
socket.timeout(100).emit('ask', function (error) { answers.push(error.message); });
socket['volatile'].emit('ask');
asked.shift();
while (asked.length && asked[0].method === 'POST') { asked.shift(); }
check(socket.io.engine.buffer.join('').indexOf('ask') >= 0, 'waits for the post before');
pass(150);
check(answers.join() === 'operation has timed out', 'timeout: ' + answers.join());

/* 3. The server is silent for longer than it promised: the connection is given up and comes back. */
pass(39800);
check(log[log.length - 1] === 'two', 'a last moment of patience');
asked = [];
pass(100);
check(log[log.length - 1] === 'ping timeout', 'ping timeout');
pass(1000);
check(asked.length === 1 && /t=/.test(asked[0].url) && !/sid=/.test(asked[0].url), 'comes back: ' + (asked[0] || {}).url + ' ' + asked.length);
join('40{"sid":"B","pid":"P"}');
take(/^GET/).answer('42["poem","three","7"]');
check(log[log.length - 1] === 'three', 'reads on');

/* 4. A cut poll: what was heard last is asked for again; and waking hurries. */
take(/^GET/).answer('', 502);
check(log[log.length - 1] === 'transport error', 'transport error');
check(asked.length === 0, 'waits');
heard.onpageshow();
check(asked.length === 1, 'a page that is shown again does not wait');
take(/^GET/).answer(HELLO);
var again = take(/^POST/).body;
again = again.slice(0, 2) === '40' ? JSON.parse(again.slice(2)) : {};
check(again.token === 't' && again.pid === 'P' && again.offset === '7', 'the offset');

/* 5. Another origin, in Internet Explorer 8: XDomainRequest; over https, where that cannot go: scripts. */
asked = [];
io('http://other.example', { forceNew: true });
check(asked.length === 1 && asked[0].isForeign, 'XDomainRequest');
take(/other\.example/).answer(HELLO);
check(take(/^POST/).isForeign, 'and its POST');
asked = [];
var scripted = io.connect('https://other.example', { resource: 'a/b.js', 'force new connection': true });
check(asked.length === 0, 'no request');
var script = document.head.children[document.head.children.length - 1];
check(/^https:\/\/other\.example\/a\/b\.js\/\?EIO=4&transport=polling&t=.*&j=0$/.test(script.src), 'JSONP: ' + script.src);
window.___eio[0](HELLO);
var form = document.body.children[document.body.children.length - 1];
check(form.isSubmitted && form.children[0].value === '40' && form.target === document.body.children[0].name, 'the form');
document.body.children[0].onload();
pass(1);
check(document.body.children.length === 0, 'and is taken away');
script = document.head.children[document.head.children.length - 1];
check(/sid=S&t=.*&j=0$/.test(script.src), 'the next script');
window.___eio[0]('40{"sid":"C"}');
check(scripted.connected && scripted.socket.transport.name === 'jsonp', 'connected by scripts');
scripted.emit('text', 'a\nb\\n');
form = document.body.children[document.body.children.length - 1];
check(form.children[0].value === '42["text","a\\\\nb\\\\\\n"]', 'line feeds: ' + form.children[0].value);

/* 6. 0.9's words for what goes wrong. */
asked = [];
log = [];
var old = io.connect('http://poems.example/', { 'force new connection': true, reconnect: false, transports: ['xhr-polling'] });
old.on('connecting', function (name) { log.push('connecting ' + name); });
old.on('connect_failed', function () { log.push('connect_failed'); });
old.on('error', function (why) { log.push('error ' + why); });
pass(1);
take(/^GET/).answer('', 503);
check(log.join() === 'connecting polling,error xhr poll error,connect_failed', 'words of 0.9: ' + log.join());

out(failures ? failures + ' of ' + checks + ' checks failed' : checks + ' checks passed');
