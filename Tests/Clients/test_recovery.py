"""Connection state recovery of what is said both ways, with a real Socket.IO 4 client through a network that breaks."""

import pytest

from conftest import NEVER
from generations_kinds import KINDS
from generations_relay import Relay
from server import serving

pytest_plugins = ["generations_fixtures"]


def kind(name):
    """The client of this name."""
    return next(one for one in KINDS if one.name == name)


@pytest.mark.parametrize("is_noticed", [True, False], ids=["noticed", "unnoticed"])
@pytest.mark.parametrize("name", ["4.8.1-browser-websocket", "4.8.1-browser-polling", "4.8.1-browser-upgrade"])
def test_what_was_missed_is_heard_once(browser, generation, name, is_noticed):
    """Cut off, it is talked to; back again it has its name, and hears all of it, in order, and nothing twice. Whether
    or not the server knew that it was gone, the others hear first that it left, and then that it came."""
    one = kind(name)
    signs = ["--heartbeat", "1s", "--heartbeat-timeout", "1s"] if is_noticed else ["--heartbeat", "10m"]
    server = generation(one, NEVER, "--with", "chat", "--origins", "*:*", "--chat-burst", "100", "--recovery", "1m", *signs)
    with Relay(server.port) as relay, one.open(browser, relay.port) as guest:
        guest.join("/chat")
        guest.says("add user", "Ann", answer="login", namespace="/chat")
        other = kind("5.18.1-python-websocket")
        with other.open(None, server.port, namespaces=["/chat"]) as friend:
            friend.says("add user", "Bob", answer="login", namespace="/chat")
            friend.sends("new message", "before", namespace="/chat")
            guest.gets("new message", 1, namespace="/chat")
            if is_noticed:
                relay.cut(refused=1 << 20)
                assert friend.gets("user left", 1, namespace="/chat")[0][0]["username"] == "Ann"
            else:
                # What is said now goes into a connection that nobody reads.
                relay.lose(refused=1 << 20)
            for number in range(5):
                friend.sends("new message", f"meanwhile {number}", namespace="/chat")
            friend.asks("new message", "last", namespace="/chat")
            relay.let_in()
            heard = guest.gets("new message", 7, namespace="/chat")
            assert [message["message"] for message, *_ in heard] == [
                "before", *(f"meanwhile {number}" for number in range(5)), "last"]
            assert friend.gets("user joined", 1, namespace="/chat")[0][0]["username"] == "Ann"
            assert friend.gets("user left", 1, namespace="/chat")[0][0] == {"username": "Ann", "numUsers": 1}
            guest.sends("new message", "I am back", namespace="/chat")
            assert friend.gets("new message", 1, namespace="/chat")[0][0]["message"] == "I am back"


@pytest.mark.parametrize("name", ["4.8.1-browser-websocket", "4.8.1-browser-polling"])
def test_another_event_does_not_move_a_readers_place(browser, generation, poem, name):
    """A text at the end of any event takes the place of the client's offset; the reading goes on where it was."""
    one = kind(name)
    with Relay(generation(one, "100ms").port) as relay, one.open(browser, relay.port) as guest:
        heard = len(guest.hears(3))
        # What it says is a place in the poem, too, and a wrong one.
        assert guest.says("echo", "1", answer="echo") == ["1"]
        relay.cut(refused=1)
        heard = guest.hears(heard + 8)
        assert heard == poem[:len(heard)]


def test_it_is_off_unless_it_is_asked_for(tmp_path_factory):
    """As with the reference: handlers of Python's client would else get an argument they do not expect."""
    with serving(tmp_path_factory, "chat", "chat") as server:
        with kind("5.18.1-python-websocket").open(None, server.port, namespaces=["/"]) as guest:
            assert guest.says("add user", "Ann", answer="login") == [{"numUsers": 1}]
