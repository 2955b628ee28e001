"""https and wss on the one port, with clients that check the certificate."""

import asyncio
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest
import requests
import socketio
import websockets

import certificates
from engine_wire import events, target
from http_wire import Closed, Connection
from poems import text_of
from server import PATIENCE, plain_binary, run, serving
from websocket_wire import WebSocket

FAST = ["--interval", "20ms"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate and its key."""
    return certificates.make(tmp_path_factory.mktemp("tls"), "first")


@pytest.fixture(scope="module")
def secure(tmp_path_factory, authority):
    """A quick server behind TLS, its debug lines logged."""
    flags = ["--tls-certificate", authority[0], "--tls-key", authority[1], "--log-level", "debug"]
    with serving(tmp_path_factory, "secure", *FAST, *flags) as server:
        yield server


def trusting(authority):
    """The settings of a client that believes this certificate and no other."""
    return ssl.create_default_context(cafile=authority[0])


def shown(port, **limits):
    """The certificate the server shows, and the TLS version agreed on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # The client's own policy must not be what refuses an old version.
    context.set_ciphers("ALL:@SECLEVEL=0")
    for name, value in limits.items():
        setattr(context, name, value)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as link:
        with context.wrap_socket(link) as secured:
            return secured.getpeercert(binary_form=True), secured.version()


def secured(port, authority, kind=Connection, is_small=False):
    """A connection behind its TLS handshake; a small one has as small a receive buffer as the kernel gives."""
    plain = socket.socket()
    if is_small:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(PATIENCE)
    plain.connect(("127.0.0.1", port))
    link = kind.__new__(kind)
    link.socket = trusting(authority).wrap_socket(plain, server_hostname="127.0.0.1")
    link.port, link.unread, link.remaining = port, b"", None
    return link


def counted(port, authority, path="/status"):
    """What the server says of itself."""
    with secured(port, authority) as link:
        return link.ask("GET", path)


def comes_to(port, authority, **counts):
    """Whether the server counts this of itself, sooner or later."""
    end = time.monotonic() + PATIENCE
    while any((status := counted(port, authority).json)[name] != count for name, count in counts.items()):
        assert time.monotonic() < end, f"expected {counts}: {status}"
    return True


def der(certificate):
    """A certificate file in the form a handshake shows it."""
    return ssl.PEM_cert_to_DER_cert(certificate.read_text())


def test_curl_reads_the_text(secure, authority, poem):
    command = ["curl", "-sS", "--max-time", "30", "--cacert", authority[0]]
    url = f"https://127.0.0.1:{secure.port}"
    assert secure.started["url"].startswith("https://")
    text = subprocess.run([*command, f"{url}/text"], check=True, capture_output=True, timeout=40).stdout
    assert text.decode().split("\n\n") == [*poem[:-1], poem[-1] + "\n"]
    script = subprocess.run([*command, f"{url}/socket.io/socket.io.js"], check=True, capture_output=True)
    assert len(script.stdout) > 1000


def test_a_websocket_hears_every_stanza(secure, authority, poem):
    async def read():
        url = f"wss://127.0.0.1:{secure.port}/ws"
        async with websockets.connect(url, ssl=trusting(authority)) as link:
            return [stanza async for stanza in link]

    assert asyncio.run(asyncio.wait_for(read(), 30)) == poem


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]], ids="-".join)
def test_socket_io_hears_every_stanza(secure, authority, poem, transports):
    heard = []
    session = requests.Session()
    # The environment's authorities would go before this one.
    session.trust_env = False
    session.verify = str(authority[0])
    client = socketio.Client(
        http_session=session,
        websocket_extra_options={"sslopt": {"ca_certs": str(authority[0])}},
        reconnection=False,
    )
    client.on("divinecomedy", lambda text, cursor: heard.append(text))
    # Its own second is short for a busy machine.
    client.connect(f"https://127.0.0.1:{secure.port}", transports=transports, wait_timeout=PATIENCE)
    end = time.monotonic() + PATIENCE
    while len(heard) < len(poem) and time.monotonic() < end:
        client.sleep(0.02)
    client.disconnect()
    assert heard == poem


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_today_s_versions_are_spoken(secure, authority, version):
    certificate, spoken = shown(secure.port, minimum_version=version, maximum_version=version)
    assert certificate == der(authority[0])
    assert spoken == version.name.replace("_", ".")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_versions_are_refused(secure, version):
    with pytest.raises(ssl.SSLError, match="(?i)protocol.version"):
        shown(secure.port, minimum_version=version, maximum_version=version)


