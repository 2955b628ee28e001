"""The page in headless Chromium: what a reader sees, at the root and behind every proxy."""

from urllib.parse import urlsplit

import pytest

from proxies import PREFIXES, PROXIES
from server import serving
from test_proxies import through_every_proxy


def hears_five(page, poem):
    """Checks that the first five stanzas come in order, each behind the one before."""
    state = page.hears(5)
    assert state["stanzas"][:5] == poem[:5], page.account()
    counts = [len(state["stanzas"]) for state in page.seen]
    assert counts == sorted(counts), f"stanzas disappeared: {counts}"
    return state


def settled(page, transport):
    """Waits until the page reads over `transport`."""
    return page.wait(
        lambda state: state["transport"] == transport and state["state"] in ("reading", "over"),
        f"reading over {transport}",
    )


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """A server that leaves a page the time to upgrade within a reading."""
    with serving(tmp_path_factory, "calm", "--interval", "100ms") as server:
        yield server


def test_the_page_shows_the_reading_as_it_comes(browser, calm, poem):
    with browser.open(f"http://127.0.0.1:{calm.port}/") as page:
        hears_five(page, poem)
        state = settled(page, "websocket")
        assert "Inferno" in state["title"]
        assert page.errors == []
        # The good case: page, script, handshake, WebSocket; beside them the page's own parts and polls.
        assert sum("transport=websocket" in url for url in page.sockets) == 1
        assert not [url for _, url in page.requests if "127.0.0.1" not in url and not url.startswith("data:")]


def test_the_page_stops_at_the_end_and_does_not_start_over(browser, quick, poem):
    with browser.open(f"http://127.0.0.1:{quick.port}/") as page:
        state = page.reaches("over")
        assert state["stanzas"] == poem and state["position"] == "46"
        requests = len(page.requests) + len(page.sockets)
        page.pass_time(60_000)
        assert len(page.requests) + len(page.sockets) == requests, page.account()
        assert page.seen[-1]["state"] == "over" and page.seen[-1]["stanzas"] == poem
        assert "over" in page.evaluate("document.body.innerText").lower()


@pytest.mark.parametrize("transport", ["polling", "websocket", "raw", "sse"])
def test_the_page_reads_over_the_transport_it_is_told(browser, quick, poem, transport):
    with browser.open(f"http://127.0.0.1:{quick.port}/?transport={transport}") as page:
        state = page.reaches("over")
        assert state["stanzas"] == poem and state["transport"] == transport
        assert {one["transport"] for one in page.seen if one["state"] == "reading"} == {transport}


@pytest.mark.parametrize("path", ["/server-faye.js", "/dante/server-faye.js"])
def test_the_samples_raw_page_reads_over_a_raw_websocket(browser, quick, poem, path):
    with browser.open(f"http://127.0.0.1:{quick.port}{path}") as page:
        state = page.reaches("over")
        assert state["stanzas"] == poem and state["transport"] == "raw"
        assert page.sockets == [f"ws://127.0.0.1:{quick.port}{path}/ws"]


@pytest.mark.parametrize("transport", ["", "&transport=polling", "&transport=raw", "&transport=sse"])
def test_the_page_passes_the_cursor_on(browser, quick, poem, transport):
    with browser.open(f"http://127.0.0.1:{quick.port}/?from=40{transport}") as page:
        assert page.reaches("over")["stanzas"] == poem[40:]


@pytest.mark.parametrize("path", ["/dante", "/apps/poetry", "/dante?from=3"])
def test_a_missing_slash_is_added(browser, quick, poem, path):
    with browser.open(f"http://127.0.0.1:{quick.port}{path}") as page:
        state = page.hears(5)
        assert urlsplit(state["url"]).path == path.partition("?")[0] + "/"
        assert state["stanzas"][:5] == (poem[3:8] if "from" in path else poem[:5])


@through_every_proxy
def test_the_page_reads_behind_a_proxy(browser, proxies, short_poem, name, mode, prefix):
    port = proxies(name).port(mode)
    with browser.open(f"http://127.0.0.1:{port}{prefix}") as page:
        hears_five(page, short_poem)
        assert page.reaches("over")["stanzas"] == short_poem


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("name", PROXIES)
def test_a_missing_slash_is_added_though_the_proxy_strips_the_prefix(
    browser, proxies, short_poem, name, prefix
):
    port = proxies(name).port("strip")
    with browser.open(f"http://127.0.0.1:{port}{prefix[:-1]}") as page:
        state = hears_five(page, short_poem)
        assert urlsplit(state["url"]).path == prefix
        # A browser looks ahead for styles and scripts before the page can say where it is; but no reading may
        # begin there.
        began = [url for _, url in page.requests if "transport=" in url] + page.sockets
        assert [url for url in began if not urlsplit(url).path.startswith(prefix)] == []


@pytest.mark.parametrize("name", PROXIES)
def test_the_page_upgrades_behind_a_proxy(browser, proxies, poem, name):
    with browser.open(f"http://127.0.0.1:{proxies(name).port('keep', 'slow')}/dante/") as page:
        settled(page, "websocket")
        assert page.hears(1)["stanzas"] == poem[:1]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_page_settles_on_polling_behind_the_shortest_nginx(browser, proxies, short_poem, prefix):
    with browser.open(f"http://127.0.0.1:{proxies('nginx').port('short')}{prefix}") as page:
        state = page.reaches("over")
        assert state["stanzas"] == short_poem and state["transport"] == "polling"


def test_a_stanza_is_shown_at_once_behind_the_shortest_nginx(browser, proxies, poem):
    for transport in "polling", "sse":
        port = proxies("nginx").port("short", "slow")
        with browser.open(f"http://127.0.0.1:{port}/dante/?transport={transport}") as page:
            assert page.hears(1)["stanzas"] == poem[:1]


@pytest.mark.parametrize(
    "transport", ["", "?transport=polling", "?transport=websocket", "?transport=raw", "?transport=sse"]
)
def test_the_page_goes_on_when_the_server_has_come_back(browser, serve, poem, transport):
    first = serve("--interval", "50ms")
    with browser.open(f"http://127.0.0.1:{first.port}/{transport}") as page:
        page.hears(5)
        first.kill()
        page.reaches("offline")
        again = serve("--host", "127.0.0.1", "--port", first.port, "--interval", "10ms", place=False)
        assert page.reaches("over")["stanzas"] == poem, page.account()
        assert again.port == first.port


def test_the_page_leads_on_without_scripts(browser, quick, poem):
    with browser.open("about:blank") as page:
        page.loaded()
        browser.ask("Emulation.setScriptExecutionDisabled", page.session, value=True)
        page.go(f"http://127.0.0.1:{quick.port}/dante/")
        page.loaded(3)
        assert urlsplit(page.evaluate("location.href")).path == "/dante/read"
        text = page.evaluate("document.body.innerText")
        verses = [verse for stanza in poem for verse in stanza.split("\n")]
        assert [line.strip() for line in text.split("\n") if line.strip() in verses] == verses
