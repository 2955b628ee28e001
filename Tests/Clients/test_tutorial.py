"""The catalogue's code: the tutorial's chat, built from an empty directory, with the guests that stand there; and what
the articles show, compiled."""

import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

import generations_install as installed
import tutorial
from elsewhere import elsewhere
from engine_wire import Polling, events
from server import ROOT, on_terminal

#: The first build compiles all of the library.
pytestmark = pytest.mark.timeout(900)

STEPS = tutorial.steps()
BUILT = [step.title for step in STEPS if step.is_built]

#: Articles with code for a program of theirs; what is in no such article is compared with a program of the tests.
ARTICLES = ["SocketIOServer.md", "Dialects.md", "Mounting.md", "Scale.md"]
ARTICLES += ["../../SocketIORedis/SocketIORedis.docc/SocketIORedis.md"]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The program at the end of each step, by the step's title."""
    kept = tmp_path_factory.mktemp("programs")
    folder = tutorial.package("chat")
    return {
        step.title: tutorial.program_after(folder, step, kept / f"chat-{number}")
        for number, step in enumerate(STEPS) if step.is_built
    }


@pytest.fixture(scope="module")
def guest_files(tmp_path_factory):
    """A directory with the guests of the tutorial."""
    folder = tmp_path_factory.mktemp("guests")
    for step in STEPS:
        tutorial.write(folder, {path: text for path, text in step.files.items() if not path.endswith(".swift")})
    page = folder / "page.html"
    text = page.read_text(encoding="utf-8")
    script = "https://cdn.socket.io/4.8.1/socket.io.min.js"
    assert script in text
    page.write_text(text.replace(script, "io.js"), encoding="utf-8")
    (folder / "io.js").write_bytes(installed.browser_build("4.8.1").read_bytes())
    # Browsers ask for it by themselves.
    (folder / "favicon.ico").touch()
    return folder


class TerminalGuest:
    """`guest.py`, run by the Python of one generation."""

    def __init__(self, python, folder, port, room, name):
        self.process = subprocess.Popen(
            [python, folder / "guest.py", str(port), room, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, bufsize=1, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})
        # A guest who never speaks fails the test with what it has said, not the whole run with its time limit.
        self.watch = threading.Timer(40, self.process.kill)
        self.watch.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.watch.cancel()
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def hears(self, line):
        """The next line must be this one."""
        heard = self.process.stdout.readline()
        assert heard == line + "\n", heard + ("" if heard.startswith(line[:1]) else self.process.stdout.read())

    def says(self, line):
        """Types a line."""
        self.process.stdin.write(line + "\n")

    def leaves(self):
        """Ends its input: it says goodbye and ends well, and has heard nothing else."""
        self.process.stdin.close()
        assert self.process.stdout.read() == ""
        assert self.process.wait(20) == 0


def test_nothing_in_the_tutorial_is_left_out():
    text = (tutorial.CATALOGUE / "Tutorial.md").read_text(encoding="utf-8")
    assert text.count("\n```") == 2 * sum(len(step.files) for step in STEPS)
    assert len(BUILT) == 4


def test_every_step_builds_and_listens(programs):
    for program in programs.values():
        with on_terminal(program, 0):
            pass


def test_the_first_step_says_who_you_are(programs):
    with on_terminal(programs[BUILT[0]], 0) as port, Polling(port) as polling:
        data, others = polling.join()
        heard = events(others) or events(polling.poll())
        assert heard == [("welcome", f"You are {data['sid']}.")]


def test_the_second_step_carries_words(programs):
    with on_terminal(programs[BUILT[1]], 0) as port, Polling(port) as one, Polling(port) as other:
        name = one.join()[0]["sid"]
        other.join()
        one.post("42" + json.dumps(["say", 1]), "42" + json.dumps(["say", "ciao"]))
        assert events(other.poll()) == [("said", {"name": name, "text": "ciao"})]


