"""What a reader can do with the page: pause, go on, go back, set it, and see how the text comes."""

import re
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest

from generations_relay import Relay
from proxies import PROXIES
from readings import TRANSPORTS, Address
from server import serving


@pytest.fixture(scope="module")
def walking(tmp_path_factory):
    """A server that leaves a test the time to do something between two stanzas."""
    with serving(tmp_path_factory, "walking", "--interval", "150ms") as server:
        yield server


def press(page, key):
    """Presses and releases a key."""
    for kind in "keyDown", "keyUp":
        text = {"text": key} if len(key) == 1 and kind == "keyDown" else {}
        code = {"Tab": 9, "Escape": 27}.get(key, 0)
        page.browser.ask(
            "Input.dispatchKeyEvent", page.session, type=kind, key=key, windowsVirtualKeyCode=code, **text
        )


def click(page, what):
    """Clicks what a selector finds, as a hand would: it must be there to be seen."""
    spot = page.evaluate(
        f"""(() => {{
            const one = document.querySelector({what!r}), box = one.getBoundingClientRect();
            one.scrollIntoView({{block: 'nearest'}});
            const now = one.getBoundingClientRect();
            return [now.x + now.width / 2, now.y + now.height / 2];
        }})()"""
    )
    for kind in "mousePressed", "mouseReleased":
        page.browser.ask(
            "Input.dispatchMouseEvent", page.session, type=kind, x=spot[0], y=spot[1], button="left", clickCount=1
        )


def becomes(page, expression, description):
    """Waits until a JavaScript expression is true, looking again at every change of the page."""
    script = f"""new Promise((done, fail) => {{
        const look = () => {{
            let found = null;
            try {{ found = ({expression}); }} catch (notYet) {{ }}
            if (found) {{ watch.disconnect(); done(found); }}
        }};
        const watch = new MutationObserver(look);
        watch.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}});
        addEventListener('scroll', look);
        setTimeout(() => fail(new Error({description!r} + ' never; ' + document.body.innerText.slice(-600))), 20000);
        look();
    }})"""
    return page.evaluate(script)


def shown(page):
    """The stanzas that are on the page now."""
    return page.evaluate(
        "Array.from(document.querySelectorAll('.stanza'), one => one.innerText.trim().split(/\\s*\\n\\s*/).join('\\n'))"
    )


def text(page, name):
    """The text of an element, by its id."""
    return page.evaluate(f"document.getElementById({name!r}).innerText")


# Pausing


def paused(page):
    """Pauses behind the third stanza and lets the reading run ahead: how many stanzas are shown."""
    page.hears(3)
    press(page, "p")
    becomes(page, "document.documentElement.hasAttribute('data-paused')", "paused")
    count = len(shown(page))
    becomes(page, "/the reading is at \\d+/.test(document.getElementById('position').innerText)", "running ahead")
    becomes(
        page,
        "+/at (\\d+)/.exec(document.getElementById('position').innerText)[1] > "
        "+document.documentElement.dataset.position + 2",
        "ahead",
    )
    assert len(shown(page)) == count and text(page, "status") == "Paused."
    return count


@pytest.mark.parametrize("transport", ["", "sse", "raw"])
def test_a_paused_reading_goes_on_from_where_it_stopped(browser, walking, poem, transport):
    with browser.open(f"http://127.0.0.1:{walking.port}/?transport={transport}") as page:
        paused(page)
        press(page, "o")
        assert page.reaches("over")["stanzas"] == poem
        assert page.evaluate("document.querySelector('.gap')") is None


def test_a_paused_reading_goes_on_where_it_is_now(browser, walking, poem):
    with browser.open(f"http://127.0.0.1:{walking.port}/?from=20") as page:
        count = paused(page)
        press(page, "l")
        page.reaches("over")
        stanzas, passed = shown(page), page.evaluate("document.querySelector('.gap').innerText")
        missing = int(re.match(r"(\d+) stanzas? passed by", passed)[1])
        assert missing > 0
        assert stanzas == poem[20 : 20 + count] + poem[20 + count + missing :]


def test_a_reading_that_ended_while_it_was_paused_can_be_gone_on_with(browser, quick, poem):
    with browser.open(f"http://127.0.0.1:{quick.port}/") as page:
        page.hears(3)
        press(page, "p")
        page.wait(lambda state: state["state"] == "over", "the end")
        assert page.evaluate("document.getElementById('end').hidden")
        if len(shown(page)) < len(poem):
            click(page, "[data-does=resume]")
            becomes(page, f"document.querySelectorAll('.stanza').length === {len(poem)}", "the rest")
            becomes(page, "document.documentElement.dataset.state === 'over'", "over")
        assert shown(page) == poem


