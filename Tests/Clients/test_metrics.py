"""What the server says of itself: /metrics, /status and the log."""

import json
import re
from contextlib import ExitStack

from engine_wire import EngineSocket, Polling, target
from generations_wire import Polling3, Socket09
from http_wire import Connection, ask, get
from poems import text_of
from test_leaks import a_held_poll, a_joined_websocket, a_raw_reading, a_stream
from test_slow_peers import opened
from websocket_wire import HANDSHAKE, WebSocket, encoded

SAMPLE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z]+="[^"\\\n]*",?)+)\})? (-?[0-9.e+-]+|\+Inf)$')


def metrics(server):
    """Samples by name and labels; the text must be well formed, each family described before it comes."""
    answer = get(server.port, "/metrics")
    assert answer.status == 200
    assert answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    found, described = {}, set()
    for line in answer.text.splitlines():
        if line.startswith("# "):
            described.add(line.split()[2])
            continue
        name, labels, value = SAMPLE.match(line).groups()
        assert name in described or re.sub("_(bucket|sum|count)$", "", name) in described, line
        key = (name, *re.findall('"([^"]*)"', labels or ""))
        assert key not in found, line
        found[key] = float(value)
    return found


def settled(server, **counts):
    """The metrics once these are so: `readers=3`."""
    server.settles(**counts)
    return metrics(server)


def test_who_is_open_is_told_by_dialect_and_transport(serve):
    server = serve("--interval", "10m")
    with ExitStack() as held:
        held.enter_context(a_raw_reading(server.port))
        held.enter_context(a_stream("/sse")(server.port))
        held.enter_context(a_stream("/text")(server.port))
        held.enter_context(a_joined_websocket(server.port))
        held.enter_context(a_held_poll(server.port))
        polling3 = held.enter_context(Polling3(server.port))
        held.enter_context(Socket09(server.port).settled())
        found = settled(server, readers=7)
        open_ = {key[1:]: value for key, value in found.items() if key[0] == "dante_open"}
        assert open_ == {
            ("plain", "ws"): 1,
            ("plain", "sse"): 1,
            ("plain", "text"): 1,
            ("4", "websocket"): 1,
            ("4", "polling"): 1,
            ("2", "polling"): 1,
            ("0.9", "websocket"): 1,
        }
        assert found["dante_readers",] == 7
        # The client of 2 has not polled yet.
        assert found["dante_stanzas_delivered_total",] == 6
        # The files that are open are those the system counts.
        assert abs(found["process_open_fds",] - server.open_files()) <= 2
        assert found["process_max_fds",] >= 256
        # Nothing else would tell that it is gone, before its heartbeat.
        polling3.post("1")
    assert not [key for key in settled(server, readers=0, sessions=0) if key[0] == "dante_open"]


def test_stanzas_and_lateness_are_counted(serve, poem):
    server = serve("--interval", "5ms")
    with WebSocket(server.port) as link:
        assert [link.message() for _ in poem] == poem
    found = metrics(server)
    assert found["dante_stanzas_delivered_total",] == len(poem)
    # The first of them comes at once, by no timer; and one that is late may bring the next along.
    assert 0 < found["dante_lateness_seconds_count",] < len(poem)
    buckets = [value for key, value in found.items() if key[0] == "dante_lateness_seconds_bucket"]
    assert buckets == sorted(buckets) and buckets[-1] == found["dante_lateness_seconds_count",]
    assert 0 <= found["dante_lateness_seconds_sum",] < 46


def test_upgrades_are_counted(serve):
    server = serve("--interval", "10m")
    with Polling(server.port) as session, EngineSocket(server.port, sid=session.sid) as link:
        link.say_text("2probe")
        assert link.message() == "3probe"
        assert metrics(server)["dante_upgrades_won_total",] == 0
        link.say_text("5")
        assert link.alive()
        found = metrics(server)
        assert (found["dante_upgrades_tried_total",], found["dante_upgrades_won_total",]) == (1, 1)


def test_slow_readers_and_what_they_are_owed(serve, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text(text_of([f"{number} " + "x" * 100_000 for number in range(100)]))
    server = serve(path, "--interval", "1ms", "--send-buffer", "65536")
    with opened(server.port, "raw"), WebSocket(server.port) as quick:
        for _ in range(100):
            quick.message()
        found = metrics(server)
        assert found["dante_slow_readers",] == 1
        assert 0 < found["dante_bytes_owed",] <= 100_100
    assert settled(server, readers=0)["dante_slow_readers",] == 0


def test_refusals_are_counted_by_reason_and_logged_once(serve):
    server = serve("--origins", "good.example:*", "--max-payload", "1000", "--log-format", "json")
    good = {"Origin": "http://good.example"}
    for _ in range(5):
        get(server.port, target(transport="polling"), {"Origin": "http://evil.example"})
        get(server.port, target(transport="polling", sid="nobody"))
        ask(server.port, "POST", "/", body="x" * 2000)
        with Connection(server.port) as link:
            link.send("nonsense\r\n\r\n")
            link.rest()
        with WebSocket(server.port, headers=good) as link:
            link.send(encoded(1, b"x" * 2000))
            link.closed()
    found = {key[1]: value for key, value in metrics(server).items() if key[0] == "dante_refusals_total"}
    assert found == {
        "origin": 5,
        "session id unknown": 5,
        "body too large": 5,
        "not HTTP": 5,
        "message too large": 5,
    }
    assert server.status()["refusals"] == {reason: int(count) for reason, count in found.items()}
    lines = [json.loads(line) for line in server.complaints.splitlines()]
    said = {line["reason"]: line for line in lines if line["message"] == "refused"}
    # One line each, of those that a setting could change.
    assert sorted(line["reason"] for line in lines if line["message"] == "refused") == sorted(said)
    assert set(said) == {"origin", "body too large", "message too large"}
    assert "http://evil.example" in said["origin"]["value"] and said["origin"]["setting"] == "--origins"
    assert said["body too large"]["setting"] == "--max-payload"


def test_no_stanza_stands_in_the_log(serve, poem):
    server = serve("--interval", "1ms", "--log-level", "trace", "--log-format", "json")
    with WebSocket(server.port) as link:
        assert [link.message() for _ in poem] == poem
    get(server.port, "/nothing?token=secret")
    get(server.port, target(transport="polling"), HANDSHAKE)
    server.stop()
    words = poem[0].split("\n")
    for line in server.complaints.splitlines():
        assert json.loads(line)["message"], "one event a line"
        assert not any(word in line for word in words)
