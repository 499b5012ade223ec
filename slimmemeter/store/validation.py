"""Which readings count, whatever order they came in.

A *series* is a stretch in which the counters of one meter (or of one device) only rise and its
registers are the same. Other registers open a new one, and so does a counter that restarts. An
outlier is set aside, not deleted:

- a reading below the one before it waits; if the next one is back above, the reading is an outlier;
- if the next one goes on from it, the counter restarted there, and a new series begins;
- unless both are above the last but one: then the last reading was the outlier.

Pure: it knows no database, and the result for a set of readings depends on nothing but that set.
"""

from __future__ import annotations

from slimmemeter.store.schema import CLOCK_NOT_SET

GAP, OUTLIER, CLOCK_OFF, CLOCK_RIGHT = "gap", "set aside", "clock off", "clock right"
FIRST, OTHER_REGISTERS, RESTARTED, SET_ASIDE = (
    "first reading",
    "other registers",
    "restarted counter",
    "set aside",  # not a series, but the place of the readings that don't count
)
OTHER_VALUE = "other value"  # an event: a device sent two counters of one instant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Found = tuple[str, "Stretch", int, "int | None", "str | None"]  # kind, stretch, at, until, detail
Counters = tuple["int | None", ...]


class Stretch:
    """A series as it is being found, or with `SET_ASIDE` the readings that are in none."""

    __slots__ = ("id", "opened_by")

    def __init__(self, number: int | None, opened_by: str) -> None:
        self.id = number  # of the stored series; None until it is stored
        self.opened_by = opened_by


class Point:
    """A reading as it is validated: its instant, counters, meter's clock and stretch."""

    __slots__ = ("at", "clock", "counters", "stored_in", "stretch")

    def __init__(
        self, at: int, counters: Counters, clock: int | None = None, stretch: Stretch | None = None
    ) -> None:
        self.at = at
        self.counters = counters  # None: the meter has no such register
        self.clock = clock  # the time of the meter's clock unless that is `at`
        self.stretch = self.stored_in = stretch  # `stored_in` is None if it is new

    @property
    def layout(self) -> tuple[bool, ...]:
        """For each register whether the reading has it."""
        return tuple([counter is not None for counter in self.counters])

    @property
    def counts(self) -> bool:
        """Whether it is no outlier."""
        return self.stretch is not None and self.stretch.opened_by != SET_ASIDE

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
    """Consecutive readings of one meter or device while they are validated.

    They begin with two neighbours that are known to count, or with the very first reading, so that
    the result is the same as if validation had started there.
    """

    def __init__(
        self, aside: Stretch, before: Sequence[Point] = (), used: Iterable[Stretch] = ()
    ) -> None:
        """ "":param used: the stretches that have readings up to there."""
        self.points = list(before)
        self.begins = not before
        self._aside = aside
        self._used = set(used)
        self.opened: list[
            tuple[Stretch, Point]
        ] = []  # stretches that begin here, and their first reading
        self._before: Point | None = before[0] if before else None
        self._last: Point | None = before[1] if before else None
        self._pending: Point | None = None  # an outlier unless the next one goes on from it

    @property
    def is_settled(self) -> bool:
        """Whether it ends with two readings of one stretch, with which another window may begin."""
        if self._pending is not None or len(self.points) < 2:
            return False
        before, last = self.points[-2:]
        return before.counts and before.stretch is last.stretch

    @property
    def is_as_stored(self) -> bool:
        """Whether the readings after its end keep their stored result."""
        ends = self.points[-2:]
        return self.is_settled and all(point.stretch is point.stored_in for point in ends)

    def take(self, point: Point) -> None:
        """Validate the next reading, and those before it that waited for it."""
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
            point.stretch = self._aside
        else:
            self._decide(last, pending)
            self._go_on(point)

    def goes_on(self, point: Point, gap_s: int) -> bool:
        """Take the next reading if it simply goes on from the last one, as nearly all do.

        :returns: whether it did; `take` would have the same result.
        """
        last = self._last
        if last is None or self.begins or self.points != [self._before, last]:
            return False
        is_near = point.at - last.at <= gap_s and point.clock is last.clock is None
        if not (is_near and point.layout == last.layout and not point.is_below(last)):
            return False
        self._go_on(point)
        point.stored_in = point.stretch
        self.points = [last, point]
        return True

    def _decide(self, last: Point, pending: Point) -> None:
        """Two readings in a row are below the last: it is an outlier, or the counter restarted."""
        if self._before is not None and not pending.is_below(self._before):
            last.stretch = self._aside
            self._last = self._before
            self._go_on(pending)
        else:
            self._open(pending, RESTARTED)

    def _go_on(self, point: Point) -> None:
        assert self._last is not None
        if self._last.stretch is not None and self._last.stretch.id is None:
            self._adopt(self._last.stretch, point.stored_in)
        point.stretch = self._last.stretch
        self._before, self._last, self._pending = self._last, point, None

    def _open(self, point: Point, opened_by: str) -> None:
        """Begin a stretch; it keeps its stored series unless that is another's now."""
        stretch = point.stored_in
        if stretch is None or stretch is self._aside or stretch in self._used:
            stretch = Stretch(None, opened_by)
        stretch.opened_by = opened_by
        self._used.add(stretch)
        self.opened.append((stretch, point))
        point.stretch = stretch
        self._before, self._last, self._pending = None, point, None

    def _adopt(self, new: Stretch, stored: Stretch | None) -> None:
        """A new stretch that goes on as a stored one is that one: no readings need to move."""
        if stored is None or stored is self._aside or stored in self._used:
            return
        stored.opened_by = new.opened_by
        self._used.add(stored)
        self.opened = [
            (stored if stretch is new else stretch, first) for stretch, first in self.opened
        ]
        for point in self.points:
            if point.stretch is new:
                point.stretch = stored

    def forget(self) -> bool:
        """Keep only the two readings from which validation can go on; returns whether it can."""
        if not self.is_settled:
            return False
        del self.points[:-2]
        self.begins = False
        return True

    def events(self, gap_s: int, registers: Sequence[str]) -> set[Found]:
        """The events of these readings.

        :param gap_s: a longer time between two readings is a gap, and so is one with an outlier.
        """
        found: set[Found] = set()
        before: Point | None = None
        good: Point | None = None
        waiting: list[Point] = []
        for point in self.points:
            if before is not None or self.begins:
                found |= _clock_events(before, point)
            if not point.counts:
                waiting.append(point)
            else:
                found |= {_outlier(each, good, point, registers) for each in waiting}
                if good is not None and (waiting or point.at - good.at > gap_s):
                    found |= _gap(good, point)
                good, waiting = point, []
            before = point
        return found | {_outlier(each, good, None, registers) for each in waiting}