def test_a_finished_reading_can_be_started_again(browser, quick, poem):
    with browser.open(f"http://127.0.0.1:{quick.port}/?from=40&size=125") as page:
        page.reaches("over")
        assert text(page, "end").startswith("The reading is over.")
        click(page, "#end button")
        becomes(page, f"document.querySelectorAll('.stanza').length === {len(poem)}", "all stanzas")
        assert shown(page) == poem
        assert parse_qs(urlsplit(page.evaluate("location.href")).query) == {"size": ["125"]}


# Scrolling


def test_who_has_scrolled_away_is_left_there_and_told_of_new_stanzas(browser, walking, poem):
    with browser.open(f"http://127.0.0.1:{walking.port}/") as page:
        page.hears(12)
        assert page.evaluate("scrollY > 0 && document.getElementById('news').hidden")
        page.evaluate("window.scrollTo(0, 0)")
        told = becomes(page, "!document.getElementById('news').hidden && scrollY === 0 && news.innerText", "news")
        assert re.match(r"\d+ new stanzas?\b", told)
        becomes(page, "/^3 new stanzas/.test(news.innerText)", "three new stanzas")
        assert page.evaluate("scrollY") == 0
        click(page, "#news")
        becomes(page, "document.getElementById('news').hidden", "no news")
        assert page.evaluate(
            "document.documentElement.scrollHeight - scrollY - innerHeight < 60 && document.querySelectorAll('.stanza').length"
        )
        assert page.reaches("over")["stanzas"] == poem


# Settings


def test_settings_are_in_the_address_and_a_link_carries_them(browser, slow):
    with browser.open(f"http://127.0.0.1:{slow.port}/?from=3&token=abcdefgh") as page:
        page.hears(1)
        usual = float(page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)"))
        for key in "+", "+", "c":
            press(page, key)
        address = page.evaluate("location.href")
        assert parse_qs(urlsplit(address).query) == {
            "from": ["3"], "token": ["abcdefgh"], "size": ["150"], "theme": ["light"],
        }
    with browser.open(address) as page:
        page.hears(1)
        size = float(page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)"))
        assert size == pytest.approx(usual * 1.5)
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        press(page, "-")
        press(page, "-")
        assert "size" not in page.evaluate("location.search")


def test_the_keys_are_shown_and_can_be_switched_off(browser, slow):
    with browser.open(f"http://127.0.0.1:{slow.port}/") as page:
        page.hears(1)
        press(page, "s")
        shown_keys = page.evaluate("Array.from(document.querySelectorAll('kbd'), one => one.innerText).join('')")
        assert shown_keys == "polbn+-cs"
        click(page, "#letters")
        assert "keys=off" in page.evaluate("location.search")
        press(page, "Escape")
        assert page.evaluate("document.getElementById('panel').hidden && document.activeElement.id") == "more"
        press(page, "p")
        assert not page.evaluate("document.documentElement.hasAttribute('data-paused')")


def test_nothing_of_an_address_becomes_markup(browser, slow):
    evil = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    query = f"from={evil}&size={evil}&theme={evil}&transport={evil}&token={evil}"
    with browser.open(f"http://127.0.0.1:{slow.port}/?{query}") as page:
        page.hears(1)
        assert page.evaluate("document.querySelectorAll('script').length") == 3
        assert page.errors == []


@pytest.mark.parametrize("name", ["constructor", "carrier-pigeon"])
def test_a_way_there_is_not_is_as_none(browser, slow, name):
    with browser.open(f"http://127.0.0.1:{slow.port}/?transport={name}") as page:
        assert page.hears(1)["state"] == "reading"


# The connection


def verdicts(page):
    """Tries every way and waits for all sentences: by the text on the button."""
    press(page, "s")
    click(page, "[data-does=tryAll]")
    becomes(
        page,
        "Array.from(document.querySelectorAll('#ways span')).every(one => /^(Works|Fails)/.test(one.innerText))",
        "all verdicts",
    )
    pairs = page.evaluate(
        "Array.from(document.querySelectorAll('#ways li'), one => [one.firstChild.innerText, one.lastChild.innerText])"
    )
    return {button.lower(): sentence for button, sentence in pairs}


