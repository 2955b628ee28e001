"""The chat: real clients of every generation in one room, what they may say, and the page."""

import json
import re
import signal

import pytest

from elsewhere import elsewhere
from engine_wire import target
from generations_kinds import KINDS
from generations_relay import Relay
from http_wire import ask, get
from server import ROOT, serving

pytest_plugins = ["generations_fixtures"]

#: One client of each generation, and between them every kind of transport.
GUESTS = [
    "0.9-browser-websocket", "0.9-browser-jsonp-polling", "0.9-python-xhr-polling", "1.3.5-browser-upgrade",
    "1.x-python-polling", "2.0.3-browser-jsonp", "4.6.1-python-upgrade", "3.1.3-browser-polling",
    "4.8.1-browser-upgrade", "5.18.1-python-websocket",
]

#: What transports get wrong, and what a page must not take for markup.
ODD = 'perché "così" \\ <img src=x onerror=alert(1)> 🔥'

PICTURES = ROOT / ".build" / "screenshots"


@pytest.fixture(scope="module")
def chat(tmp_path_factory):
    """A chat that anybody may enter, from pages of other origins too, as fast as tests are."""
    # Some of the old clients go without a word: this is how soon that is noticed.
    signs = ["--heartbeat", "3s", "--heartbeat-timeout", "4s", "--close-timeout", "5s"]
    with serving(tmp_path_factory, "chat", "chat", "--origins", "*:*", "--chat-burst", "1000", *signs) as server:
        yield server


def kind(name):
    """The client of this name."""
    return next(one for one in KINDS if one.name == name)


def python(port, **options):
    """A client of today that is quick to start."""
    return kind("5.18.1-python-websocket").open(None, port, namespaces=["/"], **options)


# Clients


def test_every_generation_is_in_one_room(browser, generation, chat, request):
    """Each comes in, greets, is heard by all that are there, and goes; all of them count alike."""
    guests = {}
    for name in GUESTS:
        one = kind(name)
        # A page comes from a server that has the client's own build, and goes to the chat from there.
        port = generation(one).port if one.is_browser else chat.port
        guest = one.open(browser, port, namespaces=["/"], place=f"http://127.0.0.1:{chat.port}")
        guests[name] = guest.__enter__()
        request.addfinalizer(lambda guest=guest: guest.__exit__())
        assert guest.says("add user", name, answer="login") == [{"numUsers": len(guests)}]
    people = list(guests)
    for place, guest in enumerate(guests.values()):
        joined = [[{"username": name, "numUsers": number}] for number, name in enumerate(people, 1)]
        assert guest.gets("user joined", len(people) - place - 1) == joined[place + 1:]

    for name, guest in guests.items():
        guest.sends("typing")
        guest.sends("new message", f"{name}: {ODD}")
        guest.sends("stop typing")
    for name, guest in guests.items():
        others = [one for one in people if one != name]
        heard = guest.gets("new message", len(others))
        assert sorted(one["username"] for [one] in heard) == sorted(others)
        assert all(one["message"] == f"{one['username']}: {ODD}" for [one] in heard)
        assert sorted(one["username"] for [one] in guest.gets("typing", len(others))) == sorted(others)

    for number, name in enumerate(people[:-1], 1):
        guests[name].leave()
        for other in people[number:]:
            left = guests[other].gets("user left", number)
            assert left[-1] == [{"username": name, "numUsers": len(people) - number}]


def test_what_is_said_is_acknowledged(chat):
    with python(chat.port) as ann, python(chat.port) as bob:
        ann.says("add user", "  Ann\u0007 ", answer="login")
        bob.says("add user", "Bob", answer="login")
        assert ann.asks("new message", "hi\nthere\u0000") == []
        assert bob.gets("new message", 1) == [[{"username": "Ann", "message": "hi there"}]]


def test_a_second_name_is_ignored(chat):
    with python(chat.port) as ann, python(chat.port) as bob:
        ann.says("add user", "Ann", answer="login")
        bob.says("add user", "Bob", answer="login")
        assert bob.asks("add user", "Eve") == []
        bob.sends("new message", "it is me")
        assert ann.gets("new message", 1) == [[{"username": "Bob", "message": "it is me"}]]
        assert len(bob.gets("login", 1)) == 1


