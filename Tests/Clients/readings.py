"""The ways to hear a reading, each as a generator that yields stanza after stanza while they come.

`next(reading)` is then a live check, since it needs the first stanza and not the end; `list(reading)` is the
whole reading and also checks that it ends the way its protocol ends.
"""

import asyncio
import html
import http.client
import queue
import re
import threading
from dataclasses import dataclass

import socketio
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from http_wire import PATIENCE


@dataclass(frozen=True)
class Address:
    """Where a server is reached from outside: through which port, under which prefix."""

    port: int
    prefix: str = "/"
    resource: str = "socket.io"

    def url(self, path="", scheme="http"):
        """The URL of something below the prefix."""
        return f"{scheme}://127.0.0.1:{self.port}{self.prefix}{path}"


def with_cursor(path, cursor):
    """`path` with the cursor as the `from` parameter."""
    return path if cursor is None else f"{path}?from={cursor}"


def raw(address, poem, cursor=None, path="ws"):
    """A bare WebSocket, one text frame a stanza."""
    url = address.url(with_cursor(path, cursor), "ws")
    with connect(url, open_timeout=PATIENCE, close_timeout=PATIENCE, compression=None) as link:
        try:
            while True:
                yield link.recv(timeout=PATIENCE)
        except ConnectionClosed as end:
            assert end.rcvd and end.rcvd.code == 1000, (
                f"a reading ends with close 1000, this one with {end.rcvd}"
            )


def body(address, path, headers=None, status=200):
    """The body of one answer in the pieces that arrive, whatever the framing."""
    link = http.client.HTTPConnection("127.0.0.1", address.port, timeout=PATIENCE)
    try:
        link.request("GET", address.prefix + path, headers=headers or {})
        answer = link.getresponse()
        assert answer.status == status, f"{address.url(path)}: {answer.status} {answer.read()[:300]!r}"
        while piece := answer.read1(1 << 16):
            yield piece
    finally:
        link.close()


def events(address, path="sse", headers=None):
    """Server-Sent Events, as an EventSource takes them in: pairs of id and data."""
    text, fields = b"", {}
    for piece in body(address, path, {"Accept": "text/event-stream"} | (headers or {})):
        text += piece
        while b"\n" in text:
            line, text = text.split(b"\n", 1)
            name, _, value = line.decode().rstrip("\r").partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                fields["data"] = fields["data"] + "\n" + value if "data" in fields else value
            elif name:
                fields[name] = value
            elif not line.strip():
                if "data" in fields:
                    yield fields.get("id"), fields["data"]
                fields = {"id": fields["id"]} if "id" in fields else {}
    assert not text.strip(), f"the stream ends within a line: {text!r}"


def sse(address, poem, cursor=None):
    """Server-Sent Events; each must be named by its number."""
    for number, stanza in events(address, with_cursor("sse", cursor)):
        assert poem[int(number) - 1] == stanza, f"event {number} is {stanza!r}"
        yield stanza


def text(address, poem, cursor=None):
    """The chunked text. A stanza counts as heard with the end of its last line."""
    come, place, blank = b"", cursor or 0, ""
    for piece in body(address, with_cursor("text", cursor)):
        come += piece
        while come.startswith(expected := f"{blank}{poem[place % len(poem)]}\n".encode()):
            yield poem[place % len(poem)]
            place, come, blank = place + 1, come.removeprefix(expected), "\n"
    assert not come, f"the text goes on with {come!r}"


#: A stanza in the page that grows.
PARAGRAPH = re.compile(rb'<p class="stanza"[^>]*>(.*?)</p>', re.DOTALL)


def page(address, poem, cursor=None):
    """The page that grows: one paragraph a stanza."""
    come = b""
    for piece in body(address, with_cursor("read", cursor)):
        come += piece
        while found := re.search(PARAGRAPH, come):
            come = come[found.end() :]
            yield plain(found[1].decode())


def plain(markup):
    """The verses of a paragraph."""
    verses = re.split(r"<br\s*/?>\s*|\n", markup)
    return "\n".join(html.unescape(re.sub(r"<[^>]*>", "", verse)) for verse in verses)


class Loop(threading.Thread):
    """Where asynchronous clients live, so that tests can be written without `await`."""

    def __init__(self):
        super().__init__(daemon=True)
        self.loop = asyncio.new_event_loop()
        self.start()

    def run(self):
        self.loop.run_forever()

    def do(self, work):
        """Waits for a coroutine: its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE + 10)


LOOP = Loop()


class Listener:
    """python-socketio's asynchronous client, which does the work of a real application.

    Not the threaded one: that hands every packet to a thread of its own, so that a disconnect may overtake
    the last stanza on the client's own side (`test_transports` has a test with it that allows for this).
    """

    def __init__(self, address, transports=None, auth=None, event="divinecomedy"):
        self.come = queue.Queue()
        self.client = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        self.client.on(event, lambda *arguments: self.come.put(arguments))
        self.client.on("disconnect", lambda reason: self.come.put(None))
        LOOP.do(
            self.client.connect(
                address.url(),
                socketio_path=address.prefix + address.resource,
                transports=transports,
                auth=auth,
                wait_timeout=PATIENCE,
            )
        )
        self.http = self.client.eio.http

    @property
    def transport(self):
        """The transport in use now: `polling` or `websocket`."""
        return self.client.transport()

    def arguments(self):
        """The arguments of one event after the other, to the end."""
        while (arguments := self.come.get(timeout=PATIENCE)) is not None:
            yield arguments
        # The client tells of an engine close before it hands out the events that stood in front of it.
        LOOP.do(self._handed_out())
        while not self.come.empty():
            if (arguments := self.come.get()) is not None:
                yield arguments

    async def _handed_out(self):
        for _ in range(20):
            await asyncio.sleep(0)

    def leave(self):
        """Breaks off, as by pulling the plug, and leaves nothing running.

        The own goodbye of the client waits for the answer of a poll, and may not have told the server.
        """
        LOOP.do(self._ended())

    async def _ended(self):
        engine = self.client.eio
        loops = [task for task in (engine.read_loop_task, engine.write_loop_task) if task]
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        if self.http:
            await self.http.close()


def socket_io(transports=None, settles_on=None):
    """A way to hear through python-socketio with these transports (None: its default, which upgrades)."""

    def reading(address, poem, cursor=None):
        auth = None if cursor is None else {"offset": str(cursor)}
        listener = Listener(address, transports, auth)
        try:
            if settles_on:
                assert listener.transport == settles_on
            for stanza, offset in listener.arguments():
                assert poem[int(offset) - 1] == stanza, f"offset {offset} is {stanza!r}"
                yield stanza
        finally:
            listener.leave()

    return reading


#: Every transport by name, as real clients use it.
TRANSPORTS = {
    "polling": socket_io(["polling"], settles_on="polling"),
    "websocket": socket_io(["websocket"], settles_on="websocket"),
    "upgrade": socket_io(settles_on="websocket"),
    "raw": raw,
    "sse": sse,
    "text": text,
    "read": page,
}


def together(readings):
    """What each of these readings brings, all of them begun before any is heard to its end."""
    firsts = [next(reading) for reading in readings]
    return [[first, *reading] for first, reading in zip(firsts, readings, strict=True)]
