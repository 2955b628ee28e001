"""Pages of the generations: the sample's two, at all their addresses, and pages of another origin."""

import pytest

from conftest import NEVER
from generations import PAGES
from generations_kinds import KINDS
from generations_install import browser_build

pytest_plugins = ["generations_fixtures"]

#: What the page's client can do without its server's help: read, ask, and send bytes where it has any.
ACROSS = [kind for kind in KINDS if kind.is_browser and kind.transport != "htmlfile"]


@pytest.fixture
def sample(serve):
    """A server for one of the sample's pages, with the client of that time."""

    def start(page):
        return serve("--public", PAGES / page, "--client-script", browser_build("0.9.10"), "--interval", "20ms")

    return start


@pytest.mark.parametrize("path", ["/", "/dante/", "/dante/server-socketio.js", "/server-socketio.js"])
def test_the_samples_socket_io_page_reads_to_the_end(browser, sample, poem, path):
    server = sample("sample-socketio")
    with browser.open(f"http://127.0.0.1:{server.port}{path}") as page:
        assert page.reaches("over")["stanzas"] == poem
        asked = [url.partition(str(server.port))[2] for _, url in page.requests]
        assert f"{path.rpartition('/')[0]}/socket.io/socket.io.js" in asked
        assert any(url.startswith("/dante/socket.io/1/?t=") for url in asked)
        assert all("/dante/socket.io/1/websocket/" in url for url in page.sockets) and page.sockets


@pytest.mark.parametrize("path, socket", [
    ("/", "//ws"), ("/dante/server-faye.js", "/dante/server-faye.js/ws"), ("/server-faye.js", "/server-faye.js/ws"),
    ("/dante/", "/dante//ws"),
])
def test_the_samples_websocket_page_reads_to_the_end(browser, sample, poem, path, socket):
    server = sample("sample-faye")
    with browser.open(f"http://127.0.0.1:{server.port}{path}") as page:
        state = page.reaches("over")
        assert (state["stanzas"], state["transport"]) == (poem, "1000")
        assert page.sockets == [f"ws://127.0.0.1:{server.port}{socket}"]


@pytest.mark.parametrize("kind", ACROSS, ids=lambda kind: kind.name)
def test_a_page_of_another_origin_reads_and_asks(browser, generation, answering, poem, kind):
    with kind.open(browser, generation(kind, NEVER).port, place=f"http://127.0.0.1:{answering.port}") as guest:
        assert guest.hears(1) == poem[:1]
        sent = ["there"] + ([bytes(range(256))] if kind.has_binary else [])
        assert guest.asks("echo", *sent) == sent
        assert any(f":{answering.port}/socket.io/" in url for url in guest.reached())