def test_who_has_no_name_hears_and_says_nothing(chat):
    with python(chat.port) as nobody, python(chat.port) as ann:
        refusal = {"event": "new message", "reason": "Say your name first."}
        assert nobody.asks("new message", "boo") == [refusal]
        ann.says("add user", "Ann", answer="login")
        assert nobody.gets("user joined", 1)[0][0]["username"] == "Ann"
        nobody.sends("typing")
        nobody.leave()
        assert ann.asks("new message", "still here") == []
        assert [one["name"] for one in ann.happened if one["namespace"] == "/"][1:] == ["login", "ack"]


@pytest.mark.parametrize("flags, said, reason", [
    (["--chat-max-message", "5"], ["12345", "123456"], "A message may have 5 characters."),
    (["--chat-burst", "2", "--chat-rate", "1"], ["one", "two", "three"], "That was too fast: wait 60 s."),
    ([], ["hi", " \u200b\n"], "There is nothing to read in it."),
])
def test_a_refusal_is_told_to_the_sender_alone(serve, flags, said, reason):
    server = serve("chat", *flags)
    with python(server.port) as ann, python(server.port) as bob:
        ann.says("add user", "Ann", answer="login")
        bob.says("add user", "Bob", answer="login")
        refusal = {"event": "new message", "reason": reason}
        answers = [ann.asks("new message", text) for text in said]
        assert answers == [[]] * (len(said) - 1) + [[refusal]]
        assert ann.gets("refused", 1) == [[refusal]]
        bob.asks("new message", "hm?")
        assert len(bob.gets("new message", len(said) - 1)) == len(said) - 1
        assert [one for one in bob.happened if one["name"] == "refused"] == []


def test_a_name_is_bounded(serve):
    server = serve("chat", "--chat-max-name", "4")
    with python(server.port) as ann:
        assert ann.asks("add user", "Annabel") == [
            {"event": "add user", "reason": "A name may have 4 characters."}]
        assert ann.says("add user", "Anna", answer="login") == [{"numUsers": 1}]


@pytest.mark.parametrize("arguments", [[], [None], [{"name": "x"}], [["x"]], [7]])
def test_arguments_of_another_kind_harm_nobody(chat, arguments):
    with python(chat.port) as ann:
        for event in "add user", "new message", "typing", "stop typing":
            ann.sends(event, *arguments)
        [login] = ann.says("add user", "Ann", answer="login")
        assert login["numUsers"] >= 1


def test_the_chat_beside_the_reading_is_apart(serve, poem):
    server = serve("--with", "chat", "--interval", "10m")
    one = kind("5.18.1-python-upgrade")
    with one.open(None, server.port, namespaces=["/", "/chat"]) as ann:
        ann.join("/chat")
        ann.sends("add user", "Ann")
        assert ann.says("add user", "Ann", answer="login", namespace="/chat") == [{"numUsers": 1}]
        assert ann.hears(1) == poem[:1]
        assert [one for one in ann.happened if one["namespace"] == "/" and one["name"] == "login"] == []


def test_who_comes_back_in_time_hears_what_was_said(browser, generation, serve):
    server = serve("chat", "--origins", "*:*", "--recovery", "1m")
    one = kind("4.8.1-browser-websocket")
    with Relay(server.port) as relay, python(server.port) as bob:
        place = f"http://127.0.0.1:{relay.port}"
        with one.open(browser, generation(one).port, place=place) as ann:
            assert ann.says("add user", "Ann", answer="login")[0] == {"numUsers": 1}
            bob.says("add user", "Bob", answer="login")
            bob.sends("new message", "first")
            ann.gets("new message", 1)
            # So many attempts fail that the message below is certainly missed.
            relay.cut(refused=5)
            bob.gets("user left", 1)
            bob.asks("new message", "second")
            assert bob.gets("user joined", 1)[0][0] == {"username": "Ann", "numUsers": 2}
            bob.sends("new message", "third")
            heard = [arguments[0]["message"] for arguments in ann.gets("new message", 3)]
            assert heard == ["first", "second", "third"]
            # It has its name still.
            ann.sends("new message", "I am back")
            assert bob.gets("new message", 1)[0][0] == {"username": "Ann", "message": "I am back"}


