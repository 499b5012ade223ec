"""The stored readings of one meter or device, and the points of each of its registers."""

from __future__ import annotations

from slimmemeter.store import schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection

    from slimmemeter.store.validation.rule import Point

Counters = tuple["int | None", ...]
MOST_OTHERS = 3  # values of one instant beside the first


class Tables:
    """Where the readings of meters, or of devices, are stored."""

    def __init__(self, readings: str, series: str, owner: Sequence[str], gap_s: int) -> None:
        self.readings = readings
        self.series = series
        self.owner = owner  # columns of `series` that identify the meter or device
        self.gap_s = gap_s  # a longer time between two readings is a gap
        self.event = "device" if series == "mbus_devices" else "series"  # column of `events`


METERS = Tables("readings", "series", ("meter",), 1800)
DEVICES = Tables(
    "mbus_readings",
    "mbus_devices",
    ("equipment", "channel", "type", "unit"),
    7200,  # hourly stamps are normal
)


class Row:
    """A stored reading as it is validated: its instant, counters and the meter's clock."""

    __slots__ = ("at", "clock", "counters")

    def __init__(self, at: int, counters: Counters, clock: int | None = None) -> None:
        self.at = at
        self.counters = counters  # None: the reading doesn't have the register
        self.clock = clock  # the time of the meter's clock unless that is `at`


