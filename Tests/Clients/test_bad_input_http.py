"""HTTP that is wrong, slow or too much: an answer in HTTP's own words, an end, and nobody else notices."""

import random

import pytest

from engine_wire import EngineSocket, Polling, target
from http_wire import Closed, Connection, ask, get
from server import serving
from websocket_wire import HANDSHAKE, WebSocket


@pytest.mark.parametrize(
    "request_",
    [
        "complete nonsense\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "GET / HTTP/1.1\r\nHost x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
    ids=lambda text: repr(text)[:60],
)
def test_what_is_not_http_is_refused_and_the_connection_ends(unharmed, request_):
    with Connection(unharmed.port) as link:
        link.send(request_.encode("latin-1"))
        said = link.rest()
        assert said == b"" or said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5", b"HTTP/1.0 4")), said
        assert said.count(b"HTTP/1.1 2") == 0


def test_random_bytes_do_no_harm(unharmed):
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    print(f"seed {seed}")
    whole = [
        b"GET /sse HTTP/1.1\r\nHost: x\r\n\r\n",
        target(transport="polling").encode(),
        b"POST "
        + target(transport="polling", sid="x").encode()
        + b" HTTP/1.1\r\nContent-Length: 2\r\n\r\n40",
        b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
    ]
    for _ in range(300):
        data = bytearray(dice.choice(whole) if dice.random() < 0.7 else dice.randbytes(dice.randrange(200)))
        for _ in range(dice.randrange(8)):
            data.insert(dice.randrange(len(data) + 1), dice.randrange(256))
        with Connection(unharmed.port) as link:
            try:
                link.send(bytes(data))
            except OSError:
                pass
            link.reset()
    assert get(unharmed.port, "/healthz").status == 200


def test_random_frames_do_no_harm(unharmed):
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    print(f"seed {seed}")
    for path in ["/ws", target(transport="websocket")] * 60:
        with WebSocket(unharmed.port, path) as link:
            try:
                link.send(dice.randbytes(dice.randrange(1, 300)))
                link.send(dice.randbytes(dice.randrange(1, 300)))
            except OSError:
                pass
            link.reset()
    assert get(unharmed.port, "/healthz").status == 200


def test_a_head_above_the_limit_is_refused(unharmed):
    for line in "X-Long: " + "x" * 20_000, "\r\n".join(f"X-{number}: {'x' * 100}" for number in range(200)):
        with Connection(unharmed.port) as link:
            try:
                link.send(f"GET / HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n")
            except OSError:
                pass
            answer = link.answer()
            assert answer.status == 431
            link.rest()


def test_an_address_above_the_limit_is_refused(unharmed):
    with Connection(unharmed.port) as link:
        link.request("GET", "/" + "x" * 20_000)
        assert link.answer().status in (414, 431)


def test_a_head_without_an_end_is_cut_off(unharmed):
    with Connection(unharmed.port) as link:
        link.send("GET / HTTP/1.1\r\n")
        with pytest.raises(OSError):
            for _ in range(1000):
                link.send("X-More: " + "x" * 10_000 + "\r\n")


def test_a_head_near_the_limit_is_taken(unharmed):
    assert get(unharmed.port, "/healthz", {"X-Long": "x" * 15_000}).status == 200


def test_a_body_nobody_wants_is_bounded(unharmed):
    with Connection(unharmed.port) as link:
        link.request("POST", "/", {"Transfer-Encoding": "chunked"})
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        with pytest.raises((OSError, Closed)):
            for _ in range(2000):
                link.send(chunk)
            link.send(b"0\r\n\r\n")
            link.head()
            raise AssertionError("128 MB were taken for a request that has no use for a body")


@pytest.mark.parametrize("protocol", ["h2c", "foo", "TLS/1.0", "h2c, foo"])
def test_an_upgrade_to_something_else_is_answered_as_if_not_asked(unharmed, protocol):
    headers = {
        "Connection": "Upgrade, HTTP2-Settings",
        "Upgrade": protocol,
        "HTTP2-Settings": "AAMAAABkAAQAAP__",
    }
    for path, mark in [("/", "</html>"), (target(transport="polling"), "pingInterval")]:
        with Connection(unharmed.port) as link:
            answer = link.ask("GET", path, headers)
            assert answer.status == 200 and mark in answer.text
            # A parser may be at a loss about what follows; then the connection has to end, and say so.
            if answer.header("Connection").lower() == "close":
                assert link.ended()
            else:
                assert link.ask("GET", "/healthz").status == 200


def test_a_websocket_may_be_one_of_several_protocols_offered(unharmed):
    with Connection(unharmed.port) as link:
        link.request("GET", "/ws", HANDSHAKE | {"Upgrade": "h2c, websocket"})
        assert link.head().status in (101, 400)


@pytest.mark.parametrize("method", ["BREW", "TRACE", "CONNECT"])
def test_an_unknown_method_is_refused(unharmed, method):
    with Connection(unharmed.port) as link:
        link.request(method, "/" if method != "CONNECT" else "x:1")
        assert link.answer().status in (400, 404, 405, 501)


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/socket.io/../../../../etc/passwd",
        "/%00",
        "/%zz",
        "/%",
        "/index.html%00.txt",
        "/....//etc/passwd",
    ],
)
def test_no_path_leads_out(unharmed, path):
    answer = get(unharmed.port, path)
    assert b"root:" not in answer.body
    assert answer.status < 500


