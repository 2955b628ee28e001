"""Several nodes, and what goes wrong between them: one is killed, Redis goes and comes, the network is cut."""

import json
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
import socketio
import websockets.sync.client

import certificates
import http_wire
from cluster import BALANCERS, Cluster, RedisServer
from conftest import NEVER
from generations import PAGES
from generations_kinds import KINDS
from proxies import free_port
from server import PATIENCE, SuiteServer, plain_binary, run

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
        link = one.redis.link()
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


def test_rooms_of_pythons_servers_and_ours_are_the_same(cluster, python_node):
    one = cluster("--interval", NEVER, "--redis-python", "socketio")
    python = Guest(python_node(one.redis.url))
    with Guest(one.nodes[0].port) as first, Guest(one.nodes[1].port) as second, python:
        one.joined()
        one.redis.listened("socketio", 4)
        for guest in first, second:
            python.client.call("join", (guest.client.get_sid(), "room"))
        python.client.call("room", ("room", "both"))
        python.client.call("leave", (first.client.get_sid(), "room"))
        python.client.call("room", ("room", "second"))
        python.client.call("close", "room")
        python.client.call("room", ("room", "nobody"))
        python.client.call("others", (second.client.get_sid(), "not the second"))
        python.client.call("shout", "last")
        for guest, heard in (first, ["both", "not the second", "last"]), (second, ["both", "second", "last"]):
            guest.hears("said", "last")
            assert [event[1] for event in guest.heard if event[0] == "said"] == heard


def test_our_server_reaches_pythons_sockets(tmp_path, python_node):
    redis_server = RedisServer(tmp_path)
    try:
        with SuiteServer(tmp_path, "--redis", redis_server.url) as node, Guest(node.port) as ours, \
                Guest(python_node(redis_server.url)) as first, Guest(python_node(redis_server.url)) as second:
            redis_server.listened("socketio", 3)
            ids = [guest.client.get_sid() for guest in (first, second)]

            def does(event, *arguments):
                return ours.client.call(event, arguments)

            does("say", [], [], "to all")
            does("say", [ids[1]], [], "to one by its id")
            for sid in ids:
                does("join", sid, "room")
            does("say", ["room"], [], "to a room")
            does("leave", ids[0], "room")
            does("say", ["room"], [], "to who is left in it")
            does("say", [], [ids[0]], "to all but one")
            # What is not understood there: another room than a socket's own in `except`, or for join and leave.
            does("say", [], ["room"], "but a room")
            does("leave", "room", "room")
            does("say", ["room"], [], "still in it")
            does("say", [], [], "last")
            heard = {
                first: ["to all", "to a room", "but a room", "last"],
                second: ["to all", "to one by its id", "to a room", "to who is left in it", "to all but one",
                         "but a room", "still in it", "last"],
                ours: ["to all", "to all but one", "but a room", "last"],
            }
            for guest, texts in heard.items():
                guest.hears("said", "last")
                assert [event[1] for event in guest.heard if event[0] == "said"] == texts
            # Questions are answered by our own alone, and wait for nobody else.
            ours.client.on("question", lambda: None)
            assert does("count") == does("ask") == 1
            does("kick", ids[1])
            end = time.monotonic() + PATIENCE
            while second.client.get_sid():
                assert time.monotonic() < end
                time.sleep(0.02)
    finally:
        redis_server.kill()


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


