"""Every client generation on each of its transports, through proxies that deal requests to three nodes in turn.

No session is kept on its node by anybody: what lands elsewhere is relayed.
"""

from contextlib import ExitStack

import pytest

from cluster import BALANCERS, Cluster
from conftest import NEVER
from generations import PAGES
from generations_fixtures import ANSWERING
from generations_kinds import KINDS

ODD = 'perché "così" \\ </script> \u2028 🔥\nsecond line \\n'


@pytest.fixture(scope="module")
def clusters(tmp_path_factory):
    """Clusters by the client's own build and pace, one at a time: three processes each."""
    current = {}
    with ExitStack() as stack:

        def start(kind, interval):
            key = (kind.script(), interval)
            if key not in current:
                for old in current.values():
                    old.stop()
                current.clear()
                own = ["--public", PAGES, "--client-script", key[0]] if key[0] else []
                current[key] = Cluster(
                    tmp_path_factory.mktemp("cluster"), *ANSWERING, *own, "--interval", interval)
            return current[key]

        stack.callback(lambda: [one.stop() for one in current.values()])
        yield start


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def kind(request):
    """The client; the tests of one come together."""
    return request.param


@pytest.mark.parametrize("balancer", BALANCERS)
def test_speaks_through_nodes_in_turn(browser, clusters, kind, balancer, poem):
    cluster = clusters(kind, NEVER)
    with kind.open(browser, cluster.behind(balancer)) as guest:
        assert guest.hears(1) == poem[:1]
        if kind.settles_on:
            guest.settles(kind.settles_on)
        odd = [ODD, 1, None, True, {"a": [ODD]}] + ([bytes(range(256))] if kind.has_binary else [])
        assert guest.asks("echo", *odd) == odd
        assert guest.says("echo", *odd, answer="echo") == odd
        guest.join("/echo")
        assert guest.asks("echo", "there", namespace="/echo") == ["there"]
    # A polling client's requests cannot all have landed on one of three.
    if kind.settles_on == "polling" or "poll" in kind.transport:
        assert cluster.relayed() > 0


@pytest.mark.parametrize("balancer", BALANCERS)
def test_hears_every_stanza_once(browser, clusters, kind, balancer, poem):
    cluster = clusters(kind, "20ms")
    with kind.open(browser, cluster.behind(balancer)) as guest:
        heard = guest.ends()
    # Some clients of 0.9's time come back at once when the reading ends, and begin again: nothing else may follow.
    again = len(heard) - len(poem) if kind.generation == "0.9" else 0
    assert heard == poem + poem[:max(0, again)]
