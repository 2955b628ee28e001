"""The suite server: what the public suites of the Engine.IO and Socket.IO protocols require, one by one.

The server pings each 300 ms and waits 200 ms for the answer, so tests answer pings where they take their time.
"""

import json

import pytest

from engine_wire import EngineSocket, Polling, target
from http_wire import Closed, ask, get
from server import SuiteServer
from websocket_wire import BINARY, CLOSE, TEXT, WebSocket

ENGINE = {"resource": "engine.io"}


@pytest.fixture(scope="session")
def suite(tmp_path_factory):
    """The port of a running suite server."""
    with SuiteServer(tmp_path_factory.mktemp("suite")) as server:
        yield server.port


# Engine.IO


@pytest.mark.parametrize("resource", ["engine.io", "socket.io"])
def test_handshake_over_polling(suite, resource):
    """All that a client must know, with the suite's times."""
    answer = get(suite, target(resource=resource, transport="polling"))
    assert answer.status == 200
    opening = json.loads(answer.text[1:])
    assert answer.text[0] == "0"
    assert list(opening) == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]
    assert len(opening["sid"]) == 20
    del opening["sid"]
    assert opening == {"upgrades": ["websocket"], "pingInterval": 300, "pingTimeout": 200, "maxPayload": 1000000}


@pytest.mark.parametrize("resource", ["engine.io", "socket.io"])
def test_handshake_over_websocket(suite, resource):
    """The same, without upgrades."""
    with EngineSocket(suite, resource=resource) as socket:
        assert socket.opening["upgrades"] == []
        assert socket.opening["maxPayload"] == 1000000


@pytest.mark.parametrize("resource", ["engine.io", "socket.io"])
@pytest.mark.parametrize(
    "query", ["transport=polling", "EIO=abc&transport=polling", "EIO=4", "EIO=4&transport=abc", "EIO=1&transport=polling"]
)
def test_bad_handshake_opens_no_session(suite, resource, query):
    """A missing or unknown revision or transport is 400, over HTTP and as an upgrade."""
    answer = get(suite, f"/{resource}/?{query}")
    assert answer.status == 400
    with pytest.raises(Closed, match="400"):
        WebSocket(suite, f"/{resource}/?{query.replace('polling', 'websocket')}")


@pytest.mark.parametrize("origin", ["http://elsewhere.example", None])
def test_any_origin_may_ask(suite, origin):
    """CORS, for requests and preflights."""
    headers = {"Origin": origin} if origin else {}
    answer = get(suite, target(**ENGINE, transport="polling"), headers)
    assert answer.header("Access-Control-Allow-Origin") in ("*", origin)


@pytest.mark.parametrize("eio", ["4", "3"])
@pytest.mark.parametrize("text", ["hello", "é€😀\u2028", ""])
def test_texts_come_back_over_polling(suite, eio, text):
    """Each message, as it went."""
    answer = get(suite, target(**ENGINE, transport="polling", EIO=eio))
    sid = json.loads(answer.text[answer.text.index("{") : answer.text.rindex("}") + 1])["sid"]
    address = target(**ENGINE, transport="polling", EIO=eio, sid=sid)
    packet = "4" + text
    framed = packet if eio == "4" else f"{len(packet.encode('utf-16-le')) // 2}:{packet}"
    assert ask(suite, "POST", address, {"Content-Type": "text/plain;charset=UTF-8"}, framed).text == "ok"
    # The session joins no namespace: nothing comes beside the echo.
    assert get(suite, address).text == framed


def test_several_packets_in_one_payload(suite):
    """They come back in their order."""
    with Polling(suite, **ENGINE) as client:
        client.post("4test1", "4test2", "4test3")
        heard = []
        while len(heard) < 3:
            heard += [packet for packet in client.poll() if packet != "2"]
        assert heard == ["4test1", "4test2", "4test3"]


def test_bytes_come_back_over_polling(suite):
    """As base64, with the type of a binary message."""
    with Polling(suite, **ENGINE) as client:
        client.post("bAQIDBA==")
        assert client.poll() == ["bAQIDBA=="]


