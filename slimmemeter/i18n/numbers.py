"""Numbers in the language of the request: amounts with units, ages, durations, comparisons."""

from __future__ import annotations

from collections.abc import Sequence

from slimmemeter.history.table import Column
from slimmemeter.i18n import language
from slimmemeter.i18n.language import gettext, ngettext

UNITS = {"m3": "m³", "EUR": "€"}  # as people write them; others are written as they are
DECIMALS = {"W": 0, "V": 1, "EUR": 2}  # of a number for people; other units have one or two
FEW = 10  # of a unit: numbers below it have two decimals
MANY_TIMES = 3
MINUS = "\N{MINUS SIGN}"


def unit(column: Column) -> str:
    """The unit of a column."""
    return UNITS.get(column.unit, column.unit)


def number(value: int | None, scale: int, decimals: int) -> str:
    """An integer of which `scale` make one, with that many decimals; a dash if it is unknown."""
    return "–" if value is None else language.decimal(value / scale, decimals)


def signed(value: int) -> str:
    """A whole number, with a minus sign if it is below zero."""
    return f"{MINUS if value < 0 else ''}{language.decimal(abs(value), 0)}"


def difference(more: int | None, scale: int, decimals: int) -> str:
    """How much more or less, with its sign; a dash if it is unknown."""
    if more is None:
        return number(None, scale, decimals)
    shown = number(abs(more), scale, decimals)
    return f"{'+' if more > 0 else MINUS if more < 0 else ''}{shown}"


def usual_decimals(values: Sequence[int | None], column: Column) -> int:
    """The decimals that suit people for all numbers of a column."""
    most = max((abs(value) for value in values if value is not None), default=0)
    return DECIMALS.get(column.unit, 2 if most < FEW * column.scale else 1)


def has_decimal_comma() -> bool:
    """Whether numbers, and so spreadsheets, of this language have one."""
    return language.decimal(0.5, 1)[1] == ","


def amount(value: int | None, column: Column) -> str:
    """A number of a column with its unit: 8.4 kWh, 0.12 m³."""
    if column.unit == "EUR":
        return euros(None if value is None else round(value / column.scale * 100))
    usual = 1 if value is None or abs(value) >= column.scale else 2
    decimals = DECIMALS.get(column.unit, usual)
    sign = MINUS if value is not None and value < 0 else ""
    shown = number(None if value is None else abs(value), column.scale, decimals)
    return f"{sign}{shown}\N{NO-BREAK SPACE}{unit(column)}"


def euros(cents: int | None) -> str:
    """An amount of money: € 12.34; a dash if it is unknown."""
    if cents is None:
        return "€\N{NO-BREAK SPACE}–"
    sign = MINUS if cents < 0 else ""
    return f"{sign}€\N{NO-BREAK SPACE}{language.decimal(abs(cents) / 100, 2)}"


def per_kwh(euros_a_kwh: float) -> str:
    """A price: € 0.254 per kWh."""
    sign = MINUS if euros_a_kwh < 0 else ""
    amount = f"{sign}€\N{NO-BREAK SPACE}{language.decimal(abs(euros_a_kwh), 3)}"
    return gettext("%(amount)s per kWh", amount=amount)


def more_or_less(this: int, other: int) -> tuple[str, str]:
    """A sign, and how much more or less this is than the other; both empty if one of them is 0."""
    if this <= 0 or other <= 0:
        return "", ""
    percent = round(100 * abs(this - other) / other)
    if this >= MANY_TIMES * other:
        times = language.decimal(this / other, 0)
        return "▲", gettext("%(times)s times as much as", times=times)
    if not percent:
        return "=", gettext("the same as")
    if this > other:
        return "▲", gettext("%(percent)s%% more than", percent=percent)
    return "▼", gettext("%(percent)s%% less than", percent=percent)


def age(seconds: int) -> str:
    """How long ago something was: just now, 5 minutes ago."""
    if seconds < 60:
        return gettext("just now")
    if seconds < 2 * 3600:
        return ngettext("%(num)d minute ago", "%(num)d minutes ago", seconds // 60)
    if seconds < 48 * 3600:
        return ngettext("%(num)d hour ago", "%(num)d hours ago", seconds // 3600)
    return ngettext("%(num)d day ago", "%(num)d days ago", seconds // 86400)


def duration(seconds: int) -> str:
    """How long something lasted: 5 min 10 s, 2 h 5 min."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return gettext("%(hours)d h %(minutes)d min", hours=hours, minutes=minutes)
    return gettext("%(minutes)d min %(seconds)d s", minutes=minutes, seconds=seconds)
