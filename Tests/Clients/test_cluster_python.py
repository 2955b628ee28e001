"""python-socketio with its own Redis manager in the same cluster."""

import time

import socketio

from cluster import RedisServer
from cluster_guests import Guest
from conftest import NEVER
from server import PATIENCE, SuiteServer

pytest_plugins = ["cluster_fixtures"]


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
        second.hears("said", {"n": 1})
        first.hears("said", "in the room")
        for guest, count in (first, 2), (second, 2), (python, 1):
            assert guest.count("said") == count
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
            guest.hears_just("said", *heard)


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
                guest.hears_just("said", *texts)
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
