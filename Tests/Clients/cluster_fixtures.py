"""Clusters for one test, and servers of python-socketio beside them."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

import http_wire
from cluster import Cluster
from proxies import free_port
from server import PATIENCE

ANSWERING = ["--with", "echo,hello,got-it"]
HERE = Path(__file__).parent


@pytest.fixture
def cluster(tmp_path):
    """Starts clusters: `cluster("--interval", "20ms")`."""
    running = []

    def start(*flags, **how):
        running.append(Cluster(tmp_path, *([] if "--with" in flags else ANSWERING), *flags, **how))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def python_node():
    """Starts servers of python-socketio: `python_node(redis_url)` is the port of one."""
    running = []

    def start(url):
        port = free_port()
        running.append(subprocess.Popen([sys.executable, HERE / "python_node.py", str(port), url]))
        end = time.monotonic() + PATIENCE
        while True:
            try:
                http_wire.get(port, "/")
                return port
            except OSError:
                assert running[-1].poll() is None and time.monotonic() < end
                time.sleep(0.05)

    yield start
    for process in running:
        process.kill()
        process.wait()