class Together:
    """Readers of a shared pace at several nodes: the numbers they hear, in the order they come in."""

    def __init__(self, count):
        self.heard, self.newest, self.count, self.more = [], {}, count, threading.Condition()

    def read(self, name, port):
        """One more reader, under a name of its own."""
        threading.Thread(target=self._read, args=(name, port), daemon=True).start()

    def _read(self, name, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sse", timeout=PATIENCE) as answer:
            for line in answer:
                if line.startswith(b"id: "):
                    with self.more:
                        self.newest[name] = int(line[4:])
                        self.heard.append((name, dict(self.newest)))
                        self.more.notify_all()

    def ahead(self, name, other, heard):
        """How many stanzas one reader is ahead of another at this moment, the shorter way round."""
        lead = (heard[name] - heard[other]) % self.count
        return lead - self.count if lead > self.count / 2 else lead

    def check(self, names, count):
        """Waits until each has heard so many from now on; none was ever a whole stanza from the others."""
        with self.more:
            start = len(self.heard)

            def enough():
                so_far = [name for name, _ in self.heard[start:]]
                return all(so_far.count(name) >= count for name in names)

            assert self.more.wait_for(enough, PATIENCE), self.heard[start:]
            for _, heard in self.heard:
                known = [name for name in names if name in heard]
                # One is told before the other, but not two.
                assert all(abs(self.ahead(a, b, heard)) <= 1 for a in known for b in known), heard


def test_a_shared_reading_is_at_the_same_stanza_on_all_nodes(cluster, poem):
    # So slow that a busy machine is not two stanzas late.
    one = cluster("--pace", "shared", "--epoch", "0", "--interval", "2s", "--at-end", "repeat")
    together = Together(len(poem))
    for number, node in enumerate(one.nodes):
        together.read(number, node.port)
    # Another epoch, four stanzas and a half away, to show that the difference would be seen.
    together.read("other", one.add("--epoch", "9").port)
    together.check([0, 1, 2], 2)
    assert together.ahead(0, "other", together.newest) >= 3
    # Nobody asks Redis what the time is.
    one.redis.kill()
    for number, node in enumerate(one.nodes[:3]):
        together.read(f"new {number}", node.port)
    together.check([0, 1, 2, "new 0", "new 1", "new 2"], 2)


# Redis goes and comes


def test_readers_notice_nothing_of_redis(cluster, browser, poem):
    names = ["4.8.1-browser-websocket", "4.8.1-browser-polling", "4.8.1-browser-upgrade", "5.18.1-python-polling"]
    kinds = [kind for kind in KINDS if kind.name in names]
    one = cluster("--interval", "50ms", "--public", PAGES, "--client-script", kinds[0].script())
    with ExitStack() as open_pages:
        # Polls land on all nodes in turn, before and after: who has the session is remembered.
        guests = [open_pages.enter_context(kind.open(browser, one.behind("nginx"))) for kind in kinds]
        for guest in guests:
            guest.hears(10)
        one.redis.kill()
        for guest in guests:
            assert guest.ends() == poem


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


def test_what_goes_on_with_redis_is_counted(cluster):
    one = cluster("--interval", NEVER, "--with", "chat", "--chat-burst", "100", "--redis-max-messages", "3")
    one.joined()
    node = one.nodes[0]

    def counts(**wanted):
        """The node's counts of the cluster, once these are so."""
        end = time.monotonic() + PATIENCE
        while True:
            found = node.status()["cluster"]
            if all(found[name] == count for name, count in wanted.items()):
                return found
            assert time.monotonic() < end, found
            time.sleep(0.02)

    before = counts(up=True, losses=0, reconnects=0, dropped=0, waiting=0)
    with Guest(node.port, namespaces=("/chat",)) as ada, Guest(one.nodes[1].port, namespaces=("/chat",)) as ben:
        ada.client.emit("add user", "Ada", namespace="/chat")
        ben.hears("user joined", {"username": "Ada", "numUsers": 1})
        joined = node.status()["cluster"]
        assert joined["published"] > before["published"]
        one.redis.emit("news")
        counts(received=joined["received"] + 1)
        one.redis.kill()
        counts(up=False, losses=2, reconnects=0)
        for number in range(5):
            ada.client.call("new message", f"ciao {number}", namespace="/chat")
        counts(published=joined["published"] + 5, waiting=3, dropped=2)
        one.redis.start()
        counts(up=True, losses=2, reconnects=2, waiting=0, dropped=2)
    text = http_wire.get(node.port, "/metrics").text
    found = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("dante_cluster_"))
    assert found["dante_cluster_up"] == "1"
    assert found["dante_cluster_losses_total"] == found["dante_cluster_reconnects_total"] == "2"
    assert found["dante_cluster_dropped_total"] == "2" and found["dante_cluster_unconfirmed_total"] == "0"
    assert len(found) == 8


def test_relays_are_counted(cluster):
    one = cluster("--interval", NEVER)
    one.joined()
    owner, other = one.nodes[:2]
    sid = handshake(owner.port)
    assert reaches(other.port, sid)
    assert other.status()["relayed"] == 1
    http_wire.get(other.port, POLLING + "&sid=" + sid)
    with websockets.sync.client.connect(
        f"ws://127.0.0.1:{other.port}/socket.io/?EIO=4&transport=websocket&sid={sid}") as tunnel:
        tunnel.send("2probe")
        assert tunnel.recv() == "3probe"
        assert (other.status()["relayTunnels"], other.status()["relayed"]) == (1, 3)
    other.settles(relayTunnels=0)
    owner.kill()
    assert not reaches(other.port, sid)
    assert other.status()["relaysFailed"] == 1


# Over TLS, with a password


