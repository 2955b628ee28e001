"""Socket.IO below a path of a Hummingbird application, on one port with the application's own routes."""

import time

import pytest

from engine_wire import EngineSocket, Polling, target
from generations_kinds import KINDS
from http_wire import Connection, get
from server import PATIENCE, ROOT, HummingbirdExample
from websocket_wire import TEXT

HELLO = (200, "Hello from Hummingbird")
POLLING = target("/live/", transport="polling")
PYTHON_KINDS = [kind for kind in KINDS if not kind.is_browser]


@pytest.fixture(scope="session")
def hummingbird(tmp_path_factory):
    """The port of a running application."""
    with HummingbirdExample(tmp_path_factory.mktemp("hummingbird")) as server:
        yield server.port


def told(answer):
    """What an answer says."""
    return answer.status, answer.text


@pytest.mark.parametrize("kind", PYTHON_KINDS, ids=lambda kind: kind.name)
def test_clients_of_every_generation(hummingbird, kind):
    """Each is heard and answered, over the transport it wants, while the application says hello."""
    with kind.open(None, hummingbird, resource="live/socket.io", namespaces=["/"]) as guest:
        for words in "perché 🔥", "x" * 50_000:
            assert guest.says("echo", words, answer="echo") == [words]
            assert guest.asks("echo", words) == [words]
            assert told(get(hummingbird, "/hello")) == HELLO
        if kind.settles_on:
            guest.settles(kind.settles_on)


def test_both_answer_on_one_connection(hummingbird):
    body = "one\ntwo" * 20_000
    with Connection(hummingbird) as connection:
        for _ in range(3):
            assert told(connection.ask("GET", "/hello")) == HELLO
            assert connection.ask("GET", POLLING).text.startswith("0{")
            assert told(connection.ask("POST", "/echo", body=body)) == (200, body)
            assert connection.ask("OPTIONS", POLLING, {"Access-Control-Request-Method": "POST"}).status == 204


def test_pipelined_requests_are_answered_in_order(hummingbird):
    """Hummingbird answers in a task of its own, later than a handshake of ours could be."""
    with Connection(hummingbird) as connection:
        for address in ["/hello", POLLING, "/hello", POLLING] * 5:
            connection.request("GET", address)
        for _ in range(10):
            assert told(connection.answer()) == HELLO
            assert connection.answer().text.startswith("0{")


def test_only_its_own_path_is_taken(hummingbird):
    assert get(hummingbird, target(transport="polling")).status == 404
    assert get(hummingbird, "/live/hello").status == 404
    assert get(hummingbird, "/live" + target(transport="polling", sid="A" * 20)).json["code"] == 1


def test_websocket_on_a_connection_that_has_served_before(hummingbird):
    with Connection(hummingbird) as connection:
        assert told(connection.ask("GET", "/hello")) == HELLO
        connection.request("GET", target("/live/", transport="websocket"), {
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
        assert connection.head().status == 101
        assert connection.until(b"}").startswith(bytes([0x80 | TEXT]))


def test_readme_shows_the_example():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    source = (ROOT / "Tests/HummingbirdExample/Sources/SocketIOChannel.swift").read_text(encoding="utf-8")
    channel = source[source.index("struct SocketIOChannel"):source.index("/// Ends the")].strip()
    assert f"```swift\n{channel}\n```" in readme


def test_the_end_of_the_application_ends_both(tmp_path):
    """A held poll is answered, a WebSocket closed, and nothing keeps the process."""
    with HummingbirdExample(tmp_path) as server, Polling(server.port, "/live/") as polling:
        polling.join()
        socket = EngineSocket(server.port, "/live/")
        socket.join()
        polling.polls.request("GET", polling.target)
        end = time.monotonic() + PATIENCE
        while (count := get(server.port, "/connections").text) != "2":
            assert time.monotonic() < end, f"{count} connections are of Socket.IO"
        assert server.stop() == 0
        assert polling.polls.answer().text.split("\x1e")[-1] == "1"
        assert socket.closed() is not None