FOREIGN = {"Origin": "http://other.example"}


def test_a_page_of_another_origin_may_not_enter(serve):
    server = serve("chat")
    own = {"Origin": f"http://127.0.0.1:{server.port}"}
    for path in target(transport="polling"), "/socket.io/?EIO=3&transport=polling", "/socket.io/1/?t=1":
        assert get(server.port, path, own).status == 200
        assert get(server.port, path).status == 200, "no browser"
        assert get(server.port, path, FOREIGN).status == 403
    refusal = get(server.port, target(transport="polling"), FOREIGN).json
    assert refusal["origin"] == "http://other.example" and refusal["setting"] == "--origins"
    server = serve("chat", "--origins", "other.example:*")
    assert get(server.port, target(transport="polling"), FOREIGN).status == 200


def test_a_page_of_another_origin_reads_and_does_not_enter_the_chat_beside(serve, poem):
    server = serve("--with", "chat", "--interval", "10m")

    def joins(headers):
        opening = get(server.port, target(transport="polling"), headers).text
        path = target(transport="polling", sid=json.loads(opening[1:])["sid"])
        ask(server.port, "POST", path, headers, "40\x1e40/chat,")
        heard = ""
        while "/chat," not in heard or poem[0].split("\n")[0] not in heard:
            heard += get(server.port, path, headers).text
        return heard

    refusal = {"origin": "http://other.example", "expected": f"127.0.0.1:{server.port}", "setting": "--origins"}
    refused = joins(FOREIGN)
    assert json.loads(refused[refused.index("44/chat,") + 8:].split("\x1e")[0]) == {
        "message": "Origin not allowed", "data": refusal}
    assert '40/chat,{"sid"' in joins({"Origin": f"http://127.0.0.1:{server.port}"})
    assert '40/chat,{"sid"' in joins({})


# The page

#: What the page shows in its log.
LINES = "Array.from(document.querySelectorAll('#log li'), (one) => one.innerText)"


class Guest:
    """A page of the chat, used by keyboard."""

    KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), "Escape": (27, "")}

    def __init__(self, page):
        self.page = page
        page.loaded()
        page.becomes("document.documentElement.dataset.state === 'naming'")

    def press(self, key, modifiers=0):
        """Presses one key and lets it go."""
        code, text = self.KEYS[key]
        facts = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        for kind in "keyDown", "keyUp":
            typed = {"text": text} if kind == "keyDown" and text else {}
            self.page.browser.ask("Input.dispatchKeyEvent", self.page.session, type=kind, **facts, **typed)

    def write(self, text):
        """Writes where the focus is."""
        self.page.browser.ask("Input.insertText", self.page.session, text=text)

    def enter(self, name):
        """Comes in: the first thing to write on is the name."""
        assert self.focus() == "name"
        self.write(name)
        self.press("Enter")
        self.page.becomes("document.documentElement.dataset.state === 'chatting'")

    def say(self, text):
        """Says something."""
        assert self.focus() == "message"
        self.write(text)
        self.press("Enter")

    def focus(self):
        """The id of what has the focus, or its text."""
        return self.page.evaluate("document.activeElement.id || document.activeElement.innerText")

    def shows(self, line):
        """Waits until a line of the log is this one."""
        self.page.becomes(f"{LINES}.includes({line!r})")

    def text(self, name):
        """What stands in an element."""
        return self.page.evaluate(f"document.getElementById('{name}').textContent")

    def picture(self, name, width=1000, height=700, scheme="light"):
        """Puts a picture of the page where a person can look at it."""
        import base64
        ask, session = self.page.browser.ask, self.page.session
        ask("Emulation.setDeviceMetricsOverride", session, width=width, height=height,
            deviceScaleFactor=1, mobile=False)
        ask("Emulation.setEmulatedMedia", session, features=[
            {"name": "prefers-color-scheme", "value": scheme}])
        data = ask("Page.captureScreenshot", session, format="png")["data"]
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / f"chat-{name}.png").write_bytes(base64.b64decode(data))


