"""Headless Chromium over the DevTools protocol: opens pages and waits for what they show.

A script that runs first in every document reports each change of the page through a binding. So a test waits
for events, also across a redirect or a reload, and sees every state in between.
"""

import json

from pages import PATIENCE, WATCH, Browser, Watched


class Chromium(Browser):
    """One browser process; each page is a profile of its own, without cache or cookies of another."""

    name = "chromium"
    LAST = "Browser.close"

    def __init__(self, folder):
        super().__init__(
            folder,
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
            f"--user-data-dir={folder}/profile",
            "--remote-debugging-port=0",
            "about:blank",
        )

    def address(self):
        """Chromium writes it to a file once it listens."""
        path = self.folder / "profile" / "DevToolsActivePort"
        lines = path.read_text().split("\n") if path.exists() else []
        return f"ws://127.0.0.1:{lines[0]}{lines[1]}" if len(lines) == 2 else None

    def ask(self, method, session=None, **parameters):
        """One command and its result."""
        answer = self.answer(self.send(method, parameters, **({"sessionId": session} if session else {})))
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def note(self, message):
        """Notes an event with its page."""
        page = self.pages.get(message.get("sessionId"))
        if page and "method" in message:
            page.happened(message["method"], message["params"])

    def open(self, url):
        """A page that goes to `url`."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session, context)
        page.go(url)
        return page


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
