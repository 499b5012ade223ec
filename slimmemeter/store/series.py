"""The readings of one meter, or of one device on its M-Bus, in the file: what each new one changes.

A reading that comes where the last one came, at the end or between older ones, costs one look at
the two before it and the one after it. Another one has those after it judged again, until they are
judged as they were.
"""

from __future__ import annotations

from slimmemeter.store import schema
from slimmemeter.store.validation import ASIDE, FIRST, GAP, SET_ASIDE, Life, Point, Window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from slimmemeter.store.connection import Connection
    from slimmemeter.store.validation import Event

OTHER_VALUE = "other value"  # an event that no reading tells again
MOST_AT_ONCE = 5000  # readings that are judged again in one transaction


class Kind:
    """Where the readings of meters, or of devices, are in the file."""

    def __init__(self, readings: str, lives: str, owner: Sequence[str], gap_s: int) -> None:
        self.readings = readings  # table
        self.lives = lives  # table
        self.owner = owner  # columns of `lives` that tell whose a life is
        self.gap_s = gap_s
        self.event = "device" if lives == "mbus_devices" else "series"  # column of `events`


METERS = Kind("readings", "series", ("meter",), 1800)
DEVICES = Kind(
    "mbus_readings",
    "mbus_devices",
    ("equipment", "channel", "type", "unit"),
    7200,  # hourly stamps are normal
)


