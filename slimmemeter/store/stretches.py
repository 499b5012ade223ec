"""The stored series of one meter or device, and its stored readings as points."""

from __future__ import annotations

from slimmemeter.store import schema
from slimmemeter.store.validation import SET_ASIDE, Point, Stretch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection


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


class Stretches:
    """The stored series of one meter or device; valid for one transaction."""

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
        found = db.execute(f"SELECT id, opened_by FROM {tables.series} WHERE {whose}", owner)
        self.by_id = {number: Stretch(number, opened_by) for number, opened_by in found.fetchall()}
        asides = [stretch for stretch in self.by_id.values() if stretch.opened_by == SET_ASIDE]
        self.aside = asides[0] if asides else Stretch(None, SET_ASIDE)  # of the outliers

    def until(self, instant: int) -> list[Stretch]:
        """The series that have a reading at or before an instant."""
        return [
            stretch
            for number, stretch in self.by_id.items()
            if self._rows(number, 0, instant, "ASC", 1)
        ]

    def points(self, instant: int, limit: int, after: bool) -> tuple[list[Point], bool]:
        """The next readings after or before an instant, in order and none left out.

        :returns: `limit` readings or more, and whether these are all.
        """
        found: list[Point] = []
        horizons = []
        low, high, order = (
            (instant + 1, schema.INSTANT_MASK, "ASC") if after else (0, instant - 1, "DESC")
        )
        for number, stretch in self.by_id.items():
            rows = self._rows(number, low, high, order, limit)
            points = [self._point(row, stretch) for row in rows]
            if len(points) == limit:
                horizons.append(points[-1].at)
            found += points
        found.sort(key=_instant)
        if horizons:
            end = min(horizons) if after else max(horizons)
            found = [point for point in found if (point.at <= end if after else point.at >= end)]
        return found, not horizons

    def _rows(
        self, stretch: int, low: int, high: int, order: str, limit: int
    ) -> list[tuple[int | None, ...]]:
        first = stretch << schema.INSTANT_BITS
        return self._db.execute(
            f"SELECT {self._columns} FROM {self._tables.readings}"
            f" WHERE id BETWEEN ? AND ? ORDER BY id {order} LIMIT ?",
            (first + max(low, 0), first + min(high, schema.INSTANT_MASK), limit),
        ).fetchall()

    def _point(self, row: tuple[int | None, ...], stretch: Stretch) -> Point:
        width = len(self.registers)
        clock = row[width + 1] if len(row) > width + 1 else None
        return Point((row[0] or 0) & schema.INSTANT_MASK, row[1 : width + 1], clock, stretch)

    def put(self, stretch: Stretch, layout: Sequence[bool]) -> None:
        """Store a series, or what has changed of it.

        :param layout: for each register whether its readings have it.
        """
        names = [name for name, is_there in zip(self.registers, layout, strict=False) if is_there]
        about = {"opened_by": stretch.opened_by}
        if self._tables is METERS:
            about["registers"] = " ".join(names)
        if stretch.id is not None:
            changes = ", ".join(f"{column} = ?" for column in about)
            self._db.execute(
                f"UPDATE {self._tables.series} SET {changes} WHERE id = ?",
                (*about.values(), stretch.id),
            )
            return
        columns = (*self._tables.owner, *about)
        made = self._db.execute(
            f"INSERT INTO {self._tables.series} ({', '.join(columns)})"
            f" VALUES ({', '.join('?' * len(columns))})",
            (*self._owner, *about.values()),
        )
        stretch.id = int(made.lastrowid or 0)
        self.by_id[stretch.id] = stretch

    def move(self, point: Point) -> Stretch:
        """Move a stored reading to its new series; returns the one that it leaves."""
        left = point.stored_in
        assert left is not None
        assert point.stretch is not None
        self._db.execute(
            f"UPDATE {self._tables.readings} SET id = ? WHERE id = ?",
            (_key(point.stretch, point.at), _key(left, point.at)),
        )
        return left

    def drop_if_empty(self, stretch: Stretch) -> int | None:
        """Delete a series without readings; returns the id that it had."""
        number = stretch.id
        assert number is not None
        if self._rows(number, 0, schema.INSTANT_MASK, "ASC", 1):
            return None
        self._db.execute(f"DELETE FROM {self._tables.series} WHERE id = ?", (number,))
        del self.by_id[number]
        stretch.id = None
        return number


def _key(stretch: Stretch, at: int) -> int:
    assert stretch.id is not None
    return stretch.id << schema.INSTANT_BITS | at


def _instant(point: Point) -> int:
    return point.at
