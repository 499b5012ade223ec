"""The page of a period: its totals, pictures, records, table, and the meter's own readings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from slimmemeter.history import catalogue, consumption, meter_readings, periods, statistics
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.history.periods import Period
from slimmemeter.history.statistics import Standby
from slimmemeter.history.table import Column, Numbers, Table
from slimmemeter.i18n import dates, numbers
from slimmemeter.i18n.labels import Labels
from slimmemeter.money.billing import cost_tables
from slimmemeter.store.records import Event
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.store.validation.rule import OVERLAP, SET_ASIDE
from slimmemeter.web import money
from slimmemeter.web.figures import (
    Figure,
    busiest_text,
    cost_figure,
    detail_href,
    figure,
    names_of,
)
from slimmemeter.web.meter_page import (
    MOST_LISTED,
    Differing,
    RegisterRow,
    ShownChange,
    differing,
    registers,
    shown_change,
)
from slimmemeter.web.state import newest_of
from slimmemeter.web.totals import Peaks, Total, cost, peaks, totals

Gap = tuple[int, int]


MOST_DAYS_OF_HOURS = 62  # of which a page looks at each hour: for a year it takes long


@dataclass
class Highlight:
    """The busiest day or hour of a direction or medium."""

    text: str
    when: str
    href: str


@dataclass
class Row:
    """A bucket in the page's table."""

    title: str
    href: str | None
    cells: list[str]
    is_partial: bool  # only a part of it is known
    is_uncertain: bool  # a gap reaches into it


@dataclass
class BorderRow:
    """A register at both borders of the period."""

    column: Column
    equipment_id: str
    sides: tuple[RegisterRow, RegisterRow]


@dataclass
class PeriodPage:
    """What the page shows."""

    period: Period
    title: str
    week: Period | None  # of a day
    before: Period | None
    after: Period | None
    is_running: bool
    nearest: Period | None  # the nearest day with readings, of a period that has none
    comparable: list[Period]  # the one before, and that of a year before
    around: dict[str, str]  # by kind the period that holds its day, or today if it holds that
    has_tariffs: bool  # wanted: each tariff by itself, and all decimals
    totals: list[Total]
    has_bill: bool
    figures: list[Figure]
    highlights: list[Highlight]
    standby: Standby | None
    peaks: Peaks | None
    columns: list[Column]
    sums: list[str]
    rows: list[Row]
    gaps: list[Gap]  # inside the period
    gaps_over_ends: list[Gap]  # over its borders, with some use in them
    differing: list[Differing]
    changes: list[ShownChange]
    outliers: list[Event]
    borders: list[BorderRow]
    agrees: bool  # the table adds up to the difference of the meter's own readings


def period_page(
    house: Snapshot, period: Period, now: int, words: Labels, has_tariffs: bool = False
) -> PeriodPage:
    """The page of a period at a time. :raises NoReadingError: there is no reading yet."""
    newest_of(house)
    # Asked for once, for what is compared as well.
    house.events((period.year_ago() or period).begin_at, period.end_at)
    tables, media = Catalogue(house, period), consumption.media(house)
    names_of_energy = (consumption.ELECTRICITY, *media)
    energy = [tables.table(name) for name in names_of_energy]
    tabled = [tables.shown(name) for name in names_of_energy]
    if not has_tariffs:
        tabled = [table.without_tariffs() for table in tabled]
    spans = meter_readings.spans(house, period.begin_at, period.end_at)
    sure, unsure = _gaps(period, energy)
    nearest = _nearest(house, period)
    names = [] if nearest else names_of(house, period, media)
    books = None if nearest or period.begin_at >= now else money.books_of(house)
    costs = None if books is None else cost_tables.of(books, energy[0].borders)
    spent = None if costs is None else costs.totals[cost_tables.COLUMN]
    hours = tables.shown("hours") if period.days <= MOST_DAYS_OF_HOURS else None
    differ = differing(meter_readings.differing_totals(spans))
    priced = [] if costs is None or not costs.is_known else [_cost_alone(costs)]
    columns = _columns([*tabled, *priced], has_tariffs)
    return PeriodPage(
        period=period,
        title=dates.period_title(period),
        week=periods.of("week", period.begin_at, period.zone) if period.kind == "day" else None,
        before=_before(house, period),
        after=period.beside(1) if period.end_at <= now else None,
        is_running=period.end_at > now,
        nearest=nearest,
        comparable=_comparable(house, period),
        around=_around(period, now),
        has_tariffs=has_tariffs,
        has_bill=books is not None,
        totals=[*totals(house, [period], words, now)[0], *cost(books, period, spent)],
        figures=_figures([figure(tables, name, words) for name in names], period, costs, words),
        highlights=_highlights(tables, hours, words),
        standby=statistics.standby(tables.table("hours")) if hours else None,
        peaks=peaks(house, period.begin_at, period.end_at),
        columns=[column for column, _, _ in columns],
        sums=[
            numbers.number(table.totals[column], column.scale, decimals)
            for column, table, decimals in columns
        ],
        rows=list(_rows(period, tabled, columns)),
        gaps=sure,
        gaps_over_ends=unsure,
        differing=differ,
        changes=[
            shown_change(house, change, period.zone)
            for table in energy
            for change in table.changes[:MOST_LISTED]
        ],
        outliers=[
            each
            for each in house.events(period.begin_at, period.end_at)
            if each.kind in (SET_ASIDE, OVERLAP)
        ],
        borders=list(_borders(spans[:MOST_LISTED], period)),
        agrees=bool(spans)
        and not differ
        and all(meter_readings.agrees(each, spans) for each in energy),
    )


