"""Connection state recovery on another node than the one that was left, with a real Socket.IO 4 client."""

import json
import time
from contextlib import ExitStack

import pytest

from cluster import Cluster
from conftest import NEVER
from engine_wire import EngineSocket
from generations import PAGES
from generations_kinds import KINDS
from generations_relay import Relay
from server import PATIENCE

CHAT = {"namespace": "/chat"}


def kind(name):
    """The client of this name."""
    return next(one for one in KINDS if one.name == name)


@pytest.fixture(scope="module")
def clusters(tmp_path_factory):
    """Three nodes with a chat, fresh for every test: `clusters(kind)`."""
    with ExitStack() as stack:

        def start(one, *flags):
            cluster = Cluster(
                tmp_path_factory.mktemp("cluster"), "--with", "chat", "--public", PAGES, "--client-script",
                kind(one).script(), "--origins", "*:*", "--chat-burst", "100", "--recovery", "1m", "--interval", NEVER,
                "--heartbeat", "10m", *flags)
            stack.callback(cluster.stop)
            cluster.joined()
            cluster.redis.listened("socket.io-request#/chat#", 3)
            return cluster

        yield start


class Party:
    """Ann in a browser behind a relay to the first node, and a friend at every node, who have said their names."""

    def __init__(self, browser, cluster, name, stack):
        self.cluster = cluster
        self.relay = stack.enter_context(Relay(cluster.nodes[0].port))
        self.ann = stack.enter_context(kind(name).open(browser, self.relay.port))
        self.ann.join("/chat")
        self.ann.says("add user", "Ann", answer="login", **CHAT)
        friend = kind("5.18.1-python-websocket")
        self.friends = [stack.enter_context(friend.open(None, one.port, namespaces=["/chat"])) for one in cluster.nodes]
        for number, one in enumerate(self.friends):
            one.says("add user", f"Friend {number}", answer="login", **CHAT)
        self.count = 0
        self.say(1)
        self.ann.gets("new message", 1, **CHAT)

    def say(self, speaker):
        """One friend says the next number; returns when another, at another node, has heard it."""
        self.friends[speaker].asks("new message", str(self.count), **CHAT)
        self.count += 1
        listener = 3 - speaker if speaker else 1
        until = lambda: [one for one in self.heard(listener) if one == str(self.count - 1)] or None
        self.friends[listener].until(until)

    def heard(self, friend):
        """The messages a friend has heard."""
        return [one["args"][0]["message"] for one in self.friends[friend].happened if one["name"] == "new message"]

    def ann_has_heard_all(self):
        """Everything, once, in order."""
        heard = self.ann.gets("new message", self.count, **CHAT)
        assert [message["message"] for message, *_ in heard] == [str(number) for number in range(self.count)]


@pytest.mark.parametrize("name", ["4.8.1-browser-websocket", "4.8.1-browser-polling", "4.8.1-browser-upgrade"])
@pytest.mark.parametrize("end", ["kill", "stop", "nothing"])
def test_who_has_left_a_node_goes_on_at_another(browser, clusters, name, end):
    """Whether the first node was killed, was stopped, or lives and takes the old connection to be open."""
    cluster = clusters(name)
    with ExitStack() as stack:
        party = Party(browser, cluster, name, stack)
        party.relay.lose(refused=1 << 20)
        for speaker in 0, 1, 2, 0:
            party.say(speaker)
        if end != "nothing":
            party.friends[0].leave()
            getattr(cluster.nodes[0], end)()
        for speaker in 2, 1, 1, 2:
            party.say(speaker)
        party.relay.target = cluster.nodes[1].port
        party.relay.let_in()
        party.ann_has_heard_all()
        # It is known by its old name, at both nodes that are left.
        party.ann.sends("new message", "I am back", **CHAT)
        for friend in party.friends[1:]:
            friend.until(lambda: "I am back" in [
                one["args"][0]["message"] for one in friend.happened
                if one["name"] == "new message" and one["args"][0]["username"] == "Ann"] or None)
        # Cut off once more, it goes on from there, at the third node.
        party.relay.lose(refused=1 << 20)
        party.say(1)
        party.say(2)
        party.relay.target = cluster.nodes[2].port
        party.relay.let_in()
        party.ann_has_heard_all()
        party.say(2)
        party.say(1)
        party.ann_has_heard_all()


def enter(port, auth=None):
    """A client in the chat: its connection, and what it was told when it joined."""
    guest = EngineSocket(port)
    guest.say_text("40/chat," + (json.dumps(auth) if auth else ""))
    while not (packet := guest.message()).startswith("40/chat,"):
        pass
    return guest, json.loads(packet[len("40/chat,"):])


def test_a_pid_opens_once_in_the_cluster(clusters):
    cluster = clusters("4.8.1-browser-websocket")
    ann, ids = enter(cluster.nodes[0].port)
    bob, _ = enter(cluster.nodes[0].port)
    bob.say_text('42/chat,["add user","Bob"]')
    while not (packet := ann.message()).startswith('42/chat,["user joined"'):
        pass
    claim = {"pid": ids["pid"], "offset": json.loads(packet[len("42/chat,"):])[-1]}
    cluster.nodes[0].kill()
    claims = [EngineSocket(node.port) for node in cluster.nodes[1:] for _ in range(4)]
    for one in claims:
        one.say_text("40/chat," + json.dumps(claim))
    # A client that claims its pid once more has lost the connection before: each ends the one that had it.
    end = time.monotonic() + PATIENCE
    while (left := sum(node.status()["sessions"] for node in cluster.nodes[1:])) != 1:
        assert left and time.monotonic() < end, f"{left} are left"
        time.sleep(0.02)
    for one in claims:
        one.close()


def test_without_redis_a_node_knows_its_own(browser, clusters):
    name = "4.8.1-browser-websocket"
    cluster = clusters(name)
    with ExitStack() as stack:
        party = Party(browser, cluster, name, stack)
        party.relay.lose(refused=1 << 20)
        cluster.redis.kill()
        for _ in range(3):
            party.friends[0].asks("new message", str(party.count), **CHAT)
            party.count += 1
        party.relay.let_in()
        party.ann_has_heard_all()
