"""What the meter showed of each phase at its readings: voltage and power."""

from __future__ import annotations

from collections.abc import Mapping
from operator import sub

from slimmemeter.history.table import Column, Numbers, Table
from slimmemeter.store.snapshot import Snapshot

PHASES = (1, 2, 3)
FINEST_S = 300  # a bucket of one reading


def voltage_register(phase: int) -> str:
    """Where a reading has the voltage of a phase, in dV."""
    return f"voltage_l{phase}_dv"


def current_register(phase: int) -> str:
    """Where a reading has the current of a phase, in mA."""
    return f"current_l{phase}_ma"


def power_register(phase: int, direction: str) -> str:
    """Where a reading has the power of a phase, in W; the direction is import or export."""
    return f"power_{direction}_l{phase}_w"


def net_power_w(values: Mapping[str, int], phase: int) -> int | None:
    """The power of a phase in a reading, below zero to the grid; None if it has none."""
    sides = [values.get(power_register(phase, each)) for each in ("import", "export")]
    return None if sides == [None, None] else (sides[0] or 0) - (sides[1] or 0)


def net_power_by_phase(values: Mapping[str, int]) -> dict[int, int]:
    """The power of each phase of a reading, below zero to the grid; empty if there is only one."""
    found = {phase: net_power_w(values, phase) for phase in PHASES}
    known = {phase: watts for phase, watts in found.items() if watts is not None}
    return known if len(known) > 1 else {}


def voltage(house: Snapshot, borders: list[int]) -> Table:
    """The lowest and the highest voltage of each phase that was read in a bucket, in V.

    The mean of buckets of five minutes. A voltage of 0 doesn't count.
    """
    is_fine = max(map(sub, borders[1:], borders)) <= FINEST_S  # the first one may be cut
    columns: dict[Column, Numbers] = {}
    registers = [voltage_register(phase) for phase in PHASES]
    for place, phases in house.reader.sampled(registers, borders, is_zero_known=False):
        for phase, (lowest, highest, mean) in zip(PHASES, phases, strict=True):
            if lowest is None or highest is None or mean is None:
                continue
            found = {None: round(mean)} if is_fine else {"min": lowest, "max": highest}
            for extreme, value in found.items():
                column = Column("voltage", "V", phase=phase, extreme=extreme)
                columns.setdefault(column, [None] * (len(borders) - 1))[place] = value
    in_order = sorted(columns, key=lambda column: column.phase or 0)
    return _table("voltage", borders, {column: columns[column] for column in in_order})


def power(house: Snapshot, borders: list[int]) -> Table:
    """The mean power of each phase at the readings of a bucket, in W; to the grid is below zero."""
    registers = [power_register(phase, each) for phase in PHASES for each in ("import", "export")]
    columns: dict[Column, Numbers] = {}
    for place, found in house.reader.sampled(registers, borders, is_zero_known=True):
        means = [mean for _, _, mean in found]
        for phase, taken, given in zip(PHASES, means[::2], means[1::2], strict=True):
            if taken is None and given is None:
                continue
            column = Column("phase", "W", phase=phase)
            watts = round((taken or 0) - (given or 0))
            columns.setdefault(column, [None] * (len(borders) - 1))[place] = watts
    return _table("phases", borders, columns)


def _table(name: str, borders: list[int], columns: dict[Column, Numbers]) -> Table:
    """Of what was read at moments there is no total."""
    return Table(name, borders, columns, dict.fromkeys(columns))
