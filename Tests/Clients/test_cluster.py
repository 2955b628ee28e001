"""Several nodes: words go across, a node is killed, a reading is the same on all."""

import threading
import time
import urllib.request
from contextlib import ExitStack

import pytest

import http_wire
from cluster import BALANCERS
from cluster_guests import POLLING, Guest, handshake, reaches
from conftest import NEVER
from generations import PAGES
from generations_kinds import KINDS
from server import PATIENCE

pytest_plugins = ["cluster_fixtures"]


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
            for number in range(3):
                guest.hears("new message", {"username": "Ada", "message": f"ciao {number}"})
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
