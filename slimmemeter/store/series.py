"""The stored readings of one meter or device: which series each new one belongs to.

A reading near the last one, at the end or between older ones, costs one look at the two before it
and the one after it. Any other has the readings after it validated again, until their stored result
stands.
"""

from __future__ import annotations

from slimmemeter.store import schema
from slimmemeter.store.events import Events
from slimmemeter.store.stretches import Stretches, Tables
from slimmemeter.store.validation import (
    FIRST,
    GAP,
    OUTLIER,
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


class SeriesWriter:
    """The readings of one meter or device, in series; valid for one transaction."""

    def __init__(
        self, db: Connection, tables: Tables, owner: Sequence[object], columns: Sequence[str]
    ) -> None:
        """:param columns: as of `Stretches`."""
        self._tables = tables
        self._events = Events(db, tables.event)
        self._stored = Stretches(db, tables, owner, columns)
        self.registers = self._stored.registers
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
        after = [] if is_end else self._stored.points(instant, 1, after=True)[0]
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
        found, _ = self._stored.points(instant - 1, 1, after=True)
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
            (self._gap_from, self._events.delete),
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
        found, is_all = self._stored.points(after, MOST_AT_ONCE, after=True)
        for point in found:
            window.take(point)
        begin = -1 if window.begins else window.points[0].at
        end = schema.INSTANT_MASK if is_all else found[-1].at
        self._write(window, self._events.between(begin, end, window.begins, self._stored.by_id))
        if not is_all:
            return found[-1].at
        for stretch in list(self._stored.by_id.values()):
            self._drop_if_empty(stretch, window)
        return None

    def _window_at(self, instant: int) -> Window:
        """The readings up to an instant, from two neighbours on that are known to count."""
        limit, is_all = 1, False
        while not is_all:
            limit *= 4
            found, is_all = self._stored.points(instant + 1, limit, after=False)
            for place in range(len(found) - 1, 0, -1):
                pair = found[place - 1 : place + 1]
                if pair[0].counts and pair[0].stretch is pair[1].stretch:
                    return self._window_of(pair, found[place + 1 :])
        return self._window_of([], found)

    def _window_of(self, pair: list[Point], rest: list[Point]) -> Window:
        window = Window(self._stored.aside, pair, self._stored.until(pair[1].at) if pair else ())
        for point in rest:
            window.take(point)
        return window

    def _validate_after(self, window: Window, instant: int) -> None:
        """Validate the readings after an instant until their stored result stands."""
        limit, is_all = 4, False
        while not is_all:
            found, is_all = self._stored.points(instant, limit, after=True)
            for point in found:
                window.take(point)
                if window.is_as_stored:
                    return
            instant, limit = found[-1].at if found else instant, min(limit * 4, MOST_AT_ONCE)

    def _write(self, window: Window, stored: set[Found]) -> set[Found]:
        """Store what the validation of a window changed; returns the events that are stored now."""
        for stretch, first in window.opened:
            if stretch.id is None and stretch.opened_by != FIRST:
                self.notices.append(f"a new series begins: {stretch.opened_by}")
            self._stored.put(stretch, first.layout)
        window.opened.clear()
        left = set()
        for point in window.points:
            assert point.stretch is not None
            if point.stretch.id is None:  # the very first outlier
                self._stored.put(point.stretch, ())
            if point.stored_in not in (None, point.stretch):
                left.add(self._stored.move(point))
            point.stored_in = point.stretch
        wanted = window.events(self._tables.gap_s, self.registers)
        for event in stored - wanted:
            self._events.delete(event)
        for event in wanted - stored:
            self._put_event(event)
        for stretch in left.difference([point.stretch for point in window.points]):
            self._drop_if_empty(stretch, window)
        return wanted

    def _drop_if_empty(self, stretch: Stretch, window: Window) -> None:
        """Delete a series without readings; its events go to its neighbour."""
        near = window.points[-1].stretch if window.points else None
        dropped = self._stored.drop_if_empty(stretch)
        if dropped is not None:
            self._events.move(dropped, near.id if near else None)

    def _events_in(self, window: Window) -> set[Found]:
        """The stored events of a window's readings."""
        if not window.points:
            return set()
        begin, end = window.points[0].at, window.points[-1].at
        return self._events.between(begin, end, window.begins, self._stored.by_id)

    def _put_event(self, event: Found) -> None:
        self._events.put(event)
        kind, _, _, _, detail = event
        if kind == OUTLIER and detail:
            misfit = Misfit(detail)
            self.notices.append(
                f"a reading is set aside: its {misfit.register} of {misfit.value} is {misfit.side}"
                f" {misfit.other}"
            )
