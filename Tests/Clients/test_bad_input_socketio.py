"""Socket.IO packets that are wrong: those that end the connection, and those that do no harm."""

import pytest

from engine_wire import EngineSocket, Polling
from websocket_wire import TEXT


@pytest.mark.parametrize(
    "packet",
    [
        "47",
        "4x",
        "4",
        "42abc",
        "42{}",
        "42[]",
        "42[{}]",
        "42[null]",
        '42["connect"]',
        '42["connect_error"]',
        '42["disconnect"]',
        '42["disconnecting"]',
        '42["newListener"]',
        '42["removeListener"]',
        "43{}",
        '431{"a":1}',
        '421.5["a"]',
        "41{}",
        '41"x"',
        '40"x"',
        "40[]",
        "401",
        "40null",
        "40/a,b,",
        "44",
        '44{"message":"x"}',
        '45["x"]',
        '451["x"]',
        '45x-["x"]',
        '45999999999999999999-["x"]',
        '42["x"',
        '42["x",]',
        "42['x']",
        "42" + "[" * 5000,
        "40",
        '42/nowhere,["x"]',
        "43/nowhere,1[]",
        "41/nowhere,",
        '42/admin,["x"]',
        '451-["x",{"_placeholder":true,"num":0}',
        "b",
        "bAAEC",
    ],
    ids=lambda packet: packet[:30],
)
def test_a_bad_socket_io_packet_closes_the_connection(unharmed, packet):
    with EngineSocket(unharmed.port) as link:
        link.join()
        link.say_text(packet)
        _, close = link.ending()
        assert close is not None and close.code is None, close


@pytest.mark.parametrize(
    "frames",
    [
        [(TEXT, '451-["x",{"_placeholder":true,"num":0}]'), (TEXT, '42["y"]')],
        [(2, b"nobody waits for this")],
        [(TEXT, '451-["x",{"_placeholder":true,"num":7}]'), (2, b"a")],
        [(TEXT, '451-["x",{"_placeholder":true,"num":"0"}]'), (2, b"a")],
        [(TEXT, '451-["x",{"_placeholder":true,"num":-1}]'), (2, b"a")],
    ],
    ids=[
        "text while bytes are awaited",
        "bytes nobody awaits",
        "number too high",
        "number a text",
        "number negative",
    ],
)
def test_attachments_out_of_order_close_the_connection(unharmed, frames):
    with EngineSocket(unharmed.port) as link:
        link.join()
        for opcode, payload in frames:
            link.say(opcode, payload)
        _, close = link.ending()
        assert close is not None and close.code is None


@pytest.mark.parametrize(
    "packet",
    [
        "42",
        "43",
        "431",
        "430[]",
        '450-["x"]',
        '42["error"]',
        '42["x"]',
        '4299999999999999999999["x"]',
        "4312[]",
        "439999999999999999999[1]",
        '42[1,"x"]',
        '42["x",{"a":[1,2,{"b":null}]},"é\\u0000\\ud83d\\ude00"]',
        '42["' + "x" * 10000 + '"]',
    ],
    ids=lambda packet: packet[:30],
)
def test_a_packet_nobody_asked_for_does_no_harm(unharmed, packet):
    with EngineSocket(unharmed.port) as link:
        link.join()
        link.say_text(packet)
        assert link.alive()
        assert link.hear(2)


def test_an_event_before_joining_closes_the_connection(unharmed):
    with EngineSocket(unharmed.port) as link:
        link.say_text('42["x"]')
        assert link.ending()[1] is not None


@pytest.mark.parametrize("name", ["/nowhere", "/a/b/c", "/é", "/chat?x=1"])
def test_an_unknown_namespace_is_refused_and_the_connection_stays(unharmed, name):
    with EngineSocket(unharmed.port) as link:
        link.say_text(f"40{name},")
        assert link.message() == f'44{name},{{"message":"Invalid namespace"}}'
        assert link.join()["sid"]


def test_an_endless_namespace_is_refused(unharmed):
    with EngineSocket(unharmed.port) as link:
        link.say_text("40/" + "n" * 100_000 + ",")
        packets, close = link.ending()
        assert close is not None or packets[0].startswith("44/")


def test_a_bad_packet_over_polling_ends_with_a_close_in_a_poll(unharmed):
    with Polling(unharmed.port) as session:
        session.join()
        session.post("42{}")
        while "1" not in (packets := session.poll()):
            assert packets
        assert session.gone()
