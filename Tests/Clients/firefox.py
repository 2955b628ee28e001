"""Headless Firefox over WebDriver BiDi: opens pages and waits for what they show, as `chromium.py` does."""

import json
import os
import re
import signal
import time
from pathlib import Path

from pages import WATCH, Browser, Watched

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


class Firefox(Browser):
    """One browser process; each page is a user context of its own."""

    name = "firefox-esr"
    LAST = "browser.close"

    def __init__(self, folder):
        profile = Path(folder) / "profile"
        profile.mkdir()
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines) + "\n")
        super().__init__(
            folder,
            "--headless",
            "--no-remote",
            "--profile",
            str(profile),
            "--remote-debugging-port",
            "0",
            "about:blank",
            start_new_session=True,
        )
        self.ask("session.new", capabilities={})
        events = ["script.message", "network.beforeRequestSent", "log.entryAdded"]
        self.ask("session.subscribe", events=events)

    def address(self):
        """Firefox says it once it listens."""
        found = LISTENING.search(self.output())
        return found and found[1] + "/session"

    def ask(self, method, **parameters):
        """One command and its result."""
        answer = self.answer(self.send(method, parameters))
        assert answer["type"] == "success", f"{method}: {answer}"
        return answer["result"]

    def note(self, message):
        """Notes an event with its page."""
        if message.get("type") == "event":
            parameters = message["params"]
            context = parameters.get("context") or (parameters.get("source") or {}).get("context")
            if page := self.pages.get(context):
                page.happened(message["method"], parameters)

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
