"""What the readings tell: registers around instants, series, devices, and what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from slimmemeter.store import schema
from slimmemeter.store.connection import MOST_ROWS, Database, NamedRow
from slimmemeter.store.validation import SET_ASIDE

if TYPE_CHECKING:
    from slimmemeter.store.connection import Values


class Reader(Database):
    """What takes readings out; it never writes, and may not be able to.

    Each method is one statement that is fetched at once, so that no pull has to wait.
    """

    def __init__(self, path: str, timeout_s: float = 2, any_version: bool = False) -> None:
        """:raises StoreError: as `Database`; `HotJournalError` after a pull that was killed."""
        super().__init__(path, "ro", timeout_s, any_version)
        self._db.row_factory = NamedRow

    def _rows(self, sql: str, values: Values = ()) -> list[NamedRow]:
        with self:
            return self._db.execute(sql, values).fetchall()

    def _tuples(self, sql: str, values: Values) -> list[Any]:
        """Rows without the names of their columns: a third of the time where there are many."""
        cursor = self._db.cursor()
        cursor.row_factory = None
        with self:
            return cursor.execute(sql, values).fetchall()

    def series(self, aside: bool = False) -> list[NamedRow]:
        """Each series that has readings, oldest first: id, meter, equipment, header, version,
        registers, opened_by, and the instants of its first and last reading.

        :param aside: also what is in none, as if it were one.
        """
        return self._rows(
            "SELECT * FROM (SELECT s.id, s.meter, s.registers, s.opened_by,"
            f" m.equipment, m.header, m.version, {_ends('readings')}"
            " FROM series AS s JOIN meters AS m ON m.id = s.meter WHERE opened_by <> :aside)"
            " WHERE first IS NOT NULL ORDER BY first",
            _NAMES | ({"aside": ""} if aside else {}),
        )

    def devices(self, aside: bool = False) -> list[NamedRow]:
        """Each M-Bus device, once for each time that its counter restarted: id, equipment, channel,
        type, unit, opened_by, first, last.

        :param aside: as in `series`.
        """
        return self._rows(
            f"SELECT * FROM (SELECT s.*, {_ends('mbus_readings')} FROM mbus_devices AS s"
            " WHERE opened_by <> :aside) WHERE first IS NOT NULL ORDER BY first",
            _NAMES | ({"aside": ""} if aside else {}),
        )

    def curve(
        self, table: str, owner: int, columns: Sequence[str], instants: Sequence[int]
    ) -> list[tuple[int, ...]]:
        """The counters of a series or device at each instant between its first and last reading."""
        return self._beside(table, owner, ", ".join(map(_on_the_line, columns)), instants)

    def around(
        self, table: str, owner: int, columns: Sequence[str], instant: int
    ) -> tuple[int | None, ...]:
        """The readings on both sides of an instant, of one series or device.

        :returns: the instant of the last reading at or before it (None if there is none) and its
            columns, then the instant of the first one at or after it, and its columns.
        """
        told = (f"{side}.{name}" for side in "ba" for name in ("taken_at", *columns))
        row: tuple[int | None, ...] = self._beside(table, owner, ", ".join(told), [instant])[0]
        return row

    def _beside(self, table: str, owner: int, told: str, instants: Sequence[int]) -> list[Any]:
        """For each instant what an SQL expression makes of it (`at`), and of the readings before
        (`b`) and after it (`a`)."""
        return self._tuples(
            f"SELECT {told} FROM (SELECT value + :first AS at FROM json_each(:instants))"
            f" LEFT JOIN {table} AS b ON b.id = (SELECT id FROM {table}"
            " WHERE id BETWEEN :first AND at ORDER BY id DESC LIMIT 1)"
            f" LEFT JOIN {table} AS a ON a.id = (SELECT id FROM {table}"
            " WHERE id BETWEEN at AND :first + :mask ORDER BY id LIMIT 1)",
            {
                "instants": f"[{','.join(map(str, instants))}]",
                "first": owner << schema.INSTANT_BITS,
                "mask": schema.INSTANT_MASK,
            },
        )

    def columns(self, table: str) -> list[str]:
        """The columns that a table has in this file."""
        return [row["name"] for row in self._rows(f"PRAGMA table_xinfo({table})")]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self._rows(f"SELECT count(*) FROM {table}")[0][0])

    def readings(self, table: str, owner: int, columns: Sequence[str]) -> Iterator[NamedRow]:
        """The rows of a series or device, oldest first, some thousands at a time."""
        first = owner << schema.INSTANT_BITS
        after, is_all = first - 1, False
        while not is_all:
            rows = self._rows(
                f"SELECT id, {', '.join(columns)} FROM {table} WHERE id > ? AND id <= ?"
                " ORDER BY id LIMIT ?",
                (after, first + schema.INSTANT_MASK, MOST_ROWS),
            )
            yield from rows
            is_all = len(rows) < MOST_ROWS
            after = rows[-1]["id"] if rows else after

    def lines(
        self, table: str, owner: int, line: str, begin: int, end: int
    ) -> list[tuple[int, str]]:
        """The rows of a series or device in [begin, end): the instant, and what an SQL expression
        makes of each."""
        first = owner << schema.INSTANT_BITS
        return self._tuples(
            f"SELECT id & {schema.INSTANT_MASK}, {line} FROM {table}"
            " WHERE id >= ? AND id < ? ORDER BY id",
            (first + begin, first + end),
        )

    def sampled(self, columns: Sequence[str], begin: int, end: int) -> list[NamedRow]:
        """What the readings of all series in [begin, end) sampled: taken_at and the columns."""
        return self._rows(
            f"SELECT r.taken_at, {', '.join(f'r.{name}' for name in columns)} FROM series AS s"
            " JOIN readings AS r ON r.id BETWEEN (s.id << :bits) + :begin"
            " AND (s.id << :bits) + :end - 1 WHERE s.opened_by <> :aside",
            _NAMES | {"begin": begin, "end": end},
        )

    def newest(self) -> NamedRow | None:
        """The newest reading of all series, every column, or None."""
        series = max(self.series(), key=lambda row: row["last"], default=None)
        if series is None:
            return None
        key = series["id"] << schema.INSTANT_BITS | series["last"]
        return self._rows("SELECT * FROM readings WHERE id = ?", (key,))[0]

    def newest_mbus(self) -> list[NamedRow]:
        """The newest counter of each device: its row of `mbus_devices`, taken_at, counter."""
        return self._rows(
            "SELECT *, max(taken_at) FROM (SELECT d.*, r.taken_at, r.counter FROM mbus_devices AS d"
            " JOIN mbus_readings AS r ON r.id = (SELECT max(id) FROM mbus_readings"
            " WHERE id BETWEEN d.id << :bits AND (d.id << :bits) + :mask)"
            " WHERE d.opened_by <> :aside) GROUP BY equipment, channel, type, unit"
            " ORDER BY type, taken_at DESC",
            _NAMES,
        )

    def events(self, begin: int, end: int) -> list[NamedRow]:
        """What the writer noted that reaches into [begin, end), oldest first."""
        return self._rows(
            "SELECT * FROM events WHERE at < :end AND coalesce(until, at) >= :begin ORDER BY at",
            {"begin": begin, "end": end},
        )

    def newest_events(self, *kinds: str) -> list[NamedRow]:
        """The newest event of each of these kinds."""
        newest = "SELECT * FROM (SELECT * FROM events WHERE kind = ? ORDER BY at DESC LIMIT 1)"
        return self._rows(" UNION ALL ".join([newest] * len(kinds)), kinds)

    def power_failures(self, meter: int | None = None) -> list[NamedRow]:
        """Every long power failure that a meter, or any, told of: ended_at or NULL, duration_s."""
        return self._rows(
            f"SELECT * FROM power_failures {_OF_METER} ORDER BY ended_at DESC", {"meter": meter}
        )

    def damage(self, thorough: bool = False) -> str:
        """What SQLite finds damaged in the file; empty if nothing."""
        check = "PRAGMA integrity_check(3)" if thorough else "PRAGMA quick_check(3)"
        return "; ".join(row[0] for row in self._rows(check) if row[0] != "ok")

    def extent(self) -> tuple[int, int | None, int | None]:
        """How many readings there are, and the instants of the first and the newest."""
        sql = "SELECT count(*), min(taken_at), max(taken_at) FROM readings"
        return tuple(self._rows(sql)[0])

    def month_peaks(self, meter: int | None = None) -> list[NamedRow]:
        """Belgium's month peaks, of a meter or any, newest first: month_ended_at, ended_at,
        power_w."""
        return self._rows(
            f"SELECT * FROM month_peaks {_OF_METER} ORDER BY month_ended_at DESC", {"meter": meter}
        )

    def counters_of(self, meter: int) -> list[NamedRow]:
        """What a meter counted of failures, sags and swells: a row for each change, oldest
        first."""
        return self._rows(f"SELECT * FROM counters {_OF_METER} ORDER BY taken_at", {"meter": meter})

    def counters(self) -> NamedRow | None:
        """The newest counts of failures, sags and swells, or None."""
        rows = self._rows("SELECT * FROM counters ORDER BY taken_at DESC LIMIT 1")
        return rows[0] if rows else None


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


def _on_the_line(register: str) -> str:
    """C as an SQL expression, of the readings `b` at or before an instant and `a` at or after it;
    NULL unless there are both. `at`, `b.id` and `a.id` differ by the seconds between them."""
    begin, rise, whole = f"b.{register}", f"(a.{register} - b.{register})", "(a.id - b.id)"
    # A product of all may have more than SQLite's 64 bits; this is the same, and can't.
    line = f"{rise} / {whole} * (at - b.id) + {rise} % {whole} * (at - b.id) / {whole}"
    return f"{begin} + coalesce({line}, a.{register} - {begin})"
