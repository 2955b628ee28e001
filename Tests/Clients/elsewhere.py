"""A plain web server of another origin, for pages that speak to a server elsewhere."""

import functools
import http.server
import threading
from contextlib import contextmanager
from pathlib import Path

#: The pages that lie there.
PAGES = Path(__file__).parent / "pages"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing about it."""

    def log_message(self, *_):
        pass


@contextmanager
def elsewhere(folder=PAGES):
    """The address of the other server."""
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
