"""Headless Chromium over the DevTools protocol: opens pages and waits for what they show.

A script that runs first in every document reports each change of the page through a binding. So a test waits
for events, also across a redirect or a reload, and sees every state in between.
"""

import itertools
import json
import os
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from websockets.sync.client import connect

from pages import PATIENCE, WATCH, Watched
from proxies import program

class Chromium:
    """One browser process; each page is a profile of its own, without cache or cookies of another."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.process = subprocess.Popen(
            [
                program("chromium"),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-extensions",
                "--no-proxy-server",
                "--disable-features=HttpsUpgrades",
                f"--user-data-dir={self.folder / 'profile'}",
                "--remote-debugging-port=0",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "output").open("wb"),
            env=os.environ | {"HOME": str(self.folder)},
        )
        self.links = ExitStack()
        self.link = self.links.enter_context(connect(self._endpoint(), max_size=None, compression=None))
        self.numbers = itertools.count(1)
        self.pages = {}

    def _endpoint(self):
        """The address Chromium listens at, which it writes to a file once it does."""
        path = self.folder / "profile" / "DevToolsActivePort"
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            lines = path.read_text().split("\n") if path.exists() else []
            if len(lines) == 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(
            f"chromium does not start: {(self.folder / 'output').read_text(errors='replace')[-2000:]}"
        )

    def send(self, method, session=None, **parameters):
        """Sends one command: its number."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        self.link.send(json.dumps(message | ({"sessionId": session} if session else {})))
        return number

    def ask(self, method, session=None, **parameters):
        """One command and its result; what happens meanwhile is noted with the pages."""
        number = self.send(method, session, **parameters)
        while True:
            message = self.next(PATIENCE)
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def next(self, timeout):
        """The next message, noted with its page."""
        message = json.loads(self.link.recv(timeout=timeout))
        page = self.pages.get(message.get("sessionId"))
        if page and "method" in message:
            page.happened(message["method"], message["params"])
        return message

    def open(self, url):
        """A page that goes to `url`."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session, context)
        page.go(url)
        return page

    def close(self):
        """Ends the browser."""
        try:
            self.ask("Browser.close")
            self.links.close()
            self.process.wait(PATIENCE)
        except Exception:
            self.process.kill()
            self.process.wait()


class Page(Watched):
    """One page of Chromium."""

    def __init__(self, browser, session, context):
        super().__init__(browser)
        self.session, self.context = session, context
        self.others = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            browser.ask(f"{domain}.enable", session)
        browser.ask("Runtime.addBinding", session, name="tellTest")
        browser.ask("Page.addScriptToEvaluateOnNewDocument", session, source=WATCH)

    def go(self, url):
        """Navigates."""
        self.browser.ask("Page.navigate", self.session, url=url)

    def happened(self, method, parameters):
        """Notes one event of the browser."""
        if method == "Runtime.bindingCalled" and parameters["name"] == "tellTest":
            self.seen.append(json.loads(parameters["payload"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append((parameters["request"]["method"], parameters["request"]["url"]))
        elif method == "Network.webSocketCreated":
            self.sockets.append(parameters["url"])
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
        else:
            self.others.append(method)

    def loaded(self, times=1):
        """Waits until documents have been loaded to their end so many times."""
        self.until(lambda: self.others.count("Page.loadEventFired") >= times, f"{times} documents")

    def pass_time(self, milliseconds):
        """Lets the page believe that so much time has passed: its timers run, and it ends with them."""
        self.browser.ask(
            "Emulation.setVirtualTimePolicy", self.session, policy="advance", budget=milliseconds
        )
        self.until(lambda: "Emulation.virtualTimeBudgetExpired" in self.others, "the end of the time")

    def evaluate(self, expression):
        """The value of a JavaScript expression, awaited if it is a promise."""
        result = self.browser.ask(
            "Runtime.evaluate", self.session, expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, f"{expression}: {result}"
        return result["result"].get("value")

    def becomes(self, expression):
        """Waits, within the page, until a JavaScript expression is true: its value."""
        return self.evaluate(f"""new Promise((yes, no) => {{
            const end = Date.now() + {PATIENCE * 1000 - 5000};
            (function look() {{
              const found = {expression};
              if (found) yes(found);
              else if (Date.now() > end) no({json.dumps(f"never {expression}")} + document.body.innerText);
              else setTimeout(look, 10);
            }})();
        }})""")

    def close(self):
        """Closes the page and forgets its profile."""
        self.browser.ask("Target.disposeBrowserContext", browserContextId=self.context)
        self.browser.pages.pop(self.session, None)
