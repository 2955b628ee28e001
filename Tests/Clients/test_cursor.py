"""The cursor: who comes back with it hears what is missing, all of it, and nothing twice."""

from itertools import islice

import pytest

from engine_wire import EngineSocket, Polling, target
from engine_wire import events as events_of
from http_wire import Connection, get
from readings import TRANSPORTS, Address, Listener, events, sse, together
from websocket_wire import HANDSHAKE, WebSocket

#: Texts that are no cursor, as they stand in a URL. Each starts the reading from its first stanza.
INVALID = [
    "",
    "abc",
    "-1",
    "+7",
    "47",
    "7.0",
    "7x",
    "0x7",
    "%207",
    "7%20",
    "%D9%A3",
    "999999999999999999999999",
    "%00",
]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("cursor", [0, 1, 7, 40])
def test_the_reading_goes_on_behind_the_cursor(quick, poem, transport, cursor):
    assert list(TRANSPORTS[transport](Address(quick.port), poem, cursor)) == poem[cursor:]


# python-socketio overlooks a disconnect that comes with the confirmation, so the shortest readings are heard
# packet by packet.


def test_the_last_stanza_alone_may_be_asked_for(slow, poem):
    for transport in "raw", "sse", "text", "read":
        assert list(TRANSPORTS[transport](Address(slow.port), poem, 45)) == poem[45:], transport
    with EngineSocket(slow.port) as link:
        link.join({"offset": "45"})
        packets, close = link.ending()
        assert events_of(packets) == [("divinecomedy", poem[45], "46")] and packets[1:] == ["41"]
        assert close is not None


@pytest.mark.parametrize("transport", ["raw", "text", "read"])
def test_behind_the_last_stanza_there_is_only_the_end(slow, poem, transport):
    assert list(TRANSPORTS[transport](Address(slow.port), poem, 46)) == []


def test_behind_the_last_stanza_socket_io_disconnects(slow):
    with EngineSocket(slow.port) as link:
        link.join({"offset": "46"})
        packets, close = link.ending()
        assert packets == ["41"] and close is not None
    with Polling(slow.port) as session:
        _, packets = session.join({"offset": "46"})
        while "1" not in packets:
            packets += session.poll()
        assert [packet for packet in packets if packet != "6"] == ["41", "1"]


@pytest.mark.parametrize("path, headers", [("/sse?from=46", {}), ("/sse", {"Last-Event-ID": "46"})])
def test_an_event_source_behind_the_last_stanza_is_told_not_to_return(slow, path, headers):
    answer = get(slow.port, path, headers)
    assert answer.status == 204 and answer.body == b""


@pytest.mark.parametrize("cursor", INVALID)
def test_what_is_no_cursor_starts_from_the_first_stanza(slow, poem, cursor):
    address, first = Address(slow.port), poem[0]
    assert next(events(address, f"sse?from={cursor}")) == ("1", first)
    with WebSocket(slow.port, f"/ws?from={cursor}") as link:
        assert link.message() == first
    with Connection(slow.port) as link:
        link.request("GET", f"/text?from={cursor}")
        assert link.body_until(link.head(), first.encode()).decode().startswith(first)
    with EngineSocket(slow.port, **{"from": cursor}) as link:
        link.join()
        assert link.hear(1) == [("divinecomedy", first, "1")]


@pytest.mark.parametrize("offset", ["", "abc", "-1", "47", "7 ", None, 7.5, True, [], {}, "9" * 400])
def test_what_is_no_offset_starts_from_the_first_stanza(slow, poem, offset):
    with EngineSocket(slow.port) as link:
        link.join({"offset": offset})
        assert link.hear(1) == [("divinecomedy", poem[0], "1")]


def test_the_last_event_id_is_a_cursor_and_stronger_than_the_address(slow, poem):
    address = Address(slow.port)
    assert next(events(address, headers={"Last-Event-ID": "7"})) == ("8", poem[7])
    # An EventSource opened with `from=` keeps its address when it comes back.
    assert next(events(address, "sse?from=7", {"Last-Event-ID": "12"})) == ("13", poem[12])


@pytest.mark.parametrize(
    "auth",
    [{"offset": "7"}, {"pid": "unknown", "offset": "7"}, {"token": "x", "pid": "unknown", "offset": "7"}],
)
def test_the_offset_counts_with_and_without_a_private_id(slow, poem, auth):
    with EngineSocket(slow.port) as link:
        confirmed = link.join(auth)
        assert set(confirmed) == {"sid", "pid"}
        assert link.hear(1) == [("divinecomedy", poem[7], "8")]


def test_the_engine_handshake_takes_the_cursor(slow, poem):
    with Polling(slow.port, **{"from": "7"}) as session:
        _, packets = session.join()
        assert events_of(packets) == [("divinecomedy", poem[7], "8")]


def test_everyone_has_a_place_of_ones_own(quick, poem):
    address, cursors = Address(quick.port), range(0, 46, 5)
    heard = together([sse(address, poem, cursor) for cursor in cursors])
    assert heard == [poem[cursor:] for cursor in cursors]


def test_an_event_source_that_is_cut_again_and_again_hears_all(quick, poem):
    heard, last = [], None
    while len(heard) < len(poem):
        reading = events(Address(quick.port), headers={"Last-Event-ID": last} if last else {})
        for last, stanza in islice(reading, 7):
            heard.append(stanza)
        reading.close()
    assert heard == poem


@pytest.mark.parametrize(
    "transports", [["polling"], ["websocket"], None], ids=["polling", "websocket", "upgrade"]
)
def test_a_socket_io_client_that_is_cut_again_and_again_hears_all(quick, poem, transports):
    heard, last = [], None
    while len(heard) < len(poem):
        listener = Listener(Address(quick.port), transports, {"offset": last} if last else None)
        for stanza, last in islice(listener.arguments(), 11):
            heard.append(stanza)
        listener.leave()
    assert heard == poem


def test_a_poll_whose_answer_was_cut_is_made_good(quick, poem):
    """The client hears nothing of an answer that was cut; it comes back with the last cursor that it has."""
    heard, last = [], "0"
    while len(heard) < len(poem):
        with Polling(quick.port) as session:
            _, packets = session.join({"offset": last})
            packets += [] if "41" in packets else session.poll()
            for _, stanza, last in events_of(packets):
                heard.append(stanza)
            session.polls.request("GET", session.target)
            session.polls.reset()
    assert heard == poem


def test_a_node_that_never_saw_the_reader_goes_on_all_the_same(serve, poem):
    heard, last = [], None
    for part in range(5):
        server = serve("--interval", "5ms")
        listener = Listener(
            Address(server.port), ["websocket"], {"pid": "from elsewhere", "offset": last} if last else None
        )
        for stanza, last in islice(listener.arguments(), 10 if part < 4 else 6):
            heard.append(stanza)
        server.kill()
    assert heard == poem


def test_a_cursor_in_a_refused_handshake_does_no_harm(slow):
    answer = get(
        slow.port, target(transport="websocket", **{"from": "7"}), HANDSHAKE | {"Sec-WebSocket-Version": "12"}
    )
    assert answer.status == 400
