"""Packets that cost other servers their lives: bounded work, the right answer, and nobody else notices.

Every case is tried in each generation's own words, over WebSocket and over polling. A case either ends its own
session or comes back as it was sent; in both, the server and a reader beside go on.
"""

import json

import pytest

from conftest import Bystander
from engine_wire import SEPARATOR, EngineSocket, Polling, target
from generations_wire import Polling3, Session09, Socket3, Socket09, event09, payload09, text_payload
from http_wire import Closed, Connection, ask, get
from server import serving
from test_leaks import cpu_seconds
from websocket_wire import CLOSE, TEXT, WebSocket, encoded


@pytest.fixture(scope="module")
def besieged(tmp_path_factory, poem):
    """A server that answers, and a reader of it."""
    flags = ["--interval", "50ms", "--at-end", "repeat", "--with", "echo,got-it"]
    with serving(tmp_path_factory, "besieged", *flags) as server:
        server.bystander = Bystander(server, poem)
        yield server


@pytest.fixture(autouse=True)
def bounded(besieged):
    """Around each test: the reader goes on, and the server has not worked longer than a moment."""
    spent = cpu_seconds(besieged)
    yield
    besieged.bystander.check()
    # A debug build takes 0.4 s for the dearest of them, with all that is beside it. Work that grows with the square
    # of the input, or does not end, takes minutes.
    assert cpu_seconds(besieged) - spent < 8


# One client of each generation, over each kind of transport, reduced to: say an event, hear what comes.


class Guest:
    """A session that has joined. `say` sends the arguments of an `echo` as they stand, `hear` gives packets."""

    def echoes(self, arguments):
        """Whether an echo with these arguments comes back."""
        self.say(arguments)
        while packets := self.hear():
            for packet in packets:
                if '"echo"' in packet:
                    return packet
        return None

    def ends(self):
        """Whether the session is over, sooner or later."""
        while self.hear():
            pass
        return True


class SocketGuest(Guest):
    """Over WebSocket."""

    def __init__(self, link, event):
        self.link, self.event = link, event

    def say(self, arguments):
        """An event; the server may have hung up before it is out."""
        try:
            self.link.say_text(self.event(arguments))
        except OSError:
            pass

    def hear(self):
        """The next packet, or none at the end."""
        try:
            packet = self.link.message()
        except (Closed, OSError):
            return []
        if packet == "2":
            self.link.say_text("3")
        if packet == "2::":
            self.link.say_text("2::")
        return [packet]


class PollingGuest(Guest):
    """Over polling; it has ended when a poll is refused, or says so."""

    def __init__(self, session, event, body):
        self.session, self.event, self.body = session, event, body
        self.refused = None
        self.last = False

    def say(self, arguments):
        """An event in a POST of its own."""
        self.post(self.body(self.event(arguments)))

    def post(self, body):
        """A POST; one that is too long may be cut."""
        kind = {"Content-Type": "text/plain;charset=UTF-8"}
        try:
            self.refused = ask(self.session.port, "POST", self.address, kind, body)
        except (Closed, OSError):
            self.refused = None

    @property
    def address(self):
        """Where it polls."""
        target = self.session.target
        return target() if callable(target) else target

    def hear(self):
        """The packets of the next poll, or none at the end."""
        if self.last:
            return []
        answer = ask(self.session.port, "GET", self.address)
        if answer.status != 200:
            return []
        packets = self.packets(answer.text)
        self.last = any(packet in ("1", "0::", "7:::1+0") for packet in packets)
        return packets

    def packets(self, text):
        """Roughly: enough to find an echo and an end."""
        if text.startswith("\ufffd"):
            return text.split("\ufffd")[2::2]
        if SEPARATOR in text or self.body is not text_payload:
            return text.split(SEPARATOR)
        return [text[text.index(":") + 1 :]] if text.count(":") else [text]


def event4(arguments):
    """An event in the words of 1.0 and later."""
    return f'42["echo"{"," if arguments else ""}{arguments}]'


def old_event(arguments):
    """An event in 0.9's words."""
    return '5:::{"name":"echo","args":[' + arguments + "]}"


def socket4(port):
    """Engine.IO 4 over WebSocket."""
    link = EngineSocket(port)
    link.join()
    return SocketGuest(link, event4)


def polling4(port):
    """Engine.IO 4 over polling."""
    session = Polling(port)
    session.join()
    return PollingGuest(session, event4, lambda packet: packet)


def socket3(port):
    """Engine.IO 3 over WebSocket."""
    return SocketGuest(Socket3(port).settled(), event4)


def polling3(port):
    """Engine.IO 3 over polling."""
    return PollingGuest(Polling3(port), event4, text_payload)


def socket09(port):
    """0.9 over WebSocket."""
    return SocketGuest(Socket09(port).settled(), old_event)


def polling09(port):
    """0.9 over XHR polling."""
    session = Session09(port)
    session.poll()
    return PollingGuest(session, old_event, payload09)


GUESTS = [socket4, polling4, socket3, polling3, socket09, polling09]
NEWER = GUESTS[:4]


