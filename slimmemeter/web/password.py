"""The password of the pages: plain or hashed, and slow to guess."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import threading
import time
from ipaddress import ip_network

from werkzeug.security import check_password_hash

from slimmemeter.web.network import Address

DELAY_S = 1
MOST_DELAYED = 2  # of the server's threads
MOST_GUESSES, GUESSES_PER_S = (
    20,
    2,
)  # of all unknown visitors together: at once, and in the long run
HASHED = re.compile(r"(scrypt:\d+:\d+:\d+|pbkdf2:[^$]+)\$[^$]+\$[0-9a-f]+")
SCRYPT = (1 << 15, 8, 1)  # n, r and p of RFC 7914
RIGHT, WRONG, WAIT = "right", "wrong", "wait"


class Password:
    """The password, and who has guessed it, rightly or wrongly, since the start.

    Visitors who have known it once never wait for those who guess; these are limited by address,
    and as addresses cost nothing, all together.
    """

    def __init__(self, secret: str) -> None:
        self._key = os.urandom(32)
        self._hash = secret if HASHED.fullmatch(secret) else ""
        self._right = b"" if self._hash else self._digest(secret)
        self._known: set[object] = set()
        self._barred: dict[object, float] = {}
        self._guesses, self._counted_at_s = float(MOST_GUESSES), time.monotonic()
        self._looking = threading.Lock()
        self._hashing = threading.Lock()
        self._delayed = threading.Semaphore(MOST_DELAYED)

    def check(self, peer: Address, given: str) -> str:
        """RIGHT; WRONG, mostly after a second; WAIT, unchecked, after too many wrong ones.

        An IPv6 network of 64 bits counts as one visitor.
        """
        house = (
            ip_network((peer, 64), strict=False) if peer.is_global and peer.version == 6 else peer
        )
        digest = self._digest(given)
        with self._looking:
            if house in self._known and hmac.compare_digest(digest, self._right):
                return RIGHT
            if not self._may_guess(house):
                return WAIT
        if self._fits(given, digest):
            with self._looking:
                self._known.add(house)
                self._guesses += 1
            return RIGHT
        with self._looking:
            self._barred[house] = time.monotonic() + DELAY_S
        self._delay()
        return WRONG

    def _may_guess(self, house: object) -> bool:
        """Whether neither this visitor nor all together have guessed too often; this counts."""
        now_s = time.monotonic()
        self._barred = {each: until for each, until in self._barred.items() if now_s < until}
        gained = (now_s - self._counted_at_s) * GUESSES_PER_S
        self._guesses, self._counted_at_s = min(self._guesses + gained, MOST_GUESSES), now_s
        if house in self._barred or self._guesses < 1:
            return False
        self._guesses -= 1
        return True

    def _fits(self, given: str, digest: bytes) -> bool:
        if hmac.compare_digest(digest, self._right):
            return True
        with self._hashing:  # one at a time: checking a hash is slow on purpose
            if self._hash and _fits_hash(self._hash, given):
                self._right = digest
                return True
        return False

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")

    def _delay(self) -> None:
        """Let this visitor wait, unless too many do: being barred is enough then."""
        if self._delayed.acquire(blocking=False):
            try:
                time.sleep(DELAY_S)
            finally:
                self._delayed.release()


def hashed(password: str) -> str:
    """A password in the form in which settings can contain it without revealing it.

    It is the one of werkzeug's newer versions, which that of Debian 12 doesn't know.
    """
    salt = secrets.token_urlsafe(12)
    n, r, p = SCRYPT
    return f"scrypt:{n}:{r}:{p}${salt}${_scrypt(password, salt, n, r, p)}"


def _fits_hash(secret: str, given: str) -> bool:
    method, salt, digest = secret.split("$")
    if not method.startswith("scrypt:"):
        return check_password_hash(secret, given)
    return hmac.compare_digest(_scrypt(given, salt, *map(int, method.split(":")[1:])), digest)


def _scrypt(password: str, salt: str, n: int, r: int, p: int) -> str:
    most = 132 * n * r * p  # bytes of memory
    secret = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt.encode(), n=n, r=r, p=p, maxmem=most).hex()
