"""Who may look at the pages, and what a browser may do with them.

Readings tell when a house is empty. So the pages answer the house alone: addresses that can't come
from the internet and those of its own networks, by names that nobody outside can give; a password
if one is set. `guard` is all that the web app knows of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hmac
import os
import re
import socket
import struct
import threading
import time
from array import array
from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv6Address,
    IPv6Interface,
    ip_address,
    ip_network,
)

from flask import Flask, Response, g, request
from werkzeug.security import check_password_hash, generate_password_hash

from slimmemeter.settings import Settings

Address = IPv4Address | IPv6Address
Interface = IPv4Interface | IPv6Interface

LABEL = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
# Names that no public name server knows: a single label, RFC 6762, RFC 8375, ICANN's of 2024, and
# what routers here hand out.
HOME_NAME = re.compile(rf"{LABEL}|({LABEL}\.)+(local|lan|home\.arpa|internal|fritz\.box)")
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]/@]+)(:\d{1,5})?")
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
IPV6_ADDRESSES = "/proc/self/net/if_inet6"
SIOCGIFCONF, SIOCGIFNETMASK = 0x8912, 0x891B  # netdevice(7)
IFREQ = 16 + (24 if struct.calcsize("P") == 8 else 16)  # bytes: a name, then an address

DELAY_S = 1
MOST_DELAYED = 2  # of the server's threads
MOST_PICTURES = 20  # of the server's threads: three pages at once, as left ones are drawn too
HASHED = re.compile(r"(scrypt|pbkdf2):[^$]+\$[^$]+\$[0-9a-f]+")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'"
)


def guard(app: Flask, settings: Settings) -> None:
    """Let an app answer those who may look, and tell browsers what pages may do."""
    gate = Gate(settings)
    app.before_request(gate.refusal)
    app.after_request(gate.with_headers)
    app.teardown_request(gate.leave)


class Gate:
    """What is asked of each request before it is answered."""

    def __init__(self, settings: Settings) -> None:
        self._hosts = settings.hosts
        self._proxy = ip_address(settings.proxy) if settings.proxy else None
        self._password = Password(settings.password) if settings.password else None
        self._ancestors, self._readers = (
            ("*", "cross-origin") if settings.may_embed else ("'none'", "same-origin")
        )
        self._pictures = threading.Semaphore(MOST_PICTURES)

    def refusal(self) -> Response | None:
        """The answer to who may not look, or may not yet; None for the others."""
        peer, host = _address(request.remote_addr), request.headers.get("Host", "")
        if peer is not None and peer == self._proxy:
            peer = _address(_last("X-Forwarded-For"))
            host = _last("X-Forwarded-Host") or host
        elif any(name in request.headers for name in FORWARDED):
            return _refused(403, "this came through a proxy that SLIMMEMETER_PROXY doesn't name")
        if peer is None or not is_at_home(peer):
            return _refused(403, "these pages answer addresses of the house alone")
        if not is_home_name(host, self._hosts):
            return _refused(421, "SLIMMEMETER_HOSTS doesn't have the name by which you came")
        return self._asked_for_password(peer) or self._crowded()

    def _asked_for_password(self, peer: Address) -> Response | None:
        if self._password is None or (request.path == "/healthz" and _is_this_computer(peer)):
            return None
        given = request.authorization
        if given is None or given.type != "basic":
            return _unauthorized()
        verdict = self._password.verdict(peer, given.password or "")
        if verdict == WAIT:
            return _refused(429, "wait a second", {"Retry-After": str(DELAY_S)})
        return None if verdict == RIGHT else _unauthorized()

    def _crowded(self) -> Response | None:
        """Pictures wait for each other; they may not keep all threads from the pages."""
        if request.path.endswith(".png"):
            if not self._pictures.acquire(blocking=False):
                return _refused(503, "too many pictures at once", {"Retry-After": "1"})
            g.holds_picture = True
        return None

    def leave(self, _: BaseException | None) -> None:
        """Another picture may come."""
        if g.pop("holds_picture", False):
            self._pictures.release()

    def with_headers(self, response: Response) -> Response:
        """What browsers are told about every answer."""
        response.headers["Content-Security-Policy"] = f"{POLICY}; frame-ancestors {self._ancestors}"
        response.headers["Cross-Origin-Resource-Policy"] = self._readers
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if response.status_code == 405:
            response.headers["Allow"] = "GET, HEAD"
        return response


def _refused(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return Response(f"{why}\n", status, headers, mimetype="text/plain")


def _unauthorized() -> Response:
    asks = {"WWW-Authenticate": 'Basic realm="slimmemeter", charset="UTF-8"'}
    return _refused(401, "the password, please; any user name", asks)


def _last(header: str) -> str:
    """What the nearest proxy has put in: the last of a list."""
    return request.headers.get(header, "").rpartition(",")[2].strip()


def _address(text: str | None) -> Address | None:
    """An address without its zone, IPv4 also where it is written as IPv6; None if it is none."""
    try:
        address = ip_address((text or "").strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_at_home(address: Address) -> bool:
    """Whether an address can't come from the internet, or is in a network of this computer."""
    tunnelled = isinstance(address, IPv6Address) and (address.teredo or address.sixtofour)
    if not address.is_global and not tunnelled:
        return True
    return any(address in each.network for each in interfaces())