@pytest.fixture(params=GUESTS, ids=lambda guest: guest.__name__)
def guest(request, besieged):
    """One of them."""
    return request.param(besieged.port)


#: Arguments that come back as they are, however odd.
HARMLESS = {
    "50,000 arguments": ",".join(["0"] * 50_000),
    "50,000 texts": ",".join(['"x"'] * 50_000),
    "50,000 members": "{" + ",".join(f'"{number}":0' for number in range(50_000)) + "}",
    "50,000 members of one name": "{" + ",".join(['"a":0'] * 50_000) + "}",
    "as deep as it may be": "[" * 62 + "]" * 62,
    "a number beyond all numbers": "1e999",
    "a number too small": "-1e-999",
    "a number of 100,000 digits": "1" * 100_000,
    "900,000 letters": '"' + "x" * 900_000 + '"',
    "150,000 escapes": '"' + r"\u0041" * 150_000 + '"',
    "half a pair": r'"\ud800"',
    "zeros": '"' + r"\u0000" * 1000 + '"',
    "names of old spells": '{"__proto__":{"a":1},"constructor":1,"toString":null}',
    "nothing": "",
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_odd_comes_back(guest, case):
    arguments = HARMLESS[case]
    assert guest.echoes(arguments), case
    assert guest.echoes('"after"'), "and the session goes on"


#: Arguments that are too much; each ends the session that sent them, or is not heard where one bad packet is not.
TOO_MUCH = {
    "100,000 arrays in each other": "[" * 100_000 + "]" * 100_000,
    "100,000 objects in each other": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "400,000 arrays begun": "[" * 400_000,
    "200,000 values": ",".join(["0"] * 200_000),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_what_is_too_much_ends_its_session_alone(besieged, guest, case):
    guest.say(TOO_MUCH[case])
    if guest.event is old_event:
        # One bad packet does not end a connection of 0.9.
        assert guest.echoes('"after"')
    else:
        assert guest.ends()
    assert socket4(besieged.port).echoes("1")


def test_ten_megabytes_are_not_taken(besieged, guest):
    guest.say('"' + "x" * 10_000_000 + '"')
    if isinstance(guest, PollingGuest):
        assert guest.refused is None or guest.refused.status == 413
    else:
        assert guest.ends()
    assert socket4(besieged.port).echoes("1")


@pytest.mark.parametrize("kind", [EngineSocket, lambda port: Socket3(port).settled(), Socket09])
def test_ten_megabytes_in_small_frames_are_not_taken_either(besieged, kind):
    with kind(besieged.port) as link:
        try:
            link.send(encoded(TEXT, b"x" * 1000, fin=False))
            for _ in range(10_000):
                link.send(encoded(0, b"x" * 1000, fin=False))
        except OSError:
            pass
        link.socket.settimeout(20)
        assert b"\x03\xf1" in link.rest(), "close code 1009"


@pytest.mark.parametrize("kind", NEWER)
@pytest.mark.parametrize(
    "packet",
    [
        "42" + "9" * 1000 + '["echo"]',
        "43" + "9" * 30 + '["x"]',
        "451000-" + '["echo",{"_placeholder":true,"num":0}]',
        "45" + "9" * 19 + '-["echo",{"_placeholder":true,"num":0}]',
        '451-["echo",{"_placeholder":true,"num":' + "9" * 30 + "}]",
        '451-["echo",{"_placeholder":true,"num":-1}]',
        '451-["echo",{"_placeholder":true,"num":0.5}]',
        "42/" + "n" * 100_000 + ',["echo"]',
        "40/" + "n" * 100_000 + ",",
        "4" * 100_000,
    ],
    ids=lambda packet: packet[:24],
)
def test_huge_numbers_and_names(besieged, kind, packet):
    guest = kind(besieged.port)
    guest.event = lambda arguments: packet
    guest.say("")
    if isinstance(guest, SocketGuest) and packet.startswith("451-"):
        try:
            guest.link.say(2, b"\x04x" if kind is socket3 else b"x")
        except OSError:
            pass
    # Whatever it is to this session: the next one is served.
    assert polling4(besieged.port).echoes("1")


@pytest.mark.parametrize("id_", ["9" * 1000, "9" * 19 + "+", "-1", "1e9", "+", "\u0663"])
def test_huge_ids_of_0_9(besieged, id_):
    guest = socket09(besieged.port)
    guest.link.say_text(f'5:{id_}::{{"name":"echo","args":[1]}}')
    assert guest.echoes('"after"')


def test_attachments_never_completed_hold_up_nobody(besieged):
    links = []
    for _ in range(20):
        link = EngineSocket(besieged.port)
        link.join()
        link.say_text('455-["echo"' + "".join(f',{{"_placeholder":true,"num":{n}}}' for n in range(5)) + "]")
        for _ in range(4):
            link.say(2, b"x" * 100_000)
        links.append(link)
    assert socket4(besieged.port).echoes("1")
    # The fifth completes it, all the same.
    links[0].say(2, b"last")
    while not (packet := links[0].message()).startswith("45"):
        if packet == "2":
            links[0].say_text("3")
    for link in links:
        link.close()


@pytest.mark.parametrize("kind", [polling4, polling3, polling09])
@pytest.mark.parametrize("count", [900, 5000, 100_000])
def test_thousands_of_packets_in_a_payload(besieged, kind, count):
    guest = kind(besieged.port)
    packet = "2::" if kind is polling09 else "6"
    if kind is polling4:
        body = SEPARATOR.join([packet] * count)
    else:
        body = (payload09 if kind is polling09 else text_payload)(*[packet] * count)
    guest.post(body)
    assert guest.refused.status == 200 or guest.refused.status == 413
    if count < 1000 or kind is polling09:
        assert guest.echoes('"after"')
    elif guest.refused.status == 200:
        assert guest.ends()


@pytest.mark.parametrize("kind", [polling4, polling3])
def test_a_thousand_events_at_once_are_answered_or_end_their_session(besieged, kind):
    """More than may wait for their handlers end it; what was answered before comes in order."""
    guest = kind(besieged.port)
    events = [event4(str(number)) for number in range(990)]
    guest.post(SEPARATOR.join(events) if kind is polling4 else text_payload(*events))
    assert guest.refused.status == 200
    assert guest.echoes('"after"') or guest.ends()
    assert socket4(besieged.port).echoes("1")


# Sids


def test_sids_of_others(besieged, serve):
    """Of another server, of another generation, of a loop that is not there, and no sid at all."""
    old, new = Session09(besieged.port).sid, Polling(besieged.port).sid
    foreign = Polling(serve("--interval", "10m").port).sid
    strange = [
        foreign,
        old,
        new[:-1],
        new + "A",
        new.swapcase(),
        "",
        "A" * 20,
        "_" * 20,
        "x" * 10_000,
        "%00",
        "%F0",
    ]
    strange += ["..", "%2e%2e%2f", "A" * 19 + "%41", new[:10]]
    for sid in strange:
        for method, body in ("GET", None), ("POST", "42[]"):
            if not (sid == "" and method == "GET"):
                answer = ask(besieged.port, method, target(transport="polling", sid=sid), body=body)
                assert answer.status == 400 and answer.json["code"] in (1, 2), (sid, answer.body)
        with pytest.raises((Closed, AssertionError)):
            WebSocket(besieged.port, target(transport="websocket", sid=sid or "x"))
    for sid in [foreign, new, "A" * 20, "x" * 10_000, "%00"]:
        answer = get(besieged.port, f"/socket.io/1/xhr-polling/{sid}")
        assert answer.text == "7:::1+0" or answer.status in (400, 404), (sid, answer.body)
    with Polling(besieged.port) as session:
        session.join()


def test_a_session_survives_who_guesses_at_it(besieged):
    with Polling(besieged.port) as session:
        session.join()
        for revision in "2", "3", "5", "x":
            answer = ask(
                besieged.port, "POST", target(transport="polling", sid=session.sid, EIO=revision), body="1"
            )
            assert answer.status == 400
        session.post("40/echo,")
        assert session.poll()


# Races that a client makes by itself


def test_a_post_while_its_session_closes_is_answered(besieged):
    """Its head comes in while the session lives, its last byte when the session is gone."""
    for ending in ("1", "42{}", "2"):
        with Polling(besieged.port) as session, Connection(besieged.port) as late:
            session.join()
            late.request("POST", session.target, {"Content-Length": "10", "Content-Type": "text/plain"})
            late.send("42")
            # Each of these asks every event loop, which reads what had come before.
            besieged.status()
            besieged.status()
            # A second POST beside it is against the rules, and ends the session whatever it says.
            first = session.posts.ask("POST", session.target, body=ending)
            assert first.status == 400
            late.send('["echo",')
            assert late.answer().status == 400


def test_a_poll_and_a_post_at_the_very_end(besieged):
    """The close and what comes at the same time: every request is answered, in whatever order they arrive."""
    for _ in range(30):
        with Polling(besieged.port) as session, Connection(besieged.port) as third:
            session.join()
            session.polls.request("GET", session.target)
            session.posts.request("POST", session.target, body="1")
            third.request("POST", session.target, body="40/echo,")
            statuses = session.polls.answer().status, session.posts.answer().status, third.answer().status
            assert set(statuses) <= {200, 400}


def test_two_upgrades_at_the_same_time_leave_one(besieged):
    for _ in range(20):
        with Polling(besieged.port) as session:
            session.join()
            address = target(transport="websocket", sid=session.sid)
            first, second = WebSocket(besieged.port, address), WebSocket(besieged.port, address)
            for link in first, second:
                try:
                    link.say_text("2probe")
                    link.say_text("5")
                    link.say_text('42["echo","here"]')
                except OSError:
                    pass
            heard = [b"here" in until_end(link) for link in (first, second)]
            assert heard.count(True) == 1
            first.close()
            second.close()


def until_end(link):
    """What comes until the echo, or the end."""
    data = b""
    try:
        while b'"here"' not in data:
            frame = link.frame()
            if frame.opcode == CLOSE:
                return data
            data += frame.payload
    except (Closed, OSError):
        pass
    return data
