"""The page for every reader: assistive technology, the keyboard, paper, calm; and what its answers say of it."""

import base64
import gzip
import html
import http.server
import re
import threading
from urllib.parse import urlsplit

import pytest

from generations_install import axe
from http_wire import get
from server import ROOT, plain_binary
from test_page import becomes, click, press, text

# Accessibility


def findings(page):
    """What axe-core finds fault with in the page as it is now."""
    if not page.evaluate("Boolean(window.axe)"):
        # Through the protocol, since the page's own policy lets no script in.
        page.evaluate(axe().read_text(encoding="utf-8") + "; 0")
    return page.evaluate(
        """axe.run(document, {resultTypes: ['violations', 'incomplete']}).then(found =>
            found.violations.concat(found.incomplete.filter(one => one.impact === 'critical'))
                .map(one => one.id + ': ' + one.nodes.map(node => node.html).join(' ')))"""
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(browser, quick, slow, theme, width):
    with browser.open("about:blank") as page:
        browser.ask(
            "Emulation.setDeviceMetricsOverride", page.session, width=width, height=800, deviceScaleFactor=1,
            mobile=width < 600,
        )
        reduced = {"name": "prefers-reduced-motion", "value": "reduce"}
        browser.ask("Emulation.setEmulatedMedia", page.session, features=[reduced])
        page.go(f"http://127.0.0.1:{slow.port}/?theme={theme}")
        page.hears(1)
        assert findings(page) == [], "reading"
        press(page, "p")
        assert findings(page) == [], "paused"
        press(page, "s")
        click(page, "[data-does=tryAll]")
        becomes(page, "/^Works/.test(document.querySelector('#ways li:last-child span').innerText)", "tried")
        assert findings(page) == [], "settings"
        page.go(f"http://127.0.0.1:{quick.port}/?theme={theme}&from=30")
        page.wait(lambda one: one["state"] == "over" and "from=30" in one["url"], "over")
        assert findings(page) == [], "over"
        page.go(f"http://127.0.0.1:{quick.port}/read")
        page.wait(lambda one: one["url"].endswith("/read") and len(one["stanzas"]) == 46, "all of it")
        assert findings(page) == [], "without scripts"


def test_the_log_tells_only_of_what_is_new(browser, slow):
    with browser.open(f"http://127.0.0.1:{slow.port}/") as page:
        page.hears(1)
        assert page.evaluate("(one => [one.getAttribute('role'), one.getAttribute('aria-relevant')].join())(poem)") == "log,additions"
        assert page.evaluate("document.getElementById('status').getAttribute('role')") == "status"
        assert page.evaluate("document.querySelectorAll('[role=log] [role=status], [aria-live]').length") == 0


def test_everything_is_reached_and_seen_by_keyboard(browser, slow):
    with browser.open(f"http://127.0.0.1:{slow.port}/") as page:
        page.hears(1)
        press(page, "s")
        wanted = page.evaluate(
            """Array.from(document.querySelectorAll('button, a, select, input'))
                .filter(one => one.getClientRects().length).length"""
        )
        page.evaluate("document.activeElement.blur()")
        reached = set()
        for _ in range(wanted + 3):
            press(page, "Tab")
            spot = page.evaluate(
                """(() => {
                    const one = document.activeElement, box = one.getBoundingClientRect();
                    if (one === document.body) return null;
                    const all = Array.from(document.querySelectorAll('*')), style = getComputedStyle(one);
                    return [all.indexOf(one), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
                        box.top >= 0 && box.bottom <= innerHeight && box.width > 0];
                })()"""
            )
            if spot:
                assert spot[1], "the focus is not to be seen"
                assert spot[2], "what has the focus is not on the screen"
                reached.add(spot[0])
        assert len(reached) == wanted


def test_no_motion_for_who_wants_none(browser, slow):
    with browser.open(f"http://127.0.0.1:{slow.port}/") as page:
        page.hears(1)
        for wish, name in ("no-preference", "arrive"), ("reduce", "none"):
            feature = {"name": "prefers-reduced-motion", "value": wish}
            browser.ask("Emulation.setEmulatedMedia", page.session, features=[feature])
            assert page.evaluate("getComputedStyle(document.querySelector('.stanza')).animationName") == name


def test_more_contrast_for_who_wants_it(browser, slow):
    with browser.open(f"http://127.0.0.1:{slow.port}/") as page:
        page.hears(1)
        feature = {"name": "prefers-contrast", "value": "more"}
        browser.ask("Emulation.setEmulatedMedia", page.session, features=[feature])
        colours = "(one => one.color + ' on ' + one.backgroundColor)(getComputedStyle(document.documentElement))"
        assert page.evaluate(colours) == "rgb(0, 0, 0) on rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.querySelector('.byline')).color") == "rgb(0, 0, 0)"


