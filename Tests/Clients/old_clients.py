"""One Python client of Socket.IO in a process of its own, driven by JSON lines.

    old_clients.py LIBRARY URL OPTIONS

LIBRARY is `python-socketio` (4.x or 5.x, whichever this Python has) or `socketIO-client` (0.5.x or 0.7.x likewise).
OPTIONS is a JSON object: `transports`, the `namespaces` to join, and the `resource` if it is another. Each line on standard input is a
command:

    {"do": "emit", "namespace": "/", "event": "message", "args": ["hi"], "ask": true}
    {"do": "transport"}
    {"do": "leave"}

Each line on standard output tells of something that has happened: `{"namespace", "name", "args"}`, where the answer to
a callback has the name `ack` and that to `transport` the name `transport`. Bytes are `{"$bytes": base64}`.
"""

import asyncio
import base64
import json
import os
import queue
import sys
import threading
from urllib.parse import urlsplit

EVENTS = [
    "divinecomedy", "echo", "response", "helloBack", "login", "user joined", "user left", "new message", "typing",
    "stop typing", "refused", "said", "headline",
]


def wire(value):
    """A value for a JSON line."""
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return [wire(one) for one in value]
    if isinstance(value, dict):
        return {name: wire(one) for name, one in value.items()}
    return value


def unwire(value):
    """A value out of a JSON line."""
    if isinstance(value, list):
        return [unwire(one) for one in value]
    if isinstance(value, dict):
        if "$bytes" in value:
            return base64.b64decode(value["$bytes"])
        return {name: unwire(one) for name, one in value.items()}
    return value


def tell(namespace, name, args=()):
    """Writes one line."""
    print(json.dumps({"namespace": namespace, "name": name, "args": wire(list(args))}), flush=True)


def listen_for_commands(take):
    """Hands each command to `take`, from a thread of its own; at the end of the input a `leave`."""

    def read():
        for line in sys.stdin:
            take(json.loads(line))
        take({"do": "leave"})

    threading.Thread(target=read, daemon=True).start()


class PythonSocketIO:
    """python-socketio's asynchronous client. The threaded one starts a thread for each packet and loses their order."""

    def __init__(self, url, options):
        import socketio

        self.url, self.options = url, options
        self.client = socketio.AsyncClient(
            reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0
        )
        for namespace in options["namespaces"]:
            self.subscribe(namespace)

    def subscribe(self, namespace):
        """Tells of all that is heard in a namespace."""
        for name in EVENTS:
            self.client.on(name, lambda *args, name=name: tell(namespace, name, args), namespace=namespace)
        self.client.on("connect", lambda *_: tell(namespace, "connect"), namespace=namespace)
        self.client.on("disconnect", lambda *_: tell(namespace, "disconnect"), namespace=namespace)

    async def run(self):
        """Connects, and does what it is told until `leave`."""
        commands, loop = asyncio.Queue(), asyncio.get_running_loop()
        listen_for_commands(lambda one: loop.call_soon_threadsafe(commands.put_nowait, one))
        await self.client.connect(
            self.url, transports=self.options.get("transports"), namespaces=self.options["namespaces"],
            socketio_path=self.options.get("resource", "socket.io"),
        )
        while (command := await commands.get())["do"] != "leave":
            await self.obey(command)
        await self.client.disconnect()

    async def obey(self, command):
        """One command."""
        if command["do"] == "transport":
            return tell("/", "transport", [self.client.transport()])
        namespace = command["namespace"]
        # Several arguments are a tuple; a list would be one of them.
        arguments = tuple(unwire(command["args"]))
        callback = (lambda *args: tell(namespace, "ack", args)) if command.get("ask") else None
        return await self.client.emit(command["event"], arguments, namespace=namespace, callback=callback)


class SocketIOClient:
    """socketIO-client, where one thread waits for packets while another sends."""

    def __init__(self, url, options):
        import socketIO_client

        class Namespace(socketIO_client.BaseNamespace):
            """Subscribed before the first packet comes, as handlers added later would not be."""

            def on_event(self, event, *args):
                tell(self.path or "/", event, [one for one in args if not callable(one)])

            def on_connect(self):
                tell(self.path or "/", "connect")

            def on_disconnect(self):
                tell(self.path or "/", "disconnect")

        place = urlsplit(url)
        self.client = socketIO_client.SocketIO(
            place.hostname, place.port, Namespace, transports=options["transports"],
            resource=options.get("resource", "socket.io"))
        # Before anything is waited for: later, the confirmation could come before its namespace is known.
        self.joined = {"/": self.client} | {
            path: self.client.define(Namespace, path) for path in options["namespaces"] if path != "/"}

    async def run(self):
        """Does what it is told until `leave`. Waiting has no end: a limit would cut polls off, with what they bring."""
        commands = queue.Queue()
        listen_for_commands(commands.put)
        threading.Thread(target=self.client.wait, daemon=True).start()
        while (command := await asyncio.to_thread(commands.get))["do"] != "leave":
            self.obey(command)
        # Its own way to leave tries to come back first, when the server has gone.
        os._exit(0)

    def obey(self, command):
        """One command."""
        namespace = command["namespace"]
        arguments = unwire(command["args"])
        if command.get("ask"):
            arguments.append(lambda *args: tell(namespace, "ack", args))
        self.joined[namespace].emit(command["event"], *arguments)


if __name__ == "__main__":
    library, url, options = sys.argv[1:]
    clients = {"python-socketio": PythonSocketIO, "socketIO-client": SocketIOClient}
    asyncio.run(clients[library](url, json.loads(options)).run())
