"""The stored readings of one meter or device: which series each new one belongs to.

A reading near the last one, at the end or between older ones, costs one look at the two before it
and the one after it. Any other has the readings after it validated again, until their stored result
stands.
"""

from __future__ import annotations

from slimmemeter.store import schema
from slimmemeter.store.validation import (
    FIRST,
    GAP,
    OTHER_VALUE,
    OUTLIER,
    SET_ASIDE,
    Misfit,
    Point,
    Stretch,
    Window,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection

    from slimmemeter.store.validation import Found

MOST_AT_ONCE = 5000  # readings that are validated again in one transaction


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


class SeriesWriter:
    """The readings of one meter or device, in series; valid for one transaction."""

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
        self._stretches = {
            number: Stretch(number, opened_by) for number, opened_by in found.fetchall()
        }
        asides = [stretch for stretch in self._stretches.values() if stretch.opened_by == SET_ASIDE]
        self._aside = asides[0] if asides else Stretch(None, SET_ASIDE)
        self.notices: list[str] = []  # changes of state, in sentences
        self._go_to = schema.INSTANT_MASK

    def _load(self) -> None:
        """Load the readings around the place where the next one is expected: after the last one."""
        if self._go_to < 0:
            return
        instant, self._go_to = self._go_to, -1
        self._window = self._window_at(instant)
        self._last_at = self._window.points[-1].at if self._window.points else -1
        is_end = instant == schema.INSTANT_MASK
        after = [] if is_end else self._points(instant, 1, after=True)[0]
        self._next = after[0] if after else None
        self._next_at = after[0].at if after else schema.INSTANT_MASK + 1
        self._gap_from = self._last_at
        self._stored_events = set() if after else self._events_in(self._window)

    def at(self, instant: int) -> Point | None:
        """The reading of exactly that instant, also an outlier."""
        self._load()
        if instant == self._last_at:
            return self._window.points[-1]
        if self._last_at < instant < self._next_at:
            return None
        found, _ = self._points(instant - 1, 1, after=True)
        return found[0] if found and found[0].at == instant else None

    def add(self, new: Point) -> int:
        """Validate a reading of an instant that has none yet.

        :returns: the id of the series under which the caller stores it.
        """
        self._load()
        if self._is_here(new) and self._window.goes_on(new, self._tables.gap_s):
            self._stored_events = set()
            self._last_at = new.at
        elif new.at > self._last_at and self._next is None:
            self._last_at = new.at
            self._validate_newest(new)
        else:
            self._validate_late(new)
        assert new.stretch is not None
        assert new.stretch.id is not None
        return new.stretch.id

    def _is_here(self, new: Point) -> bool:
        """Whether a reading belongs after the last one, and the next stored one goes on from it.

        The readings after that keep their result: each is compared with a higher one than before
        only if it was below the lower one already.
        """
        after = self._next
        if after is None:
            return new.at > self._last_at
        is_between = self._last_at < new.at < after.at and after.counts
        return is_between and new.layout == after.layout and not after.is_below(new)

    def _validate_newest(self, new: Point) -> None:
        window = self._window
        window.take(new)
        self._stored_events = self._write(window, self._stored_events)
        if window.forget():
            begin = window.points[0].at
            self._stored_events = {
                event
                for event in self._stored_events
                if event[2] > begin or (event[2] == begin and event[0] == GAP)
            }

    def _validate_late(self, new: Point) -> None:
        self.close()
        window = self._window_at(new.at)
        window.take(new)
        self._validate_after(window, new.at)
        self._write(window, self._events_in(window))
        self._go_to = new.at

    def close(self) -> None:
        """Update the gap before the next reading, if others came into it."""
        if self._go_to >= 0 or self._next is None or self._gap_from == self._last_at:
            return
        for begin, change in (
            (self._gap_from, self._delete_event),
            (self._last_at, self._put_event),
        ):
            if self._next_at - begin > self._tables.gap_s:
                assert self._next.stretch is not None
                change((GAP, self._next.stretch, begin, self._next_at, None))
        self._gap_from = self._last_at

    def revalidate(self, after: int) -> int | None:
        """Validate again the readings after an instant, or the next `MOST_AT_ONCE` of them.

        :returns: the instant after which to go on; None when all are done.
        """
        window = self._window_at(after)
        found, is_all = self._points(after, MOST_AT_ONCE, after=True)
        for point in found:
            window.take(point)
        begin = -1 if window.begins else window.points[0].at
        end = schema.INSTANT_MASK if is_all else found[-1].at
        self._write(window, self._events_between(begin, end, window.begins))
        if not is_all:
            return found[-1].at
        for stretch in list(self._stretches.values()):
            self._drop_if_empty(stretch, window)
        return None

    def _window_at(self, instant: int) -> Window:
        """The readings up to an instant, from two neighbours on that are known to count."""
        limit, is_all = 1, False
        while not is_all:
            limit *= 4
            found, is_all = self._points(instant + 1, limit, after=False)
            for place in range(len(found) - 1, 0, -1):
                pair = found[place - 1 : place + 1]
                if pair[0].counts and pair[0].stretch is pair[1].stretch:
                    return self._window_of(pair, found[place + 1 :])
        return self._window_of([], found)

    def _window_of(self, pair: list[Point], rest: list[Point]) -> Window:
        window = Window(self._aside, pair, self._stretches_until(pair[1].at) if pair else ())
        for point in rest:
            window.take(point)
        return window

    def _validate_after(self, window: Window, instant: int) -> None:
        """Validate the readings after an instant until their stored result stands."""
        limit, is_all = 4, False
        while not is_all:
            found, is_all = self._points(instant, limit, after=True)
            for point in found:
                window.take(point)
                if window.is_as_stored:
                    return
            instant, limit = found[-1].at if found else instant, min(limit * 4, MOST_AT_ONCE)

    def _stretches_until(self, instant: int) -> list[Stretch]:
        """The stretches that have a reading at or before an instant."""
        return [
            stretch
            for number, stretch in self._stretches.items()
            if self._rows(number, 0, instant, "ASC", 1)
        ]

    def _points(self, instant: int, limit: int, after: bool) -> tuple[list[Point], bool]:
        """The next readings after or before an instant, in order and none left out.

        :returns: `limit` readings or more, and whether these are all.
        """
        found: list[Point] = []
        horizons = []
        low, high, order = (
            (instant + 1, schema.INSTANT_MASK, "ASC") if after else (0, instant - 1, "DESC")
        )
        for number, stretch in self._stretches.items():
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

    def _write(self, window: Window, stored: set[Found]) -> set[Found]:
        """Store what the validation of a window changed; returns the events that are stored now."""
        for stretch, first in window.opened:
            if stretch.id is None and stretch.opened_by != FIRST:
                self.notices.append(f"a new series begins: {stretch.opened_by}")
            self._put_stretch(stretch, first.layout)
        window.opened.clear()
        left = set()
        for point in window.points:
            assert point.stretch is not None
            if point.stretch.id is None:  # the very first outlier
                self._put_stretch(point.stretch, ())
            if point.stored_in not in (None, point.stretch):
                left.add(self._move(point))
            point.stored_in = point.stretch
        wanted = window.events(self._tables.gap_s, self.registers)
        for event in stored - wanted:
            self._delete_event(event)
        for event in wanted - stored:
            self._put_event(event)
        for stretch in left.difference([point.stretch for point in window.points]):
            self._drop_if_empty(stretch, window)
        return wanted

    def _put_stretch(self, stretch: Stretch, layout: Sequence[bool]) -> None:
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
        self._stretches[stretch.id] = stretch

    def _move(self, point: Point) -> Stretch:
        """Move a stored reading to another series; returns the one that it leaves."""
        left = point.stored_in
        assert left is not None
        assert point.stretch is not None
        self._db.execute(
            f"UPDATE {self._tables.readings} SET id = ? WHERE id = ?",
            (_key(point.stretch, point.at), _key(left, point.at)),
        )
        return left

    def _drop_if_empty(self, stretch: Stretch, window: Window) -> None:
        """Delete a series without readings; its events go to its neighbour."""
        assert stretch.id is not None
        if self._rows(stretch.id, 0, schema.INSTANT_MASK, "ASC", 1):
            return
        near = window.points[-1].stretch if window.points else None
        self._db.execute(f"DELETE FROM {self._tables.series} WHERE id = ?", (stretch.id,))
        if near is None:
            self._db.execute(f"DELETE FROM events WHERE {self._tables.event} = ?", (stretch.id,))
        else:
            self._db.execute(
                f"UPDATE events SET {self._tables.event} = ? WHERE {self._tables.event} = ?",
                (near.id, stretch.id),
            )
        del self._stretches[stretch.id]
        stretch.id = None

    def _events_in(self, window: Window) -> set[Found]:
        """The stored events of a window's readings."""
        if not window.points:
            return set()
        return self._events_between(window.points[0].at, window.points[-1].at, window.begins)

    def _events_between(self, begin: int, end: int, with_first: bool) -> set[Found]:
        """The stored events from one reading to another; of the first only `with_first`."""
        found = self._db.execute(
            f"SELECT kind, {self._tables.event}, at, until, detail FROM events"
            f" WHERE at BETWEEN ? AND ? AND {self._tables.event} IS NOT NULL AND kind <> ?",
            (begin, end, OTHER_VALUE),
        )
        return {
            (kind, self._stretches[stretch], at, until, detail)
            for kind, stretch, at, until, detail in found.fetchall()
            if stretch in self._stretches
            and (until is None or until <= end)
            and (kind == GAP or at > begin or with_first)
        }

    def _put_event(self, event: Found) -> None:
        kind, stretch, at, until, detail = event
        if kind == OUTLIER and detail:
            misfit = Misfit(detail)
            self.notices.append(
                f"a reading is set aside: its {misfit.register} of {misfit.value} is {misfit.side}"
                f" {misfit.other}"
            )
        self._db.execute(
            f"INSERT INTO events (kind, {self._tables.event}, at, until, detail)"
            " VALUES (?, ?, ?, ?, ?)",
            (kind, stretch.id, at, until, detail),
        )

    def _delete_event(self, event: Found) -> None:
        kind, stretch, at, until, _ = event
        self._db.execute(
            f"DELETE FROM events WHERE kind = ? AND {self._tables.event} = ? AND at = ?"
            " AND until IS ?",
            (kind, stretch.id, at, until),
        )


def _key(stretch: Stretch, at: int) -> int:
    assert stretch.id is not None
    return stretch.id << schema.INSTANT_BITS | at


def _instant(point: Point) -> int:
    return point.at
