"""What each value of `contracts.toml` may be: a check returns it, or says what is expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from slimmemeter.history.periods import FIRST_YEAR, LAST_YEAR
from slimmemeter.money.contract import bands, formula
from slimmemeter.money.contract.bands import Bands
from slimmemeter.money.contract.formula import Formula

MOST_PER_KWH, MOST_PER_M3 = Decimal("1.50"), Decimal(5)
MOST_AMOUNT = Decimal(100_000)
MOST_DECIMALS = 12
CORRECTIONS = Decimal("0.8"), Decimal("1.2")
TIMES = ("day", "month", "year")
Value = TypeVar("Value")
Check = Callable[[object], Value]


def number(value: object) -> Decimal:
    """Any number that a person would type."""
    if isinstance(value, str):
        raise ValueError("a number with a point, without quotes")
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("a number is expected")
    if isinstance(value, int):
        value = Decimal(value) if abs(value) <= MOST_AMOUNT else MOST_AMOUNT + 1
    if not value.is_finite() or abs(value) > MOST_AMOUNT:
        raise ValueError(f"a number up to {MOST_AMOUNT} is expected")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MOST_DECIMALS:
        raise ValueError(f"{MOST_DECIMALS} decimals are the most")
    return value


def from_to(least: Decimal | int, most: Decimal | int, expected: str) -> Check[Decimal]:
    """A check of numbers from one to another."""

    def check(value: object) -> Decimal:
        found = number(value)
        if not least <= found <= most:
            raise ValueError(expected)
        return found

    return check


def price(most: Decimal, unit: str) -> Check[Decimal]:
    """A check of a price in € per unit, not in cents."""

    def check(value: object) -> Decimal:
        found = number(value)
        if 0 <= found <= most:
            return found
        if found < 0:
            raise ValueError(f"€ per {unit} is expected, not below zero")
        euros = found / 100
        hint = f"; did you mean {euros.normalize():f}?" if most < found <= 100 * most else ""
        raise ValueError(f"€ per {unit} is expected{hint}")

    return check


PER_KWH, PER_M3 = price(MOST_PER_KWH, "kWh"), price(MOST_PER_M3, "m3")
SIGNED_PER_KWH = from_to(-MOST_PER_KWH, MOST_PER_KWH, "€ per kWh is expected")
SIGNED_PER_M3 = from_to(-MOST_PER_M3, MOST_PER_M3, "€ per m3 is expected")
AMOUNT = from_to(0, MOST_AMOUNT, "an amount in € is expected")
CORRECTION = from_to(*CORRECTIONS, "about 0.9 to 1.1")
PERCENT = from_to(0, 50, "a percentage is expected, e.g. 19")


def prices(value: object) -> Mapping[str, Decimal]:
    """One price in € per kWh, under the name `single`, or one for each name."""
    if isinstance(value, dict) and value:
        return {name: _named(name, PER_KWH, each) for name, each in value.items()}
    return {"single": PER_KWH(value)}


def amounts(*names: str) -> Check[Mapping[str, Decimal]]:
    """A check of amounts in € by these names, at least one."""

    def check(value: object) -> Mapping[str, Decimal]:
        expected = f"e.g. {{ {names[0]} = … }} of {', '.join(names)}"
        if not isinstance(value, dict) or not value or not set(value) <= set(names):
            raise ValueError(expected)
        return {name: _named(name, AMOUNT, each) for name, each in value.items()}

    return check


def _named(name: str, check: Check[Decimal], value: object) -> Decimal:
    try:
        return check(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def day(value: object) -> date:
    """A date without quotes and without a time."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("a date is written 2026-03-01, without quotes")
    if not FIRST_YEAR <= value.year < LAST_YEAR:
        raise ValueError(f"a year from {FIRST_YEAR} to {LAST_YEAR - 1} is expected")
    return value


def day_of_year(value: object) -> tuple[int, int]:
    """Month and day, as `"05-15"`."""
    expected = 'month and day are expected, as "05-15"'
    if not isinstance(value, str) or not re.fullmatch("[0-9]{2}-[0-9]{2}", value):
        raise ValueError(expected)
    month, day = int(value[:2]), int(value[3:])
    try:
        date(2025, month, day)
    except ValueError:
        raise ValueError(expected) from None
    return month, day


def switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false, without quotes")
    return value


def text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text in quotes is expected")
    return value


def one_of(*known: str) -> Check[str]:
    """A check of texts that are one of these."""

    def check(value: object) -> str:
        if value not in known:
            raise ValueError(f"one of {', '.join(known)}")
        return str(value)

    return check


def clock(value: object) -> Bands:
    """Bands by name, as `{ dal = "12-16", rest = "rest" }`."""
    if not isinstance(value, dict) or not value:
        raise ValueError('times by name are expected, e.g. { day = "mon-fri 7-23", low = "rest" }')
    for name, each in value.items():
        if not isinstance(each, str):
            raise ValueError(f"{name}: times are written in quotes")
    return bands.parse(value)


def card(value: object) -> Formula:
    """A Belgian card's formula."""
    return formula.parse(text(value))


def steps(value: object) -> Sequence[tuple[Decimal, Decimal]]:
    """Bands of a cost: from how many kWh, and the €."""
    expected = "bands of cost must rise and begin with 0, e.g. [[0, 0], [500, 5.05]]"
    if not isinstance(value, list) or not value:
        raise ValueError(expected)
    found = []
    for each in value:
        if not isinstance(each, list) or len(each) != 2:
            raise ValueError(expected)
        found.append((AMOUNT(each[0]), AMOUNT(each[1])))
    starts = [start for start, _ in found]
    if starts[0] != 0 or starts != sorted(set(starts)):
        raise ValueError(expected)
    return found


def known(names: Collection[str], what: str) -> Check[str]:
    """A check of names in a table of ours."""
    from difflib import get_close_matches

    def check(value: object) -> str:
        name = text(value)
        if name in names:
            return name
        by_lower = {each.lower(): each for each in names}
        near = get_close_matches(name.lower(), by_lower, 1, 0.65)
        hint = f'did you mean "{by_lower[near[0]]}"? Known' if near else "known"
        raise ValueError(f"{what}; {hint}: {', '.join(names)}")

    return check
