"""Socket.IO 0.9 and Engine.IO 2 and 3 packet by packet, over each of their transports."""

import json
import re
from urllib.parse import quote_plus

from http_wire import Closed, Connection, ask, get
from websocket_wire import CLOSE, PING, PONG, TEXT, WebSocket

#: Stands before and behind a length in a payload of 0.9.
MARK = "\ufffd"


def units(text):
    """The length of a text as JavaScript counts it: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def taken(text, count):
    """The text cut behind `count` UTF-16 units."""
    encoded = text.encode("utf-16-le")
    return encoded[:2 * count].decode("utf-16-le"), encoded[2 * count:].decode("utf-16-le")


def named(answer):
    """The origin an answer lets in, and whether with credentials."""
    return answer.header("Access-Control-Allow-Origin"), answer.header("Access-Control-Allow-Credentials")


# Socket.IO 0.9


def payload09(*packets):
    """Several packets in one body; a single one goes without a frame."""
    if len(packets) == 1:
        return packets[0]
    return "".join(f"{MARK}{units(one)}{MARK}{one}" for one in packets)


def packets09(payload):
    """The packets of a payload, each of exactly the length it claims."""
    if not payload.startswith(MARK):
        return [payload]
    packets = []
    while payload:
        length, payload = re.match(f"{MARK}(\\d+){MARK}(.*)$", payload, re.DOTALL).groups()
        packet, payload = taken(payload, int(length))
        packets.append(packet)
    assert len(packets) > 1, "a single packet goes without a frame"
    return packets


def event09(name, *arguments, endpoint="", ack=""):
    """An event packet of 0.9."""
    return f"5:{ack}:{endpoint}:" + json.dumps({"name": name, "args": arguments})


def stanzas09(packets):
    """The stanzas among these packets."""
    return [json.loads(one[4:])["args"][0] for one in packets if one.startswith('5:::{"name":"divinecomedy"')]


class Session09:
    """A 0.9 session after its handshake. Polls and posts have a connection each, as in a browser."""

    def __init__(self, port, transport="xhr-polling", base="/socket.io", **query):
        self.port, self.base, self.transport = port, base, transport
        words = "".join(f"&{name}={value}" for name, value in query.items())
        self.handshake = get(port, f"{base}/1/?t=1700000000000{words}")
        assert self.handshake.status == 200, f"{self.handshake.status} {self.handshake.body!r}"
        self.sid, self.heartbeat, self.close_timeout, self.transports = self.handshake.text.split(":")
        self.polls, self.posts = Connection(port), Connection(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends both connections; the server learns of it only as TCP tells."""
        self.polls.close()
        self.posts.close()

    def target(self, transport=None, more=""):
        """The address of the transport."""
        return f"{self.base}/1/{transport or self.transport}/{self.sid}?t=1700000000001{more}"

    def begin_poll(self):
        """Sends a poll; `end_poll` takes its answer."""
        self.polls.request("GET", self.target(more="&i=0" if "jsonp" in self.transport else ""))

    def hold(self, server):
        """Sends a poll and lets the server take it up; `end_poll` takes its answer."""
        self.begin_poll()
        # Each of these asks every event loop of the server, which reads what had come before.
        server.status()
        server.status()

    def end_poll(self):
        """The packets of the answer to the poll."""
        answer = self.polls.answer()
        assert answer.status == 200, f"{answer.status} {answer.body!r}"
        return packets09(unscripted(answer.text, "io.j[0]") if "jsonp" in self.transport else answer.text)

    def poll(self):
        """One poll: its packets."""
        self.begin_poll()
        return self.end_poll()

    def post(self, *packets, transport=None):
        """Posts packets; the answer says nothing about them."""
        self.post_body(payload09(*packets), transport)

    def post_body(self, body, transport=None):
        """Posts a body in the form of the transport."""
        kind = "text/plain;charset=UTF-8"
        if "jsonp" in (transport or self.transport):
            body, kind = "d=" + quote_plus(json.dumps(body)), "application/x-www-form-urlencoded"
        answer = self.posts.ask("POST", self.target(transport), {"Content-Type": kind}, body)
        assert (answer.status, answer.body) == (200, b"1"), f"{answer.status} {answer.body!r}"
        return answer

    def expect(self, *expected):
        """Polls until all these packets have come, in this order and nothing else."""
        come = []
        while len(come) < len(expected):
            come += self.poll()
        assert come == list(expected)

    def settled(self):
        """The session with the greeting and the first stanza behind it."""
        come = self.poll()
        while not stanzas09(come):
            come += self.poll()
        assert come[0] == "1::" and len(come) == 2
        return self

    def alive(self):
        """Checks that an event is still answered, and that nothing else comes before the answer."""
        self.post(event09("echo", "alive"))
        self.expect('5:::{"name":"echo","args":["alive"]}')