@pytest.fixture
def visit(browser, request):
    """Opens pages of the chat: `visit(url)`."""

    def open(url):
        page = browser.open(url)
        request.addfinalizer(page.close)
        return Guest(page)

    return open


@pytest.fixture(params=["alone", "beside", "prefix"])
def place(request, serve):
    """Where the page is: the port, and its address."""
    server = serve("chat") if request.param == "alone" else serve("--with", "chat", "--interval", "10m")
    path = {"alone": "/", "beside": "/chat", "prefix": "/dante/poetry/chat"}[request.param]
    return f"http://127.0.0.1:{server.port}{path}"


def test_two_people_talk_by_keyboard(visit, place):
    ann, bob = visit(place), visit(place)
    ann.enter("Ann")
    assert ann.text("people") == "You are alone here."
    bob.enter("Bob")
    ann.shows("Bob has come.")
    assert ann.text("people") == bob.text("people") == "2 people are here."
    assert ann.focus() == bob.focus() == "message"
    ann.write("hello <b>Bob</b>")
    bob.page.becomes("document.getElementById('typing').textContent === 'Ann is writing.'")
    ann.press("Enter")
    bob.shows("Ann: hello <b>Bob</b>")
    ann.shows("Ann (you): hello <b>Bob</b>")
    assert bob.text("typing") == ""
    assert bob.page.evaluate("document.querySelectorAll('#log b').length") == 0
    ann.page.becomes("document.getElementById('message').value === ''")
    bob.page.go("about:blank")
    ann.shows("Bob has left.")
    assert ann.page.errors == []


def test_the_page_is_used_without_a_mouse(visit, place):
    ann = visit(place)
    assert ann.focus() == "name"
    ann.press("Tab")
    assert ann.focus() == "Enter"
    ann.press("Tab", 8)
    ann.enter("Ann")
    ann.press("Tab")
    assert ann.focus() == "Send"
    ann.press("Tab", 8)
    ann.press("Tab", 8)
    assert ann.focus() == "log", "which can be scrolled"


def test_what_the_page_tells_a_screen_reader(visit, place):
    ann = visit(place)
    ann.enter("Ann")
    ann.page.browser.ask("Accessibility.enable", ann.page.session)
    nodes = ann.page.browser.ask("Accessibility.getFullAXTree", ann.page.session)["nodes"]
    told = {
        (node["role"]["value"], node["name"]["value"]) for node in nodes
        if not node["ignored"] and "name" in node}
    assert told >= {
        ("RootWebArea", "Chat"), ("heading", "Chat"), ("log", "Messages"), ("textbox", "Message"),
        ("button", "Send"),
    }
    roles = {node["role"]["value"] for node in nodes if not node["ignored"]}
    assert {"main", "status", "alert"} <= roles
    assert ("textbox", "Your name") not in told, "it is done with"


def test_a_page_that_may_not_enter_says_so(browser, serve, tmp_path):
    """As behind a proxy that does not pass the host on."""
    server = serve("--with", "chat", "--interval", "10m")
    page = get(server.port, "/chat").text
    script = f'"http://127.0.0.1:{server.port}/socket.io/socket.io.js'
    (tmp_path / "chat.html").write_text(page.replace('"socket.io/socket.io.js', script).replace("script-src 'self'", "script-src *"))
    for file in "chat.js", "chat.css":
        (tmp_path / file).write_bytes(get(server.port, f"/{file}").body)
    with elsewhere(tmp_path) as other, browser.open(f"{other}/chat.html") as page:
        page.loaded()
        page.becomes("/refuses this page: Origin not allowed/.test(document.getElementById('status').textContent)")
        assert page.evaluate("document.documentElement.dataset.state") == "offline"


