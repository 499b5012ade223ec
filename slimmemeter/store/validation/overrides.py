"""The times that a person has set aside, of one meter or device."""

from __future__ import annotations

from slimmemeter.store.validation.events import Events
from slimmemeter.store.validation.rule import BY_HAND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection

    from slimmemeter.store.validation.points import Points

    Time = tuple[int, int]  # its first instant and its last one


class Overrides:
    """Its rows in `overrides`: none overlaps another, and between two of them is a reading."""

    def __init__(self, db: Connection, points: Points, column: str) -> None:
        """:param column: of the owner in `overrides`: series or device."""
        self._db = db
        self._points = points
        self._column = column

    def add(self, at: int, until: int) -> None:
        """Set a time aside, as one with those next to it if no reading is in between."""
        before = self._points.neighbour(at, after=False)
        after = self._points.neighbour(until, after=True)
        near = self._within(before.at if before else at, after.at if after else until)
        whole = min([at, *(low for low, _ in near)]), max([until, *(high for _, high in near)])
        self._replace(near, [whole])

    def take_back(self, at: int, until: int) -> None:
        """Let a time count again; what is set aside before and after it stays so."""
        near = self._within(at, until)
        rest = [(low, at - 1) for low, _ in near] + [(until + 1, high) for _, high in near]
        self._replace(near, [(low, high) for low, high in rest if low <= high])

    def count(self, at: int, until: int) -> int:
        """The number of readings of a time that are set aside."""
        parts = [(max(at, low), min(until, high)) for low, high in self._within(at, until)]
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
        return [each for each in self._points.overrides if each[0] <= high and each[1] >= low]

    def _replace(self, old: Sequence[Time], new: Sequence[Time]) -> None:
        owner = self._points.ids[0]
        self._db.executemany(
            f"DELETE FROM overrides WHERE {self._column} = ? AND at = ? AND until = ?",
            [(owner, *time) for time in old],
        )
        self._db.executemany(
            f"INSERT INTO overrides ({self._column}, at, until) VALUES (?, ?, ?)",
            [(owner, *time) for time in new],
        )
        self._points.look_at_overrides()
        self.note()
