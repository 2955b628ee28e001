"""From the command line to the exit code: start, settings that stop it, and its end by signals."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from contextlib import nullcontext, suppress
from html.parser import HTMLParser

import pytest

from engine_wire import EngineSocket, Polling
from http_wire import Closed, Connection, get
from poems import CANTO, numbered, text_of
from proxies import free_port
from readings import Address, body
from server import PATIENCE, PORT_VARIABLES, binary, environment, run
from websocket_wire import WebSocket


def refused(answer, code, *words):
    """Checks that a start was refused with this exit code and one sentence that has these words."""
    assert answer.returncode == code, answer
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1, f"one sentence, not {answer.stderr!r}"
    for word in words:
        assert word in answer.stderr


# The start-up line and the text


def test_one_line_says_what_is_read_how_often_and_where(serve):
    server = serve()
    assert server.started["title"] == "Inferno, Canto I"
    assert (server.started["count"], server.started["every"]) == ("46", "2 s")
    server.stop()
    assert server.line() is None, "nothing else belongs on standard output"


def test_the_printed_address_opens_as_it_stands(serve):
    server = serve("--port", "0", place=False)
    assert server.started["host"] == "localhost"
    with socket.create_connection(("localhost", server.port), timeout=10):
        assert get(server.port, server.started["path"]).status == 200


def test_serve_is_what_is_done_without_a_command(serve, tmp_path):
    path = tmp_path / "three.txt"
    path.write_text(text_of(numbered(3)), encoding="utf-8")
    for words in ["serve"], ["serve", path], [path]:
        server = serve(*words, "--port", "0", "--host", "127.0.0.1", place=False)
        assert server.started["count"] == ("3" if path in words else "46")
        assert get(server.port, "/").status == 200


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
@pytest.mark.parametrize("line", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_byte_order_mark_and_line_ends_do_not_matter(serve, tmp_path, mark, line, end):
    path = tmp_path / "text.txt"
    poem = numbered(2)
    path.write_bytes((mark + line.join([*poem[0].split("\n"), "", "", *poem[1].split("\n")]) + end).encode())
    server = serve(path, "--interval", "1ms")
    assert server.started["count"] == "2"
    assert b"".join(body(Address(server.port), "text")).decode() == text_of(poem)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b" \n\t\n\n", "\ufeff".encode(), b"verse\n\xff\xfe\n"],
    ids=["nothing", "a line end", "blanks", "a byte order mark", "not UTF-8"],
)
def test_a_text_that_cannot_be_read_out_stops_the_start(tmp_path, content):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    refused(run("serve", path, "--port", "0"), 78, "text.txt")


def test_a_missing_text_stops_the_start(tmp_path):
    refused(run("serve", tmp_path / "nowhere.txt", "--port", "0"), 78, "nowhere.txt")


def test_an_unreadable_text_stops_the_start(tmp_path):
    # A folder, since a file without permissions can still be read by root, who may run these tests.
    refused(run("serve", tmp_path, "--port", "0"), 78, tmp_path.name)


def test_a_text_that_never_ends_is_too_large():
    refused(run("serve", "/dev/zero", "--port", "0"), 78, "/dev/zero: File too large")


def test_the_binary_alone_in_an_empty_folder_is_enough(serve, tmp_path):
    place = tmp_path / "empty"
    place.mkdir()
    program = place / "dante"
    shutil.copy(binary(), program)
    server = serve("--interval", "1ms", program=program, cwd=place)
    assert b"".join(body(Address(server.port), "text")) == CANTO.read_bytes()
    page = get(server.port, "/")
    assert page.status == 200 and "text/html" in page.header("Content-Type")
    links = Links(page.text)
    assert any(link.split("?")[0].endswith("socket.io/socket.io.js") for link in links.found), links.found
    for link in links.found:
        assert get(server.port, "/" + link).status == 200, link


class Links(HTMLParser):
    """The addresses of what a page loads. All of them must be relative, since nobody knows the prefix."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        name = {"script": "src", "link": "href", "img": "src"}.get(tag)
        if attributes.get(name):
            link = attributes[name]
            if not link.startswith("data:"):
                assert not re.match("/|[a-z]+:", link), f"<{tag} {name}={link}> is not relative"
                self.found.append(link)


# Help and errors


