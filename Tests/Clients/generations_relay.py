"""A TCP relay whose connections can be cut, as a network cuts them."""

import socket
import threading


class Relay:
    """Passes connections on to a port of this machine until they are cut; new ones are taken all the while."""

    def __init__(self, port):
        self.target, self.open = port, set()
        self.refused = 0
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
            server = socket.create_connection(("127.0.0.1", self.target))
            with self.lock:
                self.open |= {client, server}
            for source, sink in (client, server), (server, client):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
        except OSError:
            pass
        self._end(source)
        self._end(sink)

    @staticmethod
    def _end(one):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()
