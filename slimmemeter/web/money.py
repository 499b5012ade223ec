"""What the pages know of money: the house's books, and the bill of a period."""

from __future__ import annotations

import os
from dataclasses import dataclass

from flask import abort, g

from slimmemeter.errors import UsageError
from slimmemeter.history.periods import Period
from slimmemeter.i18n.language import gettext
from slimmemeter.money.billing import bill
from slimmemeter.money.billing.bill import Bill
from slimmemeter.money.billing.bill_periods import CONTRACT, find_period
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.contract import contracts_file, tables
from slimmemeter.money.contract.contracts import Contracts, Home
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.web import query
from slimmemeter.web.state import site


@dataclass
class Money:
    """The contracts and the books of a house, or what is wrong with its file of contracts."""

    contracts: Contracts
    books: Books | None  # None without a contract
    mistake: str = ""


def money(house: Snapshot) -> Money | None:
    """The house's money, once for each request; None if the visitor wants to see none."""
    if not query.wants_money():
        return None
    if "money" not in g:
        g.money = _read(house)
    found: Money = g.money
    return found


def _read(house: Snapshot) -> Money:
    contracts = Contracts(Home())
    try:
        contracts = contracts_file.read(site().contracts)
    except UsageError as error:
        return Money(contracts, None, str(error))
    if not contracts.contracts:
        return Money(contracts, None)
    return Money(contracts, bill.books_of(house, contracts, site().zone, query.now(house)))


def books_of(house: Snapshot) -> Books | None:
    """The books of the house; None without a contract, or where no money is wanted."""
    found = money(house)
    return found.books if found else None


def needed(house: Snapshot) -> tuple[Contracts, Books]:
    """The contracts and the books; 404 without a contract, or with the mistake in its file."""
    found = money(house)
    if found is None or found.books is None:
        mistake = found.mistake if found else ""
        abort(404, mistake or gettext("There is no contract yet."))
    return found.contracts, found.books


def contract_year(house: Snapshot, day: str) -> tuple[Books, Period]:
    """The contract year that has a day of an address, and the books; 404 if there is none."""
    contracts, books = needed(house)
    period = find_period(house, contracts, f"{CONTRACT}/{day}", query.now(house), site().zone)
    if period is None:
        abort(404, gettext("No contract has the day %(day)s.", day=day))
    return books, period


def is_netted(house: Snapshot) -> bool:
    """Whether the house is in a country in which export is netted, or was."""
    books = books_of(house)
    return books is not None and tables.netting_ends(books.plan.home) is not None


def version() -> str:
    """It changes with the file of contracts."""
    try:
        return f"{os.stat(site().contracts).st_mtime_ns:x}"
    except OSError:
        return ""


def bill_of(books: Books, period: Period) -> Bill:
    """The bill of a period."""
    return bill.of_books(books, period.begin_at, period.end_at)