def test_plain_http_is_not_guessed(secure):
    with Connection(secure.port) as link:
        link.request("GET", "/text")
        answer = b""
        try:
            while True:
                answer += link.receive()
        except Closed:
            pass
    # A TLS alert, or nothing.
    assert not answer.startswith(b"HTTP") and len(answer) < 50
    assert "connection failed" in secure.complaints and "HTTP_REQUEST" in secure.complaints
    assert shown(secure.port)


def test_a_handshake_that_does_not_come_is_not_waited_for(serve, authority):
    server = serve("--tls-certificate", authority[0], "--tls-key", authority[1], "--head-timeout", "100ms")
    with Connection(server.port) as link, pytest.raises(Closed):
        link.receive()


def test_sighup_brings_a_new_certificate(serve, tmp_path, authority):
    second = certificates.make(tmp_path, "second")
    used = tmp_path / "used.pem", tmp_path / "used.key"

    def put(pair):
        for source, target in zip(pair, used):
            shutil.copy(source, target)

    put(authority)
    server = serve("--tls-certificate", used[0], "--tls-key", used[1], "--interval", "10m", "--threads", "1")

    def says(words):
        end = time.monotonic() + PATIENCE
        while words not in server.complaints:
            assert time.monotonic() < end, f"no {words!r} in {server.complaints!r}"
            time.sleep(0.01)

    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as link:
        with trusting(authority).wrap_socket(link, server_hostname="127.0.0.1") as reader:
            put(second)
            assert shown(server.port)[0] == der(authority[0])
            server.signal(signal.SIGHUP)
            says("new certificate")
            assert shown(server.port)[0] == der(second[0])

            # What cannot be used changes nothing: no certificate at all, and one of another key.
            used[0].write_text("no certificate")
            server.signal(signal.SIGHUP)
            says(f"the old certificate stays: cannot read a certificate (PEM) from {used[0]}")
            shutil.copy(authority[0], used[0])
            server.signal(signal.SIGHUP)
            says(f"the old certificate stays: the key in {used[1]} does not fit the certificate in {used[0]}")
            assert shown(server.port)[0] == der(second[0])

            # Who was there before goes on.
            reader.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert reader.recv(1000).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("spoiled", ["certificate", "key", "pair", "half"])
def test_what_cannot_be_used_stops_the_start(tmp_path, authority, spoiled):
    certificate, key = authority
    if spoiled == "certificate":
        certificate = tmp_path / "missing.pem"
        code, words = 78, f"dante: cannot read a certificate (PEM) from {certificate}"
    elif spoiled == "key":
        key = tmp_path / "empty.key"
        key.write_text("")
        code, words = 78, f"dante: cannot read a private key (PEM) from {key}"
    elif spoiled == "pair":
        key = certificates.make(tmp_path, "other")[1]
        code, words = 78, f"dante: the key in {key} does not fit the certificate in {certificate}"
    else:
        key, code, words = None, 64, "dante: --tls-certificate needs --tls-key beside it"
    flags = ["--tls-certificate", certificate] + (["--tls-key", key] if key else [])
    end = run("--port", "0", *flags)
    assert end.returncode == code and end.stderr.startswith(words), end.stderr
    assert end.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "flags, trait",
    [(["--tls-certificate", "a", "--tls-key", "b"], "TLS"), (["--compression", "on"], "Compression")],
    ids=["TLS", "Compression"],
)
def test_a_build_without_it_says_so(flags, trait):
    end = run("--port", "0", *flags, program=plain_binary())
    assert end.returncode == 64
    assert end.stderr == (
        f"dante: this build was made without {trait}: build it with swift build --traits {trait}\n"
    )


def test_the_server_s_own_pages_are_those_that_came_over_tls(serve, authority):
    flags = ["--tls-certificate", authority[0], "--tls-key", authority[1], "--origins", "same"]
    server = serve(*flags, "--interval", "10m")
    session = requests.Session()
    session.trust_env, session.verify = False, str(authority[0])
    own = f"https://127.0.0.1:{server.port}"

    def handshake(origin):
        address = f"{own}/socket.io/?EIO=4&transport=polling"
        return session.get(address, headers={"Origin": origin}, timeout=PATIENCE).status_code

    assert handshake(own) == 200
    assert handshake(own.replace("https", "http")) == 403


