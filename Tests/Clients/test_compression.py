"""permessage-deflate with clients that have their own idea of it."""

import asyncio
import zlib
from contextlib import ExitStack

import pytest
import socketio
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from http_wire import PATIENCE
from server import SuiteServer, serving
from websocket_wire import BINARY, TEXT, WebSocket, encoded

FAST = ["--interval", "20ms"]
OFFER = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.fixture(scope="module")
def compressing(tmp_path_factory):
    """A quick server that compresses every stanza."""
    flags = [*FAST, "--compression", "on", "--compression-threshold", "0"]
    with serving(tmp_path_factory, "compressing", *flags) as server:
        yield server


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    """The suite server, which compresses everything."""
    with SuiteServer(tmp_path_factory.mktemp("echo")) as server:
        yield server


def squeezed(payload, bits=15):
    """A message as a client compresses it."""
    deflater = zlib.compressobj(wbits=-bits)
    return (deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]


def test_it_is_off_by_default(slow):
    with WebSocket(slow.port, headers=OFFER) as link:
        assert not link.handshake.header("Sec-WebSocket-Extensions")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"server_no_context_takeover": True, "client_no_context_takeover": True},
        {"server_max_window_bits": 9},
        {"server_max_window_bits": 8},
        {"client_max_window_bits": 9},
        {"server_max_window_bits": 12, "client_max_window_bits": 12},
    ],
    ids=str,
)
def test_every_stanza_is_heard_with_any_parameters(compressing, poem, parameters):
    async def read():
        offers = [ClientPerMessageDeflateFactory(**parameters)]
        url = f"ws://127.0.0.1:{compressing.port}/ws"
        async with websockets.connect(url, compression=None, extensions=offers) as link:
            assert AGREED in link.response.headers["Sec-WebSocket-Extensions"]
            return [stanza async for stanza in link]

    assert asyncio.run(asyncio.wait_for(read(), 30)) == poem


@pytest.mark.parametrize("bits", [8, 9, 10, 15])
def test_the_window_the_client_asks_for_is_kept(echo, bits):
    """Repetitions farther apart than a small window, which a decoder of that window cannot follow."""
    message = (b"canto" + bytes(range(256)) * 4) * 30

    async def talk():
        offers = [ClientPerMessageDeflateFactory(server_max_window_bits=bits)]
        url = f"ws://127.0.0.1:{echo.port}/ws-echo"
        async with websockets.connect(url, compression=None, extensions=offers) as link:
            for payload in message, b"x" * 200, message.hex():
                await link.send(payload)
                assert await link.recv() == payload

    asyncio.run(asyncio.wait_for(talk(), 30))


def test_a_stanza_is_smaller_on_the_wire(compressing, poem):
    with WebSocket(compressing.port, headers=OFFER) as link:
        assert link.handshake.header("Sec-WebSocket-Extensions") == AGREED
        first, second = link.exactly(2)
        payload = link.exactly(second)
    assert first == 0xC1
    assert len(payload) < len(poem[0].encode())
    assert zlib.decompressobj(wbits=-15).decompress(payload + b"\0\0\xff\xff").decode() == poem[0]


def test_socket_io_clients_agree_to_it(compressing, poem):
    heard = []
    client = socketio.Client(reconnection=False)
    client.on("divinecomedy", lambda text, cursor: heard.append(text))
    client.connect(f"http://127.0.0.1:{compressing.port}", transports=["websocket"])
    client.wait()
    assert heard == poem
    with WebSocket(compressing.port, "/socket.io/?EIO=4&transport=websocket", headers=OFFER) as link:
        assert link.handshake.header("Sec-WebSocket-Extensions") == AGREED


@pytest.mark.parametrize(
    "frame, code",
    [
        (encoded(TEXT, b"\xff\xff", reserved=4), 1007),
        (encoded(TEXT, squeezed(b"\xff"), reserved=4), 1007),
        (encoded(TEXT, squeezed(b"whole")[:-3], reserved=4), 1007),
        (encoded(9, b"", reserved=4), 1002),
        (encoded(TEXT, b"", reserved=2), 1002),
        (encoded(TEXT, squeezed(b"a"), reserved=4, fin=False) + encoded(0, b"", reserved=4), 1002),
        (encoded(BINARY, squeezed(bytes(17 << 20)), reserved=4), 1009),
    ],
    ids=["no deflate", "no utf-8", "cut", "compressed ping", "other bit", "bit on a continuation", "bomb"],
)
def test_what_is_wrong_has_its_code(echo, frame, code):
    with WebSocket(echo.port, "/ws-echo", headers=OFFER) as link:
        link.send(frame)
        assert link.closed().code == code
        link.rest()


def memory(process, name):
    """A line of the process' status, in kB: VmRSS is what it holds, VmHWM the most it ever held."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name))


def test_bombs_cost_no_memory(echo):
    """Each would be 256 MiB; the limit is 16 MiB."""
    bomb = encoded(BINARY, squeezed(bytes(1 << 28)), reserved=4)
    before = memory(echo.process, "VmHWM")
    for _ in range(5):
        with WebSocket(echo.port, "/ws-echo", headers=OFFER, patience=2 * PATIENCE) as link:
            link.send(bomb)
            assert link.closed().code == 1009
    assert memory(echo.process, "VmHWM") - before < 100_000, "kB more than before"


def test_no_connection_holds_a_window(serve):
    """zlib's own are 39 kB in and 256 kB out; a reader is 3."""
    server = serve("--interval", "10m", "--compression", "on", "--compression-threshold", "0", "--threads", "1")
    with ExitStack() as links:

        def open_some(count):
            for _ in range(count):
                link = links.enter_context(WebSocket(server.port, headers=OFFER))
                link.send(encoded(TEXT, squeezed(b"heard"), reserved=4))
                assert link.exactly(1) == b"\xc1"

        open_some(50)
        before = memory(server, "VmRSS")
        open_some(200)
        assert (memory(server, "VmRSS") - before) / 200 < 20, "kB a reader"


def test_who_never_ends_its_compressed_message_holds_only_its_bytes(echo):
    with WebSocket(echo.port, "/ws-echo", headers=OFFER) as link:
        pieces = squeezed(b"terza rima" * 100)
        for place in range(len(pieces)):
            link.say(BINARY if place == 0 else 0, pieces[place : place + 1], reserved=4 * (place == 0), fin=False)
        assert link.alive()
        link.say(0, b"")
        frame = link.exactly(2)
        assert frame[0] == 0xC2
