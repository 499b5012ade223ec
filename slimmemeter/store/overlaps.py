"""Meters of one connection that both send registers at a time: one of them isn't of this house, or
its clock was wrong. It follows from their readings, whenever it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from slimmemeter.clock import AGREEMENT_S
from slimmemeter.store.records import Event, Owner
from slimmemeter.store.validation.rule import OVERLAP


def overlaps(meters: Sequence[Owner]) -> list[Event]:
    """An event for each two meters that overlap, of the one that began later; the oldest first.

    :param meters: that send registers of electricity, the oldest first.
    """
    found = (_overlap(*pair) for pair in combinations(meters, 2))
    return sorted((each for each in found if each is not None), key=lambda each: each.at)


def _overlap(first: Owner, later: Owner) -> Event | None:
    at, until = later.first, min(first.last, later.last)
    is_within = later.last < first.last  # the first one came back
    if until < at or not (is_within or until - at > AGREEMENT_S):
        return None
    names = ", ".join(each.about.equipment_id for each in (first, later))
    return Event(OVERLAP, later.id, None, None, at, until, None, names)
