"""Several servers as one: Redis, and proxies in front that know of no session."""

import signal
import subprocess
import time
from pathlib import Path

import msgpack
import redis

import http_wire
from proxies import HAProxy, Nginx, Proxy, free_port, program
from server import PATIENCE, Server


class RedisServer:
    """A redis-server of its own; it forgets everything when it ends.

    `tls` is a certificate and its key: it speaks TLS and nothing else then.
    """

    def __init__(self, folder, tls=None, password=None):
        self.folder, self.port, self.process = Path(folder), free_port(), None
        self.tls, self.password = tls, password
        self.start()

    @property
    def url(self):
        """Without the password."""
        return f"redis{'s' if self.tls else ''}://127.0.0.1:{self.port}/0"

    def link(self):
        """A client of it."""
        secure = {"ssl": True, "ssl_ca_certs": str(self.tls[0])} if self.tls else {}
        return redis.Redis(port=self.port, password=self.password, **secure)

    def start(self):
        command = [program("redis-server"), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder]
        command += ["--port", "0", "--tls-port"] if self.tls else ["--port"]
        command += [str(self.port)]
        if self.tls:
            command += ["--tls-cert-file", self.tls[0], "--tls-key-file", self.tls[1], "--tls-auth-clients", "no"]
        if self.password:
            command += ["--requirepass", self.password]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=(self.folder / "redis").open("ab"), stderr=subprocess.STDOUT)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.link().ping()
            except redis.ConnectionError:
                assert self.process.poll() is None and time.monotonic() < end, "redis-server does not start"
                time.sleep(0.02)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        """Takes what is sent and says nothing, as when the network is cut."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def listened(self, channel, count):
        """Waits until so many listen there."""
        end = time.monotonic() + PATIENCE
        while self.link().pubsub_numsub(channel)[0][1] < count:
            assert time.monotonic() < end, f"nobody listens to {channel}"
            time.sleep(0.02)

    def emit(self, event, *arguments, namespace="/", rooms=(), uid="emitter"):
        """Publishes as @socket.io/redis-emitter 5 does, in Socket.IO's format: how many servers hear it."""
        packet = {"type": 2, "data": [event, *arguments], "nsp": namespace}
        channel = f"socket.io#{namespace}#" + (f"{rooms[0]}#" if len(rooms) == 1 else "")
        message = msgpack.packb([uid, packet, {"rooms": list(rooms), "flags": {}, "except": []}])
        return self.link().publish(channel, message)


class Balanced:
    """A proxy that deals requests to servers in turn. Mix it into one of the proxies."""

    modes = ["even"]

    def __init__(self, folder, servers):
        self.servers = servers
        Proxy.__init__(self, folder, {"quick": servers[0].port})

    @property
    def open_port(self):
        """Where clients come."""
        return self.port("even")


class EvenNginx(Balanced, Nginx):
    """nginx, round robin; a server that does not answer is left out for a moment."""

    def server(self, site):
        members = "".join(f"server 127.0.0.1:{one.port} fail_timeout=1s;" for one in self.servers)
        return f"""
    upstream nodes {{ {members} }}
    server {{
        listen 127.0.0.1:{site.port};
        location / {{ proxy_pass http://nodes;{self.UPGRADE} }}
    }}"""


class EvenHAProxy(Balanced, HAProxy):
    """HAProxy, round robin."""

    def site(self, site):
        members = "".join(
            f"    server node{number} 127.0.0.1:{one.port} check inter 200ms fall 1 rise 1\n"
            for number, one in enumerate(self.servers))
        return f"""
frontend front
    bind 127.0.0.1:{site.port}
    default_backend nodes
backend nodes
    balance roundrobin
    option redispatch
    retries 3
{members}"""


BALANCERS = {"nginx": EvenNginx, "haproxy": EvenHAProxy}


class Cluster:
    """Three servers and their Redis."""

    def __init__(self, folder, *flags, count=3, redis_server=None, env=None):
        self.folder = Path(folder)
        self.redis = redis_server or RedisServer(folder)
        self.flags, self.nodes, self.proxies = flags, [], {}
        for _ in range(count):
            self.add()

    def add(self, *flags):
        """One more node, with flags of its own: the server."""
        folder = self.folder / f"node-{len(self.nodes)}"
        folder.mkdir()
        node = Server("--redis", self.redis.url, *self.flags, *flags, folder=folder)
        self.nodes.append(node)
        return node

    def behind(self, name):
        """The proxy of that name in front of all of them: its port."""
        if name not in self.proxies:
            self.proxies[name] = BALANCERS[name](self.folder / name, self.nodes)
        return self.proxies[name].open_port

    def relayed(self):
        """Requests that landed on another node than their session's."""
        return sum(node.status()["relayed"] for node in self.nodes if node.process.poll() is None)

    def ready(self, node):
        """What /readyz says, in one word."""
        return http_wire.get(node.port, "/readyz").text

    def joined(self):
        """Waits until every living node is connected to Redis."""
        end = time.monotonic() + PATIENCE
        for node in self.nodes:
            while node.process.poll() is None and self.ready(node) != "ok\n":
                assert time.monotonic() < end, node.complaints[-2000:]
                time.sleep(0.02)

    def stop(self):
        for proxy in self.proxies.values():
            proxy.stop()
        for node in self.nodes:
            if node.process.poll() is None:
                node.stop()
        self.redis.resume()
        self.redis.kill()
