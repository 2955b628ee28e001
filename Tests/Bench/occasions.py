"""What happens once and not every two seconds: a build, a start, a storm of readers, more readers than one process may
have; and what a second event loop is worth."""
import contextlib
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

STARTS = 15
STORM = 10_000
SHARED = 10_000  # readers on one event loop, then on two
MANY = 50_000
MANY_BYTES = 3 << 30  # memory that must be free for them, in servers, readers and kernel
PROCESSES = 3
#: Of the packages that dante is built from, whatever holds the rest of them.
DEPENDENCIES = ["NIOPosix", "NIOHTTP1", "Logging"]


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


def loop_times(pid):
    """CPU seconds of each event loop's thread."""
    times = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat") as stat:
            name, _, rest = stat.read().partition("(")[2].rpartition(")")
        if name.startswith("NIO-ELT"):
            fields = rest.split()
            times.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    return sorted(times)


def loops(running, dante, log, tool, text, seconds):
    """The same readers on one event loop and on two: what a stanza costs, and how evenly the loops share it."""
    parts = []
    for threads in 1, 2:
        with serving(running, dante, log, text, "--threads", str(threads)) as (server, port):
            said = readers(tool, "raw", SHARED, port, "/ws", [server.pid], "--rate", "4000", "--settle", "1",
                           "--seconds", f"{seconds:g}", "--sequence", text)
            times = loop_times(server.pid)
        shares = " and ".join(f"{100 * time / sum(times):.0f} %" for time in times)
        parts.append(f"{said['server_us_per_stanza']:.1f} us/stanza on {threads} (CPU {shares})")
    return f"{SHARED:,} raw readers, loops: " + "; ".join(parts)


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def clean_build(root):
    """A release build from nothing but the packages' sources: CPU time in all, and that of the dependencies."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in "repositories", "checkouts", "workspace-state.json":
            source, copy = os.path.join(root, ".build", name), os.path.join(scratch, name)
            if os.path.isdir(source):
                shutil.copytree(source, copy, symlinks=True)
            elif os.path.exists(source):
                shutil.copy(source, copy)
        command = ["swift", "build", "-c", "release", "--package-path", root, "--scratch-path", scratch]
        begun = spent()
        for target in DEPENDENCIES:
            subprocess.run([*command, "--target", target], check=True, stdout=subprocess.DEVNULL)
        theirs = spent() - begun
        subprocess.run([*command, "--product", "dante"], check=True, stdout=subprocess.DEVNULL)
        return f"clean release build: {spent() - begun:.0f} s of CPU, {theirs:.0f} s of it for what dante is built from"


def free_memory():
    with open("/proc/meminfo") as meminfo:
        return next(1024 * int(line.split()[1]) for line in meminfo if line.startswith("MemAvailable"))


def many(running, dante, log, tool, text, seconds):
    """More readers than one process may have open files, on several processes and one port."""
    if free_memory() < MANY_BYTES:
        return f"{MANY:,} readers skipped: less than {MANY_BYTES >> 30} GB of memory are free"
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