def test_redis_over_tls_with_a_password_from_a_file(tmp_path, serve):
    folders = {name: tmp_path / name for name in ("redis", "other")}
    for folder in folders.values():
        folder.mkdir()
    pair, other = certificates.make(folders["redis"], "redis"), certificates.make(folders["other"], "other")
    secret = tmp_path / "password"
    secret.write_text("s3cret: é\n")
    redis_server = RedisServer(folders["redis"], tls=pair, password="s3cret: é")
    try:
        flags = ["--interval", NEVER, "--redis-password-file", secret, "--redis-ca"]
        nodes = [
            serve(*flags, pair[0], "--redis", redis_server.url),
            serve(*flags, pair[0], env={"REDIS_URL": redis_server.url}),
        ]
        end = time.monotonic() + PATIENCE
        while any(http_wire.get(node.port, "/readyz").text != "ok\n" for node in nodes):
            assert time.monotonic() < end, nodes[0].complaints
            time.sleep(0.05)
        with Guest(nodes[0].port) as first, Guest(nodes[1].port) as second:
            redis_server.emit("news", 1)
            for guest in first, second:
                guest.hears("news", 1)
        assert reaches(nodes[1].port, handshake(nodes[0].port))
        # Neither who has signed something else, nor the machine's own authorities, will do; nor will another password.
        untrusting = [serve(*flags, other[0], "--redis", redis_server.url)]
        untrusting += [serve("--interval", NEVER, "--redis", redis_server.url)]
        for node in untrusting:
            says(node, "its certificate is of no authority that is trusted here, or has expired; --redis-ca names one")
        secret.write_text("wrong")
        says(serve(*flags, pair[0], "--redis", redis_server.url), "WRONGPASS")
    finally:
        redis_server.kill()


def says(node, words):
    """Waits until a server complains so."""
    end = time.monotonic() + PATIENCE
    while words not in node.complaints:
        assert time.monotonic() < end, node.complaints
        time.sleep(0.02)


@pytest.mark.parametrize("flags, code, words", [
    (["--redis", "rediss://h", "--redis-ca", "/nowhere"], 78, "/nowhere"),
    (["--redis", "rediss://h", "--redis-ca", "/dev/null"], 78, "no certificate (PEM)"),
    (["--redis", "redis://h", "--redis-ca", "/dev/null"], 64, "rediss://"),
    (["--redis", "redis://h", "--redis-password-file", "/nowhere"], 78, "/nowhere"),
    (["--redis", "redis://h", "--share-port", "on"], 64, "--relay-address"),
])
def test_what_cannot_work_is_said_at_the_start(flags, code, words):
    ended = run("--port", "0", *flags)
    assert ended.returncode == code and words in ended.stderr, ended


def test_a_build_without_tls_says_so():
    ended = run("--port", "0", "--redis", "rediss://h", program=plain_binary())
    assert ended.returncode == 64 and "the trait TLS" in ended.stderr, ended


def test_nodes_that_speak_tls_relay_over_a_port_of_their_own(cluster, tmp_path):
    pair = certificates.make(tmp_path, "node")
    tls = ["--tls-certificate", pair[0], "--tls-key", pair[1]]
    ended = run("--port", "0", "--redis", "redis://127.0.0.1:1", *tls)
    assert ended.returncode == 64 and "--relay-address" in ended.stderr, ended
    one = cluster("--interval", NEVER, *tls, "--relay-address", "127.0.0.1:0", count=2)
    own, other = (f"https://127.0.0.1:{node.port}" for node in one.nodes)
    sid = json.loads(requests.get(own + POLLING, verify=pair[0]).text[1:])["sid"]
    address = POLLING + "&sid=" + sid
    assert requests.post(other + address, "40", verify=pair[0]).text == "ok"
    assert requests.get(other + address, verify=pair[0]).text.startswith("40{")
    context = ssl.create_default_context(cafile=pair[0])
    upgrade = other.replace("https", "wss") + address.replace("polling", "websocket")
    with websockets.sync.client.connect(upgrade, ssl=context) as tunnel:
        tunnel.send("2probe")
        assert tunnel.recv() == "3probe"
        tunnel.send("5")
        tunnel.send('420["echo","through"]')
        while not (said := tunnel.recv()).startswith("43"):
            pass
        assert said == '430["through"]'
    assert requests.get(other + "/status", verify=pair[0]).json()["relayed"] == 3


# Without Redis


def test_without_redis_the_log_says_what_to_set(serve):
    nodes = [serve("--interval", NEVER), serve("--interval", NEVER, "--threads", "4")]
    sid = handshake(nodes[0].port)
    # Each on a connection of its own, so that all event loops have something to complain of.
    for _ in range(12):
        answer = http_wire.get(nodes[1].port, POLLING + "&sid=" + sid)
        assert (answer.status, answer.json["message"]) == (400, "Session ID unknown")
    assert nodes[1].complaints.count("--redis") == 1
    assert "made-by" in nodes[1].complaints and "this-is" in nodes[1].complaints
