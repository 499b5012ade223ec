"""waitress, listening for the pages: in little memory, asleep while nobody asks."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import socket
import time
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import WSGITask

from slimmemeter.errors import UsageError
from slimmemeter.settings import Settings
from slimmemeter.web.app import create_app

LIMITS: dict[str, Any] = {
    "threads": 24,  # more than pictures may hold, as access.py has it
    "send_bytes": 1 << 18,  # a smaller piece of an answer at a time doubles the latency
    "outbuf_overflow": 1 << 26,  # an answer is whole in memory; /tmp may be full
    "max_request_header_size": 8192,
    "max_request_body_size": 1024,
    "channel_timeout": 20,  # seconds in which a request must be there, and an answer be taken
    "cleanup_interval": 5,
    "connection_limit": 400,
    "clear_untrusted_proxy_headers": False,  # `access` refuses them, and so must see them
}
LOOK_S = 5  # for connections that are due to be closed
NEVER_S = 86400
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # malloc.h
LARGE_BLOCK = 1 << 17  # bytes
RARELY = 50_000  # objects
logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page's pictures wait: that is meant


class Task(WSGITask):
    """An answer; one that nothing has changed ends with its headers, and the connection stays."""

    def set_close_on_finish(self) -> None:
        """Close, but not only because a 304 has no length (RFC 9112, 6.3)."""
        asked = self.request.headers.get("CONNECTION", "").lower()  # type: ignore[attr-defined]
        if self.has_body or self.version == "1.0" or asked == "close":
            super().set_close_on_finish()


class Line(socket.socket):
    """A socket that sends by write(2): the service may make no call that could name a receiver."""

    def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]
        """Send to who has connected."""
        return os.write(self.fileno(), data)


class Channel(HTTPChannel):
    """A connection on which neither blank lines nor a request that comes byte by byte count as
    activity."""

    task_class = Task
    _began: float | None = None
    _active: float | None = None

    def __init__(
        self, server: BaseWSGIServer, sock: socket.socket, *others: Any, **more: Any
    ) -> None:
        """What waitress gives it, on a socket of our own."""
        super().__init__(server, Line(fileno=sock.detach()), *others, **more)

    def received(self, data: bytes) -> bool:
        """Take what came; the time counts from the first byte of an unfinished request, and before
        one from the end of the one before."""
        taken: bool = super().received(data)
        self._began = None if self.request is None else self._began or time.time()
        if data.strip():
            self._active = self._began or self.last_activity
        self.last_activity = self._active or self.creation_time
        return taken


BaseWSGIServer.channel_class = Channel


class Server:
    """The pages, on the addresses that the settings tell."""

    def __init__(self, settings: Settings) -> None:
        """Listen; answer once it `run`s. :raises UsageError: the address can't be listened on."""
        self._sockets: dict[int, Any] = {}
        try:
            self._server = create_server(
                make_app(settings),
                map=self._sockets,
                listen=settings.listen,
                ident="slimmemeter",
                **LIMITS,
            )
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot listen on {settings.listen}: {error}") from None

    def run(self) -> None:
        """Answer until Ctrl-C; wake only for who asks, or while somebody is connected."""
        try:
            while self._sockets:
                is_connected = any(isinstance(each, Channel) for each in self._sockets.values())
                if not is_connected:
                    _give_back()
                wasyncore.loop(LOOK_S if is_connected else NEVER_S, True, self._sockets, count=1)
        except (SystemExit, KeyboardInterrupt):
            self._server.task_dispatcher.shutdown()

    def close(self) -> None:
        """Listen no longer."""
        self._server.close()


def serve(settings: Settings) -> None:
    """Serve the pages until the process is told to stop.

    :raises UsageError: the address can't be listened on.
    """
    server = Server(settings)
    print(f"serving the pages of {settings.database} on {settings.listen}", flush=True)
    server.run()


def make_app(settings: Settings) -> Flask:
    """The web app as it is served."""
    app = create_app(settings)
    _take_little_memory(app)
    return app


def _take_little_memory(app: Flask) -> None:
    """Compile the templates now, and let no picture leave a hole: one heap for all threads, and
    each large block its own (glibc's mallopt(3))."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, 1)
        libc.mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
    gc.collect()
    gc.freeze()
    gc.set_threshold(RARELY)  # a year's hours are 100,000 objects, and none of them garbage


def _give_back() -> None:
    """Leave to others what was needed and isn't now (glibc's malloc_trim(3))."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
