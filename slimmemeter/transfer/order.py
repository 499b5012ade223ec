"""Leaves out the telegrams of a log that a clock misdated which was wrong for a while.

Telegrams stand in a log in the order in which they were sent, and counters only rise. So where the
time falls and no counter does, a clock was set: either back, and then those that follow are
misdated until they are later again, or it had been ahead, and then those after its leap are; of
these two, whatever misdates fewer. Where counters fall too, an older log follows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from slimmemeter import clock
from slimmemeter.clock import AGREEMENT_S
from slimmemeter.store import schema
from slimmemeter.transfer.entry import Entry, untimely

MOST = 1000  # telegrams that are held back until it is known whether they are misdated


def in_order(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries of a log, with an error in place of each telegram that is misdated."""
    meters: dict[str | None, _Order] = {}
    now = clock.now()
    for entry in entries:
        if entry.reading is None or untimely(_at(entry), now):
            yield entry
            continue
        meter = entry.reading.equipment_id
        order = meters.get(meter)
        if order is None:
            order = meters[meter] = _Order()
        yield from order.put(entry)
    for order in meters.values():
        yield from order.end()


class _Order:
    """The last telegrams of a meter, which may turn out to be misdated."""

    def __init__(self) -> None:
        self._line: deque[Entry] = deque()  # in the order of time
        self._fallen: list[Entry] = []  # those that then fell back in time
        self._ahead = 0  # the number at the line's end that would be misdated if it had been ahead
        self._has_given = False  # whether there were others before the line

    def put(self, entry: Entry) -> Iterator[Entry]:
        """Take the next telegram, and give those of which it is known."""
        line = self._line
        if self._fallen:
            yield from self._after_a_fall(entry)
        elif line and _at(entry) < _at(line[-1]) - AGREEMENT_S:
            yield from self._fall(entry)
        else:
            line.append(entry)
            if len(line) > MOST:
                self._has_given = True
                yield line.popleft()

    def _fall(self, entry: Entry) -> Iterator[Entry]:
        """Take the first telegram that is earlier than the line."""
        line = self._line
        if _counters_fall(line[-1], entry):  # an older log follows
            yield from self.end()
            line.append(entry)
            return
        leap = self._leap(entry)
        self._ahead = len(line) - leap if leap else 0
        yield from self._fall_on(entry)

    def _fall_on(self, entry: Entry) -> Iterator[Entry]:
        """Take another telegram of those that fell back."""
        self._fallen.append(entry)
        if len(self._fallen) in (self._ahead, MOST + 1):
            yield from self._settle(is_end=False)

    def _leap(self, entry: Entry) -> int:
        """The place in the line where time leapt as far as it falls now, or farther to what is
        later than the one that falls; 0 without any."""
        times = [_at(each) for each in self._line]
        fall_s = times[-1] - _at(entry)
        for place in range(len(times) - 1, 0, -1):
            leap_s = times[place] - times[place - 1]
            if leap_s > fall_s and (leap_s <= 2 * fall_s or times[place] > _at(entry)):
                return place
        return 0

    def _after_a_fall(self, entry: Entry) -> Iterator[Entry]:
        """Take a telegram after others that are earlier than the line."""
        line, fallen = self._line, self._fallen
        if _counters_fall(fallen[-1], entry):
            yield from self.end()
            line.append(entry)
        elif _at(entry) - _at(fallen[-1]) > _at(line[-1]) - _at(fallen[0]):  # it leapt back
            yield from _misdated(fallen)
            fallen.clear()
            line.append(entry)
        else:
            yield from self._fall_on(entry)

    def _without_end(self, number: int) -> Iterator[Entry]:
        removed = [self._line.pop() for _ in range(number)]
        yield from _misdated(removed[::-1])

    def _settle(self, is_end: bool) -> Iterator[Entry]:
        """Decide of those that fell back and never leapt back."""
        fallen, newest = self._fallen, _at(self._line[-1])
        if self._ahead:
            yield from self._without_end(self._ahead)
            self._line.extend(fallen)
            self._fallen = []
            return
        later = sum(_at(each) > _at(fallen[0]) for each in self._line)
        earlier = [each for each in fallen if _at(each) <= newest]
        is_first = later == len(self._line) and not self._has_given
        if is_first and len(fallen) > later:  # the log begins with a clock that is ahead
            yield from self._without_end(later)
        elif len(earlier) < len(fallen) or (is_end and len(earlier) <= later):
            yield from _misdated(earlier)
            fallen = [each for each in fallen if _at(each) > newest]
        self._fallen = []
        yield from self._give(fallen)

    def _give(self, fallen: list[Entry]) -> Iterator[Entry]:
        """Give the line; those that fell back are the next one."""
        self._has_given |= bool(self._line)
        yield from self._line
        self._line.clear()
        self._line.extend(fallen)

    def end(self) -> Iterator[Entry]:
        """Give all that is left."""
        if self._fallen:
            yield from self._settle(is_end=True)
        yield from self._give([])
        self._has_given = False


def _at(entry: Entry) -> int:
    assert entry.at is not None
    return entry.at


def _counters_fall(before: Entry, entry: Entry) -> bool:
    """Whether a register is lower than before."""
    assert before.reading is not None
    assert entry.reading is not None
    old, new = before.reading.values, entry.reading.values
    return any(new[name] < old[name] for name in schema.REGISTERS if name in old and name in new)


def _misdated(entries: Iterable[Entry]) -> Iterator[Entry]:
    for entry in entries:
        time = clock.utc(_at(entry))
        yield Entry(entry.place, error=f"{time} is out of the order of the telegrams around it")
