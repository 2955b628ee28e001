"""WebSocket frames that are wrong: the close codes of RFC 6455, on every kind of WebSocket."""

import pytest

from engine_wire import EngineSocket
from http_wire import Connection, ask
from websocket_wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    HANDSHAKE,
    PING,
    PONG,
    TEXT,
    WebSocket,
    closing,
    encoded,
)

LIMIT = 1_000_000


@pytest.fixture(params=["raw", "engine"])
def link(request, unharmed):
    """An open WebSocket, bare or with Socket.IO on it."""
    if request.param == "raw":
        with WebSocket(unharmed.port) as opened:
            yield opened
    else:
        with EngineSocket(unharmed.port) as opened:
            opened.join()
            yield opened


def closes(link, code):
    """Checks that the WebSocket is closed with `code`, and that TCP ends behind it."""
    assert link.closed().code == code
    link.rest()


@pytest.mark.parametrize(
    "frame",
    [
        encoded(TEXT, "3", mask=False),
        encoded(TEXT, "3", reserved=4),
        encoded(TEXT, "3", reserved=1),
        encoded(PING, "3", reserved=2),
        encoded(3, "x"),
        encoded(7, "x"),
        encoded(11, "x"),
        encoded(15, "x"),
        encoded(PING, b"x" * 126),
        encoded(PING, b"x", fin=False),
        encoded(CLOSE, closing(1000), fin=False),
        encoded(CONTINUATION, "x"),
        encoded(CONTINUATION, "x", fin=False),
        encoded(TEXT, "3", fin=False) + encoded(TEXT, "3"),
        encoded(TEXT, "3", fin=False) + encoded(BINARY, "3"),
        bytes([0x81, 0x80 | 126, 0, 5]) + b"\0\0\0\0" + b"3xxxx",
        bytes([0x81, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 5]) + b"\0\0\0\0" + b"3xxxx",
        encoded(CLOSE, b"\x03"),
    ],
    ids=[
        "unmasked",
        "reserved bit 1",
        "reserved bit 3",
        "reserved bit in a ping",
        "opcode 3",
        "opcode 7",
        "opcode 11",
        "opcode 15",
        "long ping",
        "fragmented ping",
        "fragmented close",
        "continuation of nothing",
        "continuation of nothing, not the last",
        "text within text",
        "binary within text",
        "length 5 in two bytes",
        "length 5 in eight bytes",
        "half a close code",
    ],
)
def test_a_frame_against_the_rules_closes_with_1002(link, frame):
    link.send(frame)
    closes(link, 1002)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_a_close_code_that_may_not_be_sent_is_answered_with_1002(link, code):
    link.say(CLOSE, closing(code))
    closes(link, 1002)


@pytest.mark.parametrize(
    "text", [b"3\xff", b"3\xc0\xaf", b"3\xed\xa0\x80", b"3\xf4\x90\x80\x80", b"3\xe2\x82", b"3\x80"]
)
def test_a_text_that_is_not_utf_8_closes_with_1007(link, text):
    link.say(TEXT, text)
    closes(link, 1007)


def test_a_close_reason_that_is_not_utf_8_closes_with_1007(link):
    link.say(CLOSE, closing(1000) + b"\xff")
    closes(link, 1007)


def test_utf_8_is_judged_over_fragments(link):
    link.say(TEXT, b"3\xe2\x82", fin=False)
    link.say(CONTINUATION, b"\xac")
    assert link.alive()
    link.say(TEXT, b"3\xe2\x82", fin=False)
    link.say(CONTINUATION, b"x")
    closes(link, 1007)


def test_bad_utf_8_is_refused_before_the_message_ends(link):
    link.say(TEXT, b"3\xff", fin=False)
    closes(link, 1007)


def test_a_message_at_the_limit_passes_and_one_above_closes_with_1009(link):
    link.say(TEXT, b"3" + b"x" * (LIMIT - 1))
    assert link.alive()
    try:
        link.say(TEXT, b"3" + b"x" * LIMIT)
    except OSError:
        pass  # Refused from its head, the rest has nowhere to go.
    assert link.closed().code == 1009


