"""Peers that are slow, or silent, or gone without a word: each has its time, and nobody waits for them."""

import ctypes
import socket
import struct
import time
from contextlib import ExitStack

import pytest

from engine_wire import EngineSocket, Polling, target
from http_wire import Closed, Connection, get
from poems import text_of
from websocket_wire import WebSocket

#: Longer than any timeout set here and shorter than any default: what ends within it ended for its own reason.
SHORT = "400ms"


def small(port):
    """A connection whose receive buffer is as small as the kernel lets it be."""
    link = Connection.__new__(Connection)
    link.socket = socket.socket()
    link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.socket.settimeout(20)
    link.socket.connect(("127.0.0.1", port))
    link.port, link.unread, link.remaining = port, b"", None
    return link


def vanish(link):
    """Lets nothing through any more, as when a cable is pulled: the peer is told nothing at all."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    # SO_ATTACH_FILTER, with one instruction: keep nothing of any packet.
    link.socket.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 1, ctypes.addressof(program)))


def owed(server):
    """Bytes the kernel holds for each client of the server, by the client's port."""
    found = {}
    with open("/proc/net/tcp") as table:
        for line in list(table)[1:]:
            fields = line.split()
            if int(fields[1].split(":")[1], 16) == server.port and fields[3] == "01":
                found[int(fields[2].split(":")[1], 16)] = int(fields[4].split(":")[0], 16)
    return found


@pytest.fixture
def long(tmp_path):
    """A text of two megabytes."""
    path = tmp_path / "long.txt"
    stanzas = [f"Stanza {number} " + "x" * 10_000 for number in range(1, 201)]
    path.write_text(text_of(stanzas))
    return path, stanzas


WAYS = {"raw": "/ws", "sse": "/sse", "text": "/text", "engine": target(transport="websocket")}


def opened(port, way):
    """A reader with a small window, behind its request."""
    link = small(port)
    if way in ("raw", "engine"):
        link.__class__ = WebSocket
        link.open(WAYS[way])
        if way == "engine":
            link.message()
            link.say_text("40")
    else:
        link.request("GET", WAYS[way])
        link.head()
    return link


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_who_never_reads_holds_what_the_setting_says(serve, long, way):
    path, stanzas = long
    server = serve(path, "--interval", "1ms", "--send-buffer", "65536")
    with ExitStack() as held:
        deaf = [held.enter_context(opened(server.port, way)) for _ in range(5)]
        # Another reader hears all of it, so the others could have as well.
        with WebSocket(server.port) as link:
            assert [link.message() for _ in stanzas] == stanzas
        for count in owed(server).values():
            assert count <= 65_536
        assert server.status()["readers"] == len(deaf)


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_who_never_reads_is_closed_after_the_stall_timeout(serve, long, way):
    path, stanzas = long
    server = serve(path, "--interval", "1ms", "--stall-timeout", SHORT)
    with opened(server.port, way):
        assert server.settles(readers=0)
    assert get(server.port, "/healthz").status == 200


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_who_is_gone_without_a_word_is_closed_after_the_stall_timeout(serve, way):
    server = serve("--interval", "50ms", "--at-end", "repeat", "--stall-timeout", SHORT)
    link = opened(server.port, way)
    try:
        assert server.settles(readers=1)
        vanish(link)
        assert server.settles(readers=0)
    finally:
        link.close()


def test_a_reader_who_reads_again_in_time_goes_on_where_it_was(serve, long):
    path, stanzas = long
    server = serve(path, "--interval", "1ms", "--send-buffer", "65536", "--stall-timeout", "20s")
    with opened(server.port, "raw") as late:
        with WebSocket(server.port) as link:
            assert [link.message() for _ in stanzas] == stanzas
        assert [late.message() for _ in stanzas] == stanzas


def test_a_reader_who_was_closed_comes_back_with_its_cursor(serve, long):
    path, stanzas = long
    server = serve(path, "--interval", "1ms", "--stall-timeout", SHORT)
    with opened(server.port, "raw") as deaf:
        assert server.settles(readers=0)
        heard = []
        try:
            while True:
                heard.append(deaf.message())
        except (Closed, OSError):
            pass
    assert heard == stanzas[: len(heard)] and len(heard) < len(stanzas)
    with WebSocket(server.port, f"/ws?from={len(heard)}") as link:
        assert [link.message() for _ in stanzas[len(heard) :]] == stanzas[len(heard) :]


def test_a_slow_reader_is_not_a_silent_one(serve, long):
    """It takes a little now and then, for longer than the stall timeout, and hears everything."""
    path, stanzas = long
    server = serve(path, "--interval", "1ms", "--send-buffer", "65536", "--stall-timeout", SHORT)
    with opened(server.port, "text") as slow:
        started, data = time.monotonic(), b""
        while time.monotonic() - started < 1.5:
            data += slow.socket.recv(2048)
            time.sleep(0.02)
        assert server.status()["readers"] == 1


def test_a_poll_that_is_never_taken_ends_with_its_session(serve):
    server = serve("--interval", "10m", "--heartbeat", "200ms", "--heartbeat-timeout", "200ms")
    with Polling(server.port) as session:
        session.join()
        session.polls.request("GET", session.target)
        vanish(session.polls)
        vanish(session.posts)
        assert server.settles(sessions=0, readers=0)


@pytest.mark.parametrize("flag", ["--head-timeout", "--idle-timeout", "--body-timeout"])
def test_half_open_connections_have_the_same_time(serve, flag):
    server = serve("--interval", "10m", flag, SHORT)
    with Connection(server.port) as link:
        if flag == "--idle-timeout":
            link.ask("GET", "/healthz")
        if flag == "--body-timeout":
            link.request("POST", "/", {"Content-Length": "10"})
        vanish(link)
        assert server.settles(connections=1)


HANDSHAKES = {
    "engine polling": lambda port: Polling(port).sid,
    "engine websocket": lambda port: EngineSocket(port).sid,
    "0.9": lambda port: get(port, "/socket.io/1/").text.split(":")[0],
}


@pytest.mark.parametrize("kind", HANDSHAKES)
def test_a_handshake_never_finished_is_forgotten(serve, kind):
    server = serve("--interval", "10m", "--connect-timeout", SHORT, "--close-timeout", SHORT)
    HANDSHAKES[kind](server.port)
    assert server.settles(sessions=0)
