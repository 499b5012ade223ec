"""What the buckets of a period cost, as a table in millionths of a €, and as a column of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from slimmemeter.history.table import Column, Table
from slimmemeter.money.billing import costs
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.billing.costs import COLUMNS, COST
from slimmemeter.money.billing.lines import rounded
from slimmemeter.money.usage.quantities import ELECTRICITY, GAS

EURO = "EUR"
COSTS = "costs"
COLUMN = Column(COST, EURO)
ENERGIES = (ELECTRICITY, GAS)


def of(books: Books, borders: Sequence[int]) -> Table:
    """What the buckets between borders cost."""
    found = costs.of(books, borders)
    columns = {name: Column(name, EURO) for name in COLUMNS}
    return Table(
        COSTS,
        list(borders),
        {column: found.micros(name) for name, column in columns.items()},
        {column: _rounded(found.total(name)) for name, column in columns.items()},
        partial=list(found.partial),
        estimated=list(found.estimated),
    )


def with_cost(books: Books | None, table: Table) -> Table:
    """A table of electricity or gas with what it cost beside it, if there is a contract for it."""
    if books is None or table.name not in ENERGIES:
        return table
    found = costs.of(books, table.borders, table.name)
    micros, total = found.micros(COST), _rounded(found.total(COST))
    if not any(micros):
        return table
    return replace(
        table, columns=table.columns | {COLUMN: micros}, totals=table.totals | {COLUMN: total}
    )


def costs_since(books: Books, begins: Sequence[int], end: int) -> list[int | None]:
    """What the times from each of these instants to an end cost; None if it isn't known."""
    borders = sorted({*begins, end})
    found = costs.of(books, borders)
    return [_rounded(found.total(COST, borders.index(begin))) for begin in begins]


def _rounded(total: Fraction | None) -> int | None:
    return None if total is None else rounded(total, costs.MICRO)
