"""waitress, which serves the pages."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import socket
import threading
from typing import Any

from waitress import wasyncore
from waitress.server import BaseWSGIServer, MultiSocketServer, create_server

from slimmemeter.errors import UsageError
from slimmemeter.settings import Settings
from slimmemeter.web.app import create_app
from slimmemeter.web.connections import OTHERS_AT_ONCE, PICTURES_AT_ONCE, STALLED_S, Channel, Turns

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
ENDING_LOOP_S = 0.1
WAITING_FIRST_S = 1  # who waits for this start gets a page before matplotlib takes the processor
FIRST_HANDED = 3  # the number of the first file that systemd hands over
Watched = dict[int, Any]  # waitress's objects by file number
logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page's pictures wait on purpose


def make_server(
    settings: Settings, watched: Watched | None = None
) -> BaseWSGIServer | MultiSocketServer:
    """A server that listens, on the sockets that were handed over or else where the settings say;
    `run` answers.

    :param watched: gets whatever the server's loop watches.
    :raises UsageError: the address can't be used.
    """
    handed = handed_over()
    app = create_app(settings, _asked(handed))
    for name in app.jinja_env.list_templates():  # compiled before the first visitor
        app.jinja_env.get_template(name)
    where: dict[str, Any] = {"sockets": handed} if handed else {"listen": settings.listen}
    try:
        server = create_server(app, watched, ident="slimmemeter", **where, **PARAMETERS)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot listen on {settings.listen}: {error}") from None
    dispatcher = server.task_dispatcher
    dispatcher.queue = Turns(dispatcher.queue_cv)  # type: ignore[assignment]
    return server


def handed_over() -> list[socket.socket]:
    """The listening sockets that systemd has opened for this process (sd_listen_fds(3))."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=FIRST_HANDED + number) for number in range(count)]


def _asked(handed: list[socket.socket]) -> socket.socket | None:
    """The one to ask for this computer's IPv4 addresses, where no other may be opened."""
    of_ipv4 = [each for each in handed if each.family == socket.AF_INET]
    return next(iter(of_ipv4 or handed), None)


def serve(settings: Settings) -> None:
    """Serve the pages until the process is stopped, and finish then what visitors have asked.

    :raises UsageError: as `make_server`.
    """
    watched: Watched = {}
    server = make_server(settings, watched)
    listening = [each for each in watched.values() if isinstance(each, BaseWSGIServer)]

    def end(*_: object) -> None:
        for each in listening:
            each.accepting = False
        listening[0].pull_trigger()  # so that the loop goes on now

    signal.signal(signal.SIGTERM, end)
    where = " and ".join(_address(each.sockinfo[3]) for each in listening)
    print(f"serving the pages of {settings.database} on {where}", flush=True)
    loading = threading.Timer(WAITING_FIRST_S, _load_matplotlib)
    loading.start()
    try:
        _answer(listening, watched, loading)
    except KeyboardInterrupt:
        loading.cancel()
    server.task_dispatcher.shutdown()


def _address(bound: tuple[Any, ...]) -> str:
    host, port, *_ = bound
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def _answer(listening: list[BaseWSGIServer], watched: Watched, loading: threading.Timer) -> None:
    """Answer until nobody accepts visitors any more, and then those who are there.

    An interpreter that ends while a thread loads a library aborts, so that is waited for, too.
    """
    while listening[0].accepting:
        wasyncore.loop(PARAMETERS["asyncore_loop_timeout"], map=watched, count=1)
    loading.cancel()
    is_waited_for = True
    while is_waited_for:  # and once at least, as a request may have come meanwhile
        wasyncore.loop(ENDING_LOOP_S, map=watched, count=1)
        channels = [each for each in watched.values() if isinstance(each, Channel)]
        is_waited_for = loading.is_alive() or any(each.is_waited_for() for each in channels)


def _load_matplotlib() -> None:
    """It takes seconds on a small computer: the first picture needn't wait for all of them."""
    importlib.import_module("slimmemeter.charts.draw")
