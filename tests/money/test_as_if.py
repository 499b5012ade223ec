"""What the end of netting costs the house, and what offers would."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from slimmemeter.money.billing import bill
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.contract import contracts_file
from slimmemeter.money.output import records
from slimmemeter.money.what_if import as_if
from slimmemeter.store.prices import PriceWriter, SpotPrice
from support.counter_curves import at, market_price
from support.golden import LATER, Case, case

BEGIN, END = at("2026-01-01T00:00:00+01:00"), at("2027-01-01T00:00:00+01:00")
NEW_YEAR = date(2027, 1, 1)
DYNAMIC = (
    '[[offer]]\nname = "dynamic"\nvat = true\n[offer.electricity]\ndynamic = "hour"\nmarkup ='
    ' 0.02\nfeed_in = "spot"\n'
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return case("32-page-2027", tmp_path_factory.mktemp("as_if"))


@pytest.fixture
def books(found: Case) -> Books:
    return bill.books_of(found.house, found.contracts, found.zone, LATER)


def test_page_of_2027_is_that_of_the_case(found: Case, books: Books) -> None:
    """With and without netting, what export had beside it, what a kWh is worth, the registers."""
    expected = found.json("expected.json")
    (own,) = found.contracts.contracts
    made = as_if.end_of_netting(books, own, BEGIN, END)
    registers = as_if.registers_at(found.house, END)
    compared = as_if.compare(books, found.contracts, own, NEW_YEAR, BEGIN, END)
    assert records.end_of_netting(made, compared, registers, found.zone) == expected
    names = [records.offer(each)["name"] for each in compared]
    assert names == [expected["offer"]["name"], own.name]


def test_parts_of_an_offer_are_its_total(found: Case, books: Books) -> None:
    """Why it is dear or cheap, to the cent."""
    (own,) = found.contracts.contracts
    for each in as_if.compare(books, found.contracts, own, NEW_YEAR, BEGIN, END):
        assert sum(each.amounts.values()) == each.bill.exact


def test_offer_needs_the_prices_of_the_time(found: Case, books: Books) -> None:
    """A dynamic one without prices has no total and comes last; with them it has one."""
    text = (found.folder / "contracts.toml").read_text() + DYNAMIC
    contracts = contracts_file.parse(text, "contracts.toml")
    (own,) = contracts.contracts
    about = (books, contracts, own, NEW_YEAR, BEGIN, END)
    last = as_if.compare(*about)[-1]
    assert (last.name, last.exact, last.known) == ("dynamic", None, 0)
    with PriceWriter(str(found.database)) as writer:
        quarters = range(BEGIN // 900, END // 900)
        prices = [SpotPrice(n * 900, 900, market_price(n) * 10**4) for n in quarters]
        writer.put("electricity", prices, "made up", "")
    again = replace(books, reader=found.house.reader)
    (dynamic,) = (each for each in as_if.compare(again, *about[1:]) if each.name == "dynamic")
    assert dynamic.known == 1
    assert dynamic.bill.exact is not None


def test_rules_of_one_day_hold_for_all_of_a_time(tmp_path: Path) -> None:
    """Also for a year that crosses the end of netting.

    2900 in, 2400 out: 500 are left. Without VAT 500 x (0.14 + 0.09161), 2400 x 0.04 of feed-in
    cost, 72 standing, -519.80; with it 478.04 for the grid.
    """
    crossing = case("07-crossing-2027", tmp_path)
    begin, end = at("2026-07-01T00:00:00+02:00"), at("2027-07-01T00:00:00+02:00")
    about = bill.books_of(crossing.house, crossing.contracts, crossing.zone, LATER)
    (own,) = crossing.contracts.contracts
    made = as_if.end_of_netting(about, own, begin, end)
    use = 500 * (Fraction("0.14") + Fraction("0.09161")) + 2400 * Fraction("0.04")
    fixed = 72 - Fraction("519.80")
    assert made.with_netting.exact == (use + fixed) * Fraction("1.21") + Fraction("478.04")
    assert [line.key.item for line in made.without.lines].count("netting") == 0