class Ledger:
    """One owner's readings, in lives; good for one transaction."""

    def __init__(
        self, db: Connection, kind: Kind, owner: Sequence[object], columns: Sequence[str]
    ) -> None:
        """:param columns: the registers, which come first, and `meter_clock` where it is stored."""
        self._db = db
        self._kind = kind
        self._owner = owner
        self._columns = ", ".join(("id", *columns))
        self.registers = [name for name in columns if name != schema.METER_CLOCK]
        whose = " AND ".join(f"{column} IS ?" for column in kind.owner)
        found = db.execute(f"SELECT id, opened_by FROM {kind.lives} WHERE {whose}", owner)
        self._lives = {number: Life(number, opened_by) for number, opened_by in found.fetchall()}
        asides = [life for life in self._lives.values() if life.opened_by == SET_ASIDE]
        self._aside = asides[0] if asides else Life(None, SET_ASIDE)
        self.noticed: list[str] = []  # what is another state than before, in words
        self._go_to = schema.INSTANT_MASK

    def _stand(self) -> None:
        """Go to where the next reading is expected, which is behind the last one that came: the
        readings before and after that place are at hand then."""
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
        self._told = set() if after else self._events_in(self._window)

    def at(self, instant: int) -> Point | None:
        """The reading of exactly that instant, also one that is set aside."""
        self._stand()
        if instant == self._last_at:
            return self._window.points[-1]
        if self._last_at < instant < self._next_at:
            return None
        found, _ = self._points(instant - 1, 1, after=True)
        return found[0] if found and found[0].at == instant else None

    def add(self, new: Point) -> int:
        """Judge a reading of an instant of which there is none yet.

        :returns: the id of the life under which the caller puts it into the file.
        """
        self._stand()
        if self._is_here(new) and self._window.goes_on(new, self._kind.gap_s):
            self._told = set()
            self._last_at = new.at
        elif new.at > self._last_at and self._next is None:
            self._last_at = new.at
            self._judge_newest(new)
        else:
            self._judge_late(new)
        assert new.life is not None
        assert new.life.id is not None
        return new.life.id

    def _is_here(self, new: Point) -> bool:
        """Whether a reading belongs where the last one came, and the next one goes on from it.

        What comes after that is judged as before then: it is compared with one that is higher now,
        where it was below the lower one, or not compared at all.
        """
        after = self._next
        if after is None:
            return new.at > self._last_at
        is_between = self._last_at < new.at < after.at and after.counts
        return is_between and new.layout == after.layout and not after.is_below(new)

    def _judge_newest(self, new: Point) -> None:
        window = self._window
        window.take(new)
        self._told = self._write(window, self._told)
        if window.forget():
            begin = window.points[0].at
            self._told = {
                event
                for event in self._told
                if event[2] > begin or (event[2] == begin and event[0] == GAP)
            }

    def _judge_late(self, new: Point) -> None:
        self.close()
        window = self._window_at(new.at)
        window.take(new)
        self._judge_after(window, new.at)
        self._write(window, self._events_in(window))
        self._go_to = new.at

    def close(self) -> None:
        """Tell of the time before the next reading as it is now, if others came into it."""
        if self._go_to >= 0 or self._next is None or self._gap_from == self._last_at:
            return
        for begin, tell in ((self._gap_from, self._forget_event), (self._last_at, self._put_event)):
            if self._next_at - begin > self._kind.gap_s:
                assert self._next.life is not None
                tell((GAP, self._next.life, begin, self._next_at, None))
        self._gap_from = self._last_at

    def judge_again(self, after: int) -> int | None:
        """Judge anew the readings after an instant, or the next `MOST_AT_ONCE` of them.

        :returns: the instant after which to go on, None when all are done.
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
        for life in list(self._lives.values()):
            self._drop_if_empty(life, window)
        return None

    def _window_at(self, instant: int) -> Window:
        """The readings up to an instant, from two on that are known to count."""
        limit, is_all = 1, False
        while not is_all:
            limit *= 4
            found, is_all = self._points(instant + 1, limit, after=False)
            for place in range(len(found) - 1, 0, -1):
                pair = found[place - 1 : place + 1]
                if pair[0].counts and pair[0].life is pair[1].life:
                    return self._window_of(pair, found[place + 1 :])
        return self._window_of([], found)

    def _window_of(self, pair: list[Point], rest: list[Point]) -> Window:
        window = Window(self._aside, pair, self._lives_until(pair[1].at) if pair else ())
        for point in rest:
            window.take(point)
        return window

    def _judge_after(self, window: Window, instant: int) -> None:
        """Judge the readings after an instant until they come out as they are in the file."""
        limit, is_all = 4, False
        while not is_all:
            found, is_all = self._points(instant, limit, after=True)
            for point in found:
                window.take(point)
                if window.is_as_stored:
                    return
            instant, limit = found[-1].at if found else instant, min(limit * 4, MOST_AT_ONCE)

    def _lives_until(self, instant: int) -> list[Life]:
        """The lives that have a reading at or before an instant."""
        return [
            life for number, life in self._lives.items() if self._rows(number, 0, instant, "ASC", 1)
        ]

    def _points(self, instant: int, limit: int, after: bool) -> tuple[list[Point], bool]:
        """The next readings after or before an instant, in the order of their instants and without
        a hole: `limit` or more; and whether these are all."""
        found: list[Point] = []
        horizons = []
        low, high, order = (
            (instant + 1, schema.INSTANT_MASK, "ASC") if after else (0, instant - 1, "DESC")
        )
        for number, life in self._lives.items():
            rows = self._rows(number, low, high, order, limit)
            points = [self._point(row, life) for row in rows]
            if len(points) == limit:
                horizons.append(points[-1].at)
            found += points
        found.sort(key=_instant)
        if horizons:
            end = min(horizons) if after else max(horizons)
            found = [point for point in found if (point.at <= end if after else point.at >= end)]
        return found, not horizons

    def _rows(
        self, life: int, low: int, high: int, order: str, limit: int
    ) -> list[tuple[int | None, ...]]:
        first = life << schema.INSTANT_BITS
        return self._db.execute(
            f"SELECT {self._columns} FROM {self._kind.readings}"
            f" WHERE id BETWEEN ? AND ? ORDER BY id {order} LIMIT ?",
            (first + max(low, 0), first + min(high, schema.INSTANT_MASK), limit),
        ).fetchall()

    def _point(self, row: tuple[int | None, ...], life: Life) -> Point:
        width = len(self.registers)
        clock = row[width + 1] if len(row) > width + 1 else None
        return Point((row[0] or 0) & schema.INSTANT_MASK, row[1 : width + 1], clock, life)

    def _write(self, window: Window, told: set[Event]) -> set[Event]:
        """Put into the file what the judgement of a window changed; returns what is told now."""
        for life, first in window.opened:
            if life.id is None and life.opened_by != FIRST:
                self.noticed.append(f"a new series begins: {life.opened_by}")
            self._put_life(life, first.layout)
        window.opened.clear()
        left = set()
        for point in window.points:
            assert point.life is not None
            if point.life.id is None:  # the first that is ever set aside
                self._put_life(point.life, ())
            if point.stored_in not in (None, point.life):
                left.add(self._move(point))
            point.stored_in = point.life
        wanted = window.events(self._kind.gap_s, self.registers)
        for event in told - wanted:
            self._forget_event(event)
        for event in wanted - told:
            self._put_event(event)
        for life in left.difference([point.life for point in window.points]):
            self._drop_if_empty(life, window)
        return wanted

    def _put_life(self, life: Life, layout: Sequence[bool]) -> None:
        names = [name for name, is_there in zip(self.registers, layout, strict=False) if is_there]
        about = {"opened_by": life.opened_by}
        if self._kind is METERS:
            about["registers"] = " ".join(names)
        if life.id is not None:
            changes = ", ".join(f"{column} = ?" for column in about)
            self._db.execute(
                f"UPDATE {self._kind.lives} SET {changes} WHERE id = ?", (*about.values(), life.id)
            )
            return
        columns = (*self._kind.owner, *about)
        made = self._db.execute(
            f"INSERT INTO {self._kind.lives} ({', '.join(columns)})"
            f" VALUES ({', '.join('?' * len(columns))})",
            (*self._owner, *about.values()),
        )
        life.id = int(made.lastrowid or 0)
        self._lives[life.id] = life

    def _move(self, point: Point) -> Life:
        """Put a stored reading under another life; returns the one that it leaves."""
        left = point.stored_in
        assert left is not None
        assert point.life is not None
        self._db.execute(
            f"UPDATE {self._kind.readings} SET id = ? WHERE id = ?",
            (_key(point.life, point.at), _key(left, point.at)),
        )
        return left

    def _drop_if_empty(self, life: Life, window: Window) -> None:
        """Take out a life without readings; what else was told of it is of its neighbour's now."""
        assert life.id is not None
        if self._rows(life.id, 0, schema.INSTANT_MASK, "ASC", 1):
            return
        near = window.points[-1].life if window.points else None
        self._db.execute(f"DELETE FROM {self._kind.lives} WHERE id = ?", (life.id,))
        if near is None:
            self._db.execute(f"DELETE FROM events WHERE {self._kind.event} = ?", (life.id,))
        else:
            self._db.execute(
                f"UPDATE events SET {self._kind.event} = ? WHERE {self._kind.event} = ?",
                (near.id, life.id),
            )
        del self._lives[life.id]
        life.id = None

    def _events_in(self, window: Window) -> set[Event]:
        """What the file tells of a window's readings."""
        if not window.points:
            return set()
        return self._events_between(window.points[0].at, window.points[-1].at, window.begins)

    def _events_between(self, begin: int, end: int, with_first: bool) -> set[Event]:
        """What the file tells from one reading to another, of the first only if that is asked."""
        found = self._db.execute(
            f"SELECT kind, {self._kind.event}, at, until, detail FROM events"
            f" WHERE at BETWEEN ? AND ? AND {self._kind.event} IS NOT NULL AND kind <> ?",
            (begin, end, OTHER_VALUE),
        )
        return {
            (kind, self._lives[life], at, until, detail)
            for kind, life, at, until, detail in found.fetchall()
            if life in self._lives
            and (until is None or until <= end)
            and (kind == GAP or at > begin or with_first)
        }

    def _put_event(self, event: Event) -> None:
        kind, life, at, until, detail = event
        if kind == ASIDE and detail:
            how, register, value, other = detail.split()
            self.noticed.append(
                f"a reading is set aside, as its {register} of {value} is {how} {other}"
            )
        self._db.execute(
            f"INSERT INTO events (kind, {self._kind.event}, at, until, detail)"
            " VALUES (?, ?, ?, ?, ?)",
            (kind, life.id, at, until, detail),
        )

    def _forget_event(self, event: Event) -> None:
        kind, life, at, until, _ = event
        self._db.execute(
            f"DELETE FROM events WHERE kind = ? AND {self._kind.event} = ? AND at = ?"
            " AND until IS ?",
            (kind, life.id, at, until),
        )


def _key(life: Life, at: int) -> int:
    assert life.id is not None
    return life.id << schema.INSTANT_BITS | at


def _instant(point: Point) -> int:
    return point.at
