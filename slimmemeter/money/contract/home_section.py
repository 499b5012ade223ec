"""Reads `[home]`: the connection."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

from slimmemeter.money.contract import checks, tables
from slimmemeter.money.contract.contracts import (
    BELGIUM,
    BRUSSELS,
    FLANDERS,
    NETHERLANDS,
    NO_GRID,
    WALLONIA,
    Home,
)
from slimmemeter.money.contract.sections import Section

HOME = tuple(field.name for field in fields(Home))


def read(section: Section) -> Home:
    """:raises ContractsError: something in it is wrong."""
    section.only(HOME)
    country = section.take("country", _country, NETHERLANDS)
    home = Home(country, section.take("region", _region(section, country), None))
    if country == BELGIUM and home.region is None:
        raise section.wrong(f"region is missing: one of {FLANDERS}, {WALLONIA}, {BRUSSELS}")
    is_told = country in (NETHERLANDS, BELGIUM)
    if is_told and "vat_percent" in section:
        raise section.wrong(f"vat_percent: the VAT of {country} is in our table", "vat_percent")
    tariffs = ("single", "day-night", "impact")
    connections = _connections(home)
    return Home(
        country,
        home.region,
        section.take("grid", _grid(home), None),
        section.take("gas_grid", _gas_grid(home), None),
        section.take("connection", checks.one_of(*connections), connections[0]),
        section.take("residence", checks.switch, True),
        section.take("grid_tariff", checks.one_of(*tariffs), tariffs[0]),
        section.take("vat_percent", checks.PERCENT, None if is_told else Decimal(0)),
    )


def _country(value: object) -> str:
    if not isinstance(value, str) or len(value) != 2 or not value.isalpha():
        raise ValueError("two letters are expected, e.g. NL, BE, DE")
    return value.upper()


def _region(section: Section, country: str) -> checks.Check[str]:
    if country != BELGIUM and "region" in section:
        raise section.wrong("region is only for Belgium", "region")
    return checks.one_of(FLANDERS, WALLONIA, BRUSSELS)


def _connections(home: Home) -> list[str]:
    if not home.is_dutch:
        return ["3x25"]
    rows = tables.of(home.country)["grid"]
    return list(dict.fromkeys(name for row in rows for name in row["electricity"]))


def _grid(home: Home) -> checks.Check[str]:
    names = tables.operators(home)
    if not names:
        return checks.text
    return checks.known((*names, NO_GRID), "not in our table")


def _gas_grid(home: Home) -> checks.Check[str]:
    return _grid(home) if home.is_dutch else checks.text
