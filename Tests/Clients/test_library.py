"""The README's example of the library, which serves two namespaces: found under a virtual directory by real clients."""

import shutil

import pytest

import generations_install as installed
from elsewhere import PAGES, elsewhere
from generations_kinds import KINDS
from proxies import PROXIES
from server import ROOT, built, on_terminal

HEADLINE = "Midway upon the journey of our life"


@pytest.fixture(scope="module")
def example():
    """The port of the example."""
    with on_terminal(built("DANTE_EXAMPLE_BIN", ".build-traits/debug/dante-library-example")) as port:
        yield port


@pytest.fixture(scope="module", params=["direct", "kept by nginx", "stripped by nginx"])
def place(request, example, tmp_path_factory):
    """Where clients reach it: a port, and the virtual directory there."""
    if request.param == "direct":
        yield example, "myapp"
        return
    nginx = PROXIES["nginx"](tmp_path_factory.mktemp("nginx"), {"quick": example})
    yield (nginx.port("keep"), "dante") if request.param.startswith("kept") else (nginx.port("strip"), "apps/poetry")
    nginx.stop()


@pytest.mark.parametrize("build", ["0.9.10", "1.3.5", "2.0.3", "3.1.3", "4.8.1", "own"])
def test_pages_of_every_generation_are_in_two_namespaces(browser, place, tmp_path, build):
    port, folder = place
    shutil.copy(PAGES / "namespaces.html", tmp_path)
    script = ROOT / "Public" / "socket.io.js" if build == "own" else installed.browser_build(build)
    shutil.copy(script, tmp_path / "io.js")
    with elsewhere(tmp_path) as other:
        url = f"{other}/namespaces.html?http://127.0.0.1:{port}%20{folder}"
        with browser.open(url) as page, browser.open(url) as peer:
            for one in page, peer:
                one.loaded()
                one.becomes("headlines.length === 1 && document.title === 'connected'")
            assert page.evaluate("headlines") == [HEADLINE]
            page.evaluate("void chat.emit('say', 'hello')")
            peer.becomes("said.length === 1")
            assert peer.evaluate("said") == ["hello"] and page.evaluate("said") == []


@pytest.mark.parametrize("name", [
    "0.9-python-websocket", "0.9-python-xhr-polling", "1.x-python-polling", "4.6.1-python-upgrade",
    "5.18.1-python-upgrade"])
def test_python_clients_of_every_generation_are_in_two_namespaces(place, name):
    port, folder = place
    kind = next(one for one in KINDS if one.name == name)
    todays = next(one for one in KINDS if one.name == "5.18.1-python-websocket")
    options = {"namespaces": ["/chat", "/news"], "resource": f"{folder}/socket.io"}
    with kind.open(None, port, **options) as guest, todays.open(None, port, **options) as peer:
        for one in guest, peer:
            one.join("/chat")
            assert one.gets("headline", 1, namespace="/news") == [[HEADLINE]]
        guest.sends("say", "hello", namespace="/chat")
        assert peer.gets("said", 1, namespace="/chat") == [["hello"]]
        peer.sends("say", "hello yourself", namespace="/chat")
        assert guest.gets("said", 1, namespace="/chat") == [["hello yourself"]]
