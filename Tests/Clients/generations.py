"""The real clients of every generation, each driven through the same few calls whatever it is written in."""

import base64
import json
import os
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import generations_install as installed
from server import PATIENCE

HERE = Path(__file__).parent

#: A page that loads whatever client the server gives it.
PAGES = HERE / "generations"


@dataclass(frozen=True)
class Kind:
    """A client on one of its transports."""

    #: What the tests are named after, such as `2.0.3-browser-jsonp`.
    name: str
    #: For the table in the README: the versions of Socket.IO this one stands for, the client, its transport.
    generation: str
    client: str
    transport: str
    #: What it is told when it connects, in its own words.
    options: dict
    #: The version of a browser build, or the name of a Python library.
    program: str
    #: The protocol has no bytes before Engine.IO 3.
    has_binary: bool = True
    #: What the client says it reads over, once it has settled.
    settles_on: str | None = None
    #: Comes back behind the last stanza, by itself. Others come back too, and begin again.
    recovers: bool = False
    #: What the addresses a page asks for show of the transport, where its name does not tell.
    shows: str = ""

    @property
    def is_browser(self):
        """Whether it runs in Chromium."""
        return self.program in installed.BROWSER_BUILDS

    def script(self):
        """The build the server has to serve to the page; None for a client that is no browser's."""
        if not self.is_browser:
            return None
        path = installed.browser_build(self.program)
        assert path.exists(), f"{path} is missing: run Tests/run, which installs it"
        return path

    def open(self, browser, port, **more):
        """The client, connected to the server at this port, with more options."""
        options = self.options | more
        return BrowserGuest(browser, port, options) if self.is_browser else PythonGuest(self.program, port, options)


