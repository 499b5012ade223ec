"""What a month's peak costs in Flanders, and what a higher one would."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from slimmemeter.money.billing import bill, peak_cost
from support.counter_curves import at
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


def test_there_are_none_elsewhere(tmp_path: Path) -> None:
    """In the Netherlands nobody asks."""
    found = case("21-rebate-exceeds-half-year", tmp_path)
    books = bill.books_of(found.house, found.contracts, found.zone, MAY)
    assert peak_cost.of(books) is None
