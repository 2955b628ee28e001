"""What goes wrong between nodes: Redis goes and comes, the network is cut; and how it is reached: TLS, passwords."""

import json
import ssl
import time
from contextlib import ExitStack

import pytest
import requests
import websockets.sync.client

import certificates
import http_wire
from cluster import RedisServer
from cluster_guests import POLLING, Guest, handshake, reaches, says
from conftest import NEVER
from generations import PAGES
from generations_kinds import KINDS
from server import PATIENCE, plain_binary, run

pytest_plugins = ["cluster_fixtures"]


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


def test_a_redis_that_forgot_everything_is_told(cluster):
    # Nodes at whose own port the secret counts.
    one = cluster("--interval", NEVER, "--relay-address", "127.0.0.1:0", count=2)
    one.joined()
    one.redis.kill()
    one.redis.start()
    # Started before the others have said anything, perhaps.
    new = one.add()
    one.joined()
    end = time.monotonic() + PATIENCE
    while not all(reaches(b.port, handshake(a.port)) for a in one.nodes for b in one.nodes):
        assert time.monotonic() < end
        time.sleep(0.2)
    assert new.status()["relayed"] > 0


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
