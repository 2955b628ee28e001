"""Socket.IO 1 and 2 over Engine.IO 3: namespaces and acknowledgements, and what is wrong on either layer."""

import pytest

from engine_wire import Polling as Polling4
from generations_wire import Polling3, Session09, Socket3, failed, target3
from http_wire import ask, get
from websocket_wire import BINARY

pytest_plugins = ["generations_fixtures"]

OCTETS = "application/octet-stream"
ORIGIN = {"Origin": "http://a.example"}


# Namespaces


@pytest.mark.parametrize("says, answers", [
    ("40/echo", ["40/echo,"]), ("40/echo,", ["40/echo,"]), ("40/echo?token=1&x=%20y", ["40/echo,"]),
    ("40/nosuch", ['44/nosuch,"Invalid namespace"']), ("40/nosuch?a=1,", ['44/nosuch,"Invalid namespace"']),
    ('42/echo,["echo",1]', []), ("41/echo", []), ("43[1]", []), ("4399[1]", []), ("44", []),
    ('420["message","hi"]', ['42["response","Got it!"]', '430["Got it!"]']),
    ('42007["message","hi"]', ['42["response","Got it!"]', '437["Got it!"]']),
    ('4212["echo"]', ['42["echo"]', "4312[]"]),
    ("0", []), ("3", []), ("5", []), ("6", []),
])
def test_packets_and_their_answers(answering, says, answers):
    with Socket3(answering.port).settled() as link:
        link.say_text(says)
        assert [link.message().replace("43007", "437") for _ in answers] == answers
        link.says('42["echo","alive"]', '42["echo","alive"]')


def test_a_namespace_is_joined_used_and_left(answering):
    with Socket3(answering.port).settled() as link:
        link.says("40/echo", "40/echo,")
        link.says("40/echo", "40/echo,")
        link.says('42/echo,8["echo","once"]', '42/echo,["echo","once"]')
        assert link.message() == '43/echo,8["once"]'
        link.say_text("41/echo")
        link.say_text('42/echo,["echo","gone"]')
        link.says('42["echo","alive"]', '42["echo","alive"]')


# Bad input


@pytest.mark.parametrize("body", [
    "", "x", "2", ":2", "x:2", "9:2", "1:22", "1:2x", "1:7", "1:x", "-1:2", "99999999999999999999:2", "1e0:2",
    "1:b", "2:b7",
], ids=repr)
@pytest.mark.parametrize("query", [{}, {"EIO": "2"}])
def test_a_malformed_body_is_answered_and_ends_the_session(answering, query, body):
    with Polling3(answering.port, **query).settled() as session:
        session.post_body(body)
        assert session.gone()


@pytest.mark.parametrize("body", [
    b"\x00\xff2", b"\x00\x01", b"\x02\x01\xff2", b"\x00\x02\xff4\xc3", b"\x00\x0a\xff2",
    b"\x00" + b"\x09" * 400 + b"\xff2", b"1:2",
], ids=repr)
def test_a_malformed_binary_body_is_answered_and_ends_the_session(answering, body):
    with Polling3(answering.port).settled() as session:
        session.post_body(body, OCTETS)
        assert session.gone()


def test_an_empty_packet_is_skipped_and_what_comes_before_a_fault_is_heard(answering):
    with Polling3(answering.port).settled() as session:
        session.post_body('0:18:42["echo","heard"]')
        session.expect('42["echo","heard"]')


@pytest.mark.parametrize("packet", [
    "47", "4x", "42[]", "42{}", "42[", '42"x"', "42[null]", "43{}", "41[]", '45["x"]', '451["x"]', "x", "7", "",
    '451-["x",{"_placeholder":true,"num":7}]b',
], ids=repr)
def test_a_malformed_packet_ends_the_connection(answering, packet):
    with Socket3(answering.port).settled() as link:
        link.say_text(packet)
        if packet.endswith("b"):
            link.say(BINARY, b"\x04x")
        packets, end = link.ending()
        assert packets == [] and end is not None and end.code is None


@pytest.mark.parametrize("packet", ["42[", "47", "b4?", "b4AAEC"])
def test_a_malformed_packet_over_polling_ends_the_session(answering, packet):
    with Polling3(answering.port).settled() as session:
        session.post(packet)
        assert session.poll()[-1] == "1"
        assert session.gone()


@pytest.mark.parametrize("frame", [b"", b"\x00x", b"\xff", b"4x"], ids=repr)
def test_a_binary_frame_that_is_no_message_is_ignored(answering, frame):
    with Socket3(answering.port).settled() as link:
        link.say(BINARY, frame)
        link.says('42["echo","alive"]', '42["echo","alive"]')


def test_a_text_while_bytes_are_awaited_ends_the_connection(answering):
    with Socket3(answering.port).settled() as link:
        link.say_text('451-["echo",{"_placeholder":true,"num":0}]')
        link.say_text('42["echo"]')
        assert link.ending()[1].code is None
    with Socket3(answering.port).settled() as link:
        link.say(BINARY, b"\x04unasked")
        assert link.ending()[1].code is None


def test_a_session_of_another_revision_is_unknown(answering):
    port = answering.port
    with Session09(port) as oldest, Polling3(port).settled() as session, Polling4(port) as newest:
        failed(get(answering.port, target3(transport="polling", sid=oldest.sid)), 1, "Session ID unknown")
        for sid in session.sid, newest.sid:
            assert get(answering.port, f"/socket.io/1/xhr-polling/{sid}").text == "7:::1+0"
        for method, body in ("GET", None), ("POST", "1:2"):
            answer = ask(answering.port, method, target3(transport="polling", sid=newest.sid), body=body)
            assert answer.status == 400 and answer.json["code"] in (1, 3)
            answer = ask(answering.port, method, target3(EIO="4", transport="polling", sid=session.sid), body=body)
            assert answer.status == 400 and answer.json["code"] in (1, 3)
        session.alive()
        newest.post("40")
        oldest.poll()


@pytest.mark.parametrize("method, query, code, message", [
    ("GET", {"transport": None}, 0, "Transport unknown"),
    ("GET", {"transport": "foo"}, 0, "Transport unknown"),
    ("POST", {"transport": "polling"}, 2, "Bad handshake method"),
    ("GET", {"transport": "websocket"}, 3, "Bad request"),
    ("GET", {"transport": "polling", "sid": "unknown"}, 1, "Session ID unknown"),
    ("POST", {"transport": "polling", "sid": "unknown"}, 1, "Session ID unknown"),
])
@pytest.mark.parametrize("revision", ["2", "3"])
def test_errors(answering, revision, method, query, code, message):
    body = "1:2" if method == "POST" else None
    failed(ask(answering.port, method, target3(**({"EIO": revision} | query)), body=body), code, message)


def test_a_preflight_of_a_session_is_let_through(answering):
    with Polling3(answering.port).settled() as session:
        asked = ORIGIN | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        answer = ask(answering.port, "OPTIONS", session.target, asked)
        assert answer.status in (200, 204)
        assert answer.header("Access-Control-Allow-Headers").lower() == "content-type"
        # Clients of that time ask with credentials, and then a star lets nobody in.
        assert answer.header("Access-Control-Allow-Origin") == "http://a.example"
        assert answer.header("Access-Control-Allow-Credentials") == "true"
