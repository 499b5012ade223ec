"""What a month's peak costs in Flanders, and what a higher one would."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from slimmemeter.money.billing import bill, peak_cost
from slimmemeter.money.contract import contracts_file
from slimmemeter.money.output import as_json, printed
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from support.contracts import FLEMISH
from support.counter_curves import at, fill
from support.golden import case

MAY = at("2026-05-20T12:00:00+02:00")


def test_peaks_of_a_house_in_flanders(tmp_path: Path) -> None:
    """May's peak so far is 4.8 kW, after 3.0, 3.2, 4.0 and 4.4: 3.88 kW at 57.4530 a year.

    Another 0.1 kW of this month is 0.1/12 kW of the mean: 0.478775.
    """
    found = case("18-imewo", tmp_path)
    books = bill.books_of(found.house, found.contracts, found.zone, MAY)
    made = peak_cost.of(replace(books, now=MAY))
    assert made is not None
    assert (made.month_kw, made.mean_kw) == (Fraction("4.8"), Fraction("3.88"))
    assert made.year == Fraction("3.88") * Fraction("57.4530")
    assert made.month == Fraction("4.8") * Fraction("57.4530") / 12
    assert made.next_step == Fraction("0.478775")


@pytest.mark.parametrize(("spike_wh", "mean_kw"), [(750, "4"), (1250, "4.5")])
def test_month_that_runs_counts_once_it_is_sure_to(
    database: Path, spike_wh: int, mean_kw: str
) -> None:
    """After January's 4 kW a February of 3 kW so far may still rise; one of 5 kW has risen."""
    quarters = [["2026-01-15T18:00:00+01:00", 1000], ["2026-02-05T18:00:00+01:00", spike_wh]]
    spikes = {"kind": "spikes", "register": "import_t1", "quarters": quarters}
    begin, now = "2026-01-01T00:00:00+01:00", "2026-02-10T12:00:00+01:00"
    fill(database, {"zone": "Europe/Brussels", "begin": begin, "end": now, "parts": [spikes]}, 900)
    contracts = contracts_file.parse(FLEMISH, "contracts.toml")
    house = Snapshot(Reader(str(database)))
    made = peak_cost.of(bill.books_of(house, contracts, ZoneInfo("Europe/Brussels"), at(now)))
    assert made is not None
    assert made.mean_kw == Fraction(mean_kw)


def test_bill_lists_the_peaks(tmp_path: Path) -> None:
    """Each month's, of which a capacity tariff's is the mean; also as JSON and in words."""
    found = case("18-imewo", tmp_path)
    books = replace(bill.books_of(found.house, found.contracts, found.zone, MAY), now=MAY)
    ends = at("2026-01-01T00:00:00+01:00"), MAY
    made = bill.of_books(books, *ends)
    months = {"2026-01": 3.0, "2026-02": 3.2, "2026-03": 4.0, "2026-04": 4.4, "2026-05": 4.8}
    assert as_json.bill_json(made, "", found.zone)["peaks"] == [
        {"from": "2026-01-01", "to": "2027-01-01", "kw": 3.88, "months": months}
    ]
    words = "month peaks in kW that the capacity tariff counts: 2026-01 3.000, 2026-02 3.200,"
    assert any(each.startswith(words) for each in printed.sentences(made))


def test_there_are_none_elsewhere(tmp_path: Path) -> None:
    """In the Netherlands nobody asks."""
    found = case("21-rebate-exceeds-half-year", tmp_path)
    books = bill.books_of(found.house, found.contracts, found.zone, MAY)
    assert peak_cost.of(books) is None
