"""The voltage of each phase, as the meter showed it at each reading."""

from __future__ import annotations

from operator import sub

from slimmemeter.history.table import Column, Numbers, Table
from slimmemeter.store.snapshot import Snapshot

STORED = {phase: f"voltage_l{phase}_dv" for phase in (1, 2, 3)}
FINEST_S = 300  # a bucket of one reading


def voltage(house: Snapshot, borders: list[int]) -> Table:
    """The lowest and the highest voltage of each phase that was read in a bucket, in V.

    The mean of buckets of five minutes.
    """
    is_fine = max(map(sub, borders[1:], borders)) <= FINEST_S  # the first one may be cut
    columns: dict[Column, Numbers] = {}
    for place, phases in house.reader.sampled(list(STORED.values()), borders):
        for phase, (lowest, highest, mean) in zip(STORED, phases, strict=True):
            if lowest is None or highest is None or mean is None:
                continue
            found = {None: round(mean)} if is_fine else {"min": lowest, "max": highest}
            for extreme, value in found.items():
                column = Column("voltage", "V", phase=phase, extreme=extreme)
                columns.setdefault(column, [None] * (len(borders) - 1))[place] = value
    in_order = sorted(columns, key=lambda column: column.phase or 0)
    return Table(
        "voltage",
        borders,
        {column: columns[column] for column in in_order},
        dict.fromkeys(in_order),
    )