SOCKETS = {"websocket", "plain websocket"}


def test_every_way_can_be_tried_and_works(browser, slow, poem):
    with browser.open(f"http://127.0.0.1:{slow.port}/") as page:
        page.hears(1)
        found = verdicts(page)
        assert len(found) == 6
        for way, sentence in found.items():
            assert re.fullmatch(r"Works: the first stanza came after \d+ ms\.", sentence), way
        assert shown(page) == poem[:1]


def test_a_way_that_fails_says_why(browser, proxies, slow):
    with browser.open(f"http://127.0.0.1:{proxies('nginx').port('short', 'slow')}/dante/") as page:
        page.hears(1)
        found = verdicts(page)
        assert {way for way, sentence in found.items() if sentence.startswith("Fails")} == SOCKETS
        for way in SOCKETS:
            assert "The server offers it" in found[way] and "upgrades" in found[way]


def test_a_way_that_is_not_offered_says_so(browser, serve):
    server = serve("--interval", "10m", "--transports", "polling")
    with browser.open(f"http://127.0.0.1:{server.port}/") as page:
        page.hears(1)
        found = verdicts(page)
        for way in SOCKETS | {"server-sent events"}:
            assert found[way] == "Fails. The server does not offer it.", way


@pytest.mark.parametrize("way, transport", [(2, "polling"), (3, "jsonp"), (4, "raw"), (5, "sse"), (1, "websocket")])
def test_a_way_can_be_taken_while_reading(browser, walking, poem, way, transport):
    with browser.open(f"http://127.0.0.1:{walking.port}/") as page:
        page.hears(3)
        press(page, "s")
        click(page, f"#ways li:nth-child({way + 1}) button")
        becomes(page, f"document.documentElement.dataset.transport === {transport!r}", transport)
        assert f"transport={transport}" in page.evaluate("location.search")
        assert page.evaluate(f"document.querySelector('#ways li:nth-child({way + 1}) button').ariaPressed") == "true"
        assert page.reaches("over")["stanzas"] == poem, page.account()


def test_the_transport_the_position_and_the_time_are_shown(browser, quick):
    with browser.open(f"http://127.0.0.1:{quick.port}/?transport=jsonp") as page:
        page.reaches("over")
        assert text(page, "position") == "46 of 46" and text(page, "transport") == "polling by scripts"
        assert re.fullmatch(r"first stanza after \d+(\.\d+)? s", text(page, "first"))


def test_every_proxy_lets_scripted_polling_through(browser, proxies, short_poem):
    for name in PROXIES:
        for mode in "keep", "strip":
            with browser.open(f"http://127.0.0.1:{proxies(name).port(mode)}/dante/?transport=jsonp") as page:
                assert page.reaches("over")["stanzas"] == short_poem, (name, mode)


# Being away


def sentences(page):
    """From here on every sentence of the status line is kept in `sentences`."""
    page.evaluate(
        """(window.sentences = [], window.removed = 0,
        new MutationObserver(() => sentences.push(document.getElementById('status').innerText))
            .observe(document.getElementById('status'), {childList: true, characterData: true, subtree: true}),
        new MutationObserver(list => list.forEach(one => removed += one.removedNodes.length))
            .observe(document.getElementById('poem'), {childList: true, subtree: true}), 0)"""
    )


@pytest.mark.parametrize("transport", ["", "polling", "jsonp", "raw", "sse"])
def test_a_server_that_stops_and_comes_back_is_told_of_in_words(browser, serve, poem, transport):
    first = serve("--interval", "100ms")
    with browser.open(f"http://127.0.0.1:{first.port}/?transport={transport}") as page:
        page.hears(5)
        sentences(page)
        first.stop()
        becomes(page, "sentences.some(one => /does not answer/.test(one))", "the server does not answer")
        serve("--host", "127.0.0.1", "--port", first.port, "--interval", "20ms", place=False)
        assert page.reaches("over")["stanzas"] == poem, page.account()
        said = page.evaluate("sentences.join('|')")
        assert re.search(r"(has stopped|is lost)\. Trying again", said)
        assert re.search(r"Connected again\. Reading on behind stanza \d+\.", said)
        assert page.evaluate("removed") == 0, "the log only grows: what was read is not read out again"


def offline(page, is_offline):
    """Takes the network from the page, or gives it back."""
    page.browser.ask(
        "Network.emulateNetworkConditions", page.session, offline=is_offline, latency=0,
        downloadThroughput=-1, uploadThroughput=-1,
    )


