"""Several nodes, and what goes wrong between them: one is killed, Redis goes and comes, the network is cut."""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
import socketio

import http_wire
from cluster import BALANCERS, Cluster, RedisServer
from conftest import NEVER
from generations import PAGES
from generations_kinds import KINDS
from proxies import free_port
from server import PATIENCE

HERE = Path(__file__).parent
ANSWERING = ["--with", "echo,hello,got-it"]
POLLING = "/socket.io/?EIO=4&transport=polling"


@pytest.fixture
def cluster(tmp_path):
    """Starts clusters: `cluster("--interval", "20ms")`."""
    running = []

    def start(*flags, **how):
        running.append(Cluster(tmp_path, *([] if "--with" in flags else ANSWERING), *flags, **how))
        return running[-1]

    yield start
    for one in running:
        one.stop()


class Guest:
    """A client of today at one node or behind a proxy, with all it has heard."""

    def __init__(self, port, transports=("websocket",), namespaces=("/",), **how):
        self.heard, self.more = [], threading.Condition()
        self.client = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2, **how)
        for namespace in namespaces:
            self.client.on("*", self._hear, namespace=namespace)
        self.client.connect(f"http://127.0.0.1:{port}", transports=list(transports), namespaces=list(namespaces))

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

    def count(self, name):
        with self.more:
            return len([one for one in self.heard if one[0] == name])


def handshake(port):
    """A polling session: its sid."""
    return json.loads(http_wire.get(port, POLLING).text[1:])["sid"]


def reaches(port, sid):
    """Whether a request that lands on this port finds its session, wherever that is. A pong does it no harm."""
    return http_wire.ask(port, "POST", POLLING + "&sid=" + sid, {}, "3").text == "ok"


# Words of an application


@pytest.mark.parametrize("balancer", BALANCERS)
def test_a_chat_goes_across_nodes(cluster, python_node, balancer):
    one = cluster("--interval", NEVER, "--with", "chat", "--redis-python", "socketio")
    one.joined()
    chat = {"namespaces": ("/chat",)}
    port = one.behind(balancer)
    with ExitStack() as guests:
        # At each node, through the proxy in both ways, and at a server of python-socketio.
        ada, ben, cleo = (guests.enter_context(Guest(node.port, **chat)) for node in one.nodes)
        dora = guests.enter_context(Guest(port, transports=["polling"], **chat))
        emil = guests.enter_context(Guest(port, transports=["polling", "websocket"], **chat))
        fred = guests.enter_context(Guest(python_node(one.redis.url), **chat))
        one.redis.listened("socketio", 4)
        ada.client.emit("add user", "Ada", namespace="/chat")
        for guest in ben, cleo, dora, emil:
            guest.hears("user joined", {"username": "Ada", "numUsers": 1})
        for number in range(3):
            ada.client.call("new message", f"ciao {number}", namespace="/chat")
        for guest in ben, cleo, dora, emil, fred:
            guest.hears("new message", {"username": "Ada", "message": "ciao 2"})
            assert guest.count("new message") == 3
        dora.client.emit("add user", "Dora", namespace="/chat")
        dora.hears("login", {"numUsers": 2})
        dora.client.call("new message", "eccomi", namespace="/chat")
        for guest in ada, ben, cleo, emil, fred:
            guest.hears("new message", {"username": "Dora", "message": "eccomi"})


# Words from outside


@pytest.mark.parametrize("arguments", [("ciao", 1, None, {"a": [True]}), ("bytes", b"\x00\xff")])
def test_an_emitter_reaches_every_node_once(cluster, arguments):
    one = cluster("--interval", NEVER)
    guests = [Guest(node.port) for node in one.nodes]
    try:
        one.joined()
        one.redis.emit("news", *arguments)
        one.redis.emit("last")
        for guest in guests:
            guest.hears("news", *arguments)
            guest.hears("last")
            assert guest.count("news") == 1
    finally:
        for guest in guests:
            guest.client.disconnect()


def test_an_emitter_reaches_one_socket_by_its_room(cluster):
    one = cluster("--interval", NEVER)
    with Guest(one.nodes[0].port) as first, Guest(one.nodes[1].port) as second:
        one.joined()
        one.redis.emit("only", "you", rooms=[first.client.get_sid()])
        one.redis.emit("all")
        first.hears("only", "you")
        second.hears("all")
        assert second.count("only") == 0


