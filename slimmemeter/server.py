"""waitress, listening for the pages."""

from __future__ import annotations

from waitress.server import BaseWSGIServer, MultiSocketServer, create_server

from slimmemeter.errors import UsageError
from slimmemeter.settings import Settings
from slimmemeter.web import create_app

THREADS = 4
WHOLE_ANSWER = 1 << 18  # bytes; a smaller piece at a time doubles the latency


def serve(settings: Settings) -> None:
    """Serve the pages until the process is told to stop.

    :raises UsageError: the address can't be listened on.
    """
    server = make_server(settings)
    print(f"serving the pages of {settings.database} on {settings.listen}", flush=True)
    server.run()


def make_server(settings: Settings) -> MultiSocketServer | BaseWSGIServer:
    """A server that listens, and answers once it `run`s.

    :raises UsageError: the address can't be listened on.
    """
    try:
        return create_server(
            create_app(settings),
            listen=settings.listen,
            threads=THREADS,
            send_bytes=WHOLE_ANSWER,
            ident="slimmemeter",
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot listen on {settings.listen}: {error}") from None
