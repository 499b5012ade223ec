"""The totals over a page: each beside those of other periods, up to the same moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slimmemeter.history import comparison, consumption, presence, statistics
from slimmemeter.history.comparison import Compared, Totals
from slimmemeter.history.periods import Period
from slimmemeter.history.table import Column, Table
from slimmemeter.i18n import dates, numbers
from slimmemeter.i18n.labels import Labels
from slimmemeter.i18n.language import gettext
from slimmemeter.money.billing import bill, cost_tables
from slimmemeter.money.billing.calculation import Books
from slimmemeter.p1.reading import MonthPeak
from slimmemeter.store.snapshot import Snapshot

DAY_S = 86400


@dataclass
class Beside:
    """What another period had, and how much more or less it is this time."""

    sign: str  # of more, less or the same; empty if that can't be told, as is `change`
    change: str
    title: str
    until: str  # empty if it is the whole period
    href: str
    amount: str


@dataclass
class Total:
    """What a period had of a direction or medium."""

    quantity: str
    name: str
    amount: str
    note: str  # when it begins to be known, if that isn't the period's begin; or what it means
    is_partial: bool  # a part of the time up to the newest reading isn't known
    beside: list[Beside]


def totals(house: Snapshot, shown: Sequence[Period], words: Labels, now: int) -> list[list[Total]]:
    """For each period its totals by direction and medium, beside those of the period before and of
    a year ago; and its net."""
    others = [
        list({each.name: each for each in (period.beside(-1), period.year_ago()) if each}.values())
        for period in shown
    ]
    found: list[list[Total]] = [[] for _ in shown]
    for name in (consumption.ELECTRICITY, *consumption.media(house)):
        rows = comparison.totals(house, name, list(zip(shown, others, strict=True)))
        for period, row, result in zip(shown, rows, found, strict=True):
            table = presence.shown(house, row.table).without_tariffs()
            result += [
                Total(
                    column.quantity,
                    words.name(column.quantity),
                    _amount(row.table, column, value),
                    _since(row, period),
                    bool(row.table.partial),
                    [_beside(period, each, column, value, now) for each in row.compared],
                )
                for column, value in table.totals.items()
                if value is not None
            ]
            result += _net(table, words)
    return found


def cost(books: Books | None, period: Period, micros: int | None) -> list[Total]:
    """What a period costs so far, in millionths of a €; nothing if that isn't known."""
    if books is None or micros is None:
        return []
    is_provisional = bill.is_provisional(books, period.begin_at, period.end_at)
    begins_at = books.plan.years(period.begin_at, period.end_at)[0].begin
    notes = [gettext("provisional")] if is_provisional else []
    if begins_at > period.begin_at:  # the contracts begin within it
        notes.append(gettext("since %(day)s", day=dates.day(begins_at, period.zone)))
    amount = numbers.amount(micros, cost_tables.COLUMN)
    return [Total("cost", gettext("Cost"), amount, ", ".join(notes), False, [])]


def _net(table: Table, words: Labels) -> list[Total]:
    """What came from the grid less what went to it, where there is both."""
    found = table.net()
    if found is None or found[1][0] is None:
        return []
    column, value = found[0], found[1][0]
    note = gettext("more to the grid") if value < 0 else gettext("more from the grid")
    return [Total("net", words.name("net"), numbers.amount(value, column), note, False, [])]


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


def _beside(period: Period, other: Compared, column: Column, value: int, now: int) -> Beside:
    then = other.table.without_tariffs().totals.get(column)
    sign, change = numbers.more_or_less(value, then or 0)
    title = dates.title_in_sentence(other.period, period, now)
    until = "" if other.until == other.period.end_at else dates.until(other.until, period, now)
    href, amount = f"/{other.period.name}", numbers.amount(then, column)
    return Beside(sign, change, title, until, href, amount)


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
