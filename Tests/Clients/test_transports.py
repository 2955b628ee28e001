"""Every transport by real clients, from the first stanza to the last, and what HTTP asks of the server."""

import re
import subprocess
import threading

import pytest
import socketio

from engine_wire import EngineSocket, Polling, events, target
from http_wire import Connection, ask, get
from poems import CANTO
from proxies import program
from readings import PARAGRAPH, TRANSPORTS, Address, body, plain, together
from websocket_wire import HANDSHAKE, TEXT, WebSocket

#: Where each stream is, and what its answer says it is.
STREAMS = {"/sse": "text/event-stream", "/text": "text/plain", "/read": "text/html"}


def curl(*arguments):
    """What curl prints."""
    done = subprocess.run(
        [program("curl"), "-sS", "--max-time", "30", *arguments], capture_output=True, check=True
    )
    return done.stdout


# Whole readings


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_stanza_is_heard_once_and_in_order(quick, poem, transport):
    assert list(TRANSPORTS[transport](Address(quick.port), poem)) == poem


@pytest.mark.parametrize(
    "transports", [["polling"], ["websocket"], None], ids=["polling", "websocket", "upgrade"]
)
def test_the_threaded_client_hears_every_stanza_once(quick, poem, transports):
    """It handles every packet in a thread of its own: what it heard counts, not how the threads ran."""
    heard, over = [], threading.Event()
    client = socketio.Client(reconnection=False)
    client.on("divinecomedy", lambda stanza, offset: heard.append((int(offset), stanza)))
    client.on("disconnect", lambda reason: over.set())
    client.connect(f"http://127.0.0.1:{quick.port}", transports=transports)
    assert over.wait(30)
    # The threads of the last stanzas may still be on their way.
    missing = [number for number in range(1, 44) if (number, poem[number - 1]) not in heard]
    assert missing == [] and len(heard) == len(set(heard))


def test_the_text_is_the_file_byte_for_byte(quick):
    assert curl(f"http://127.0.0.1:{quick.port}/text") == CANTO.read_bytes()
    assert curl("--http1.0", f"http://127.0.0.1:{quick.port}/text") == CANTO.read_bytes()


def test_all_transports_read_at_the_same_time(quick, poem):
    address = Address(quick.port)
    readings = [reading(address, poem) for reading in TRANSPORTS.values()]
    assert together(readings) == [poem] * len(readings)


@pytest.mark.parametrize(
    "path", ["ws", "/ws", "", "any/where", "server-faye.js/ws", "socket.io.js/ws", "sse"]
)
def test_an_upgrade_on_any_path_is_a_raw_reading(slow, poem, path):
    with WebSocket(slow.port, "/" + path) as link:
        assert link.message() == poem[0]
        assert "Sec-WebSocket-Protocol" not in link.handshake.headers
        assert "sec-websocket-extensions" not in link.handshake.headers


def test_a_raw_reading_ends_right_behind_the_last_stanza(quick, poem):
    with WebSocket(quick.port) as link:
        for stanza in poem:
            frame = link.frame()
            assert (frame.opcode, frame.text) == (TEXT, stanza)
        close = link.frame()
        assert (close.opcode, close.code, close.payload[2:]) == (8, 1000, b"")
        link.say(8, close.payload)
        assert link.ended()


def test_what_a_raw_reader_says_is_ignored(quick, poem):
    with WebSocket(quick.port) as link:
        link.say_text("40")
        link.say(2, b"\0\xff")
        link.say(10, b"a pong nobody asked for")
        assert [link.message() for _ in poem] == poem


# The first stanza


@pytest.mark.parametrize("path, mark", [("/sse", b"data: "), ("/text", b""), ("/read", b"")])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_head_and_first_stanza_come_in_one_piece(slow, poem, path, mark, version):
    first = poem[0].split("\n")[0].encode()
    with Connection(slow.port) as link:
        link.request("GET", path, version=version)
        assert b"\r\n\r\n" in (piece := link.receive())
        assert mark + first in piece


def test_handshake_and_first_stanza_come_in_one_piece(slow, poem):
    with Connection(slow.port) as link:
        link.request("GET", "/ws", HANDSHAKE)
        assert poem[0].encode() in link.receive()


def test_confirmation_and_first_stanza_come_in_one_poll(slow, poem):
    with Polling(slow.port) as session:
        session.post("40")
        confirmed, first = session.poll()
        assert re.fullmatch(r'40\{"sid":"[^"]+","pid":"[^"]+"\}', confirmed)
        assert events([first]) == [("divinecomedy", poem[0], "1")]


