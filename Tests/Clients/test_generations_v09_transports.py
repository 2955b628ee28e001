"""The transports of Socket.IO 0.9 on the wire: long polling, JSONP, htmlfile, WebSocket, and their heartbeats."""

import pytest

from conftest import NEVER
from generations_wire import Session09, Socket09, Stream09, event09, named, packets09, stanzas09, unscripted
from http_wire import Connection, ask, get
from websocket_wire import BINARY, CONTINUATION, HANDSHAKE, PING, PONG, TEXT, WebSocket

pytest_plugins = ["generations_fixtures"]

ORIGIN = {"Origin": "http://a.example"}
FORM = "application/x-www-form-urlencoded"
HELLO = '5:::{"name":"response","args":["Got it!"]}'


# Long polling


def test_a_poll_and_a_post_say_what_they_are(answering):
    with Session09(answering.port) as session:
        answer = session.polls.ask("GET", session.target(), ORIGIN)
        assert answer.header("Content-Type") == "text/plain; charset=UTF-8"
        assert named(answer) == ("http://a.example", "true")
        assert packets09(answer.text)[0] == "1::"
        answer = session.posts.ask("POST", session.target(), ORIGIN | {"Content-Type": "text/plain"}, "2::")
        assert (answer.text, answer.header("Content-Type")) == ("1", "text/plain; charset=UTF-8")
        assert named(answer) == ("http://a.example", "true")
    assert named(get(answering.port, "/socket.io/1/xhr-polling/unknown", ORIGIN)) == ("http://a.example", "true")


def test_a_poll_with_nothing_to_say_ends_with_a_noop(serve):
    server = serve("--interval", NEVER, "--with", "echo", "--polling-duration", "100ms")
    with Session09(server.port).settled() as session:
        assert session.poll() == ["8::"]
        session.alive()


def test_what_comes_between_two_polls_comes_with_the_next(answering):
    with Session09(answering.port).settled() as session:
        session.post(event09("echo", 1))
        session.post(event09("echo", 2))
        session.expect('5:::{"name":"echo","args":[1]}', '5:::{"name":"echo","args":[2]}')


def test_a_second_poll_takes_over(answering):
    with Session09(answering.port).settled() as session, Connection(answering.port) as second:
        session.hold(answering)
        second.request("GET", session.target())
        assert session.end_poll() == ["8::"]
        session.post(event09("echo", "for the second"))
        assert packets09(second.answer().text) == ['5:::{"name":"echo","args":["for the second"]}']


@pytest.mark.parametrize("how", ["close", "reset"])
def test_an_aborted_poll_loses_nothing(serve, how):
    server = serve("--interval", NEVER, "--with", "echo")
    with Session09(server.port).settled() as session:
        session.posts.ask("POST", session.target(), {}, "2::")
        connections = server.status()["connections"]
        poll = Connection(server.port)
        poll.request("GET", session.target())
        server.settles(connections=connections + 1)
        getattr(poll, how)()
        server.settles(connections=connections)
        session.alive()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_is_refused(answering, method):
    with Session09(answering.port).settled() as session:
        assert ask(answering.port, method, session.target(), body="2::").status in (400, 405)
        session.alive()


def test_a_client_that_stops_polling_is_forgotten(serve):
    server = serve("--interval", NEVER, "--close-timeout", "100ms")
    with Session09(server.port).settled() as session:
        assert server.settles(sessions=0, readers=0)
        assert session.poll() == ["7:::1+0"]


@pytest.mark.parametrize("transport", ["xhr-polling", "jsonp-polling"])
def test_the_end_waits_for_the_next_poll(quick, poem, transport):
    with Session09(quick.port, transport) as session:
        heard = []
        while heard[-1:] != ["0::"]:
            heard += session.poll()
        assert heard[0] == "1::" and stanzas09(heard) == poem and len(heard) == len(poem) + 2
        assert session.poll() == ["7:::1+0"]


# JSONP polling


@pytest.mark.parametrize("query, function", [
    ("&i=0", "io.j[0]"), ("&i=12", "io.j[12]"), ("", "io.j[0]"), ("&i=alert(1)", "io.j[0]"), ("&i=1x", "io.j[0]"),
])
def test_each_poll_names_its_callback(answering, query, function):
    with Session09(answering.port, "jsonp-polling").settled() as session:
        session.post(event09("echo", "</script>\u2028"))
        answer = session.polls.ask("GET", session.target(more=query), ORIGIN)
        assert unscripted(answer.text, function) == '5:::{"name":"echo","args":["</script>\\u2028"]}'
        assert answer.header("Content-Type") == "text/javascript; charset=UTF-8"
        assert answer.header("X-XSS-Protection") == "0"
        assert answer.header("X-Content-Type-Options") == "nosniff"
        assert named(answer) == ("", "")


@pytest.mark.parametrize("kind", [FORM, "text/plain", ""])
def test_the_form_is_read_whatever_it_is_called(answering, kind):
    # As a browser of the time sent it.
    body = ("d=%225%3A1%2B%3A%3A%7B%5C%22name%5C%22%3A%5C%22message%5C%22%2C"
            "%5C%22args%5C%22%3A%5B%5C%22a%5C%5Cnb+%C3%A9%5C%22%5D%7D%22")
    with Session09(answering.port, "jsonp-polling").settled() as session:
        answer = session.posts.ask("POST", session.target(), ORIGIN | ({"Content-Type": kind} if kind else {}), body)
        assert (answer.status, answer.text, named(answer)) == (200, "1", ("http://a.example", "true"))
        session.expect(HELLO, '6:::1+["Got it!"]')


