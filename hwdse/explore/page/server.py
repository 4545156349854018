"""Serves the page to browsers of this machine, unless told otherwise."""

import socket
from collections.abc import Callable

from werkzeug.serving import WSGIRequestHandler, make_server

from hwdse.errors import HwdseError
from hwdse.explore.database import Place
from hwdse.explore.page.app import LIVE_MS, Explorer
from hwdse.explore.page.catalogue import Catalogue


class _Quiet(WSGIRequestHandler):
    """Answers without a line for each request. The page asks every two seconds."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """See `WSGIRequestHandler`."""


def answer(
    place: Place, sweep: str | None, *, host: str, port: int, ready: Callable[[str], None]
) -> None:
    """See `hwdse.explore.page.serve`."""
    catalogue = Catalogue(place, sweep)
    explorer = Explorer(catalogue)
    try:
        # The server itself would end the process instead.
        listening = socket.create_server((host, port))
    except OSError as error:
        # The error of `create_server` ends with the address, which the message already has.
        reason = str(error.strerror).partition(" (while")[0]
        raise HwdseError(
            f"cannot serve on {host}:{port}: {reason}; give another --host or --port"
        ) from error
    with listening:
        taken = listening.getsockname()[1]
        server = make_server(
            host,
            taken,
            explorer.app.server,
            threaded=True,
            request_handler=_Quiet,
            fd=listening.fileno(),
        )
        catalogue.follow(LIVE_MS / 1000)
        ready(f"http://{host}:{taken}/")
        server.serve_forever()