# Those who take their time


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A server that waits for nothing longer than a fifth of a second."""
    limits = [
        word
        for name in ("head", "body", "idle", "connect", "upgrade")
        for word in (f"--{name}-timeout", "200ms")
    ]
    with serving(tmp_path_factory, "impatient", "--interval", "10m", *limits) as server:
        yield server


@pytest.mark.parametrize("start", ["", "G", "GET / HTTP/1.1\r\nHost: x\r\n"], ids=repr)
def test_a_head_that_does_not_come_is_not_waited_for(impatient, start):
    with Connection(impatient.port) as link:
        link.send(start)
        assert link.rest()[:12] in (b"", b"HTTP/1.1 408")


def test_a_head_that_trickles_is_not_waited_for(impatient):
    with Connection(impatient.port) as link, pytest.raises((OSError, Closed)):
        link.send("GET / HTTP/1.1\r\n")
        link.socket.settimeout(0.05)
        for _ in range(400):
            link.send("X: y\r\n")
            try:
                link.receive()
            except TimeoutError:
                pass


def test_a_body_that_does_not_come_is_not_waited_for(impatient):
    with Polling(impatient.port) as session:
        session.posts.request("POST", session.target, {"Content-Length": "10"})
        session.posts.send("40")
        assert session.posts.rest()[:12] in (b"", b"HTTP/1.1 408")


def test_a_connection_without_a_request_is_ended(impatient):
    with Connection(impatient.port) as link:
        assert link.ask("GET", "/healthz").status == 200
        assert link.ended()


def test_a_reading_outlives_every_limit_for_requests(impatient, poem):
    with Connection(impatient.port) as link, WebSocket(impatient.port) as socket:
        link.request("GET", "/sse")
        assert link.body_until(link.head(), poem[0].split("\n")[0].encode())
        socket.message()
        with Connection(impatient.port) as idle:
            assert idle.ended()
        assert socket.alive()
        link.socket.settimeout(0.01)
        with pytest.raises(TimeoutError):
            link.receive()


def test_an_engine_session_that_never_joins_is_ended(impatient):
    with Polling(impatient.port) as session:
        assert session.poll()[-1] == "1"
        assert session.gone()
    with EngineSocket(impatient.port) as link:
        assert link.ending()[1].code is None


def test_an_upgrade_that_is_not_finished_is_ended_and_polling_goes_on(impatient):
    with Polling(impatient.port) as session:
        session.join()
        with EngineSocket(impatient.port, sid=session.sid) as link:
            link.say_text("2probe")
            assert link.message() == "3probe"
            assert link.closed().code is None
        # On a connection of its own: the session's have been idle for too long here.
        assert ask(impatient.port, "POST", session.target, body="3").status == 200
