"""Who comes to a cluster: a client of today, and a polling session without one."""

import json
import threading
import time

import socketio

import http_wire
from server import PATIENCE

POLLING = "/socket.io/?EIO=4&transport=polling"


class Guest:
    """A client of today at one node or behind a proxy, with all it has heard."""

    def __init__(self, port, transports=("websocket",), namespaces=("/",), **how):
        self.heard, self.more = [], threading.Condition()
        self.client = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2, **how)
        for namespace in namespaces:
            self.client.on("*", self._hear, namespace=namespace)
        self.client.connect(f"http://127.0.0.1:{port}", transports=list(transports), namespaces=list(namespaces),
            wait_timeout=PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()

    def _hear(self, *event):
        with self.more:
            self.heard.append(event)
            self.more.notify_all()

    def hears(self, name, *arguments):
        """Waits for this event."""
        with self.more:
            assert self.more.wait_for(lambda: (name, *arguments) in self.heard, PATIENCE), self.heard[-5:]

    def hears_just(self, name, *arguments):
        """Waits for an event with each of these, and that there was no other. Threads of the client mix their order."""
        with self.more:
            def heard():
                return sorted(one[1] for one in self.heard if one[0] == name)
            assert self.more.wait_for(lambda: len(heard()) >= len(arguments), PATIENCE), heard()
            assert heard() == sorted(arguments)

    def count(self, name):
        with self.more:
            return len([one for one in self.heard if one[0] == name])


def handshake(port):
    """A polling session: its sid."""
    return json.loads(http_wire.get(port, POLLING).text[1:])["sid"]


def reaches(port, sid):
    """Whether a request that lands on this port finds its session, wherever that is. A pong does it no harm."""
    return http_wire.ask(port, "POST", POLLING + "&sid=" + sid, {}, "3").text == "ok"


def says(node, words):
    """Waits until a server complains so."""
    end = time.monotonic() + PATIENCE
    while words not in node.complaints:
        assert time.monotonic() < end, node.complaints
        time.sleep(0.02)
