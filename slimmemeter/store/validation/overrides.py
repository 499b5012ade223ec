"""The times that a person has set aside, of one meter or device."""

from __future__ import annotations

from slimmemeter.store.validation.events import Events
from slimmemeter.store.validation.rule import BY_HAND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection

    from slimmemeter.store.validation.points import Points

    Time = tuple[int, int, int | None]  # its first instant, its last one, the import it is from


class Overrides:
    """Its rows in `overrides`: none overlaps another; between two of one source is a reading."""

    def __init__(self, db: Connection, points: Points, column: str) -> None:
        """:param column: of the owner in `overrides`: series or device."""
        self._db = db
        self._points = points
        self._of_owner = f"FROM overrides WHERE {column} = {points.ids[0]}"
        self._column = column

    def add(self, at: int, until: int, source: int | None = None) -> None:
        """Set a time aside, as one with those next to it if no reading is in between.

        :param source: the import that brings it; None if a person does so here.
        """
        before = self._points.neighbour(at, after=False)
        after = self._points.neighbour(until, after=True)
        near = self._within(before.at if before else at, after.at if after else until)
        rest = _without(near, at, until)
        own = [time for time in rest if time[2] == source]
        first = min([at, *(low for low, _, _ in own)])
        last = max([until, *(high for _, high, _ in own)])
        others = [time for time in rest if time[2] != source]
        self._replace(near, [*others, (first, last, source)])

    def take_back(self, at: int, until: int) -> None:
        """Let a time count again; what is set aside before and after it stays so."""
        near = self._within(at, until)
        self._replace(near, _without(near, at, until))

    def count(self, at: int, until: int) -> int:
        """The number of readings of a time that are set aside."""
        within = self._within(at, until)
        parts = [(max(at, low), min(until, high)) for low, high, _ in within]
        return sum(self._points.extent(*part)[2] for part in parts)

    def note(self) -> None:
        """Store an event for each that has readings."""
        events = Events(self._db, self._column, self._points.ids[0])
        events.forget_kind(BY_HAND)
        for time in self._points.overrides:
            first, last, count = self._points.extent(*time)
            if count:
                events.put((BY_HAND, first, None if first == last else last, count, None))

    def _within(self, low: int, high: int) -> list[Time]:
        within = f"SELECT at, until, source {self._of_owner} AND at <= ? AND until >= ?"
        return self._db.execute(within, (high, low)).fetchall()

    def _replace(self, old: Sequence[Time], new: Sequence[Time]) -> None:
        delete = f"DELETE {self._of_owner} AND at = ? AND until = ? AND source IS ?"
        self._db.executemany(delete, old)
        self._db.executemany(
            f"INSERT INTO overrides ({self._column}, at, until, source) VALUES (?, ?, ?, ?)",
            [(self._points.ids[0], *time) for time in new],
        )
        self._points.look_at_overrides()
        self.note()


def _without(times: Sequence[Time], at: int, until: int) -> list[Time]:
    """What is left of times outside of another one."""
    before = [(low, min(high, at - 1), source) for low, high, source in times]
    after = [(max(low, until + 1), high, source) for low, high, source in times]
    return [time for time in before + after if time[0] <= time[1]]
