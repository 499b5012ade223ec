"""Validates stored readings again, as after a change to many of them."""

from __future__ import annotations

from slimmemeter.store.stretches import DEVICES, METERS
from slimmemeter.store.writer import Writer


class RevalidatingWriter(Writer):
    """A writer that can validate everything again."""

    def event_counts(self) -> dict[str, int]:
        """The number of events, by kind."""
        with self._explained:
            return dict(
                self._db.execute("SELECT kind, count(*) FROM events GROUP BY kind").fetchall()
            )

    def revalidate(self) -> None:
        """Validate all readings again and record their events again.

        It takes many small transactions, between which pulls go on.
        """
        owners = [
            (tables, tuple(row))
            for tables in (METERS, DEVICES)
            for row in self._db.execute(
                f"SELECT DISTINCT {', '.join(tables.owner)} FROM {tables.series}"
            ).fetchall()
        ]
        for tables, owner in owners:
            after: int | None = -1
            while after is not None:
                self.begin()
                after = self._series_of(tables, owner).revalidate(after)
                self.commit()
