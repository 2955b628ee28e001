"""A TCP relay whose connections can be cut, as a network cuts them."""

import socket
import threading
import time


class Relay:
    """Passes connections on to a port of this machine until they are cut; new ones are taken all the while."""

    def __init__(self, port):
        self.target, self.open = port, set()
        self.refused = 0
        self.held, self.dribbles = set(), 0
        self.servers, self.kept = set(), set()
        #: Whether what asks for a WebSocket goes nowhere, without a word.
        self.swallows_upgrades = False
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A plain close would leave the thread waiting in `accept`.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()

    def cut(self, refused=0):
        """Breaks every connection there is, on both sides, and so many of those that come next."""
        with self.lock:
            broken, self.open = self.open, set()
            self.refused = refused
        for one in broken:
            self._end(one)

    def lose(self, refused=0):
        """Breaks every connection there is on the clients' side, and so many that come next; the server is not told."""
        with self.lock:
            self.kept |= self.servers
            broken = self.open - self.servers
            self.open -= broken
            self.refused = refused
        for one in broken:
            self._end(one)

    def let_in(self):
        """Refuses nobody any more."""
        with self.lock:
            self.refused = 0

    def hold(self):
        """From now on nothing comes through the connections there are, and neither side is told."""
        with self.lock:
            self.held |= self.open

    def dribble(self):
        """The next piece of data from the server comes in two halves with a pause between them, for each connection."""
        with self.lock:
            self.dribbles += 1

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                is_refused = self.refused > 0
                self.refused -= is_refused
            if is_refused:
                self._end(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                # Nobody is there now; another server may be, later.
                self._end(client)
                continue
            with self.lock:
                self.open |= {client, server}
                self.servers.add(server)
            for source, sink in (client, server), (server, client):
                passing = (source, sink, source is server)
                threading.Thread(target=self._pass, args=passing, daemon=True).start()

    def _pass(self, source, sink, is_answer):
        try:
            dribbled = 0
            while data := source.recv(1 << 16):
                if self.swallows_upgrades and b"upgrade: websocket" in data.lower():
                    self.held.add(source)
                if source in self.held:
                    continue
                if is_answer and dribbled < self.dribbles:
                    dribbled = self.dribbles
                    sink.sendall(data[: len(data) // 2])
                    time.sleep(0.3)
                    data = data[len(data) // 2 :]
                sink.sendall(data)
        except OSError:
            pass
        for one in source, sink:
            if one not in self.kept:
                self._end(one)

    @staticmethod
    def _end(one):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()
