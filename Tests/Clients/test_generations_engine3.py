"""Engine.IO 2 and 3 on the wire: the handshake, the framings, JSONP, upgrade, heartbeat and end."""

import json
import re
from urllib.parse import quote_plus

import pytest

from conftest import NEVER
from generations_wire import Polling3, Socket3, binary_payload, failed, target3, text_payload, unscripted
from http_wire import Connection, ask, get
from websocket_wire import BINARY

pytest_plugins = ["generations_fixtures"]

OCTETS = "application/octet-stream"
FORM = "application/x-www-form-urlencoded"
PLAIN = "text/plain; charset=UTF-8"
ORIGIN = {"Origin": "http://a.example"}

#: What every handshake says, and in which order.
OPEN = re.compile(r'0\{"sid":"[\w-]{20}","upgrades":\[(?:"websocket")?\],"pingInterval":\d+,"pingTimeout":\d+\}')


def stanza(poem, number):
    """The packet of a stanza: nothing behind the text, since these clients know no cursor."""
    return "42" + json.dumps(["divinecomedy", poem[number - 1]], separators=(",", ":"))


# The handshake and the framings


def test_handshake_in_text(answering, poem):
    with Polling3(answering.port) as session:
        assert session.handshake.header("Content-Type") == PLAIN
        assert re.match(r"\d+:" + OPEN.pattern, session.handshake.text)
        assert (session.open["upgrades"], session.open["pingInterval"]) == (["websocket"], 20000)
        session.settled()
    with Polling3(answering.port) as session:
        come = list(session.others)
        while len(come) < 2:
            come += session.poll()
        assert come == ["40", stanza(poem, 1)]


@pytest.mark.parametrize("query", [{"EIO": "2"}, {"t": "1405617217046-0"}, {"EIO": "2", "t": "1405617217046-0"}])
def test_clients_before_2_get_binary_framing(answering, query):
    with Polling3(answering.port, **query).settled() as session:
        assert session.handshake.header("Content-Type") == OCTETS
        assert OPEN.search(session.handshake.body.decode("latin-1"))
        session.post('42["echo","é🔥"]')
        answer = session.polls.ask("GET", session.target)
        assert answer.header("Content-Type") == OCTETS
        assert session.packets(answer) == [r'42["echo","\u00e9\ud83d\udd25"]']


@pytest.mark.parametrize("query", [{"EIO": "2", "b64": "1"}, {"t": "1405617217046-0", "b64": "1"}, {"t": "NxKf1a0"}])
def test_others_get_text_framing(answering, query):
    with Polling3(answering.port, **query).settled() as session:
        assert session.handshake.header("Content-Type") == PLAIN
        session.alive()


def test_json_is_sent_in_ascii(answering, poem):
    with Polling3(answering.port).settled() as session:
        session.post('42["echo","é😀\u2028"]')
        answer = session.polls.ask("GET", session.target)
        assert answer.text == r'37:42["echo","\u00e9\ud83d\ude00\u2028"]'


def test_the_origin_is_named_on_every_answer(answering):
    with Connection(answering.port) as link:
        handshake = link.ask("GET", target3(transport="polling"), ORIGIN)
        sid = re.search('"sid":"([^"]+)"', handshake.text)[1]
        poll = link.ask("GET", target3(transport="polling", sid=sid), ORIGIN)
        post = link.ask("POST", target3(transport="polling", sid=sid), ORIGIN, "1:2")
        error = link.ask("GET", target3(transport="polling", sid="unknown"), ORIGIN)
    for answer in handshake, poll, post, error:
        assert answer.header("Access-Control-Allow-Origin") == "http://a.example"
        assert answer.header("Access-Control-Allow-Credentials") == "true"
    assert get(answering.port, target3(transport="polling")).header("Access-Control-Allow-Origin") == "*"


def test_the_cursor_of_the_handshake_is_where_the_reading_begins(answering, poem):
    with Socket3(answering.port, **{"from": "7"}).opened() as link:
        assert link.message() == "40"
        assert link.message() == stanza(poem, 8)


@pytest.mark.parametrize("body, kind", [
    (text_payload('42["echo","é"]', '42["echo","😀"]', "2"), "text/plain;charset=UTF-8"),
    (text_payload('42["echo","é"]', '42["echo","😀"]', "2"), ""),
    (binary_payload('42["echo","é"]', '42["echo","😀"]', "2"), OCTETS),
])
def test_posts_in_both_framings(answering, body, kind):
    with Polling3(answering.port).settled() as session:
        answer = session.post_body(body, kind)
        assert answer.header("Content-Type") == "text/html"
        come = []
        while len(come) < 3:
            come += session.poll()
        assert sorted(come) == sorted([r'42["echo","\u00e9"]', r'42["echo","\ud83d\ude00"]', "3"])


