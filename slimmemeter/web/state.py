"""What all requests share: where the readings are, and the pictures that were drawn."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import current_app

from slimmemeter import zones
from slimmemeter.settings import Settings
from slimmemeter.store.reader import Reader
from slimmemeter.store.records import StoredReading
from slimmemeter.store.snapshot import Snapshot

PICTURES_BYTES = 2_000_000


class NoReadingError(Exception):
    """There is no database, or no reading in it yet."""


class Site:
    """The house's pages: the settings, and the only cache, of pictures."""

    def __init__(self, settings: Settings) -> None:
        self.database = settings.database
        self.contracts = settings.contracts_path
        self.language = settings.language
        self.publishes = bool(settings.publish)
        self.fetches_prices = bool(settings.prices)
        self.zone = zones.of(settings.zone)
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._keeping = threading.Lock()
        self._drawing = threading.Lock()

    @contextmanager
    def house(self) -> Iterator[Snapshot]:
        """A look at the house for one request; the file may be another than in the last one.

        :raises NoReadingError: there is no database yet.
        """
        if not os.path.exists(self.database):
            raise NoReadingError
        with Reader(self.database) as reader:
            yield Snapshot(reader)

    def picture(self, key: str, draw: Callable[[], bytes]) -> bytes:
        """The picture of that key; if it isn't kept, it is drawn, one at a time for matplotlib."""
        with self._drawing:
            return self.kept_picture(key) or self._keep(key, draw())

    def kept_picture(self, key: str) -> bytes | None:
        """The picture of that key if it is kept; it waits for none that is being drawn."""
        with self._keeping:
            return self._pictures.get(key)

    def _keep(self, key: str, picture: bytes) -> bytes:
        """Keep a picture, and as many of the newest others as there is room for."""
        with self._keeping:
            self._pictures[key] = picture
            self._bytes += len(picture)
            while self._bytes > PICTURES_BYTES:
                self._bytes -= len(self._pictures.popitem(last=False)[1])
        return picture


def newest_of(house: Snapshot) -> StoredReading:
    """The newest reading. :raises NoReadingError: there is none."""
    if house.newest is None:
        raise NoReadingError
    return house.newest


def site() -> Site:
    """The site of the current request."""
    found: Site = current_app.extensions["slimmemeter"]
    return found
