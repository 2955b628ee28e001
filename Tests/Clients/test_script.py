"""The client script's API in Chromium: a page written for 0.9 and one written for 4.x, each in its own words."""

import json

import pytest

from generations_relay import Relay
from server import serving
from test_page_access import Site

FLAGS = ["--interval", "10m", "--with", "hello,got-it,echo"]

#: What happens is kept, and the test waits for it.
NOTES = """<script>
var happened = [], waiting = [];
function note(name, args) { happened.push([name].concat(args)); waiting = waiting.filter(one => !one()); }
function after(name) { return new Promise(done => {
    const look = () => { const found = happened.find(one => one[0] === name); if (found) done(found.slice(1)); return found; };
    if (!look()) waiting.push(look);
}); }
function watch(socket, names) { names.split(' ').forEach(name =>
    socket.on(name, (...args) => note(name, args.map(one => one instanceof Error ? one.message : one)))); return socket; }
</script>"""


@pytest.fixture(scope="module")
def talking(tmp_path_factory):
    """A server with the small applications beside the reading."""
    with serving(tmp_path_factory, "talking", *FLAGS) as server:
        yield server


@pytest.fixture
def elsewhere(browser, talking):
    """Opens a page of another origin that has the client script, and runs a script in it."""
    with Site(f'<script src="http://127.0.0.1:{talking.port}/dante/socket.io/socket.io.js"></script>{NOTES}') as site:
        with browser.open(f"http://127.0.0.1:{site.server_port}/") as page:
            page.loaded()
            page.base = f"http://127.0.0.1:{talking.port}"
            yield page


def run(page, body):
    """The value that an asynchronous function body gives."""
    return json.loads(page.evaluate(f"(async () => {{ {body} }})().then(one => JSON.stringify(one === undefined ? null : one))"))


def requests(page):
    """What was asked for below the resource."""
    return [url for _, url in page.requests if "EIO=4" in url] + page.sockets