def test_a_refusal_is_shown_and_what_was_written_is_kept(visit, serve):
    server = serve("chat", "--chat-max-message", "5", "--chat-max-name", "5")
    ann = visit(f"http://127.0.0.1:{server.port}/")
    ann.write("Annabel")
    ann.press("Enter")
    ann.page.becomes("/5 characters/.test(document.getElementById('problem').textContent)")
    ann.page.evaluate("document.getElementById('name').value = ''")
    ann.enter("Ann")
    ann.say("too long")
    ann.page.becomes("/5 characters/.test(document.getElementById('problem').textContent)")
    ann.page.becomes("document.getElementById('message').value === 'too long'")
    assert not any("too long" in line for line in ann.page.evaluate(LINES))
    assert ann.page.evaluate("document.getElementById('problem').getAttribute('role')") == "alert"


def test_one_goes_on_writing_while_the_server_is_slow(visit, serve):
    server = serve("chat")
    ann, bob = (visit(f"http://127.0.0.1:{server.port}/") for _ in range(2))
    ann.enter("Ann")
    bob.enter("Bob")
    server.process.send_signal(signal.SIGSTOP)
    for text in "first", "second", "third":
        ann.say(text)
        assert ann.page.evaluate("document.getElementById('message').value") == ""
    assert not any("(you)" in line for line in ann.page.evaluate(LINES)), "nobody has heard it yet"
    server.process.send_signal(signal.SIGCONT)
    bob.shows("Ann: third")
    ann.shows("Ann (you): third")
    assert [line for line in bob.page.evaluate(LINES) if line.startswith("Ann:")] == [
        "Ann: first", "Ann: second", "Ann: third"]


def test_what_nobody_may_have_heard_stands_on_its_line_again(visit, serve):
    server = serve("chat")
    ann = visit(f"http://127.0.0.1:{server.port}/")
    ann.enter("Ann")
    server.process.send_signal(signal.SIGSTOP)
    ann.say("is anybody")
    ann.say("there?")
    server.kill()
    ann.page.becomes("document.documentElement.dataset.state === 'offline'")
    assert ann.page.evaluate("document.getElementById('message').value") == "is anybody there?"


def test_the_page_comes_back_after_the_server_did(visit, serve):
    server = serve("chat")
    ann = visit(f"http://127.0.0.1:{server.port}/")
    ann.enter("Ann")
    server.stop()
    ann.page.becomes("document.documentElement.dataset.state === 'offline'")
    ann.write("is anybody there?")
    ann.press("Enter")
    assert ann.text("problem") == "Not sent: there is no connection."
    serve("chat", "--port", str(server.port))
    ann.shows("You are back.")
    ann.press("Enter")
    ann.shows("Ann (you): is anybody there?")


def test_the_page_may_not_be_framed_and_has_no_script_of_its_own(chat):
    answer = get(chat.port, "/")
    assert answer.header("Content-Security-Policy") == "frame-ancestors 'self'"
    assert re.findall(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", answer.text) == []


def test_pictures_for_people(visit, chat):
    ann, bob = visit(f"http://127.0.0.1:{chat.port}/"), visit(f"http://127.0.0.1:{chat.port}/")
    ann.picture("entrance")
    ann.enter("Ann")
    bob.enter("Beatrice")
    for number in range(4):
        ann.say(f"Midway upon the journey of our life, {number}")
        bob.shows(f"Ann: Midway upon the journey of our life, {number}")
        ann.page.becomes("document.getElementById('message').value === ''")
    bob.say("I found myself within a forest dark, for the straightforward pathway had been lost. " * 3)
    ann.page.becomes(f"{LINES}.length === 7")
    bob.write("Ah me!")
    ann.page.becomes("document.getElementById('typing').textContent !== ''")
    ann.picture("light")
    ann.picture("dark", scheme="dark")
    ann.picture("phone", 360, 640)
    ann.page.becomes("log.scrollHeight - log.scrollTop - log.clientHeight < 2")
    ann.page.evaluate("new Promise((yes) => { log.addEventListener('scroll', yes, {once: true}); log.scrollTop = 0; })")
    bob.press("Enter")
    ann.shows("Beatrice: Ah me!")
    assert ann.page.evaluate("log.scrollTop") == 0, "who reads again is left there"
    for name in "entrance", "light", "dark", "phone":
        assert (PICTURES / f"chat-{name}.png").stat().st_size > 5000
