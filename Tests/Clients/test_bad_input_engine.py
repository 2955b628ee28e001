"""Engine.IO requests and packets that are wrong: each gets the protocol's own answer."""

import pytest

from engine_wire import EngineSocket, Polling, target
from http_wire import Connection, ask, get
from websocket_wire import HANDSHAKE, PING

MESSAGES = {
    0: "Transport unknown",
    1: "Session ID unknown",
    2: "Bad handshake method",
    3: "Bad request",
    5: "Unsupported protocol version",
}

LONG = "x" * 5000


def failed(answer, code):
    """Checks that an answer is error `code`, exactly as the protocol writes it."""
    assert answer.status == 400
    assert answer.header("Content-Type").startswith("application/json")
    assert answer.text == f'{{"code":{code},"message":"{MESSAGES[code]}"}}'
    assert answer.header("Access-Control-Allow-Origin") == "*"


# Handshakes


@pytest.mark.parametrize(
    "method, query, code",
    [
        ("GET", {}, 0),
        ("GET", {"transport": ""}, 0),
        ("GET", {"transport": "telepathy"}, 0),
        ("GET", {"transport": "webtransport"}, 0),
        ("GET", {"transport": "Polling"}, 0),
        ("GET", {"transport": "%00"}, 0),
        ("GET", {"transport": LONG}, 0),
        ("GET", {"transport": "polling", "sid": "unknown"}, 1),
        ("POST", {"transport": "polling", "sid": "unknown"}, 1),
        ("GET", {"transport": "polling", "sid": LONG}, 1),
        ("GET", {"transport": "polling", "sid": "%ff%fe"}, 1),
        ("GET", {"transport": "polling", "sid": "AAAAAAAAAAAAAAAAAAAA"}, 1),
        ("GET", {"transport": "polling", "sid": "../../etc/passwd"}, 1),
        ("POST", {"transport": "polling"}, 2),
        ("PUT", {"transport": "polling"}, 2),
        ("DELETE", {"transport": "polling"}, 2),
        ("GET", {"transport": "websocket"}, 3),
        ("GET", {"transport": "polling", "EIO": "5"}, 5),
        ("GET", {"transport": "polling", "EIO": "abc"}, 5),
        ("GET", {"transport": "polling", "EIO": "44"}, 5),
        ("GET", {"transport": "polling", "EIO": None}, 5),
        ("GET", {"transport": "polling", "EIO": "9" * 100}, 5),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_handshake_gets_its_error(unharmed, method, query, code):
    failed(ask(unharmed.port, method, target(**query), body="40" if method != "GET" else None), code)


def test_a_head_request_is_no_handshake(unharmed):
    sessions = unharmed.status()["sessions"]
    answer = ask(unharmed.port, "HEAD", target(transport="polling"))
    assert (answer.status, answer.body) == (400, b"")
    assert unharmed.status()["sessions"] == sessions


def test_a_session_keeps_its_transport(unharmed):
    with Polling(unharmed.port) as session:
        failed(get(unharmed.port, target(transport="websocket", sid=session.sid)), 3)
        session.post("3")
    with EngineSocket(unharmed.port) as link:
        failed(get(unharmed.port, target(transport="polling", sid=link.sid)), 3)
        failed(ask(unharmed.port, "POST", target(transport="polling", sid=link.sid), body="3"), 3)
        assert link.alive()


# Refused upgrades: the message itself, and the connection ends.


@pytest.mark.parametrize(
    "query, spoiled, message",
    [
        ({"transport": "telepathy"}, {}, "Transport unknown"),
        ({}, {}, "Transport unknown"),
        ({"transport": "websocket", "sid": "unknown"}, {}, "Session ID unknown"),
        ({"transport": "websocket", "EIO": "7"}, {}, "Unsupported protocol version"),
        ({"transport": "websocket", "EIO": None}, {}, "Unsupported protocol version"),
        (
            {"transport": "websocket"},
            {"Sec-WebSocket-Version": "12"},
            "Missing or invalid Sec-WebSocket-Version header",
        ),
        (
            {"transport": "websocket"},
            {"Sec-WebSocket-Version": None},
            "Missing or invalid Sec-WebSocket-Version header",
        ),
        (
            {"transport": "websocket"},
            {"Sec-WebSocket-Key": None},
            "Missing or invalid Sec-WebSocket-Key header",
        ),
        (
            {"transport": "websocket"},
            {"Sec-WebSocket-Key": "short"},
            "Missing or invalid Sec-WebSocket-Key header",
        ),
        (
            {"transport": "websocket"},
            {"Sec-WebSocket-Key": "?" * 24},
            "Missing or invalid Sec-WebSocket-Key header",
        ),
    ],
)
def test_a_wrong_upgrade_is_refused_in_words(unharmed, query, spoiled, message):
    with Connection(unharmed.port) as link:
        answer = link.ask("GET", target(**query), HANDSHAKE | spoiled)
        assert (answer.status, answer.text) == (400, message)
        assert answer.header("Content-Type").startswith("text/html")
        assert answer.header("Connection").lower() == "close"
        if "Version" in message and "Sec" in message:
            assert "13" in answer.header("Sec-WebSocket-Version")
        assert link.ended()


def test_polling_does_not_upgrade(unharmed):
    with Connection(unharmed.port) as link:
        answer = link.ask("GET", target(transport="polling"), HANDSHAKE)
        assert answer.status in (101, 200, 400)
        if answer.status == 101:
            assert link.rest()[:1] == b"\x88", "a WebSocket that is not wanted is closed at once"


# Polls and posts


def test_a_second_poll_ends_the_session(unharmed):
    with Polling(unharmed.port) as session, Connection(unharmed.port) as second:
        session.polls.request("GET", session.target)
        answer = second.ask("GET", session.target)
        held = session.polls.answer()
        # Which of the two came first is for the network to say.
        refused, closed = (answer, held) if answer.status == 400 else (held, answer)
        assert (refused.status, refused.body) == (400, b"")
        assert (closed.status, closed.body) == (200, b"1")
        assert session.gone()


def test_a_second_post_ends_the_session(unharmed):
    with Polling(unharmed.port) as session, Connection(unharmed.port) as half:
        half.request("POST", session.target, {"Content-Length": "10", "Expect": "100-continue"})
        assert half.head().status == 100
        answer = session.post_answer("3")
        assert (answer.status, answer.body) == (400, b"")
        assert session.gone()


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_poll_that_is_cut_ends_the_session(unharmed, how):
    with Polling(unharmed.port) as session:
        session.polls.request("GET", session.target)
        getattr(session.polls, how)()
        assert session.gone()


def test_a_post_that_is_cut_ends_the_session(unharmed):
    with Polling(unharmed.port) as session:
        session.posts.request("POST", session.target, {"Content-Length": "10", "Expect": "100-continue"})
        assert session.posts.head().status == 100
        session.posts.send("40")
        session.posts.reset()
        assert session.gone()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_on_a_session_is_refused(unharmed, method):
    with Polling(unharmed.port) as session:
        answer = ask(unharmed.port, method, session.target, body="3")
        assert (answer.status, answer.body) in [(500, b""), (405, b"")]
        session.post("3")


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_above_the_limit_is_refused_and_the_session_stays(unharmed, framing):
    body = b"3" + b"x" * 1_000_000
    with Polling(unharmed.port) as session, Connection(unharmed.port) as link:
        if framing == "length":
            link.request("POST", session.target, {"Content-Length": str(len(body))})
        else:
            link.request("POST", session.target, {"Transfer-Encoding": "chunked"})
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        try:
            link.send(body)
        except OSError:
            pass  # Refused from the head alone, the rest of the body has nowhere to go.
        answer = link.answer()
        assert (answer.status, answer.body) == (413, b"")
        session.post("3")


def test_a_body_at_the_limit_is_taken(unharmed):
    with Polling(unharmed.port) as session:
        session.post("3" + "x" * 999_999)
        session.post("3")


@pytest.mark.parametrize("kind", ["application/octet-stream", "Application/Octet-Stream; x=y"])
def test_a_binary_body_is_refused(unharmed, kind):
    with Polling(unharmed.port) as session:
        assert session.post_answer("3", **{"Content-Type": kind}).status == 400


@pytest.mark.parametrize(
    "body",
    ["", "\x1e", "3\x1e", "\x1e3", "3\x1e\x1e3", "7", "x", "9hello", " 3", "\x00", "2", b"\xff\xfe"],
    ids=repr,
)
def test_a_bad_packet_is_answered_ok_and_ends_the_session(unharmed, body):
    with Polling(unharmed.port) as session:
        answer = session.posts.ask("POST", session.target, {"Content-Type": "text/plain;charset=UTF-8"}, body)
        assert (answer.status, answer.body) == (200, b"ok")
        assert session.gone()


@pytest.mark.parametrize("body", ["4x", "47", b"4\xc3", "b!!!!", "bAAEC"], ids=repr)
def test_a_bad_message_is_answered_ok_and_the_next_poll_closes(unharmed, body):
    with Polling(unharmed.port) as session:
        assert session.posts.ask("POST", session.target, {"Content-Type": "text/plain"}, body).body == b"ok"
        assert session.poll()[-1] == "1"
        assert session.gone()


def test_a_bad_packet_behind_a_good_one_ends_the_session_all_the_same(unharmed):
    with Polling(unharmed.port) as session:
        session.polls.request("GET", session.target)
        session.post("40", "x")
        # Whether the confirmation still gets out is not said, nor which of the two came first.
        assert session.polls.answer().status in (200, 400)
        assert session.gone()


@pytest.mark.parametrize("packet", ["0", '0{"sid":"x"}', "5", "6", "3", "3hello"])
def test_a_packet_that_means_nothing_is_ignored(unharmed, packet):
    with Polling(unharmed.port) as session:
        session.post(packet)
        session.post(packet, packet)
        assert session.join()[0]["sid"]
    with EngineSocket(unharmed.port) as link:
        link.say_text(packet)
        assert link.join()["sid"]


def test_a_client_leaves_polling_with_a_close_and_its_poll_is_let_go(unharmed):
    with Polling(unharmed.port) as session:
        session.polls.request("GET", session.target)
        session.post("1")
        # 400 if the close has overtaken the poll.
        assert session.polls.answer().status in (200, 400)
        assert session.gone()


def test_a_ping_from_the_client_closes_a_websocket(unharmed):
    with EngineSocket(unharmed.port) as link:
        link.say_text("2")
        _, close = link.ending()
        assert close is not None and close.code is None


# Upgrades


def test_a_websocket_that_says_something_else_first_is_closed_and_polling_goes_on(unharmed):
    for word in "3", "2", "2prob", '42["x"]', "40", "":
        with Polling(unharmed.port) as session, EngineSocket(unharmed.port, sid=session.sid) as link:
            link.say_text(word)
            _, close = link.ending()
            assert close is not None and close.code is None, word
            assert session.join()[0]["sid"]


def test_a_second_websocket_is_closed_and_the_first_goes_on(unharmed):
    with Polling(unharmed.port) as session:
        with EngineSocket(unharmed.port, sid=session.sid) as first:
            first.say_text("2probe")
            assert first.message() == "3probe"
            with EngineSocket(unharmed.port, sid=session.sid) as second:
                assert second.ending()[1].code is None
            first.say_text("5")
            assert first.join()["sid"] and first.hear(2)
            with EngineSocket(unharmed.port, sid=session.sid) as third:
                assert third.ending()[1] is not None
            assert first.alive()


def test_a_websocket_that_breaks_after_the_probe_leaves_polling_as_it_was(unharmed, poem):
    with Polling(unharmed.port) as session:
        with EngineSocket(unharmed.port, sid=session.sid) as link:
            link.say_text("2probe")
            assert link.message() == "3probe"
            link.reset()
        packets = session.join()[1]
        while not any(poem[2].split("\n")[0] in packet for packet in packets):
            packets += session.poll()


def test_a_switch_without_a_probe_switches(unharmed):
    with Polling(unharmed.port) as session, EngineSocket(unharmed.port, sid=session.sid) as link:
        link.say_text("5")
        assert link.join()["sid"] and link.hear(3)


def test_websocket_pings_do_not_disturb_an_upgrade(unharmed):
    with Polling(unharmed.port) as session, EngineSocket(unharmed.port, sid=session.sid) as link:
        link.say(PING, b"?")
        link.say_text("2probe")
        assert link.message() == "3probe"
