"""Validates stored readings again, as after an upgrade or a change to many of them.

It takes many small transactions, between which pulls go on, and goes on where it was interrupted.
"""

from __future__ import annotations

import math
import time

from slimmemeter.store.connection import MOST_ROWS
from slimmemeter.store.validation.points import DEVICES, METERS, Tables
from slimmemeter.store.validation.rule import BY_HAND
from slimmemeter.store.writer import Writer


class RevalidatingWriter(Writer):
    """A writer that can validate everything again."""

    def events_of(self, kind: str) -> set[tuple[object, ...]]:
        """The events of a kind; of what is set aside by hand those of no register."""
        with self._explained:
            rows = self._db.execute(
                "SELECT series, device, register, at, until, readings, detail FROM events"
                " WHERE kind = ? AND (register IS NULL OR kind <> ?)",
                (kind, BY_HAND),
            )
            return set(rows.fetchall())

    def revalidate(self) -> None:
        """Validate all readings again and record their events again."""
        self.begin()
        self._db.execute("DELETE FROM unvalidated")
        for tables in (METERS, DEVICES):
            self._db.execute(
                f"INSERT INTO unvalidated ({tables.event}, after)"
                f" SELECT id, -1 FROM {tables.series} WHERE NOT other"
            )
        self.commit()
        self.validate_the_rest()

    def validate_the_rest(self, until_s: float = math.inf) -> None:
        """Go on with what an upgrade or an interrupted `revalidate` has left.

        :param until_s: when to stop, as a time of `time.monotonic`.
        """
        for tables in (METERS, DEVICES):
            while (owner := self._unvalidated(tables)) is not None:
                if time.monotonic() > until_s:
                    return
                self._validate_next(tables, *owner)

    def _unvalidated(self, tables: Tables) -> tuple[int, int] | None:
        sql = f"SELECT {tables.event}, after FROM unvalidated WHERE {tables.event} NOT NULL LIMIT 1"
        with self._explained:
            found: tuple[int, int] | None = self._db.execute(sql).fetchone()
        return found

    def _validate_next(self, tables: Tables, number: int, after: int) -> None:
        """Validate the next readings of an owner; after the last ones, weigh its registers."""
        self.begin()
        columns = ", ".join(tables.owner)
        (owner,) = self._db.execute(
            f"SELECT {columns} FROM {tables.series} WHERE id = ?", (number,)
        ).fetchall()
        until = self._series_of(tables, owner).revalidate(after, MOST_ROWS)
        if until is None:
            sql = f"DELETE FROM unvalidated WHERE {tables.event} = ?"
            self._db.execute(sql, (number,))
        else:
            sql = f"UPDATE unvalidated SET after = ? WHERE {tables.event} = ?"
            self._db.execute(sql, (until, number))
        self.commit()
