"""`slimmemeter prices`: fetches tomorrow's prices, and what is missing since the first reading."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from slimmemeter import clock, zones
from slimmemeter.errors import UsageError
from slimmemeter.money.market import energy_charts
from slimmemeter.money.market.spot import Market
from slimmemeter.money.usage.days import local_day, midnight
from slimmemeter.money.usage.quantities import ELECTRICITY
from slimmemeter.settings import Settings
from slimmemeter.store.prices import PriceWriter, SpotPrice
from slimmemeter.store.reader import Reader

PUBLISHED_FROM = 13  # o'clock, tomorrow's prices
MOST_DAYS = 92  # of one request
MOST_REQUESTS = 40  # of one run: ten years
ONE_DAY = timedelta(days=1)
OFF = "prices are not fetched: SLIMMEMETER_PRICES is empty; set it to NL or BE"


def run(settings: Settings, only_if_due: bool) -> Iterator[str]:
    """Fetch what is missing; a sentence for each request.

    :param only_if_due: for cron: silent if prices are off, or tomorrow's are there.
    :raises UsageError: prices are off. :raises PricesError: there is no answer, or a strange one.
    :raises StoreError: the database can't be read or written.
    """
    if not settings.prices:
        if only_if_due:
            return
        raise UsageError(OFF)
    zone, now = zones.of(settings.zone), clock.now()
    newest = _newest_day(zone, now)
    if only_if_due and not _missing_days(settings, zone, now, newest):
        return
    missing = _missing_days(settings, zone, now)
    if not missing:
        yield "all prices are there"
    for first, last in _stretches(missing):
        yield _fetched(settings, first, last, zone)


def _newest_day(zone: ZoneInfo, now: int) -> date:
    """The last day of which there may be prices: tomorrow, from when they are published on."""
    local = datetime.fromtimestamp(now, zone)
    return local.date() + ONE_DAY * (local.hour >= PUBLISHED_FROM)


def _missing_days(
    settings: Settings, zone: ZoneInfo, now: int, first: date | None = None
) -> list[date]:
    """The days, newest first, of which not all prices are there.

    :param first: the oldest one to look at; None: that of the first reading.
    """
    last = _newest_day(zone, now)
    with Reader(settings.database) as reader:
        if first is None:
            meters = reader.meters()
            first = local_day(min((each.first for each in meters), default=now), zone)
        ends = midnight(first, zone), midnight(last + ONE_DAY, zone)
        market = Market(reader.prices, ELECTRICITY, "quarter", ends, zone, now)
    days = (last - ONE_DAY * number for number in range((last - first).days + 1))
    return [day for day in days if not _is_known(market, day, zone)]


def _is_known(market: Market, day: date, zone: ZoneInfo) -> bool:
    begin, end = midnight(day, zone), midnight(day + ONE_DAY, zone)
    return market.known_s(begin, end) == end - begin


def _stretches(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Days in a row, newest first, as the first and the last of each request."""
    requests = 0
    first = last = None
    for day in [*days, None]:
        goes_on = first is not None and day == first - ONE_DAY
        if (
            last is not None
            and first is not None
            and not (goes_on and (last - first).days + 1 < MOST_DAYS)
        ):
            yield first, last
            last, requests = None, requests + 1
            if requests == MOST_REQUESTS:
                return
        last, first = last or day, day


def _fetched(settings: Settings, first: date, last: date, zone: ZoneInfo) -> str:
    """Fetch and store the prices of some days; what came of it."""
    address = energy_charts.address_of(settings.prices)
    host = urllib.parse.urlsplit(address).netloc
    answer = energy_charts.fetch(address, first, last, settings.timeout_s)
    ends = midnight(first, zone), midnight(last + ONE_DAY, zone)
    inside = [price for price in answer.prices if _is_within(price, ends)]
    days = f"{first}" if first == last else f"{first} to {last}"
    if not inside:
        return f"{host} has no prices of {days} yet"
    with PriceWriter(settings.database, settings.timeout_s) as writer:
        new = writer.put(ELECTRICITY, inside, host, answer.licence)
    return (
        f"{new} prices of {days} are stored, from {host}: {answer.licence or 'no licence stated'}"
    )


def _is_within(price: SpotPrice, ends: tuple[int, int]) -> bool:
    return ends[0] <= price.start < ends[1]
