"""The page in headless Firefox: every way, behind every proxy, cut and taken up again."""

import pytest

from generations_relay import Relay
from proxies import PROXIES


@pytest.mark.parametrize("transport", ["", "polling", "websocket", "jsonp", "raw", "sse"])
def test_firefox_reads_over_every_transport(firefox, quick, poem, transport):
    with firefox.open(f"http://127.0.0.1:{quick.port}/?transport={transport}") as page:
        state = page.reaches("over")
        assert state["stanzas"] == poem
        if transport:
            assert {one["transport"] for one in page.seen if one["state"] == "reading"} == {transport}
        assert page.errors == []


@pytest.mark.parametrize("mode", ["keep", "strip"])
@pytest.mark.parametrize("name", PROXIES)
def test_firefox_reads_behind_a_proxy(firefox, proxies, short_poem, name, mode):
    with firefox.open(f"http://127.0.0.1:{proxies(name).port(mode)}/dante/") as page:
        assert page.reaches("over")["stanzas"] == short_poem


def test_firefox_settles_on_polling_where_upgrades_are_stripped(firefox, proxies, short_poem):
    with firefox.open(f"http://127.0.0.1:{proxies('nginx').port('short')}/dante/") as page:
        state = page.reaches("over")
        assert state["stanzas"] == short_poem and state["transport"] == "polling"


@pytest.mark.parametrize("transport", ["", "polling", "jsonp", "raw", "sse"])
def test_firefox_goes_on_after_a_cut(firefox, serve, poem, transport):
    server = serve("--interval", "50ms")
    with Relay(server.port) as relay, firefox.open(
        f"http://127.0.0.1:{relay.port}/?transport={transport}"
    ) as page:
        page.hears(4)
        relay.cut(refused=2)
        page.hears(20)
        relay.cut()
        assert page.reaches("over")["stanzas"] == poem, page.account()
