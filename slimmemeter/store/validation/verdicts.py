"""What follows from the points of registers: which count, and the events that record it."""

from __future__ import annotations

from bisect import bisect_right

from slimmemeter.store import schema
from slimmemeter.store.validation.breaks import END
from slimmemeter.store.validation.rule import BY_HAND, FIRST, NOT_SENT, RESTARTED, SET_ASIDE, weigh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from slimmemeter.store.validation.breaks import Breaks
    from slimmemeter.store.validation.events import Events, Found
    from slimmemeter.store.validation.points import Points, Row
    from slimmemeter.store.validation.rule import Kept, Point

Span = tuple[int, int]  # from one instant to another


class Verdicts:
    """Weighs the registers of one meter or device and stores the result."""

    def __init__(self, points: Points, breaks: Breaks, events: Events, most_per_hour: int) -> None:
        self._points = points
        self._breaks = breaks
        self._events = events
        self._most_per_hour = most_per_hour
        self.notices: list[str] = []  # changes of state, in sentences
        self.recounted: list[Span] = []  # times of which other readings count than before

    def store(self, registers: Sequence[str], others: Sequence[Span]) -> dict[str, list[Kept]]:
        """Weigh these registers and store their events.

        :param others: times in which there may be new readings of instants that have one.
        :returns: what counts of each.
        """
        kept = {register: self.weigh(register) for register in registers}
        changed = list(others)
        for register, ranges in kept.items():
            changed += self._store(register, ranges)
        for low, high in changed:
            for instant, _ in self._points.others(low, high):
                self._choose_value(instant, kept)
        return kept

    def weigh(self, register: str) -> list[Kept]:
        """What counts of a register."""
        pieces = self._breaks.pieces(register)
        return weigh(pieces, self._most_per_hour) if pieces else []

    def _choose_value(self, instant: int, kept: Mapping[str, Sequence[Kept]]) -> None:
        """Of several readings of an instant, let the one that counts be the first."""
        rows = self._points.at(instant)
        best = max(range(len(rows)), key=lambda place: self._score(rows[place], kept))
        if best:
            self._points.exchange(instant, best)
            self.recounted.append((instant, instant))
            rows.insert(0, rows.pop(best))
        self._note_other_value(rows)

    def _score(self, row: Row, kept: Mapping[str, Sequence[Kept]]) -> tuple[int, list[int]]:
        """The number of its registers that count; of equal ones the lower counters are better."""
        points = {
            register: (row.at, counter)
            for register, counter in zip(self._points.registers, row.counters, strict=True)
            if counter is not None
        }
        counting = sum(_counts(kept.get(name, ()), point) for name, point in points.items())
        return counting, [-counter for _, counter in points.values()]

    def _note_other_value(self, rows: Sequence[Row]) -> None:
        """Record that an instant has another value than the one that counts."""
        for first, *others in zip(*(row.counters for row in rows), strict=True):
            differing = [each for each in others if each not in (None, first)]
            if first is not None and differing:
                self._events.put_other_value(rows[0].at, f"{first} {differing[0]}")
                return

    def _store(self, register: str, kept: Sequence[Kept]) -> Iterator[Span]:
        """Store the events of a register, which make its series; returns where they changed."""
        old = self._events.of(register)
        new = self._found(register, kept)
        self._events.replace(old, new, register)
        self._notice(register, old, new)
        self.recounted += _recounted(old, new)
        for _, at, until, _, _ in old ^ new:
            yield at or 0, schema.INSTANT_MASK if until is None else until

    def _notice(self, register: str, old: set[Found], new: set[Found]) -> None:
        waited = any(kind == SET_ASIDE and until is None for kind, _, until, _, _ in old)
        about = schema.REGISTERS.get(register)
        name = about.words if about else self._points.device
        for kind, _, until, count, detail in sorted(new - old, key=str):
            if kind not in (SET_ASIDE, RESTARTED):
                continue
            first, second = (f"{int(each) / 1000:.3f}" for each in (detail or "").split(" "))
            if kind == RESTARTED:
                self.notices.append(f"{name} restarted: it shows {second} after {first}")
            elif until is not None:
                readings = "reading doesn't" if count == 1 else "readings don't"
                self.notices.append(
                    f"{name} goes on from {second}: {count} {readings} count, such as {first}"
                )
            elif not waited:
                why = "it doesn't count until it is clear why"
                self.notices.append(f"{name} shows {first} after {second}: {why}")

    def _found(self, register: str, kept: Sequence[Kept]) -> set[Found]:
        if not kept:
            return set()
        last = self._points.before(register, END)
        found: set[Found] = set()
        for before, each in zip((None, *kept), kept, strict=False):
            found |= self._step(register, before, each)
        end = kept[-1].last
        assert last is not None
        if last[0] > end[0]:
            found.add(self._aside(register, end, None))
        elif self._points.has_rows_between(last[0], schema.INSTANT_MASK):
            found.add(self._skip(last[0], None))
        return found

    def _step(self, register: str, before: Kept | None, each: Kept) -> set[Found]:
        """The event between what counts and what counted before it."""
        if before is None:
            aside = self._points.count(register, 0, each.first[0] - 1)
            return {(FIRST, None, each.first[0], aside or None, None)}
        at, until = before.last, each.first
        if each.opened_by == RESTARTED:
            aside = self._points.count(register, at[0] + 1, until[0] - 1)
            return {(RESTARTED, at[0], until[0], aside or None, f"{at[1]} {until[1]}")}
        if not self._points.has_rows_between(at[0], until[0]):
            return set()  # a turn that counts
        if self._points.some(register, at[0] + 1, until[0] - 1, 1):
            return {self._aside(register, at, until)}
        return {self._skip(at[0], until[0])}

    def _skip(self, at: int, until: int | None) -> Found:
        """Readings without the register, or that a person has set aside."""
        by_hand = self._points.is_aside(at + 1, until or schema.INSTANT_MASK)
        return (BY_HAND if by_hand else NOT_SENT, at, until, None, None)

    def _aside(self, register: str, at: Point, until: Point | None) -> Found:
        """Readings that are set aside: their number, the first of them and the one before."""
        high = until[0] - 1 if until else schema.INSTANT_MASK
        first = self._points.some(register, at[0] + 1, high, 1)
        count = self._points.count(register, at[0] + 1, high)
        value = first[0][1] if first else at[1]
        return (SET_ASIDE, at[0], until[0] if until else None, count, f"{value} {at[1]}")


def _counts(kept: Sequence[Kept], point: Point) -> bool:
    """Whether a point is in one of these ranges, which are in order."""
    place = bisect_right(kept, point, key=lambda each: each.first) - 1
    return place >= 0 and point <= kept[place].last


def _recounted(old: set[Found], new: set[Found]) -> Iterator[Span]:
    """The times of which other readings of a register count than before, by its events."""
    firsts = _firsts(old) ^ _firsts(new)
    if firsts:
        yield min(firsts), max(firsts) if len(firsts) > 1 else schema.INSTANT_MASK
    for at, until in _skips(old) ^ _skips(new):
        yield at + 1, schema.INSTANT_MASK if until is None else until - 1


def _firsts(events: set[Found]) -> set[int]:
    """The instant of the first reading that counts, if there is one."""
    return {until for kind, _, until, _, _ in events if kind == FIRST and until is not None}


def _skips(events: set[Found]) -> set[tuple[int, int | None]]:
    """Between which readings none counts; None: from there on."""
    return {(at, until) for _, at, until, _, _ in events if at is not None}
