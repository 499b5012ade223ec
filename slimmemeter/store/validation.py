"""Which readings count: judged in the order of their instants, whatever order they came in.

A *life* is a stretch in which the counters of one meter (or of one device on its M-Bus) only rise
and its registers are the same. Another layout of registers opens a new one, and so does a counter
that restarted. What doesn't fit is set aside, not deleted:

- a reading below the one before waits; if the next returns above, it stays aside;
- if the next one goes on from it, the counter restarted there, and a new life begins;
- unless both are above the last but one: then the last reading was the wild one.

Pure: it knows no database. What it says of a set of readings depends on nothing but that set.
"""

from __future__ import annotations

GAP, ASIDE, CLOCK_OFF, CLOCK_RIGHT = "gap", "set aside", "clock off", "clock right"
FIRST, OTHER_REGISTERS, RESTARTED, SET_ASIDE = (
    "first reading",
    "other registers",
    "restarted counter",
    "set aside",  # no life, but the place of what is set aside
)
CLOCK_NOT_SET = 0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Event = tuple[str, "Life", int, "int | None", "str | None"]  # kind, life, at, until, detail
Counters = tuple["int | None", ...]


class Life:
    """A stretch of readings, or with `SET_ASIDE` those that are in none."""

    __slots__ = ("id", "opened_by")

    def __init__(self, number: int | None, opened_by: str) -> None:
        self.id = number  # None until it is in the file
        self.opened_by = opened_by


class Point:
    """A reading as it is judged: its instant, its counters, what its clock said, its life."""

    __slots__ = ("at", "clock", "counters", "life", "stored_in")

    def __init__(
        self, at: int, counters: Counters, clock: int | None = None, life: Life | None = None
    ) -> None:
        self.at = at
        self.counters = counters  # None: the meter has no such register
        self.clock = clock  # what the meter's clock said where that isn't `at`
        self.life = self.stored_in = life  # `stored_in` is None where it is new

    @property
    def layout(self) -> tuple[bool, ...]:
        """For each register whether it is there."""
        return tuple([counter is not None for counter in self.counters])

    @property
    def counts(self) -> bool:
        """Whether it isn't set aside."""
        return self.life is not None and self.life.opened_by != SET_ASIDE

    def first_below(self, other: Point) -> int | None:
        """The place of the first register that is lower here, None if none is."""
        for place, (here, there) in enumerate(zip(self.counters, other.counters, strict=True)):
            if here is not None and there is not None and here < there:
                return place
        return None

    def is_below(self, other: Point) -> bool:
        """Whether a register is lower here."""
        return self.first_below(other) is not None