@pytest.mark.parametrize("body", ["", "d", "d=", "x=1", "d=5", "d=%7B", "d=null", "d=%22", "d=%FF", "%", "d=%5B%5D"])
def test_a_malformed_form_is_ignored(answering, body):
    with Session09(answering.port, "jsonp-polling").settled() as session:
        answer = session.posts.ask("POST", session.target(), {"Content-Type": FORM}, body)
        assert (answer.status, answer.body) == (200, b"1")
        session.alive()


# htmlfile


def test_htmlfile_begins_with_256_bytes_and_sends_each_packet_as_a_script(answering, poem):
    with Session09(answering.port) as session, Stream09(session) as stream:
        assert stream.answer_head.status == 200
        assert stream.answer_head.header("Content-Type") == "text/html; charset=UTF-8"
        assert named(stream.answer_head) == ("", "")
        start = next(stream.chunks)
        function = b"<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script>"
        assert start == function + b" " * (256 - len(function))
        assert stream.packet() == "1::"
        assert stanzas09([stream.packet()]) == poem[:1]
        session.post(event09("echo", "</script>\u2028é"), transport="htmlfile")
        assert stream.packet() == '5:::{"name":"echo","args":["</script>\\u2028\\u00e9"]}'


def test_htmlfile_brings_the_whole_reading_and_its_end(quick, poem):
    with Session09(quick.port) as session, Stream09(session) as stream:
        next(stream.chunks)
        heard = [stream.packet() for _ in range(len(poem) + 2)]
        assert stanzas09(heard) == poem and heard[-1] == "0::"
        assert list(stream.chunks) == []


# WebSocket


def test_the_websocket_agrees_on_nothing_more(answering):
    with Session09(answering.port, "websocket") as session:
        for target in session.target(), session.target().replace("?", "/?"):
            offer = {"Sec-WebSocket-Extensions": "permessage-deflate"}
            with WebSocket(answering.port, target, offer) as link:
                assert link.handshake.header("Sec-WebSocket-Extensions") == ""
                assert link.handshake.header("Sec-WebSocket-Protocol") == ""


@pytest.mark.parametrize("version", ["7", "8", "13"])
def test_the_websocket_of_its_time_is_taken(answering, version):
    with Session09(answering.port, "websocket") as session, Connection(answering.port) as link:
        answer = link.ask("GET", session.target(), HANDSHAKE | {"Sec-WebSocket-Version": version})
        assert answer.status == 101


def test_the_websocket_follows_its_rfc(answering):
    with Socket09(answering.port).settled() as link:
        link.say(BINARY, b"5:::{}")
        link.say(TEXT, '5:::{"name":"ec', fin=False)
        link.say(PING, b"between")
        link.say(CONTINUATION, 'ho"}')
        frame = link.frame()
        assert (frame.opcode, frame.payload) == (PONG, b"between")
        assert link.message() == '5:::{"name":"echo"}'


def test_the_whole_reading_and_its_end_over_the_websocket(quick, poem):
    with Socket09(quick.port) as link:
        heard = link.ending()
        assert heard[0] == "1::" and stanzas09(heard) == poem and heard[-1] == "0::"


def test_a_second_transport_takes_over_and_the_first_is_still_heard(answering):
    with Socket09(answering.port).settled() as first, Socket09(answering.port, session=first.session) as second:
        second.say_text(event09("echo", 1))
        assert second.message() == '5:::{"name":"echo","args":[1]}'
        assert first.ending() == []


def test_a_poll_takes_over_from_a_websocket(answering):
    with Socket09(answering.port).settled() as link:
        session = link.session
        session.transport = "xhr-polling"
        session.begin_poll()
        assert link.ending() == []
        session.post(event09("echo", "here now"))
        assert session.end_poll() == ['5:::{"name":"echo","args":["here now"]}']
        session.close()


# Heartbeats


def test_heartbeats_are_sent_while_they_are_answered(serve):
    server = serve("--interval", NEVER, "--heartbeat", "50ms", "--heartbeat-timeout", "10s")
    with Socket09(server.port).settled() as link:
        for _ in range(3):
            assert link.message() == "2::"
            link.say_text("2::")
    with Session09(server.port) as session, Stream09(session).settled() as stream:
        for _ in range(3):
            assert stream.packet() == "2::"
            session.post("2::", transport="htmlfile")


def test_an_unanswered_heartbeat_ends_the_transport_without_a_word(serve):
    server = serve("--interval", NEVER, "--heartbeat", "50ms", "--heartbeat-timeout", "100ms")
    with Socket09(server.port).settled() as link:
        assert link.ending() == ["2::"]
    with Session09(server.port) as session, Stream09(session).settled() as stream:
        assert stream.packet() == "2::"
        assert list(stream.chunks) == []
    assert server.settles(sessions=0)