@pytest.mark.parametrize("title", BUILT[2:])
def test_guests_of_three_clients_are_in_one_room(programs, guest_files, browser, title):
    """python-socketio 4.6.1 speaks Socket.IO 2, python-socketio 5 and the page speak Socket.IO 4."""
    with ExitStack() as running:
        port = running.enter_context(on_terminal(programs[title], 0))
        other = running.enter_context(elsewhere(guest_files))

        def enters(python, name, room="kitchen"):
            return running.enter_context(TerminalGuest(python, guest_files, port, room, name))

        old = enters(installed.old_python(), "Virgil")
        old.hears("with nobody")
        new = enters(sys.executable, "Dante")
        new.hears("with Virgil")
        old.hears("Dante is here")
        elsewhere_guest = enters(sys.executable, "Beatrice", room="garden")
        elsewhere_guest.hears("with nobody")
        page = running.enter_context(browser.open(f"{other}/page.html?port={port}&room=kitchen&name=Ann"))
        lines = "[...document.querySelectorAll('li')].map((item) => item.textContent)"
        # Whoever was there, in any order.
        page.becomes(f"{lines}.length === 1 && /^with (Dante, Virgil|Virgil, Dante)$/.test({lines}[0])")
        for one in old, new:
            one.hears("Ann is here")

        old.says("perché 🔥")
        new.hears("Virgil: perché 🔥")
        new.says("<b>")
        old.hears("Dante: <b>")
        page.becomes(f"{lines}.length === 3")
        page.evaluate("document.getElementById('text').value = 'ciao', document.querySelector('button').click()")
        for one in old, new:
            one.hears("Ann: ciao")
        assert page.evaluate(lines)[1:] == ["Virgil: perché 🔥", "Dante: <b>", "Ann: ciao"]

        old.leaves()
        new.hears("Virgil has left")
        page.becomes(f"{lines}.at(-1) === 'Virgil has left'")
        elsewhere_guest.leaves()
        assert page.errors == []


def test_names_are_bounded_and_one_room_is_enough(programs):
    with on_terminal(programs[BUILT[-1]], 0) as port, Polling(port) as guest:
        guest.join()
        wishes = [("kitchen", ""), ("kitchen", "x" * 33), ("kitchen", "Ann"), ("garden", "Ann")]
        for number, (room, name) in enumerate(wishes):
            guest.post(f"42{number}" + json.dumps(["join", room, name]))
        packets = []
        while len(packets) < 4:
            packets += guest.poll()
        answers = [json.loads(packet[3:])[0] for packet in packets]
        assert [answer.get("refusal") for answer in answers] == [
            "Names have 1 to 32 characters.", "Names have 1 to 32 characters.", None, "You are in a room already."]


def test_the_door_wants_its_key(programs):
    with on_terminal(programs[BUILT[-1]], 0, "secret") as port:
        with Polling(port) as stranger:
            stranger.post("40")
            assert stranger.poll() == ['44{"message":"A key is needed"}']
        with Polling(port) as friend:
            assert friend.join({"key": "secret"})[0]["sid"]
        with Polling(port, key="secret") as friend:
            assert friend.join()[0]["sid"]


def test_the_articles_code_compiles():
    """Each block that imports something is a whole file; the others are shown by a program that is tested."""
    files = {}
    for article in ARTICLES:
        for number, block in enumerate(tutorial.blocks(article)):
            if "import " in block:
                files[f"Sources/{Path(article).stem}{number}/main.swift"] = block
            else:
                assert is_of_the_hummingbird_example(block), f"{article} shows what no test compiles:\n{block}"
    assert len(files) >= 8
    folder = tutorial.package("articles")
    tutorial.write(folder, {"Package.swift": manifest(path.split("/")[1] for path in files)} | files)
    tutorial.build(folder)


def is_of_the_hummingbird_example(block):
    """Whether its lines stand there as they are."""
    sources = (ROOT / "Tests/HummingbirdExample/Sources").glob("*.swift")
    return any(block in source.read_text(encoding="utf-8") for source in sources)


def manifest(targets):
    """A package of such programs, with what they import."""
    products = [("SocketIOServer", "dante"), ("SocketIORedis", "dante"), ("Logging", "swift-log")]
    products += [(name, "swift-nio") for name in ("NIOCore", "NIOHTTP1", "NIOPosix")]
    needed = ", ".join(f'.product(name: "{name}", package: "{package}")' for name, package in products)
    lines = ",\n".join(f'        .executableTarget(name: "{name}", dependencies: [{needed}])' for name in targets)
    return f"""// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "articles",
    dependencies: [
        .package(name: "dante", path: "../dante"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
{lines}
    ]
)
"""