IN_TEXT = text_payload('451-["echo",{"_placeholder":true,"num":0}]', "b4AAH+/w==")
IN_BYTES = binary_payload('451-["echo",{"_placeholder":true,"num":0}]', b"\x00\x01\xfe\xff")


@pytest.mark.parametrize("body, kind, query", [
    *((body, kind, query)
      for body, kind in ((IN_TEXT, "text/plain;charset=UTF-8"), (IN_BYTES, OCTETS))
      for query in ({}, {"b64": "1"}, {"EIO": "2"})),
    ("d=" + quote_plus(IN_TEXT), FORM, {"j": "0", "b64": "1"}),
])
def test_bytes_travel_both_ways_over_polling(answering, body, kind, query):
    with Polling3(answering.port, **query).settled() as session:
        session.post_body(body, kind)
        come = []
        while len(come) < 2:
            come += session.poll()
        assert come[0] == '451-["echo",{"_placeholder":true,"num":0}]'
        assert come[1] == ("b4AAH+/w==" if "b64" in query else b"\x00\x01\xfe\xff")


@pytest.mark.parametrize("query, as_text", [({}, False), ({"b64": "1"}, True)])
@pytest.mark.parametrize("sent_as_text", [False, True])
def test_bytes_travel_both_ways_over_the_websocket(answering, query, as_text, sent_as_text):
    with Socket3(answering.port, **query).settled() as link:
        link.say_text('451-/echo,3["echo",{"_placeholder":true,"num":0}]')
        link.say_text("b4AAH+/w==") if sent_as_text else link.say(BINARY, b"\x04\x00\x01\xfe\xff")
        link.says("40/echo", "40/echo,")
        link.say_text('451-3["echo",{"_placeholder":true,"num":0}]')
        link.say_text("b4AAH+/w==") if sent_as_text else link.say(BINARY, b"\x04\x00\x01\xfe\xff")
        for text in '451-["echo",{"_placeholder":true,"num":0}]', '461-3[{"_placeholder":true,"num":0}]':
            assert link.message() == text
            if as_text:
                assert link.message() == "b4AAH+/w=="
            else:
                frame = link.frame()
                assert (frame.opcode, frame.payload) == (BINARY, b"\x04\x00\x01\xfe\xff")


def twice(text):
    """UTF-8 encoded twice, as Socket.IO 1 did: each byte of the UTF-8 becomes a character."""
    return text.encode().decode("latin-1")


def test_text_encoded_twice_is_understood(answering):
    packet = '42["echo","è 😀"]'
    expected = r'42["echo","\u00e8 \ud83d\ude00"]'
    with Socket3(answering.port).settled() as link:
        link.says(twice(packet), expected)
        link.says(packet, expected)
        # Latin-1 letters that are no UTF-8 stay what they are.
        link.says('42["echo","è"]', r'42["echo","\u00e8"]')
    with Polling3(answering.port).settled() as session:
        session.post(twice(packet))
        session.expect(expected)


# JSONP


@pytest.mark.parametrize("index, function", [("0", "___eio[0]"), ("12", "___eio[12]"), ("1);alert(2", "___eio[12]")])
def test_jsonp(answering, index, function):
    with Polling3(answering.port, j=index, b64="1").settled() as session:
        assert unscripted(session.handshake.text, function).endswith("2:40")
        assert session.handshake.header("Content-Type").startswith("text/javascript")
        assert session.handshake.header("X-Content-Type-Options") == "nosniff"
        # The browser sends a line feed as backslash-n, and a backslash-n with one more backslash.
        payload = text_payload('42["echo","a\\nb </script> \u2028"]').replace("\\n", "\\\\n")
        session.post_body("d=" + quote_plus(payload), FORM)
        answer = session.polls.ask("GET", session.target.replace(f"j={index}", "j=99"), ORIGIN)
        assert unscripted(answer.text, function) == '34:42["echo","a\\nb </script> \\u2028"]'
        assert answer.header("Access-Control-Allow-Origin") == ""


def test_a_form_without_its_field_is_harmless(answering):
    with Polling3(answering.port, j="0").settled() as session:
        session.post_body("x=1", FORM)
        session.post_body("d=" + quote_plus(text_payload('42["echo","alive"]')), "text/plain")
        session.expect('42["echo","alive"]')


# WebSocket and upgrade


def test_websocket_alone(answering, poem):
    with Socket3(answering.port) as link:
        first = link.message()
        assert OPEN.fullmatch(first) and json.loads(first[1:])["upgrades"] == []
        assert [link.message(), link.message()] == ["40", stanza(poem, 1)]
        link.says("2", "3")
        link.says("2probe", "3")
        assert link.handshake.header("Sec-WebSocket-Extensions") == ""
    with Socket3(answering.port, {"Sec-WebSocket-Protocol": "foo, bar"}) as link:
        assert link.handshake.header("Sec-WebSocket-Protocol") == "foo"


