"""The small applications as commands of their own, and beside the reading."""

import time

import pytest

import generations_install as installed
from elsewhere import elsewhere
from engine_wire import Polling
from generations_kinds import KINDS
from generations_wire import Session09
from http_wire import ask, get
from poems import canto

pytest_plugins = ["generations_fixtures"]

#: What the article sets: nothing but polls, held for ten seconds.
POLLING_ONLY = ["--transports", "xhr-polling", "--polling-duration", "10s"]

#: One client of each generation that polls by XMLHttpRequest, and runs without a browser.
POLLERS = ["0.9-python-xhr-polling", "1.x-python-polling", "4.6.1-python-polling", "5.18.1-python-polling"]


def kind(name):
    """The client of this name."""
    return next(one for one in KINDS if one.name == name)


def client(name, port, *namespaces, **options):
    """A Python client in these namespaces, its default one first."""
    return kind(name).open(None, port, namespaces=["/", *namespaces], **options)


# hello


@pytest.mark.parametrize("ways", [[], POLLING_ONLY], ids=["any way", "polling only"])
@pytest.mark.parametrize("build", [None, "0.9.10", "2.0.3", "4.8.1"], ids=lambda one: one or "own")
def test_the_articles_button_says_hello_across_origins(browser, serve, build, ways):
    own = ["--client-script", installed.browser_build(build)] if build else []
    # Another origin's page is what this article is about.
    server = serve("hello", "--origins", "*:*", *own, *ways)
    with elsewhere() as other, browser.open(f"{other}/hello.html?http://127.0.0.1:{server.port}") as page:
        page.loaded()
        page.becomes("!document.getElementById('hello').disabled")
        for times in 1, 2:
            page.evaluate("document.getElementById('hello').click()")
            page.becomes(f"document.querySelectorAll('#answers li').length === {times}")
        assert page.evaluate("document.getElementById('answers').innerText") == "Hello back!\nHello back!"
        assert page.errors == []
        if ways:
            assert page.sockets == []


@pytest.mark.parametrize("name", POLLERS)
@pytest.mark.parametrize("ways", [[], POLLING_ONLY], ids=["any way", "polling only"])
def test_hello_answers_with_an_object(serve, name, ways):
    with client(name, serve("hello", *ways).port) as guest:
        greeting = {"message": "Hello there!"}
        assert guest.says("sendMessage", greeting, answer="helloBack") == [{"message": "Hello back!"}]
        assert guest.asks("sendMessage", greeting) == [{"message": "Hello back!"}]


def test_a_poll_is_held_as_long_as_is_set(serve):
    server = serve("hello", *POLLING_ONLY)
    with Session09(server.port) as session:
        assert session.transports == "xhr-polling"
        assert session.poll() == ["1::"]
        began = time.monotonic()
        assert session.poll() == ["8::"]
        assert time.monotonic() - began > 9.9


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/index.html", "/some/where?x=1", "/socket.io.js", "/healthz"])
def test_any_other_request_of_hello_gets_its_text(serve, method, path):
    server = serve("hello")
    answer = ask(server.port, method, path)
    text = "" if method == "HEAD" else f"socket.io server started on port: {server.port}"
    assert (answer.status, answer.text) == (200, text)
    assert answer.header("Content-Type") == "text/plain; charset=utf-8"


# got-it


@pytest.mark.parametrize("name", POLLERS)
def test_got_it_answers_at_a_resource_with_a_slash_and_a_dot(serve, name):
    server = serve("got-it", "--resource", "/myApp/server.js", "--transports", "xhr-polling")
    with client(name, server.port, resource="myApp/server.js") as guest:
        assert guest.says("message", "hi", answer="response") == ["Got it!"]
        assert guest.asks("message", "hi") == ["Got it!"]


def test_got_it_takes_plain_messages_of_09(serve):
    server = serve("got-it", "--resource", "myApp/server.js", "--transports", "xhr-polling")
    with Session09(server.port, base="/myApp/server.js") as session:
        assert session.transports == "xhr-polling"
        assert session.poll() == ["1::"]
        session.post("3:1+::hi")
        heard = session.poll()
        heard += session.poll() if len(heard) < 2 else []
        assert sorted(heard) == ['5:::{"name":"response","args":["Got it!"]}', '6:::1+["Got it!"]']


@pytest.mark.parametrize("command", ["hello", "got-it", "chat"])
def test_only_the_ways_that_are_set_are_offered(serve, command):
    server = serve(command, "--transports", "xhr-polling")
    with Polling(server.port) as session:
        assert session.open["upgrades"] == []
    assert get(server.port, "/socket.io/?EIO=4&transport=websocket").status == 400
    # And there is no reading.
    if command != "hello":
        for path in "/sse", "/text", "/read", "/ws":
            assert get(server.port, path).status in (302, 404), path


# Together


@pytest.mark.parametrize(
    "name", ["0.9-python-websocket", "1.x-python-upgrade", "4.6.1-python-upgrade", "5.18.1-python-upgrade"])
def test_one_client_exercises_everything(serve, poem, name):
    server = serve("--with", "hello,got-it,chat,echo", "--interval", "20ms", "--at-end", "stay")
    with client(name, server.port, "/chat", "/echo") as guest:
        guest.join("/chat")
        assert guest.says("message", "hi", answer="response") == ["Got it!"]
        assert guest.says("sendMessage", {}, answer="helloBack") == [{"message": "Hello back!"}]
        assert guest.asks("echo", "here", 1) == ["here", 1]
        guest.join("/echo")
        assert guest.asks("echo", "there", namespace="/echo") == ["there"]
        assert guest.says("add user", "Ann", answer="login", namespace="/chat") == [{"numUsers": 1}]
        assert guest.hears(46) == poem


def test_applications_are_not_there_unasked(serve):
    server = serve("--with", "hello", "--interval", "10m")
    with Polling(server.port) as session:
        session.join()
        session.post('421["message","hi"]', '42["echo","hi"]', '40/chat,', '42["sendMessage"]')
        heard = []
        while not any("helloBack" in one for one in heard):
            heard += session.poll()
        assert [one for one in heard if "Got it" in one or "echo" in one] == []
        assert '44/chat,{"message":"Invalid namespace"}' in heard
    assert get(server.port, "/chat.js").status == 404


def test_the_reading_and_the_chat_have_a_page_each(serve):
    server = serve("--with", "chat")
    assert canto()[0].splitlines()[0] not in get(server.port, "/chat").text
    for prefix in "/", "/dante/", "/apps/poetry/":
        assert 'data-namespace="/chat"' in get(server.port, prefix + "chat").text
        assert "data-namespace" not in get(server.port, prefix).text
        slash = get(server.port, prefix + "chat/")
        assert (slash.status, slash.header("Location")) == (302, "../chat")
        for file in "chat.js", "chat.css", "page.js":
            assert get(server.port, prefix + file).status == 200


def test_a_base_path_named_chat_is_the_readings(serve):
    server = serve("--with", "chat", "--base-path", "/chat")
    assert get(server.port, "/chat/").status == 200
    assert 'data-namespace="/chat"' in get(server.port, "/chat/chat").text
