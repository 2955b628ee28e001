"""Headless Firefox over WebDriver BiDi: opens pages and waits for what they show, as `chromium.py` does."""

import itertools
import json
import os
import re
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from websockets.sync.client import connect

from pages import PATIENCE, WATCH, Watched
from proxies import program

LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")

#: Nothing but what a page asks for goes out: no updates, no captive portal, no first-run pages.
PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "captivedetect.canonicalURL": "",
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 0,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
}


class Firefox:
    """One browser process; each page is a user context of its own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        profile = self.folder / "profile"
        profile.mkdir()
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines) + "\n")
        self.process = subprocess.Popen(
            [
                program("firefox-esr"),
                "--headless",
                "--no-remote",
                "--profile",
                str(profile),
                "--remote-debugging-port",
                "0",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "output").open("wb"),
            env=os.environ | {"HOME": str(self.folder)},
            start_new_session=True,
        )
        self.links = ExitStack()
        self.link = self.links.enter_context(connect(self._endpoint(), max_size=None, compression=None))
        self.numbers = itertools.count(1)
        self.pages = {}
        self.ask("session.new", capabilities={})
        events = ["script.message", "network.beforeRequestSent", "log.entryAdded"]
        self.ask("session.subscribe", events=events)

    def _endpoint(self):
        """The address Firefox says it listens at."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if found := LISTENING.search(self.output()):
                return found[1] + "/session"
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(f"firefox does not start: {self.output()[-2000:]}")

    def output(self):
        """What it has written, for failures."""
        return (self.folder / "output").read_text(errors="replace")

    def ask(self, method, **parameters):
        """One command and its result; what happens meanwhile is noted with the pages."""
        number = next(self.numbers)
        self.link.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = self.next(PATIENCE)
            if message.get("id") == number:
                assert message["type"] == "success", f"{method}: {message}"
                return message["result"]

    def next(self, timeout):
        """The next message, noted with its page."""
        message = json.loads(self.link.recv(timeout=timeout))
        if message.get("type") == "event":
            parameters = message["params"]
            context = parameters.get("context") or (parameters.get("source") or {}).get("context")
            if page := self.pages.get(context):
                page.happened(message["method"], parameters)
        return message

    def open(self, url):
        """A page that goes to `url`."""
        user = self.ask("browser.createUserContext")["userContext"]
        context = self.ask("browsingContext.create", type="tab", userContext=user)["context"]
        page = self.pages[context] = Page(self, context, user)
        page.go(url)
        return page

    def sleep(self, seconds):
        """Stops all processes of the browser for so long, as a device does that sleeps."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    def close(self):
        """Ends the browser."""
        try:
            self.ask("browser.close")
            self.links.close()
            self.process.wait(PATIENCE)
        except Exception:
            self.process.kill()
            self.process.wait()


class Page(Watched):
    """One page of Firefox. It does not tell of websockets, so `sockets` stays empty."""

    def __init__(self, browser, context, user):
        super().__init__(browser)
        self.context, self.user = context, user
        channel = {"type": "channel", "value": {"channel": "tellTest"}}
        declaration = f"(tell) => {{ window.tellTest = tell; {WATCH} }}"
        browser.ask(
            "script.addPreloadScript", functionDeclaration=declaration, arguments=[channel], contexts=[context]
        )

    def go(self, url):
        """Navigates."""
        self.browser.ask("browsingContext.navigate", context=self.context, url=url, wait="none")

    def happened(self, method, parameters):
        """Notes one event of the browser."""
        if method == "script.message" and parameters["channel"] == "tellTest":
            self.seen.append(json.loads(parameters["data"]["value"]))
        elif method == "network.beforeRequestSent":
            self.requests.append((parameters["request"]["method"], parameters["request"]["url"]))
        elif method == "log.entryAdded" and parameters["level"] == "error":
            self.errors.append(parameters["text"])

    def evaluate(self, expression):
        """The value of a JavaScript expression that is a text, a number or a truth value; awaited if a promise."""
        answer = self.browser.ask(
            "script.evaluate", expression=expression, target={"context": self.context}, awaitPromise=True
        )
        assert answer["type"] == "success", f"{expression}: {answer}"
        return answer["result"].get("value")

    def close(self):
        """Closes the page and forgets its profile."""
        self.browser.ask("browser.removeUserContext", userContext=self.user)
        self.browser.pages.pop(self.context, None)
