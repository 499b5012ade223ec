"""Sends one target what it lacks, and keeps how far it came."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from slimmemeter import process, progress
from slimmemeter.errors import PublishError
from slimmemeter.progress import Show
from slimmemeter.publish.outbox import Outbox
from slimmemeter.publish.positions import Positions
from slimmemeter.publish.target import Target
from slimmemeter.settings import Settings
from slimmemeter.store.outbox import OutboxWriter

LAST_BATCH = 0.3  # the part of the time in which no other batch begins


class Publisher:
    """One run for one target."""

    def __init__(self, settings: Settings, positions: Positions, name: str, outbox: Outbox) -> None:
        """:param name: of the target."""
        self._settings = settings
        self._positions = positions
        self._name = name
        self._outbox = outbox
        self._batch_count = 0
        self._count = 0  # readings that were sent

    def publish(self, to: Target, within_s: float | None, is_init: bool) -> Iterator[str]:
        """Send what the target lacks. :returns: what was done, line by line.

        :param within_s: the time for it; None: until all is sent.
        :param is_init: whether to make the tables that it needs.
        :raises PublishError: it can't be reached, or refuses; what it has by then is kept.
        """
        about = self._name, lambda: self._outbox.count, " readings"
        try:
            with self._limited(within_s), to, progress.shown(*about) as show:
                if is_init:
                    yield to.prepare()
                if self._send_all(to, within_s, show):
                    to.show(self._outbox.house)
        finally:
            self._save()
        yield f"{self._count} readings"

    def _send_all(self, to: Target, within_s: float | None, show: Show) -> bool:
        """Whether the target has everything, and not only what there was time for."""
        until_s = math.inf if within_s is None else time.monotonic() + within_s * (1 - LAST_BATCH)
        for batch in self._outbox.batches():  # it is here when the one before has arrived
            self._positions.keep(self._name, self._outbox.cursors)
            if time.monotonic() > until_s:
                return False
            to.send(batch)
            self._batch_count += 1
            self._count += batch.count
            show(self._count)
        return True

    @contextmanager
    def _limited(self, within_s: float | None) -> Iterator[None]:
        """Break off what hangs in a library."""
        if within_s is None:
            yield
            return
        late = PublishError(f"{self._name} doesn't take readings in time; the next run goes on")
        with process.Deadline(time.monotonic() + within_s, late):
            yield

    def _save(self) -> None:
        """In memory; and in the database if an hour is over, and at the end of a catch-up."""
        self._positions.keep(self._name, self._outbox.cursors)
        was_catching_up = self._batch_count > 1 or self._outbox.left
        if was_catching_up or self._positions.is_due(self._name):
            with OutboxWriter(self._settings.database, self._settings.timeout_s) as writer:
                writer.save(self._name, self._outbox.cursors, self._outbox.left)
            self._positions.saved(self._name)