def _clock_events(before: Point | None, point: Point) -> set[Found]:
    """Where a meter's clock begins to be wrong, and where it is right again."""
    assert point.stretch is not None
    was_off = before is not None and before.clock is not None
    if point.clock is None:
        return {(CLOCK_RIGHT, point.stretch, point.at, None, None)} if was_off else set()
    if was_off:
        return set()
    off_s = None if point.clock == CLOCK_NOT_SET else str(point.clock - point.at)
    return {(CLOCK_OFF, point.stretch, point.at, None, off_s)}


def _gap(before: Point, point: Point) -> set[Found]:
    """Between two stretches nothing is known; their ends show that, without an event."""
    if point.stretch is None or before.stretch is not point.stretch:
        return set()
    return {(GAP, point.stretch, before.at, point.at, None)}


def _outlier(
    point: Point, before: Point | None, after: Point | None, registers: Sequence[str]
) -> Found:
    """An outlier, and the first register that shows it."""
    assert point.stretch is not None
    detail = None
    if before is not None and (place := point.first_below(before)) is not None:
        detail = _misfit("below", registers[place], point, before, place)
    elif after is not None and (place := after.first_below(point)) is not None:
        detail = _misfit("above", registers[place], point, after, place)
    return (OUTLIER, point.stretch, point.at, None, detail)


def _misfit(side: str, register: str, point: Point, other: Point, place: int) -> str:
    return f"{side} {register} {point.counters[place]} {other.counters[place]}"


class Misfit:
    """The detail of an outlier's event: the register that doesn't fit, and its neighbour's value.

    Of `OTHER_VALUE` only both values.
    """

    __slots__ = ("other", "register", "side", "value")

    def __init__(self, detail: str) -> None:
        *about, value, other = detail.split()
        self.side, self.register = about or ("", "")  # below the one before, above the one after
        self.value, self.other = int(value), int(other)
