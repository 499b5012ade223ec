"""What all requests share: where the readings are, and the pictures that were drawn."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import current_app

from slimmemeter.settings import Settings
from slimmemeter.store.reader import Reader

PICTURES_BYTES = 2_000_000


class NoReadingError(Exception):
    """There is no database, or nothing in it yet."""


class Site:
    """What the routes share: the settings, and the pictures that were drawn."""

    def __init__(self, settings: Settings) -> None:
        self.database = settings.database
        self.language = settings.language
        self.zone = settings.zone_info()
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._drawing = threading.Lock()

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """A reader for one request; the file may have been replaced since the last one.

        :raises NoReadingError: there is no database yet.
        """
        if not os.path.exists(self.database):
            raise NoReadingError
        reader = Reader(self.database)
        try:
            yield reader
        finally:
            reader.close()

    def forget_pictures(self) -> None:
        """Keep none of those that were drawn."""
        self._pictures.clear()
        self._bytes = 0

    def picture(self, key: str, draw: Callable[[], bytes]) -> bytes:
        """The picture of that key, drawn once while the readings stay as they are."""
        with self._drawing:  # matplotlib draws for one thread at a time
            if key not in self._pictures:
                self._pictures[key] = draw()
                self._bytes += len(self._pictures[key])
                while self._bytes > PICTURES_BYTES:
                    self._bytes -= len(self._pictures.popitem(last=False)[1])
            return self._pictures[key]


def site() -> Site:
    """The site of the current request."""
    found: Site = current_app.extensions["slimmemeter"]
    return found
