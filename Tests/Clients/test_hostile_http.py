"""HTTP as an attacker writes it. Each case says what is answered, and whether the connection may go on.

Where two readers of the same bytes could disagree about where a request ends, there must be no second answer on
the connection: that is how requests are smuggled past a proxy (RFC 9112, 11.2).
"""

import json
import re

import pytest

from engine_wire import Polling, target
from http_wire import Closed, Connection, ask, get
from server import serving
from websocket_wire import HANDSHAKE, WebSocket

NEXT = b"GET /healthz?next HTTP/1.1\r\nHost: x\r\n\r\n"


def statuses(port, request):
    """What is answered to `request` and to a harmless one right behind it, on one connection, until it ends."""
    with Connection(port) as link:
        try:
            link.send((request if isinstance(request, bytes) else request.encode("latin-1")) + NEXT)
        except OSError:
            pass
        found = []
        try:
            while len(found) < 2:
                found.append(
                    link.answer("HEAD" if request[:4] in ("HEAD", b"HEAD") and not found else "GET").status
                )
        except Closed:
            pass
        return found


def post(head, body=""):
    """A POST that nobody asked for."""
    return f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n{body}"


def chunked(body):
    """A POST in chunks."""
    return post("Transfer-Encoding: chunked", body)


#: Bodies whose end can be read in more than one way, or not at all: refused, and nothing behind them is read.
SMUGGLED = {
    "length, then chunks": (post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
    "chunks, then length": (post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"), 400),
    "two lengths": (post("Content-Length: 5\r\nContent-Length: 6", "abcdef"), 400),
    "the same length twice": (post("Content-Length: 5\r\nContent-Length: 5", "abcde"), 400),
    "lengths in a list": (post("Content-Length: 5, 5", "abcde"), 400),
    "a signed length": (post("Content-Length: +5", "abcde"), 400),
    "a negative length": (post("Content-Length: -1"), 400),
    "a hexadecimal length": (post("Content-Length: 0x5", "abcde"), 400),
    "a broken length": (post("Content-Length: 1 1", "abcde"), 400),
    "an empty length": (post("Content-Length: "), 400),
    "a length beyond all numbers": (post("Content-Length: 99999999999999999999"), 400),
    "a length above the limit": (post("Content-Length: 1000001"), 413),
    "an unknown coding": (post("Transfer-Encoding: xchunked", "0\r\n\r\n"), 501),
    "identity": (post("Transfer-Encoding: identity", "0\r\n\r\n"), 501),
    "chunked, but not at the end": (post("Transfer-Encoding: chunked, identity", "0\r\n\r\n"), 400),
    "chunked twice": (post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"), 400),
    "compressed and chunked": (post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 501),
    "an empty coding": (post("Transfer-Encoding: ", "0\r\n\r\n"), 501),
    "a coding behind a comma": (post("Transfer-Encoding: ,chunked", "0\r\n\r\n"), 501),
    "two codings, the last chunked": (
        post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        501,
    ),
    "two codings, the first chunked": (
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n"),
        400,
    ),
    "a quoted coding": (post('Transfer-Encoding: "chunked"', "0\r\n\r\n"), 501),
    "a coding with a parameter": (post("Transfer-Encoding: chunked;q=1", "0\r\n\r\n"), 501),
    "a vertical tab": (post("Transfer-Encoding: chunked\x0b", "0\r\n\r\n"), 400),
    "a blank before the colon": (post("Transfer-Encoding : chunked", "0\r\n\r\n"), 400),
    "a folded line": (post("Transfer-Encoding:\r\n chunked", "0\r\n\r\n"), 400),
    "behind a bare line feed": (post("X: y\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
    "behind a bare return": (post("X: y\rTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
    "chunks in HTTP/1.0": (
        "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a chunk's size that is none": (chunked("g\r\n"), 400),
    "a signed size": (chunked("+5\r\nabcde\r\n0\r\n\r\n"), 400),
    "a size with 0x": (chunked("0x5\r\nabcde\r\n0\r\n\r\n"), 400),
    "a size and a blank": (chunked("5 \r\nabcde\r\n0\r\n\r\n"), 400),
    "a size beyond all numbers": (chunked("ffffffffffffffffff\r\n"), 400),
    "a size ended by a line feed": (chunked("5\nabcde\r\n0\r\n\r\n"), 400),
    "a chunk longer than its size": (chunked("5\r\nabcdeXX0\r\n\r\n"), 400),
    "a chunk without its end": (chunked("5\r\nabcde0\r\n\r\n"), 400),
    "an extension with a line feed": (chunked('5;a="\n"\r\nabcde\r\n0\r\n\r\n'), 400),
    "a length among the trailers": (chunked("0\r\nContent-Length: 5\r\n\r\n"), 400),
    "a coding among the trailers": (chunked("0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400),
    "too many trailers": (chunked("0\r\n" + "X: y\r\n" * 500 + "\r\n"), 431),
    "a trailer that is too long": (chunked("0\r\nX: " + "y" * 40_000 + "\r\n\r\n"), 431),
}


@pytest.mark.parametrize("case", SMUGGLED)
def test_nothing_is_smuggled(unharmed, case):
    request, status = SMUGGLED[case]
    assert statuses(unharmed.port, request) == [status]


#: Bodies that have one meaning, unusual as they are: the request behind them is answered.
UNDERSTOOD = {
    "none": ("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200),
    "in a GET": ("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde", 200),
    "in a GET, chunked": (
        "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        200,
    ),
    "in a HEAD": ("HEAD /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde", 200),
    "chunked in capitals": (post("Transfer-Encoding: CHUNKED", "0\r\n\r\n"), 405),
    "a leading zero": (post("Content-Length: 05", "abcde"), 405),
    "an extension": (chunked("5;a=b\r\nabcde\r\n0\r\n\r\n"), 405),
    "trailers": (chunked("0\r\nX: y\r\n\r\n"), 405),
    "empty lines before": ("\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200),
}


@pytest.mark.parametrize("case", UNDERSTOOD)
def test_what_has_one_meaning_is_understood(unharmed, case):
    request, status = UNDERSTOOD[case]
    assert statuses(unharmed.port, request) == [status, 200]


#: Request lines. A refusal ends the connection.
LINES = {
    "GET http://x/healthz HTTP/1.1": [200, 200],
    "GET HTTP://x/healthz HTTP/1.1": [200, 200],
    "GET https://x/healthz HTTP/1.1": [200, 200],
    "GET http://u:p@x/healthz HTTP/1.1": [400],
    "GET http:///healthz HTTP/1.1": [400],
    "GET ftp://x/healthz HTTP/1.1": [400],
    "GET x:80 HTTP/1.1": [400],
    "CONNECT x:80 HTTP/1.1": [400],
    "GET * HTTP/1.1": [400],
    "OPTIONS * HTTP/1.1": [204, 200],
    "GET healthz HTTP/1.1": [400],
    "GET\t/healthz\tHTTP/1.1": [400],
    "GET /healthz": [400],
    "GET /healthz HTTP/1.1 X": [400],
    "GET /healthz HTTP/0.9": [400],
    "GET /healthz HTTP/1.2": [400],
    "GET /healthz HTTP/2.0": [400],
    "GET /healthz http/1.1": [400],
    "get /healthz HTTP/1.1": [400],
    "PRI * HTTP/2.0": [400],
    "BREW / HTTP/1.1": [400],
    "GET /heal\0thz HTTP/1.1": [400],
    "GET /heal\x01thz HTTP/1.1": [400],
    "GET /heal\x7fthz HTTP/1.1": [400],
    "GET /heal\x80thz HTTP/1.1": [400],
    "GET /" + "x" * 20_000 + " HTTP/1.1": [431],
}


@pytest.mark.parametrize("line", LINES, ids=lambda line: repr(line)[:40])
def test_request_lines(unharmed, line):
    assert statuses(unharmed.port, f"{line}\r\nHost: x\r\n\r\n") == LINES[line]


#: Header lines of a request. What is refused ends the connection.
HEADERS = {
    "": [400],
    "Host: x\r\nHost: x": [400],
    "Host: x y": [400],
    "Host: x/y": [400],
    "Host: u@x": [400],
    "Host: x,y": [400],
    'Host: x"><script>': [400],
    "Host: x\0": [400],
    "Host: [::1]:8888": [200, 200],
    "Host: [::1": [400],
    "Host: ]:[": [400],
    "Host: a:99999999": [400],
    "Host: a:b": [400],
    "Host: a:1:2": [400],
    "Host: a:": [200, 200],
    "Host: x \t": [200, 200],
    "Host: x\r\nContent-Length: 0 ": [200, 200],
    "Host: ": [200, 200],
    "Host: x\r\nX: a\0b": [400],
    "Host: x\r\nX: a\x01b": [400],
    "Host: x\r\nX: a\x7fb": [400],
    "Host: x\r\nX: a\rb": [400],
    "Host: x\nX: a": [400],
    "Host: x\r\nX\0: a": [400],
    "Host: x\r\nX Y: a": [400],
    "Host: x\r\nX(: a": [400],
    "Host: x\r\n: a": [400],
    "Host: x\r\nX": [400],
    "Host: x\r\n folded: a": [400],
    "Host: x\r\nX: a\r\n b": [400],
    "Host: x\r\nX: " + "y" * 20_000: [431],
    "Host: x\r\n" + "X" * 20_000 + ": y": [431],
    "Host: x" + "\r\nX: y" * 200: [431],
    "Host: x" + "\r\nX: " + "y" * 1000 + ("\r\nX: " + "y" * 1000) * 20: [431],
}


@pytest.mark.parametrize("lines", HEADERS, ids=lambda lines: repr(lines)[:40])
def test_header_lines(unharmed, lines):
    request = "GET /healthz HTTP/1.1\r\n" + lines + ("\r\n" if lines else "") + "\r\n"
    assert statuses(unharmed.port, request) == HEADERS[lines]


POLL = target(transport="polling")

#: Methods, by what they ask.
METHODS = {
    "/": {"GET": 200, "HEAD": 200, "OPTIONS": 204, "POST": 405, "PUT": 405, "DELETE": 405, "TRACE": 405},
    "/healthz": {"HEAD": 200, "POST": 405, "PATCH": 405},
    "/sse": {"HEAD": 200, "OPTIONS": 204, "POST": 405, "TRACE": 405},
    "/text": {"HEAD": 200, "OPTIONS": 204, "PUT": 405},
    "/ws": {"GET": 426, "POST": 405, "DELETE": 405},
    POLL: {"PUT": 400, "DELETE": 400, "TRACE": 400, "POST": 400},
    # As in the reference, 0.9's handshake asks for no method.
    "/socket.io/1/": {"GET": 200, "PUT": 200},
}


@pytest.mark.parametrize("path", METHODS)
def test_methods(unharmed, path):
    for method, status in METHODS[path].items():
        answer = ask(unharmed.port, method, path)
        assert (method, answer.status) == (method, status)
        # TRACE would hand a script the cookies it may not see.
        assert method.encode() not in answer.body or method in answer.header("Allow")
        if status == 405:
            assert "GET" in answer.header("Allow")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "x", "gzip, gzip", "identity, gzip"])
def test_a_compressed_body_is_not_inflated(unharmed, coding):
    with Polling(unharmed.port) as session:
        answer = session.post_answer("40", **{"Content-Encoding": coding})
        assert answer.status == 415 and answer.header("Connection") == "close"
    with Polling(unharmed.port) as session:
        assert session.post_answer("40", **{"Content-Encoding": "identity"}).status == 200


def test_a_handshake_with_a_body_is_none(unharmed):
    for path in "/ws", target(transport="websocket"):
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        request += "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
        assert statuses(unharmed.port, request + "\r\nabcde") == [400]


# Files


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server with files of its own, beside one that is nobody's business."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "secret.txt").write_text("the secret")
    public = folder / "public"
    public.mkdir()
    (public / "page.css").write_text("body { color: black }")
    with serving(tmp_path_factory, "guarded", "--interval", "10m", "--public", public) as server:
        yield server


def spellings():
    """Paths that lead out of a folder, in every encoding they have been tried in."""
    dots = [
        "..",
        "%2e%2e",
        ".%2e",
        "%2E.",
        "%252e%252e",
        "%c0%ae%c0%ae",
        "%u002e%u002e",
        "....",
        ".../",
        "..;",
        ". .",
    ]
    slashes = ["/", "%2f", "%5c", "\\", "%252f", "%c0%af", "//", "/./"]
    for dot in dots:
        for slash in slashes:
            for start in "/", "/page.css/", "/socket.io/", "/a/":
                yield f"{start}{dot}{slash}secret.txt".replace(" ", "%20")
    for tail in "%00", "%00.css", "::$DATA", ".", "%20", "/", "%0a":
        yield f"/../secret.txt{tail}"
    yield "/secret.txt"
    yield "/file:///secret.txt"


def test_no_spelling_leads_out_of_the_folder(guarded):
    assert get(guarded.port, "/page.css").text == "body { color: black }"
    with Connection(guarded.port) as link:
        for path in spellings():
            answer = link.ask("GET", path)
            assert b"the secret" not in answer.body, path
            assert answer.status in (200, 302, 404), path
            # A page that is served whatever the path holds nothing of it; a redirect stays below it.
            if answer.status == 302:
                assert answer.header("Location").startswith("./"), path
            if answer.status == 200:
                assert b"secret" not in answer.body, path


# What is said back

SCRIPT = "<script>alert(1)</script>"
QUOTED = "%3Cscript%3Ealert(1)%3C/script%3E"


def hears(answer):
    """Whether a browser could take what was sent for a page or a script of ours."""
    kind = answer.header("Content-Type")
    return SCRIPT.encode() in answer.body and (
        answer.header("X-Content-Type-Options") != "nosniff" or "html" in kind or "script" in kind
    )


@pytest.mark.parametrize(
    "path",
    [
        f"/{SCRIPT}",
        f"/{QUOTED}",
        f"/?{SCRIPT}",
        f"/?from={QUOTED}",
        f"/{QUOTED}/",
        f"/x?{QUOTED}",
        f"/sse?from={QUOTED}",
    ]
    + [f"/socket.io/?EIO={QUOTED}&transport=polling", f"/socket.io/?EIO=4&transport={QUOTED}"]
    + [
        f"/socket.io/?EIO=4&transport=polling&sid={QUOTED}",
        f"/socket.io/1/{QUOTED}/x",
        f"/socket.io/{QUOTED}",
    ]
    + [f"/socket.io/1/xhr-polling/{QUOTED}", f"/socket.io/1/jsonp-polling/{QUOTED}?i={QUOTED}"]
    + [f"/socket.io/1/htmlfile/{QUOTED}", f"/socket.io/?EIO=3&transport=polling&j={QUOTED}"],
)
def test_nothing_asked_comes_back_as_a_page(unharmed, path):
    headers = {"Origin": f"http://{SCRIPT}", "Referer": f"http://{SCRIPT}", "User-Agent": SCRIPT}
    for more in {}, HANDSHAKE | {"Sec-WebSocket-Version": SCRIPT}, {"Access-Control-Request-Method": SCRIPT}:
        with Connection(unharmed.port) as link:
            link.request("GET", path, headers | more)
            answer = link.head()
            if answer.header("Transfer-Encoding") != "chunked" and answer.status not in (101, 204, 304):
                answer.body = b"".join(link.pieces(answer))
            assert not hears(answer)
            assert answer.header("X-Content-Type-Options") == "nosniff" or answer.status == 101
            assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("end", ["%0d%0a", "%0a", "%0d", "%00", "%E5%98%8A%E5%98%8D", "\t"])
def test_no_header_is_injected(unharmed, end):
    evil = f"x{end}Evil:yes"
    for path in f"/{evil}", f"/a?{evil}", f"/{evil}/b", f"/socket.io/?EIO=3&transport=polling&j={evil}":
        for headers in {}, {"Origin": "http://a" + ("\tEvil: yes" if end == "\t" else "")}:
            with Connection(unharmed.port) as link:
                link.request("GET", path.replace("\t", "%09"), headers)
                answer = link.answer()
                assert "evil" not in answer.headers and answer.status in (200, 302, 404)


@pytest.mark.parametrize(
    "index", ["0;alert(1)", "0)(", "abc", "%3Cscript%3E", "-1", "", "9" * 50, "0%0d%0aX:y", "0]//"]
)
def test_a_jsonp_index_is_digits(unharmed, index):
    answer = get(unharmed.port, f"/socket.io/?EIO=3&transport=polling&j={index}")
    if "javascript" in answer.header("Content-Type"):
        assert re.fullmatch(r'___eio\[\d+\]\("(\\.|[^"\\])*"\);', answer.text)
    else:
        assert answer.header("Content-Type").startswith(("text/plain", "application/octet-stream"))
    answer = get(unharmed.port, f"/socket.io/1/?jsonp={index}")
    assert re.fullmatch(r'(io\.j\[\d{1,20}\]\("[^"\\]*"\);|[^"<]*)', answer.text)
    sid = get(unharmed.port, "/socket.io/1/").text.split(":")[0]
    answer = get(unharmed.port, f"/socket.io/1/jsonp-polling/{sid}?i={index}")
    assert re.fullmatch(r'io\.j\[\d*\]\("(\\.|[^"\\])*"\);', answer.text)
    assert answer.header("X-Content-Type-Options") == "nosniff"


def test_a_script_cannot_be_left_from_inside(serve):
    """An event that comes back over JSONP and htmlfile holds what would end a script, and does not."""
    server = serve("--interval", "10m", "--with", "echo")
    evil = "</script><script>alert(1)</script>\u2028\u2029"
    event = json.dumps({"name": "echo", "args": [evil]})
    sid = get(server.port, "/socket.io/1/").text.split(":")[0]
    address = f"/socket.io/1/jsonp-polling/{sid}?i=0"
    heard = get(server.port, address).text
    body = "d=" + json.dumps("5:::" + event).replace("%", "%25").replace("&", "%26").replace("+", "%2b")
    assert ask(server.port, "POST", address, body=body).status == 200
    while "alert" not in heard:
        heard = get(server.port, address).text
    assert "</" not in heard and "\u2028" not in heard and "\u2029" not in heard


# Who may read


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://a.example:1"])
def test_credentials_are_never_for_everybody(unharmed, origin):
    addresses = [POLL, target(EIO="3", transport="polling"), target(EIO="2", transport="polling")]
    addresses += [
        "/socket.io/1/",
        "/sse",
        "/text",
        "/read",
        "/",
        "/healthz",
        "/status",
        "/nothing.here",
        POLL + "&sid=x",
    ]
    for path in addresses:
        for method in "GET", "OPTIONS":
            asked = {"Access-Control-Request-Method": "POST"} if method == "OPTIONS" else {}
            with Connection(unharmed.port) as link:
                link.request(method, path, {"Origin": origin} | asked)
                answer = link.head()
                allowed = answer.header("Access-Control-Allow-Origin")
                assert allowed in ("", "*", origin)
                if answer.header("Access-Control-Allow-Credentials"):
                    assert allowed == origin and "Origin" in answer.header("Vary")


@pytest.mark.parametrize("trusts", [True, False])
@pytest.mark.parametrize(
    "forwarded", [{"X-Forwarded-Host": "public.example"}, {"Forwarded": "host=public.example"}]
)
def test_a_page_is_compared_with_what_a_trusted_proxy_forwards(serve, trusts, forwarded):
    server = serve("--origins", "same", *(["--trusted-proxies", "loopback"] if trusts else []))
    named, own = "http://public.example", f"http://127.0.0.1:{server.port}"
    for path, headers, well in (POLL, {}, 200), (target(transport="websocket"), HANDSHAKE, 101):
        for origin, is_own in (named, trusts), (own, not trusts), ("http://evil.example", False):
            answer = get(server.port, path, headers | forwarded | {"Origin": origin})
            assert answer.status == (well if is_own else 403), origin
    # Who reads only does no harm, and stays welcome.
    assert get(server.port, "/sse?from=46", forwarded | {"Origin": "http://evil.example"}).status == 204


def test_a_refused_page_is_told_why(serve):
    server = serve("--origins", "same")
    answer = get(server.port, POLL, {"Origin": 'http://evil.example"'})
    expected = f"127.0.0.1:{server.port}"
    assert answer.json == {
        "code": 4,
        "message": "Forbidden",
        "origin": 'http://evil.example"',
        "expected": expected,
        "setting": "--origins",
    }


def test_a_reading_outlives_all_of_this(unharmed, poem):
    with WebSocket(unharmed.port) as link:
        assert link.message() == poem[0]
