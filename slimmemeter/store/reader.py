"""Reads the database: series, registers at instants, and what happened.

Each method is one statement that is fetched at once, so that no pull has to wait.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from slimmemeter.p1.reading import MonthPeak, PowerFailure
from slimmemeter.store import schema
from slimmemeter.store.connection import MOST_ROWS, Database
from slimmemeter.store.records import Device, Event, Meter, Series, StoredCounter, StoredReading
from slimmemeter.store.validation import SET_ASIDE

if TYPE_CHECKING:
    from slimmemeter.store.connection import Values


class Reader(Database):
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

    def meter_series(self, with_set_aside: bool = False) -> list[Series]:
        """The series of meters that have readings, oldest first.

        :param with_set_aside: also the readings that don't count, as a series of each meter.
        """
        rows = self._rows(
            "SELECT * FROM (SELECT s.id, m.id, m.equipment, m.header, m.version, s.registers,"
            f" s.opened_by, {_ends('readings')} FROM series AS s JOIN meters AS m ON m.id = s.meter"
            " WHERE opened_by <> :aside) WHERE first IS NOT NULL ORDER BY first",
            _NAMES | ({"aside": ""} if with_set_aside else {}),
        )
        return [
            Series(number, Meter(*meter), tuple(registers.split()), opened_by, first, last)
            for number, *meter, registers, opened_by, first, last in rows
        ]

    def device_series(self, with_set_aside: bool = False) -> list[Series]:
        """The series of devices that have readings, oldest first; `with_set_aside` as above."""
        rows = self._rows(
            "SELECT * FROM (SELECT s.id, s.equipment, s.channel, s.type, s.unit, s.opened_by,"
            f" {_ends('mbus_readings')} FROM mbus_devices AS s WHERE opened_by <> :aside)"
            " WHERE first IS NOT NULL ORDER BY first",
            _NAMES | ({"aside": ""} if with_set_aside else {}),
        )
        return [
            Series(number, Device(*device), ("counter",), opened_by, first, last)
            for number, *device, opened_by, first, last in rows
        ]

    def curve(self, series: Series, instants: Sequence[int]) -> list[tuple[int, ...]]:
        """The registers of a series at each instant between its first and last reading."""
        return self._neighbours(series, ", ".join(map(_interpolated, series.registers)), instants)

    def neighbours(
        self, series: Series, instants: Sequence[int]
    ) -> list[tuple[StoredReading | None, StoredReading | None]]:
        """For each instant the last reading at or before it and the first one at or after it, with
        the series' registers; None if there is none."""
        columns = ("taken_at", *series.registers)
        expressions = ", ".join(f"{side}.{name}" for side in "ba" for name in columns)
        rows = self._neighbours(series, expressions, instants)
        middle = len(columns)
        return [
            (_registers_only(series, row[:middle]), _registers_only(series, row[middle:]))
            for row in rows
        ]

    def _neighbours(self, series: Series, expressions: str, instants: Sequence[int]) -> list[Any]:
        """SQL expressions for each instant, of `at` and the readings before (`b`) and after (`a`)
        it."""
        table = series.table
        return self._rows(
            f"SELECT {expressions} FROM (SELECT value + :first AS at FROM json_each(:instants))"
            f" LEFT JOIN {table} AS b ON b.id = (SELECT id FROM {table}"
            " WHERE id BETWEEN :first AND at ORDER BY id DESC LIMIT 1)"
            f" LEFT JOIN {table} AS a ON a.id = (SELECT id FROM {table}"
            " WHERE id BETWEEN at AND :first + :mask ORDER BY id LIMIT 1)",
            {
                "instants": f"[{','.join(map(str, instants))}]",
                "first": series.id << schema.INSTANT_BITS,
                "mask": schema.INSTANT_MASK,
            },
        )

    def columns(self, table: str) -> list[str]:
        """The columns that a table has in this file."""
        return [row["name"] for row in self._named_rows(f"PRAGMA table_xinfo({table})")]

    def count(self, table: str) -> int:
        """The number of rows of a table."""
        return int(self._rows(f"SELECT count(*) FROM {table}")[0][0])

    def readings(self, series: Series) -> Iterator[StoredReading]:
        """The readings of a meter's series with all values, oldest first, fetched in parts."""
        names = [name for name in self.columns("readings") if name not in schema.ABOUT_A_READING]
        for row in self._pages(series, ("taken_at", "delay_s", *names)):
            values = {name: row[name] for name in names if row[name] is not None}
            tariff = values.pop("tariff", None)
            yield StoredReading(row["taken_at"], row["delay_s"], tariff, values)

    def counters_of(self, series: Series) -> Iterator[StoredCounter]:
        """The counters of a device's series, oldest first, fetched in parts."""
        assert isinstance(series.owner, Device)
        for row in self._pages(series, ("taken_at", "counter")):
            yield StoredCounter(series.owner, row["taken_at"], row["counter"])

    def _pages(self, series: Series, columns: Sequence[str]) -> Iterator[sqlite3.Row]:
        first = series.id << schema.INSTANT_BITS
        after, is_all = first - 1, False
        while not is_all:
            rows = self._named_rows(
                f"SELECT id, {', '.join(columns)} FROM {series.table} WHERE id > ? AND id <= ?"
                " ORDER BY id LIMIT ?",
                (after, first + schema.INSTANT_MASK, MOST_ROWS),
            )
            yield from rows
            is_all = len(rows) < MOST_ROWS
            after = rows[-1]["id"] if rows else after

    def lines(self, series: Series, line: str, begin: int, end: int) -> list[tuple[int, str]]:
        """For each reading of a series in [begin, end) its instant and an SQL expression's text."""
        first = series.id << schema.INSTANT_BITS
        return self._rows(
            f"SELECT id & {schema.INSTANT_MASK}, {line} FROM {series.table}"
            " WHERE id >= ? AND id < ? ORDER BY id",
            (first + begin, first + end),
        )

    def sampled(
        self, columns: Sequence[str], borders: Sequence[int]
    ) -> list[tuple[int, list[tuple[int | None, int | None, float | None]]]]:
        """For each bucket with readings, of all meters, its number, and for each column the lowest,
        the highest and the mean value; None without any. A value of 0 doesn't count."""
        values = [f"nullif(r.{name}, 0)" for name in columns]
        statistics = (f"min({value}), max({value}), avg({value})" for value in values)
        rows = self._rows(
            "WITH buckets AS (SELECT key, value AS begin, lead(value) OVER (ORDER BY key) AS end"
            f" FROM json_each(:borders)) SELECT key, {', '.join(statistics)}"
            " FROM buckets JOIN series AS s JOIN readings AS r ON r.id BETWEEN"
            " (s.id << :bits) + begin AND (s.id << :bits) + end - 1"
            " WHERE end NOT NULL AND s.opened_by <> :aside GROUP BY key",
            _NAMES | {"borders": f"[{','.join(map(str, borders))}]"},
        )
        return [(key, list(zip(*[iter(found)] * 3, strict=True))) for key, *found in rows]

    def reading(self, series: Series, at: int) -> StoredReading:
        """The reading of a series at exactly that instant, with all its values."""
        key = series.id << schema.INSTANT_BITS | at
        row = self._named_rows("SELECT * FROM readings WHERE id = ?", (key,))[0]
        values = {
            name: row[name]
            for name in row.keys()  # noqa: SIM118 - a Row iterates over its values
            if name not in schema.ABOUT_A_READING and row[name] is not None
        }
        return StoredReading(row["taken_at"], row["delay_s"], values.pop("tariff", None), values)

    def newest_counters(self) -> list[StoredCounter]:
        """The newest counter of each device, by type; of one type the newest first."""
        rows = self._rows(
            "SELECT equipment, channel, type, unit, max(taken_at), counter FROM"
            " (SELECT d.*, r.taken_at, r.counter FROM mbus_devices AS d"
            " JOIN mbus_readings AS r ON r.id = (SELECT max(id) FROM mbus_readings"
            " WHERE id BETWEEN d.id << :bits AND (d.id << :bits) + :mask)"
            " WHERE d.opened_by <> :aside) GROUP BY equipment, channel, type, unit"
            " ORDER BY type, taken_at DESC",
            _NAMES,
        )
        return [StoredCounter(Device(*device), at, counter) for *device, at, counter in rows]

    def events(self, begin: int, end: int) -> list[Event]:
        """The events that reach into [begin, end), oldest first."""
        rows = self._rows(
            "SELECT kind, series, device, at, until, detail FROM events"
            " WHERE at < :end AND coalesce(until, at) >= :begin ORDER BY at",
            {"begin": begin, "end": end},
        )
        return [Event(*row) for row in rows]

    def newest_events(self, *kinds: str) -> list[Event]:
        """The newest event of each of these kinds."""
        newest = (
            "SELECT * FROM (SELECT kind, series, device, at, until, detail FROM events"
            " WHERE kind = ? ORDER BY at DESC LIMIT 1)"
        )
        return [Event(*row) for row in self._rows(" UNION ALL ".join([newest] * len(kinds)), kinds)]

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

    def damage(self, thorough: bool = False) -> str:
        """What SQLite finds damaged in the file; empty if nothing."""
        check = "PRAGMA integrity_check(3)" if thorough else "PRAGMA quick_check(3)"
        return "; ".join(text for (text,) in self._rows(check) if text != "ok")

    def extent(self) -> tuple[int, int | None, int | None]:
        """The number of readings, and the instants of the first and the newest."""
        sql = "SELECT count(*), min(taken_at), max(taken_at) FROM readings"
        count, first, newest = self._rows(sql)[0]
        return count, first, newest


