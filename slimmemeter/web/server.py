"""waitress, which serves the pages."""

from __future__ import annotations

import importlib
import logging
import threading
from typing import Any

from waitress.server import BaseWSGIServer, MultiSocketServer, create_server

from slimmemeter.errors import UsageError
from slimmemeter.settings import Settings
from slimmemeter.web.app import create_app
from slimmemeter.web.connections import OTHERS_AT_ONCE, PICTURES_AT_ONCE, STALLED_S, Turns

PARAMETERS: dict[str, Any] = {
    "threads": PICTURES_AT_ONCE + OTHERS_AT_ONCE,
    "send_bytes": 1 << 18,  # smaller pieces of an answer double the latency
    "outbuf_overflow": 1 << 26,  # answers stay in memory; /tmp may be full
    "max_request_header_size": 8192,
    "max_request_body_size": 1024,
    "channel_timeout": STALLED_S,  # for a request to be complete
    "cleanup_interval": 5,
    "connection_limit": 400,  # more than `connections` lets there be
    "clear_untrusted_proxy_headers": False,  # `access` refuses them, and so must see them
    "asyncore_loop_timeout": 5,  # seconds between two wake-ups while nothing happens
}
logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page's pictures wait on purpose


def make_server(settings: Settings) -> BaseWSGIServer | MultiSocketServer:
    """A server that listens; `run` answers. :raises UsageError: the address can't be used."""
    app = create_app(settings)
    for name in app.jinja_env.list_templates():  # compiled before the first visitor
        app.jinja_env.get_template(name)
    try:
        server = create_server(app, listen=settings.listen, ident="slimmemeter", **PARAMETERS)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot listen on {settings.listen}: {error}") from None
    dispatcher = server.task_dispatcher
    dispatcher.queue = Turns(dispatcher.queue_cv)  # type: ignore[assignment]
    return server


def serve(settings: Settings) -> None:
    """Serve the pages until the process is stopped. :raises UsageError: as `make_server`."""
    server = make_server(settings)
    print(f"serving the pages of {settings.database} on {settings.listen}", flush=True)
    threading.Thread(target=_load_matplotlib, daemon=True).start()
    server.run()


def _load_matplotlib() -> None:
    """It takes seconds on a small computer: the first picture needn't wait for all of them."""
    importlib.import_module("slimmemeter.charts.draw")