class Socket09(WebSocket):
    """A 0.9 session over its WebSocket."""

    def __init__(self, port, base="/socket.io", session=None, **query):
        self.session = session or Session09(port, "websocket", base, **query)
        super().__init__(port, self.session.target("websocket"))

    def settled(self):
        """The connection with the greeting and the first stanza behind it."""
        assert self.message() == "1::"
        assert len(stanzas09([self.message()])) == 1
        return self

    def ending(self):
        """The packets up to the end of the connection."""
        packets = []
        try:
            while True:
                packets.append(self.message())
        except Closed:
            return packets


class Stream09(Connection):
    """A 0.9 session over htmlfile."""

    def __init__(self, session):
        super().__init__(session.port)
        self.session = session
        self.request("GET", session.target("htmlfile"))
        self.answer_head = self.head()
        self.chunks = self.pieces(self.answer_head)

    def packet(self):
        """The next packet: a script element in a chunk of its own."""
        element = next(self.chunks).decode()
        found = re.fullmatch(r"<script>_\((\"[^<\u2028\u2029]*\")\);</script>", element)
        assert found, f"no script element: {element!r}"
        return json.loads(found[1])

    def settled(self):
        """The stream with its head, the greeting and the first stanza behind it."""
        next(self.chunks)
        assert self.packet() == "1::"
        assert len(stanzas09([self.packet()])) == 1
        return self


def unscripted(script, function):
    """The payload inside a script; the script must be safe in old engines and inside HTML."""
    assert script.startswith(function + '("') and script.endswith('");'), script
    argument = script[len(function) + 1:-2]
    assert not re.search("[<\u2028\u2029]", argument), argument
    return json.loads(argument)


# Engine.IO 2 and 3


def text_payload(*packets):
    """Text framing: `length:packet`."""
    return "".join(f"{units(one)}:{one}" for one in packets)


def text_packets(payload):
    """The packets of a payload in text framing, each of exactly the length it claims."""
    packets = []
    while payload:
        length, payload = payload.split(":", 1)
        packet, payload = taken(payload, int(length))
        packets.append(packet)
    return packets


def binary_payload(*packets):
    """Binary framing: bytes for binary packets (the type byte is added), texts for others."""
    body = b""
    for one in packets:
        data = b"\x04" + one if isinstance(one, bytes) else one.encode()
        body += bytes([isinstance(one, bytes), *map(int, str(len(data))), 0xFF]) + data
    return body


def binary_packets(body):
    """The packets of a payload in binary framing."""
    packets = []
    while body:
        head, _, rest = body.partition(b"\xff")
        length = int("".join(map(str, head[1:])))
        data, body = rest[:length], rest[length:]
        assert len(data) == length and head[0] in (0, 1)
        assert head[0] == 0 or data[0] == 4
        packets.append(data[1:] if head[0] else data.decode())
    return packets


def target3(**query):
    """The address of a request of Engine.IO 3."""
    words = "&".join(f"{name}={value}" for name, value in ({"EIO": "3"} | query).items() if value is not None)
    return f"/socket.io/?{words}"


