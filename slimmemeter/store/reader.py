"""Reads the database: meters, devices, their series, and registers at instants.

Each method is one statement that is fetched at once, so that no pull has to wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from slimmemeter.store import schema
from slimmemeter.store.log_reader import LogReader
from slimmemeter.store.overlaps import overlaps
from slimmemeter.store.records import (
    Device,
    Event,
    Meter,
    Owner,
    Series,
    StoredReading,
)
from slimmemeter.store.validation.rule import FIRST, RESTARTED, SET_ASIDE


class Reader(LogReader):
    """Reads readings, too."""

    def meters(self, with_others: bool = False) -> list[Owner]:
        """The meters that have readings, oldest first.

        :param with_others: also the other readings of instants that have one, of each meter.
        """
        rows = self._rows(
            "SELECT * FROM (SELECT s.id, s.other, m.id, m.equipment, m.header, m.version,"
            f" {_ends('readings')} FROM series AS s JOIN meters AS m ON m.id = s.meter"
            f" {'' if with_others else 'WHERE NOT other'}) WHERE first NOT NULL ORDER BY first",
            _NAMES,
        )
        return [
            Owner(number, Meter(*meter), first, last, other)
            for number, other, *meter, first, last in rows
        ]

    def devices(self, with_others: bool = False) -> list[Owner]:
        """The devices that have readings, oldest first; `with_others` as above."""
        rows = self._rows(
            "SELECT * FROM (SELECT s.id, s.other, s.equipment, s.channel, s.type, s.unit,"
            f" {_ends('mbus_readings')} FROM mbus_devices AS s"
            f" {'' if with_others else 'WHERE NOT other'}) WHERE first NOT NULL ORDER BY first",
            _NAMES,
        )
        return [
            Owner(number, Device(*device), first, last, other)
            for number, other, *device, first, last in rows
        ]

    def series(self, owners: Sequence[Owner]) -> list[Series]:
        """The series of these meters and devices, the oldest first."""
        rows = self._rows(
            "SELECT series, device, register, kind, at, until FROM events WHERE register NOT NULL"
            " ORDER BY series, device, register, coalesce(at, -1)"
        )
        by_id = {(each.table, each.id): each for each in owners}
        order = {name: place for place, name in enumerate(schema.REGISTERS)}
        found: list[Series] = []
        for (meter, device, register), group in groupby(rows, key=itemgetter(0, 1, 2)):
            key = ("readings", meter) if device is None else ("mbus_readings", device)
            if key in by_id:
                found += _series(by_id[key], register, [row[3:] for row in group])
        return sorted(found, key=lambda each: (each.first, order.get(each.register, 0)))

    def overlaps(self) -> list[Event]:
        """The times at which two meters of electricity both have readings, oldest first."""
        meters = self.meters()
        counting = {each.owner_id for each in self.series(meters)} if len(meters) > 1 else set()
        return overlaps([meter for meter in meters if meter.id in counting])

    def curves(
        self, series: Series, registers: Sequence[str], instants: Sequence[int]
    ) -> list[tuple[int | None, ...]]:
        """Registers of a series' owner at each instant; None where a reading beside it lacks it."""
        return self._neighbours(series, ", ".join(map(_interpolated, registers)), instants)

    def rises(self, series: Sequence[Series]) -> list[int]:
        """What the register of each series counted from its first reading to its last."""
        if not series:
            return []
        rises = (
            f"(SELECT b.{each.register} - a.{each.register} FROM {each.table} AS a,"
            f" {each.table} AS b WHERE a.id = {key + each.first} AND b.id = {key + each.last})"
            for each in series
            for key in [each.owner_id << schema.INSTANT_BITS]
        )
        return [rise or 0 for rise in self._rows(f"SELECT {', '.join(rises)}")[0]]

    def neighbours(
        self, series: Series, instants: Sequence[int]
    ) -> list[tuple[StoredReading | None, StoredReading | None]]:
        """For each instant of a series the last reading at or before it that counts and the first
        one at or after it, with its register alone; None outside of the series."""
        wanted = {at: series.skip(at) or (at, at) for at in instants}
        ends = sorted({end for pair in wanted.values() for end in pair})
        expressions = ", ".join(
            f"{side}.{name}" for side in "ba" for name in ("taken_at", series.register)
        )
        rows = dict(zip(ends, self._neighbours(series, expressions, ends), strict=True))
        return [
            (
                _register_only(series, *rows[begin][:2]) if begin >= series.first else None,
                _register_only(series, *rows[end][2:]) if end <= series.last else None,
            )
            for begin, end in map(wanted.__getitem__, instants)
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
                "first": series.owner_id << schema.INSTANT_BITS,
                "mask": schema.INSTANT_MASK,
            },
        )

    def columns(self, table: str) -> list[str]:
        """The columns that a table has in this file."""
        return [row["name"] for row in self._named_rows(f"PRAGMA table_xinfo({table})")]

    def count(self, table: str) -> int:
        """The number of rows of a table."""
        return int(self._rows(f"SELECT count(*) FROM {table}")[0][0])

    def lines(self, owner: Owner, line: str, begin: int, end: int) -> list[tuple[int, str]]:
        """For each reading of an owner in [begin, end) its instant and an SQL expression's text."""
        first = owner.id << schema.INSTANT_BITS
        return self._rows(
            f"SELECT id & {schema.INSTANT_MASK}, {line} FROM {owner.table}"
            " WHERE id >= ? AND id < ? ORDER BY id",
            (first + begin, first + end),
        )

    def sampled(
        self, columns: Sequence[str], borders: Sequence[int], is_zero_known: bool
    ) -> list[tuple[int, list[tuple[int | None, int | None, float | None]]]]:
        """For each bucket with readings, of all meters, its number, and for each column the lowest,
        the highest and the mean value; None without any. What a person has set aside doesn't
        count, nor does a value of 0 unless it is known to be one."""
        values = [f"r.{name}" if is_zero_known else f"nullif(r.{name}, 0)" for name in columns]
        statistics = (f"min({value}), max({value}), avg({value})" for value in values)
        rows = self._rows(
            "WITH buckets AS (SELECT key, value AS begin, lead(value) OVER (ORDER BY key) AS end"
            f" FROM json_each(:borders)) SELECT key, {', '.join(statistics)}"
            " FROM buckets JOIN series AS s JOIN readings AS r ON r.id BETWEEN"
            " (s.id << :bits) + begin AND (s.id << :bits) + end - 1"
            " WHERE end NOT NULL AND NOT s.other AND NOT EXISTS (SELECT 1 FROM overrides AS o"
            " WHERE o.series = s.id AND r.id & :mask BETWEEN o.at AND o.until) GROUP BY key",
            _NAMES | {"borders": f"[{','.join(map(str, borders))}]"},
        )
        return [(key, list(zip(*[iter(found)] * 3, strict=True))) for key, *found in rows]

    def reading(self, meter: Owner, at: int) -> StoredReading:
        """The reading of a meter at exactly that instant, with all its values."""
        key = meter.id << schema.INSTANT_BITS | at
        row = self._named_rows("SELECT * FROM readings WHERE id = ?", (key,))[0]
        values = {
            name: row[name]
            for name in row.keys()  # noqa: SIM118 - a Row iterates over its values
            if name not in schema.ABOUT_A_READING and row[name] is not None
        }
        return StoredReading(row["taken_at"], row["delay_s"], values.pop("tariff", None), values)

    def damage(self, thorough: bool = False) -> str:
        """What SQLite finds damaged in the file; empty if nothing."""
        check = "PRAGMA integrity_check(3)" if thorough else "PRAGMA quick_check(3)"
        return "; ".join(text for (text,) in self._rows(check) if text != "ok")

    def mark(self) -> str:
        """What tells this database from others: eight hexadecimal digits; empty before schema 2,
        and if anything else is there, as it becomes a part of a file's name."""
        rows = self._rows("SELECT mark FROM file LIMIT 1") if self.columns("file") else []
        mark = str(rows[0][0]) if rows else ""
        return mark if len(mark) == 8 and not mark.strip("0123456789abcdef") else ""

    def extent(self) -> tuple[int, int | None, int | None]:
        """The number of readings, and the instants of the first and the newest."""
        sql = "SELECT count(*), min(taken_at), max(taken_at) FROM readings"
        count, first, newest = self._rows(sql)[0]
        return count, first, newest


_NAMES = {"bits": schema.INSTANT_BITS, "mask": schema.INSTANT_MASK}


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


def _series(owner: Owner, register: str, events: Sequence[tuple[Any, ...]]) -> Iterator[Series]:
    """The series of a register.

    :param events: the kind, `at` and `until` of each, in order.
    """
    begin, opened_by, end = owner.first, FIRST, owner.last
    skips: list[tuple[int, int]] = []
    waits = False
    for kind, at, until in events:
        if kind == FIRST:
            begin = until
        elif kind == RESTARTED:
            yield Series(owner.id, owner.about, register, opened_by, begin, at, tuple(skips))
            begin, opened_by, skips = until, kind, []
        elif until is None:
            end, waits = at, kind == SET_ASIDE
        else:
            skips.append((at, until))
    if begin <= end:  # as it isn't after rows were deleted by hand
        yield Series(owner.id, owner.about, register, opened_by, begin, end, tuple(skips), waits)


def _register_only(series: Series, at: int | None, counter: int | None) -> StoredReading | None:
    if at is None or counter is None:
        return None
    return StoredReading(at, None, None, {series.register: counter})