def test_garbage_in_the_channel_harms_nobody(cluster):
    one = cluster("--interval", NEVER)
    with Guest(one.nodes[0].port) as guest:
        one.joined()
        link = redis.Redis(port=one.redis.port)
        for channel in "socket.io#/#", "socket.io-request#/#", "socket.io-response#/#", "socket.io#/#x#":
            for garbage in b"", b"\xc1", b"{", b"\x93\xa1u\x80\x80", b"\xdd\xff\xff\xff\xff", b"\x80\x04K\x01.":
                link.publish(channel, garbage)
        one.redis.emit("still")
        guest.hears("still")


# python-socketio with its own manager


@pytest.fixture
def python_node():
    """Starts servers of python-socketio: `python_node(redis_url)` is the port of one."""
    running = []

    def start(url):
        port = free_port()
        running.append(subprocess.Popen([sys.executable, HERE / "python_node.py", str(port), url]))
        end = time.monotonic() + PATIENCE
        while True:
            try:
                http_wire.get(port, "/")
                return port
            except OSError:
                assert running[-1].poll() is None and time.monotonic() < end
                time.sleep(0.05)

    yield start
    for process in running:
        process.kill()
        process.wait()


def test_a_server_of_pythons_reaches_our_sockets(cluster, python_node):
    one = cluster("--interval", NEVER, "--redis-python", "socketio")
    python = Guest(python_node(one.redis.url))
    with Guest(one.nodes[0].port) as first, Guest(one.nodes[1].port) as second, python:
        one.joined()
        one.redis.listened("socketio", 4)
        second.client.on("question", lambda *arguments: ["answer", *arguments])
        sid = second.client.get_sid()
        # Each acknowledged before the next: Python's server handles events side by side.
        python.client.call("whisper", (sid, {"n": 1}))
        python.client.call("join", (first.client.get_sid(), "room"))
        python.client.call("room", ("room", "in the room"))
        python.client.call("shout", b"\x01\x02")
        for guest in first, second, python:
            guest.hears("said", b"\x01\x02")
            assert guest.count("said") == {first: 2, second: 2, python: 1}[guest]
        second.hears("said", {"n": 1})
        first.hears("said", "in the room")
        # Answered by a client of ours to the server of theirs that has asked.
        python.client.emit("ask", (sid, "why"))
        python.hears("answered", ["answer", "why"])
        python.client.emit("kick", sid)
        end = time.monotonic() + PATIENCE
        while second.client.get_sid():
            assert time.monotonic() < end
            time.sleep(0.02)


def test_an_emitter_of_pythons_reaches_our_sockets(cluster):
    one = cluster("--interval", NEVER, "--redis-python", "socketio")
    with Guest(one.nodes[0].port) as first, Guest(one.nodes[1].port) as second:
        one.joined()
        emitter = socketio.RedisManager(one.redis.url, write_only=True)
        emitter.emit("news", {"n": 1}, room=second.client.get_sid())
        emitter.emit("last", (1, "two"))
        for guest in first, second:
            guest.hears("last", 1, "two")
        second.hears("news", {"n": 1})
        assert first.count("news") == 0


# A node is killed


@pytest.mark.parametrize("balancer", BALANCERS)
def test_readers_go_on_behind_their_last_stanza_when_a_node_is_killed(cluster, browser, poem, balancer):
    kinds = [kind for kind in KINDS if kind.name in ("4.8.1-browser-websocket", "4.8.1-browser-polling")]
    one = cluster("--interval", "50ms", "--public", PAGES, "--client-script", kinds[0].script())
    port = one.behind(balancer)
    with ExitStack() as open_pages:
        guests = [open_pages.enter_context(kind.open(browser, port)) for kind in kinds for _ in range(2)]
        for guest in guests:
            guest.hears(5)
        one.nodes[1].kill()
        for guest in guests:
            assert guest.hears(len(poem)) == poem