class Window:
    """A row of readings without a hole, of one meter or device, as they are judged.

    It begins with two that are known to count and have none between them, or where nothing is
    before; so judging may start there as well as at the very beginning.
    """

    def __init__(
        self, aside: Life, before: Sequence[Point] = (), used: Iterable[Life] = ()
    ) -> None:
        """:param used: the lives that have readings up to there."""
        self.points = list(before)
        self.begins = not before
        self._aside = aside
        self._used = set(used)
        self.opened: list[tuple[Life, Point]] = []  # lives that begin here, and their first reading
        self._before: Point | None = before[0] if before else None
        self._last: Point | None = before[1] if before else None
        self._pending: Point | None = None  # set aside until the next one decides

    @property
    def is_settled(self) -> bool:
        """Whether it ends with two readings of one life, so that another may begin with them."""
        if self._pending is not None or len(self.points) < 2:
            return False
        before, last = self.points[-2:]
        return before.counts and before.life is last.life

    @property
    def is_as_stored(self) -> bool:
        """Whether what comes after its end is judged as it was before."""
        ends = self.points[-2:]
        return self.is_settled and all(point.life is point.stored_in for point in ends)

    def take(self, point: Point) -> None:
        """Judge the next reading, and those before it that waited for it."""
        self.points.append(point)
        last, pending = self._last, self._pending
        if last is None:
            self._open(point, FIRST)
        elif point.layout != last.layout:
            self._open(point, OTHER_REGISTERS)
        elif not point.is_below(last):
            self._go_on(point)
        elif pending is None or point.is_below(pending):
            self._pending = point
            point.life = self._aside
        else:
            self._decide(last, pending)
            self._go_on(point)

    def goes_on(self, point: Point, gap_s: int) -> bool:
        """Take the next reading if all that there is to say of it is that it goes on from the last
        one, as nearly every reading does; returns whether it did. `take` would come to the same."""
        last = self._last
        if last is None or self.begins or self.points != [self._before, last]:
            return False
        is_near = point.at - last.at <= gap_s and point.clock is last.clock is None
        if not (is_near and point.layout == last.layout and not point.is_below(last)):
            return False
        self._go_on(point)
        point.stored_in = point.life
        self.points = [last, point]
        return True

    def _decide(self, last: Point, pending: Point) -> None:
        """Two readings in a row are below the last one: it was wild, or the counter restarted."""
        if self._before is not None and not pending.is_below(self._before):
            last.life = self._aside
            self._last = self._before
            self._go_on(pending)
        else:
            self._open(pending, RESTARTED)

    def _go_on(self, point: Point) -> None:
        assert self._last is not None
        if self._last.life is not None and self._last.life.id is None:
            self._adopt(self._last.life, point.stored_in)
        point.life = self._last.life
        self._before, self._last, self._pending = self._last, point, None

    def _open(self, point: Point, opened_by: str) -> None:
        """Begin a life; it keeps the one that it had in the file unless that is another's now."""
        life = point.stored_in
        if life is None or life is self._aside or life in self._used:
            life = Life(None, opened_by)
        life.opened_by = opened_by
        self._used.add(life)
        self.opened.append((life, point))
        point.life = life
        self._before, self._last, self._pending = None, point, None

    def _adopt(self, new: Life, stored: Life | None) -> None:
        """A new life that a stored one goes on is that one, so that no readings need to move."""
        if stored is None or stored is self._aside or stored in self._used:
            return
        stored.opened_by = new.opened_by
        self._used.add(stored)
        self.opened = [(stored if life is new else life, first) for life, first in self.opened]
        for point in self.points:
            if point.life is new:
                point.life = stored

    def forget(self) -> bool:
        """Keep only the end from which judging goes on, if it is one; returns whether it is."""
        if not self.is_settled:
            return False
        del self.points[:-2]
        self.begins = False
        return True

    def events(self, gap_s: int, registers: Sequence[str]) -> set[Event]:
        """What is to be told of these readings.

        :param gap_s: a longer time between two readings is a gap; so is one with something set
            aside in it.
        """
        told: set[Event] = set()
        before: Point | None = None
        good: Point | None = None
        waiting: list[Point] = []
        for point in self.points:
            if before is not None or self.begins:
                told |= _of_clock(before, point)
            if not point.counts:
                waiting.append(point)
            else:
                told |= {_of_aside(each, good, point, registers) for each in waiting}
                if good is not None and (waiting or point.at - good.at > gap_s):
                    told |= _of_gap(good, point)
                good, waiting = point, []
            before = point
        return told | {_of_aside(each, good, None, registers) for each in waiting}


def _of_clock(before: Point | None, point: Point) -> set[Event]:
    """Where a meter's clock begins to be off, and where it is right again."""
    assert point.life is not None
    was_off = before is not None and before.clock is not None
    if point.clock is None:
        return {(CLOCK_RIGHT, point.life, point.at, None, None)} if was_off else set()
    if was_off:
        return set()
    off_s = None if point.clock == CLOCK_NOT_SET else str(point.clock - point.at)
    return {(CLOCK_OFF, point.life, point.at, None, off_s)}


def _of_gap(before: Point, point: Point) -> set[Event]:
    """Between two lives nothing is known; that isn't told here, but seen from their ends."""
    if point.life is None or before.life is not point.life:
        return set()
    return {(GAP, point.life, before.at, point.at, None)}


def _of_aside(
    point: Point, before: Point | None, after: Point | None, registers: Sequence[str]
) -> Event:
    """Why it is aside: `below` the one before or `above` the one after it, the first register
    that tells so, what it says, and what the other one says."""
    assert point.life is not None
    detail = None
    if before is not None and (place := point.first_below(before)) is not None:
        detail = _compared("below", registers[place], point, before, place)
    elif after is not None and (place := after.first_below(point)) is not None:
        detail = _compared("above", registers[place], point, after, place)
    return (ASIDE, point.life, point.at, None, detail)


def _compared(how: str, register: str, point: Point, other: Point, place: int) -> str:
    return f"{how} {register} {point.counters[place]} {other.counters[place]}"
