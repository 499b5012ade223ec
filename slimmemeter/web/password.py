"""The password of the pages: plain or hashed, and slow to guess."""

from __future__ import annotations

import hmac
import os
import re
import threading
import time
from ipaddress import ip_network

from werkzeug.security import check_password_hash, generate_password_hash

from slimmemeter.web.network import Address

DELAY_S = 1
MOST_DELAYED = 2  # of the server's threads
HASHED = re.compile(r"(scrypt|pbkdf2):[^$]+\$[^$]+\$[0-9a-f]+")
RIGHT, WRONG, WAIT = "right", "wrong", "wait"


class Password:
    """The password, and the visitors that sent a wrong one within the last second."""

    def __init__(self, secret: str) -> None:
        self._key = os.urandom(32)
        self._hash = secret if HASHED.fullmatch(secret) else ""
        self._right = b"" if self._hash else self._digest(secret)
        self._barred: dict[object, float] = {}
        self._looking = threading.Lock()
        self._delayed = threading.Semaphore(MOST_DELAYED)

    def check(self, peer: Address, given: str) -> str:
        """RIGHT; WRONG, mostly after a second; WAIT, unchecked, if the last one was a second ago.

        An IPv6 network of 64 bits counts as one visitor.
        """
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
            self._right = digest  # checking a hash is slow on purpose
            return True
        return False

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")

    def _bar(self, house: object) -> None:
        now = time.monotonic()
        self._barred = {each: until for each, until in self._barred.items() if now < until}
        self._barred[house] = now + DELAY_S

    def _delay(self) -> None:
        """Let this visitor wait, unless too many do: being barred is enough then."""
        if self._delayed.acquire(blocking=False):
            try:
                time.sleep(DELAY_S)
            finally:
                self._delayed.release()


def hashed(password: str) -> str:
    """A password in the form in which settings can contain it without revealing it."""
    return generate_password_hash(password)
