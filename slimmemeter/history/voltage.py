"""The voltage of each phase, as the meter showed it at each reading."""

from __future__ import annotations

from bisect import bisect_right
from operator import sub

from slimmemeter.history.consumption import Column, Table
from slimmemeter.store.reader import Reader

TENTH = 10
PHASES = ("l1", "l2", "l3")
FINEST_S = 300  # a bucket of one reading


def voltage(reader: Reader, borders: list[int]) -> Table:
    """The lowest and the highest voltage of each phase that was read in a bucket, in V; of buckets
    of five minutes the mean."""
    stored = [f"voltage_{phase}_dv" for phase in PHASES]
    read: dict[str, list[list[int]]] = {name: [[] for _ in borders[1:]] for name in stored}
    for row in reader.sampled(stored, borders[0], borders[-1]):
        place = bisect_right(borders, row["taken_at"]) - 1
        for name in stored:
            if row[name]:  # a phase that isn't there may read 0
                read[name][place].append(row[name])
    table = Table("voltage", borders)
    is_fine = max(map(sub, borders[1:], borders)) <= FINEST_S  # the first may be cut
    for name, buckets in read.items():
        if any(buckets):
            table.columns += _mean(name, buckets) if is_fine else _range(name, buckets)
    return table


def _mean(name: str, buckets: list[list[int]]) -> list[Column]:
    values = [round(sum(each) / len(each)) if each else None for each in buckets]
    return [Column(name.replace("_dv", "_v"), TENTH, values, None)]


def _range(name: str, buckets: list[list[int]]) -> list[Column]:
    return [
        Column(
            name.replace("_dv", f"_{which.__name__}_v"),
            TENTH,
            [which(each) if each else None for each in buckets],
            None,
        )
        for which in (min, max)
    ]
