"""One running dante, from its start-up line to its exit code."""

import ctypes
import os
import pty
import queue
import re
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import http_wire

ROOT = Path(__file__).parents[2]

#: The line that says that the server is up.
STARTED = re.compile(
    r'^dante: (?:reading "(?P<title>.+)" \((?P<count>\d+) stanzas?, one every (?P<every>.+)\)|'
    r"(?P<application>hello|chat|got-it)) "
    r"at (?P<url>https?://(?P<host>\S+):(?P<port>\d+)(?P<path>/\S*))$"
)

#: How long a start or an end may take; a busy machine is slow, a stuck server never comes.
PATIENCE = 30

#: The variables that give the port, strongest first.
PORT_VARIABLES = ["DANTE_PORT", "HTTP_PLATFORM_PORT", "ASPNETCORE_PORT", "PORT"]


def built(variable, place):
    """A program: the one that the variable names, or the one at this place."""
    path = Path(os.environ.get(variable) or ROOT / place).resolve()
    assert path.is_file(), f"{path} is missing: run Tests/run, or set {variable}"
    return path


def binary():
    """The program under test: the debug build with all traits, unless `DANTE_BIN` names another."""
    return built("DANTE_BIN", ".build-traits/debug/dante")


def plain_binary():
    """The release build, without any trait: what most people get."""
    return built("DANTE_PLAIN_BIN", ".build/release/dante")


def suite_server():
    """The program that the public test suites talk to."""
    return built("DANTE_SUITE_BIN", ".build-traits/debug/dante-suite-server")


def hummingbird_example():
    """A Hummingbird application that a server of ours is mounted in."""
    return built("DANTE_HUMMINGBIRD_BIN", ".build-hummingbird/debug/hummingbird-example")


def environment(extra=None):
    """An environment in which nothing of the machine's own settings reaches the server."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ
    }
    return kept | (extra or {})


def run(*arguments, env=None, timeout=PATIENCE, **how):
    """Runs the program to its end, which has to come by itself: for errors and help."""
    return subprocess.run(
        [how.pop("program", None) or binary(), *map(str, arguments)],
        env=environment(env),
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        **how,
    )


LIBC = ctypes.CDLL(None)
PR_CAPBSET_DROP = 24  # linux/prctl.h


def as_anybody():
    """Runs in a child, before its program: that then has no privilege, also where root runs the tests."""
    for capability in range(64):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


class Server:
    """A server on a free port of 127.0.0.1. `flags` may overrule both."""

    def __init__(self, *flags, folder, env=None, program=None, place=True, **how):
        self.errors = Path(folder) / "stderr"
        where = ["--host", "127.0.0.1", "--port", "0"] if place else []
        self.command = [str(program or binary()), *where, *map(str, flags)]
        self.process = subprocess.Popen(
            self.command,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors.open("wb"),
            text=True,
            bufsize=1,
            **{"preexec_fn": as_anybody} | how,
        )
        self.lines = queue.Queue()
        threading.Thread(target=self._drain, daemon=True).start()
        self.started = self._wait_for_start()
        self.port = int(self.started["port"])

    def _drain(self):
        # To the end, whoever listens: a full pipe would stop a server that logs there.
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self):
        """The next line on standard output; None behind the last."""
        return self.lines.get(timeout=PATIENCE)

    def _wait_for_start(self):
        line = self.line()
        match = STARTED.match(line or "")
        if not match:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.command} printed {line!r} and said {self.complaints!r}")
        return match

    @property
    def complaints(self):
        """What the server has written to standard error so far."""
        return self.errors.read_text(errors="replace")

    @property
    def pid(self):
        """The process."""
        return self.process.pid

    def status(self):
        """What the server counts of itself: connections, sessions, readers."""
        answer = http_wire.get(self.port, "/status")
        assert answer.status == 200, f"GET /status: {answer.status} {answer.body!r}"
        return answer.json

    def settles(self, **counts):
        """Whether the server comes to count this of itself, sooner or later."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            status = self.status()
            if all(status[name] == count for name, count in counts.items()):
                return True
        raise AssertionError(f"expected {counts}, and after {PATIENCE} s the server still counts {status}")

    def open_files(self):
        """The number of open file descriptors of the process."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def closes_files(self, limit):
        """Whether the process comes down to so many open files, sooner or later."""
        end = time.monotonic() + PATIENCE
        while (files := self.open_files()) > limit:
            assert time.monotonic() < end, f"{files} files are open, {limit} should be"
        return True

    def signal(self, number=signal.SIGTERM):
        """Sends a signal."""
        self.process.send_signal(number)

    def wait(self):
        """Waits for the end: the exit code."""
        return self.process.wait(timeout=PATIENCE)

    def kill(self):
        """Ends the server as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks the server to end, which it must do with code 0, and must not have done by itself."""
        if self.process.returncode is not None:
            return
        early = self.process.poll()
        assert early is None, f"{self.command} ended by itself with {early}: {self.complaints[-2000:]}"
        self.signal()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.command} outlived SIGTERM: {self.complaints[-2000:]}") from None
        finally:
            # Whatever broke the wait off, pytest's own time limit included, nothing stays behind.
            if self.process.poll() is None:
                self.kill()
        assert code == 0, f"{self.command} ended with {code}: {self.complaints[-2000:]}"


class Program:
    """A program that says on its first line where it listens, for the length of a `with`."""

    def __init__(self, path, folder, *arguments):
        self.errors = Path(folder) / f"{path.name}-stderr"
        self.name = path.name
        self.has_stopped = False
        self.process = subprocess.Popen(
            [path, *arguments],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors.open("wb"),
            text=True,
        )
        line = self.process.stdout.readline()
        match = re.fullmatch(rf"{self.name}: http://127\.0\.0\.1:(\d+)/\n", line)
        if not match:
            self.__exit__()
            raise AssertionError(f"{self.name} printed {line!r}: {self.errors.read_text()}")
        self.port = int(match[1])

    def stop(self):
        """Asks it to end, as an operator would: the exit code."""
        self.process.terminate()
        self.has_stopped = True
        return self.process.wait(timeout=PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        early = None if self.has_stopped else self.process.poll()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        assert early is None, f"{self.name} ended by itself with {early}: {self.errors.read_text()}"


class SuiteServer(Program):
    """The program that the public test suites talk to, on a free port."""

    def __init__(self, folder, *arguments):
        super().__init__(suite_server(), folder, *arguments)


class HummingbirdExample(Program):
    """The Hummingbird application with Socket.IO below `/live/`, on a free port."""

    def __init__(self, folder):
        super().__init__(hummingbird_example(), folder, "0")


@contextmanager
def on_terminal(program, *arguments):
    """The port of a program that prints `listening on port N`, for the length of a `with`.

    Such a program writes like any that has not thought about it: only to a terminal at once.
    """
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [program, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=its, stderr=its, env=environment())
    os.close(its)
    try:
        line = os.read(ours, 1000).decode()
        port = re.fullmatch(r"listening on port (\d+)\r\n", line)
        assert port, f"it printed {line!r}"
        yield int(port[1])
        assert process.poll() is None, f"it ended by itself: {os.read(ours, 4000)}"
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@contextmanager
def serving(factory, name, *flags):
    """One server for many tests; `factory` is pytest's `tmp_path_factory`."""
    server = Server(*flags, folder=factory.mktemp(name))
    try:
        yield server
    finally:
        server.stop()
