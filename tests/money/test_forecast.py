"""What a contract year will come to: last year's same days, scaled by the use so far."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from slimmemeter.money.billing import bill, forecast
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.billing.forecast import Forecast
from slimmemeter.money.output import as_json, records
from support.counter_curves import at
from support.golden import Case, case

NAME = "31-forecast"
OCTOBER = "2026-10-01T00:00:00+02:00"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return case(NAME, tmp_path_factory.mktemp("forecast"))


def books(found: Case, now: str = OCTOBER) -> Books:
    made = bill.books_of(found.house, found.contracts, found.zone, 0)
    return replace(made, now=at(now))


def forecast_of(found: Case, now: str, day: date) -> Forecast | str:
    year = bill.contract_year(found.contracts, day, found.zone)
    assert year is not None
    return forecast.of(books(found, now), year)


def test_year_comes_to_what_the_case_says(found: Case) -> None:
    """So far, the whole, the factors and why: to the last digit."""
    expected: dict[str, Any] = found.json("expected.json")
    made = forecast_of(found, OCTOBER, date(2026, 10, 1))
    assert isinstance(made, Forecast)
    assert {name: float(each.value) for name, each in made.factors.items()} == expected["factors"]
    assert {name: each.why for name, each in made.factors.items()} == expected["why"]
    so_far = expected["so_far"]
    current = bill.of_books(books(found), at(so_far["from"]), at(so_far["to"]))
    for whole, one in ((expected["whole_year"], made.bill), (so_far, current)):
        json = as_json.bill_json(one, "", found.zone)
        assert {key: json[key] for key in whole} == whole


def test_bill_of_the_running_year_has_it(found: Case) -> None:
    """And no other bill."""
    year = bill.contract_year(found.contracts, date(2026, 10, 1), found.zone)
    assert year is not None
    about = books(found)
    made = bill.of_books(about, year.begin, year.end)
    expected = forecast.of_running(about, year.begin, year.end)
    json = records.whole_bill(made, expected, "contract/2026-04-01", found.zone)
    assert (json["forecast"]["total"], json["forecast"]["to_pay"]) == (2937.88, 1137.88)
    assert json["total"] == 357.66
    assert forecast.of_running(about, year.begin, about.now) is None


def test_first_weeks_are_taken_as_last_years(found: Case) -> None:
    """Fewer than 28 days say nothing of the year."""
    made = forecast_of(found, "2026-04-20T00:00:00+02:00", date(2026, 4, 1))
    assert isinstance(made, Forecast)
    assert {each.value for each in made.factors.values()} == {1}
    assert {each.why for each in made.factors.values()} == {"fewer than 28 days so far"}


def test_house_that_has_changed_is_kept_within_bounds(tmp_path: Path) -> None:
    """More than twice as much counts as twice, with a sentence."""
    spec = case(NAME, tmp_path)
    source = books(spec).source

    class Doubled:
        """The house as if it had used three times as much since April."""

        def __getattr__(self, name: str) -> Any:
            return getattr(source, name)

        def counted(self, energy: str, instants: list[int]) -> Any:
            found = source.counted(energy, instants)
            times = 3 if instants[0] >= at("2026-04-01T00:00:00+02:00") else 1
            rises = {
                name: [each * times for each in values] for name, values in found.rises.items()
            }
            return replace(found, rises=rises)

    about = replace(books(spec), source=Doubled())
    year = bill.contract_year(spec.contracts, date(2026, 10, 1), spec.zone)
    assert year is not None
    made = forecast.of(about, year)
    assert isinstance(made, Forecast)
    assert made.factors["import"].value == 2
    assert "the house has changed" in (made.factors["import"].why or "")


def test_without_a_year_before_a_date_is_named(found: Case) -> None:
    """From which on there will be one."""
    assert forecast_of(found, "2025-10-01T00:00:00+02:00", date(2025, 10, 1)) == (
        "there is a forecast from 2026-04-01 on, when a year before the contract year is known"
    )
