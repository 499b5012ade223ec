"""The overview: is it working, what flows now, and today, this month and a year in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from slimmemeter import clock
from slimmemeter.history import consumption, periods, statistics
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.history.changes import Change
from slimmemeter.history.periods import Period
from slimmemeter.history.silence import SilentDevice, silent_devices
from slimmemeter.history.statistics import Standby
from slimmemeter.i18n.labels import Labels
from slimmemeter.money.billing import cost_tables, peak_cost
from slimmemeter.money.billing.peak_cost import PeakCost
from slimmemeter.p1.reading import PowerFailure
from slimmemeter.store.records import Event, StoredReading
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.store.validation.rule import GAP, SET_ASIDE
from slimmemeter.web import money
from slimmemeter.web.figures import Figure, figure
from slimmemeter.web.freshness import (
    FRESH,
    WRONG_CLOCK,
    freshness,
    next_pull_at,
    page_time,
)
from slimmemeter.web.meter_page import newest_changes
from slimmemeter.web.power_now import PowerNow, power_now
from slimmemeter.web.state import newest_of
from slimmemeter.web.totals import Peaks, Total, cost, peaks, totals

STANDBY_DAYS = 14  # so that what was unplugged shows within some days


@dataclass
class Incident:
    """The newest of the events, power failures and changes."""

    at: int
    day: str
    event: Event | None = None
    failure: PowerFailure | None = None
    change: Change | None = None


@dataclass
class Overview:
    """What the page shows."""

    newest: StoredReading
    now: int  # the time of the page
    age_s: int
    is_stale: bool
    wrong_clock: int | None  # the time of this computer's clock if it is wrong
    has_one_reading: bool  # from which no picture can be made yet
    next_pull_at: int
    day: Period
    month: Period
    year: Period
    today: Figure
    today_totals: list[Total]
    month_totals: list[Total]
    year_totals: list[Total]
    standby: Standby | None
    peaks: Peaks | None
    peak_cost: PeakCost | None  # in Flanders
    incident: Incident | None
    power: (
        PowerNow | None
    )  # None in a house without electricity: a heat meter's own port sends none
    silent: list[SilentDevice]
    waiting: list[Event]  # registers whose newest readings don't count yet


def overview(house: Snapshot, zone: ZoneInfo, words: Labels) -> Overview:
    """The overview now. :raises NoReadingError: there is no reading yet."""
    newest, own_time, now = newest_of(house), clock.now(), page_time(house)
    fresh = freshness(newest, own_time)
    day, month = (periods.today(kind, now, zone) for kind in ("day", "month"))
    year = periods.last(365, now, zone)
    year_totals, month_totals, today_totals = totals(house, (year, month, day), words, now)
    tables, books = Catalogue(house, day), money.books_of(house)
    shown = ((today_totals, day), (month_totals, month), (year_totals, year))
    begins = [period.begin_at for _, period in shown]
    known = cost_tables.costs_since(books, begins, now) if books else [None] * len(shown)
    for (found, period), micros in zip(shown, known, strict=True):
        found += cost(books, period, micros) if found else []
    return Overview(
        newest=newest,
        now=now,
        age_s=max(0, fresh.age_s),
        is_stale=fresh.state != FRESH,
        wrong_clock=own_time if fresh.state == WRONG_CLOCK else None,
        has_one_reading=len(house.meters) == 1 and house.meters[0].first == newest.taken_at,
        next_pull_at=next_pull_at(now),
        day=day,
        month=month,
        year=year,
        today=figure(tables, _first_picture(house), words, is_linked=True),
        today_totals=today_totals,
        month_totals=month_totals,
        year_totals=year_totals,
        standby=_standby(house, now, zone),
        peaks=peaks(house, month.begin_at, month.end_at),
        peak_cost=peak_cost.of(books) if books else None,
        incident=_incident(house, now, zone),
        power=power_now(house, newest, now, tables) if house.meter_series else None,
        silent=silent_devices(house, now),
        waiting=house.reader.waiting(),
    )


def _standby(house: Snapshot, now: int, zone: ZoneInfo) -> Standby | None:
    days = periods.last(STANDBY_DAYS, now, zone)
    return statistics.standby(Catalogue(house, days).table("hours"))


def _first_picture(house: Snapshot) -> str:
    """The picture of today: of power, or in a house without it of what is metered."""
    return "power" if house.meter_series else next(iter(consumption.media(house)), "power")


def _incident(house: Snapshot, now: int, zone: ZoneInfo) -> Incident | None:
    def incident(at: int, **what: Event | PowerFailure | Change) -> Incident:
        return Incident(at, periods.today("day", at, zone).name, **what)  # type: ignore[arg-type]

    events = house.reader.newest_events(now, GAP, SET_ASIDE)
    found = [incident(each.at, event=each) for each in events]
    found += [
        incident(each.ended_at, failure=each)
        for each in house.power_failures
        if each.ended_at is not None and each.ended_at <= now
    ]
    found += [incident(each.times[1], change=each) for each in newest_changes(house)[:1]]
    return max(found, key=lambda incident: incident.at, default=None)
