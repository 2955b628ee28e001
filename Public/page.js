/*
 * The page: asks one of four transports for the text and sets what comes.
 *
 * <html> carries the state for whoever looks from outside: data-state (connecting, reading, over, offline),
 * data-transport (polling, websocket, raw, sse) and data-position (the number of the last stanza).
 */
(function () {
  'use strict';

  var root = document.documentElement;
  var poem = document.getElementById('poem');
  var count = +poem.getAttribute('data-count') || 0;
  var query = parameters(location.search);
  var position = /^\d{1,9}$/.test(query.from) && +query.from <= count ? +query.from : 0;
  var raws = /\/server-faye\.js$/.test(location.pathname);

  function parameters(search) {
    var result = {};
    var pairs = search.slice(1).split('&');
    for (var i = 0; i < pairs.length; i++) {
      var pair = pairs[i].split('=');
      try {
        result[pair[0]] = decodeURIComponent((pair[1] || '').replace(/\+/g, ' '));
      } catch (malformed) {
        /* Not an encoding: as if it were not there. */
      }
    }
    return result;
  }

  function write(id, text) {
    var element = document.getElementById(id);
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }

  function state(name, sentence) {
    if (root.getAttribute('data-state') !== 'over') {
      root.setAttribute('data-state', name);
      write('status', sentence);
    }
  }

  function isOver() {
    return root.getAttribute('data-state') === 'over';
  }

  function reading() {
    state('reading', 'Reading.');
  }

  function over() {
    state('over', 'The reading is over.');
  }

  function lost(why) {
    state('offline', 'The connection is lost (' + why + '). Trying again, from the same place.');
  }

  function transport(name) {
    root.setAttribute('data-transport', name);
    write('transport', { polling: 'long polling', websocket: 'WebSocket', raw: 'plain WebSocket',
      sse: 'server-sent events' }[name] || name);
  }

  /* The number the server gave, or one more than the last: the raw transport has no room for it. */
  function arrived(text, cursor) {
    var follows = atEnd();
    position = /^\d+$/.test(cursor) ? +cursor : count && position >= count ? 1 : position + 1;
    root.setAttribute('data-position', position);
    write('position', count ? position + ' of ' + count : String(position));
    poem.appendChild(stanza(text));
    if (follows) {
      window.scrollTo(0, root.scrollHeight);
    }
    reading();
  }

  function stanza(text) {
    var paragraph = document.createElement('p');
    var verses = text.split('\n');
    paragraph.className = 'stanza';
    paragraph.setAttribute('data-number', position);
    paragraph.dir = 'auto';
    for (var i = 0; i < verses.length; i++) {
      var verse = document.createElement('span');
      verse.className = 'verse';
      verse.appendChild(document.createTextNode(verses[i] + (i + 1 < verses.length ? '\n' : '')));
      paragraph.appendChild(verse);
    }
    return paragraph;
  }

  /* Whoever has scrolled back to read again is left there. */
  function atEnd() {
    return root.scrollHeight - (window.pageYOffset || root.scrollTop) - window.innerHeight < 80;
  }

  function resuming(address) {
    var parts = [];
    if (position) {
      parts.push('from=' + position);
    }
    if (query.token) {
      parts.push('token=' + encodeURIComponent(query.token));
    }
    return parts.length ? address + '?' + parts.join('&') : address;
  }

  function overSocketIO(transports) {
    var options = { transports: transports };
    if (query.token) {
      options.query = { token: query.token };
    }
    if (position) {
      options.auth = { offset: String(position) };
    }
    var socket = window.io(options);
    socket.on('connect', function () {
      transport(socket.io.engine.transport.name);
      reading();
    });
    socket.io.on('upgrade', function (to) {
      transport(to.name);
    });
    socket.on('disconnect', function (reason) {
      if (reason === 'io server disconnect') {
        over();
      } else {
        lost(reason);
      }
    });
    socket.on('connect_error', function (error) {
      if (socket.active) {
        state('offline', 'No connection (' + error.message + '). Trying again.');
      } else {
        state('offline', 'The server refused: ' + error.message);
      }
    });
    socket.on(poem.getAttribute('data-event'), arrived);
  }

  /* A bare websocket. It says by its close code whether the reading is over; its cursor is ours to count. */
  function overWebSocket(address) {
    var wait = 500;
    transport('raw');
    (function open() {
      var ws = new WebSocket(resuming(address));
      ws.onopen = function () {
        wait = 500;
        reading();
      };
      ws.onmessage = function (event) {
        arrived(event.data);
      };
      ws.onclose = function (event) {
        if (event.code === 1000) {
          over();
        } else {
          lost('close ' + event.code);
          wait = Math.min(wait * 2, 5000);
          setTimeout(open, wait * (0.5 + Math.random() / 2));
        }
      };
    }());
  }

  /* The browser itself comes back with the last id; only when it gives up is it asked anew. */
  function overEvents() {
    transport('sse');
    (function open() {
      var source = new EventSource(resuming('sse'));
      source.onopen = reading;
      source.onmessage = function (event) {
        arrived(event.data, event.lastEventId);
      };
      source.onerror = function () {
        if (count && position >= count) {
          source.close();
          over();
        } else {
          lost('transport error');
          if (source.readyState === 2) {
            setTimeout(open, 3000);
          }
        }
      };
    }());
  }

  function start(way) {
    var base = location.protocol.replace('http', 'ws') + '//' + location.host + location.pathname;
    if (way === 'raw') {
      overWebSocket(raws ? base + '/ws' : base.replace(/[^\/]*$/, 'ws'));
    } else if (way === 'sse' || !window.io && window.EventSource) {
      overEvents();
    } else if (window.io) {
      overSocketIO(/^(polling|websocket)$/.test(way) ? [way] : ['polling', 'websocket']);
    } else {
      state('offline', 'The client script did not come.');
    }
  }

  start(query.transport || (raws ? 'raw' : ''));
}());
