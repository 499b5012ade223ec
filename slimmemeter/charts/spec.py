"""What a picture shows: its tables, and its texts in the language of the request.

It draws nothing: a page needs it for the links over a picture, without matplotlib.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from slimmemeter.history import catalogue, consumption
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.history.periods import Period
from slimmemeter.history.table import Column, Table
from slimmemeter.i18n import dates, labels
from slimmemeter.i18n.labels import Labels
from slimmemeter.i18n.language import gettext

MOST_SHADED_DAYS = 62
MOST_EARLIER = 2  # years beside the bars of a year


class Size(NamedTuple):
    """Pixels at scale 1, and where in them the field of data begins and ends."""

    width: int
    height: int
    height_of_two: int  # of a picture with a second field under the first
    left: int
    right: int


SIZES = {  # style.css places links by them; a test compares both
    "wide": Size(1000, 350, 430, 62, 988),
    "narrow": Size(400, 320, 345, 54, 392),
}


class Cell(NamedTuple):
    """The place of an hour on the map of hours."""

    day: int
    half_hour: int  # of that day's clock
    half_hours: int  # 2, or 1 if the hour comes twice that day


@dataclass
class Spec:
    """A picture: a table and everything drawn with it."""

    table: Table
    title: list[str]
    totals: list[str]
    labels: dict[Column, str]
    axis: tuple[int, int]  # the instants at the ends of the time axis
    ticks: Sequence[tuple[float, str]]
    unknown: str  # in place of a picture of which nothing is known
    gap: str  # the legend of hatched stretches
    incomplete: str  # the legend of hollow bars
    under: Table | None = None  # drawn in a second field under the first
    earlier: list[tuple[str, Table]] = field(default_factory=list)  # other years, the newest first
    is_beside: bool = False  # earlier years as pale bars beside the others, else as thin marks
    shaded: list[tuple[int, int]] = field(default_factory=list)  # weekends
    cells: list[Cell] = field(default_factory=list)  # of `hours`, one for each bucket
    scale_ends: tuple[str, str] = ("", "")  # the names of the ends of the scale of hours

    @property
    def has_incomplete_bars(self) -> bool:
        """Whether a bar is shown of which only a part is known."""
        bars = self.under or self.table
        return bars.name in catalogue.ENERGY and any(
            values[place] for place in bars.partial for values in bars.columns.values()
        )

    def height(self, shape: str) -> int:
        """Its pixels at scale 1."""
        size = SIZES[shape]
        return size.height if self.under is None else size.height_of_two


def has_two_fields(name: str, period: Period) -> bool:
    """Whether another table is drawn under this one: the hours under a day's power."""
    return name == "power" and period.kind == "day"


def make_spec(
    tables: Catalogue,
    name: str,
    words: Labels,
    by: str | None = None,
    has_tariffs: bool = False,
) -> Spec:
    """The spec of a period's table.

    :param has_tariffs: each tariff has a colour, and not each direction.
    :raises KeyError, UsageError: as `Catalogue.table`.
    """
    period, table = tables.period, tables.shown(name, by)
    under = tables.shown(consumption.ELECTRICITY) if has_two_fields(name, period) else None
    if not has_tariffs:
        table, under = table.without_tariffs(), under and under.without_tariffs()
    axis = _axis(period, name)
    spec = Spec(
        table,
        _title(period, name),
        totals(tables, table, words),
        {column: words.column(column) for column in table.columns},
        (axis.begin_at, axis.end_at),
        dates.ticks(axis),
        gettext("no data"),
        gettext("no readings: spread evenly"),
        gettext("incomplete"),
    )
    if under is not None:
        spec.under = under
        spec.labels |= {column: words.column(column) for column in under.columns}
    if name in catalogue.ENERGY and by is None:
        _add_earlier(spec, tables)
    if name == "hours":
        spec.cells = _cells(period, table.borders)
        spec.scale_ends = words.quantity("export"), words.quantity("import")
    if period.days <= MOST_SHADED_DAYS and period.kind != "day" and name != "hours":
        spec.shaded = _weekends(period)
    return spec


def _axis(period: Period, name: str) -> Period:
    """The time along a picture's lower edge."""
    if name in catalogue.CUMULATIVE:
        return catalogue.compared_years(period)[0]
    return period.whole_days() if name == "hours" else period


def _title(period: Period, name: str) -> list[str]:
    """The period, and what the picture shows unless its totals say so."""
    title = dates.period_title(period)
    if name in catalogue.ENERGY or name == "power":
        return [title]
    if name == "voltage" and period.days > 1:
        return [title, gettext("Voltage, from lowest to highest")]
    return [title, labels.table_name(name)]


def totals(tables: Catalogue, table: Table, words: Labels) -> list[str]:
    """The totals over a picture, each with its unit and name: 8.4 kWh from the grid."""
    if table.name in catalogue.CUMULATIVE or table.name == "voltage":
        return []
    if table.name in ("power", "hours"):  # the mean of a day means little
        table = tables.total(consumption.ELECTRICITY)
    return words.totals(table)


def _add_earlier(spec: Spec, tables: Catalogue) -> None:
    """Add the same period of other years, if anything is known of them."""
    period = tables.period
    spec.is_beside = period.kind == "year"
    year_ago = [period.year_ago()] if period.kind in ("week", "month") else []
    others = period.earlier_years(MOST_EARLIER) if spec.is_beside else year_ago
    for other in filter(None, others):
        table = Catalogue(tables.house, other).shown(spec.table.name)
        if table.is_known:
            spec.earlier.append((dates.period_title(other), table.without_tariffs()))


def _weekends(period: Period) -> list[tuple[int, int]]:
    days = period.borders("day")
    return [
        (begin, end)
        for begin, end in zip(days, days[1:], strict=False)
        if datetime.fromtimestamp(begin, period.zone).weekday() >= 5
    ]


def _cells(period: Period, hours: Sequence[int]) -> list[Cell]:
    days = period.borders("day")
    cells: list[Cell] = []
    for number, (begin, end) in enumerate(zip(days, days[1:], strict=False)):
        inside = hours[bisect_left(hours, begin) : bisect_left(hours, end)]
        if end - begin == 86400 and len(inside) == 24:
            cells += [Cell(number, hour * 2, 2) for hour in range(24)]
        else:
            cells += [Cell(number, *_half_hours(at, period.zone)) for at in inside]
    return cells


def _half_hours(at: int, zone: ZoneInfo) -> tuple[int, int]:
    local = datetime.fromtimestamp(at, zone)
    offsets = [local.replace(fold=fold).utcoffset() for fold in (0, 1)]
    if offsets[0] == offsets[1]:
        return local.hour * 2, 2
    return local.hour * 2 + local.fold, 1
