"""What each setting changes for a reader."""

import json

import pytest

from engine_wire import EngineSocket, Polling, target
from http_wire import Connection, get
from poems import numbered, text_of
from readings import TRANSPORTS, Address, Listener, events, together
from server import run
from websocket_wire import HANDSHAKE, PING, WebSocket


@pytest.fixture
def three(tmp_path):
    """A text of three stanzas: its path."""
    path = tmp_path / "three.txt"
    path.write_text(text_of(numbered(3)), encoding="utf-8")
    return path


# --transports


REFUSALS = {
    "polling": lambda port: refused_by_engine(get(port, target(transport="polling")), "json"),
    "websocket": lambda port: refused_by_engine(get(port, target(transport="websocket"), HANDSHAKE), "text"),
    "raw": lambda port: get(port, "/ws", HANDSHAKE).status in (400, 403, 404, 426),
    "sse": lambda port: get(port, "/sse").status == 404,
    "text": lambda port: get(port, "/text").status == 404,
    "read": lambda port: get(port, "/read").status == 404,
}


def refused_by_engine(answer, form):
    """Whether Engine.IO refused the transport in its own words."""
    expected = '{"code":0,"message":"Transport unknown"}' if form == "json" else "Transport unknown"
    return (answer.status, answer.text) == (400, expected)


@pytest.mark.parametrize("offered", REFUSALS)
def test_only_what_is_offered_is_served(serve, poem, offered):
    server = serve("--interval", "5ms", "--transports", offered)
    assert list(TRANSPORTS[offered](Address(server.port), poem)) == poem
    for name, refused in REFUSALS.items():
        if name != offered:
            assert refused(server.port), f"{name} is served"
    assert get(server.port, "/").status == 200


def test_a_list_of_transports_may_have_blanks(serve, poem):
    server = serve("--interval", "5ms", "--transports", "sse, polling ,websocket")
    for name in "sse", "upgrade":
        assert list(TRANSPORTS[name](Address(server.port), poem)) == poem
    assert REFUSALS["text"](server.port)


def test_polling_alone_offers_no_upgrade(serve):
    server = serve("--transports", "polling")
    with Polling(server.port) as session:
        assert session.open["upgrades"] == []
        answer = get(server.port, target(transport="websocket", sid=session.sid), HANDSHAKE)
        assert answer.status == 400
        session.post("3")


# --at-end and --pace


def test_stay_keeps_readers_behind_the_last_stanza(serve, three):
    server = serve(three, "--interval", "5ms", "--at-end", "stay")
    with (
        WebSocket(server.port) as link,
        EngineSocket(server.port) as engine,
        Connection(server.port) as stream,
    ):
        assert [link.message() for _ in range(3)] == numbered(3)
        assert link.alive()
        engine.join()
        assert [stanza for _, stanza, _ in engine.hear(3)] == numbered(3)
        assert engine.alive()
        stream.request("GET", "/sse")
        assert stream.body_until(stream.head(), b"last verse\n") and stream.socket.fileno() > 0
        assert server.settles(readers=3)


def test_repeat_begins_again(serve, three):
    server = serve(three, "--interval", "5ms", "--at-end", "repeat")
    with WebSocket(server.port) as link:
        assert [link.message() for _ in range(10)] == (numbered(3) * 4)[:10]
    with EngineSocket(server.port) as link:
        link.join({"offset": "3"})
        assert [offset for _, _, offset in link.hear(4)] == ["1", "2", "3", "1"]


def test_a_shared_pace_puts_everybody_at_the_same_place(serve):
    server = serve("--interval", "100ms", "--pace", "shared", "--at-end", "repeat")
    with EngineSocket(server.port) as first, EngineSocket(server.port) as second:
        first.join()
        heard = [int(offset) for _, _, offset in first.hear(5)]
        second.join()
        ((_, _, offset),) = second.hear(1)
        # The second comes in where the first is by now: its last stanza or, if that took long, behind it.
        assert (int(offset) - heard[-1]) % 46 < 23
        ahead = int(offset)
        followed = [int(offset) for _, _, offset in second.hear(3)]
        assert followed == [(ahead + step - 1) % 46 + 1 for step in (1, 2, 3)]


# --event, --max-payload, --heartbeat


def test_the_event_is_named_as_told(serve, poem):
    server = serve("--interval", "5ms", "--event", 'la "divina"')
    listener = Listener(Address(server.port), event='la "divina"')
    assert [stanza for stanza, _ in listener.arguments()] == poem


def test_the_largest_payload_is_told_and_kept(serve):
    server = serve("--max-payload", "1000")
    with Polling(server.port) as session:
        assert session.open["maxPayload"] == 1000
        session.post("3" + "x" * 999)
        with Connection(server.port) as link:
            assert link.ask("POST", session.target, body="3" + "x" * 1000).status == 413
        session.post("3")
    for link in EngineSocket(server.port), WebSocket(server.port):
        with link:
            link.say_text("3" + "x" * 999)
            assert link.alive()
            link.say_text("3" + "x" * 1000)
            assert link.closed().code == 1009