def test_confirmation_and_first_stanza_come_together_on_a_websocket(slow, poem):
    with EngineSocket(slow.port) as link:
        confirmed = link.join()
        assert set(confirmed) == {"sid", "pid"} and confirmed["sid"] != link.sid
        assert link.hear(1) == [("divinecomedy", poem[0], "1")]


# Engine.IO


def test_the_handshake_is_as_the_protocol_has_it(slow):
    with Polling(slow.port) as session:
        answer = session.handshake
        assert answer.text == (
            f'0{{"sid":"{session.sid}","upgrades":["websocket"],"pingInterval":20000,"pingTimeout":20000,'
            '"maxPayload":1000000}'
        )
        assert answer.header("Content-Type").lower() == "text/plain; charset=utf-8"
        assert answer.header("Content-Length") == str(len(answer.body))
        assert "no-store" in answer.header("Cache-Control")
        assert answer.header("Access-Control-Allow-Origin") == "*"
        assert "access-control-allow-credentials" not in answer.headers
        assert "set-cookie" not in answer.headers
        posted = session.post_answer("40")
        assert posted.header("Content-Type").startswith("text/html")


def test_a_websocket_offers_no_upgrade(slow):
    with EngineSocket(slow.port) as link:
        assert link.opening["upgrades"] == []
        assert list(link.opening) == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]


def test_session_ids_are_not_repeated(slow):
    assert len({get(slow.port, target(transport="polling")).text for _ in range(50)}) == 50


def test_a_polled_reading_ends_with_disconnect_and_close(quick, poem):
    with Polling(quick.port) as session:
        _, packets = session.join()
        while "41" not in packets:
            packets += session.poll()
        assert [stanza for _, stanza, _ in events(packets)] == poem
        # The close may stand beside the disconnect or in the next poll's answer.
        if packets[-1] != "1":
            assert session.poll()[-1] == "1"
        assert session.gone()


def test_a_websocket_reading_ends_with_disconnect_and_close(quick, poem):
    with EngineSocket(quick.port) as link:
        link.join()
        packets, close = link.ending()
        assert [stanza for _, stanza, _ in events(packets)] == poem
        assert packets[-1] == "41" and close is not None


def test_the_switch_to_websocket_loses_and_doubles_nothing(quick, poem):
    with Polling(quick.port) as session:
        _, packets = session.join()
        with EngineSocket(quick.port, sid=session.sid) as link:
            link.say_text("2probe")
            assert link.message() == "3probe"
            while "6" not in packets:
                packets += session.poll()
            link.say_text("5")
            heard = events(packets) + link.hear(len(poem) - len(events(packets)))
            assert [stanza for _, stanza, _ in heard] == poem
            assert session.gone() or session.poll_answer().json["code"] == 3


def test_a_session_may_begin_to_listen_late(quick, poem):
    with Polling(quick.port) as session:
        session.post("3")
        packets = session.join()[1]
        while "41" not in packets:
            packets += session.poll()
        assert [stanza for _, stanza, _ in events(packets)] == poem


# HTTP


@pytest.mark.parametrize("path, kind", STREAMS.items())
def test_streams_say_that_nobody_may_hold_them_back(slow, path, kind):
    with Connection(slow.port) as link:
        link.request("GET", path)
        head = link.head()
        assert head.status == 200 and head.header("Content-Type").startswith(kind)
        assert re.search("no-cache|no-store", head.header("Cache-Control"))
        assert head.header("X-Accel-Buffering") == "no"
        assert head.header("Transfer-Encoding") == "chunked"
        if path != "/read":
            assert head.header("Access-Control-Allow-Origin") == "*"


@pytest.mark.parametrize("path", STREAMS)
def test_http_1_0_gets_no_chunks(quick, path):
    with Connection(quick.port) as link:
        link.request("GET", path, version="1.0")
        head = link.head()
        assert head.status == 200
        assert "transfer-encoding" not in head.headers and "content-length" not in head.headers
        link.rest()


def test_http_1_0_polls(slow, poem):
    answer = get(slow.port, target(transport="polling"), version="1.0")
    assert answer.status == 200 and "content-length" in answer.headers
    sid = re.search('"sid":"([^"]+)"', answer.text)[1]
    where = target(transport="polling", sid=sid)
    assert ask(slow.port, "POST", where, body="40", version="1.0").body == b"ok"
    assert poem[0].split("\n")[0] in get(slow.port, where, version="1.0").text


