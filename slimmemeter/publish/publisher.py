"""Sends one target what it lacks, and keeps how far it came."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Never

from tqdm import tqdm

from slimmemeter import process
from slimmemeter.errors import PublishError
from slimmemeter.publish.outbox import Outbox
from slimmemeter.publish.positions import Positions
from slimmemeter.publish.target import Target
from slimmemeter.settings import Settings
from slimmemeter.store.outbox import OutboxWriter

if TYPE_CHECKING:
    Bar = tqdm[Never]

MORE_S = 15  # for the batch that is on its way when the time is over


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

    def publish(self, to: Target, until_s: float | None) -> int:
        """Send what the target lacks.

        :param until_s: when to stop, as a time of `time.monotonic`; None: when all is sent.
        :returns: the number of readings.
        :raises PublishError: it can't be reached, or refuses; what it has by then is kept.
        """
        try:
            with self._limited(until_s), _progress(self._outbox, self._name) as bar:
                if self._send_all(to, until_s, bar):
                    to.show(self._outbox.house)
        finally:
            self._save()
        return self._count

    def _send_all(self, to: Target, until_s: float | None, bar: Bar) -> bool:
        """Whether the target has everything, and not only what there was time for."""
        for batch in self._outbox.batches():  # it is here when the one before has arrived
            self._positions.keep(self._name, self._outbox.cursors)
            if until_s is not None and time.monotonic() > until_s:
                return False
            to.send(batch)
            self._batch_count += 1
            self._count += batch.count
            bar.update(batch.count)
        return True

    @contextmanager
    def _limited(self, until_s: float | None) -> Iterator[None]:
        """Break off what hangs in a library."""
        if until_s is None:
            yield
            return
        late = PublishError(f"{self._name} doesn't take readings in time; the next run goes on")
        with process.Deadline(until_s + MORE_S, late):
            yield

    def _save(self) -> None:
        """In memory; and in the database if an hour is over, and at the end of a catch-up."""
        self._positions.keep(self._name, self._outbox.cursors)
        was_catching_up = self._batch_count > 1 or self._outbox.left
        if was_catching_up or self._positions.is_due(self._name):
            with OutboxWriter(self._settings.database, self._settings.timeout_s) as writer:
                writer.save(self._name, self._outbox.cursors, self._outbox.left)
            self._positions.saved(self._name)


@contextmanager
def _progress(outbox: Outbox, name: str) -> Iterator[Bar]:
    """A bar with an estimate, on a terminal only."""
    is_shown = sys.stderr.isatty()
    total = outbox.count if is_shown else None
    with tqdm(total=total, desc=name, unit=" readings", disable=not is_shown) as bar:
        yield bar
