"""What a house has: registers that count nothing are in no picture and in no table of a page."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from typing import TypeVar

from slimmemeter.history.table import Column, Table
from slimmemeter.store import schema
from slimmemeter.store.snapshot import Snapshot

LEAST_EXPORT_WH = 1000  # in all: less is noise of a meter, and of no panels
Tariffs = Set[int | None]
Value = TypeVar("Value")


def shown(house: Snapshot, table: Table) -> Table:
    """A table without the directions and tariffs of which the house has nothing.

    The only tariff of a direction stands for the direction.
    """
    present = _present(house)
    names = {column: _name(column, present) for column in table.columns}

    def kept(values: Mapping[Column, Value]) -> dict[Column, Value]:
        pairs = ((names.get(column), value) for column, value in values.items())
        return {name: value for name, value in pairs if name is not None}

    return replace(
        table,
        columns=kept(table.columns),
        totals=kept(table.totals),
        over_ends=kept(table.over_ends),
    )


def _present(house: Snapshot) -> dict[str, Tariffs]:
    """By direction the tariffs of which something was counted since the first reading; none of a
    direction that there isn't; all if nothing was counted yet."""
    counted: dict[str, dict[int | None, int]] = {}
    for register, wh in house.counted_wh.items():
        about = schema.REGISTERS[register]
        counted.setdefault(about.direction, {})[about.tariff] = wh
    present: dict[str, Tariffs] = {}
    for direction, by_tariff in counted.items():
        is_noise = direction == "export" and sum(by_tariff.values()) < LEAST_EXPORT_WH
        used = {tariff for tariff, wh in by_tariff.items() if wh}
        present[direction] = set() if is_noise else used or set(by_tariff)
    return present


def _name(column: Column, present: Mapping[str, Tariffs]) -> Column | None:
    """The column as it is shown; None if it isn't."""
    tariffs = present.get(column.quantity)
    if tariffs is None:  # of no register, such as a medium
        return column
    if column.tariff is None:
        return column if tariffs else None
    if column.tariff not in tariffs:
        return None
    return replace(column, tariff=None) if len(tariffs - {None}) == 1 else column
