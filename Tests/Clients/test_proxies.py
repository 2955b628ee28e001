"""dante behind the proxies of Debian, none of them tuned for it and dante told nothing of them."""

import subprocess
from contextlib import closing
from urllib.parse import urljoin

import pytest

from http_wire import get
from proxies import PREFIXES, PROXIES, program
from readings import TRANSPORTS, Address, Listener, body, events

MODES = ["keep", "strip"]

everywhere = [
    pytest.mark.parametrize("prefix", PREFIXES),
    pytest.mark.parametrize("mode", MODES),
    pytest.mark.parametrize("name", PROXIES),
]


def through_every_proxy(test):
    """Runs a test for each proxy, keeping and stripping, one level and two."""
    for mark in everywhere:
        test = mark(test)
    return test


def curl(url, *flags):
    """A page as curl gets it, following redirects: the page and the address it came from in the end."""
    done = subprocess.run(
        [program("curl"), "-sSL", "--fail", "--max-time", "30", "-w", "\n%{url_effective}", *flags, url],
        capture_output=True,
        check=True,
        text=True,
    )
    page, _, where = done.stdout.rpartition("\n")
    return page, where


@pytest.mark.parametrize("transport", TRANSPORTS)
@through_every_proxy
def test_a_whole_reading_comes_through(proxies, short_poem, name, mode, prefix, transport):
    address = Address(proxies(name).port(mode), prefix)
    assert list(TRANSPORTS[transport](address, short_poem)) == short_poem


@pytest.mark.parametrize("transport", TRANSPORTS)
@through_every_proxy
def test_the_first_stanza_comes_while_the_second_is_far(proxies, poem, name, mode, prefix, transport):
    address = Address(proxies(name).port(mode, "slow"), prefix)
    with closing(TRANSPORTS[transport](address, poem)) as reading:
        assert next(reading) == poem[0]


@through_every_proxy
def test_page_and_script_come_through(proxies, name, mode, prefix):
    address = Address(proxies(name).port(mode), prefix)
    for path in "", "index.html", "server-socketio.js":
        assert "socket.io/socket.io.js" in curl(address.url(path))[0]
    assert "divinecomedy" not in (script := curl(address.url("socket.io/socket.io.js"))[0]) and "io" in script


@through_every_proxy
def test_the_prefix_without_its_slash_shows_the_page(proxies, name, mode, prefix):
    """A server kept in the dark answers with the page itself, which then adds the slash (test_browser)."""
    bare = f"http://127.0.0.1:{proxies(name).port(mode)}{prefix[:-1]}"
    page, where = curl(bare)
    assert "socket.io/socket.io.js" in page
    if mode == "keep":
        assert where == bare + "/"


@through_every_proxy
def test_the_cursor_comes_through(proxies, poem, name, mode, prefix):
    address = Address(proxies(name).port(mode, "slow"), prefix)
    assert next(events(address, headers={"Last-Event-ID": "7"})) == ("8", poem[7])
    for transport, reading in TRANSPORTS.items():
        with closing(reading(address, poem, 7)) as heard:
            assert next(heard) == poem[7], transport


# nginx's shortest configuration: `location /dante/ { proxy_pass http://…; }` and nothing else. It speaks
# HTTP/1.0 to the server, passes no upgrade on, and would hold back what it is not told to let through.


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("transport", ["polling", "sse", "text", "read"])
def test_the_shortest_nginx_lets_a_reading_through(proxies, short_poem, prefix, transport):
    address = Address(proxies("nginx").port("short"), prefix)
    assert list(TRANSPORTS[transport](address, short_poem)) == short_poem


@pytest.mark.parametrize("transport", ["polling", "sse", "text", "read"])
def test_the_shortest_nginx_holds_nothing_back(proxies, poem, transport):
    address = Address(proxies("nginx").port("short", "slow"), "/dante/")
    with closing(TRANSPORTS[transport](address, poem)) as reading:
        assert next(reading) == poem[0]


def test_the_shortest_nginx_leaves_a_client_that_tries_to_upgrade_on_polling(proxies, short_poem):
    address = Address(proxies("nginx").port("short"), "/dante/")
    listener = Listener(address)
    assert listener.transport == "polling"
    assert [stanza for stanza, _ in listener.arguments()] == short_poem


def test_the_shortest_nginx_redirects_to_the_slash(proxies):
    port = proxies("nginx").port("short")
    answer = get(port, "/dante")
    assert answer.status in (301, 302)
    assert urljoin(f"http://127.0.0.1:{port}/dante", answer.header("Location")).endswith(f":{port}/dante/")


def test_the_shortest_nginx_passes_a_cut_on(proxies, slow, poem):
    """A reader that leaves the proxy must not stay behind as a session on the server."""
    before = slow.status()["readers"]
    reading = body(Address(proxies("nginx").port("short", "slow"), "/dante/"), "sse")
    assert next(reading)
    assert slow.status()["readers"] == before + 1
    reading.close()
    assert slow.settles(readers=before)