_OF_METER = "WHERE :meter IS NULL OR meter = :meter"
_NAMES = {
    "bits": schema.INSTANT_BITS,
    "mask": schema.INSTANT_MASK,
    "aside": SET_ASIDE,
}


def _ends(table: str) -> str:
    """Columns `first` and `last`: the instants between which `s.id` has rows in a packed table."""
    return ", ".join(
        f"(SELECT {which}(id) & :mask FROM {table}"
        f" WHERE id BETWEEN s.id << :bits AND (s.id << :bits) + :mask) AS {name}"
        for which, name in (("min", "first"), ("max", "last"))
    )


def _interpolated(register: str) -> str:
    """The counter curve as an SQL expression: exact at a reading, straight between two.

    NULL unless there is a reading on both sides. `at`, `b.id` and `a.id` differ by the seconds
    between them.
    """
    begin, rise, whole = f"b.{register}", f"(a.{register} - b.{register})", "(a.id - b.id)"
    # rise * seconds / whole could exceed SQLite's 64 bits; this is the same, and can't.
    line = f"{rise} / {whole} * (at - b.id) + {rise} % {whole} * (at - b.id) / {whole}"
    return f"{begin} + coalesce({line}, a.{register} - {begin})"


def _registers_only(series: Series, row: Sequence[int | None]) -> StoredReading | None:
    at, *counters = row
    if at is None:
        return None
    pairs = zip(series.registers, counters, strict=True)
    return StoredReading(
        at, None, None, {name: value for name, value in pairs if value is not None}
    )


def _counts(row: sqlite3.Row) -> dict[str, int]:
    return {name: row[name] for name in schema.COUNTERS if row[name] is not None}
