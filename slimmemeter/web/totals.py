"""The totals over a page: each beside those of other periods, up to the same moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slimmemeter.history import comparison, consumption, periods, presence, statistics
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.history.comparison import Compared, Totals
from slimmemeter.history.periods import Period
from slimmemeter.history.statistics import Standby
from slimmemeter.history.table import Column, Table
from slimmemeter.i18n import dates, numbers
from slimmemeter.i18n.labels import Labels
from slimmemeter.i18n.language import gettext
from slimmemeter.p1.reading import MonthPeak
from slimmemeter.store.snapshot import Snapshot

STANDBY_DAYS = 30
DAY_S = 86400


@dataclass
class Beside:
    """What another period had, and how much more or less it is this time."""

    title: str
    until: str  # empty if it is the whole period
    href: str
    amount: str
    change: str


@dataclass
class Total:
    """What a period had of a direction or medium."""

    quantity: str
    name: str
    amount: str
    since: str  # when it begins to be known; empty if that is the period's begin
    is_partial: bool  # a part of the time up to the newest reading isn't known
    beside: list[Beside]


def totals(house: Snapshot, shown: Sequence[Period], words: Labels) -> list[list[Total]]:
    """For each period its totals by direction and medium, beside those of the period before and of
    a year ago."""
    others = [
        list({each.name: each for each in (period.beside(-1), period.year_ago()) if each}.values())
        for period in shown
    ]
    found: list[list[Total]] = [[] for _ in shown]
    for name in (consumption.ELECTRICITY, *consumption.media(house)):
        rows = comparison.totals(house, name, list(zip(shown, others, strict=True)))
        for period, row, result in zip(shown, rows, found, strict=True):
            known = presence.shown(house, row.table).without_tariffs().totals
            result += [
                Total(
                    column.quantity,
                    words.quantity(column.quantity),
                    _amount(row.table, column, value),
                    _since(row, period),
                    bool(row.table.partial),
                    [_beside(period, each, column, value) for each in row.compared],
                )
                for column, value in known.items()
                if value is not None
            ]
    return found


def _amount(table: Table, column: Column, value: int) -> str:
    """An amount, and whether it is a guess, as a border of its time lies in a gap."""
    amount = numbers.amount(value, column)
    guesses = {each.quantity for each in table.over_ends}
    return gettext("about %(amount)s", amount=amount) if column.quantity in guesses else amount


def _since(row: Totals, period: Period) -> str:
    """The day from which on a period of more days is known, and how many days these are."""
    days = (row.table.borders[-1] - row.since) // DAY_S
    if period.days < 2 or row.since < period.begin_at + DAY_S:
        return ""
    day = dates.day(row.since, period.zone)
    return gettext("since %(day)s (%(days)s days)", day=day, days=days)


def _beside(period: Period, other: Compared, column: Column, value: int) -> Beside:
    then = other.table.without_tariffs().totals.get(column)
    is_whole = other.until == other.period.end_at
    return Beside(
        dates.short_title(other.period, period),
        "" if is_whole else dates.until(other.until, period),
        f"/{other.period.name}",
        numbers.amount(then, column),
        numbers.more_or_less(value, then or 0),
    )


def standby(house: Snapshot, period: Period, now: int) -> Standby | None:
    """The standby of the 30 days up to a period's end, or up to now; None if it isn't known."""
    until = min(period.end_at - 1, now)
    days = periods.last(STANDBY_DAYS, until, period.zone)
    return statistics.standby(Catalogue(house, days).table("hours"))


@dataclass
class Peaks:
    """Belgium's month peaks in a period, newest first, and the mean of the twelve months until
    then, of as many as are known."""

    peaks: list[MonthPeak]
    mean: str
    months: int


def peaks(house: Snapshot, begin: int, end: int) -> Peaks | None:
    """The month peaks of a period; None without any."""
    every = statistics.month_peaks(house)
    inside = [each for each in every if begin < each.month_ended_at and each.ended_at < end]
    if not inside:
        return None
    last_year = statistics.of_twelve_months([each for each in every if each.ended_at < end])
    mean = numbers.number(statistics.mean_peak_w(last_year), 1000, 3)
    return Peaks(inside, mean, len(last_year))
