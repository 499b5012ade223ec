"""The voltage of each phase, as the meter showed it at each reading."""

from __future__ import annotations

from bisect import bisect_right
from operator import sub

from slimmemeter.history.table import Column, Table
from slimmemeter.store.snapshot import Snapshot

STORED = {phase: f"voltage_l{phase}_dv" for phase in (1, 2, 3)}
FINEST_S = 300  # a bucket of one reading


def voltage(house: Snapshot, borders: list[int]) -> Table:
    """The lowest and the highest voltage of each phase that was read in a bucket, in V.

    The mean of buckets of five minutes.
    """
    read: dict[int, list[list[int]]] = {phase: [[] for _ in borders[1:]] for phase in STORED}
    samples = house.reader.samples(list(STORED.values()), borders[0], borders[-1])
    for taken_at, *values in samples:
        place = bisect_right(borders, taken_at or 0) - 1
        for phase, value in zip(STORED, values, strict=True):
            if value:  # a phase that isn't connected may read 0
                read[phase][place].append(value)
    table = Table("voltage", borders)
    is_fine = max(map(sub, borders[1:], borders)) <= FINEST_S  # the first one may be cut
    for phase, buckets in read.items():
        if any(buckets):
            table.columns |= _means(phase, buckets) if is_fine else _ranges(phase, buckets)
    table.totals = dict.fromkeys(table.columns)
    return table


def _means(phase: int, buckets: list[list[int]]) -> dict[Column, list[int | None]]:
    means = [round(sum(each) / len(each)) if each else None for each in buckets]
    return {Column("voltage", "V", phase=phase): means}


def _ranges(phase: int, buckets: list[list[int]]) -> dict[Column, list[int | None]]:
    return {
        Column("voltage", "V", phase=phase, extreme=which.__name__): [
            which(each) if each else None for each in buckets
        ]
        for which in (min, max)
    }