def test_on_paper_there_is_the_text_alone(browser, quick, poem):
    with browser.open(f"http://127.0.0.1:{quick.port}/?theme=dark") as page:
        page.reaches("over")
        browser.ask("Emulation.setEmulatedMedia", page.session, media="print")
        for name, display in ("footer", "none"), ("#end", "none"), (".stanza", "block"):
            assert page.evaluate(f"getComputedStyle(document.querySelector('{name}')).display") == display
        assert page.evaluate("getComputedStyle(document.documentElement).color") == "rgb(0, 0, 0)"
        assert page.evaluate("getComputedStyle(document.querySelector('.stanza')).breakInside") == "avoid"
        paper = browser.ask("Page.printToPDF", page.session)["data"]
        assert base64.b64decode(paper).startswith(b"%PDF")


# Embedding


class Site(http.server.ThreadingHTTPServer):
    """A site of somebody else's, at another origin, with one page."""

    def __init__(self, body):
        page = f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Elsewhere</title><body>{body}".encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


@pytest.mark.parametrize(
    "tag",
    [
        '<iframe src="{}" title="A reading"></iframe>',
        '<script src="{}embed.js" data-height="300" data-query="from=40&amp;theme=dark" async></script>',
    ],
)
@pytest.mark.parametrize("prefix", ["/", "/dante/"])
def test_the_page_stands_in_a_page_of_another_origin(browser, quick, poem, tag, prefix):
    with Site(tag.format(f"http://127.0.0.1:{quick.port}{prefix}")) as site:
        # Another port is another origin, and still in the process of this page, where the test can see it.
        with browser.open(f"http://127.0.0.1:{site.server_port}/") as page:
            state = page.wait(lambda one: one["state"] == "over", "over in its frame")
            is_script = "embed.js" in tag
            assert state["stanzas"] == (poem[40:] if is_script else poem)
            assert urlsplit(state["url"]).path == prefix
            frame = "(one => one.title + one.height)(document.querySelector('iframe'))"
            assert page.evaluate(frame) == ("A reading300" if is_script else "A reading")


def test_the_client_script_reads_from_a_page_of_another_origin(browser, quick, poem):
    body = """<div role=log></div><script src="http://127.0.0.1:{}/dante/socket.io/socket.io.js"></script><script>
        io({{transports: ['{}']}}).on('divinecomedy', function (text) {{
            var line = document.querySelector('[role=log]').appendChild(document.createElement('p'));
            line.className = 'stanza'; line.style.whiteSpace = 'pre-line'; line.innerText = text;
        }});</script>"""
    for transport in "polling", "websocket", "jsonp":
        with Site(body.format(quick.port, transport)) as site:
            with browser.open(f"http://localhost:{site.server_port}/") as page:
                assert page.hears(46)["stanzas"] == poem, transport
                asked = [url for _, url in page.requests if "EIO=4" in url] + page.sockets
                assert all(urlsplit(url).path == "/dante/socket.io/" for url in asked)


# Without scripts


def test_the_way_without_scripts_keeps_place_and_token(browser, serve, poem):
    server = serve("--interval", "20ms", "--authorization", "open-sesame")
    with browser.open("about:blank") as page:
        page.loaded()
        browser.ask("Emulation.setScriptExecutionDisabled", page.session, value=True)
        page.go(f"http://127.0.0.1:{server.port}/dante/?from=40&token=open-sesame&size=125")
        page.loaded(3)
        assert page.evaluate("location.pathname + location.search") == "/dante/read?from=40&token=open-sesame"
        assert poem[40].split("\n")[0] in text(page, "poem") and poem[39].split("\n")[0] not in text(page, "poem")


def test_a_browser_without_json_reads_without_scripts(browser, quick, poem):
    with browser.open("about:blank") as page:
        browser.ask("Page.addScriptToEvaluateOnNewDocument", page.session, source="delete window.JSON")
        page.go(f"http://127.0.0.1:{quick.port}/?from=44")
        grows = ("GET", f"http://127.0.0.1:{quick.port}/read?from=44")
        page.until(lambda: grows in page.requests, "asks for the page that grows")


# What the answers say


PARTS = ["", "?script=slash", "page.css", "page.js", "socket.io/socket.io.js"]


def test_the_page_is_small(slow, capsys):
    sizes = {name or "index.html": len(get(slow.port, "/" + name).body) for name in PARTS}
    script = get(slow.port, "/socket.io/socket.io.js").text
    bare = re.sub(r"/\*.*?\*/", "", script, flags=re.S)
    bare = "\n".join(line.strip() for line in bare.split("\n") if line.strip())
    account = ", ".join(f"{name} {size}" for name, size in sizes.items())
    with capsys.disabled():
        print(f"\nsizes in bytes: {account}, in all {sum(sizes.values())}; embed.js {len(get(slow.port, '/embed.js').body)}")
        print(f"the client script without comments and indentation {len(bare)}")
    assert sum(sizes.values()) < 60_000
    # It is not minified at all; this keeps it from growing unseen.
    assert len(bare) < 31 * 1024


