"""Costs add up, exactly: hours to days, months to years, and any cutting to the whole."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimmemeter.history import periods
from slimmemeter.money.billing import bill, costs
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.billing.lines import rounded
from slimmemeter.money.contract import contracts_file
from slimmemeter.money.contract.contracts import Contracts, Home
from slimmemeter.store.prices import PriceWriter, SpotPrice
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from support.counter_curves import at, fill, market_price

DUTCH, BELGIAN = ZoneInfo("Europe/Amsterdam"), ZoneInfo("Europe/Brussels")
BEGIN, END = at("2026-02-01T00:00:00+01:00"), at("2027-02-15T00:00:00+01:00")
QUARTER_S = 900
SPEC = {
    "zone": "Europe/Amsterdam",
    "begin": "2026-02-01T00:00:00+01:00",
    "end": "2027-02-15T00:00:00+01:00",
    "parts": [
        {"kind": "house", "solar": 200, "scale": 140},
        {"kind": "daily", "register": "gas", "from": "2026-02-01", "to": "2027-02-15",
         "spans": [["06:00", "09:00", 1500], ["17:00", "22:00", 2300]]},
    ],
    "silent": [["2026-06-30T18:30:00+02:00", "2026-07-01T09:15:00+02:00"],
               ["2026-12-31T20:00:00+01:00", "2027-01-01T03:00:00+01:00"]],
}  # fmt: skip
HOME = '[home]\ngrid = "Stedin"\n'
TERMS = "vat = true\nadvance = 90\n"
GAS = "[contract.gas]\nprice = 0.7\nstanding = { month = 5.95 }\ncorrection = 1.02\n"
CHANGE = "[[contract.change]]\nfrom = 2026-07-01\n"
CONTRACTS = {
    "low and normal, of which prices change": f"{HOME}[[contract]]\nfrom = 2026-02-10\n{TERMS}"
    "[contract.electricity]\nprice = { normal = 0.17, low = 0.151 }\nfeed_in = 0.07\n"
    "standing = { month = 6.99 }\nfeed_in_cost_bands = [[0, 0], [500, 5.05], [1000, 9.95]]\n"
    f"{GAS}{CHANGE}electricity.price = {{ normal = 0.18, low = 0.16 }}\n",
    "two contracts, one by the clock": f"{HOME}[[contract]]\nfrom = 2026-02-01\n{TERMS}"
    "[contract.electricity]\nprice = 0.17\nfeed_in = 0.05\n[[contract]]\nfrom = 2026-06-15\n"
    'vat = true\nyear_begins = "12-01"\n[contract.electricity]\nprice = { dal = 0.11,'
    ' normal = 0.19 }\nbands = { dal = "12-16", normal = "rest" }\nstanding = { day = 0.25 }\n'
    'feed_in = 0.05\nnetting = "register-only"\n',
    "dynamic": f'{HOME}[[contract]]\nfrom = 2026-02-01\n{TERMS}[contract.electricity]\ndynamic ='
    ' "hour"\nmarkup = 0.018\nfeed_in = "spot"\nfeed_in_markup = -0.018\n',
    "Flanders": '[home]\ncountry = "BE"\nregion = "Flanders"\ngrid = "West"\n[[contract]]\nfrom ='
    " 2026-02-01\nvat = true\n[contract.electricity]\nprice = { day = 0.13, night = 0.11 }\n"
    'feed_in = "spot"\nfeed_in_formula = "0,1 x spot - 1,3"\ngreen = 0.0158\n',
}  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of a house with gaps, and the prices of all quarter-hours but some."""
    path = tmp_path_factory.mktemp("additive") / "slimmemeter.sqlite3"
    fill(path, SPEC, 1800)
    quarters = (n for n in range(BEGIN // QUARTER_S, END // QUARTER_S) if n % 50)
    with PriceWriter(str(path)) as writer:
        prices = [SpotPrice(n * QUARTER_S, QUARTER_S, market_price(n) * 10**4) for n in quarters]
        writer.put("electricity", prices, "made up", "")
    return path


@cache
def books(database: Path, name: str) -> Books:
    contracts = contracts_file.parse(CONTRACTS[name], "contracts.toml")
    zone = BELGIAN if name == "Flanders" else DUTCH
    return bill.books_of(Snapshot(Reader(str(database))), contracts, zone, END)


@cache
def whole(database: Path, name: str, begin: int, end: int) -> Fraction:
    exact = bill.of_books(books(database, name), begin, end).exact
    assert exact is not None
    return exact


@pytest.mark.parametrize("bucket", ["day", "month"])
@pytest.mark.parametrize("name", CONTRACTS)
def test_buckets_add_up_to_the_bill(database: Path, name: str, bucket: str) -> None:
    """Of the whole time: days and months, over the end of netting and both changes of the clock."""
    period = periods.between(BEGIN, END, DUTCH)
    assert period is not None
    found = costs.of(books(database, name), period.borders(bucket))
    assert found.total("cost") == whole(database, name, BEGIN, END)
    for place in range(len(found.borders) - 1):
        each = [found.amount(column, place) or 0 for column in costs.COLUMNS]
        assert sum(each[:-1]) == each[-1]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-07-01", "2026-10-25", "2026-12-31"])
@pytest.mark.parametrize("name", CONTRACTS)
def test_hours_add_up_to_the_day(database: Path, name: str, day: str) -> None:
    """Of 23, 24 and 25 hours, and where a gap reaches over a midnight."""
    period = periods.parse("day", day, DUTCH)
    assert period is not None
    found = costs.of(books(database, name), period.borders("hour"))
    assert found.total("cost") == whole(database, name, period.begin_at, period.end_at)


def instants() -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(BEGIN, END), min_size=2, max_size=5, unique=True).map(sorted)


@settings(max_examples=settings.default.max_examples // 25)
@given(st.sampled_from(sorted(CONTRACTS)), instants())
def test_any_pieces_add_up(database: Path, name: str, cuts: list[int]) -> None:
    """Bills of the pieces are the bill of all, whatever second they are cut at; and a table of
    them has the same amounts."""
    pieces = [whole(database, name, *each) for each in pairwise(cuts)]
    assert sum(pieces) == whole(database, name, cuts[0], cuts[-1])
    found = costs.of(books(database, name), cuts)
    assert [found.amount("cost", place) or 0 for place in range(len(pieces))] == pieces


@settings(max_examples=settings.default.max_examples // 25)
@given(st.sampled_from(sorted(CONTRACTS)), instants())
def test_lines_and_rounding_are_the_total(database: Path, name: str, cuts: list[int]) -> None:
    """The shown lines and the line of rounding add up to the shown total, to the cent."""
    made = bill.of_books(books(database, name), cuts[0], cuts[-1])
    assert made.rounding_cents is not None
    assert abs(made.rounding_cents) <= len(made.lines)
    shown = sum(rounded(line.exact, 2) for line in made.lines) + made.rounding_cents
    assert shown == made.total_cents


def test_without_a_contract_there_is_no_money_and_no_error(database: Path) -> None:
    """Not a line, not a cent."""
    none = bill.books_of(Snapshot(Reader(str(database))), Contracts(Home()), DUTCH, END)
    made = bill.of_books(none, BEGIN, END)
    assert (made.lines, made.total_cents, made.advance) == ([], 0, None)
    found = costs.of(none, [BEGIN, END])
    assert found.total("cost") is None
    assert found.micros("cost") == [None]


def test_time_to_come_costs_nothing_yet(database: Path) -> None:
    """A bucket after now has no amount, and that of now is partial."""
    now = at("2026-05-10T12:00:00+02:00")
    about = replace(books(database, "dynamic"), now=now)
    period = periods.parse("month", "2026-05", DUTCH)
    assert period is not None
    found = costs.of(about, period.borders("day"))
    amounts = [found.amount("cost", place) for place in range(31)]
    assert None not in amounts[:10]
    assert amounts[10:] == [None] * 21
    assert found.partial == [9]
    assert bill.of_books(about, period.begin_at, period.end_at).partial
