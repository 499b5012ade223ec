"""Who may see the pages, and what a browser may do with them.

Readings show when a house is empty. So the pages answer the house alone: addresses that can't be in
the internet and those of its own networks, under names that nobody outside can have, and with a
password if one is set. `guard` is all that the web app uses.
"""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address

from flask import Flask, Response, request

from slimmemeter.settings import Settings
from slimmemeter.web.network import (
    Address,
    is_at_home,
    is_home_name,
    parse_address,
)
from slimmemeter.web.password import DELAY_S, RIGHT, WAIT, Password

# A request with one of these came through a proxy, or somebody pretends so.
FORWARDED = frozenset(
    "forwarded via x-real-ip x-client-ip x-cluster-client-ip x-original-forwarded-for"
    " x-original-host cf-connecting-ip cf-ray true-client-ip fastly-client-ip cdn-loop".split()
)
FORWARDED_PREFIX = "x-forwarded"
PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")
REACHED = "slimmemeter.reached"  # in the environment: the address that the visitor reached

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'"
)


def guard(app: Flask, settings: Settings, asked: socket.socket | None = None) -> None:
    """Let an app answer only visitors who may see it, with headers that limit what pages may do.

    :param asked: as of `network.interfaces`.
    """
    gate = Gate(settings, asked)
    app.before_request(gate.refusal)
    app.after_request(gate.with_headers)


class Gate:
    """The checks before a request is answered."""

    def __init__(self, settings: Settings, asked: socket.socket | None) -> None:
        self._asked = asked
        self._hosts = settings.hosts
        self._networks = settings.networks
        self._proxy = ip_address(settings.proxy) if settings.proxy else None
        self._password = Password(settings.password) if settings.password else None
        self._ancestors, self._readers = (
            ("*", "cross-origin") if settings.may_embed else ("'none'", "same-origin")
        )

    def refusal(self) -> Response | None:
        """The answer to a visitor who may not see the pages, or not yet; None for the others."""
        peer, reached = (
            parse_address(each) for each in (request.remote_addr, request.environ.get(REACHED))
        )
        hosts = [request.headers.get("Host", "")]
        if peer is not None and peer == self._proxy and not _is_own_health_check():
            peer, reached = parse_address(_last("X-Forwarded-For")), None
            if peer is None:
                return _refused(403, "the proxy doesn't name its visitor in X-Forwarded-For")
            if not PREFIX.fullmatch(_last("X-Forwarded-Prefix")):
                return _refused(400, "X-Forwarded-Prefix is not a path")
            hosts += [_last("X-Forwarded-Host")] * ("X-Forwarded-Host" in request.headers)
        elif _is_forwarded():
            return _refused(403, "this came through a proxy that SLIMMEMETER_PROXY doesn't name")
        if peer is None or not is_at_home(peer, reached, self._networks, self._asked):
            return _refused(403, "these pages answer addresses of the house only")
        if not all(is_home_name(host, self._hosts) for host in hosts):
            return _refused(421, "the name that you used is missing in SLIMMEMETER_HOSTS")
        return self._password_refusal(peer, reached)

    def _password_refusal(self, peer: Address, reached: Address | None) -> Response | None:
        is_here = peer.is_loopback or peer == reached
        if self._password is None or (request.path == "/healthz" and is_here):
            return None
        given = request.authorization
        if given is None or given.type != "basic":
            return _unauthorized()
        result = self._password.check(peer, given.password or "")
        if result == WAIT:
            again = {"Retry-After": str(DELAY_S), "Refresh": str(DELAY_S)}
            return _refused(429, "too many wrong passwords came: wait a second", again)
        return None if result == RIGHT else _unauthorized()

    def with_headers(self, response: Response) -> Response:
        """Add the limits for browsers to an answer."""
        response.headers["Content-Security-Policy"] = f"{POLICY}; frame-ancestors {self._ancestors}"
        response.headers["Cross-Origin-Resource-Policy"] = self._readers
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if response.status_code == 405:
            response.headers["Allow"] = "GET, HEAD"
        return response


def _is_forwarded() -> bool:
    names = (name.lower() for name in request.headers.keys())  # noqa: SIM118 - it yields pairs
    return any(name in FORWARDED or name.startswith(FORWARDED_PREFIX) for name in names)


def _is_own_health_check() -> bool:
    """Whether a program beside the proxy asks, such as the doctor, and not the proxy."""
    return request.path == "/healthz" and not _is_forwarded()


def _refused(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return Response(f"{why}\n", status, headers, mimetype="text/plain")


def _unauthorized() -> Response:
    asks = {"WWW-Authenticate": 'Basic realm="slimmemeter", charset="UTF-8"'}
    return _refused(401, "a password is needed; any user name will do", asks)


def _last(header: str) -> str:
    """What the nearest proxy has added: the last of a list."""
    return request.headers.get(header, "").rpartition(",")[2].strip()
