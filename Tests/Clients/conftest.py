"""What the tests share: servers, proxies and a browser, each started once where that does no harm."""

import itertools
import threading
from contextlib import ExitStack

import pytest

from chromium import Chromium
from firefox import Firefox
from poems import canto, numbered, text_of
from proxies import PROXIES
from server import Server, serving
from websocket_wire import WebSocket

#: So long that a second stanza proves a fault, and a first one that nothing was held back until the second.
NEVER = "10m"


@pytest.fixture(scope="session")
def poem():
    """The 46 stanzas every server reads unless told otherwise."""
    return canto()


@pytest.fixture
def serve(tmp_path):
    """Starts servers: `serve("--interval", "20ms")`. Each must end with code 0 when the test is over."""
    numbers = itertools.count(1)
    with ExitStack() as running:

        def start(*flags, **how):
            folder = tmp_path / f"server-{next(numbers)}"
            folder.mkdir()
            server = Server(*flags, folder=folder, **how)
            running.callback(server.stop)
            return server

        yield start


@pytest.fixture(scope="session")
def quick(tmp_path_factory):
    """A server that reads the canto in about a second."""
    with serving(tmp_path_factory, "quick", "--interval", "20ms") as server:
        yield server


@pytest.fixture(scope="session")
def slow(tmp_path_factory):
    """A server whose second stanza never comes: what arrives from it has been passed on at once."""
    with serving(tmp_path_factory, "slow", "--interval", NEVER) as server:
        yield server


@pytest.fixture(scope="session")
def short_poem():
    """The text read behind the proxies: short, since it is read through each of them in every way."""
    return numbered(8)


@pytest.fixture(scope="session")
def short(tmp_path_factory, short_poem):
    """A server that reads `short_poem` quickly."""
    path = tmp_path_factory.mktemp("short-text") / "short.txt"
    path.write_text(text_of(short_poem), encoding="utf-8")
    with serving(tmp_path_factory, "short", path, "--interval", "20ms") as server:
        yield server


@pytest.fixture(scope="session")
def proxies(tmp_path_factory, short, slow):
    """Proxies by name, each started when it is first asked for."""
    running = {}

    def start(name):
        if name not in running:
            folder = tmp_path_factory.mktemp(name)
            running[name] = PROXIES[name](folder, {"quick": short.port, "slow": slow.port})
        return running[name]

    yield start
    for proxy in running.values():
        proxy.stop()


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Headless Chromium."""
    chromium = Chromium(tmp_path_factory.mktemp("chromium"))
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def firefox(tmp_path_factory):
    """Headless Firefox."""
    running = Firefox(tmp_path_factory.mktemp("firefox"))
    yield running
    running.close()


class Bystander(threading.Thread):
    """A reader who minds its own business while others misbehave, and hears lap after lap of the poem."""

    def __init__(self, server, poem):
        super().__init__(daemon=True)
        self.poem, self.heard, self.fault = poem, 0, None
        self.more = threading.Condition()
        self.link = WebSocket(server.port, patience=60)
        self.start()

    def run(self):
        try:
            while True:
                stanza = self.link.message()
                assert stanza == self.poem[self.heard % len(self.poem)], (
                    f"stanza {self.heard + 1} is {stanza!r}"
                )
                with self.more:
                    self.heard += 1
                    self.more.notify_all()
        except Exception as error:
            with self.more:
                self.fault = error
                self.more.notify_all()
        finally:
            self.link.close()

    def check(self):
        """Waits for one more stanza than there is now: nothing has disturbed this reader."""
        with self.more:
            before = self.heard
            assert self.more.wait_for(lambda: self.heard > before or self.fault, timeout=20), (
                "the reading stands still"
            )
            assert self.fault is None, f"the reading broke: {self.fault!r}"


@pytest.fixture(scope="session")
def robust(tmp_path_factory, poem):
    """A server for bad input, and a bystander who must not notice any of it."""
    flags = ["--interval", "50ms", "--at-end", "repeat"]
    with serving(tmp_path_factory, "robust", *flags) as server:
        server.bystander = Bystander(server, poem)
        yield server


@pytest.fixture
def unharmed(robust):
    """The server for bad input; after the test the bystander must go on hearing."""
    yield robust
    robust.bystander.check()