@pytest.mark.parametrize("path", ["/", "/socket.io/socket.io.js", "/healthz", "/nothing.here", *STREAMS])
def test_head_is_the_head_of_get(slow, path):
    with Connection(slow.port) as link:
        head = link.ask("HEAD", path)
        assert head.body == b""
        # The connection is free for the next request at once: no body follows, and no reading has begun.
        link.request("GET", path)
        full = link.head()
        assert (head.status, head.header("Content-Type")) == (full.status, full.header("Content-Type"))
        assert head.header("Content-Length") == full.header("Content-Length")


@pytest.mark.parametrize("path", [target(transport="polling"), "/sse", "/text"])
def test_any_origin_may_read(slow, path):
    wanted = {
        "Origin": "http://elsewhere.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = ask(slow.port, "OPTIONS", path, wanted)
    assert answer.status == 204 and answer.body == b""
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert "GET" in answer.header("Access-Control-Allow-Methods")
    assert "content-type" in answer.header("Access-Control-Allow-Headers").lower()


def test_options_says_what_a_page_allows(slow):
    answer = ask(slow.port, "OPTIONS", "/")
    assert answer.status in (200, 204) and {"GET", "HEAD"} <= set(re.split(r",\s*", answer.header("Allow")))
    assert ask(slow.port, "OPTIONS", "*").status in (200, 204)


def test_a_method_that_means_nothing_here_is_refused(slow):
    for method in "DELETE", "PUT", "POST":
        answer = ask(slow.port, method, "/", body="x")
        assert answer.status == 405 and "GET" in answer.header("Allow")


def test_a_connection_is_kept(slow):
    with Connection(slow.port) as link:
        for path in ["/", "/healthz", target(transport="polling"), "/nothing.here", "/readyz"]:
            answer = link.ask("GET", path)
            assert answer.status == (404 if "nothing" in path else 200)
            assert answer.header("Connection").lower() != "close"
        assert link.ask("GET", "/", {"Connection": "close"}).status == 200
        assert link.ended()


def test_pipelined_requests_are_answered_in_order(slow, poem):
    with Connection(slow.port) as link:
        host = "Host: x\r\n\r\n"
        link.send(
            "".join(f"GET {path} HTTP/1.1\r\n{host}" for path in ["/healthz", "/", "/nothing.here", "/text"])
        )
        assert link.answer().body.strip() == b"ok"
        assert "</html>" in link.answer().text.lower()
        assert link.answer().status == 404
        head = link.head()
        assert link.body_until(head, poem[0].encode())


def test_a_request_behind_a_whole_reading_is_answered(quick):
    with Connection(quick.port) as link:
        link.send("GET /text HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert link.answer().body == CANTO.read_bytes()
        assert link.answer().body.strip() == b"ok"


def test_a_websocket_opens_on_a_connection_that_was_used_before(slow, poem):
    with Connection(slow.port) as link:
        assert link.ask("GET", "/").status == 200
        assert link.ask("GET", "/healthz").status == 200
        link.request("GET", "/ws", HANDSHAKE)
        assert link.head().status == 101
        assert poem[0].encode() in link.until(poem[0].encode())


def test_the_script_can_be_kept_by_a_browser(slow):
    first = get(slow.port, "/socket.io/socket.io.js")
    assert first.status == 200 and "javascript" in first.header("Content-Type")
    again = get(slow.port, "/socket.io/socket.io.js", {"If-None-Match": first.header("ETag")})
    assert again.status == 304 and again.body == b""


def test_what_is_not_there_is_said_in_json(slow):
    answer = get(slow.port, "/nothing.here")
    assert answer.status == 404 and answer.header("Content-Type").startswith("application/json")
    assert isinstance(answer.json, dict)


def test_health_is_told(slow):
    for path in "/healthz", "/readyz", "/dante/healthz":
        answer = get(slow.port, path)
        assert (answer.status, answer.body.strip()) == (200, b"ok")


def test_the_growing_page_is_whole_html(quick, poem):
    page = b"".join(body(Address(quick.port), "read"))
    assert page.lower().startswith(b"<!doctype html>") and page.rstrip().lower().endswith(b"</html>")
    assert b"<script" not in page.lower()
    assert [plain(found.decode()) for found in PARAGRAPH.findall(page)] == poem
