"""How old the newest reading is, and by which clock the pages go."""

from __future__ import annotations

from typing import NamedTuple

from slimmemeter import clock
from slimmemeter.status import PULL_EVERY_S, STALE_S
from slimmemeter.store.records import StoredReading
from slimmemeter.store.snapshot import Snapshot

FRESH, OLD, WRONG_CLOCK = "ok", "old", "this computer's clock is wrong"


class Freshness(NamedTuple):
    """The state of the readings, and the age of the newest one in seconds."""

    state: str  # FRESH, OLD or WRONG_CLOCK
    age_s: int


def freshness(newest: StoredReading, now: int) -> Freshness:
    """The freshness of the newest reading, by this computer's clock.

    If that clock was wrong when the reading came, the meter's counts; it still is, if the reading
    came just now by it.
    """
    delay_s = newest.delay_s or 0
    was_wrong = abs(delay_s) > clock.AGREEMENT_S
    age_s = now - newest.taken_at - (0 if was_wrong else delay_s)
    is_still_wrong = was_wrong and 0 <= age_s - delay_s <= STALE_S
    if age_s < -clock.AGREEMENT_S or is_still_wrong:
        return Freshness(WRONG_CLOCK, age_s)
    return Freshness(FRESH if age_s <= STALE_S else OLD, age_s)


def page_time(house: Snapshot) -> int:
    """The time of a page: this computer's, or the newest reading's if that clock is wrong."""
    now, newest = clock.now(), house.newest
    if newest is not None and freshness(newest, now).state == WRONG_CLOCK:
        return newest.taken_at
    return now


def next_pull_at(now: int) -> int:
    """When cron pulls next."""
    return (now // PULL_EVERY_S + 1) * PULL_EVERY_S


def refresh_s(now: int) -> int:
    """The seconds until a newer reading can be there; at least a minute."""
    since_pull_s = now % PULL_EVERY_S
    return 60 if since_pull_s < 10 else max(PULL_EVERY_S - since_pull_s + 10, 60)