def _is_this_computer(address: Address) -> bool:
    return address.is_loopback or any(address == each.ip for each in interfaces())


def interfaces() -> Iterator[Interface]:
    """The addresses of this computer, each with its network, without a netlink socket, which the
    service may not open."""
    room = array("B", bytes(256 * IFREQ))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        wanted = struct.pack("iP", len(room), room.buffer_info()[0])
        (length,) = struct.unpack_from("i", fcntl.ioctl(asked, SIOCGIFCONF, wanted))
        for at in range(0, length, IFREQ):
            named = room[at : at + IFREQ].tobytes()
            mask = fcntl.ioctl(asked, SIOCGIFNETMASK, named)
            yield IPv4Interface(f"{IPv4Address(named[20:24])}/{IPv4Address(mask[20:24])}")
    with contextlib.suppress(OSError), open(IPV6_ADDRESSES, encoding="ascii") as file:
        for line in file:  # the address, the interface's number, the prefix's length, …
            digits, _, prefix, *_ = line.split()
            yield IPv6Interface((int(digits, 16), int(prefix, 16)))


def is_home_name(host: str, known: tuple[str, ...] = ()) -> bool:
    """Whether a Host header is one that a page from elsewhere can't bring about (DNS rebinding):
    an address, a name that only the house knows, or one of those `known`."""
    parts = HOST.fullmatch(host.lower())
    if parts is None:
        return False
    name = parts["name"].removesuffix(".")
    is_address = _address(name) is not None and "%" not in name
    return is_address or name in known or HOME_NAME.fullmatch(name) is not None


RIGHT, WRONG, WAIT = "right", "wrong", "wait"


class Password:
    """The password, plain or hashed, and who gave a wrong one within the last second."""

    def __init__(self, secret: str) -> None:
        self._key = os.urandom(32)
        self._hash = secret if HASHED.fullmatch(secret) else ""
        self._right = b"" if self._hash else self._digest(secret)
        self._barred: dict[object, float] = {}
        self._looking = threading.Lock()
        self._delayed = threading.Semaphore(MOST_DELAYED)

    def verdict(self, peer: Address, given: str) -> str:
        """RIGHT; WRONG, mostly after a second; WAIT, without looking, if the peer gave a wrong
        one within the last second."""
        house = (
            ip_network((peer, 64), strict=False) if peer.is_global and peer.version == 6 else peer
        )
        with self._looking:  # one at a time, so that nobody tries many at once
            if time.monotonic() < self._barred.get(house, 0):
                return WAIT
            if self._fits(given):
                return RIGHT
            self._bar(house)
        self._delay()
        return WRONG

    def _fits(self, given: str) -> bool:
        digest = self._digest(given)
        if hmac.compare_digest(digest, self._right):
            return True
        if self._hash and check_password_hash(self._hash, given):
            self._right = digest  # as looking at the hash is made to cost a lot
            return True
        return False

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")

    def _bar(self, house: object) -> None:
        now = time.monotonic()
        self._barred = {each: until for each, until in self._barred.items() if now < until}
        self._barred[house] = now + DELAY_S

    def _delay(self) -> None:
        """Let the one who was wrong wait; where too many do, being barred must do."""
        if self._delayed.acquire(blocking=False):
            try:
                time.sleep(DELAY_S)
            finally:
                self._delayed.release()


def hashed(password: str) -> str:
    """A password as the settings may hold it, so that who reads them doesn't know it."""
    return generate_password_hash(password)
