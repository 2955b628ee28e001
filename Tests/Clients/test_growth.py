"""What twenty thousand connections of every generation and transport leave behind: memory and open files, counted."""

import os
from itertools import cycle, islice, pairwise

import pytest

from generations_wire import Polling3, Session09, Socket3, Socket09, Stream09
from http_wire import get
from test_leaks import KINDS
from websocket_wire import WebSocket

CYCLES = 20_000
#: Behind the first of these the server has made what it keeps; the rest must add nothing.
MEASUREMENTS = 5
#: Bytes in all: a moment with more sessions than ever before takes memory that the allocator keeps.
GROWTH = 16 << 20
#: Bytes of each connection in the stretch that added least: what leaks does so in every one of them, a moment with
#: more sessions comes and goes.
LEAK = 64


def a_held_poll09(transport):
    """A reading of 0.9 that waits for its second stanza."""

    def opened(port):
        session = Session09(port, transport).settled()
        session.begin_poll()
        session.posts.close()
        return session.polls

    return opened


def a_held_poll3(**query):
    """A reading of Engine.IO 2 or 3 that waits for its second stanza."""

    def opened(port):
        session = Polling3(port, **query).settled()
        session.begin_poll()
        session.posts.close()
        return session.polls

    return opened


def without_its_session(link):
    """Of a connection of 0.9, that connection alone."""
    link.session.close()
    return link


def a_websocket09(port):
    """A reading of 0.9 over its WebSocket."""
    return without_its_session(Socket09(port).settled())


def an_html_file(port):
    """A reading of 0.9 over htmlfile."""
    return without_its_session(Stream09(Session09(port, "htmlfile")).settled())


def a_websocket3(port):
    """A reading of Engine.IO 3 over WebSocket."""
    return Socket3(port).settled()


def half_an_upgrade3(port):
    """As in Engine.IO 4: probed, not switched."""
    session = Polling3(port).settled()
    link = Socket3(port, sid=session.sid)
    link.says("2probe", "3probe")
    session.begin_poll()
    session.polls.reset()
    session.posts.close()
    return link


ALL_KINDS = [
    *KINDS,
    a_held_poll09("xhr-polling"),
    a_held_poll09("jsonp-polling"),
    a_websocket09,
    an_html_file,
    a_held_poll3(),
    a_held_poll3(EIO="2"),
    a_held_poll3(b64="1"),
    a_held_poll3(j="0"),
    a_websocket3,
    half_an_upgrade3,
]


def resident(server):
    """Bytes of memory the process has."""
    with open(f"/proc/{server.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_twenty_thousand_connections_of_every_kind_add_nothing(serve, poem, capsys):
    # Sessions that only their heartbeat can end do so between two measurements.
    server = serve(
        "--interval", "10m", "--heartbeat", "2s", "--heartbeat-timeout", "2s", "--close-timeout", "2s"
    )
    get(server.port, "/")
    before, files = server.status(), server.open_files()
    kinds = cycle(ALL_KINDS)
    measured = []
    for _ in range(MEASUREMENTS):
        for number, kind in enumerate(islice(kinds, CYCLES // MEASUREMENTS)):
            link = kind(server.port)
            link.reset() if number % 2 else link.close()
        assert server.settles(connections=before["connections"], sessions=0, readers=0)
        assert server.closes_files(files)
        measured.append((resident(server), server.open_files()))
    with capsys.disabled():
        print(f"\n{CYCLES} connections of {len(ALL_KINDS)} kinds, resident kB and open files on the way:")
        print("  " + ", ".join(f"{memory >> 10} kB {count}" for memory, count in measured))
    memory = [size for size, _ in measured]
    assert memory[-1] - memory[0] < GROWTH
    assert min(after - before for before, after in pairwise(memory)) < LEAK * CYCLES // MEASUREMENTS
    with WebSocket(server.port) as link:
        assert link.message() == poem[0]
