"""HTTP/1 byte by byte: says exactly what it is told and hands back exactly what was answered.

Client libraries correct what they send and hide what they get; the tests of malformed requests, pipelining
and flushes need neither.
"""

import json
import socket
from dataclasses import dataclass, field

#: How long one answer may be waited for. Nothing here takes this long unless it is stuck.
PATIENCE = 20.0


@dataclass
class Answer:
    """One HTTP answer: header names in lower case, the body with its framing removed."""

    status: int
    reason: str
    version: str
    headers: dict = field(default_factory=dict)
    body: bytes = b""

    def header(self, name):
        """The value of a header, or an empty text."""
        return self.headers.get(name.lower(), "")

    @property
    def text(self):
        """The body as UTF-8."""
        return self.body.decode("utf-8")

    @property
    def json(self):
        """The body as JSON."""
        return json.loads(self.body)


class Closed(Exception):
    """The connection ended before what was waited for had come; the argument is what had."""


class Connection:
    """One TCP connection to a server on this machine."""

    def __init__(self, port, patience=PATIENCE):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = port
        self.unread = b""
        self.remaining = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the connection, orderly as far as TCP goes."""
        self.socket.close()

    def reset(self):
        """Breaks the connection: the server sees a reset instead of an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, data):
        """Sends bytes, or a text as UTF-8."""
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def request(self, method, target, headers=None, body=None, version="1.1"):
        """Sends one request. `Host` and `Content-Length` are added unless `headers` has them (None: none)."""
        if isinstance(body, str):
            body = body.encode()
        lines = {"Host": f"127.0.0.1:{self.port}"} if version == "1.1" else {}
        if body is not None:
            lines["Content-Length"] = str(len(body))
        lines.update(headers or {})
        head = f"{method} {target} HTTP/{version}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
        self.send(head.encode() + b"\r\n" + (body or b""))

    def ask(self, method, target, headers=None, body=None, version="1.1"):
        """One request and its whole answer."""
        self.request(method, target, headers, body, version)
        return self.answer(method)

    def receive(self):
        """What has come since the last call; waits for one byte at least. Raises `Closed` at the end."""
        if self.unread:
            data, self.unread = self.unread, b""
            return data
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed("the server ended the connection")
        return data

    def until(self, mark):
        """The bytes up to and with `mark`; what follows stays unread."""
        data = b""
        while mark not in data:
            try:
                data += self.receive()
            except Closed:
                raise Closed(f"no {mark!r} in {data!r}") from None
        end = data.index(mark) + len(mark)
        self.unread = data[end:] + self.unread
        return data[:end]

    def exactly(self, count):
        """The next `count` bytes."""
        data = b""
        while len(data) < count:
            try:
                data += self.receive()
            except Closed:
                raise Closed(f"{len(data)} of {count} bytes: {data[:200]!r}") from None
        self.unread = data[count:] + self.unread
        return data[:count]

    def rest(self):
        """Everything up to the end of the connection."""
        data = b""
        while True:
            try:
                data += self.receive()
            except Closed:
                return data

    def head(self):
        """The head of the next answer; the body stays to be read."""
        head = self.until(b"\r\n\r\n").decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        version, status, reason = (first.split(" ", 2) + [""])[:3]
        headers = {}
        for line in lines:
            name, value = line.split(":", 1)
            headers[name.lower()] = (headers.get(name.lower(), "") + ", " + value.strip()).lstrip(", ")
        return Answer(int(status), reason, version, headers)

    def pieces(self, answer):
        """The body of `answer` as it comes, in the pieces it comes in."""
        if "chunked" in answer.header("Transfer-Encoding").lower():
            yield from self._chunks()
        elif "content-length" in answer.headers:
            yield self.exactly(int(answer.header("Content-Length")))
        else:
            yield from iter(self._piece, b"")

    def _piece(self):
        try:
            return self.receive()
        except Closed:
            return b""

    def _chunks(self):
        while True:
            size = int(self.until(b"\r\n").split(b";")[0], 16)
            data = self.exactly(size)
            end = self.exactly(2)
            assert end == b"\r\n", f"a chunk of {size} bytes ends in {end!r}"
            if size == 0:
                return
            yield data

    def answer(self, method="GET"):
        """The next answer, whole. `method` tells whether a body follows."""
        answer = self.head()
        while answer.status == 100:
            answer = self.head()
        if method != "HEAD" and answer.status not in (101, 204, 304):
            answer.body = b"".join(self.pieces(answer))
        return answer

    def body_until(self, answer, mark):
        """The body of `answer` up to the piece that brings `mark`; the connection stays as it is."""
        body = b""
        for piece in self.pieces(answer):
            body += piece
            if mark in body:
                return body
        raise Closed(f"no {mark!r} in {body!r}")

    def ended(self):
        """True once the server has ended the connection without another byte; waits for that."""
        return self.rest() == b""


def ask(port, method, target, headers=None, body=None, version="1.1"):
    """One request on a connection of its own, and the whole answer."""
    with Connection(port) as connection:
        return connection.ask(method, target, headers, body, version)


def get(port, target, headers=None, version="1.1"):
    """A GET on a connection of its own."""
    return ask(port, "GET", target, headers, version=version)
