"""waitress, listening for the pages, in little memory."""

from __future__ import annotations

import ctypes
import gc
import logging

from flask import Flask
from waitress.server import BaseWSGIServer, MultiSocketServer, create_server

from slimmemeter.errors import UsageError
from slimmemeter.settings import Settings
from slimmemeter.web import create_app

THREADS = 4
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # malloc.h
LARGE_BLOCK = 1 << 17  # bytes
RARELY = 50_000  # objects
NEVER_S = 86400  # a server that nobody asks sleeps
logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page's pictures wait: that is meant
WHOLE_ANSWER = 1 << 18  # bytes; a smaller piece at a time doubles the latency


def serve(settings: Settings) -> None:
    """Serve the pages until the process is told to stop.

    :raises UsageError: the address can't be listened on.
    """
    server = make_server(settings)
    print(f"serving the pages of {settings.database} on {settings.listen}", flush=True)
    server.run()


def make_app(settings: Settings) -> Flask:
    """The web app as it is served."""
    app = create_app(settings)
    _take_little_memory(app)
    return app


def _take_little_memory(app: Flask) -> None:
    """Compile the templates, give back what that took, and let no picture leave a hole: one heap
    for all threads, and each large block its own (glibc's mallopt(3), malloc_trim(3))."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, 1)
        libc.mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
    gc.collect()
    gc.freeze()
    gc.set_threshold(RARELY)  # a year's hours are 100,000 objects, and none of them garbage
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def make_server(settings: Settings) -> MultiSocketServer | BaseWSGIServer:
    """A server that listens, and answers once it `run`s.

    :raises UsageError: the address can't be listened on.
    """
    try:
        return create_server(
            make_app(settings),
            listen=settings.listen,
            threads=THREADS,
            send_bytes=WHOLE_ANSWER,
            asyncore_loop_timeout=NEVER_S,
            asyncore_use_poll=True,
            ident="slimmemeter",
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot listen on {settings.listen}: {error}") from None
