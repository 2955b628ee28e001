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


@pytest.mark.parametrize("transport", ["", "polling", "raw", "sse"])
def test_firefox_goes_on_when_the_server_has_come_back(firefox, serve, poem, transport):
    first = serve("--interval", "50ms")
    with firefox.open(f"http://127.0.0.1:{first.port}/?transport={transport}") as page:
        page.hears(5)
        first.kill()
        page.reaches("offline")
        serve("--host", "127.0.0.1", "--port", first.port, "--interval", "10ms", place=False)
        assert page.reaches("over")["stanzas"] == poem, page.account()


@pytest.mark.parametrize("transport", ["", "polling", "jsonp", "raw", "sse"])
def test_firefox_goes_on_after_a_sleep_in_which_the_server_gave_it_up(firefox, serve, poem, transport):
    server = serve("--interval", "60ms", "--heartbeat", "300ms", "--heartbeat-timeout", "300ms")
    with firefox.open(f"http://127.0.0.1:{server.port}/?transport={transport}") as page:
        page.hears(4)
        firefox.sleep(2)
        assert page.reaches("over")["stanzas"] == poem, page.account()


@pytest.mark.parametrize("transport", ["", "polling", "raw", "sse"])
def test_firefox_loses_nothing_when_the_network_pauses_in_a_message(firefox, serve, poem, transport):
    server = serve("--interval", "30ms")
    with Relay(server.port) as relay, firefox.open(
        f"http://127.0.0.1:{relay.port}/?transport={transport}"
    ) as page:
        page.hears(3)
        for count in 8, 14:
            relay.dribble()
            page.hears(count)
        assert page.reaches("over")["stanzas"] == poem, page.account()
