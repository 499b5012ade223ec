"""Dated rates of the state and of grids: `tables/nl.toml` and `tables/be.toml`, each row with its
source. A row counts from its day until the next one that has the same field."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Self

from slimmemeter.money.contract.contracts import BELGIUM, NETHERLANDS, Home
from slimmemeter.money.remarks import N_, Remark, remark

Row = Mapping[str, Any]  # as the data file has it


@dataclass(frozen=True)
class Rate:
    """A rate without VAT, and what was assumed about it."""

    value: Fraction
    assumed: Remark | None = None

    def times(self, factor: Fraction) -> Self:
        """The rate of another unit."""
        return type(self)(self.value * factor, self.assumed)


@cache
def of(country: str) -> Row:
    """The tables of a country; empty if there are none."""
    if country not in (NETHERLANDS, BELGIUM):
        return {}
    folder = f"{os.path.dirname(os.path.abspath(__file__))}/tables"
    with open(f"{folder}/{country.lower()}.toml", "rb") as file:
        return tomllib.load(file, parse_float=Decimal)


def vat_percent(home: Home, day: date) -> Fraction:
    """The percentage of a day."""
    if home.vat_percent is not None:
        return Fraction(home.vat_percent)
    rows = of(home.country).get("vat", ())
    row = _latest(rows, day, "percent") or (rows[0] if rows else {"percent": 0})
    return Fraction(row["percent"])


def first_days(home: Home) -> list[date]:
    """The days from which on any rate of a country may be another."""
    tables = of(home.country)
    rows = [row for each in tables.values() if isinstance(each, list) for row in each]
    days = {row["from"] for row in rows}
    if floor := tables.get("feed_in_floor"):
        days |= {floor["from"], floor["until"] + timedelta(days=1)}
    if until := tables.get("netting_until"):
        days.add(until + timedelta(days=1))
    return sorted(days)


def netting_ends(home: Home) -> date | None:
    """The first day without netting; None where there never was any."""
    until = of(home.country).get("netting_until")
    return until + timedelta(days=1) if until else None


def is_netted(home: Home, day: date) -> bool:
    """Whether export of a day is set off against import."""
    ends = netting_ends(home)
    return ends is not None and day < ends


def earns_bare_price(home: Home, signed: date | None) -> bool:
    """Whether a contract of fixed prices was signed early enough to go on netting the bare price
    after netting has ended."""
    before = of(home.country).get("bare_for_export_if_signed_before")
    return before is not None and signed is not None and signed < before


def least_feed_in(home: Home, day: date) -> Fraction | None:
    """The share of the bare price that export earns at least; None where no law says so."""
    floor = of(home.country).get("feed_in_floor")
    if floor is None or not floor["from"] <= day <= floor["until"]:
        return None
    return Fraction(floor["share"])


def tax(home: Home, field: str, day: date) -> Rate | None:
    """Energy tax of `electricity` or `gas`, or the rebate of a home; None if it isn't known."""
    name = "rebate" if field == "rebate" else "tax"
    return _rate(home, of(home.country).get("tax", ()), day, field, name)


def next_bracket(home: Home, day: date) -> tuple[int, Fraction | None]:
    """From how many kWh of a year another energy tax counts, and which; None if it isn't known."""
    rows = of(home.country).get("tax", ())
    row = _latest(rows, day, "electricity") or {}
    start, rate = row.get("above", (10_000, None))
    return int(start), None if rate is None else Fraction(rate)


def levy(home: Home, field: str, day: date) -> Rate | None:
    """Belgium's `excise` or `contribution`."""
    return _rate(home, of(home.country).get("levies", ()), day, field, field)


def dutch_grid(home: Home, energy: str, operator: str, day: date) -> Rate | None:
    """What a Dutch operator asks a year for the connection."""
    rows = [row for row in of(home.country).get("grid", ()) if row["operator"] == operator]
    if energy == "gas":
        return _rate(home, rows, day, "gas", "grid")
    inner = [
        row | {home.connection: row["electricity"][home.connection]}
        for row in rows
        if home.connection in row.get("electricity", {})
    ]
    return _rate(home, inner, day, home.connection, "grid")


