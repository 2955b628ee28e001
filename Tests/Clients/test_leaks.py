"""Nothing stays behind: connections of all kinds are opened and broken by the thousand, and then counted."""

import os
import resource
from contextlib import ExitStack

import pytest

from engine_wire import EngineSocket, Polling, target
from http_wire import Connection, get
from poems import text_of
from websocket_wire import HANDSHAKE, TEXT, WebSocket, encoded


def half_a_head(port):
    """A request that never ends."""
    link = Connection(port)
    link.send("GET / HTTP/1.1\r\nHost: x")
    return link


def half_a_body(port):
    """A post that never ends."""
    link = Connection(port)
    link.request("POST", target(transport="polling"), {"Content-Length": "100"})
    return link


def a_stream(path):
    """A reading over an answer that stays open."""

    def opened(port):
        link = Connection(port)
        link.request("GET", path)
        link.head()
        return link

    return opened


def a_raw_reading(port):
    """A reading over a bare WebSocket."""
    link = WebSocket(port)
    link.message()
    return link


def half_a_frame(port):
    """A WebSocket in the middle of a frame."""
    link = WebSocket(port)
    link.send(encoded(TEXT, b"x" * 100)[:20])
    return link


def a_refused_handshake(port):
    """A WebSocket that was not to be."""
    link = Connection(port)
    link.request("GET", "/ws", HANDSHAKE | {"Sec-WebSocket-Key": "x"})
    return link


def a_joined_websocket(port):
    """A reading over Socket.IO."""
    link = EngineSocket(port)
    link.join()
    return link


def a_held_poll(port):
    """A reading over long polling, a poll of which is open."""
    session = Polling(port)
    session.post("40")
    session.poll()
    session.polls.request("GET", session.target)
    session.posts.close()
    return session.polls


def half_an_upgrade(port):
    """A WebSocket that has probed and not switched; the session behind it ends with its held poll."""
    session = Polling(port)
    link = EngineSocket(port, sid=session.sid)
    link.say_text("2probe")
    link.message()
    session.polls.request("GET", session.target)
    session.polls.reset()
    session.posts.close()
    return link


KINDS = [
    Connection,
    half_a_head,
    half_a_body,
    a_stream("/sse"),
    a_stream("/text"),
    a_stream("/read"),
    a_raw_reading,
    half_a_frame,
    a_refused_handshake,
    EngineSocket,
    a_joined_websocket,
    a_held_poll,
    half_an_upgrade,
]


@pytest.mark.timeout(180)
def test_two_thousand_broken_connections_leave_nothing_behind(serve, poem):
    server = serve("--interval", "1m")
    get(server.port, "/")
    before, files = server.status(), server.open_files()
    for round_ in range(2000 // len(KINDS) + 1):
        for kind in KINDS:
            link = kind(server.port)
            link.reset() if round_ % 2 else link.close()
    assert server.settles(connections=before["connections"], sessions=0, readers=0)
    assert server.closes_files(files)
    with WebSocket(server.port) as link:
        assert link.message() == poem[0]


def test_what_is_open_is_counted(serve):
    server = serve("--interval", "1m")
    with ExitStack() as held:
        held.enter_context(a_raw_reading(server.port))
        held.enter_context(a_stream("/sse")(server.port))
        held.enter_context(a_joined_websocket(server.port))
        held.enter_context(a_held_poll(server.port))
        held.enter_context(EngineSocket(server.port))
        # The one who asks counts as a connection too; the session without a reading has not joined.
        assert server.settles(connections=6, sessions=3, readers=4)
    assert server.settles(connections=1, sessions=0, readers=0)


def test_sessions_that_nobody_polls_end_with_their_heartbeat(serve):
    server = serve("--interval", "1m", "--heartbeat", "100ms", "--heartbeat-timeout", "100ms")
    for _ in range(50):
        Polling(server.port).close()
    assert server.settles(sessions=0, readers=0)


def test_a_reader_who_does_not_read_holds_up_nobody_and_misses_nothing(serve, tmp_path):
    stanzas = [f"Stanza {number} " + "x" * 100_000 for number in range(1, 201)]
    path = tmp_path / "long.txt"
    path.write_text(text_of(stanzas))
    server = serve(path, "--interval", "1ms", "--max-payload", "1000000")
    with ExitStack() as held:
        stalled = [held.enter_context(WebSocket(server.port)) for _ in range(20)]
        with WebSocket(server.port) as link:
            assert [link.message() for _ in stanzas] == stanzas
        with open(f"/proc/{server.pid}/statm") as statm:
            resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        # Twenty readers times twenty megabytes would be 400; what is owed to them is a place in the text.
        assert resident < 200 << 20
        for late in stalled:
            assert [late.message() for _ in stanzas] == stanzas


def test_more_connections_than_open_files_are_survived(serve, poem):
    limit = 64

    def few_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    server = serve("--interval", "50ms", "--at-end", "repeat", preexec_fn=few_files)
    with WebSocket(server.port) as reader:
        heard = [reader.message()]
        with ExitStack() as held:
            for _ in range(2 * limit):
                held.enter_context(Connection(server.port))
            spent = cpu_seconds(server)
            heard += [reader.message() for _ in range(20)]
            # Twenty stanzas take a second. A server that is told again and again of a connection it cannot
            # accept spends all of that.
            assert cpu_seconds(server) - spent < 0.5
        heard += [reader.message() for _ in range(5)]
        assert heard == poem[:26]
        assert get(server.port, "/healthz").status == 200


def cpu_seconds(server):
    """The processor time the server has used."""
    with open(f"/proc/{server.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_one_connection_above_the_limit_waits_or_is_turned_away(serve, poem):
    server = serve("--interval", "50ms", "--at-end", "repeat", "--max-connections", "3")
    with ExitStack() as held, Connection(server.port) as first:
        readers = [held.enter_context(WebSocket(server.port)) for _ in range(2)]
        first.ask("GET", "/healthz")
        with Connection(server.port) as above:
            above.request("GET", "/healthz")
            for reader in readers:
                assert [reader.message() for _ in range(3)] == poem[:3]
            first.close()
            assert above.answer().status in (200, 503)
    assert server.settles(readers=0)
