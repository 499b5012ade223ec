"""`slimmemeter export` of a table of a period: what was used or what it cost, as on the pages."""

from __future__ import annotations

import json

from slimmemeter import clock, zones
from slimmemeter.errors import UsageError
from slimmemeter.history import catalogue, serialize
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.history.periods import Period
from slimmemeter.history.table import Table
from slimmemeter.money.billing import bill, cost_tables
from slimmemeter.money.billing.bill_periods import find_period
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.contract import contracts_file
from slimmemeter.money.output import records
from slimmemeter.settings import Settings
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot


def as_text(settings: Settings, path: str, form: str) -> str:
    """A table as CSV or JSON: `years/gas`, `day/2026-11-23/electricity`, `month/2026-11/costs`.

    :raises UsageError: there is no such period or table, or a mistake in contracts.toml.
    :raises StoreError: the database can't be read.
    """
    name, _, table = path.rpartition("/")
    zone, now = zones.of(settings.zone), clock.now()
    contracts = contracts_file.read(settings.contracts_path)
    with Reader(settings.database) as reader:
        house = Snapshot(reader)
        books = bill.books_of(house, contracts, zone, now) if contracts.contracts else None
        period = find_period(house, contracts, name, now, zone)
        found = period and _table(house, books, period, table)
        if not period or not found:
            raise UsageError(f"there is no {path}: a table is such as day/2026-11-23/electricity")
        if form == "csv":
            return serialize.table_csv(found, zone)
        if found.name == cost_tables.COSTS and books is not None:
            return json.dumps(records.costs(books, period, found)) + "\n"
        return json.dumps(serialize.table_json(found, period.name, zone)) + "\n"


def _table(house: Snapshot, books: Books | None, period: Period, name: str) -> Table | None:
    if books is not None and name == cost_tables.COSTS:
        return cost_tables.of(books, period.borders(period.bucket))
    if not catalogue.has_table(name, period):
        return None
    return cost_tables.with_cost(books, Catalogue(house, period).table(name))
