"""Floods of connections: those who are served go on, the others wait or are turned away, and nothing spins."""

import resource
import socket
import threading
import time
from contextlib import ExitStack

import pytest

from http_wire import Closed, Connection, get
from test_leaks import cpu_seconds
from websocket_wire import WebSocket

READING = ["--interval", "20ms", "--at-end", "repeat"]


def laps(poem, count):
    """The first `count` stanzas of a reading that begins again and again."""
    return [poem[number % len(poem)] for number in range(count)]


def lines(server, words):
    """The log lines that hold these words."""
    return [line for line in server.complaints.splitlines() if words in line]


def test_a_flood_does_not_starve_a_reader(serve, poem):
    server = serve(*READING)
    is_over = threading.Event()
    opened = []

    def flood():
        count = 0
        while not is_over.is_set():
            link = socket.create_connection(("127.0.0.1", server.port))
            link.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            link.close()
            count += 1
        opened.append(count)

    threads = [threading.Thread(target=flood) for _ in range(4)]
    with WebSocket(server.port) as reader:
        for thread in threads:
            thread.start()
        try:
            started = time.monotonic()
            heard = [reader.message() for _ in range(100)]
            took = time.monotonic() - started
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
    assert heard == laps(poem, 100)
    assert sum(opened) > 100
    print(
        f"{sum(opened)} connections while 100 stanzas took {took:.2f} s, {took / 0.02 - 99:.1f} intervals too long"
    )


def test_at_its_limit_a_server_says_so_once_and_goes_on(serve, poem):
    server = serve(*READING, "--max-connections", "20")
    with WebSocket(server.port) as reader:
        heard = []
        for _ in range(3):
            with ExitStack() as flood:
                for _ in range(60):
                    flood.enter_context(Connection(server.port))
                spent = cpu_seconds(server)
                heard += [reader.message() for _ in range(50)]
                # A second of reading. One who spins would have spent all of it.
                assert cpu_seconds(server) - spent < 0.5
            assert get(server.port, "/healthz").status == 200
        assert heard == laps(poem, 150)
    said = lines(server, "no more connections for now")
    assert len(said) == 1 and "--max-connections" in said[0] and "20" in said[0]


def test_without_open_files_a_server_goes_on_and_accepts_again(serve, poem):
    """The limit is lowered under the running server, so accepting fails, and is raised again."""
    server = serve(*READING)
    limits = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    with WebSocket(server.port) as reader, ExitStack() as flood:
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.open_files() + 5, limits[1]))
        for _ in range(50):
            flood.enter_context(Connection(server.port))
        spent = cpu_seconds(server)
        heard = [reader.message() for _ in range(50)]
        assert cpu_seconds(server) - spent < 0.5
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limits)
        assert get(server.port, "/healthz").status == 200
        heard += [reader.message() for _ in range(10)]
    assert heard == laps(poem, 60)
    assert len(lines(server, "no more connections for now")) == 1


def test_one_address_has_so_many_connections(serve):
    server = serve("--max-per-address", "3")
    with ExitStack() as held:
        links = [held.enter_context(Connection(server.port)) for _ in range(3)]
        for link in links:
            assert link.ask("GET", "/healthz").status == 200
        for _ in range(20):
            with Connection(server.port) as more, pytest.raises((Closed, OSError)):
                more.ask("GET", "/healthz")
        # Another address of this machine is another client.
        with socket.create_connection(("127.0.0.1", server.port), source_address=("127.0.0.2", 0)) as other:
            other.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert other.recv(100).startswith(b"HTTP/1.1 200")
        links[0].close()
        end = time.monotonic() + 20
        while True:
            try:
                assert get(server.port, "/healthz").status == 200
                break
            except (Closed, OSError):
                assert time.monotonic() < end, "the place of a connection that ended is not given again"
    said = lines(server, "too many connections of one address")
    assert len(said) == 1 and "--max-per-address" in said[0] and "127.0.0.1" in said[0]


def test_a_trusted_proxy_has_no_such_limit(serve):
    server = serve("--max-per-address", "2", "--trusted-proxies", "loopback")
    with ExitStack() as held:
        for _ in range(10):
            assert held.enter_context(Connection(server.port)).ask("GET", "/healthz").status == 200


def test_a_start_with_too_few_open_files_is_warned_of(serve):
    def few_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))

    server = serve("--max-connections", "1000", preexec_fn=few_files)
    said = lines(server, "--max-connections")
    assert len(said) == 1 and "1000" in said[0] and "200" in said[0] and "ulimit" in said[0]
    assert not lines(serve("--max-connections", "100", preexec_fn=few_files), "--max-connections")