@pytest.mark.parametrize("path", ["/", "/index.html", "/server-socketio.js", "/server-faye.js", "/dante/?from=3"])
def test_the_policy_lets_nothing_in_but_what_lies_beside_the_page(slow, path):
    answer = get(slow.port, path)
    policy = answer.header("Content-Security-Policy")
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    assert rules["default-src"] == ["'none'"] and rules["base-uri"] == ["'none'"]
    assert "unsafe" not in policy and "*" not in policy.replace("frame-ancestors *", "")
    assert rules["script-src"] == ["'self'"]
    # No script, handler or style in the markup.
    assert re.findall(r"<script[^>]*>(?!</script>)", answer.text) == []
    assert not re.search(r"\s(on\w+|style)=", answer.text) and "<style" not in answer.text
    assert answer.header("X-Content-Type-Options") == "nosniff"


def test_a_page_of_the_operators_own_is_under_no_policy_of_ours(serve, tmp_path):
    (tmp_path / "index.html").write_text("<script>1</script>")
    server = serve("--public", tmp_path)
    assert get(server.port, "/").header("Content-Security-Policy") == ""


@pytest.mark.parametrize("prefix", ["/", "/dante/"])
def test_what_the_page_asks_for_by_its_version_may_be_kept_for_ever(slow, prefix):
    page = get(slow.port, prefix)
    assert page.header("Cache-Control") == "public, max-age=0"
    names = re.findall(r'(?:src|href)="([^"]*\?[^"]*v=[^"]+)"', page.text)
    assert [name.partition("?")[0] for name in names] == ["", "page.css", "socket.io/socket.io.js", "page.js"]
    for name in map(html.unescape, names):
        kept = get(slow.port, prefix + name)
        assert kept.header("Cache-Control") == "public, max-age=31536000, immutable"
        assert kept.header("X-Content-Type-Options") == "nosniff"
        # Under another version, or none, it has to be asked for again: it may have changed.
        for other in name + "x", name.rpartition("v=")[0]:
            asked = get(slow.port, prefix + other)
            assert asked.header("Cache-Control") == "public, max-age=0"
            tag = {"If-None-Match": asked.header("ETag")}
            assert get(slow.port, prefix + other, tag).status == 304


def test_a_page_that_holds_a_token_is_kept_by_nobody_else(slow):
    answer = get(slow.port, "/?token=open-sesame")
    assert answer.header("Cache-Control") == "private, no-cache"
    assert "read?token=open-sesame" in answer.text


def test_the_page_asks_for_nothing_elsewhere(browser, quick):
    with browser.open(f"http://127.0.0.1:{quick.port}/") as page:
        page.reaches("over")
        hosts = {urlsplit(url).netloc for _, url in page.requests if not url.startswith("data:")}
        assert hosts == {f"127.0.0.1:{quick.port}"}
    for name in "index.html", "page.css", "page.js", "socket.io.js":
        source = (ROOT / "Public" / name).read_text(encoding="utf-8")
        assert not re.search(r"""(src|href|url\(|import)\W*["'(]?\s*https?:""", source), name


# gzip


GZIPPED = ["", "page.css", "page.js", "embed.js", "socket.io/socket.io.js"]


@pytest.mark.parametrize("name", GZIPPED)
def test_what_does_not_change_goes_by_gzip_to_who_takes_it(slow, name):
    plain = get(slow.port, "/" + name)
    assert plain.header("Content-Encoding") == "" and plain.header("Vary") == "Accept-Encoding"
    for accepted in "gzip", "br, gzip;q=0.5", "deflate , GZIP ; q=1":
        small = get(slow.port, "/" + name, {"Accept-Encoding": accepted})
        assert small.header("Content-Encoding") == "gzip"
        assert gzip.decompress(small.body) == plain.body and len(small.body) < len(plain.body)
        assert small.header("ETag") != plain.header("ETag")
        known = {"Accept-Encoding": accepted, "If-None-Match": small.header("ETag")}
        assert get(slow.port, "/" + name, known).status == 304
    for refused in "br", "gzip;q=0", "gzip;q=0.000, identity", "xgzip", "":
        assert get(slow.port, "/" + name, {"Accept-Encoding": refused}).body == plain.body


def test_no_stream_and_nothing_of_one_reader_goes_by_gzip(quick):
    wanted = {"Accept-Encoding": "gzip"}
    for path in "/read", "/text", "/sse", "/?token=open-sesame", "/socket.io/?EIO=4&transport=polling":
        assert get(quick.port, path, wanted).header("Content-Encoding") == "", path


def test_a_build_without_compression_serves_files_as_they_are(serve):
    server = serve(program=plain_binary())
    answer = get(server.port, "/page.js", {"Accept-Encoding": "gzip"})
    assert answer.header("Content-Encoding") == "" and answer.header("Vary") == ""
