/*
 * The chat's page: says a name, shows what others say, sends what one writes.
 *
 * <html> carries the state for whoever looks from outside: data-state (connecting, naming, chatting, offline). What
 * comes from others is set as text and never as markup.
 */
(function () {
  'use strict';

  /* So much stays readable; what is older would only make the page slow. */
  var LINES = 500;
  /* Without a key for so long one no longer types. */
  var PAUSE = 2000;

  var root = document.documentElement;
  var log = find('log');
  var socket, name, pause;
  var isTyping = false;
  var follows = true;
  var writers = [];
  /* What was said and is not acknowledged yet. */
  var unheard = [];

  function find(id) {
    return document.getElementById(id);
  }

  function write(id, text) {
    var element = find(id);
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }

  function state(word, sentence) {
    root.setAttribute('data-state', word);
    write('status', sentence);
  }

  function problem(sentence) {
    write('problem', sentence);
  }

  /* ---- What is shown ---- */

  /* Whoever has scrolled back is left there, and whoever is at the end stays at it, in a smaller window too. */
  function scrolled() {
    follows = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  }

  function follow() {
    if (follows) {
      log.scrollTop = log.scrollHeight;
    }
  }

  function line(className, fill) {
    var item = document.createElement('li');
    item.className = className;
    fill(item);
    log.appendChild(item);
    if (log.childNodes.length > LINES) {
      log.removeChild(log.firstChild);
    }
    follow();
  }

  function notice(sentence) {
    line('notice', function (item) {
      item.appendChild(document.createTextNode(sentence));
    });
  }

  /* A name of another direction must not turn the words around it. */
  function part(element, className, text) {
    var node = document.createElement(element);
    node.className = className;
    node.dir = 'auto';
    node.appendChild(document.createTextNode(text));
    return node;
  }

  function message(who, text) {
    line('message', function (item) {
      var label = document.createElement('span');
      label.className = 'who';
      label.appendChild(part('bdi', '', who));
      label.appendChild(document.createTextNode(': '));
      item.appendChild(label);
      item.appendChild(part('bdi', 'what', text));
    });
  }

  function people(count) {
    write('people', count === 1 ? 'You are alone here.' : count + ' people are here.');
  }

  /* An old Array has no indexOf. */
  function without(list, one) {
    var rest = [];
    for (var i = 0; i < list.length; i++) {
      if (list[i] !== one) {
        rest.push(list[i]);
      }
    }
    return rest;
  }

  function showWriters(list) {
    writers = list;
    write('typing', !list.length ? '' : list.length > 3 ? 'Several people are writing.'
      : list.join(', ') + (list.length > 1 ? ' are' : ' is') + ' writing.');
  }

  /* ---- What one does ---- */

  function enter() {
    var wanted = find('name').value;
    problem('');
    if (socket.connected) {
      name = wanted;
      socket.emit('add user', wanted);
    } else {
      problem('There is no connection yet; your name is kept.');
    }
  }

  function stopTyping() {
    clearTimeout(pause);
    if (isTyping) {
      isTyping = false;
      socket.emit('stop typing');
    }
  }

  function typed() {
    clearTimeout(pause);
    pause = setTimeout(stopTyping, PAUSE);
    if (!isTyping && socket.connected && find('message').value) {
      isTyping = true;
      socket.emit('typing');
    }
  }

  /* What the server does not take, or may not have heard, stands again on the line it was written on. */
  function giveBack(text) {
    var field = find('message');
    field.value = field.value ? text + ' ' + field.value : text;
  }

  /* The line is free at once for what comes next: an answer may be long in coming. */
  function say() {
    var field = find('message'), said = { text: field.value };
    if (!/\S/.test(said.text)) {
      return;
    }
    problem('');
    if (!socket.connected) {
      problem('Not sent: there is no connection.');
      return;
    }
    stopTyping();
    field.value = '';
    unheard.push(said);
    socket.emit('new message', said.text, function (refusal) {
      unheard = without(unheard, said);
      if (refusal) {
        giveBack(said.text);
      } else {
        message(name + ' (you)', said.text);
      }
    });
  }

  function whenSubmitted(id, act) {
    find(id).onsubmit = function () {
      act();
      return false;
    };
  }

  /* ---- What comes ---- */

  function entered(login) {
    var isBack = root.getAttribute('data-state') === 'offline';
    state('chatting', 'Connected.');
    people(login.numUsers);
    find('entrance').hidden = true;
    find('room').hidden = false;
    notice(isBack ? 'You are back.' : 'Welcome, ' + name + '.');
    if (!isBack) {
      find('message').focus();
    }
  }

  function connected() {
    if (name && !find('room').hidden) {
      if (!socket.recovered) {
        socket.emit('add user', name);
      }
    } else {
      state('naming', 'Connected.');
    }
  }

  function lost(why) {
    isTyping = false;
    while (unheard.length) {
      giveBack(unheard.pop().text);
    }
    showWriters([]);
    state('offline', 'The connection is lost (' + why + '). Trying again.');
  }

  function listen() {
    socket.on('connect', connected);
    socket.on('disconnect', lost);
    socket.on('connect_error', function (error) {
      if (socket.active === false) {
        state('offline', 'The server refuses this page: ' + error.message + '.');
      } else {
        lost(error.message);
      }
    });
    socket.on('login', entered);
    socket.on('refused', function (refusal) {
      problem(refusal.reason);
    });
    socket.on('new message', function (news) {
      showWriters(without(writers, news.username));
      message(news.username, news.message);
    });
    socket.on('user joined', function (news) {
      notice(news.username + ' has come.');
      people(news.numUsers);
    });
    socket.on('user left', function (news) {
      showWriters(without(writers, news.username));
      notice(news.username + ' has left.');
      people(news.numUsers);
    });
    socket.on('typing', function (news) {
      showWriters(without(writers, news.username).concat(news.username));
    });
    socket.on('stop typing', function (news) {
      showWriters(without(writers, news.username));
    });
  }

  if (!window.io) {
    state('offline', 'The client script did not come.');
    return;
  }
  socket = window.io(document.body.getAttribute('data-namespace'), token());
  listen();
  whenSubmitted('entrance', enter);
  whenSubmitted('desk', say);
  find('message').oninput = typed;
  log.onscroll = scrolled;
  window.onresize = follow;
  /* Others hear at once that one has gone, and not after the timeout of a page that a browser keeps for coming back. */
  window.onpagehide = function () {
    socket.disconnect();
  };
  window.onpageshow = function (event) {
    if (event.persisted) {
      socket.connect();
    }
  };

  /* A server that wants a token is opened with it in the page's own address. */
  function token() {
    var found = /[?&]token=([\w\-]+)/.exec(location.search);
    return found ? { query: { token: found[1] } } : {};
  }
}());