def failed(answer, code, message):
    """Checks that an answer is this error of Engine.IO."""
    assert (answer.status, answer.json) == (400, {"code": code, "message": message})


class Polling3:
    """An Engine.IO 2 or 3 session over polling."""

    def __init__(self, port, **query):
        self.port, self.query = port, {"EIO": "3", "transport": "polling"} | query
        self.polls, self.posts = Connection(port), Connection(port)
        self.handshake = self.polls.ask("GET", target3(**self.query))
        assert self.handshake.status == 200, f"{self.handshake.status} {self.handshake.body!r}"
        first, *self.others = self.packets(self.handshake)
        assert first.startswith("0{"), first
        self.open = json.loads(first[1:])
        self.sid = self.open["sid"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.polls.close()
        self.posts.close()

    @property
    def target(self):
        """Where polls and posts go."""
        return target3(**self.query, sid=self.sid)

    def packets(self, answer):
        """The packets of an answer, whichever its framing."""
        assert answer.status == 200, f"{answer.status} {answer.body!r}"
        if answer.header("Content-Type") == "application/octet-stream":
            return binary_packets(answer.body)
        index = re.sub(r"\D", "", self.query.get("j", ""))
        return text_packets(unscripted(answer.text, f"___eio[{index}]") if "j" in self.query else answer.text)

    def begin_poll(self):
        """Sends a poll; `end_poll` takes its answer."""
        self.polls.request("GET", self.target)

    def hold(self, server):
        """Sends a poll and lets the server take it up; `end_poll` takes its answer."""
        self.begin_poll()
        # Each of these asks every event loop of the server, which reads what had come before.
        server.status()
        server.status()

    def end_poll(self):
        """The packets of the answer to the poll."""
        return self.packets(self.polls.answer())

    def poll(self):
        """One poll: its packets."""
        self.begin_poll()
        return self.end_poll()

    def post_body(self, body, kind="text/plain;charset=UTF-8"):
        """Posts a body as it is."""
        answer = self.posts.ask("POST", self.target, {"Content-Type": kind}, body)
        assert (answer.status, answer.body) == (200, b"ok"), f"{answer.status} {answer.body!r}"
        return answer

    def post(self, *packets):
        """Posts packets in text framing."""
        self.post_body(text_payload(*packets))

    def expect(self, *expected):
        """Polls until all these packets have come, in this order and nothing else."""
        come = []
        while len(come) < len(expected):
            come += self.poll()
        assert come == list(expected)

    def settled(self):
        """The session with the confirmation and the first stanza behind it."""
        come = list(self.others)
        while len(come) < 2:
            come += self.poll()
        assert come[0] == "40" and come[1].startswith('42["divinecomedy",') and len(come) == 2
        return self

    def alive(self):
        """Checks that an event is still answered, and that nothing else comes before the answer."""
        self.post('42["echo","alive"]')
        self.expect('42["echo","alive"]')

    def gone(self):
        """Waits until the server no longer knows the session; false if it still does after many requests."""
        for _ in range(5000):
            answer = ask(self.port, "POST", self.target, body="1:2")
            if answer.status != 200:
                return answer.status == 400 and answer.json["code"] == 1
        return False


class Socket3(WebSocket):
    """An Engine.IO 3 session over WebSocket; with a sid, the probe of an upgrade."""

    def __init__(self, port, headers=None, **query):
        super().__init__(port, target3(**({"transport": "websocket"} | query)), headers)

    def opened(self):
        """The connection with the handshake behind it."""
        first = self.message()
        assert first.startswith("0{"), first
        self.handshake3 = json.loads(first[1:])
        self.sid = self.handshake3["sid"]
        return self

    def settled(self):
        """The connection with the confirmation and the first stanza behind it."""
        self.opened()
        assert self.message() == "40"
        assert self.message().startswith('42["divinecomedy",')
        return self

    def says(self, text, answer):
        """Sends one packet and checks the next one."""
        self.say_text(text)
        assert self.message() == answer

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
