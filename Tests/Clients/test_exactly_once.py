"""A network that cuts at any byte, and a server that dies: who comes back with its cursor hears 1..N, each once.

Every connection runs through a relay that ends it after a random number of bytes, in either direction, and the
server is killed and started again on its port in between. A reader keeps nothing but how many stanzas it has heard
whole; the seed of each run is printed.
"""

import json
import os
import random
import socket
import threading

import pytest

from engine_wire import EngineSocket, Polling, events
from generations_relay import Relay
from generations_wire import Polling3, Session09, Socket3, Socket09, Stream09, stanzas09
from http_wire import Closed, Connection
from poems import numbered, text_of
from websocket_wire import WebSocket

COUNT = 25


class Shears(Relay):
    """A relay that cuts each of its connections somewhere in the bytes from the server, or in those to it."""

    def __init__(self, port, dice):
        self.dice = dice
        self.cuts = 0
        super().__init__(port)

    def _pass(self, source, sink, is_answer):
        # Too little for a handshake, now and then; enough for some stanzas, mostly.
        left = self.dice.randrange(40, 3000)
        try:
            while left > 0 and (data := source.recv(min(left, 1 << 16))):
                sink.sendall(data)
                left -= len(data)
            self.cuts += left == 0
        except OSError:
            pass
        self._end(source)
        self._end(sink)


# Readers: each yields stanzas as it hears them whole, behind a cursor, until something breaks.


def raw(port, cursor):
    """A bare WebSocket."""
    with WebSocket(port, f"/ws?from={cursor}") as link:
        while True:
            yield link.message()


def sse(port, cursor):
    """Server-Sent Events."""
    with Connection(port) as link:
        link.request("GET", "/sse", {"Last-Event-ID": str(cursor)})
        rest = ""
        for piece in link.pieces(link.head()):
            rest += piece.decode()
            *whole, rest = rest.split("\n\n")
            for event in whole:
                if data := [line[6:] for line in event.split("\n") if line.startswith("data: ")]:
                    yield "\n".join(data)


def text(port, cursor):
    """/text: a stanza is whole when the blank line behind it has come, or the last chunk."""
    with Connection(port) as link:
        link.request("GET", f"/text?from={cursor}")
        rest = ""
        for piece in link.pieces(link.head()):
            rest += piece.decode()
            *whole, rest = rest.split("\n\n")
            yield from whole
        if rest:
            yield rest.rstrip("\n")


def engine4_websocket(port, cursor):
    """Socket.IO 4, with the recovery offset."""
    with EngineSocket(port) as link:
        link.say_text("40" + json.dumps({"pid": "x", "offset": str(cursor)}))
        while True:
            for event in events([link.message()]):
                yield event[1]


def engine4_polling(port, cursor):
    """The same over long polling."""
    with Polling(port) as session:
        session.post("40" + json.dumps({"pid": "x", "offset": str(cursor)}))
        while True:
            for event in events(session.poll()):
                yield event[1]


def engine4_upgrade(port, cursor):
    """The same, polling at first and then over a WebSocket."""
    with Polling(port) as session:
        session.post("40" + json.dumps({"pid": "x", "offset": str(cursor)}))
        for event in events(session.poll()):
            yield event[1]
        with EngineSocket(port, sid=session.sid) as link:
            link.say_text("2probe")
            while link.message() != "3probe":
                pass
            link.say_text("5")
            while True:
                for event in events([link.message()]):
                    yield event[1]


def engine3_websocket(port, cursor):
    """Socket.IO 2, with the cursor in the query."""
    with Socket3(port, **{"from": str(cursor)}) as link:
        while True:
            for event in events([link.message()]):
                yield event[1]


def engine3_polling(port, cursor):
    """The same over long polling."""
    with Polling3(port, **{"from": str(cursor)}) as session:
        packets = session.others
        while True:
            for event in events(packets):
                yield event[1]
            packets = session.poll()


def old_websocket(port, cursor):
    """Socket.IO 0.9 over WebSocket."""
    with Socket09(port, **{"from": str(cursor)}) as link:
        while True:
            yield from stanzas09([link.message()])


def old_polling(transport):
    """0.9 over one of its polling transports."""

    def reader(port, cursor):
        with Session09(port, transport, **{"from": str(cursor)}) as session:
            packets = []
            # An unknown session is answered for ever.
            while not any(packet == "0::" or packet.startswith("7:::") for packet in packets):
                packets = session.poll()
                yield from stanzas09(packets)

    reader.__name__ = transport
    return reader


def htmlfile(port, cursor):
    """0.9 over htmlfile."""
    session = Session09(port, "htmlfile", **{"from": str(cursor)})
    with session, Stream09(session) as stream:
        next(stream.chunks)
        while True:
            yield from stanzas09([stream.packet()])


WAYS = [
    raw,
    sse,
    text,
    engine4_websocket,
    engine4_polling,
    engine4_upgrade,
    engine3_websocket,
    engine3_polling,
]
WAYS += [old_websocket, old_polling("xhr-polling"), old_polling("jsonp-polling"), htmlfile]


@pytest.fixture
def poem_file(tmp_path):
    """A text, and its stanzas."""
    path = tmp_path / "text.txt"
    stanzas = numbered(COUNT)
    path.write_text(text_of(stanzas), encoding="utf-8")
    return path, stanzas


@pytest.mark.timeout(180)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_cut_anywhere_and_killed_in_between(serve, poem_file, way):
    path, stanzas = poem_file
    seed = int(os.environ.get("DANTE_SEED") or random.randrange(1 << 32))
    print(f"DANTE_SEED={seed}")
    dice = random.Random(seed)
    flags = [path, "--interval", "3ms"]
    server = serve(*flags)
    port = server.port
    heard, attempts, deaths = [], 0, 0
    with Shears(port, random.Random(dice.randrange(1 << 32))) as shears:
        while len(heard) < COUNT:
            attempts += 1
            assert attempts < 2000, f"{len(heard)} stanzas after {attempts} attempts"
            # So that each run has some, however lucky it is: the server dies within the first attempts.
            killer = None
            if deaths < 3 and dice.random() < 0.5:
                deaths += 1
                killer = threading.Timer(dice.random() * 0.05, server.kill)
                killer.start()
            try:
                for stanza in way(shears.port, len(heard)):
                    heard.append(stanza)
                    if len(heard) == COUNT:
                        break
            except (Closed, OSError, AssertionError, StopIteration, RuntimeError, ValueError):
                pass
            if killer:
                killer.join()
                server = serve(*flags, "--port", port)
        print(f"{attempts} attempts, {shears.cuts} cuts, {deaths} deaths")
        # Nothing is left to be heard behind the last cursor.
        assert heard == stanzas
        try:
            more = list(way(port, COUNT))
        except (Closed, OSError, AssertionError, StopIteration, RuntimeError, ValueError):
            more = []
        assert more == []


def test_the_relay_does_cut(serve, poem_file):
    """Or the test above would prove nothing."""
    server = serve(poem_file[0], "--interval", "1ms")
    with Shears(server.port, random.Random(1)) as shears:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", shears.port)) as link:
                link.sendall(b"GET /sse HTTP/1.1\r\nHost: x\r\n\r\n")
                while link.recv(1 << 16):
                    pass
        assert shears.cuts >= 10
