"""Each limit that a flag sets, one past it: what the client hears, in its protocol's own words, and what goes on."""

import contextlib

import pytest

from engine_wire import EngineSocket, Polling, target
from generations_wire import Polling3, Session09, Socket3, Socket09, event09, target3
from http_wire import Closed, Connection, get
from websocket_wire import CONTINUATION, HANDSHAKE, PING, TEXT, WebSocket, encoded

#: Longer than a test's own steps and shorter than any default: what ends within it ended for its own reason.
SHORT = "400ms"


def test_a_field_too_many_is_answered_431(serve):
    server = serve("--interval", "10m", "--max-header-fields", "20")
    # With `Host`, 20 and 21 of them.
    more = {f"X-{number}": "y" for number in range(19)}
    assert get(server.port, "/healthz", more).status == 200
    with Connection(server.port) as link:
        answer = link.ask("GET", "/healthz", more | {"X-Last": "y"})
        assert (answer.status, answer.text) == (431, "The head of the request is too large.\n")
        assert link.ended()


def test_a_head_too_long_is_answered_431(serve):
    server = serve("--interval", "10m", "--max-head", "2000")
    assert get(server.port, "/healthz", {"X": "y" * 1500}).status == 200
    assert get(server.port, "/healthz", {"X": "y" * 2500}).status == 431


