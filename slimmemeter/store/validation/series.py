"""The stored readings of one meter or device: what each new one changes.

A reading that goes on from its neighbours in every register costs one look at them. Any other has
the pieces of its registers found and weighed again when the transaction ends.
"""

from __future__ import annotations

from slimmemeter.store import schema
from slimmemeter.store.validation.breaks import Breaks
from slimmemeter.store.validation.calm import Calm
from slimmemeter.store.validation.events import Events
from slimmemeter.store.validation.points import MOST_OTHERS, Points, Row, Tables
from slimmemeter.store.validation.rule import (
    CLOCK_OFF,
    CLOCK_RIGHT,
    GAP,
    OTHER_VALUE,
    counted,
    goes_on,
)
from slimmemeter.store.validation.scan import Scan
from slimmemeter.store.validation.verdicts import Verdicts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from sqlite3 import Connection

    from slimmemeter.store.validation.events import Found
    from slimmemeter.store.validation.overrides import Overrides
    from slimmemeter.store.validation.points import Counters
    from slimmemeter.store.validation.rule import Kept

STORED, KNOWN, CONFLICT = "stored", "known", "conflict"


class SeriesWriter:
    """The readings of one meter or device; valid for one transaction."""

    def __init__(
        self,
        db: Connection,
        tables: Tables,
        owner: Sequence[object],
        columns: Sequence[str],
        most_per_hour: int,
    ) -> None:
        """:param columns: as of `Points`. :param most_per_hour: that the connection can carry."""
        self._db = db
        self._tables = tables
        self._most_per_hour = most_per_hour
        self._points = Points(db, tables, owner, columns)
        self.registers = self._points.registers
        self.notices: list[str] = []  # changes of state, in sentences
        self._changed: set[str] = set()  # registers that have to be weighed
        self._others: list[tuple[int, int]] = []  # instants that got another reading
        self._rewritten: list[tuple[int, int]] = []  # times that are other than they were
        self._is_here = False  # whether these are the neighbours of the next reading:
        self._before: Row | None = None
        self._after: Row | None = None
        self._calm: Calm | None = None

    def put(self, new: Row, insert: Callable[[int], None], keeps_others: bool) -> str:
        """Store a reading unless it is known, and notice what it changes.

        :param insert: stores it under an id.
        :param keeps_others: also beside another reading of its instant.
        :returns: as `Writer.add`; `CONFLICT` also if it is stored beside another one.
        """
        there = self._at(new.at)
        if not there:
            insert(self._points.make())
            self._added(new)
            return STORED
        if any(_has_all_of(counters, new.counters) for counters in there):
            return KNOWN
        if keeps_others and len(there) <= MOST_OTHERS:
            insert(self._points.make(len(there)))
            self._added_other(new)
        return CONFLICT

    def _at(self, instant: int) -> list[Counters]:
        """The counters of exactly that instant; the neighbours are then known."""
        if not (self._is_here and self._is_between(instant)):
            self._before = self._points.neighbour(instant + 1, after=False)
            self._after = self._points.neighbour(instant, after=True)
            self._is_here = True
            self._calm = None
        if self._before is None or self._before.at < instant:
            return []
        if not self._points.has_others:  # a device's stamp comes again and again
            return [self._before.counters]
        return [row.counters for row in self._points.at(instant)]

    def _is_between(self, instant: int) -> bool:
        return (self._before is None or self._before.at <= instant) and (
            self._after is None or instant < self._after.at
        )

    def _added(self, new: Row) -> None:
        """Notice what changes with the first reading of an instant."""
        before, after = self._before, self._after
        self._put_neighbours(before, new, after)
        if after is not None:
            self._rewritten.append((new.at, new.at))
        if self._calm is None:
            neighbours = self._before, self._after
            self._calm = Calm(self._points, self._breaks(), *neighbours, self._changed)
        odd = self._calm.odd(new)
        for register in odd:
            self._mend(register, new.at)
        self._before = new
        self._calm = None if odd else self._calm.after(new)

    def _added_other(self, new: Row) -> None:
        """Notice what changes with another reading of an instant."""
        self._calm = None
        self._others.append((new.at, new.at))
        for register, counter in zip(self.registers, new.counters, strict=True):
            if counter is not None:
                self._mend(register, new.at)

    def _mend(self, register: str, at: int) -> None:
        self._breaks().mend(register, at, at)
        self._changed.add(register)

    def _verdicts(self) -> Verdicts:
        return Verdicts(self._points, self._breaks(), self._events(), self._most_per_hour)

    def _scan(self) -> Scan:
        return Scan(self._db, self._tables, self._points)

    def _breaks(self) -> Breaks:
        return Breaks(self._db, self._points, self._tables.event, self._most_per_hour)

    def _events(self) -> Events:
        return Events(self._db, self._tables.event, self._points.ids[0])

    def _put_neighbours(self, before: Row | None, new: Row, after: Row | None) -> None:
        """Store the events between readings that follow each other."""
        old = self._pair(before, after)
        wanted = self._pair(before, new) | self._pair(new, after)
        if old != wanted:
            self._events().replace(old, wanted)

    def _pair(self, before: Row | None, row: Row | None) -> set[Found]:
        """The events of a reading and the one before it."""
        if row is None:
            return set()
        found: set[Found] = set()
        if before is not None and row.at - before.at > self._tables.gap_s:
            found.add((GAP, before.at, row.at, None, None))
        was_off = before is not None and before.clock is not None
        if row.clock is None and was_off:
            found.add((CLOCK_RIGHT, row.at, None, None, None))
        elif row.clock is not None and not was_off:
            off_s = None if row.clock == schema.CLOCK_NOT_SET else str(row.clock - row.at)
            found.add((CLOCK_OFF, row.at, None, None, off_s))
        return found

    def revalidate(self, after: int, limit: int) -> int | None:
        """Find the breaks and events again of so many readings after an instant.

        :returns: the last one's instant; None after the last ones: then all of it is weighed.
        """
        scan, breaks, events = self._scan(), self._breaks(), self._events()
        until, is_last = scan.last_at(after, limit)
        if after < 0:
            breaks.forget()
        if until is not None:
            events.forget(after, until)
            for at, row_at in scan.odd_rows(after, until, self._most_per_hour):
                self._mend_step(breaks, events, at, row_at)
        if not is_last:
            return until
        events.forget(after if until is None else until, schema.INSTANT_MASK)
        events.forget_kind(OTHER_VALUE)
        for at, other in self._points.others(0, schema.INSTANT_MASK):
            self._points.settle(at, other)
            self._mend_all(at, at)
        for at, end in self._points.overrides:
            self._mend_all(at, end)
        self._changed.update(self.registers)
        kept = self._weigh_changed([(0, schema.INSTANT_MASK)])
        events.complete_validated_again({name: counted(each) for name, each in kept.items()})
        return None

    def _mend_step(self, breaks: Breaks, events: Events, at: int | None, row_at: int) -> None:
        before = None if at is None else self._points.at(at)[0]
        row = self._points.at(row_at)[0]
        events.replace(set(), self._pair(before, row))
        for place, register in enumerate(self.registers):
            old = before.counters[place] if before else None
            new = row.counters[place]
            if (old is None) != (new is None) or not (
                old is None
                or before is None
                or new is None
                or goes_on((before.at, old), (row_at, new), self._most_per_hour)
            ):
                breaks.mend(register, row_at if at is None else at, row_at)

    def _mend_all(self, at: int, until: int) -> None:
        """Find the breaks of every register again between two instants."""
        for register in self.registers:
            self._breaks().mend(register, at, until)

    def overrides(self) -> Overrides:
        """What a person has set aside; `override` tells what of it changed."""
        from slimmemeter.store.validation.overrides import Overrides

        return Overrides(self._db, self._points, self._tables.event)

    def override(self, at: int, until: int) -> None:
        """Notice that other readings of a time are set aside by a person than before."""
        self._is_here = False
        self._mend_all(at, until)
        self._changed.update(self.registers)

    def count(self, at: int, until: int) -> int:
        """The number of readings of a time, whether they count or not."""
        return self._points.extent(at, until)[2]

    def counted(self) -> dict[str, int]:
        """What each register counts in all."""
        verdicts = self._verdicts()
        return {register: counted(verdicts.weigh(register)) for register in self.registers}

    def close(self) -> None:
        """Weigh the registers that changed, and store what follows."""
        if self._changed:
            self._weigh_changed(self._others)
        if self._rewritten:
            from slimmemeter.store import rewritten

            ends = min(at for at, _ in self._rewritten), max(end for _, end in self._rewritten)
            rewritten.note(self._db, self._tables.event, self._points.ids[0], *ends)
            self._rewritten.clear()

    def _weigh_changed(self, others: Sequence[tuple[int, int]]) -> dict[str, list[Kept]]:
        """:param others: times in which there may be new readings of instants that have one."""
        verdicts = self._verdicts()
        kept = verdicts.store(sorted(self._changed), others)
        self.notices += verdicts.notices
        self._rewritten += verdicts.recounted
        if self._points.overrides:
            self.overrides().note()
        self._changed.clear()
        self._others.clear()
        self._is_here = False
        return kept


def _has_all_of(counters: Counters, others: Counters) -> bool:
    """Whether a reading has every counter of another one."""
    return all(other is None or here == other for here, other in zip(counters, others, strict=True))
