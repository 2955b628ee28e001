"""What is common to the pages of every browser: what they have shown, and waiting for it."""

import time

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