class BrowserGuest:
    """A client in a page."""

    def __init__(self, browser, port, options):
        self.page = browser.open(f"http://127.0.0.1:{port}/")
        self.page.loaded()
        self.call("start", options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.page.close()

    def call(self, function, *arguments):
        """Calls a function of the page; what it promises must come in time."""
        words = ", ".join(json.dumps(wire(one)) for one in arguments)
        late = f"new Promise((_, no) => setTimeout(() => no(account()), {PATIENCE * 1000 - 5000}))"
        return unwire(self.page.evaluate(f"Promise.race([{function}({words}), {late}])"))

    def reached(self):
        """The addresses of all requests and WebSockets so far."""
        return [url for _, url in self.page.requests] + self.page.sockets

    def hears(self, count):
        """The stanzas heard so far, once they are so many."""
        return self.call("hears", count)

    def ends(self):
        """The stanzas heard up to the end of the reading."""
        return self.call("ends")

    def asks(self, event, *arguments, namespace="/"):
        """Emits: what the callback gets."""
        return self.call("asks", namespace, event, arguments)

    def says(self, event, *arguments, answer, namespace="/"):
        """Emits: what the event in answer brings."""
        return self.call("says", namespace, event, arguments, answer)

    def sends(self, event, *arguments, namespace="/"):
        """Emits and waits for nothing."""
        self.call("sends", namespace, event, arguments)

    def gets(self, event, count, namespace="/"):
        """The arguments of all events of this name, once there are so many."""
        return self.call("gets", namespace, event, count)

    def leave(self):
        """Ends the connection and keeps the page."""
        self.call("leave")

    def join(self, namespace):
        """Joins a namespace and waits for the confirmation."""
        self.call("join", namespace)

    def settles(self, transport):
        """Waits until it reads over `transport`."""
        return self.call("settles", transport)


class PythonGuest:
    """A client of a Python library, in a process of its own."""

    #: What each library runs with: the interpreter, and where else it finds modules.
    LIBRARIES = {
        "python-socketio 5": ("python-socketio", lambda: sys.executable, None),
        "python-socketio 4": ("python-socketio", installed.old_python, None),
        "socketIO-client 0.7": ("socketIO-client", installed.old_python, None),
        "socketIO-client 0.5": ("socketIO-client", installed.old_python, installed.python_v09),
    }

    def __init__(self, program, port, options):
        library, python, folder = self.LIBRARIES[program]
        assert Path(python()).exists(), f"{python()} is missing: run Tests/run, which installs it"
        self.happened, self.more = [], threading.Condition()
        self.complaints = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [python(), HERE / "old_clients.py", library, f"http://127.0.0.1:{port}", json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
            env=os.environ | {"PYTHONPATH": str(folder()) if folder else "", "PYTHONDONTWRITEBYTECODE": "1"})
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_complaints, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            # Some go on trying to reach a server that has closed; they are not what is tested.
            self.process.kill()
            self.process.wait()

    def _read(self):
        for line in self.process.stdout:
            with self.more:
                self.happened.append(unwire(json.loads(line)))
                self.more.notify_all()

    def _read_complaints(self):
        # All of it, for a full pipe would stop the client; the first lines tell what is wrong.
        for number, line in enumerate(self.process.stderr):
            if number < 40:
                self.complaints.put(line)

    def account(self):
        """What has happened, for a failure."""
        lines = []
        while not self.complaints.empty():
            lines.append(self.complaints.get())
        return f"it told {self.happened[-8:]} and complained {''.join(lines)}"

    def until(self, find):
        """What `find` finds among all that has happened, now or later."""
        end = time.monotonic() + PATIENCE - 5
        with self.more:
            while (found := find()) is None:
                assert self.more.wait(max(0, end - time.monotonic())), f"in vain; {self.account()}"
        return found

    def first(self, namespace, name, behind=0):
        """The arguments of the first event of this name."""
        return self.until(lambda: next(
            (one["args"] for one in self.happened[behind:] if (one["namespace"], one["name"]) == (namespace, name)),
            None))

    def tell(self, **command):
        """Gives the client a command: how much had happened before."""
        before = len(self.happened)
        self.process.stdin.write(json.dumps(wire(command)) + "\n")
        return before

    def stanzas(self):
        """The stanzas heard so far. Handlers of this library get every argument, the cursor of today's too."""
        return [one["args"][0] for one in self.happened if one["name"] == "divinecomedy"]

    def hears(self, count):
        """The stanzas heard so far, once they are so many."""
        return self.until(lambda: self.stanzas() if len(self.stanzas()) >= count else None)

    def ends(self):
        """The stanzas heard up to the end of the reading."""
        self.first("/", "disconnect")
        return self.stanzas()

    def asks(self, event, *arguments, namespace="/"):
        """Emits: what the callback gets."""
        before = self.tell(do="emit", namespace=namespace, event=event, args=arguments, ask=True)
        return self.first(namespace, "ack", before)

    def says(self, event, *arguments, answer, namespace="/"):
        """Emits: what the event in answer brings."""
        before = self.tell(do="emit", namespace=namespace, event=event, args=arguments)
        return self.first(namespace, answer, before)

    def sends(self, event, *arguments, namespace="/"):
        """Emits and waits for nothing."""
        self.tell(do="emit", namespace=namespace, event=event, args=arguments)

    def gets(self, event, count, namespace="/"):
        """The arguments of all events of this name, once there are so many."""
        def find():
            found = [one["args"] for one in self.happened if (one["namespace"], one["name"]) == (namespace, event)]
            return found if len(found) >= count else None
        return self.until(find)

    def leave(self):
        """Ends the connection."""
        self.tell(do="leave")

    def join(self, namespace):
        """Waits until it is in a namespace. These clients join, with the default one, what their options name."""
        self.first(namespace, "connect")

    def settles(self, transport):
        """Waits until it reads over `transport`."""
        end = time.monotonic() + PATIENCE
        while self.first("/", "transport", self.tell(do="transport", namespace="/")) != [transport]:
            assert time.monotonic() < end, self.account()


def wire(value):
    """A value with its bytes as `{"$bytes": base64}`."""
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return [wire(one) for one in value]
    if isinstance(value, dict):
        return {name: wire(one) for name, one in value.items()}
    return value


def unwire(value):
    """The same back."""
    if isinstance(value, list):
        return [unwire(one) for one in value]
    if isinstance(value, dict):
        if "$bytes" in value:
            return base64.b64decode(value["$bytes"])
        return {name: unwire(one) for name, one in value.items()}
    return value