def test_help_names_every_setting_in_eighty_columns():
    answer = run("--help")
    assert answer.returncode == 0 and answer.stderr == ""
    flags = """host port interval event at-end pace transports resource base-path heartbeat heartbeat-timeout
               max-payload log-level log-format client-script public max-head head-timeout body-timeout
               idle-timeout connect-timeout upgrade-timeout max-connections max-buffered
               shutdown-timeout threads"""
    for flag in flags.split():
        assert re.search(rf"--{flag}\b", answer.stdout), flag
    for variable in [*PORT_VARIABLES, "DANTE_INTERVAL"]:
        assert variable in answer.stdout
    assert max(map(len, answer.stdout.split("\n"))) <= 80
    assert run("serve", "-h").stdout == answer.stdout


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--intervall", "2s"], ["--intervall", "--interval"]),
        (["--interval", "0"], ["--interval", "0"]),
        (["--interval", "-1s"], ["--interval"]),
        (["--interval", "soon"], ["--interval", "soon"]),
        (["--interval", "0.1ms"], ["--interval"]),
        (["--interval"], ["--interval"]),
        (["--port", "65536"], ["--port", "65536"]),
        (["--port", "http"], ["--port", "http"]),
        (["--at-end", "never"], ["--at-end", "never", "close", "repeat", "stay"]),
        (["--pace", "slow"], ["--pace", "slow", "reader", "shared"]),
        (["--transports", "telepathy"], ["--transports", "telepathy", "polling"]),
        (["--transports", ""], ["--transports"]),
        (["--event", "connect"], ["--event", "connect"]),
        (["--event", ""], ["--event"]),
        (["--resource", "/"], ["--resource"]),
        (["--log-format", "xml"], ["--log-format", "xml", "json"]),
        (["--max-payload", "-1"], ["--max-payload"]),
        (["one.txt", "two.txt"], ["two.txt"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_command_line_is_named_in_one_sentence(flags, words):
    refused(run(*flags), 64, *words)


@pytest.mark.parametrize(
    "name, value",
    [
        ("DANTE_INTERVAL", "soon"),
        ("DANTE_AT_END", "never"),
        ("HTTP_PLATFORM_PORT", r"\\.\pipe\iis"),
        ("PORT", "0x50"),
    ],
)
def test_a_wrong_variable_is_named_in_one_sentence(name, value):
    answer = run(env={name: value})
    refused(answer, answer.returncode, name, value)
    assert answer.returncode in (64, 78)


def test_a_port_in_use_says_so(quick):
    refused(run("--host", "127.0.0.1", "--port", quick.port), 69, str(quick.port))


# The port's variables


def test_the_port_is_8888_unless_told_otherwise():
    # Somebody has the port, be it another program: either way the server must want it and say so.
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(("127.0.0.1", 8888))
            holder.listen()
        except OSError:
            pass
        refused(run("--host", "127.0.0.1"), 69, "8888")


@pytest.mark.parametrize("first", range(len(PORT_VARIABLES)), ids=PORT_VARIABLES)
def test_the_first_variable_that_is_set_gives_the_port(serve, first):
    variables = {name: str(free_port()) for name in PORT_VARIABLES[first:]}
    variables |= {name: "" for name in PORT_VARIABLES[:first]}
    server = serve("--host", "127.0.0.1", env=variables, place=False)
    assert server.port == int(variables[PORT_VARIABLES[first]])


def test_the_flag_is_stronger_than_every_variable(serve):
    port = free_port()
    server = serve("--host", "127.0.0.1", "--port", port, env=dict.fromkeys(PORT_VARIABLES, "1"), place=False)
    assert server.port == port


def test_the_last_of_two_flags_counts_in_either_spelling(serve):
    port = free_port()
    server = serve("--host", "127.0.0.1", "--port=1", f"--port={port}", place=False)
    assert server.port == port


# The end


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def number(request):
    """What ends a server."""
    return request.param


@pytest.fixture
def ending(serve, number):
    """A server whose readings go on for long, and what ends it."""
    return serve("--interval", "10m"), number


def end(ending):
    """Sends the signal."""
    server, number = ending
    server.signal(number)
    return server


def test_the_end_closes_a_raw_websocket_with_1001(ending):
    with WebSocket(ending[0].port) as link:
        link.message()
        server = end(ending)
        frame = link.closed()
        assert frame.code == 1001
        link.say(8, frame.payload)
        assert server.wait() == 0


def test_the_end_closes_a_socket_io_websocket(ending):
    with EngineSocket(ending[0].port) as link:
        link.join()
        link.hear(1)
        server = end(ending)
        _, close = link.ending()
        assert close is not None, "the connection ended without a close frame"
        link.say(8, close.payload)
        assert server.wait() == 0


def test_the_end_answers_a_held_poll_with_a_close(serve, number):
    # On one thread a post that is answered proves that the poll sent before it is held.
    server = serve("--interval", "10m", "--threads", "1")
    with Polling(server.port) as session:
        session.join()
        session.polls.request("GET", session.target)
        session.post("3")
        server.signal(number)
        answer = session.polls.answer()
        assert answer.status == 200 and answer.text.split("\x1e")[-1] == "1", answer
        session.close()
        assert server.wait() == 0


def test_sighup_without_tls_says_that_there_is_nothing_to_read_again(serve):
    server = serve("--interval", "10m")
    with Connection(server.port) as link:
        assert link.ask("GET", "/healthz").status == 200
        server.signal(signal.SIGHUP)
        end = time.monotonic() + PATIENCE
        while "nothing to read again without --tls-certificate" not in server.complaints:
            assert server.process.poll() is None, f"SIGHUP ended the server with {server.process.returncode}"
            assert time.monotonic() < end, f"not said in {server.complaints!r}"
            time.sleep(0.01)
        # Who was there before goes on.
        assert link.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize("path, is_whole", [("/sse", True), ("/text", False), ("/read", False)])
def test_the_end_ends_an_open_answer(ending, path, is_whole):
    """A body without its last chunk raises `Closed`: what is not the whole text must not seem so to `curl`."""
    with Connection(ending[0].port) as link:
        link.request("GET", path)
        head = link.head()
        pieces = link.pieces(head)
        assert next(pieces)
        server = end(ending)
        with nullcontext() if is_whole else pytest.raises(Closed):
            for _ in pieces:
                pass
        assert link.ended()
        assert server.wait() == 0


def test_the_end_refuses_new_connections_and_does_not_wait_for_idle_ones(ending):
    with Connection(ending[0].port) as idle, WebSocket(ending[0].port) as reader:
        assert idle.ask("GET", "/readyz").status == 200
        reader.message()
        server = end(ending)
        reader.closed()
        # The end has begun, as the reader knows, who has not answered and is waited for; with two readers the
        # window for goodbyes is over in a moment.
        with pytest.raises((OSError, Closed)):
            while True:
                Connection(server.port).ask("GET", "/healthz")
        with suppress(Closed, OSError):  # Ended already, which says the same.
            assert idle.ask("GET", "/readyz").status == 503
    assert server.wait() == 0


def test_a_second_signal_ends_at_once(serve):
    server = serve("--interval", "10m", "--shutdown-timeout", "10m")
    with WebSocket(server.port) as link:
        link.message()
        server.signal()
        link.closed()
        # The close is not answered, so the server goes on waiting, and would for ten minutes.
        server.signal()
        server.process.wait(timeout=20)


def test_a_signal_at_any_moment_of_the_start_ends_it(number):
    """A signal must not fall between being fatal and being heeded: nobody would send it again."""
    for moment in range(60):
        process = subprocess.Popen(
            [binary(), "--host", "127.0.0.1", "--port", "0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
            # A test run in the background of a shell hands on that SIGINT is ignored.
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
        )
        try:
            time.sleep(moment % 30 / 1000)  # Not to wait for anything: the moment is what is varied.
            process.send_signal(number)
            assert process.wait(10) in (0, -number), f"{moment % 30} ms behind the start"
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def test_the_stated_time_ends_a_reader_who_does_not_answer(serve):
    server = serve("--interval", "10m", "--shutdown-timeout", "200ms")
    with WebSocket(server.port) as link:
        link.message()
        server.signal()
        assert server.wait() == 0


def test_the_port_is_free_again_at_once(serve):
    first = serve()
    with Connection(first.port) as link:
        assert link.ask("GET", "/healthz").status == 200
        first.stop()
    again = serve("--host", "127.0.0.1", "--port", first.port, place=False)
    assert get(again.port, "/healthz").body.strip() == b"ok"


def test_it_runs_without_any_environment(serve):
    server = serve(env={name: "" for name in os.environ if name.startswith("DANTE_")})
    assert get(server.port, "/readyz").body.strip() == b"ok"
