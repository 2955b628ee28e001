"""Engine.IO 4 and Socket.IO 5 packet by packet, over long polling and over WebSocket."""

import json

from http_wire import Closed, Connection, ask
from websocket_wire import CLOSE, PING, PONG, TEXT, WebSocket

SEPARATOR = "\x1e"


def target(prefix="/", resource="socket.io", **query):
    """The address of an Engine.IO request; `sid=None` leaves `sid` away."""
    query = {"EIO": "4"} | query
    words = "&".join(f"{name}={value}" for name, value in query.items() if value is not None)
    return f"{prefix}{resource}/?{words}"


def events(packets):
    """The arguments of the events among these packets: `[("divinecomedy", stanza, cursor), …]`."""
    return [tuple(json.loads(packet[2:])) for packet in packets if packet.startswith("42")]


class Polling:
    """One Engine.IO session over long polling. Polls and posts have a connection each, as in a browser."""

    def __init__(self, port, prefix="/", resource="socket.io", **query):
        self.port, self.prefix, self.resource = port, prefix, resource
        self.polls = Connection(port)
        self.posts = Connection(port)
        answer = self.polls.ask("GET", target(prefix, resource, transport="polling", **query))
        assert answer.status == 200, f"{answer.status} {answer.body!r}"
        assert answer.text.startswith("0{"), answer.text
        self.handshake = answer
        self.open = json.loads(answer.text.split(SEPARATOR)[0][1:])
        self.sid = self.open["sid"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends both connections; the server learns of it only as TCP tells."""
        self.polls.close()
        self.posts.close()

    @property
    def target(self):
        """Where polls and posts go."""
        return target(self.prefix, self.resource, transport="polling", sid=self.sid)

    def post_answer(self, *packets, **headers):
        """Posts packets and hands back the answer."""
        kind = {"Content-Type": "text/plain;charset=UTF-8"}
        return self.posts.ask("POST", self.target, kind | headers, SEPARATOR.join(packets))

    def post(self, *packets):
        """Posts packets, which must be taken."""
        answer = self.post_answer(*packets)
        assert (answer.status, answer.body) == (200, b"ok"), f"{answer.status} {answer.body!r}"

    def poll_answer(self):
        """One poll's answer."""
        return self.polls.ask("GET", self.target)

    def poll(self):
        """The packets of one poll."""
        answer = self.poll_answer()
        assert answer.status == 200, f"{answer.status} {answer.body!r}"
        return answer.text.split(SEPARATOR)

    def join(self, auth=None, namespace=""):
        """Joins a namespace and polls until that is confirmed: the data, and the packets beside it."""
        self.post("40" + namespace + (json.dumps(auth) if auth is not None else ""))
        others = []
        while True:
            packets = self.poll()
            for packet in packets:
                if packet.startswith("40"):
                    return json.loads(packet[packet.index("{") :]), others + [
                        one for one in packets if one != packet
                    ]
            others += packets

    def gone(self):
        """Waits until the server no longer knows the session; False if it still does after many requests."""
        for _ in range(5000):
            answer = ask(self.port, "POST", self.target, body="3")
            # 400 without a body: another POST is still open, which ends the session.
            if answer.status != 200 and answer.body:
                return answer.status == 400 and answer.json["code"] == 1
        return False


class EngineSocket(WebSocket):
    """One Engine.IO connection over WebSocket alone."""

    def __init__(self, port, prefix="/", resource="socket.io", **query):
        super().__init__(port, target(prefix, resource, transport="websocket", **query))
        self.sid = query.get("sid")
        if self.sid is None:
            first = self.message()
            assert first.startswith("0{"), first
            self.opening = json.loads(first[1:])
            self.sid = self.opening["sid"]

    def join(self, auth=None):
        """Joins the default namespace: the confirmation's data."""
        self.say_text("40" + (json.dumps(auth) if auth is not None else ""))
        while True:
            packet = self.message()
            if packet.startswith("40"):
                return json.loads(packet[2:])

    def hear(self, count):
        """The next `count` events."""
        heard = []
        while len(heard) < count:
            packet = self.message()
            if packet == "2":
                self.say_text("3")
            heard += events([packet])
        return heard

    def ending(self):
        """The packets that still come, and the close frame behind them; None if TCP ended without one."""
        packets = []
        try:
            while True:
                frame = self.frame()
                if frame.opcode == CLOSE:
                    return packets, frame
                if frame.opcode == PING:
                    self.say(PONG, frame.payload)
                if frame.opcode == TEXT:
                    packets.append(frame.text)
        except Closed:
            return packets, None
