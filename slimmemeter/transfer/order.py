"""Finds the telegrams of a log that a clock misdated which was wrong for a while.

Telegrams stand in a log in the order in which they were sent, and counters only rise. So where the
time falls and no counter does, a clock was set: either back, and then those that follow are
misdated until it leaps forth again; or it had been ahead, and then those after such a
leap are; of these two, whatever misdates fewer. Without such a leap, only what overlaps is. Where
counters fall too, an older log follows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import NamedTuple

from slimmemeter import clock
from slimmemeter.clock import AGREEMENT_S
from slimmemeter.store import schema
from slimmemeter.transfer.entry import AT, Entry, untimely

Registers = tuple[int | None, ...]


class Stretch(NamedTuple):
    """Telegrams of a meter: their numbers in the log, and between which instants they are."""

    begin: int
    end: int
    after: float = -inf
    until: float = inf


Misdated = dict[str | None, deque[Stretch]]  # by meter, in the order of the log


@dataclass
class Run:
    """Telegrams of a meter one after the other, between which time neither falls nor leaps."""

    begin: int  # numbers in the log
    end: int
    first_at: int
    last_at: int
    first: Registers
    last: Registers
    count: int = 1

    def part(self, after: float, until: float) -> float:
        """About how many of its telegrams are later than an instant, until another."""
        length_s = self.last_at - self.first_at + 1
        inside_s = min(self.last_at, until) - max(self.first_at - 1, after)
        return self.count * max(inside_s, 0) / length_s


def in_order(read: Callable[[], Iterable[Entry]]) -> Iterator[Entry]:
    """The entries of a log, with an error in place of each telegram that is misdated.

    :param read: gives an entry for each telegram, in the order of the log; it is called twice.
    """
    return _without(read(), _misdated(read()))


def _misdated(entries: Iterable[Entry]) -> Misdated:
    """The misdated telegrams of a log."""
    runs: dict[str | None, list[Run]] = {}
    now = clock.now()
    for number, entry in enumerate(entries, 1):
        if entry.reading is not None and entry.at is not None and not untimely(entry.at, now):
            own = runs.setdefault(entry.reading.equipment_id, [])
            _extend(own, number, entry.at, tuple(map(entry.reading.values.get, schema.REGISTERS)))
    return {meter: deque(_Order(own).stretches()) for meter, own in runs.items()}


def _extend(runs: list[Run], number: int, at: int, registers: Registers) -> None:
    """Add a telegram to the last run, unless its time leaps or falls."""
    run = runs[-1] if runs else None
    if run is None or abs(at - run.last_at) > AGREEMENT_S:
        runs.append(Run(number, number, at, at, registers, registers))
        return
    run.end, run.last_at, run.last = number, max(at, run.last_at), registers
    run.count += 1


def _without(entries: Iterable[Entry], found: Misdated) -> Iterator[Entry]:
    """The entries of a log, with an error in place of each telegram that is misdated."""
    for number, entry in enumerate(entries, 1):
        own = found.get(entry.reading.equipment_id) if entry.reading is not None else None
        while own and own[0].end < number:
            own.popleft()
        if own and entry.at is not None and own[0].begin <= number:
            _, _, after, until = own[0]
            if after < entry.at <= until:
                yield _with_error(entry, entry.at)
                continue
        yield entry


def _with_error(entry: Entry, at: int) -> Entry:
    return Entry(entry.place, at, error=f"{AT} is out of the order of the telegrams around it")


class _Order:
    """The runs of a meter, one after the other, those last that may be misdated."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        self._line: list[Run] = []  # in the order of time
        self._fallen: list[Run] = []  # those that then fell back in time, in its order too
        self._ahead: list[Run] = []  # the line's end, which would be misdated if it had been ahead
        self._found: list[Stretch] = []
        steps = [b.first_at - a.last_at for a, b in zip(runs, runs[1:], strict=False)]
        within = [(run.last_at - run.first_at) / (run.count - 1) for run in runs if run.count > 1]
        usual_s = median(within or [*map(abs, steps), 0])
        self._slack_s = AGREEMENT_S + 2 * usual_s  # that a leap may be longer than its fall

    def stretches(self) -> list[Stretch]:
        """Those that are misdated, in the order of the log."""
        for run in self._runs:
            self._put(run)
        self._settle()
        return sorted(self._found)

    def _put(self, run: Run) -> None:
        before = (self._fallen or self._line)[-1:]
        if before and _counters_fall(before[0], run):  # an older log follows
            self._settle()
            self._line = [run]
        elif before and run.first_at < before[0].last_at:
            self._settle()
            self._fall(run)
        elif self._fallen:
            self._after_a_fall(run)
        else:
            self._line.append(run)

    def _fall(self, run: Run) -> None:
        """Take the first run that is earlier than the line."""
        fall_s = self._line[-1].last_at - run.first_at
        self._fallen = [run]
        for place in range(len(self._line) - 1, 0, -1):
            before, after = self._line[place - 1 : place + 1]
            leap_s, is_apart = after.first_at - before.last_at, after.first_at > run.first_at
            if before.last_at < run.first_at and self._fits(leap_s, fall_s, is_apart):
                self._ahead = self._line[place:]
                break
        self._settle_ahead()

    def _fits(self, leap_s: int, fall_s: int, is_apart: bool) -> bool:
        """Whether one clock leapt and fell so.

        :param is_apart: whether what it dated is apart from the right time on both sides.
        """
        return leap_s > fall_s and (is_apart or leap_s <= fall_s + self._slack_s)

    def _after_a_fall(self, run: Run) -> None:
        """Take a run after others that are earlier than the line."""
        leap_s = run.first_at - self._fallen[-1].last_at
        fall_s = self._line[-1].last_at - self._fallen[0].first_at
        is_apart = self._fallen[-1].last_at < self._line[-1].last_at
        if self._fits(leap_s, fall_s, is_apart):
            self._drop(self._fallen)
            self._fallen, self._ahead = [], []
            self._line.append(run)
        else:
            self._fallen.append(run)
            self._settle_ahead()

    def _settle_ahead(self) -> None:
        """The line had been ahead if that misdates no more than have fallen back meanwhile."""
        if self._ahead and _count(self._ahead) <= _count(self._fallen):
            self._settle()

    def _settle(self) -> None:
        """Decide of those that fell back and didn't leap forth again."""
        fallen, line = self._fallen, self._line
        if self._ahead:
            self._drop(self._ahead)
            del line[-len(self._ahead) :]
        elif fallen:
            newest, oldest = line[-1].last_at, fallen[0].first_at
            later = sum(run.part(oldest - 1, inf) for run in line)
            earlier = sum(run.part(-inf, newest) for run in fallen)
            if later < earlier:
                self._drop(line, after=oldest - 1)
            else:
                self._drop(fallen, until=newest)
        line.extend(fallen)
        self._fallen, self._ahead = [], []

    def _drop(self, runs: Sequence[Run], after: float = -inf, until: float = inf) -> None:
        self._found += [
            Stretch(run.begin, run.end, after, until) for run in runs if run.part(after, until)
        ]


def _count(runs: Iterable[Run]) -> int:
    return sum(run.count for run in runs)


def _counters_fall(before: Run, after: Run) -> bool:
    """Whether a register is lower than before."""
    pairs = zip(before.last, after.first, strict=True)
    return any(old is not None and new is not None and new < old for old, new in pairs)