def _figures(
    found: list[Figure], period: Period, costs: Table | None, words: Labels
) -> list[Figure]:
    """The pictures, with that of what it cost after the ones that are shown at once."""
    if costs is None or not costs.is_known:
        return found
    return [*found, cost_figure(period, costs, words)]


def _gaps(period: Period, energy: Sequence[Table]) -> tuple[list[Gap], list[Gap]]:
    """The gaps whose use belongs to the period, and those in which some of it may not."""
    sure: list[Gap] = []
    unsure: list[Gap] = []
    for table in energy:
        for gap in filter(table.is_exact, table.gaps):
            is_inside = period.begin_at <= gap[0] and gap[1] <= period.end_at
            (sure if is_inside or not table.over_ends else unsure).append(gap)
    return consumption.merged(sure), consumption.merged(unsure)


def _before(house: Snapshot, period: Period) -> Period | None:
    """The period before, unless all readings came later."""
    before = period.beside(-1)
    return before if before and before.end_at > (house.first_at or 0) else None


def _nearest(house: Snapshot, period: Period) -> Period | None:
    """The day of the first or the last reading, of a period before or after all of them."""
    first, last = house.first_at, house.last_at
    if first is None or last is None or (first < period.end_at and last >= period.begin_at):
        return None
    return periods.of("day", first if period.end_at <= first else last, period.zone)


def _highlights(tables: Catalogue, hours: Table | None, words: Labels) -> list[Highlight]:
    """The busiest day of a long period, and the busiest hour."""
    period = tables.period
    has_days = 1 < period.days <= catalogue.MOST_BUCKETS
    wanted = [tables.shown(consumption.ELECTRICITY, "day")] if has_days else []
    wanted += [hours] if hours else []
    return [
        Highlight(
            busiest_text(each, words),
            dates.busiest_title(each, period.zone),
            f"/{periods.today('day', each.begin, period.zone).name}",
        )
        for table in wanted
        for each in statistics.busiest(table)
    ]


def _comparable(house: Snapshot, period: Period) -> list[Period]:
    others = (period.beside(-1), period.year_ago())
    known = {each.name: each for each in others if each and each.end_at > (house.first_at or 0)}
    return list(known.values())


def _around(period: Period, now: int) -> dict[str, str]:
    """By kind the period that holds today if this one does, else its first day."""
    at = now if period.begin_at <= now < period.end_at else period.begin_at
    return {kind: periods.today(kind, at, period.zone).name for kind in periods.CALENDAR}


def _cost_alone(costs: Table) -> Table:
    """What each bucket cost in all."""
    cost = cost_tables.COLUMN
    return replace(costs, columns={cost: costs.columns[cost]}, totals={cost: costs.totals[cost]})


def _columns(shown: Sequence[Table], is_exact: bool) -> list[tuple[Column, Table, int]]:
    """All columns with their table, and with how many decimals their numbers are shown."""
    return [
        (column, table, _decimals(values, column, is_exact))
        for table in shown
        for column, values in table.columns.items()
    ]


def _decimals(values: Numbers, column: Column, is_exact: bool) -> int:
    is_money = column.unit == cost_tables.EURO
    return 3 if is_exact and not is_money else numbers.usual_decimals(values, column)


def _rows(
    period: Period, energy: Sequence[Table], columns: Sequence[tuple[Column, Table, int]]
) -> Iterator[Row]:
    partial = {place for table in energy for place in table.partial}
    uncertain = {place for table in energy for place in table.in_gaps()}
    borders = energy[0].borders
    for place, (begin, end) in enumerate(zip(borders, borders[1:], strict=False)):
        is_known = any(table.columns[column][place] is not None for column, table, _ in columns)
        # An hour has its link over the picture: a page of many hours is heavy enough.
        has_link = is_known and period.bucket != "hour"
        yield Row(
            dates.bucket_title(begin, end, period.bucket, period.zone),
            detail_href(period, begin, end) if has_link else None,
            [
                numbers.number(table.columns[column][place], column.scale, decimals)
                for column, table, decimals in columns
            ],
            place in partial,
            place in uncertain,
        )


def _borders(spans: Sequence[meter_readings.Span], period: Period) -> Iterator[BorderRow]:
    for span in spans:
        sides = (registers([reading], period.zone) for reading in (span.begin, span.end))
        for begin, end in zip(*sides, strict=True):
            yield BorderRow(begin.column, begin.equipment_id, (begin, end))
