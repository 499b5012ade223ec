"""The pictures of a page: where each is, what it shows in numbers, and the links over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slimmemeter.charts import spec
from slimmemeter.charts.spec import SIZES
from slimmemeter.history import catalogue, consumption, periods, statistics
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.history.periods import Period
from slimmemeter.history.statistics import Busiest
from slimmemeter.history.table import Column, Table
from slimmemeter.history.voltage import STORED
from slimmemeter.i18n import dates, labels, numbers
from slimmemeter.i18n.labels import Labels
from slimmemeter.i18n.language import gettext
from slimmemeter.store.snapshot import Snapshot

# The pictures of a page, in order; a medium's own are followed by its cumulative ones.
PICTURES = {
    "day": ("power",),
    "week": ("electricity", "power", "hours"),
    "month": ("electricity", "hours", "power"),
    "year": ("electricity", "cumulative", "hours"),
    "years": ("electricity", "cumulative"),
    "last": ("electricity", "hours"),
    "between": ("electricity", "power", "hours"),
}
FEWEST_MAPPED_DAYS = 3  # beside each other on the map of hours
MOST_LINKED_BARS = 62


def names_of(house: Snapshot, period: Period, media: Sequence[str]) -> list[str]:
    """The pictures of a period's page in a house with these media."""
    found = list(PICTURES[period.kind]) if house.meter_series else []
    if "hours" in found and period.days < FEWEST_MAPPED_DAYS:
        found.remove("hours")
    for medium in media:
        found += [medium, f"cumulative_{medium}"]
    if house.newest and any(house.newest.values.get(name) for name in STORED.values()):
        found.append("voltage")
    return [name for name in found if catalogue.has_table(name, period)]


@dataclass
class Bar:
    """A link over a bar: its place in thousandths of the field, its page, its numbers."""

    x: int
    width: int
    href: str
    title: str


@dataclass
class Figure:
    """A picture on a page."""

    name: str
    url: str  # without the ending
    href: str  # the page of its period
    alt: str
    heights: dict[str, int]  # by shape
    bars: list[Bar]


def figure(tables: Catalogue, name: str, words: Labels, is_linked: bool = False) -> Figure:
    """A picture of a period, with links over its bars unless the whole picture is one."""
    period, table = tables.period, tables.shown(name)
    has_two = spec.has_two_fields(name, period)
    return Figure(
        name=name,
        url=f"/{period.name}/{name}",
        href=f"/{period.name}",
        alt=_alt(tables, table, words),
        heights={
            shape: size.height_of_two if has_two else size.height for shape, size in SIZES.items()
        },
        bars=[] if is_linked else _linked_bars(tables, name, words),
    )


def _linked_bars(tables: Catalogue, name: str, words: Labels) -> list[Bar]:
    if spec.has_two_fields(name, tables.period):
        name = consumption.ELECTRICITY
    if name not in catalogue.ENERGY:
        return []
    table = tables.shown(name)
    are_few = len(table.borders) - 1 <= MOST_LINKED_BARS
    return list(_bars(tables.period, table, words)) if are_few else []


def _bars(period: Period, table: Table, words: Labels) -> Iterator[Bar]:
    columns = table.without_tariffs().columns
    length = period.end_at - period.begin_at
    places = [round((at - period.begin_at) * 1000 / length) for at in table.borders]
    for place, (begin, end) in enumerate(zip(table.borders, table.borders[1:], strict=False)):
        amounts = [
            words.amount(column, value)
            for column, values in columns.items()
            if (value := values[place]) is not None
        ]
        if amounts:
            title = dates.bucket_title(begin, end, period.bucket, period.zone)
            text = f"{title}: {', '.join(amounts)}"
            width = places[place + 1] - places[place]
            yield Bar(places[place], width, detail_href(period, begin, end), text)


def detail_href(period: Period, begin: int, end: int) -> str:
    """The address of the page that shows a bucket in detail."""
    if period.bucket in periods.CALENDAR:
        found = periods.of(period.bucket, begin, period.zone)
    else:
        found = periods.between(begin, end, period.zone)
    return f"/{found.name}" if found else ""


def _alt(tables: Catalogue, table: Table, words: Labels) -> str:
    """What a picture shows, in numbers."""
    if not table.is_known:
        facts = [gettext("no data")]
    elif table.name in catalogue.CUMULATIVE:
        facts = [
            f"{words.column(column)} {numbers.amount(value, column)}"
            for column, value in table.totals.items()
        ]
    elif table.name == "voltage":
        facts = _extremes(table)
    else:
        facts = spec.totals(tables, table, words)
        facts += [busiest_text(each, tables.period, words) for each in statistics.busiest(table)]
    name, title = labels.table_name(table.name), dates.period_title(tables.period)
    return f"{name}, {title}: {'; '.join(facts)}"


def _extremes(table: Table) -> list[str]:
    """The lowest and the highest voltage."""
    values = [value for each in table.columns.values() for value in each if value is not None]
    if not values:
        return []
    volt = Column("voltage", "V")
    low, high = (numbers.amount(value, volt) for value in (min(values), max(values)))
    return [gettext("from %(low)s to %(high)s", low=low, high=high)]


def busiest_text(busiest: Busiest, period: Period, words: Labels) -> str:
    """The busiest bucket: the day with most from the grid: 8.6 kWh, Thu 15 Oct 2026."""
    values = {
        "what": words.quantity(busiest.column.quantity),
        "amount": numbers.amount(busiest.value, busiest.column),
        "when": dates.busiest_title(busiest, period.zone),
    }
    hours = (busiest.end - busiest.begin) / 3600
    if hours == 1:
        return gettext("the hour with most %(what)s: %(amount)s, %(when)s", **values)
    if 22 < hours < 26:
        return gettext("the day with most %(what)s: %(amount)s, %(when)s", **values)
    return gettext("most %(what)s: %(amount)s, %(when)s", **values)
