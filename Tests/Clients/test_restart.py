"""A server that is stopped: its readers go to another one, hear everything once, and do not come all at once."""

import json
import re
import signal
import threading

import pytest

from engine_wire import EngineSocket, Polling
from http_wire import Closed, Connection, ask, get
from poems import numbered, text_of
from test_slow_peers import opened
from websocket_wire import WebSocket


@pytest.fixture
def text(tmp_path):
    """Forty stanzas, and the file they are in."""
    stanzas = numbered(40)
    path = tmp_path / "text.txt"
    path.write_text(text_of(stanzas), encoding="utf-8")
    return path, stanzas


def raw(port, cursor):
    """What a bare WebSocket hears behind its cursor, and how it ended."""
    with WebSocket(port, f"/ws?from={cursor}" if cursor else "/ws") as link:
        heard = []
        try:
            while True:
                heard.append(link.message())
        except Closed as end:
            return heard, "1000" in str(end)


def sse(port, cursor):
    """The same over Server-Sent Events; the last event's id is the cursor."""
    with Connection(port) as link:
        link.request("GET", "/sse", {"Last-Event-ID": str(cursor)} if cursor else {})
        answer = link.head()
        if answer.status == 204:
            return [], True
        body = b"".join(link.pieces(answer)).decode()
    heard = []
    for event in body.split("\n\n"):
        data = re.findall(r"^data: (.*)$", event, re.MULTILINE)
        if data:
            heard.append("\n".join(data))
    hints = [int(found) for found in re.findall(r"^retry: (\d+)$", body, re.MULTILINE)]
    assert all(500 <= hint < 10_000 for hint in hints)
    # An EventSource does not know the end of a text: it comes back and hears 204.
    assert bool(hints) or cursor + len(heard) == 40, "a stop says when to come back"
    return heard, False


def plain(port, cursor):
    """The same over /text, whose answer is not whole when the server has been stopped."""
    with Connection(port) as link:
        link.request("GET", f"/text?from={cursor}")
        body, is_whole = b"", True
        try:
            for piece in link.pieces(link.head()):
                body += piece
        except Closed:
            is_whole = False
    heard = [part.strip("\n") for part in body.decode().split("\n\n") if part.strip("\n")]
    return heard, is_whole


def engine(port, cursor):
    """The same over Socket.IO on a WebSocket, by its recovery offset."""
    with EngineSocket(port) as link:
        link.join({"pid": "x", "offset": str(cursor)} if cursor else None)
        packets, _ = link.ending()
        return heard_in(packets), "41" in packets


def polling(port, cursor):
    """The same over long polling."""
    with Polling(port) as session:
        _, packets = session.join({"pid": "x", "offset": str(cursor)} if cursor else None)
        try:
            while "1" not in packets:
                packets += session.poll()
        except (Closed, AssertionError, OSError):
            pass
        return heard_in(packets), "41" in packets


def heard_in(packets):
    """The stanzas among packets of Socket.IO."""
    return [json.loads(one[2:])[1] for one in packets if one.startswith('42["divinecomedy"')]


WAYS = [raw, sse, plain, engine, polling]


@pytest.mark.parametrize("way", WAYS)
def test_readers_go_on_at_another_server(serve, text, way):
    path, stanzas = text
    flags = [path, "--interval", "30ms", "--drain-window", "100ms"]
    first, second = serve(*flags), serve(*flags)
    result = []
    reader = threading.Thread(target=lambda: result.append(way(first.port, 0)))
    with WebSocket(first.port) as watch:
        reader.start()
        for _ in range(15):
            watch.message()
        first.signal(signal.SIGTERM)
        assert first.wait() == 0
    reader.join()
    heard, is_over = result[0]
    assert not is_over and 0 < len(heard) < len(stanzas)
    more, _ = way(second.port, len(heard))
    assert heard + more == stanzas


def test_readiness_fails_first(serve):
    server = serve("--interval", "10m", "--drain-delay", "1s")
    with Connection(server.port) as probe:
        assert probe.ask("GET", "/readyz").status == 200
        server.signal()
        while probe.ask("GET", "/readyz").status == 200:
            pass
        # And whoever comes all the same is served.
        assert get(server.port, "/healthz").status == 200
        with WebSocket(server.port) as late:
            assert late.message()
            with pytest.raises(Closed, match="1001"):
                late.message()
    assert server.wait() == 0


def test_nobody_new_while_goodbyes_are_said(serve):
    server = serve("--interval", "10m", "--drain-window", "1s")
    links = [opened(server.port, "raw") for _ in range(1000)]
    with Connection(server.port) as link:
        server.signal()
        while link.ask("GET", "/readyz").status == 200:
            pass
        while (answer := ask(server.port, "GET", "/socket.io/?EIO=4&transport=polling")).status == 200:
            pass
        assert answer.status == 503 and "stopping" in answer.text
    for link in links:
        link.close()
    assert server.wait() == 0


def test_hints_differ(serve):
    """A hundred EventSources are not told the same moment."""
    server = serve("--interval", "10m", "--drain-window", "1s")
    links = [opened(server.port, "sse") for _ in range(100)]
    assert server.settles(readers=100)
    server.signal()
    hints = [re.search(rb"retry: (\d+)", link.rest())[1] for link in links]
    assert len(set(hints)) > 30
    assert server.wait() == 0