def test_a_reader_without_a_network_is_told_and_goes_on_with_one(browser, walking, poem):
    with browser.open(f"http://127.0.0.1:{walking.port}/?transport=polling") as page:
        page.hears(4)
        sentences(page)
        offline(page, True)
        becomes(page, "sentences.some(one => /^You are offline/.test(one))", "offline")
        becomes(page, "document.documentElement.dataset.state === 'offline'", "offline")
        offline(page, False)
        assert page.reaches("over")["stanzas"] == poem, page.account()


def test_a_reading_that_is_only_believed_to_be_lost_goes_on(browser, walking, poem):
    with browser.open(f"http://127.0.0.1:{walking.port}/") as page:
        page.hears(3)
        page.evaluate("dispatchEvent(new Event('offline'))")
        page.reaches("offline")
        becomes(page, "document.documentElement.dataset.state === 'reading'", "reading")
        assert page.reaches("over")["stanzas"] == poem


#: What a browser does when it wakes.
WAKES = {
    "visibilitychange": "document.dispatchEvent(new Event('visibilitychange'))",
    "pageshow": "window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))",
    "online": "window.dispatchEvent(new Event('online'))",
}


@pytest.mark.parametrize("transport", ["", "raw", "sse"])
@pytest.mark.parametrize("wake", WAKES)
def test_a_page_that_wakes_goes_on_within_a_second(browser, walking, wake, transport):
    with Relay(walking.port) as relay, browser.open(f"http://127.0.0.1:{relay.port}/?transport={transport}") as page:
        page.hears(3)
        # The network goes while the device sleeps; the page tries in vain, each time after a longer wait.
        tried = len(page.requests + page.sockets)
        relay.cut(refused=1000)
        becomes(page, "document.documentElement.dataset.state === 'offline'", "offline")
        page.until(lambda: len(page.requests + page.sockets) >= tried + 5, "five attempts")
        relay.cut()
        took = page.evaluate(
            f"""new Promise(done => {{
                const began = performance.now(), count = document.querySelectorAll('.stanza').length;
                new MutationObserver(() => done(performance.now() - began))
                    .observe(document.getElementById('poem'), {{childList: true}});
                {WAKES[wake]};
            }})"""
        )
        assert took < 1000, f"{took} ms from waking to the next stanza"


@pytest.mark.parametrize("transport", ["", "polling", "raw", "sse"])
def test_a_connection_that_died_in_its_sleep_is_given_up_at_waking(browser, serve, poem, transport):
    """Nothing tells the page that its connection is dead: the packets of both sides go nowhere."""
    server = serve("--interval", "150ms")
    with Relay(server.port) as relay, browser.open(f"http://127.0.0.1:{relay.port}/?transport={transport}") as page:
        page.hears(5)
        relay.hold()
        # In its sleep the clock goes on, and the timers do not.
        page.evaluate("(real => { Date.prototype.getTime = function () { return real.call(this) + 1500; }; })"
                      "(Date.prototype.getTime)")
        count = len(shown(page))
        page.evaluate(WAKES["visibilitychange"])
        page.hears(count + 1)
        assert page.reaches("over")["stanzas"] == poem, page.account()


def test_a_frozen_page_goes_on_without_a_doubled_or_missing_stanza(browser, walking, poem):
    with browser.open(f"http://127.0.0.1:{walking.port}/") as page:
        page.hears(5)
        browser.ask("Page.setWebLifecycleState", page.session, state="frozen")
        # The page stands still while another reader hears ten stanzas.
        with closing(TRANSPORTS["sse"](Address(walking.port), poem)) as other:
            for _ in range(10):
                next(other)
        browser.ask("Page.setWebLifecycleState", page.session, state="active")
        assert page.reaches("over")["stanzas"] == poem, page.account()


@pytest.mark.parametrize("transport", ["", "polling", "raw", "sse", "jsonp"])
def test_a_network_that_pauses_in_the_middle_of_a_message_loses_nothing(browser, serve, poem, transport):
    server = serve("--interval", "30ms")
    with Relay(server.port) as relay, browser.open(f"http://127.0.0.1:{relay.port}/?transport={transport}") as page:
        page.hears(3)
        for count in 8, 14, 20:
            relay.dribble()
            page.hears(count)
        assert page.reaches("over")["stanzas"] == poem, page.account()
