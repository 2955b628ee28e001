/* A browser of 2009 as far as the client script can see it: stub XMLHttpRequest, XDomainRequest, document and timers, in
   the language of that time, for engines without any of them. The last line of the output is the verdict. */

var out = typeof print === 'function' ? print : function (text) { java.lang.System.out.println(text); };
var failures = 0, checks = 0;

function check(is, what) {
  checks++;
  if (!is) {
    failures++;
    out('FAILED: ' + what);
  }
}

/* Timers, run by hand: the time is ours. */
var timers = [], timerNumber = 0, clock = 1000000;
function setTimeout(act, wait) {
  timers.push({ number: ++timerNumber, at: clock + (+wait || 0), act: act });
  return timerNumber;
}
function clearTimeout(number) {
  for (var i = timers.length - 1; i >= 0; i--) {
    if (timers[i].number === number) { timers.splice(i, 1); }
  }
}
function pass(milliseconds) {
  var end = clock + milliseconds;
  for (;;) {
    var next = null;
    for (var i = 0; i < timers.length; i++) {
      if (timers[i].at <= end && (!next || timers[i].at < next.at)) { next = timers[i]; }
    }
    if (!next) { break; }
    clock = Math.max(clock, next.at);
    clearTimeout(next.number);
    next.act();
  }
  clock = end;
}

/* Nothing is left to chance. */
Math.random = function () { return 0.5; };

/* Requests: kept until a check answers them. */
var asked = [];
function Asking() {}
Asking.prototype.open = function (method, url) { this.method = method; this.url = url; };
Asking.prototype.setRequestHeader = function () {};
Asking.prototype.send = function (body) { this.body = body; asked.push(this); };
Asking.prototype.abort = function () { this.isAborted = true; };
Asking.prototype.answer = function (text, status) {
  this.readyState = 4;
  this.status = status || 200;
  this.responseText = text;
  if (this.onreadystatechange) { this.onreadystatechange(); } else { this.onload(); }
};
function take(pattern) {
  for (var i = 0; i < asked.length; i++) {
    if (pattern.test(asked[i].method + ' ' + asked[i].url)) { return asked.splice(i, 1)[0]; }
  }
  check(false, 'no request like ' + pattern);
  return new Asking();
}
function XMLHttpRequest() {}
XMLHttpRequest.prototype = new Asking();
function XDomainRequest() { this.isForeign = true; }
XDomainRequest.prototype = new Asking();

/* A document that holds elements and knows no addEventListener. */
var heard = {};
function Element(name) { this.tagName = name; this.children = []; this.style = {}; }
Element.prototype.appendChild = function (child) { this.children.push(child); child.parentNode = this; return child; };
Element.prototype.insertBefore = Element.prototype.appendChild;
Element.prototype.removeChild = function (child) {
  for (var i = 0; i < this.children.length; i++) {
    if (this.children[i] === child) { this.children.splice(i, 1); }
  }
  child.parentNode = null;
};
Element.prototype.setAttribute = function (name, value) { this[name] = value; };
Element.prototype.attachEvent = function (name, act) { this[name] = act; };
Element.prototype.submit = function () { this.isSubmitted = true; };
var document = new Element('document');
document.head = document.appendChild(new Element('head'));
document.body = document.appendChild(new Element('body'));
document.createElement = function (name) { return new Element(name); };
document.attachEvent = function (name, act) { heard[name] = act; };
document.ours = document.head.appendChild(new Element('script'));
document.ours.src = 'http://poems.example/dante/socket.io/socket.io.js?v=1';
document.getElementsByTagName = function () { return [document.ours]; };

var window = {
  location: { protocol: 'http:', host: 'poems.example' }, document: document, XMLHttpRequest: XMLHttpRequest,
  XDomainRequest: XDomainRequest, attachEvent: function (name, act) { heard[name] = act; }
};
