"""Every client generation on each of its transports, with the real clients: reading, answers, bytes, coming back."""

import pytest

from conftest import NEVER
from generations_kinds import KINDS
from generations_relay import Relay

pytest_plugins = ["generations_fixtures", "generations_table"]

#: What transports get wrong: several bytes of UTF-8, a pair of surrogates, quotes, markup, ends of lines.
ODD = 'perché "così" \\ </script> \u2028 🔥\nsecond line \\n'


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def kind(request):
    """The client; the tests of one come together."""
    return request.param


@pytest.fixture(scope="module")
def guest(browser, generation, kind):
    """The client, reading from a server whose second stanza never comes."""
    with kind.open(browser, generation(kind, NEVER).port) as guest:
        yield guest


def test_hears_the_first_stanza_at_once(guest, poem, kind):
    assert guest.hears(1) == poem[:1]
    if kind.settles_on:
        guest.settles(kind.settles_on)
    if kind.is_browser:
        assert any(kind.shows in url for url in guest.reached())


def test_emits_and_is_acknowledged(guest):
    assert guest.asks("message", "hi") == ["Got it!"]
    assert guest.says("message", "hi", answer="response") == ["Got it!"]
    assert guest.says("sendMessage", {"message": "Hello there!"}, answer="helloBack") == [{"message": "Hello back!"}]


def test_values_come_back_as_they_were(guest, kind):
    odd = [ODD, 1, None, True, {"a": [ODD]}]
    if kind.has_binary:
        odd += [bytes(range(256)), {"nested": [b"dante", ODD]}]
    assert guest.asks("echo", *odd) == odd
    assert guest.says("echo", *odd, answer="echo") == odd
    assert guest.asks("echo", "text again") == ["text again"]


def test_joins_another_namespace(guest):
    guest.join("/echo")
    assert guest.asks("echo", "there", namespace="/echo") == ["there"]
    assert guest.says("echo", "there", ODD, answer="echo", namespace="/echo") == ["there", ODD]
    assert guest.asks("echo", "here") == ["here"]


def test_hears_every_stanza_once_to_the_end(browser, generation, poem, kind):
    with kind.open(browser, generation(kind, "20ms").port) as guest:
        assert guest.ends() == poem


def test_comes_back_after_a_cut(browser, generation, poem, kind):
    signs = ["--heartbeat", "1s", "--heartbeat-timeout", "1s"]
    if kind.is_browser:
        # How 0.9 notices a cut where it sees no error, as with htmlfile: by so much time without a sign of life.
        # Python's client for 0.9 waits a second before each attempt, and needs its session until then.
        signs += ["--close-timeout", "2s"]
    with Relay(generation(kind, "100ms", *signs).port) as relay, kind.open(browser, relay.port) as guest:
        heard = len(guest.hears(3))
        # One more: between two polls there may be nothing to break.
        relay.cut(refused=1)
        heard = guest.hears(heard + 8)
        if not kind.recovers:
            assert heard.count(poem[0]) == 2, "it has not come back"
            heard = heard[heard.index(poem[0], 1):]
        assert heard == poem[:len(heard)]
