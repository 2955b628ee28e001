"""WebSocket frame by frame: can say what no client library would."""

import base64
import hashlib
import os
import struct
from dataclasses import dataclass

from http_wire import PATIENCE, Closed, Connection

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

#: What a handshake consists of, for tests that spoil one part of it.
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@dataclass
class Frame:
    """One frame as it came."""

    opcode: int
    payload: bytes
    fin: bool = True

    @property
    def code(self):
        """The code of a close frame; None if it has none."""
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else None

    @property
    def text(self):
        """The payload as UTF-8."""
        return self.payload.decode("utf-8")


def encoded(opcode, payload=b"", fin=True, mask=True, reserved=0, claimed=None):
    """A frame from a client. `claimed` is the length it claims, if that is not the true one."""
    payload = payload.encode() if isinstance(payload, str) else payload
    length = len(payload) if claimed is None else claimed
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    bit = 0x80 if mask else 0
    if length < 126:
        head += bytes([bit | length])
    elif length < 1 << 16:
        head += bytes([bit | 126]) + struct.pack("!H", length)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", length)
    if not mask:
        return head + payload
    key = os.urandom(4)
    stream = int.from_bytes((key * (len(payload) // 4 + 1))[: len(payload)], "big")
    masked = (int.from_bytes(payload, "big") ^ stream).to_bytes(len(payload), "big")
    return head + key + masked


def closing(code=None, reason=""):
    """The payload of a close frame."""
    return b"" if code is None else struct.pack("!H", code) + reason.encode()


class WebSocket(Connection):
    """A WebSocket after its handshake; the handshake's answer is in `handshake`."""

    def __init__(self, port, target="/ws", headers=None, patience=PATIENCE):
        super().__init__(port, patience)
        self.open(target, headers)

    def open(self, target, headers=None):
        """Makes the handshake and checks the answer."""
        key = base64.b64encode(os.urandom(16)).decode()
        self.request("GET", target, HANDSHAKE | {"Sec-WebSocket-Key": key} | (headers or {}))
        self.handshake = self.head()
        if self.handshake.status != 101:
            body = b"".join(self.pieces(self.handshake))
            raise Closed(f"handshake at {target}: {self.handshake.status} {body!r}")
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        assert self.handshake.header("Sec-WebSocket-Accept") == base64.b64encode(digest).decode()
        return self

    def say(self, opcode, payload=b"", **how):
        """Sends one frame; see `encoded`."""
        self.send(encoded(opcode, payload, **how))

    def say_text(self, text):
        """Sends one text frame."""
        self.say(TEXT, text)

    def frame(self):
        """The next frame."""
        first, second = self.exactly(2)
        assert not first & 0x70, f"reserved bits set without an extension: {first:#x}"
        assert not second & 0x80, "a server's frame is masked"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self.exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.exactly(8))
        return Frame(first & 0x0F, self.exactly(length), bool(first & 0x80))

    def message(self):
        """The next text message; pings are answered on the way. Raises `Closed` at a close frame."""
        while True:
            frame = self.frame()
            if frame.opcode == PING:
                self.say(PONG, frame.payload)
            elif frame.opcode == CLOSE:
                raise Closed(f"close {frame.code} {frame.payload[2:]!r}")
            elif frame.opcode == TEXT:
                return frame.text

    def closed(self):
        """The close frame, behind whatever comes before it."""
        while True:
            frame = self.frame()
            if frame.opcode == CLOSE:
                return frame

    def alive(self):
        """Whether a ping is answered by its pong, behind whatever comes before it."""
        token = os.urandom(8)
        self.say(PING, token)
        try:
            while True:
                frame = self.frame()
                if frame.opcode == PONG and frame.payload == token:
                    return True
                if frame.opcode == CLOSE:
                    return False
        except Closed:
            return False
