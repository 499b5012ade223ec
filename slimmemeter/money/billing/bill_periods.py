"""The periods that have a bill: those of the pages, and the years of a contract."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from slimmemeter.history import catalogue, periods
from slimmemeter.history.periods import Period
from slimmemeter.money.billing import bill
from slimmemeter.money.contract.contracts import Contracts
from slimmemeter.store.snapshot import Snapshot

CONTRACT = "contract"


def find_period(
    house: Snapshot, contracts: Contracts, path: str, now: int, zone: ZoneInfo
) -> Period | None:
    """The period of that name, as of the pages, or a contract year; None if there is none."""
    kind, *parts = path.split("/")
    if kind != CONTRACT:
        return catalogue.find_period(house, now, zone, kind, *parts) if len(parts) < 3 else None
    try:
        day = date.fromisoformat("".join(parts))
    except ValueError:
        return None
    if not periods.FIRST_YEAR <= day.year <= periods.LAST_YEAR:
        return None
    year = bill.contract_year(contracts, day, zone)
    if year is None:
        return None
    return Period(CONTRACT, f"{CONTRACT}/{year.first_day}", year.begin, year.end, zone)