@pytest.mark.parametrize("eio", ["4", "3"])
def test_messages_come_back_over_websocket(suite, eio):
    """Text and bytes; before revision 4 bytes have their type before them."""
    with EngineSocket(suite, EIO=eio, **ENGINE) as socket:
        socket.say_text("4hello é😀")
        assert socket.message() == "4hello é😀"
        data = bytes([1, 2, 3]) if eio == "4" else bytes([4, 1, 2, 3])
        socket.say(BINARY, data)
        while (frame := socket.frame()).opcode != BINARY:
            assert frame.text == "2"
        assert frame.payload == data


@pytest.mark.parametrize("body", ["abc", "", "7", "4a\x1e"])
def test_bad_packet_ends_a_polling_session(suite, body):
    """It is answered, and then the session is unknown."""
    with Polling(suite, **ENGINE) as client:
        client.posts.ask("POST", client.target, {"Content-Type": "text/plain"}, body)
        assert client.gone()


@pytest.mark.parametrize("packet", ["abc", "", "7"])
def test_bad_packet_ends_a_websocket(suite, packet):
    """With a close frame."""
    with EngineSocket(suite, **ENGINE) as socket:
        socket.say_text(packet)
        assert socket.closed().opcode == CLOSE


def test_second_poll_ends_the_session(suite):
    """Nobody knows which of them is read."""
    with Polling(suite, **ENGINE) as client:
        client.polls.request("GET", client.target)
        answer = get(suite, client.target)
        assert answer.status == 400
        assert client.polls.answer().text in ("1", "2")
        assert client.gone()


def test_server_pings_over_polling(suite):
    """Again and again, while it is answered."""
    with Polling(suite, **ENGINE) as client:
        for _ in range(3):
            assert client.poll() == ["2"]
            client.post("3")


def test_server_pings_over_websocket(suite):
    """The same."""
    with EngineSocket(suite, **ENGINE) as socket:
        for _ in range(3):
            assert socket.message() == "2"
            socket.say_text("3")


def test_silence_ends_a_polling_session(suite):
    """No answer to the ping."""
    with Polling(suite, **ENGINE) as client:
        assert client.poll() == ["2"]
        assert client.poll() == ["1"]
        assert client.gone()


def test_silence_ends_a_websocket(suite):
    """The same, with a close frame."""
    with EngineSocket(suite, **ENGINE) as socket:
        assert socket.message() == "2"
        assert socket.closed().opcode == CLOSE


def test_client_pings_before_revision_4(suite):
    """The server answers, and does not ask."""
    with EngineSocket(suite, EIO="3", **ENGINE) as socket:
        socket.say_text("2")
        assert socket.message() == "3"
        socket.say_text("2data")
        assert socket.message() in ("3", "3data")


def test_client_ends_a_polling_session(suite):
    """By a close packet."""
    with Polling(suite, **ENGINE) as client:
        client.polls.request("GET", client.target)
        client.post("1")
        assert client.polls.answer().text in ("6", "2")
        assert client.gone()


def test_client_ends_a_websocket(suite):
    """By a close frame, which is answered."""
    with EngineSocket(suite, **ENGINE) as socket:
        socket.say(CLOSE)
        assert socket.closed().opcode == CLOSE
        assert socket.ended()


def test_upgrade(suite):
    """From polling to WebSocket, with a probe."""
    with Polling(suite, **ENGINE) as client:
        with EngineSocket(suite, sid=client.sid, **ENGINE) as socket:
            socket.say_text("2probe")
            assert socket.message() == "3probe"
            socket.say_text("5")
            socket.say_text("4hello")
            assert socket.message() == "4hello"
            # The sid belongs to the WebSocket from now on.
            assert client.poll_answer().status == 400
            assert ask(suite, "POST", client.target, body="4x").status == 400
            with EngineSocket(suite, sid=client.sid, **ENGINE) as second:
                assert second.closed().opcode == CLOSE
            socket.say_text("4still there")
            assert socket.message() in ("4still there", "2")


def test_endpoints_do_not_know_each_others_sessions(suite):
    """A sid of /engine.io/ means nothing at /socket.io/."""
    with Polling(suite, **ENGINE) as client:
        answer = get(suite, target(transport="polling", sid=client.sid))
        assert (answer.status, answer.json["code"]) == (400, 1)


# Socket.IO


def joined(suite, packet="40", **query):
    """A WebSocket that has sent this CONNECT."""
    socket = EngineSocket(suite, **query)
    socket.say_text(packet)
    return socket


