"""The pictures of a page: where each is, what it shows in numbers, and what lies over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from slimmemeter.charts import spec
from slimmemeter.history import catalogue, periods, statistics
from slimmemeter.history.consumption import Table
from slimmemeter.history.periods import Period
from slimmemeter.i18n import labels
from slimmemeter.i18n.language import gettext
from slimmemeter.store.connection import NamedRow
from slimmemeter.store.reader import Reader

Told = Callable[..., Table]  # by its name, and the bucket that is asked for

# The pictures of a page, in order; one of a medium stands beside its cumulative one.
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
FINEST_BARS = 62  # that are links, one by one


def names_of(period: Period, media: Sequence[str], newest: NamedRow) -> list[str]:
    """The pictures of a period's page, where these media are metered."""
    found = list(PICTURES[period.kind])
    if "hours" in found and period.days < FEWEST_MAPPED_DAYS:
        found.remove("hours")
    for medium in media:
        found += [medium, f"cumulative_{medium}"]
    if any(newest[f"voltage_{phase}_dv"] for phase in ("l1", "l2", "l3")):
        found.append("voltage")
    return [name for name in found if catalogue.is_told(name, period)]


class Picture:
    """A picture of a page: where it is, what it shows, what lies over it."""

    def __init__(
        self, reader: Reader, told: Told, period: Period, name: str, known: labels.Names
    ) -> None:
        """:param told: the period's tables by their names."""
        self.name = name
        self.url = f"/{period.name}/{name}"
        self.href = f"/{period.name}"
        self.heights = spec.heights(name, period)
        table = told(name)
        self.alt = _alt(period, name, spec.totals(reader, period, table, known), table, known)
        if spec.has_two(name, period):
            table = told("electricity")
        are_few = len(table.borders) - 1 <= FINEST_BARS and table.name in catalogue.ENERGY
        self.bars = list(_bars(period, table, known)) if are_few else []


def _alt(
    period: Period, name: str, totals: Sequence[str], table: Table, known: labels.Names
) -> str:
    """What a picture shows in numbers, for who can't see it."""
    if not table.is_known():
        said = [gettext("nothing is known of this time")]
    elif name in catalogue.CUMULATIVE:
        said = [
            f"{known.column(each.name)} {labels.amount(each.total, each.scale, each.name)}"
            for each in table.columns
        ]
    elif name == "voltage":
        said = _extremes(table)
    else:
        said = [*totals, *(most_said(each, period, known) for each in statistics.most(table))]
    return f"{labels.table_name(name)}, {labels.period_title(period)}: {'; '.join(said)}"


def _extremes(table: Table) -> list[str]:
    """The lowest and the highest voltage."""
    values = [value for each in table.columns for value in each.values if value is not None]
    if not values:
        return []
    low, high = (labels.amount(value, 10, "voltage_v") for value in (min(values), max(values)))
    return [gettext("from %(low)s to %(high)s", low=low, high=high)]


def most_said(most: statistics.Most, period: Period, known: labels.Names) -> str:
    """When most came or went: the day with most from the grid: 8.6 kWh, Thu 15 Oct 2026."""
    column = most.column
    told = {
        "what": known.stem(labels.stem(column.name)),
        "amount": labels.amount(most.value, column.scale, column.name),
        "when": labels.when(most, period.zone),
    }
    hours = (most.end - most.begin) / 3600
    if hours == 1:
        return gettext("the hour with most %(what)s: %(amount)s, %(when)s", **told)
    if 22 < hours < 26:
        return gettext("the day with most %(what)s: %(amount)s, %(when)s", **told)
    return gettext("most %(what)s: %(amount)s, %(when)s", **told)


def _bars(period: Period, table: Table, known: labels.Names) -> Iterator[dict[str, Any]]:
    """What lies over each bar: where it begins and how wide it is, in thousandths; the page that
    shows it in detail; what it says."""
    columns = table.together()
    length = period.end_at - period.begin_at
    places = [round((at - period.begin_at) * 1000 / length) for at in table.borders]
    for place, (begin, end) in enumerate(zip(table.borders, table.borders[1:], strict=False)):
        said = [
            known.said(column, value)
            for column in columns
            if (value := column.values[place]) is not None
        ]
        if said:
            title = labels.bucket_title(begin, end, period.bucket, period.zone)
            yield {
                "x": places[place],
                "width": places[place + 1] - places[place],
                "href": below(period, begin, end),
                "title": f"{title}: {', '.join(said)}",
            }


def below(period: Period, begin: int, end: int) -> str:
    """The address of what shows a bucket in detail."""
    if period.bucket in periods.CALENDAR:
        found = periods.of(period.bucket, begin, period.zone)
    else:
        found = periods.between(begin, end, period.zone)
    return f"/{found.name}" if found else ""
