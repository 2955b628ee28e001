"""The same server under any prefix without being told, and under exactly one when it is told."""

from contextlib import closing
from urllib.parse import urljoin

import pytest

from engine_wire import target
from http_wire import ask, get
from readings import TRANSPORTS, Address, Listener, socket_io
from server import serving
from websocket_wire import HANDSHAKE, WebSocket

#: What proxies make of a path: levels, doubled slashes, encoded characters, names that dante itself uses.
PREFIXES = [
    "/",
    "/dante/",
    "/apps/poetry/",
    "/a/b/c/d/e/f/",
    "//",
    "/dante//",
    "//apps//poetry/",
    "/caf%C3%A9/",
    "/with%20blank/",
    "/%64ante/",
    "/socket.io.d/",
    "/v1.2/",
    "/text/",
    "/a+b;c=d,e@f:g!/",
]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_everything_is_found_under_any_prefix(slow, poem, prefix):
    port, address = slow.port, Address(slow.port, prefix)
    for name in "", "index.html", "server-socketio.js", "server-faye.js":
        answer = get(port, prefix + name)
        assert answer.status == 200 and "text/html" in answer.header("Content-Type"), name
    assert "javascript" in get(port, prefix + "socket.io/socket.io.js").header("Content-Type")
    assert get(port, prefix + "healthz").status == 200
    for name, transport in TRANSPORTS.items():
        with closing(transport(address, poem)) as reading:
            assert next(reading) == poem[0], name


@pytest.mark.parametrize("prefix", ["/", "/dante/", "/apps//poetry/"])
def test_the_samples_address_of_the_raw_page_opens_a_raw_reading(slow, poem, prefix):
    with WebSocket(slow.port, prefix + "server-faye.js/ws") as link:
        assert link.message() == poem[0]


def test_a_doubled_slash_before_the_query_is_tolerated(slow):
    for path in "//socket.io/?", "/dante//socket.io//?", "/socket.io//?":
        assert get(slow.port, path + "EIO=4&transport=polling").text.startswith("0{"), path


@pytest.mark.parametrize(
    "path, where",
    [
        ("/dante", "./dante/"),
        ("/dante?from=7&x=%2F", "./dante/?from=7&x=%2F"),
        ("/apps/poetry", "./poetry/"),
        ("//dante", "./dante/"),
        ("/caf%C3%A9", "./caf%C3%A9/"),
    ],
)
def test_a_prefix_without_its_slash_leads_to_the_one_with_it(slow, path, where):
    answer = get(slow.port, path)
    assert (answer.status, answer.header("Location")) == (302, where)
    # Whatever a proxy has put in front or taken away, the browser arrives at its own path and a slash.
    for outside in "http://host.example" + path, "http://host.example/front" + path:
        bare, _, query = outside.partition("?")
        arrived = bare.rpartition("/")[0] + where.removeprefix(".")
        assert arrived == bare + "/" + ("?" + query if query else "")


@pytest.mark.parametrize(
    "path",
    [
        "/javascript:alert(1)",
        "/%0d%0aSet-Cookie:%20a=b",
        "//evil.example//x",
        "/\\evil",
        "/http:evil",
        "/%5Cevil",
        "/x%0Ay",
    ],
)
def test_no_redirect_leaves_the_server_or_adds_a_header(slow, path):
    answer = get(slow.port, path)
    assert "set-cookie" not in answer.headers
    if answer.status == 302:
        assert urljoin("http://here.example/front/x", answer.header("Location")).startswith(
            "http://here.example/front/"
        )
        assert answer.header("Location").startswith("./")
    else:
        assert answer.status in (400, 404)


def test_an_address_of_its_own_is_no_prefix(slow):
    for path in "/healthz", "/readyz", "/status", "/dante/healthz":
        assert get(slow.port, path).status == 200


# --base-path


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A server that accepts `/apps/poetry/` only."""
    with serving(tmp_path_factory, "strict", "--interval", "20ms", "--base-path", "apps/poetry") as server:
        yield server


def test_the_base_path_is_printed(strict):
    assert strict.started["path"] == "/apps/poetry/"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_base_path_is_served(strict, poem, transport):
    assert list(TRANSPORTS[transport](Address(strict.port, "/apps/poetry/"), poem)) == poem


def test_the_base_path_without_its_slash_redirects(strict):
    answer = get(strict.port, "/apps/poetry")
    assert answer.status == 302
    assert urljoin("http://h/apps/poetry", answer.header("Location")) == "http://h/apps/poetry/"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/dante/",
        "/apps/",
        "/apps/poetryx/",
        "/x/apps/poetry/",
        "/index.html",
        "/sse",
        "/text",
        "/socket.io/socket.io.js",
        target(transport="polling"),
        "/apps",
    ],
)
def test_anything_else_is_told_the_base_path(strict, path):
    answer = get(strict.port, path)
    assert answer.status == 404
    assert answer.header("Content-Type").startswith("application/json")
    assert "/apps/poetry/" in str(answer.json)


def test_a_websocket_elsewhere_is_told_the_base_path(strict):
    for path in "/ws", "/dante/ws", target(transport="websocket"):
        answer = get(strict.port, path, HANDSHAKE)
        assert answer.status == 404 and b"/apps/poetry/" in answer.body


# --resource


@pytest.mark.parametrize("resource", ["io", "myApp/server.js", "a.b/c.d/e", "/slashed/"])
def test_the_resource_may_have_slashes_and_dots(serve, poem, resource):
    server = serve("--interval", "10ms", "--resource", resource)
    resource = resource.strip("/")
    for prefix in "/", "/dante/":
        address = Address(server.port, prefix, resource)
        assert f"{resource}/socket.io.js" in get(server.port, prefix).text
        assert get(server.port, f"{prefix}{resource}/socket.io.js").status == 200
        for transports in ["polling"], ["websocket"], None:
            assert list(socket_io(transports)(address, poem)) == poem
        # The usual name is now as good a prefix as any other, and what is below a prefix is the page.
        assert not get(server.port, target(prefix, transport="polling")).text.startswith("0{")
        assert get(server.port, prefix + "socket.io/socket.io.js").status == 404


def test_a_resource_named_like_the_prefix_is_found(serve, poem):
    server = serve("--interval", "10ms", "--resource", "dante/io")
    listener = Listener(Address(server.port, "/dante/io/dante/", "dante/io"))
    assert [stanza for stanza, _ in listener.arguments()] == poem


def test_refused_methods_are_refused_under_a_prefix_too(slow):
    assert ask(slow.port, "POST", target("/dante/", transport="polling"), body="40").json["code"] == 2
