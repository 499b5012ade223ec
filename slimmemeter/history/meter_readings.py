"""What each register said at a moment, and how that is known: read then, or between two readings.

It is what a yearly statement, a move or a new supplier asks for, and what the borders of a period
are held against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from slimmemeter.history import consumption
from slimmemeter.history.consumption import Table
from slimmemeter.store.connection import NamedRow
from slimmemeter.store.reader import Reader

NEAR_S = 60  # a reading that near is that moment's


class Around(NamedTuple):
    """The readings on both sides of an instant: their times, None where there is none, and the
    registers there. At a reading both sides are that reading."""

    before: int | None
    counters_before: Sequence[int]
    after: int | None
    counters_after: Sequence[int]


@dataclass(frozen=True)
class Mark:
    """Registers at an instant: the readings on both sides of it, and what the curve says; None
    before the first and after the last reading."""

    at: int
    around: Around
    counters: Sequence[int] | None

    def counter(self, place: int) -> int | None:
        """One of `counters`."""
        return None if self.counters is None else self.counters[place]

    @property
    def reading(self) -> tuple[int, Sequence[int]] | None:
        """The instant and the counters of the nearest reading, if it is at most `NEAR_S` away."""
        before, counters_before, after, counters_after = self.around
        sides = [(before, counters_before), (after, counters_after)]
        near = [(abs(at - self.at), at, counted) for at, counted in sides if at is not None]
        away_s, at, counted = min(near, key=lambda side: side[:2])
        return (at, counted) if away_s <= NEAR_S else None


@dataclass(frozen=True)
class Life:
    """A life of a meter or device: its row, and its registers as (stored, shown) names."""

    row: NamedRow
    source: str
    columns: list[tuple[str, str]]

    def mark(self, reader: Reader, instant: int) -> Mark:
        """Its registers at an instant."""
        stored = [name for name, _ in self.columns]
        of_this = self.source, self.row["id"], stored
        row = reader.around(*of_this, instant)
        middle = len(row) // 2
        around = Around._make((row[0], row[1:middle], row[middle], row[middle + 1 :]))
        is_known = around.before is not None and around.after is not None
        return Mark(instant, around, reader.curve(*of_this, [instant])[0] if is_known else None)


@dataclass(frozen=True)
class Span:
    """What the registers of one life said at the borders of a period, or where it begins or ends
    in it."""

    life: Life
    begin: Mark
    end: Mark


def lives(reader: Reader) -> list[Life]:
    """Every life of the meters, and of their devices."""
    return [life_of(row) for row in (*reader.series(), *reader.devices())]


def life_of(row: NamedRow) -> Life:
    """A series or a device, with all its registers."""
    if "registers" in row.keys():  # noqa: SIM118 - a Row iterates over its values
        names = row["registers"].split()
        return Life(row, "readings", [(name, consumption.shown(name)) for name in names])
    return Life(row, "mbus_readings", [("counter", consumption.column_of(row))])


def at(reader: Reader, instant: int) -> list[tuple[Life, Mark]]:
    """The registers at an instant; where a meter (or a device) has no reading on both sides of it,
    those of its newest life before and of its oldest one after."""
    found: list[tuple[Life, Mark]] = []
    groups: dict[object, list[Life]] = {}
    for life in lives(reader):
        groups.setdefault(_owner(life), []).append(life)
    for group in groups.values():
        there = [life for life in group if life.row["first"] <= instant <= life.row["last"]]
        if not there:
            before = sorted((life for life in group if life.row["last"] < instant), key=_end)
            after = [life for life in group if life.row["first"] > instant]
            there = before[-1:] + after[:1]
        found += [(life, life.mark(reader, instant)) for life in there]
    return found


def _owner(life: Life) -> object:
    """Whose life it is: all electricity is of one connection."""
    names = ("equipment", "channel", "type", "unit")
    return "grid" if life.source == "readings" else tuple(life.row[name] for name in names)


def newest(reader: Reader) -> list[tuple[Life, Mark]]:
    """The newest registers of the meter and of each device."""
    by_end = sorted(lives(reader), key=_end)
    last = {_owner(life): life for life in by_end}
    return [(life, life.mark(reader, life.row["last"])) for life in last.values()]


def _end(life: Life) -> int:
    return int(life.row["last"])


def spans(reader: Reader, begin: int, end: int) -> list[Span]:
    """What the registers said at both borders of a period, of each life that reaches into it."""
    return [
        Span(
            life,
            life.mark(reader, max(begin, life.row["first"])),
            life.mark(reader, min(end, life.row["last"])),
        )
        for life in lives(reader)
        if life.row["first"] < end and life.row["last"] > begin
    ]


def agrees(table: Table, spans: Sequence[Span]) -> bool:
    """Whether the buckets of a table add up to the difference of two stored readings, the nearest
    to its borders; what was used in the seconds between reading and border may lie between.

    Not where no reading is near a border.
    """
    ours = {column.name: column for column in table.columns}
    read, slack = dict.fromkeys(ours, 0), dict.fromkeys(ours, 0)
    for span in spans:
        if not ours.keys() & {shown for _, shown in span.life.columns}:
            continue
        for mark, sign in ((span.begin, -1), (span.end, 1)):
            if mark.reading is None:
                return False
            for place, (_, shown) in enumerate(span.life.columns):
                counted, by_curve = mark.reading[1][place], mark.counter(place)
                if shown in ours and by_curve is not None:
                    read[shown] += sign * counted
                    slack[shown] += abs(counted - by_curve)
    sums = {name: sum(value or 0 for value in column.values) for name, column in ours.items()}
    return all(abs(sums[name] - read[name]) <= slack[name] for name in ours)