def test_a_session_of_a_killed_node_is_unknown_at_once(cluster):
    one = cluster("--interval", NEVER)
    sid = handshake(one.nodes[0].port)
    assert reaches(one.nodes[1].port, sid)
    one.nodes[0].kill()
    start = time.monotonic()
    answer = http_wire.get(one.nodes[1].port, POLLING + "&sid=" + sid)
    assert (answer.status, answer.json) == (400, {"code": 1, "message": "Session ID unknown"})
    assert time.monotonic() - start < 2


def test_a_new_node_is_found(cluster):
    one = cluster("--interval", NEVER, count=1)
    new = one.add()
    for own, other in (one.nodes[0], new), (new, one.nodes[0]):
        sid = handshake(own.port)
        assert reaches(other.port, sid)


def test_a_shared_reading_is_at_the_same_place_on_all_nodes(serve):
    flags = ["--pace", "shared", "--epoch", "0", "--interval", "500ms", "--at-end", "repeat"]
    ahead = []
    for _ in range(2):
        server = serve(*flags)
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/sse", timeout=PATIENCE) as answer:
            while not (line := answer.readline()).startswith(b"id: "):
                pass
            # The current stanza comes at once; which one that is, the calendar says.
            ahead.append((int(line[4:]) - int(time.time() * 2)) % 46)
        time.sleep(0.7)
    assert ahead[0] in (0, 1) and ahead[1] in (0, 1)


# Redis goes and comes


@pytest.mark.parametrize("way", ["killed", "cut"])
def test_sockets_go_on_without_redis_and_hear_others_when_it_is_back(cluster, way):
    one = cluster("--interval", NEVER, "--redis-timeout", "500ms", "--redis-required", "on")
    with Guest(one.nodes[0].port) as first, Guest(one.nodes[1].port, transports=["polling"]) as second:
        one.joined()
        sid = handshake(one.nodes[2].port)
        assert reaches(one.nodes[0].port, sid)
        one.redis.kill() if way == "killed" else one.redis.pause()
        end = time.monotonic() + PATIENCE
        while any(one.ready(node) != "Redis is away\n" for node in one.nodes):
            assert time.monotonic() < end
            time.sleep(0.05)
        assert http_wire.get(one.nodes[0].port, "/readyz").status == 503
        # Who is here is served, and what was known of the others still is.
        for guest in first, second:
            assert guest.client.call("echo", "alone") == "alone"
        assert reaches(one.nodes[0].port, sid)
        one.redis.start() if way == "killed" else one.redis.resume()
        one.joined()
        one.redis.emit("back")
        for guest in first, second:
            guest.hears("back")
            assert guest.count("back") == 1
        # Numbers and addresses have been given again.
        sid = handshake(one.nodes[2].port)
        end = time.monotonic() + PATIENCE
        while not reaches(one.nodes[1].port, sid):
            assert time.monotonic() < end
            time.sleep(0.2)
            sid = handshake(one.nodes[2].port)


def test_starts_without_redis_and_joins_when_it_comes(tmp_path, serve):
    redis_server = RedisServer(tmp_path)
    redis_server.kill()
    server = serve("--redis", redis_server.url, "--interval", NEVER)
    assert http_wire.get(server.port, "/readyz").text == "ok, but Redis is away: other nodes are not heard\n"
    with Guest(server.port) as guest:
        redis_server.start()
        try:
            end = time.monotonic() + PATIENCE
            while http_wire.get(server.port, "/readyz").text != "ok\n":
                assert time.monotonic() < end
                time.sleep(0.05)
            redis_server.emit("there")
            guest.hears("there")
            assert server.complaints.count("Redis is away") == 2, "once for each connection"
        finally:
            redis_server.kill()


# Without Redis


def test_without_redis_the_log_says_what_to_set(serve):
    nodes = [serve("--interval", NEVER), serve("--interval", NEVER, "--threads", "1")]
    sid = handshake(nodes[0].port)
    for _ in range(3):
        answer = http_wire.get(nodes[1].port, POLLING + "&sid=" + sid)
        assert (answer.status, answer.json["message"]) == (400, "Session ID unknown")
    assert nodes[1].complaints.count("--redis") == 1
    assert "made-by" in nodes[1].complaints and "this-is" in nodes[1].complaints
