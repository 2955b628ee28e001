"""A chat across three nodes behind proxies that deal requests in turn: every generation, and a node that is killed."""

import json
import threading
import time

import pytest
import socketio

from cluster import BALANCERS, Cluster
from http_wire import Closed
from server import PATIENCE
from test_chat import GUESTS, ODD, kind
from websocket_wire import WebSocket

pytest_plugins = ["generations_fixtures"]

#: So fast that no test waits for it, and from pages of other servers.
FREE = ["chat", "--origins", "*:*", "--chat-burst", "1000"]


@pytest.fixture
def nodes(tmp_path):
    """Three of them."""
    cluster = Cluster(tmp_path, *FREE)
    yield cluster
    cluster.stop()


@pytest.mark.parametrize("balancer", BALANCERS)
def test_every_generation_chats_across_nodes(browser, generation, nodes, request, balancer):
    nodes.joined()
    place = f"http://127.0.0.1:{nodes.behind(balancer)}"
    guests = {}
    for number, name in enumerate(GUESTS, 1):
        one = kind(name)
        # A page comes from a server that has the client's own build, and goes to the chat from there.
        port = generation(one).port if one.is_browser else nodes.nodes[0].port
        guests[name] = guest = one.open(browser, port, namespaces=["/"], place=place).__enter__()
        request.addfinalizer(lambda guest=guest: guest.__exit__())
        # Counted over all nodes.
        assert guest.says("add user", name, answer="login") == [{"numUsers": number}]
    for name, guest in guests.items():
        guest.sends("new message", f"{name}: {ODD}")
    for name, guest in guests.items():
        heard = [message for [message] in guest.gets("new message", len(guests) - 1)]
        said = [{"username": other, "message": f"{other}: {ODD}"} for other in guests if other != name]
        assert sorted(heard, key=str) == sorted(said, key=str)
    assert nodes.relayed() > 0
    # They are not all with one node.
    assert len([node for node in nodes.nodes if node.status()["sessions"] > 0]) > 1


class Listener:
    """Hears the chat at one node, to its end: what has been said, in order, which a client with threads does not keep."""

    def __init__(self, node):
        self.heard, self.more = [], threading.Condition()
        self.link = WebSocket(node.port, "/socket.io/?EIO=4&transport=websocket", patience=4 * PATIENCE)
        self.link.say_text("40")
        while not self.link.message().startswith("40"):
            pass
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            while packet := self.link.message():
                if packet == "2":
                    self.link.say_text("3")
                elif packet.startswith('42["new message"'):
                    with self.more:
                        self.heard.append(json.loads(packet[2:])[1]["message"])
                        self.more.notify_all()
        except (Closed, OSError):
            pass  # Its node is gone, or the test is over.

    def hears(self, text):
        with self.more:
            assert self.more.wait_for(lambda: text in self.heard, PATIENCE), (text, self.heard[-3:])


class Speaker:
    """Says one thing after the other, each once, and notes what has been acknowledged; comes back when it is cut off."""

    def __init__(self, port, transports):
        self.acknowledged, self.number = [], 0
        self.client = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2)
        self.client.on("connect", lambda: self.client.emit("add user", "Ada"))
        self.client.connect(f"http://127.0.0.1:{port}", transports=transports, wait_timeout=PATIENCE)

    def says(self, count):
        """Until so many more have been acknowledged."""
        end, wanted = time.monotonic() + 2 * PATIENCE, len(self.acknowledged) + count
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < end, self.acknowledged[-3:]
            self.number += 1
            try:
                refusal = self.client.call("new message", f"m{self.number}", timeout=3)
            except socketio.exceptions.SocketIOError:
                # Cut off, perhaps with the message on its way. It is not said again.
                time.sleep(0.02)
                continue
            if refusal is None:
                self.acknowledged.append(f"m{self.number}")


@pytest.mark.parametrize("transports", [["polling"], ["polling", "websocket"]], ids=["polling", "upgrade"])
@pytest.mark.parametrize("balancer", BALANCERS)
def test_no_acknowledged_message_is_lost_with_a_node(nodes, balancer, transports):
    nodes.joined()
    port = nodes.behind(balancer)
    ears = {node: Listener(node) for node in nodes.nodes}
    speaker = Speaker(port, transports)
    try:
        speaker.says(20)
        # In the middle of a sentence, or of its acknowledgement: the node that the speaker is with.
        own = max(nodes.nodes, key=lambda node: node.status()["sessions"])
        killing = threading.Timer(0.1, own.kill)
        killing.start()
        speaker.says(200)
        killing.join()
        assert own.process.poll() is not None
        speaker.says(5)
        for node, listener in ears.items():
            if node is own:
                continue
            listener.hears(speaker.acknowledged[-1])
            heard = [text for text in listener.heard if text in set(speaker.acknowledged)]
            assert heard == speaker.acknowledged
            assert len(listener.heard) == len(set(listener.heard)), "nobody hears anything twice"
    finally:
        speaker.client.disconnect()
        for listener in ears.values():
            listener.link.close()
