"""What is common to all browsers and their pages: one process, what its pages have shown, and waiting for it."""

import itertools
import json
import os
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from websockets.sync.client import connect

from proxies import program

PATIENCE = 30

#: Reports the page's state and what is in its log of stanzas, at every change.
WATCH = """
(() => {
  let last = '';
  const verses = (stanza) => stanza.innerText.trim().split(/\\s*\\n\\s*/).join('\\n');
  const tell = () => {
    const root = document.documentElement;
    if (!root) return;
    const now = JSON.stringify({
      url: location.href, title: document.title, state: root.dataset.state || '',
      transport: root.dataset.transport || '', position: root.dataset.position || '',
      stanzas: Array.from(document.querySelectorAll('[role=log] .stanza'), verses),
    });
    if (now !== last) { last = now; window.tellTest(now); }
  };
  new MutationObserver(tell).observe(document, {
    subtree: true, childList: true, characterData: true, attributes: true,
    attributeFilter: ['data-state', 'data-transport', 'data-position'],
  });
  document.addEventListener('DOMContentLoaded', tell);
})();
"""


class Browser:
    """One browser process and the link it is told by what to do.

    A subclass has `name`, the program's; `address()`, where it listens, or None while it does not; `ask(method, …)`,
    one command and its result; `note(message)`, for what it tells by itself; and `LAST`, the command that ends it.
    """

    def __init__(self, folder, *arguments, **how):
        self.folder = Path(folder)
        self.process = subprocess.Popen(
            [program(self.name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "output").open("wb"),
            env=os.environ | {"HOME": str(self.folder)},
            **how,
        )
        self.links = ExitStack()
        self.link = self.links.enter_context(connect(self._listens(), max_size=None, compression=None))
        self.numbers = itertools.count(1)
        self.pages = {}

    def _listens(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if address := self.address():
                return address
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(f"{self.name} does not start: {self.output()[-2000:]}")

    def output(self):
        """What it has written, for failures."""
        return (self.folder / "output").read_text(errors="replace")

    def send(self, method, parameters, **more):
        """Sends one command: its number."""
        number = next(self.numbers)
        self.link.send(json.dumps({"id": number, "method": method, "params": parameters, **more}))
        return number

    def answer(self, number):
        """The answer to a command; what happens meanwhile is noted with the pages."""
        while (message := self.next(PATIENCE)).get("id") != number:
            pass
        return message

    def next(self, timeout):
        """The next message, noted with its page."""
        message = json.loads(self.link.recv(timeout=timeout))
        self.note(message)
        return message

    def close(self):
        """Ends the browser."""
        try:
            self.ask(self.LAST)
            self.links.close()
            self.process.wait(PATIENCE)
        except Exception:
            self.process.kill()
            self.process.wait()


class Watched:
    """One page: what it has shown (`seen`), asked for (`requests`, `sockets`) and its `errors`.

    A subclass notes them in the order in which they happen; `browser.next(timeout)` takes in one more event.
    """

    def __init__(self, browser):
        self.browser = browser
        self.seen, self.requests, self.sockets, self.errors = [], [], [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def until(self, condition, description):
        """Takes in what happens until `condition()` is something: that."""
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            try:
                self.browser.next(max(0.01, end - time.monotonic()))
            except TimeoutError:
                raise AssertionError(f"never {description}; {self.account()}") from None
        return found

    def wait(self, what, description):
        """The first state, from now or before, for which `what` holds."""
        return self.until(lambda: next(filter(what, self.seen), None), description)

    def hears(self, count):
        """The first state with `count` stanzas."""
        return self.wait(lambda state: len(state["stanzas"]) >= count, f"{count} stanzas")

    def reaches(self, state):
        """The first time the page says that it is in `state`."""
        return self.wait(lambda one: one["state"] == state, f"data-state={state}")

    def account(self):
        """What has happened, for a failure."""
        last = dict(self.seen[-1]) if self.seen else {}
        last["stanzas"] = len(last.get("stanzas", []))
        asked = f"requests {self.requests[-12:]}, sockets {self.sockets}"
        return f"last seen {last}, {asked}, errors {self.errors[-5:]}"
