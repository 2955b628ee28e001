"""What happens once and not every two seconds: a start, a storm of readers, more readers than one process may have."""
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

STARTS = 15
STORM = 10_000
MANY = 50_000
PROCESSES = 3


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_answer(port, patience=10):
    """Asks until it is answered; returns the moment."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as link:
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if link.recv(100).startswith(b"HTTP/1.1 200"):
                return time.monotonic()
        time.sleep(0.0002)
    raise TimeoutError("no answer")


def resident(pid):
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def serving(running, dante, log, *flags):
    """`running` starts a process and ends it."""
    port = free_port()
    command = [dante, "serve", *flags, "--host", "127.0.0.1", "--port", str(port)]
    with open(log, "a", encoding="utf-8") as file, running(command, file, file) as server:
        await_answer(port)
        yield server, port


def first_use(running, dante, log):
    """From the start of the process to its first answer; what it then holds; how big it is."""
    spans = []
    for _ in range(STARTS):
        port = free_port()
        command = [dante, "serve", "--host", "127.0.0.1", "--port", str(port)]
        with open(log, "a", encoding="utf-8") as file:
            begun = time.monotonic()
            with running(command, file, file):
                spans.append(1000 * (await_answer(port) - begun))
    with serving(running, dante, log) as (server, _):
        time.sleep(0.5)
        idle = resident(server.pid)
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(dante, folder)
        if shutil.which("strip"):
            subprocess.run(["strip", copy], check=True)
        size = os.path.getsize(copy)
    return (f"start to first answer {min(spans):.0f} ms at best, {statistics.median(spans):.0f} ms in the median of "
            f"{STARTS}; idle {idle / 1e6:.1f} MB resident; stripped binary {size / 1e6:.1f} MB")


def readers(tool, protocol, count, port, path, pids, *more):
    command = [tool, "--quiet", "--protocol", protocol, "--readers", str(count), "--interval", "2000",
               "--pid", ",".join(map(str, pids)), *more, f"127.0.0.1:{port}{path}"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False).stdout
    return json.loads(said)


def storm(running, dante, log, tool, text):
    """10,000 readers at once, 1,000 handshakes under way at a time."""
    lines = []
    for protocol, path in [("raw", "/ws"), ("eio4-ws", "/socket.io/")]:
        with serving(running, dante, log, text) as (server, port):
            said = readers(tool, protocol, STORM, port, path, [server.pid], "--seconds", "2", "--settle", "0")
        first = said["first_stanza_ms"]
        lines.append(
            f"storm of {STORM:,} {protocol}: {said['handshakes_per_s']:,.0f} handshakes/s, {said['failed']} failed, "
            f"first stanza p50 {first['p50']:.0f} ms, p99 {first['p99']:.0f} ms, "
            f"{said['open_cpu_us_per_reader']:.0f} us of CPU each")
    return lines


def many(running, dante, log, tool, text, seconds):
    """More readers than one process may have open files, on several processes and one port."""
    port = free_port()
    command = [dante, "serve", text, "--host", "127.0.0.1", "--port", str(port), "--share-port", "on"]
    with contextlib.ExitStack() as held:
        file = held.enter_context(open(log, "a", encoding="utf-8"))
        servers = [held.enter_context(running(command, file, file)) for _ in range(PROCESSES)]
        await_answer(port)
        time.sleep(1)
        said = readers(
            tool, "raw", MANY, port, "/ws", [server.pid for server in servers], "--procs", str(PROCESSES),
            "--rate", "5000", "--seconds", f"{seconds:g}", "--settle", "2", "--sequence", text)
    wrong = {key: said[key] for key in ("failed", "dropped", "gaps", "doubles", "disorder") if said[key]}
    return (f"{said['connected']:,} raw readers in {PROCESSES} processes on one port: "
            f"{said['server_us_per_stanza']:.1f} us/stanza, {said['server_bytes_per_reader']:,.0f} B/reader, "
            f"late p99 {said['late_ms']['p99']:.1f} ms; wrong: {wrong or 'nothing'}")
