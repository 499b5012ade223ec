"""The pictures of a page: where each is, what it shows in numbers, and the links over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slimmemeter.charts import spec
from slimmemeter.history import catalogue, consumption, periods, phases, statistics
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.history.periods import Period
from slimmemeter.history.statistics import Busiest
from slimmemeter.history.table import Table
from slimmemeter.i18n import dates, labels, numbers
from slimmemeter.i18n.labels import Labels
from slimmemeter.i18n.language import gettext
from slimmemeter.store.snapshot import Snapshot

# The pictures of a page, in order; a medium's own are followed by its cumulative ones.
PICTURES = {
    "day": ("power", "electricity"),
    "week": ("electricity", "power", "hours"),
    "month": ("electricity", "hours", "power"),
    "year": ("electricity", "cumulative", "hours"),
    "years": ("electricity", "cumulative"),
    "last": ("electricity", "hours"),
    "between": ("electricity", "power", "hours"),
}
OF_PHASES = ("phases", "voltage")
# Those for who wants to know more; all others are shown at once.
FOLDED = {
    "day": OF_PHASES,
    **dict.fromkeys(("week", "month", "last", "between"), ("hours", "power", "voltage")),
    **dict.fromkeys(("year", "years"), ("hours",)),
}
FEWEST_MAPPED_DAYS = 3  # beside each other on the map of hours
MOST_LINKED_BARS = 62


def names_of(house: Snapshot, period: Period, media: Sequence[str]) -> list[str]:
    """The pictures of a period's page in a house with these media."""
    found = list(PICTURES.get(period.kind, PICTURES["between"])) if house.meter_series else []
    if "hours" in found and period.days < FEWEST_MAPPED_DAYS:
        found.remove("hours")
    for medium in media:
        found += [medium, f"cumulative_{medium}"]
    newest = house.newest.values if house.newest else {}
    if any(f"power_import_l{phase}_w" in newest for phase in phases.PHASES[1:]):
        found.append("phases")
    if any(newest.get(phases.voltage_register(phase)) for phase in phases.PHASES):
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
    title: str
    bars: list[Bar]
    is_folded: bool


def figure(tables: Catalogue, name: str, words: Labels, is_linked: bool = False) -> Figure:
    """A picture of a period, with links over its bars unless the whole picture is one."""
    period = tables.period
    is_folded = _is_folded(name, period)
    facts = _facts_in_short(tables, name, words) if is_folded else _facts(tables, name, words)
    title = labels.picture_name(name, period)
    return Figure(
        name=name,
        title=title,
        url=f"/{period.name}/{name}",
        href=f"/{period.name}",
        alt=f"{title}, {dates.period_title(period)}{': ' if facts else ''}{'; '.join(facts)}",
        bars=[] if is_linked else _linked_bars(tables, name, words),
        is_folded=is_folded,
    )


def _is_folded(name: str, period: Period) -> bool:
    of_kind = FOLDED.get(period.kind, FOLDED["between"])
    return name in of_kind or name.startswith("cumulative_")


def cost_figure(period: Period, table: Table, words: Labels) -> Figure:
    """The picture of what a period cost."""
    cost = list(table.columns)[-1]
    amount = numbers.amount(table.totals[cost], cost)
    return _figure_of(
        table.name, period, f"{words.column(cost)}, {dates.period_title(period)}: {amount}"
    )


def price_figure(day: Period, mean: str, words: Labels) -> Figure:
    """The picture of a day's prices. :param mean: the mean one, as text."""
    return _figure_of("prices", day, f"{words.name('price')}, {dates.period_title(day)}: {mean}")


def _figure_of(name: str, period: Period, alt: str) -> Figure:
    url, title = f"/{period.name}/{name}", labels.picture_name(name, period)
    return Figure(name, url, f"/{period.name}", alt, title, [], False)


def _linked_bars(tables: Catalogue, name: str, words: Labels) -> list[Bar]:
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


def _facts(tables: Catalogue, name: str, words: Labels) -> list[str]:
    """What a picture shows, in numbers."""
    table = tables.shown(name)
    if not table.is_known:
        return [gettext("no data")]
    if name in catalogue.CUMULATIVE:
        return [
            f"{words.column(column)} {numbers.amount(value, column)}"
            for column, value in table.totals.items()
        ]
    if name in OF_PHASES:
        return _extremes(table)
    return spec.totals(tables, table, words) + [
        f"{busiest_text(each, words)}, {dates.busiest_title(each, tables.period.zone)}"
        for each in statistics.busiest(table)
    ]


def _facts_in_short(tables: Catalogue, name: str, words: Labels) -> list[str]:
    """The totals behind a picture, which the page has anyway: few unfold it, and a year's hours
    take longer than all the rest."""
    if name in OF_PHASES:
        return []
    table = tables.shown(catalogue.CUMULATIVE.get(name, consumption.ELECTRICITY))
    return spec.totals(tables, table, words) if table.is_known else [gettext("no data")]


def _extremes(table: Table) -> list[str]:
    """The lowest and the highest value."""
    values = [value for each in table.columns.values() for value in each if value is not None]
    if not values:
        return []
    column = next(iter(table.columns))
    low, high = (numbers.amount(value, column) for value in (min(values), max(values)))
    return [gettext("from %(low)s to %(high)s", low=low, high=high)]


def busiest_text(busiest: Busiest, words: Labels) -> str:
    """What the busiest bucket had: most from the grid in a day: 8.6 kWh."""
    values = {
        "what": words.name(busiest.column.quantity).lower(),
        "amount": numbers.amount(busiest.value, busiest.column),
    }
    hours = (busiest.end - busiest.begin) / 3600
    if hours == 1:
        return gettext("Most %(what)s in an hour: %(amount)s", **values)
    if 22 < hours < 26:
        return gettext("Most %(what)s in a day: %(amount)s", **values)
    return gettext("Most %(what)s: %(amount)s", **values)
