"""The commands that speak of money: what each prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date

from slimmemeter import clock, zones
from slimmemeter.errors import UsageError
from slimmemeter.money.billing import bill, forecast
from slimmemeter.money.billing.bill_periods import CONTRACT, find_period
from slimmemeter.money.billing.forecast import Forecast
from slimmemeter.money.contract import contracts_file
from slimmemeter.money.contract.contracts import Contracts
from slimmemeter.money.output import printed, records, understood
from slimmemeter.settings import Settings
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot

NO_PERIOD = (
    "there is no {}: a period is such as day/2026-11-23, month/2026-11, year/2026,"
    " between/2026-07-01/2027-01-01, or contract/2026-03-01 for the contract year with that day"
)


def print_bill(settings: Settings, path: str, as_json: bool) -> Iterator[str]:
    """The bill of a period.

    :raises UsageError: there is no such period, or a mistake in contracts.toml.
    :raises StoreError: the database can't be read.
    """
    zone, now = zones.of(settings.zone), clock.now()
    contracts = contracts_of(settings)
    with _house(settings) as house:
        period = find_period(house, contracts, path, now, zone)
        if period is None:
            raise UsageError(_no_period(path, contracts))
        books = bill.books_of(house, contracts, zone, now)
        ends = period.begin_at, period.end_at
        found, expected = bill.of_books(books, *ends), forecast.of_running(books, *ends)
    if as_json:
        yield json.dumps(records.whole_bill(found, expected, period.name, zone)) + "\n"
        return
    yield printed.text(found, f"The bill of {period.name}")
    yield from _expected(expected)


def _no_period(path: str, contracts: Contracts) -> str:
    """Why there is none: also the first contract has a first day."""
    first = contracts.contracts[0].first_day
    with suppress(ValueError):
        if date.fromisoformat(path.removeprefix(f"{CONTRACT}/")) < first:
            return f"no contract has that day: the first one begins on {first}"
    return NO_PERIOD.format(path)


def _expected(found: Forecast | str | None) -> Iterator[str]:
    """What the contract year will come to, in words."""
    if isinstance(found, str):
        yield f"{found}\n"
    elif found is not None:
        total = printed.amount(found.bill.total_cents)
        yield f"the whole contract year: € {total}; {forecast.sentence(found)}\n"
        if found.to_pay is not None:
            left = printed.decimal(abs(found.to_pay), 2)
            yield f"then € {left} is {'to be paid' if found.to_pay >= 0 else 'paid back'}\n"


def check(settings: Settings) -> str:
    """What contracts.toml was understood to say. :raises UsageError: it has a mistake."""
    contracts = contracts_of(settings, or_offers=True)
    zone = zones.of(settings.zone)
    return understood.text(contracts, zone, clock.now())


def contracts_of(settings: Settings, or_offers: bool = False) -> Contracts:
    """The contracts. :raises UsageError: there are none, or there is a mistake in the file."""
    contracts = contracts_file.read(settings.contracts_path)
    if not contracts.contracts and not (or_offers and contracts.offers):
        raise UsageError(
            f"there is no contract in {settings.contracts_path}; write one", "slimmemeter contract"
        )
    return contracts


@contextmanager
def _house(settings: Settings) -> Iterator[Snapshot]:
    with Reader(settings.database) as reader:
        yield Snapshot(reader)
