"""Reads what happened: events, and what meters keep beside their registers."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from slimmemeter.p1.reading import MonthPeak, PowerFailure
from slimmemeter.store import schema
from slimmemeter.store.connection import Database
from slimmemeter.store.prices import LONGEST_PRICE_S
from slimmemeter.store.records import Event
from slimmemeter.store.validation.rule import BY_HAND, SET_ASIDE

if TYPE_CHECKING:
    from slimmemeter.store.connection import Values

_EVENT = "kind, series, device, register, at, until, readings, detail"
_OF_METER = "WHERE :meter IS NULL OR meter = :meter"


class LogReader(Database):
    """Reads, and never writes; its user may not even be able to."""

    def __init__(self, path: str, timeout_s: float = 2, any_version: bool = False) -> None:
        """:raises StoreError: as `Database`; `HotJournalError` after a pull that was killed."""
        super().__init__(path, "ro", timeout_s, any_version)

    def _rows(self, sql: str, values: Values = ()) -> list[Any]:
        with self._explained:
            return self._db.execute(sql, values).fetchall()

    def _named_rows(self, sql: str, values: Values = ()) -> list[sqlite3.Row]:
        cursor = self._db.cursor()
        cursor.row_factory = sqlite3.Row
        with self._explained:
            return cursor.execute(sql, values).fetchall()

    def events(self, begin: int, end: int) -> list[Event]:
        """The events that reach into [begin, end), oldest first."""
        rows = self._rows(
            f"SELECT {_EVENT} FROM events WHERE at < :end AND coalesce(until, at) >= :begin"
            " AND (register IS NULL OR kind <> :by_hand) ORDER BY at",
            {"begin": begin, "end": end, "by_hand": BY_HAND},
        )
        return [Event(*row) for row in rows]

    def waiting(self) -> list[Event]:
        """Registers whose newest readings are set aside until they are understood."""
        rows = self._rows(
            f"SELECT {_EVENT} FROM events WHERE register NOT NULL AND kind = ? AND until IS NULL"
            " ORDER BY at",
            (SET_ASIDE,),
        )
        return [Event(*row) for row in rows]

    def newest_events(self, now: int, *kinds: str) -> list[Event]:
        """The newest event of each of these kinds up to now."""
        newest = (
            f"SELECT * FROM (SELECT {_EVENT} FROM events WHERE kind = ? AND at <= ?"
            " ORDER BY at DESC LIMIT 1)"
        )
        values = [each for kind in kinds for each in (kind, now)]
        rows = self._rows(" UNION ALL ".join([newest] * len(kinds)), values)
        return [Event(*row) for row in rows]

    def power_failures(self, meter: int | None = None) -> list[PowerFailure]:
        """Every long power failure in the log of a meter, or of all, newest first."""
        rows = self._rows(
            f"SELECT ended_at, duration_s FROM power_failures {_OF_METER} ORDER BY ended_at DESC",
            {"meter": meter},
        )
        return [PowerFailure(*row) for row in rows]

    def month_peaks(self, meter: int | None = None) -> list[MonthPeak]:
        """Belgium's month peaks of a meter, or of all, newest first."""
        rows = self._rows(
            f"SELECT month_ended_at, ended_at, power_w FROM month_peaks {_OF_METER}"
            " ORDER BY month_ended_at DESC",
            {"meter": meter},
        )
        return [MonthPeak(*row) for row in rows]

    def counts(self, meter: int) -> list[tuple[int, dict[str, int]]]:
        """The instant and a meter's counts of failures, sags and swells, for each change."""
        rows = self._named_rows(
            f"SELECT * FROM counters {_OF_METER} ORDER BY taken_at", {"meter": meter}
        )
        return [(row["taken_at"], _counts(row)) for row in rows]

    def newest_counts(self) -> dict[str, int]:
        """The newest counts of failures, sags and swells; empty without any."""
        rows = self._named_rows("SELECT * FROM counters ORDER BY taken_at DESC LIMIT 1")
        return _counts(rows[0]) if rows else {}

    def prices(self, energy: str, begin: int, end: int) -> list[tuple[int, int, int]]:
        """The prices of the day-ahead market that reach into [begin, end), oldest first: start and
        length in seconds, and millionths of a euro per MWh or m3."""
        if not self._has_prices():
            return []
        return self._rows(
            "SELECT start, length_s, price_ueur FROM prices WHERE energy = ?"
            " AND start > ? AND start < ? ORDER BY start",
            (energy, begin - LONGEST_PRICE_S, end),
        )

    def _has_prices(self) -> bool:
        return bool(self._rows("SELECT 1 FROM sqlite_schema WHERE name = 'prices'"))


def _counts(row: sqlite3.Row) -> dict[str, int]:
    return {name: row[name] for name in schema.COUNTERS if row[name] is not None}