TRANSPORTS = ["polling", "jsonp", "websocket"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_page_written_for_4(elsewhere, transport):
    """`io({path})` with what Socket.IO 4 documents."""
    found = run(
        elsewhere,
        f"""
        const socket = watch(io('{elsewhere.base}', {{path: '/some/prefix/socket.io/', transports: ['{transport}'],
            query: {{x: 'a b'}}, auth: {{token: 't'}}, reconnection: true, reconnectionDelay: 10}}), 'connect disconnect');
        await after('connect');
        const answer = await new Promise(done => socket.emit('echo', 'one', {{two: [2]}}, (...args) => done(args)));
        const bytes = await new Promise(done => socket.emit('echo', new Uint8Array([1, 2, 255]), {{deep: new Uint8Array([7]).buffer}},
            (a, b) => done([Array.from(new Uint8Array(a)), Array.from(new Uint8Array(b.deep))])));
        const once = [];
        socket.once('echo', one => once.push(one));
        let heard = 0; const off = () => heard++;
        socket.on('echo', off); socket.off('echo', off);
        for (const text of ['first', 'a\\\\nb "é😀\\u2028" \\n \\\\\\\\n', 'last']) {{
            await new Promise(done => socket.emit('echo', text, back => {{ once.push(back === text); done(); }}));
        }}
        const sent = await new Promise(done => socket.send('hi', done));
        const engine = socket.io.engine, state = [socket.connected, socket.disconnected, typeof socket.id, engine.transport.name];
        socket.disconnect();
        return {{answer, bytes, once, heard, sent, state, left: (await after('disconnect'))[0], after: socket.connected}};
        """,
    )
    assert found == {
        "answer": ["one", {"two": [2]}],
        "bytes": [[1, 2, 255], [7]],
        "once": ["first", True, True, True],
        "heard": 0,
        "sent": "Got it!",
        "state": [True, False, "string", transport],
        "left": "io client disconnect",
        "after": False,
    }
    assert all("/some/prefix/socket.io/?EIO=4" in url and "x=a%20b" in url for url in requests(elsewhere))


def test_volatile_and_timeout(elsewhere):
    found = run(
        elsewhere,
        """
        const socket = io({transports: ['websocket'], autoConnect: false}), order = [];
        socket.volatile.emit('echo', 'dropped');
        socket.emit('echo', 'kept');
        await new Promise(done => socket.timeout(30).emit('echo', 'late', error => { order.push(error.message); done(); }));
        socket.on('echo', one => order.push(one));
        socket.connect();
        await new Promise(done => socket.timeout(20000).emit('echo', 'asked', (error, back) => { order.push(error, back); done(); }));
        await new Promise(done => { socket.volatile.emit('echo', 'now', done); });
        await new Promise(done => socket.timeout(50).emit('nobody answers', error => { order.push(error.message); done(); }));
        await new Promise(done => socket.volatile.timeout(20000).emit('echo', 'both', (error, back) => { order.push(back); done(); }));
        let threw = ''; try { socket.emit('connect'); } catch (error) { threw = error.message; }
        return [order, threw];
        """,
    )
    order, threw = found
    assert [one for one in order if one not in ("now",)] == [
        "operation has timed out", "kept", "asked", None, "asked", "operation has timed out", "both", "both",
    ]
    assert threw == '"connect" is a reserved event name'


def test_who_waits_for_an_answer_hears_of_the_disconnection(browser, talking):
    """As in 4.x: behind `disconnect`, and only who asked with a timeout; what is said later is said when it is back."""
    with Relay(talking.port) as relay:
        with Site(f'<script src="http://127.0.0.1:{relay.port}/socket.io/socket.io.js"></script>{NOTES}') as site:
            with browser.open(f"http://127.0.0.1:{site.server_port}/") as page:
                page.loaded()
                run(
                    page,
                    """
                    window.socket = io({transports: ['websocket'], reconnectionDelay: 10});
                    await new Promise(done => socket.on('connect', done));
                    socket.timeout(600000).emit('nobody answers', error => note('failed', [error.message]));
                    socket.emit('nobody answers', () => note('answered', []));
                    socket.on('disconnect', () => {
                        note('disconnect', []);
                        socket.timeout(600000).emit('echo', 1, (error, back) => note('back', [error, back]));
                    });
                    """,
                )
                relay.cut()
                assert run(page, "await after('back'); return happened;") == [
                    ["disconnect"], ["failed", "socket has been disconnected"], ["back", None, 1],
                ]


def test_namespaces_share_one_connection(elsewhere):
    found = run(
        elsewhere,
        """
        const root = io('/'), echo = io('/echo'), none = watch(io('/nowhere'), 'connect_error');
        await Promise.all([root, echo].map(one => new Promise(done => one.on('connect', done))));
        const error = await after('connect_error');
        const back = await new Promise(done => echo.emit('echo', 1, done));
        const manager = new io.Manager('', {autoConnect: false}), other = manager.socket('/echo').connect();
        await new Promise(done => other.on('connect', done));
        return [root.io === echo.io, root.id !== echo.id, error, back, none.active, other.io !== root.io, io('/echo', {forceNew: true}).io !== root.io];
        """,
    )
    assert found == [True, True, ["Invalid namespace"], 1, False, True, True]
    handshakes = [url for url in requests(elsewhere) if "sid=" not in url]
    assert len(handshakes) == 3


@pytest.mark.parametrize("transports", ["['xhr-polling']", "['jsonp-polling']", "['websocket']", "['websocket', 'htmlfile', 'xhr-polling']"])
def test_a_page_written_for_0_9(elsewhere, transports):
    """`io.connect(address, {resource})` with what the official client of 0.9 documents."""
    found = run(
        elsewhere,
        f"""
        const socket = watch(io.connect('{elsewhere.base}', {{resource: 'some/prefix/socket.io', transports: {transports},
            'reconnection delay': 10, 'max reconnection attempts': 3, 'force new connection': true}}),
            'connecting connect connect_failed message disconnect reconnecting reconnect reconnect_failed error');
        await after('connect');
        const hello = await new Promise(done => {{ socket.on('helloBack', done); socket.emit('sendMessage', {{a: 1}}); }});
        const sent = await new Promise(done => socket.send('hi', done));
        const echo = socket.of('/echo');
        const back = await new Promise(done => echo.on('connect', () => echo.emit('echo', 'x', done)));
        const state = [socket.socket.connected, typeof socket.socket.sessionid, typeof socket.socket.transport.name];
        socket.disconnect();
        return [hello, sent, back, state, happened.map(one => one[0])];
        """,
    )
    hello, sent, back, state, names = found
    assert (hello, sent, back) == ({"message": "Hello back!"}, "Got it!", "x")
    assert state == [True, "string", "string"]
    assert names == ["connecting", "connect", "disconnect"]


def test_the_events_of_reconnection(browser, talking):
    with Relay(talking.port) as relay:
        with Site(f'<script src="http://127.0.0.1:{relay.port}/socket.io/socket.io.js"></script>{NOTES}') as site:
            with browser.open(f"http://127.0.0.1:{site.server_port}/") as page:
                page.loaded()
                run(
                    page,
                    """
                    window.socket = watch(io({transports: ['websocket'], reconnectionDelay: 20, reconnectionDelayMax: 40}),
                        'connect disconnect connect_error reconnecting');
                    watch(socket.io, 'reconnect_attempt reconnect_error reconnect open close');
                    await after('connect');
                    socket.on('connect', () => note('again', []));
                    """,
                )
                relay.cut(refused=2)
                found = run(page, "await after('again'); return happened;")
                names = [one[0] for one in found]
                assert names.count("connect_error") == 2 and names.count("reconnect_error") == 2
                assert [one[:2] for one in found if one[0] in ("disconnect", "reconnect", "close")] == [
                    ["disconnect", "transport close"], ["close", "transport close"], ["reconnect", 3],
                ]
                assert [one[1] for one in found if one[0] == "reconnect_attempt"] == [1, 2, 3]
                assert names.count("connect") == 2


def test_attempts_come_to_an_end(browser, talking):
    with Relay(talking.port) as relay:
        with Site(f'<script src="http://127.0.0.1:{relay.port}/socket.io/socket.io.js"></script>{NOTES}') as site:
            with browser.open(f"http://127.0.0.1:{site.server_port}/") as page:
                page.loaded()
                relay.cut(refused=1000)
                found = run(
                    page,
                    """
                    const old = watch(io.connect('', {reconnectionAttempts: 2, reconnectionDelay: 10}),
                        'connect_failed reconnecting reconnect_failed error');
                    watch(old.io, 'error reconnect_failed');
                    await after('reconnect_failed');
                    return happened.map(one => one[0]);
                    """,
                )
                assert found.count("reconnecting") == 2 and found.count("connect_failed") == 1
                assert "error" in found and found[-1] == "reconnect_failed"


# The order of ways


@pytest.mark.parametrize("transports", ["", "?transport=polling"])
def test_the_first_stanza_does_not_wait_for_a_websocket(browser, quick, poem, transports):
    """Behind something that swallows websockets the whole reading is over while the attempt still waits."""
    with Relay(quick.port) as relay:
        relay.swallows_upgrades = True
        with browser.open(f"http://127.0.0.1:{relay.port}/{transports}") as page:
            assert page.reaches("over")["stanzas"] == poem
            assert len(page.sockets) == (0 if transports else 1)
            assert {one["transport"] for one in page.seen if one["stanzas"]} == {"polling"}
            assert page.evaluate("Object.values(sessionStorage).join()") != "failed"


def test_what_failed_is_remembered_for_the_tab(browser, proxies, short_poem):
    port = proxies("nginx").port("short")
    with browser.open(f"http://127.0.0.1:{port}/dante/") as page:
        assert page.reaches("over")["stanzas"] == short_poem
        assert page.evaluate("Object.values(sessionStorage).join()") == "failed"
        tried = len(page.sockets)
        assert tried == 1
        page.go(f"http://127.0.0.1:{port}/dante/?from=1")
        page.wait(lambda one: one["state"] == "over" and "from=1" in one["url"], "over again")
        assert len(page.sockets) == tried


def test_a_websocket_that_dies_early_is_not_tried_for_ever(browser, serve, poem):
    server = serve("--interval", "100ms")
    with Relay(server.port) as relay, browser.open(f"http://127.0.0.1:{relay.port}/") as page:
        for _ in range(3):
            count = len(page.seen)
            page.until(
                lambda: any(one["transport"] == "websocket" and one["state"] == "reading" for one in page.seen[count:]),
                "reading over a websocket",
            )
            relay.cut()
        assert page.reaches("over")["stanzas"] == poem, page.account()
        assert len(page.sockets) == 3 and page.seen[-1]["transport"] == "polling"
