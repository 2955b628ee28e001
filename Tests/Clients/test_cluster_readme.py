"""The README's cluster as it stands there, on other ports: it starts, chats across nodes, and a node is killed."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import socketio

import http_wire
from proxies import free_port, program
from server import PATIENCE, ROOT, binary

#: As the README has them: Redis, the nodes, the proxy.
PORTS = ["6379", "8881", "8882", "8883", "8888"]


def block(language, beginning):
    """The README's code that begins so, and the ports that stand for its own."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [text] = [one for one in re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL) if one.startswith(beginning)]
    return text


@pytest.fixture
def started(tmp_path):
    """Runs the README's commands up to the proxy's, and one proxy: `started("nginx")` are the ports."""
    groups = []

    def run(*command):
        log = (tmp_path / f"log-{len(groups)}").open("wb")
        groups.append(subprocess.Popen(
            command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

    def start(proxy):
        ports = {name: free_port() for name in PORTS}

        def moved(text):
            text = text.replace(".build/release/dante", str(binary()))
            return re.sub(r"\b(" + "|".join(PORTS) + r")\b", lambda match: str(ports[match[1]]), text)

        commands = moved(block("sh", "redis-server"))
        if proxy == "haproxy":
            commands = commands[:commands.index("cat >")] + "wait\n"
            (tmp_path / "cluster.cfg").write_text(moved(block("haproxy", "defaults")))
            run(program("haproxy"), "-f", "cluster.cfg")
        run("bash", "-c", commands.replace("nginx -p", f"{program('nginx')} -p"))
        for name in PORTS[1:]:
            awaited(ports[name])
        return ports

    yield start
    for group in groups:
        os.killpg(group.pid, signal.SIGKILL)
        group.wait()


def awaited(port):
    """Waits until a node is ready there, or one behind it."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if http_wire.get(port, "/readyz").text == "ok\n":
                return
        except (OSError, http_wire.Closed):
            pass
        assert time.monotonic() < end, f"nothing is ready at port {port}"
        time.sleep(0.05)


def process(port):
    """The node that was told to listen there."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == str(binary()).encode() and str(port).encode() in words:
            return int(folder.name)
    raise AssertionError(f"no node was told to listen at {port}")


class Guest:
    """In the chat, with a name."""

    def __init__(self, port, name, transports):
        self.client = socketio.SimpleClient(reconnection_delay=0.05, reconnection_delay_max=0.2)
        self.client.connect(f"http://127.0.0.1:{port}", namespace="/chat", transports=transports, wait_timeout=PATIENCE)
        self.client.emit("add user", name)
        self.hears("login")

    def hears(self, event, **what):
        """Waits for it; what else comes is let pass."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            # Where recovery is on, an offset follows.
            name, argument, *_ = self.client.receive(timeout=PATIENCE)
            if name == event and what.items() <= argument.items():
                return
        raise AssertionError(f"{event} {what} has not come")


@pytest.mark.parametrize("proxy", ["nginx", "haproxy"])
def test_the_readme_s_commands_make_a_chat_that_outlives_a_node(started, proxy):
    ports = started(proxy)
    # At a node each, and through the proxy in both ways.
    nodes = [Guest(ports[name], name, ["websocket"]) for name in PORTS[1:4]]
    polling = Guest(ports["8888"], "polling", ["polling"])
    upgrading = Guest(ports["8888"], "upgrading", ["polling", "websocket"])
    for guest in nodes + [polling]:
        guest.hears("user joined", username="upgrading", numUsers=5)
    for number in range(5):
        polling.client.call("new message", f"ciao {number}")
    for guest in nodes + [upgrading]:
        guest.hears("new message", username="polling", message="ciao 4")
    assert "chat" in http_wire.get(ports["8888"], "/chat").text
    # Everything that was acknowledged before is with the others.
    nodes[0].client.call("new message", "last words")
    os.kill(process(ports["8881"]), signal.SIGKILL)
    for guest in nodes[1:]:
        guest.hears("new message", message="last words")
    awaited(ports["8888"])
    late = Guest(ports["8888"], "late", ["polling"])
    late.client.call("new message", "eccomi")
    for guest in nodes[1:]:
        guest.hears("new message", username="late", message="eccomi")
    for guest in [*nodes[1:], late, polling, upgrading]:
        guest.client.disconnect()
