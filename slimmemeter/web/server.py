"""waitress, which serves the pages."""

from __future__ import annotations

import logging
import os
import socket
import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, MultiSocketServer, create_server
from waitress.task import WSGITask

from slimmemeter.errors import UsageError
from slimmemeter.settings import Settings
from slimmemeter.web.access import REACHED
from slimmemeter.web.app import create_app

PARAMETERS: dict[str, Any] = {
    "threads": 24,  # more than `access` lets pictures have
    "send_bytes": 1 << 18,  # smaller pieces of an answer double the latency
    "outbuf_overflow": 1 << 26,  # answers stay in memory; /tmp may be full
    "max_request_header_size": 8192,
    "max_request_body_size": 1024,
    "channel_timeout": 20,  # seconds for a request to be complete, and for an answer to be taken
    "cleanup_interval": 5,
    "connection_limit": 400,
    "clear_untrusted_proxy_headers": False,  # `access` refuses them, and so must see them
    "asyncore_loop_timeout": 5,  # seconds between two wake-ups while nothing happens
}
logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page's pictures wait on purpose


class WritingSocket(socket.socket):
    """A socket that sends by write(2): the service may not call anything that names a receiver."""

    def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]
        """Send to the visitor who has connected."""
        return os.write(self.fileno(), data)


class Task(WSGITask):
    """A request, which also states which address of this computer it reached."""

    def get_environment(self) -> dict[str, Any]:
        """The WSGI environment."""
        environment: dict[str, Any] = super().get_environment()
        connection = self.channel.socket
        environment[REACHED] = connection.getsockname()[0] if connection else None  # it is closed
        return environment


class Channel(HTTPChannel):
    """A connection on which neither blank lines nor a request byte by byte count as activity."""

    task_class = Task
    _began: float | None = None
    _active: float | None = None

    def __init__(
        self, server: BaseWSGIServer, sock: socket.socket, *others: Any, **more: Any
    ) -> None:
        """As waitress does, on a socket of our own."""
        super().__init__(server, WritingSocket(fileno=sock.detach()), *others, **more)

    def received(self, data: bytes) -> bool:
        """Take the next bytes.

        The time counts from the first byte of an unfinished request; before one, from the end of
        the request before.
        """
        taken: bool = super().received(data)
        self._began = None if self.request is None else self._began or time.time()
        if data.strip():
            self._active = self._began or self.last_activity
        self.last_activity = self._active or self.creation_time
        return taken


BaseWSGIServer.channel_class = Channel


def make_server(settings: Settings) -> BaseWSGIServer | MultiSocketServer:
    """A server that listens; `run` answers. :raises UsageError: the address can't be used."""
    app = create_app(settings)
    for name in app.jinja_env.list_templates():  # compiled before the first visitor
        app.jinja_env.get_template(name)
    try:
        return create_server(app, listen=settings.listen, ident="slimmemeter", **PARAMETERS)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot listen on {settings.listen}: {error}") from None


def serve(settings: Settings) -> None:
    """Serve the pages until the process is stopped. :raises UsageError: as `make_server`."""
    server = make_server(settings)
    print(f"serving the pages of {settings.database} on {settings.listen}", flush=True)
    server.run()
