"""What a picture shows: its tables, and its texts in the language of who looks. It draws nothing.

A page needs it for what lies over a picture, so it knows no library of pictures.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from slimmemeter.history import catalogue, consumption
from slimmemeter.history.consumption import Table
from slimmemeter.history.periods import Period
from slimmemeter.i18n import labels
from slimmemeter.i18n.language import gettext
from slimmemeter.store.reader import Reader

MOST_SHADED_DAYS = 62
MOST_EARLIER = 2  # years beside the bars of a year


class Size(NamedTuple):
    """Pixels at scale 1, and where in them the field of data begins and ends."""

    width: int
    left: int
    right: int


SIZES = {"wide": Size(1000, 62, 988), "narrow": Size(400, 46, 392)}  # style.css has them too
HEIGHTS = {"wide": 350, "narrow": 320}
HEIGHTS_OF_TWO = {"wide": 430, "narrow": 345}  # of a picture with a second field under the first


@dataclass
class Scene:
    """A table and what is drawn with it.

    `under` is drawn in a field of its own, `earlier` are the same buckets of other years: as thin
    marks, or as pale bars where `beside` says so. `cells` of `hours`: each bucket's day, and its
    half-hour of that day with how many it has.
    """

    table: Table
    heights: dict[str, int]
    title: list[str]
    totals: list[str]
    columns: dict[str, str]
    axis: tuple[int, int]  # from when to when the ticks are
    ticks: Sequence[tuple[float, str]]
    nothing: str
    unread: str  # what hatched stretches are called
    number: Callable[[float, int], str]
    under: Table | None = None
    earlier: list[tuple[str, Table]] = field(default_factory=list)
    beside: bool = False
    shaded: list[tuple[int, int]] = field(default_factory=list)
    cells: list[tuple[int, int, int]] = field(default_factory=list)
    ends: tuple[str, str] = ("", "")  # what the ends of a scale of two directions are called


def has_two(name: str, period: Period) -> bool:
    """Whether another table is drawn under this one: a day's power with what its hours had."""
    return name == "power" and period.kind == "day"


def heights(name: str, period: Period) -> dict[str, int]:
    """By shape the pixels of a picture at scale 1."""
    return HEIGHTS_OF_TWO if has_two(name, period) else HEIGHTS


def of(reader: Reader, period: Period, name: str, names: labels.Names, by: str | None) -> Scene:
    """The scene of a period's table. :raises KeyError, UsageError: as `tables.of_period`."""
    table = catalogue.of_period(reader, period, name, by)
    axis = _axis(period, name)
    scene = Scene(
        table,
        heights(name, period),
        title(period, name),
        totals(reader, period, table, names),
        {column.name: names.column(column.name) for column in table.columns},
        (axis.begin_at, axis.end_at),
        labels.ticks(axis),
        gettext("nothing is known of this time"),
        gettext("not read: shared out evenly"),
        labels.plain,
    )
    if has_two(name, period):
        scene.under = catalogue.of_period(reader, period, "electricity")
        scene.columns |= {each.name: names.column(each.name) for each in scene.under.columns}
    if name in catalogue.ENERGY and by is None:
        _put_earlier(scene, reader, period)
    if name == "hours":
        scene.cells = _cells(period, table.borders)
        scene.ends = names.stem("export"), names.stem("import")
    if period.days <= MOST_SHADED_DAYS and period.kind != "day" and name != "hours":
        scene.shaded = _weekends(period)
    return scene


def _axis(period: Period, name: str) -> Period:
    """The time that a picture's lower edge stands for."""
    if name in catalogue.CUMULATIVE:
        return catalogue.years(period)[0]
    return period.whole_days() if name == "hours" else period


def title(period: Period, name: str) -> list[str]:
    """What stands over a picture: the period, and what it shows where its totals don't tell."""
    if name in catalogue.ENERGY or name == "power":
        return [labels.period_title(period)]
    if name == "voltage" and period.days > 1:
        return [labels.period_title(period), gettext("Voltage, from lowest to highest")]
    return [labels.period_title(period), labels.table_name(name)]


def totals(reader: Reader, period: Period, table: Table, names: labels.Names) -> list[str]:
    """The period's totals, each with its unit and name: 8.4 kWh from the grid."""
    if table.name in ("power", "hours"):  # a mean of a day says little
        table = consumption.electricity(reader, [period.begin_at, period.end_at])
    if table.name in catalogue.CUMULATIVE or table.name == "voltage":
        return []
    return labels.totals(table, names)


def _put_earlier(scene: Scene, reader: Reader, period: Period) -> None:
    """The same period of other years, where something is known of them."""
    scene.beside = period.kind == "year"
    before = [period.year_ago()] if period.kind in ("week", "month") else []
    others = period.earlier_years(MOST_EARLIER) if scene.beside else before
    for other in others:
        table = other and catalogue.of_period(reader, other, scene.table.name)
        if other and table and table.is_known():
            scene.earlier.append((labels.period_title(other), table))


def _weekends(period: Period) -> list[tuple[int, int]]:
    days = period.borders("day")
    pairs = zip(days, days[1:], strict=False)
    return [
        (begin, end)
        for begin, end in pairs
        if datetime.fromtimestamp(begin, period.zone).weekday() >= 5
    ]


def _cells(period: Period, hours: Sequence[int]) -> list[tuple[int, int, int]]:
    """By hour: the number of its day, its half-hour of the clock, and how many half-hours its cell
    has: one where the hour comes twice that day."""
    days = period.borders("day")
    cells: list[tuple[int, int, int]] = []
    for number, (begin, end) in enumerate(zip(days, days[1:], strict=False)):
        inside = hours[bisect_left(hours, begin) : bisect_left(hours, end)]
        if end - begin == 86400 and len(inside) == 24:
            cells += [(number, hour * 2, 2) for hour in range(24)]
        else:
            cells += [(number, *_half_hour(at, period.zone)) for at in inside]
    return cells


def _half_hour(at: int, zone: ZoneInfo) -> tuple[int, int]:
    local = datetime.fromtimestamp(at, zone)
    offsets = [local.replace(fold=fold).utcoffset() for fold in (0, 1)]
    if offsets[0] == offsets[1]:
        return local.hour * 2, 2
    return local.hour * 2 + local.fold, 1