# Readers who are cut, and readers who are slow


class OverSocket:
    """A bare WebSocket."""

    def __init__(self, port, authority, heard, **how):
        self.link = secured(port, authority, WebSocket, **how).open(f"/ws?from={heard}")

    def stanza(self):
        """The next one."""
        return self.link.message()


class OverEngine(OverSocket):
    """Socket.IO 4 over WebSocket."""

    def __init__(self, port, authority, heard, **how):
        self.link = secured(port, authority, WebSocket, **how).open(target(transport="websocket"))
        self.link.message()
        recovered = f'{{"pid":"AAAAAAAAAAAAAAAAAAAA","offset":"{heard}"}}' if heard else ""
        self.link.say_text("40" + recovered)

    def stanza(self):
        """The next one; what else comes is passed over."""
        while not (heard := events([packet := self.link.message()])):
            if packet == "2":
                self.link.say_text("3")
        return heard[0][1]


class OverEvents(OverSocket):
    """An EventSource."""

    def __init__(self, port, authority, heard, **how):
        self.link = secured(port, authority, **how)
        self.link.request("GET", "/sse", {"Last-Event-ID": str(heard)} if heard else {})
        self.chunks = self.link.pieces(self.link.head())
        self.text = ""

    def stanza(self):
        """The next one."""
        while True:
            while "\n\n" not in self.text:
                self.text += next(self.chunks).decode()
            event, self.text = self.text.split("\n\n", 1)
            lines = [line[6:] for line in event.split("\n") if line.startswith("data: ")]
            if lines:
                return "\n".join(lines)


WAYS = [OverSocket, OverEngine, OverEvents]


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_who_was_cut_goes_on(secure, authority, poem, way):
    heard = []
    # Behind each of these, at an end that is none in TLS: a reset, or TCP's own end without TLS's.
    for number, until in enumerate((1, 2, 9, 30, len(poem))):
        reader = way(secure.port, authority, len(heard))
        while len(heard) < until:
            heard.append(reader.stanza())
        reader.link.close() if number % 2 else reader.link.reset()
    assert heard == poem


@pytest.fixture
def long(tmp_path):
    """A text of four megabytes."""
    path = tmp_path / "long.txt"
    stanzas = [f"Stanza {number} " + "x" * 20_000 for number in range(1, 201)]
    path.write_text(text_of(stanzas))
    return path, stanzas


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_who_never_reads_holds_up_nobody(serve, authority, long, way):
    path, stanzas = long
    tls = "--tls-certificate", authority[0], "--tls-key", authority[1]
    server = serve(path, "--interval", "1ms", "--send-buffer", "65536", "--stall-timeout", "1s", *tls)
    deaf = [way(server.port, authority, 0, is_small=True) for _ in range(3)]
    with secured(server.port, authority, WebSocket).open("/ws") as link:
        assert [link.message() for _ in stanzas] == stanzas
    assert comes_to(server.port, authority, readers=0)
    for reader in deaf:
        heard = []
        try:
            while len(heard) < len(stanzas):
                heard.append(reader.stanza())
        except (Closed, OSError, StopIteration):
            pass
        assert heard == stanzas[: len(heard)] and len(heard) < len(stanzas)
        reader.link.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_who_reads_again_goes_on_where_it_was(serve, authority, long, way):
    """And meanwhile the server holds one stanza for it, whatever TLS makes of that."""
    path, stanzas = long
    tls = "--tls-certificate", authority[0], "--tls-key", authority[1]
    server = serve(path, "--interval", "1ms", "--send-buffer", "65536", "--stall-timeout", "10m", *tls)
    late = way(server.port, authority, 0, is_small=True)
    with secured(server.port, authority, WebSocket).open("/ws") as link:
        assert [link.message() for _ in stanzas] == stanzas
    owed = counted(server.port, authority, "/metrics").text.split("\ndante_bytes_owed ")[1].split("\n")[0]
    assert 0 < float(owed) < 2 * len(stanzas[0])
    assert [late.stanza() for _ in stanzas] == stanzas
    late.link.close()
