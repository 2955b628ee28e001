"""Socket.IO 0.9 on the wire: the handshake, the packets and their framing, unknown sessions, the client script."""

import re

import pytest

from conftest import NEVER
from generations_wire import MARK, Session09, Socket09, Stream09, event09, named, stanzas09, units, unscripted
from http_wire import Closed, ask, get

pytest_plugins = ["generations_fixtures"]

SID = "[A-Za-z0-9_-]{20}"
ORIGIN = {"Origin": "http://a.example"}
WELCOME = (200, "Welcome to socket.io.")
HELLO = '5:::{"name":"response","args":["Got it!"]}'


# The handshake


@pytest.mark.parametrize("path", ["/socket.io/1/", "/socket.io/1", "/socket.io/1.0/", "/dante/socket.io/1/?a=b&t=17"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_handshake(answering, method, path):
    answer = ask(answering.port, method, path)
    assert re.fullmatch(SID + ":\\d+:60:websocket,htmlfile,xhr-polling,jsonp-polling", answer.text), answer.body
    assert (answer.status, answer.header("Content-Type")) == (200, "text/plain")
    assert named(answer) == ("", "")


def test_handshake_by_head_has_no_body(answering):
    answer = ask(answering.port, "HEAD", "/socket.io/1/")
    assert (answer.status, answer.header("Content-Type")) == (200, "text/plain")


def test_handshake_names_the_origin(answering):
    assert named(get(answering.port, "/socket.io/1/?t=1", ORIGIN)) == ("http://a.example", "true")


def test_handshake_in_a_script(answering):
    answer = get(answering.port, "/socket.io/1/?t=1&jsonp=12", ORIGIN)
    assert answer.header("Content-Type") == "application/javascript"
    assert re.fullmatch(SID + ":\\d+:60:.*", unscripted(answer.text, "io.j[12]"))
    assert named(answer) == ("", "")


@pytest.mark.parametrize("index", ["", "alert(1)", "1x", "-1", "%31%0a"])
def test_an_index_that_is_none_is_ignored(answering, index):
    assert re.match(SID + ":", get(answering.port, f"/socket.io/1/?jsonp={index}").text)


@pytest.mark.parametrize("path, expected", [
    ("/socket.io/2/", (500, "Protocol version not supported.")),
    ("/socket.io/2/websocket/abc", (500, "Protocol version not supported.")),
    ("/socket.io/", WELCOME), ("/socket.io/0/", WELCOME), ("/socket.io/abc/", WELCOME),
    ("/socket.io/1/a/b/c", WELCOME),
])
def test_what_is_no_handshake(answering, path, expected):
    answer = get(answering.port, path)
    assert (answer.status, answer.text) == expected


def test_only_the_resource_itself_is_the_resource(answering):
    assert get(answering.port, "/socket.iofoo/1/").header("Content-Type").startswith("text/html"), "this is the page's"


def test_settings_of_the_handshake(serve):
    server = serve("--heartbeats", "off", "--close-timeout", "25s", "--transports", "jsonp-polling,xhr-polling")
    assert re.fullmatch(SID + "::25:jsonp-polling,xhr-polling", get(server.port, "/socket.io/1/").text)


def test_the_heartbeat_timeout_of_the_handshake_outlasts_a_heartbeat_and_its_answer(serve):
    server = serve("--heartbeat", "3s", "--heartbeat-timeout", "4s")
    assert 7 <= int(get(server.port, "/socket.io/1/").text.split(":")[1]) < 60


@pytest.mark.parametrize("resource", ["myApp/server.js", "dante/socket.io"])
def test_another_resource(serve, poem, resource):
    server = serve("--resource", resource, "--interval", NEVER)
    for base in f"/{resource}", f"/any/{resource}":
        with Session09(server.port, base=base) as session:
            assert stanzas09(session.poll()) == poem[:1]
        assert get(server.port, f"{base}/socket.io.js").status == 200
    assert get(server.port, "/socket.io/1/").header("Content-Type").startswith("text/html")


# Packets


def test_the_greeting_comes_first_and_the_first_stanza_with_it(answering, poem):
    with Session09(answering.port) as session:
        greeting, stanza = session.poll()
        assert greeting == "1::" and stanzas09([stanza]) == poem[:1]
        assert stanza.startswith('5:::{"name":"divinecomedy","args":["Midway upon') and stanza.isascii()


def test_the_cursor_of_the_handshake_is_where_the_reading_begins(answering, poem):
    with Session09(answering.port, **{"from": "7"}) as session:
        assert stanzas09(session.poll()) == poem[7:8]


@pytest.mark.parametrize("packet, answers", [
    ("3:::hello", [HELLO]),
    ("3::", [HELLO]),
    ("3:::a:b:c\nd", [HELLO]),
    ("3:7+::with data ack", [HELLO, '6:::7+["Got it!"]']),
    ("3:7::with ack", ["6:::7", HELLO]),
    ('4:::{"a":1}', [HELLO]),
    ("4:1+:::[1]", [HELLO, '6:::1+["Got it!"]']),
    ("4:::{bad", [HELLO]),
    ('5:::{"name":"echo"}', ['5:::{"name":"echo"}']),
    ('5:::{"name":"echo","args":[]}', ['5:::{"name":"echo"}']),
    ('5:::{"name":"echo","args":"one"}', ['5:::{"name":"echo","args":["one"]}']),
    ('5:::{"name":"echo","args":["a\\nb:c",1,null,{"d":[]}]}',
     ['5:::{"name":"echo","args":["a\\nb:c",1,null,{"d":[]}]}']),
    ('5:::{"name":"echo","args":["é🔥"]}', ['5:::{"name":"echo","args":["\\u00e9\\ud83d\\udd25"]}']),
    ('5:3+::{"name":"echo","args":["x",{"n":1}]}',
     ['5:::{"name":"echo","args":["x",{"n":1}]}', '6:::3+["x",{"n":1}]']),
    ('5:3+::{"name":"echo"}', ['5:::{"name":"echo"}', "6:::3"]),
    ('5:3::{"name":"echo","args":["x"]}', ["6:::3", '5:::{"name":"echo","args":["x"]}']),
    ('5:::{"name":"sendMessage","args":[{"message":"Hello there!"}]}',
     ['5:::{"name":"helloBack","args":[{"message":"Hello back!"}]}']),
], ids=repr)
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_packets_and_their_answers(answering, transport, packet, answers):
    if transport == "websocket":
        with Socket09(answering.port).settled() as link:
            link.say_text(packet)
            assert [link.message() for _ in answers] == answers
    else:
        with Session09(answering.port).settled() as session:
            session.post(packet)
            session.expect(*answers)
            session.alive()


@pytest.mark.parametrize("packet", [
    "", "x", "1", "::", "9::", "hello world", "5:a+::{}", "5:::", "5:::{bad", "5:::[]", '5:::{"args":[1]}', "6:::99",
    "6:::x", "6:::1+{bad", "2::", "8::", "7:::1+0", "1::/nosuch", '5::/nosuch:{"name":"echo","args":[1]}',
    '5:4+:/echo:{"name":"echo","args":["not joined"]}', '5:::{"name":"disconnect"}', "0::/echo", "1::/echo?a=b",
    f"{MARK}1{MARK}x",
], ids=repr)
def test_what_is_ignored(answering, packet):
    with Socket09(answering.port).settled() as link:
        link.say_text(packet)
        link.say_text(event09("echo", "alive"))
        assert link.message() == '5:::{"name":"echo","args":["alive"]}'
    with Session09(answering.port).settled() as session:
        session.post(packet)
        session.alive()


def test_an_endpoint_is_joined_used_and_left(answering):
    with Session09(answering.port).settled() as session:
        session.post("1::/echo:?a=b")
        session.expect("1::/echo")
        session.post("1::/echo")
        session.expect("1::/echo")
        session.post(event09("echo", "once", endpoint="/echo", ack="7+"))
        session.expect('5::/echo:{"name":"echo","args":["once"]}', '6::/echo:7+["once"]')
        session.post(event09("echo", "x", endpoint="/echo", ack="8"))
        session.expect("6::/echo:8", '5::/echo:{"name":"echo","args":["x"]}')
        session.post("0::/echo", event09("echo", "gone", endpoint="/echo"))
        session.alive()


def test_a_disconnect_is_answered_and_ends_the_session(answering):
    with Session09(answering.port).settled() as session:
        session.hold(answering)
        session.post("0::")
        assert session.end_poll() == ["0::"]
        assert session.poll() == ["7:::1+0"]
    with Socket09(answering.port).settled() as link:
        link.say_text("0::")
        assert link.ending() == ["0::"]


# Several packets in one body


@pytest.mark.parametrize("transport", ["xhr-polling", "jsonp-polling"])
def test_packets_share_a_body_by_lengths_in_utf_16_units(answering, transport):
    with Session09(answering.port, transport).settled() as session:
        session.post(*(event09("echo", number, "l\u2028😀é") for number in range(3)))
        answer = '5:::{"name":"echo","args":[%d,"l\\u2028\\ud83d\\ude00\\u00e9"]}'
        session.expect(*(answer % number for number in range(3)))


def test_a_message_counts_an_astral_letter_twice(answering):
    with Session09(answering.port).settled() as session:
        body = f"{MARK}8{MARK}3:::🔥🔥{MARK}{units(event09('echo'))}{MARK}{event09('echo')}"
        session.post_body(body)
        session.expect(HELLO, '5:::{"name":"echo"}')


@pytest.mark.parametrize("body, answers", [
    (f"{MARK}99{MARK}3:::x", [HELLO]),
    (f"{MARK}x{MARK}3:::x", []),
    (f"{MARK}5{MARK}3:::xjunk{MARK}5{MARK}3:::y", [HELLO]),
    (f"{MARK}{MARK}", []), (MARK, []), (MARK * 5, []),
], ids=repr)
def test_odd_framing_is_taken_as_far_as_it_goes(answering, body, answers):
    with Session09(answering.port).settled() as session:
        session.post_body(body)
        if answers:
            session.expect(*answers)
        session.alive()


# Forced disconnect, unknown sessions


@pytest.mark.parametrize("query", ["?disconnect", "?disconnect=1", "?t=1&disconnect=true"])
@pytest.mark.parametrize("transport", ["xhr-polling", "", "websocket"])
def test_a_forced_disconnect_ends_an_open_poll(answering, query, transport):
    with Session09(answering.port).settled() as session:
        session.hold(answering)
        answer = get(answering.port, f"/socket.io/1/{transport}/{session.sid}/{query}")
        assert (answer.status, answer.body) == (200, b"")
        assert session.end_poll() == ["0::"]
        assert session.poll() == ["7:::1+0"]


def test_a_forced_disconnect_ends_the_other_transports_too(answering):
    with Socket09(answering.port).settled() as link:
        assert get(answering.port, f"/socket.io/1/websocket/{link.session.sid}?disconnect").body == b""
        assert link.ending() == ["0::"]
    with Session09(answering.port) as session, Stream09(session).settled() as stream:
        assert get(answering.port, f"/socket.io/1/htmlfile/{session.sid}?disconnect").body == b""
        assert stream.packet() == "0::"
        assert list(stream.chunks) == []


def test_a_forced_disconnect_between_two_polls_ends_the_session_at_once(serve):
    server = serve("--interval", NEVER)
    with Session09(server.port).settled() as session:
        get(server.port, f"/socket.io/1/xhr-polling/{session.sid}?disconnect")
        assert session.poll() == ["7:::1+0"]
        status = server.status()
        assert (status["sessions"], status["readers"]) == (0, 0)
    assert get(server.port, "/socket.io/1/xhr-polling/unknown?disconnect").body == b""


def test_an_unknown_session_is_told_to_begin_again(answering):
    unknown = Session09(answering.port)
    unknown.sid = "AAAAAAAAAAAAAAAAAAAA"
    with unknown:
        assert unknown.poll() == ["7:::1+0"]
        script = get(answering.port, unknown.target("jsonp-polling", "&i=3")).text
        assert unscripted(script, "io.j[3]") == "7:::1+0"
        unknown.post("2::")
        with Stream09(unknown) as stream:
            assert len(next(stream.chunks)) == 256
            assert stream.packet() == "7:::1+0"
            assert list(stream.chunks) == []
        with Socket09(answering.port, session=unknown) as link:
            assert link.ending() == ["7:::1+0"]


@pytest.mark.parametrize("path", ["foo/abc", "websocket/abc", "flashsocket/abc"])
def test_a_transport_that_is_none_is_refused(answering, path):
    assert get(answering.port, f"/socket.io/1/{path}").status == 400


def test_a_transport_that_is_not_offered_is_refused(serve):
    server = serve("--transports", "xhr-polling", "--interval", NEVER)
    with Session09(server.port).settled() as session:
        assert session.transports == "xhr-polling"
        assert get(server.port, session.target("jsonp-polling")).status == 400
        assert get(server.port, session.target("htmlfile")).status == 400
        try:
            Socket09(server.port, session=session).close()
            raise AssertionError("a WebSocket was opened")
        except Closed:
            pass


# The client script


@pytest.mark.parametrize("name", [
    "socket.io.js", "socket.io.js?a=b", "socket.io.min.js", "socket.io.v0.9.11.js",
    "socket.io+websocket+xhr-polling.js", "socket.io+websocket.v0.9.11.js",
])
def test_the_script_is_served_under_all_its_names(answering, name):
    answer = get(answering.port, f"/dante/socket.io/{name}")
    assert answer.status == 200 and answer.header("Content-Type").startswith("application/javascript")
    assert get(answering.port, f"/socket.io/{name}", {"If-None-Match": answer.header("ETag")}).status == 304
    head = ask(answering.port, "HEAD", f"/dante/socket.io/{name}")
    assert (head.status, head.header("Content-Length")) == (200, str(len(answer.body)))


def test_the_script_can_be_switched_off(serve):
    server = serve("--browser-client", "off")
    for name in "socket.io.js", "socket.io.v0.9.11.js":
        answer = get(server.port, f"/socket.io/{name}")
        assert (answer.status, answer.text) == WELCOME
