"""Stores the events of meters' or of devices' series."""

from __future__ import annotations

from slimmemeter.store.validation import GAP, OTHER_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from sqlite3 import Connection

    from slimmemeter.store.validation import Found, Stretch


class Events:
    """The events of one kind of owner."""

    def __init__(self, db: Connection, column: str) -> None:
        """:param column: of the series in `events`: series or device."""
        self._db = db
        self._column = column

    def between(
        self, begin: int, end: int, with_first: bool, stretches: Mapping[int, Stretch]
    ) -> set[Found]:
        """The stored events of these stretches from one reading to another.

        :param with_first: also those of the first reading, and not only its gap.
        """
        found = self._db.execute(
            f"SELECT kind, {self._column}, at, until, detail FROM events"
            f" WHERE at BETWEEN ? AND ? AND {self._column} IS NOT NULL AND kind <> ?",
            (begin, end, OTHER_VALUE),
        )
        return {
            (kind, stretches[stretch], at, until, detail)
            for kind, stretch, at, until, detail in found.fetchall()
            if stretch in stretches
            and (until is None or until <= end)
            and (kind == GAP or at > begin or with_first)
        }

    def put(self, event: Found) -> None:
        """Store an event."""
        kind, stretch, at, until, detail = event
        self._db.execute(
            f"INSERT INTO events (kind, {self._column}, at, until, detail) VALUES (?, ?, ?, ?, ?)",
            (kind, stretch.id, at, until, detail),
        )

    def delete(self, event: Found) -> None:
        """Delete an event."""
        kind, stretch, at, until, _ = event
        self._db.execute(
            f"DELETE FROM events WHERE kind = ? AND {self._column} = ? AND at = ? AND until IS ?",
            (kind, stretch.id, at, until),
        )

    def move(self, old: int, new: int | None) -> None:
        """Give the events of a deleted series to its neighbour; delete them if it has none."""
        if new is None:
            self._db.execute(f"DELETE FROM events WHERE {self._column} = ?", (old,))
        else:
            sql = f"UPDATE events SET {self._column} = ? WHERE {self._column} = ?"
            self._db.execute(sql, (new, old))

    def put_other_value(self, series: int | None, at: int, values: tuple[int | None, int]) -> None:
        """Record, once for each instant, that a device sent two counters of it."""
        self._db.execute(
            f"INSERT INTO events (kind, {self._column}, at, detail) SELECT :kind, :series, :at,"
            f" :detail WHERE NOT EXISTS (SELECT 1 FROM events WHERE kind = :kind"
            f" AND {self._column} = :series AND at = :at)",
            {
                "kind": OTHER_VALUE,
                "series": series,
                "at": at,
                "detail": f"{values[0]} {values[1]}",
            },
        )