def test_upgrade(answering):
    with Polling3(answering.port).settled() as session, Socket3(answering.port, sid=session.sid) as probe:
        session.hold(answering)
        probe.says("2probe", "3probe")
        assert session.end_poll() == ["6"]
        assert session.poll() == ["6"]
        session.post('42["echo","on the way"]')
        session.expect('42["echo","on the way"]')
        probe.say_text("5")
        probe.says('42["echo","arrived"]', '42["echo","arrived"]')
        failed(get(answering.port, session.target), 3, "Bad request")
        failed(ask(answering.port, "POST", session.target, body="1:2"), 3, "Bad request")
        probe.says("2", "3")


def test_nothing_is_lost_or_doubled_over_an_upgrade(quick, poem):
    with Polling3(quick.port) as session, Socket3(quick.port, sid=session.sid) as probe:
        heard = session.others + session.poll() + session.poll()
        probe.says("2probe", "3probe")
        heard += [one for one in session.poll() if one != "6"]
        probe.say_text("5")
        packets, end = probe.ending()
        assert heard + packets == ["40", *(stanza(poem, number) for number in range(1, len(poem) + 1)), "41"]
        assert end is not None


@pytest.mark.parametrize("first", ["2", "3probe", "x", "42[]"])
def test_a_probe_that_is_none_is_closed_and_polling_goes_on(answering, first):
    with Polling3(answering.port).settled() as session, Socket3(answering.port, sid=session.sid) as probe:
        probe.say_text(first)
        packets, end = probe.ending()
        assert (packets, end.code) == ([], None)
        session.alive()


def test_a_probe_without_its_end_is_closed_and_polling_goes_on(serve):
    server = serve("--interval", NEVER, "--with", "echo", "--upgrade-timeout", "100ms")
    with Polling3(server.port).settled() as session, Socket3(server.port, sid=session.sid) as probe:
        probe.says("2probe", "3probe")
        assert probe.ending()[1].code is None
        session.post('42["echo","alive"]')
        come = []
        while come[-1:] != ['42["echo","alive"]']:
            come += session.poll()
        assert set(come[:-1]) <= {"6"}


# Heartbeat and end


def test_the_client_asks_and_the_server_answers(answering):
    with Polling3(answering.port).settled() as session:
        session.hold(answering)
        session.post("2")
        assert session.end_poll() == ["3"]


def test_silence_ends_a_session(serve):
    server = serve("--interval", NEVER, "--heartbeat", "100ms", "--heartbeat-timeout", "100ms")
    with Socket3(server.port).opened() as link:
        assert (link.handshake3["pingInterval"], link.handshake3["pingTimeout"]) == (100, 100)
        packets, end = link.ending()
        assert packets[0] == "40" and len(packets) == 2 and end.code is None
    with Polling3(server.port) as session:
        come = list(session.others)
        while come[-1:] != ["1"]:
            come += session.poll()
        assert len(come) == 3
    assert server.settles(sessions=0)


def test_a_client_that_asks_stays(serve):
    server = serve("--interval", NEVER, "--heartbeat", "100ms", "--heartbeat-timeout", "400ms")
    with Socket3(server.port).settled() as link:
        # Much longer than the silence that would end it: each question is sent behind the answer to the one before.
        for _ in range(2000):
            link.says("2", "3")


def test_the_client_closes(answering):
    with Polling3(answering.port).settled() as session:
        session.hold(answering)
        session.post("1")
        assert session.end_poll() == ["6"]
        failed(get(answering.port, session.target), 1, "Session ID unknown")


def test_the_reading_ends_over_polling(quick, poem):
    with Polling3(quick.port) as session:
        come = list(session.others)
        while come[-1:] != ["1"]:
            come += session.poll()
        assert come[:48] == ["40", *(stanza(poem, number) for number in range(1, 47)), "41"]
        assert set(come[48:]) <= {"6", "1"}


def test_a_second_poll_ends_the_session(answering):
    with Polling3(answering.port).settled() as session, Connection(answering.port) as second:
        session.begin_poll()
        answer, held = second.ask("GET", session.target), session.polls.answer()
        # Which of the two came first is for the network to say.
        refused, closed = (answer, held) if answer.status == 500 else (held, answer)
        assert (refused.status, refused.body) == (500, b"")
        assert (closed.status, closed.body) == (200, b"1:1")
        assert session.gone()


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_poll_that_is_cut_ends_the_session(answering, how):
    with Polling3(answering.port).settled() as session:
        session.begin_poll()
        getattr(session.polls, how)()
        assert session.gone()