@dataclass(frozen=True)
class FlemishGrid:
    """What the grid of Flanders costs: a kW of peak and a year, a kWh, data a year, at most."""

    kw_year: Rate
    kwh: Rate
    data_year: Rate
    maximum: Rate  # a kWh


def flemish_grid(home: Home, area: str, day: date) -> FlemishGrid | None:
    """The rates of an area; None if they aren't known."""
    rows = [
        row | dict(zip(("kw_year", "kwh"), row["areas"][area], strict=True))
        for row in of(home.country).get("flanders", ())
        if area in row["areas"]
    ]
    found = [
        _rate(home, rows, day, field, "grid") for field in ("kw_year", "kwh", "data", "maximum")
    ]
    known = [rate for rate in found if rate is not None]
    return FlemishGrid(*known) if len(known) == len(found) else None


def least_peak_kw(home: Home, day: date) -> Fraction:
    """The least that a month's peak counts for, in kW."""
    rows = of(home.country).get("flanders", ())
    row = _latest(rows, day, "minimum_kw") or rows[0]
    return Fraction(row["minimum_kw"])


@dataclass(frozen=True)
class WalloonGrid:
    """What the grid of Wallonia costs: a kWh by part, and a fixed sum a year."""

    kwh: Mapping[str, Rate]
    transport: Rate
    fixed: Rate


def walloon_grid(home: Home, operator: str, day: date) -> WalloonGrid | None:
    """The rates of an operator for the home's tariff of the grid; None if they aren't known."""
    rows = [
        row | row["operators"][operator]
        for row in of(home.country).get("wallonia", ())
        if operator in row["operators"]
    ]
    parts = {part: _rate(home, rows, day, part, "grid") for part in walloon_parts(home)}
    kwh = {part: rate for part, rate in parts.items() if rate is not None}
    transport, fixed = (_rate(home, rows, day, each, "grid") for each in ("transport", "fixed"))
    if len(kwh) < len(parts) or transport is None or fixed is None:
        return None
    is_impact = home.grid_tariff == "impact"  # for which the fixed term doesn't count
    return WalloonGrid(kwh, transport, fixed.times(Fraction(0)) if is_impact else fixed)


def walloon_parts(home: Home) -> Sequence[str]:
    """The parts of the home's tariff of the grid."""
    parts = {"single": ("single",), "day-night": ("day", "night")}
    return parts.get(home.grid_tariff) or tuple(impact_hours(home))


def impact_hours(home: Home) -> Mapping[str, str]:
    """The times of the Impact tariff, by band."""
    hours: Mapping[str, str] = of(home.country)["wallonia"][-1]["impact"]
    return hours


def operators(home: Home) -> list[str]:
    """The names that `grid` may have; empty where there is no table."""
    tables = of(home.country)
    if home.is_dutch:
        return sorted({row["operator"] for row in tables["grid"]})
    if home.is_flemish:
        return sorted({area for row in tables["flanders"] for area in row["areas"]})
    names = {name for row in tables.get("wallonia", ()) for name in row["operators"]}
    return sorted(names) if home.region == "Wallonia" else []


def _rate(home: Home, rows: Sequence[Row], day: date, field: str, name: str) -> Rate | None:
    row = _latest(rows, day, field)
    if row is None:
        return None
    value = Fraction(row[field])
    if row.get("vat"):
        value /= 1 + vat_percent(home, row["from"]) / 100
    return Rate(value, _assumed(name, row, day))


def _assumed(name: str, row: Row, day: date) -> Remark | None:
    """What is assumed where a row of an earlier year, or one that isn't final, counts."""
    begins: date = row["from"]
    if begins.year < day.year:
        message = N_("%(name)s of %(year)s not known: %(known)s's")
        return remark(message, name=name, year=day.year, known=begins.year)
    if "status" not in row:
        return None
    message = N_("%(name)s of %(year)s: %(status)s")
    return remark(message, name=name, year=day.year, status=row["status"])


def _latest(rows: Iterable[Row], day: date, field: str) -> Row | None:
    found = [row for row in rows if row["from"] <= day and field in row]
    return max(found, key=lambda row: row["from"], default=None)