@pytest.fixture
def beating(serve):
    """A server with a quick heart and a patient ear."""
    return serve("--interval", "10m", "--heartbeat", "50ms", "--heartbeat-timeout", "20s")


def test_the_heartbeat_is_told_and_seen(beating):
    with EngineSocket(beating.port) as link:
        assert (link.opening["pingInterval"], link.opening["pingTimeout"]) == (50, 20000)
        link.join()
        link.hear(1)
        for _ in range(3):
            assert link.message() == "2"
            link.say_text("3")
    with Polling(beating.port) as session:
        session.join()
        for _ in range(3):
            assert session.poll() == ["2"]
            session.post("3")


def test_streams_and_raw_readings_are_not_silent(beating, poem):
    with Connection(beating.port) as link:
        link.request("GET", "/sse")
        assert link.body_until(link.head(), b"\n:")
    with WebSocket(beating.port) as link:
        assert link.message() == poem[0]
        assert link.frame().opcode == PING
        link.say(10)
        assert link.frame().opcode == PING


def test_a_client_that_does_not_answer_the_heartbeat_is_left(serve):
    server = serve("--interval", "10m", "--heartbeat", "50ms", "--heartbeat-timeout", "50ms")
    with EngineSocket(server.port) as link:
        packets, close = link.ending()
        assert packets == ["2"] and close is not None and close.code is None
    with Polling(server.port) as session:
        assert session.poll() == ["2"]
        answer = session.poll_answer()
        assert answer.text == "1" or (answer.status == 400 and answer.json["code"] == 1)
        assert session.gone()
    assert server.settles(sessions=0)


# --public and --client-script


def test_files_of_ones_own_take_the_place_of_the_page(serve, tmp_path):
    public = tmp_path / "public"
    public.mkdir()
    (public / "index.html").write_text("<!doctype html><title>my own</title>")
    (tmp_path / "secret.txt").write_text("secret")
    server = serve("--public", public)
    for path in "/", "/dante/index.html", "/server-faye.js":
        assert "my own" in get(server.port, path).text
    assert get(server.port, "/socket.io/socket.io.js").status == 200
    for path in "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/dante/..%2f..%2fsecret.txt":
        assert "secret" not in get(server.port, path).text.replace("/secret.txt", "").replace(
            "secret.txt", ""
        )


def test_another_client_script_is_served(serve, tmp_path):
    script = tmp_path / "other.js"
    script.write_text("var io = 'another';\n")
    server = serve("--client-script", script)
    answer = get(server.port, "/dante/socket.io/socket.io.js")
    assert answer.text == script.read_text() and "javascript" in answer.header("Content-Type")


@pytest.mark.parametrize("flag", ["--public", "--client-script"])
def test_a_missing_file_stops_the_start(tmp_path, flag):
    answer = run(flag, tmp_path / "nowhere", "--port", "0")
    assert answer.returncode == 78 and answer.stderr.count("\n") == 1 and "nowhere" in answer.stderr


# The rest


@pytest.mark.parametrize("written", ["100ms", "0.1", "0.1s"])
def test_durations_are_written_in_several_ways(serve, written):
    assert serve("--interval", written).started["every"] == "100 ms"


@pytest.mark.parametrize("written, told", [("90", "90 s"), ("1ms", "1 ms"), ("2s", "2 s")])
def test_the_interval_is_told_in_words(serve, written, told):
    assert serve("--interval", written).started["every"] == told


def test_a_variable_sets_what_a_flag_would(serve, three):
    server = serve(three, env={"DANTE_INTERVAL": "5ms", "DANTE_EVENT": "canto", "DANTE_AT_END": "stay"})
    with EngineSocket(server.port) as link:
        link.join()
        assert [name for name, _, _ in link.hear(3)] == ["canto"] * 3
        assert link.alive()


def test_a_flag_is_stronger_than_a_variable(serve):
    server = serve(
        "--event", "flag", "--interval", "5ms", env={"DANTE_EVENT": "variable", "DANTE_INTERVAL": ""}
    )
    with EngineSocket(server.port) as link:
        link.join()
        assert link.hear(1)[0][0] == "flag"


def test_the_log_is_json_when_told(serve):
    server = serve("--log-format", "json", "--log-level", "debug", "--interval", "5ms")
    get(server.port, target(transport="telepathy"))
    assert next(events(Address(server.port)))
    server.stop()
    lines = server.complaints.splitlines()
    assert lines and all(isinstance(json.loads(line), dict) for line in lines)


def test_bad_input_is_not_shouted_about(serve):
    server = serve()
    for _ in range(200):
        get(server.port, target(transport="telepathy"))
    server.stop()
    assert len(server.complaints.splitlines()) < 20


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_a_session_is_found_whatever_thread_a_request_lands_on(serve, poem, threads):
    server = serve("--interval", "5ms", "--threads", threads)
    address = Address(server.port)
    readings = [TRANSPORTS[name](address, poem) for name in ("polling", "upgrade", "sse") for _ in range(4)]
    assert together(readings) == [poem] * len(readings)