def test_fragments_count_together(link):
    link.say(TEXT, b"3" + b"x" * (LIMIT // 2), fin=False)
    link.say(CONTINUATION, b"x" * (LIMIT // 2), fin=True)
    assert link.closed().code == 1009


@pytest.mark.parametrize("claimed", [LIMIT + 1, 1 << 32, (1 << 63) - 1])
def test_a_length_above_the_limit_is_refused_before_its_bytes_come(link, claimed):
    link.send(encoded(TEXT, b"3", claimed=claimed))
    assert link.closed().code == 1009


def test_a_length_with_the_highest_bit_is_refused(link):
    link.send(bytes([0x81, 0xFF]) + b"\xff" * 8 + b"\0\0\0\0")
    assert link.closed().code in (1002, 1009)


def test_many_empty_fragments_are_bounded(link):
    link.say(TEXT, b"3", fin=False)
    try:
        for _ in range(40):
            link.send(encoded(CONTINUATION, b"", fin=False) * 5000)
    except OSError:
        return  # Ended by the server, as it may.
    link.say(CONTINUATION, b"")
    assert link.alive() in (True, False)


def test_a_frame_byte_by_byte_is_a_frame(link):
    for byte in encoded(PING, b"slow"):
        link.send(bytes([byte]))
    frame = link.frame()
    while frame.opcode != PONG:
        frame = link.frame()
    assert frame.payload == b"slow"


def test_control_frames_may_stand_between_fragments(link):
    link.say(TEXT, b"3", fin=False)
    assert link.alive()
    link.say(CONTINUATION, b"x")
    assert link.alive()


@pytest.mark.parametrize(
    "code, reason", [(1000, ""), (1000, "bye"), (1001, "bye"), (3000, ""), (4999, "è"), (None, "")]
)
def test_a_close_is_answered_in_kind(unharmed, code, reason):
    for opened in WebSocket(unharmed.port), EngineSocket(unharmed.port):
        with opened:
            opened.say(CLOSE, closing(code, reason))
            frame = opened.closed()
            assert frame.code == code and frame.payload[2:].decode() in ("", reason)
            assert opened.ended()


def test_nothing_is_heard_behind_a_close(link):
    link.send(encoded(CLOSE, closing(1000)) + encoded(PING, b"too late"))
    assert link.closed().code == 1000
    assert link.ended()


# Handshakes of a bare WebSocket


@pytest.mark.parametrize(
    "spoiled",
    [
        {"Sec-WebSocket-Key": None},
        {"Sec-WebSocket-Key": ""},
        {"Sec-WebSocket-Key": "c2hvcnQ="},
        {"Sec-WebSocket-Key": "not base64 at all, is it"},
        {"Sec-WebSocket-Version": None},
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Version": "99"},
        {"Sec-WebSocket-Version": "x"},
    ],
    ids=str,
)
def test_a_wrong_handshake_is_refused(unharmed, spoiled):
    answer = ask(unharmed.port, "GET", "/ws", HANDSHAKE | spoiled)
    assert answer.status in (400, 426) and answer.body
    if "Sec-WebSocket-Version" in spoiled:
        assert answer.header("Sec-WebSocket-Version") == "13"


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS"])
def test_only_get_opens_a_websocket(unharmed, method):
    assert ask(unharmed.port, method, "/ws", HANDSHAKE).status != 101


def test_http_1_0_opens_no_websocket(unharmed):
    assert ask(unharmed.port, "GET", "/ws", HANDSHAKE | {"Host": "x"}, version="1.0").status != 101


def test_the_words_of_a_handshake_are_not_case_sensitive(unharmed, poem):
    odd = {
        "Connection": "keep-alive, UPGRADE",
        "Upgrade": "WebSocket",
        "sec-websocket-version": "13",
        "SEC-WEBSOCKET-KEY": HANDSHAKE["Sec-WebSocket-Key"],
    }
    with Connection(unharmed.port) as link:
        link.request("GET", "/ws", odd)
        assert link.head().header("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert link.until(poem[0].encode())


def test_frames_right_behind_the_handshake_are_not_lost(unharmed):
    with Connection(unharmed.port) as link:
        link.send(
            "GET /ws HTTP/1.1\r\nHost: x\r\n"
            + "".join(f"{n}: {v}\r\n" for n, v in HANDSHAKE.items())
            + "\r\n"
        )
        link.send(encoded(PING, b"early"))
        assert link.until(b"\x8a\x05early")
    with Connection(unharmed.port) as link:
        head = (
            "GET /ws HTTP/1.1\r\nHost: x\r\n"
            + "".join(f"{n}: {v}\r\n" for n, v in HANDSHAKE.items())
            + "\r\n"
        )
        link.send(head.encode() + encoded(PING, b"early"))
        assert link.until(b"\x8a\x05early")