def say_after_ping(socket):
    """The next message that is no ping."""
    while (message := socket.message()) == "2":
        socket.say_text("3")
    return message


@pytest.mark.parametrize(
    "packet, prefix, auth",
    [
        ("40", "", {}),
        ('40{"token":"123"}', "", {"token": "123"}),
        ("40/custom,", "/custom,", {}),
        ('40/custom,{"token":"abc"}', "/custom,", {"token": "abc"}),
    ],
)
def test_connect(suite, packet, prefix, auth):
    """The answer has the socket's id and nothing else; then its payload comes back as `auth`."""
    with joined(suite, packet) as socket:
        answer = say_after_ping(socket)
        assert answer.startswith("40" + prefix)
        data = json.loads(answer[2 + len(prefix) :])
        assert list(data) == ["sid"]
        assert data["sid"] != socket.sid
        event = say_after_ping(socket)
        assert event.startswith("42" + prefix)
        assert json.loads(event[2 + len(prefix) :]) == ["auth", auth]


@pytest.mark.parametrize("name", ["/random", "/random?x=1"])
def test_unknown_namespace(suite, name):
    """Refused, by a packet."""
    with joined(suite, f"40{name},") as socket:
        assert say_after_ping(socket) == f'44{name},' + '{"message":"Invalid namespace"}'


def test_connect_is_expected_within_a_second(suite):
    """Then the connection ends."""
    with EngineSocket(suite) as socket:
        try:
            while True:
                assert socket.message() == "2"
                socket.say_text("3")
        except Closed as end:
            assert "close" in str(end)


@pytest.mark.parametrize("packet", ["4abc", "42{}", '42abc["message-back"]', "4"])
def test_bad_packet_closes_the_connection(suite, packet):
    """Whatever else it is in."""
    with joined(suite) as socket:
        say_after_ping(socket)
        say_after_ping(socket)
        socket.say_text(packet)
        assert socket.closed().opcode == CLOSE


def test_leaving_and_coming_again(suite):
    """A socket leaves by 41, the connection stays, and another socket may join, with another id."""
    with joined(suite) as socket:
        first = json.loads(say_after_ping(socket)[2:])["sid"]
        say_after_ping(socket)
        socket.say_text("41")
        socket.say_text("40")
        assert json.loads(say_after_ping(socket)[2:])["sid"] != first
        assert say_after_ping(socket) == '42["auth",{}]'


def test_event_and_acknowledgement(suite):
    """`message` comes back as `message-back`, `message-with-ack` as its acknowledgement."""
    with joined(suite) as socket:
        say_after_ping(socket)
        say_after_ping(socket)
        socket.say_text('42["message",1,"2",{"3":[true]}]')
        assert say_after_ping(socket) == '42["message-back",1,"2",{"3":[true]}]'
        socket.say_text('42456["message-with-ack",1,"2",{"3":[false]}]')
        assert say_after_ping(socket) == '43456[1,"2",{"3":[false]}]'


def frames_after_ping(socket, count):
    """The next frames that are no pings."""
    frames = []
    while len(frames) < count:
        frame = socket.frame()
        if frame.opcode == TEXT and frame.text == "2":
            socket.say_text("3")
        else:
            frames.append(frame)
    return frames


def test_binary_event_and_acknowledgement(suite):
    """With two attachments, in their places and their order."""
    data = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},"test"]'
    with joined(suite) as socket:
        say_after_ping(socket)
        say_after_ping(socket)
        for sent, back in [('452-["message",', '452-["message-back",'), ('452-789["message-with-ack",', "462-789[")]:
            socket.say_text(sent + data)
            socket.say(BINARY, b"\x01\x02\x03")
            socket.say(BINARY, b"\x04\x05\x06")
            text, first, second = frames_after_ping(socket, 3)
            assert text.text == back + data
            assert (first.payload, second.payload) == (b"\x01\x02\x03", b"\x04\x05\x06")


def test_websocket_echo(suite):
    """At /ws-echo, texts and bytes, also longer ones than Socket.IO takes here."""
    with WebSocket(suite, "/ws-echo") as socket:
        socket.say_text("é" * 70_000)
        assert socket.message() == "é" * 70_000
        socket.say(BINARY, bytes(2_000_000))
        # The server pings, and that may come between.
        while (frame := socket.frame()).opcode != BINARY:
            pass
        assert frame.payload == bytes(2_000_000)
