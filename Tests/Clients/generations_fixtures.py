"""Servers for the clients of all generations, each started when it is first asked for."""

from contextlib import ExitStack

import pytest

from conftest import NEVER
from generations import PAGES
from server import serving

#: The applications that answer, beside the reading.
ANSWERING = ["--with", "echo,hello,got-it"]


@pytest.fixture(scope="session")
def generation(tmp_path_factory):
    """Servers by client and pace: `generation(kind, "20ms")`. A page of theirs loads the client's own build."""
    running = {}
    with ExitStack() as stack:

        def start(kind, interval=NEVER, *flags):
            key = (kind.script(), interval, flags)
            if key not in running:
                own = ["--public", PAGES, "--client-script", key[0]] if key[0] else []
                running[key] = stack.enter_context(serving(
                    tmp_path_factory, "generation", *ANSWERING, *own, "--interval", interval, *flags))
            return running[key]

        yield start


@pytest.fixture(scope="session")
def answering(tmp_path_factory):
    """A server whose second stanza never comes, with the applications that answer."""
    with serving(tmp_path_factory, "answering", *ANSWERING, "--interval", NEVER) as server:
        yield server
