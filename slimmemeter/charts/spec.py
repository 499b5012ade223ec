"""What a picture shows: its tables, and its texts in the language of the request.

It draws nothing: a page needs it for the links over a picture, without matplotlib.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from slimmemeter.history import catalogue, consumption
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.history.periods import Period
from slimmemeter.history.table import Column, Numbers, Table
from slimmemeter.i18n import dates, labels, numbers
from slimmemeter.i18n.labels import Labels
from slimmemeter.i18n.language import gettext

MOST_SHADED_DAYS = 62
NET_BUCKETS = ("month", "year")  # of which the net is a line; that of days goes up and down
MOST_EARLIER = 2  # years beside the bars of a year


class Size(NamedTuple):
    """Pixels at scale 1: of the picture, of its letters, and where its field begins and ends."""

    width: int
    height: int
    letters: int
    left: int
    right: int


# By shape, for screens of up to so many pixels, the last for wider ones: so letters are nowhere
# shown with less than 11 pixels. style.css places links by them; a test compares both.
SIZES = {
    "narrow": Size(340, 260, 13, 58, 334),
    "medium": Size(640, 320, 15, 68, 630),
    "wide": Size(1100, 360, 15, 68, 1088),
}
WIDEST_SCREENS = {"narrow": 560, "medium": 900}


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
    earlier: list[tuple[str, Table]] = field(default_factory=list)  # other years, the newest first
    is_beside: bool = False  # earlier years as pale bars beside the others, else behind them
    net: tuple[Column, Numbers] | None = None  # import less export
    net_name: str = ""
    ending: list[str] = field(default_factory=list)  # what stands at the end of this year's line
    shaded: list[tuple[int, int]] = field(default_factory=list)  # weekends
    cells: list[Cell] = field(default_factory=list)  # of `hours`, one for each bucket
    scale_ends: tuple[str, str] = ("", "")  # the names of the ends of the scale of hours

    @property
    def has_incomplete_bars(self) -> bool:
        """Whether a bar is shown of which only a part is known."""
        return self.table.name in catalogue.ENERGY and any(
            values[place] for place in self.table.partial for values in self.table.columns.values()
        )


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
    if not has_tariffs:
        table = table.without_tariffs()
    ending = _ending(table, words) if name in catalogue.CUMULATIVE else []
    if name in catalogue.CUMULATIVE:
        table = _ahead_or_behind(table)
    spec = _spec(period, _axis(period, name), table, words, totals(tables, table, words))
    spec.ending = ending
    if name in catalogue.ENERGY and by is None:
        _add_earlier(spec, tables)
        if period.bucket in NET_BUCKETS:
            spec.net, spec.net_name = table.net(), words.name("net")
    if name == "hours":
        spec.cells = _cells(period, table.borders)
        spec.scale_ends = words.quantity("export"), words.quantity("import")
    if period.days <= MOST_SHADED_DAYS and period.kind != "day" and name != "hours":
        spec.shaded = _weekends(period)
    return spec


def make_cost_spec(period: Period, table: Table, words: Labels) -> Spec:
    """The spec of what a period cost.

    :param table: its columns, of which the last is their sum.
    """
    *parts, total = table.columns
    columns = {each: table.columns[each] for each in parts if any(table.columns[each])}
    sum_of_all = table.totals[total]
    shown = [] if sum_of_all is None else [numbers.amount(sum_of_all, total)]
    return _spec(period, period, replace(table, columns=columns), words, shown)


def make_price_spec(period: Period, table: Table, words: Labels) -> Spec:
    """The spec of a day's prices, and of the use under them."""
    return _spec(period, period, table, words, [])


def _spec(period: Period, axis: Period, table: Table, words: Labels, totals: list[str]) -> Spec:
    return Spec(
        table,
        _title(period, table.name),
        totals,
        {column: words.column(column) for column in table.columns},
        (axis.begin_at, axis.end_at),
        dates.ticks(axis),
        gettext("no data"),
        gettext("no readings: spread evenly"),
        gettext("incomplete"),
    )


def make_comparison(tables: Catalogue, other: Catalogue, name: str, words: Labels) -> Spec:
    """The spec of a period's table of energy with the bars of another period beside its own.

    :raises KeyError: there is no such table.
    """
    spec = make_spec(tables, name, words, tables.period.bucket)
    title = dates.period_title(other.period)
    spec.title = [gettext("%(one)s and %(other)s", one=spec.title[0], other=title)]
    beside = other.shown(name).without_tariffs()
    spec.earlier, spec.is_beside = [(title, beside)] if beside.is_known else [], True
    return spec


def _axis(period: Period, name: str) -> Period:
    """The time along a picture's lower edge."""
    if name in catalogue.CUMULATIVE:
        return catalogue.compared_years(period)[0]
    return period.whole_days() if name == "hours" else period


def _title(period: Period, name: str) -> list[str]:
    """The period, and what the picture shows unless its totals tell it."""
    title = dates.period_title(period)
    return [title] if name in catalogue.ENERGY else [title, labels.picture_name(name, period)]


def totals(tables: Catalogue, table: Table, words: Labels) -> list[str]:
    """The totals over a picture, each with its unit and name: 8.4 kWh from the grid."""
    if table.name in (*catalogue.CUMULATIVE, "voltage", "phases"):
        return []
    if table.name in ("power", "hours"):  # the mean of a day means little
        table = tables.total(consumption.ELECTRICITY)
    return words.totals(table)


def _ahead_or_behind(table: Table) -> Table:
    """Of lines since the start of each year the imports and media, and the newest year's net."""
    columns = {column: values for column, values in table.columns.items() if not column.is_export}
    newest = {
        column: values for column, values in table.columns.items() if column.year == _newest(table)
    }
    net = replace(table, columns=newest).net()
    return replace(table, columns=columns | ({net[0]: net[1]} if net else {}))


def _newest(table: Table) -> int | None:
    return max((column.year or 0 for column in table.columns), default=None)


def _ending(table: Table, words: Labels) -> list[str]:
    """What the newest year has counted, and how much more or less that is than the year before had
    by then."""
    lines = [(each, values) for each, values in table.columns.items() if not each.is_export]
    if not lines:
        return []
    column, values = lines[0]
    last = max((n for n, value in enumerate(values) if value is not None), default=None)
    if last is None:
        return []
    now = values[last] or 0
    texts = [numbers.amount(now, column)]
    if len(lines) > 1 and (before := lines[1][1][last]) is not None:
        texts.append(words.ahead_or_behind(now - before, lines[1][0]))
    return texts


def _add_earlier(spec: Spec, tables: Catalogue) -> None:
    """Add the same time of other years, if anything is known of it; of a month like weekdays."""
    period = tables.period
    spec.is_beside = period.kind == "year"
    others: list[tuple[str, Period | None]] = []
    if spec.is_beside:
        others = [(dates.period_title(each), each) for each in period.earlier_years(MOST_EARLIER)]
    elif period.kind in ("week", "month"):
        others = [(gettext("a year earlier, same weekdays"), period.same_weekdays_before())]
    for label, other in others:
        if other is None:
            continue
        table = Catalogue(tables.house, other).shown(spec.table.name, period.bucket)
        if table.is_known:
            spec.earlier.append((label, table.without_tariffs()))


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
