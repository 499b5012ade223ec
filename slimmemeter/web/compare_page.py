"""Two periods of a kind beside each other: their totals, a picture of both, and the differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slimmemeter.history import consumption
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.history.periods import Period
from slimmemeter.history.table import Column, Table
from slimmemeter.i18n import dates, numbers
from slimmemeter.i18n.labels import Labels, picture_name
from slimmemeter.i18n.language import gettext
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.web.figures import Figure
from slimmemeter.web.state import newest_of


@dataclass
class Sides:
    """A number of each period, and the first less the second."""

    title: str
    one: str
    other: str
    difference: str


@dataclass
class Compared:
    """A direction or a medium in both periods."""

    name: str
    unit: str
    total: Sides
    rows: list[Sides]


@dataclass
class ComparePage:
    """What the page shows."""

    one: Period
    other: Period
    title: str
    figures: list[Figure]
    compared: list[Compared]


def compare_page(house: Snapshot, one: Period, other: Period, words: Labels) -> ComparePage:
    """The page of two periods. :raises NoReadingError: there is no reading yet."""
    newest_of(house)
    names = [consumption.ELECTRICITY] if house.meter_series else []
    names += consumption.media(house)
    ours, theirs = Catalogue(house, one), Catalogue(house, other)
    titles = {"one": dates.period_title(one), "other": dates.period_title(other, in_line=True)}
    return ComparePage(
        one,
        other,
        gettext("%(one)s and %(other)s", **titles),
        [_figure(name, one, other) for name in names],
        [
            each
            for name in names
            for each in _compared(ours.shown(name), theirs.shown(name), one, words)
        ],
    )


def _figure(name: str, one: Period, other: Period) -> Figure:
    url = f"/compare/{one.name}/{other.name}/{name}"
    title, where = picture_name(name, one), gettext("the numbers are in the table")
    return Figure(name, url, "", f"{title}, {where}", title, [], False)


def _compared(one: Table, other: Table, period: Period, words: Labels) -> Iterator[Compared]:
    one, other = one.without_tariffs(), other.without_tariffs()
    for column in dict.fromkeys((*one.columns, *other.columns)):
        sides = one.columns.get(column, []), other.columns.get(column, [])
        decimals = numbers.usual_decimals([*sides[0], *sides[1]], column)
        longer = max(one, other, key=lambda table: len(table.borders))
        rows = [
            _sides(
                _title(longer, place, period),
                column,
                decimals,
                *(_at(each, place) for each in sides),
            )
            for place in range(len(longer.borders) - 1)
        ]
        total = _sides(
            gettext("Total"), column, decimals, one.totals.get(column), other.totals.get(column)
        )
        yield Compared(words.name(column.quantity), numbers.unit(column), total, rows)


def _title(table: Table, place: int, period: Period) -> str:
    """What a bucket is called in both periods: an hour, a weekday, a day of the month, a month."""
    begin, end = table.borders[place : place + 2]
    if period.kind == "day":
        return dates.bucket_title(begin, end, period.bucket, period.zone)
    return dates.place_in(period.kind, begin, period.zone)


def _at(values: list[int | None], place: int) -> int | None:
    return values[place] if place < len(values) else None


def _sides(title: str, column: Column, decimals: int, one: int | None, other: int | None) -> Sides:
    more = None if one is None or other is None else one - other
    return Sides(
        title,
        numbers.number(one, column.scale, decimals),
        numbers.number(other, column.scale, decimals),
        numbers.difference(more, column.scale, decimals),
    )