class Points:
    """The rows of one meter or device; valid for one transaction.

    They are stored under its series. Another value of an instant that has one is stored under
    another id of the same owner, from 1 to `MOST_OTHERS`.
    """

    def __init__(
        self, db: Connection, tables: Tables, owner: Sequence[object], columns: Sequence[str]
    ) -> None:
        """:param columns: the registers, which come first, and `meter_clock` if it is stored."""
        self._db = db
        self._tables = tables
        self._owner = owner
        self._columns = ", ".join(("id", *columns))
        self.registers = [name for name in columns if name != schema.METER_CLOCK]
        whose = " AND ".join(f"{column} IS ?" for column in tables.owner)
        self.has_clock = schema.METER_CLOCK in columns
        found = db.execute(f"SELECT other, id FROM {tables.series} WHERE {whose}", owner)
        self.ids: dict[int, int] = dict(found.fetchall())  # by `other`; 0 is the series
        self.overrides: list[tuple[int, int]] = []  # times that a person has set aside
        self._not_aside = ""
        if self.ids:
            self.look_at_overrides()

    @property
    def device(self) -> str:
        """A device in a sentence: its id, or its channel if it sends none."""
        equipment, channel, *_ = self._owner
        return f"device {equipment or f'on channel {channel}'}"

    def look_at_overrides(self) -> None:
        """See which times are set aside now."""
        of_owner = f"FROM overrides AS o WHERE o.{self._tables.event} = {self.ids[0]}"
        self.overrides = self._db.execute(f"SELECT at, until {of_owner} ORDER BY at").fetchall()
        within = f"id & {schema.INSTANT_MASK} BETWEEN o.at AND o.until"
        self._not_aside = (
            f" AND NOT EXISTS (SELECT 1 {of_owner} AND {within})" if self.overrides else ""
        )

    @property
    def has_others(self) -> bool:
        """Whether any instant has more than one reading."""
        return len(self.ids) > 1

    def is_aside(self, at: int, until: int | None = None) -> bool:
        """Whether a person has set an instant aside, or any between two."""
        until = at if until is None else until
        return any(low <= until and at <= high for low, high in self.overrides)

    def extent(self, at: int, until: int) -> tuple[int, int, int]:
        """The first and the last reading of a time, and how many there are, if any."""
        first = self.ids[0] << schema.INSTANT_BITS
        found: tuple[int, int, int] = self._db.execute(
            f"SELECT min(id) & :mask, max(id) & :mask, count(*) FROM {self._tables.readings}"
            " WHERE id BETWEEN :low AND :high",
            {"mask": schema.INSTANT_MASK, "low": first + at, "high": first + until},
        ).fetchone()
        return found

    def make(self, other: int = 0) -> int:
        """The id for readings that are the first of their instant, or for others."""
        if other not in self.ids:
            columns = (*self._tables.owner, "other")
            made = self._db.execute(
                f"INSERT INTO {self._tables.series} ({', '.join(columns)})"
                f" VALUES ({', '.join('?' * len(columns))})",
                (*self._owner, other),
            )
            self.ids[other] = int(made.lastrowid or 0)
        return self.ids[other]

    def at(self, instant: int) -> list[Row]:
        """The readings of exactly that instant, the first one first."""
        keys = [number << schema.INSTANT_BITS | instant for number in self.ids.values()]
        rows = self._db.execute(
            f"SELECT {self._columns} FROM {self._tables.readings}"
            f" WHERE id IN ({', '.join('?' * len(keys))})",
            keys,
        ).fetchall()
        by_id = {row[0]: self._row(row) for row in rows}
        ids = (self.ids[other] << schema.INSTANT_BITS | instant for other in sorted(self.ids))
        return [by_id[key] for key in ids if key in by_id]

    def neighbour(self, instant: int, after: bool) -> Row | None:
        """The next reading after or before an instant."""
        if not self.ids:
            return None
        first = self.ids[0] << schema.INSTANT_BITS
        low, high = (instant + 1, schema.INSTANT_MASK) if after else (0, instant - 1)
        row = self._db.execute(
            f"SELECT {self._columns} FROM {self._tables.readings}"
            f" WHERE id BETWEEN ? AND ? ORDER BY id {'ASC' if after else 'DESC'} LIMIT 1",
            (first + max(low, 0), first + high),
        ).fetchone()
        return None if row is None else self._row(row)

    def _row(self, row: tuple[int | None, ...]) -> Row:
        width = len(self.registers)
        clock = row[width + 1] if len(row) > width + 1 else None
        return Row((row[0] or 0) & schema.INSTANT_MASK, row[1 : width + 1], clock)

    def some(
        self, register: str, low: int, high: int, limit: int, descending: bool = False
    ) -> list[Point]:
        """The first points of a register from one instant to another, or the last ones backwards;
        of equal ones one."""
        found: set[Point] = set()
        for number in self.ids.values():
            first = number << schema.INSTANT_BITS
            rows = self._db.execute(
                f"SELECT id & {schema.INSTANT_MASK}, {register} FROM {self._tables.readings}"
                f" WHERE id BETWEEN ? AND ? AND {register} NOT NULL{self._not_aside}"
                f" ORDER BY id {'DESC' if descending else 'ASC'} LIMIT ?",
                (first + max(low, 0), first + min(high, schema.INSTANT_MASK), limit),
            )
            found.update(rows.fetchall())
        return sorted(found, reverse=descending)[:limit]

    def before(self, register: str, point: Point) -> Point | None:
        """The last point of a register before another one."""
        found = self.some(register, 0, point[0], 1 + len(self.ids), descending=True)
        return next((each for each in found if each < point), None)

    def after(self, register: str, point: Point) -> Point | None:
        """The first point of a register after another one."""
        found = self.some(register, point[0], schema.INSTANT_MASK, 1 + len(self.ids))
        return next((each for each in found if each > point), None)

    def count(self, register: str, low: int, high: int, most: int = -1) -> int:
        """The number of readings with a register from one instant to another, if it isn't more than
        `most`."""
        first = self.ids[0] << schema.INSTANT_BITS
        (number,) = self._db.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {self._tables.readings}"
            f" WHERE id BETWEEN ? AND ? AND {register} NOT NULL{self._not_aside} LIMIT ?)",
            (first + low, first + high, most),
        ).fetchone()
        return int(number)

    def counts(self, register: str, at: int, until: int | None) -> bool:
        """Whether a register has a series, and no event of it reaches between two readings."""
        has_any, inside = self._db.execute(
            "SELECT count(*), total(coalesce(at, -1) < :until AND coalesce(until, :end) > :at)"
            f" FROM events WHERE {self._tables.event} = :owner AND register = :register",
            {
                "at": at,
                "until": schema.INSTANT_MASK if until is None else until,
                "end": schema.INSTANT_MASK + 1,
                "owner": self.ids[0],
                "register": register,
            },
        ).fetchone()
        return bool(has_any and not inside)

    def has_rows_between(self, at: int, until: int) -> bool:
        """Whether there is a reading between two instants, with whatever registers."""
        found = self.neighbour(at, after=True)
        return found is not None and found.at < until

    def first_at_least(self, register: str, begin: Point, end: Point, counter: int) -> Point | None:
        """The first point with at least this counter, of points that only rise."""
        if end[1] < counter:
            return None
        low, high = begin, end  # the point that is sought is after `low`, or `high`
        if low[1] >= counter:
            return low
        while (middle := self._middle(register, low, high)) is not None:
            low, high = (low, middle) if middle[1] >= counter else (middle, high)
        return high

    def _middle(self, register: str, low: Point, high: Point) -> Point | None:
        """A point between two others; None if there is none."""
        half = (low[0] + high[0]) // 2
        found = self.some(register, low[0] + 1, half, 1, descending=True)
        found = found or self.some(register, half + 1, high[0] - 1, 1)
        return found[0] if found else None

    def settle(self, instant: int, other: int) -> None:
        """Let another reading of an instant be the first one if that was removed."""
        first, second = (self.ids[number] << schema.INSTANT_BITS | instant for number in (0, other))
        self._db.execute(
            f"UPDATE OR IGNORE {self._tables.readings} SET id = ? WHERE id = ?", (first, second)
        )

    def exchange(self, instant: int, other: int) -> None:
        """Let another reading of an instant be the first one of it."""
        table = self._tables.readings
        first, second, spare = (
            number << schema.INSTANT_BITS | instant for number in (self.ids[0], self.ids[other], 0)
        )
        for old, new in ((first, spare), (second, first), (spare, second)):
            self._db.execute(f"UPDATE {table} SET id = ? WHERE id = ?", (new, old))

    def others(self, low: int, high: int) -> list[tuple[int, int]]:
        """The instants from one to another that have more than one value, each with the number of
        the other one."""
        found = []
        for other, number in self.ids.items():
            if other:
                rows = self._db.execute(
                    f"SELECT id & {schema.INSTANT_MASK} FROM {self._tables.readings}"
                    " WHERE id BETWEEN ? AND ?",
                    (number << schema.INSTANT_BITS | low, number << schema.INSTANT_BITS | high),
                )
                found += [(at, other) for (at,) in rows.fetchall()]
        return sorted(found)