@pytest.mark.parametrize("before, filling", [("", "\r\n"), ("GET /healthz HTTP/1.1\r\nHost:", " ")])
def test_what_a_parser_passes_over_is_bounded(serve, before, filling):
    """Empty lines before a request and blanks before a value are no head, and are read for the time of one."""
    server = serve("--interval", "10m", "--max-head", "2000", "--head-timeout", "10m")
    few = filling * (1000 // len(filling))
    with Connection(server.port) as link:
        link.send((before or few) + (few if before else "GET /healthz HTTP/1.1\r\nHost:") + " x\r\n\r\n")
        assert link.answer().status == 200
    with Connection(server.port) as link:
        link.send(before)
        with contextlib.suppress(OSError):
            for _ in range(100):
                link.send(few)
        assert link.answer().status == 431
        assert link.ended()


def test_a_client_that_always_asks_one_ahead_goes_on(serve):
    server = serve("--interval", "20ms", "--max-head", "1024")
    question = f"GET /sse?from=44 HTTP/1.1\r\nHost: x\r\nX: {'y' * 500}\r\n\r\n"
    with Connection(server.port) as link:
        link.send(question)
        for _ in range(12):
            link.send(question)
            assert link.answer().status == 200


# Packets


def test_a_packet_too_many_ends_a_session_of_engine_4(serve):
    server = serve("--interval", "10m", "--with", "echo", "--max-packets", "5")
    with Polling(server.port) as session:
        session.join()
        echoes = [f'42["echo",{number}]' for number in range(5)]
        session.post(*echoes)
        heard = []
        while len(heard) < 5:
            heard += session.poll()
        assert heard == echoes
        # As in the reference the POST itself is taken, and the session is over.
        session.post(*echoes, '42["echo",5]')
        assert session.gone()


def test_a_packet_too_many_ends_a_session_of_engine_3(serve):
    server = serve("--interval", "10m", "--with", "echo", "--max-packets", "5")
    with Polling3(server.port) as session:
        session.settled()
        echoes = [f'42["echo",{number}]' for number in range(5)]
        session.post(*echoes)
        session.expect(*echoes)
        session.post(*echoes, '42["echo",5]')
        assert session.gone()


def test_packets_of_0_9_beyond_the_limit_are_not_heard(serve):
    """There a bad packet does not end a connection."""
    server = serve("--interval", "10m", "--with", "echo", "--max-packets", "5")
    with Session09(server.port) as session:
        session.settled()
        session.post(*(event09("echo", number) for number in range(7)))
        session.post(event09("echo", "after"))
        heard = []
        while not any("after" in packet for packet in heard):
            heard += session.poll()
        assert heard[-1] == '5:::{"name":"echo","args":["after"]}'
        assert len(heard) <= 6, "the five, or none of them, and the last"


# Fragments


@pytest.mark.parametrize("kind", [WebSocket, EngineSocket, Socket3, Socket09])
def test_a_fragment_too_many_closes_with_1009(serve, kind):
    server = serve("--interval", "10m", "--max-fragments", "4")
    with kind(server.port) as link:
        for _ in range(2):
            link.send(encoded(TEXT, b"", fin=False) + encoded(CONTINUATION, b"", fin=False) * 2)
            # A control frame between them counts as none.
            assert link.alive()
            link.send(encoded(CONTINUATION, b"6" if kind is not Socket09 else b"2::"))
            assert link.alive()
        link.send(encoded(TEXT, b"", fin=False) + encoded(CONTINUATION, b"", fin=False) * 4)
        frame = link.closed()
        assert (frame.code, frame.payload[2:]) == (1009, b"too many fragments")


# Namespaces


def test_a_namespace_too_many_is_refused_alone(serve):
    server = serve("--interval", "10m", "--with", "hello,got-it,echo", "--max-namespaces", "2")
    with EngineSocket(server.port) as link:
        link.join()
        link.say_text("40/echo,")
        while not (packet := link.message()).startswith("40/echo,{"):
            assert packet.startswith("42"), packet
        link.say_text("40/chat,")
        assert link.message() == '44/chat,{"message":"Too many namespaces"}'
        # Who leaves one has room for another.
        link.say_text("41/echo,")
        link.say_text("40/echo,")
        assert link.message().startswith("40/echo,{")


def test_a_namespace_too_many_before_revision_4(serve):
    server = serve("--interval", "10m", "--with", "echo", "--max-namespaces", "1")
    with Socket3(server.port) as link:
        link.settled().says("40/echo", '44/echo,"Too many namespaces"')
    with Socket09(server.port) as link:
        link.settled().say_text("1::/echo")
        assert link.message() == "7::/echo:2"


# Sessions


def test_a_session_too_many_is_answered_503(serve):
    flags = ["--interval", "10m", "--threads", "1", "--max-sessions", "3", "--log-format", "json"]
    server = serve(*flags, "--connect-timeout", "10m")
    with Polling(server.port) as first, Polling3(server.port), EngineSocket(server.port):
        for path in (
            target(transport="polling"),
            target(transport="websocket"),
            target3(transport="polling"),
            "/socket.io/1/",
        ):
            answer = get(server.port, path, HANDSHAKE if "websocket" in path else {})
            assert (answer.status, answer.body) == (503, b'{"error":"too many sessions"}'), path
        # Who reads without a session is no session; who has one goes on; who leaves makes room.
        with WebSocket(server.port) as link:
            assert link.message()
        first.join()
        first.post("1")
        assert server.settles(sessions=2)
        assert get(server.port, "/socket.io/1/").status == 200
    said = [line for line in server.complaints.splitlines() if "too many sessions" in line]
    assert len(said) == 1 and "--max-sessions" in said[0]


# Messages that do not end

#: What a client sends and stays: parts of a frame, and of a message.
PARTS = {
    "a byte": b"\x81",
    "half a length": b"\x81\xfe\x01",
    "half a mask": b"\x81\x85\0\0",
    "half a payload": encoded(TEXT, b"6" * 10)[:-5],
    "half a ping": encoded(PING, b"x" * 10)[:-5],
    "a fragment": encoded(TEXT, b"6", fin=False),
    "a whole message and half of the next": encoded(PING) + encoded(TEXT, b"6" * 10)[:-5],
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", [WebSocket, EngineSocket])
def test_a_message_that_does_not_end_closes_with_1008(serve, kind, part):
    server = serve("--interval", "10m", "--message-timeout", SHORT, "--log-format", "json")
    with kind(server.port) as link, kind(server.port) as silent:
        link.send(PARTS[part])
        frame = link.closed()
        assert (frame.code, frame.payload[2:]) == (1008, b"message timeout")
        assert link.rest() == b""
        # Saying nothing at all is no message.
        assert silent.alive()
    said = [line for line in server.complaints.splitlines() if "message timeout" in line]
    assert len(said) == 1 and "--message-timeout" in said[0]


def test_pings_do_not_lengthen_the_time_of_a_message(serve):
    server = serve("--interval", "10m", "--message-timeout", SHORT)
    with WebSocket(server.port) as link:
        link.say(TEXT, b"6", fin=False)
        answered = 0
        while link.alive():
            answered += 1
        assert answered > 0


def test_a_client_that_finishes_its_messages_is_not_limited(serve):
    """However it cuts them: one read ends within the next message, always."""
    server = serve("--interval", "10m", "--message-timeout", SHORT, "--with", "echo")
    timer = "--message-timeout", SHORT, "--interval", "10m"
    with EngineSocket(server.port) as link, WebSocket(serve(*timer).port) as clock:
        link.join()
        clock.say(TEXT, b"6", fin=False)
        piece = encoded(TEXT, b'42["echo",1]')
        link.send(piece[:5])
        clock.socket.settimeout(0.02)
        # The other server, told the same, closes the one that does not finish: then the time is up.
        ended, unfinished = False, b""
        while not ended:
            link.send(piece[5:] + piece[:5])
            while link.message() != '42["echo",1]':
                pass
            try:
                unfinished += clock.receive()
            except TimeoutError:
                pass
            except Closed:
                ended = True
        assert b"\x03\xf0" in unfinished
        link.send(piece[5:])
        assert link.alive()


def test_half_a_message_ends_its_session_too(serve):
    server = serve("--interval", "10m", "--message-timeout", SHORT)
    with EngineSocket(server.port) as link:
        link.join()
        link.send(b"\x81")
        assert server.settles(sessions=0, readers=0)


# The chunks of a body


def chunked(port, pieces):
    """A POST in chunks: the answer, however much of it has been taken."""
    with Connection(port) as link:
        link.request("POST", "/", {"Transfer-Encoding": "chunked"})
        try:
            for piece in pieces:
                link.send(piece)
        except OSError:
            pass
        return link.answer()


#: What stands beside a body in its chunks, and goes on for ever.
BESIDE = {
    "an extension": (b"5", b";name=value" * 100),
    "an extension in quotes": (b'5;name="', b"value" * 200),
    "extensions of small chunks": (b"", b"1;" + b"x" * 1000 + b"\r\na\r\n"),
    "zeros before a size": (b"", b"0" * 1000),
    "trailers": (b"0\r\n", b"X: " + b"y" * 1000 + b"\r\n"),
}


@pytest.mark.parametrize("case", BESIDE)
def test_what_stands_beside_a_body_is_bounded(serve, case):
    server = serve("--interval", "10m", "--max-head", "4096", "--body-timeout", "10m")
    begin, more = BESIDE[case]

    def pieces():
        yield begin
        # Far less than the system's own buffers would swallow of a server that reads on: it answers in the midst.
        for _ in range(64):
            yield more

    assert chunked(server.port, pieces()).status in (400, 413, 431)


def test_small_chunks_are_as_good_as_large_ones(serve):
    server = serve("--interval", "10m", "--max-head", "1024")
    with Polling(server.port) as session, Connection(server.port) as link:
        session.join()
        body = b'42["x","' + b"y" * 5000 + b'"]'
        link.request("POST", session.target, {"Transfer-Encoding": "chunked", "Content-Type": "text/plain"})
        for byte in body:
            link.send(b"1\r\n%c\r\n" % byte)
        link.send(b"0\r\n\r\n")
        assert link.answer().body == b"ok"
