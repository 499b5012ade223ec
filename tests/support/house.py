"""The simulated house of the demo: its telegrams, and databases of its readings."""

from __future__ import annotations

import time
from collections.abc import Container, Iterator
from pathlib import Path

from slimmemeter.demo import run
from slimmemeter.demo.household import SLOT_S, START_GAS_DM3, START_WH, House
from slimmemeter.demo.meter import telegram
from slimmemeter.p1.reading import Reading
from slimmemeter.store.writer import Writer
from support.readings import EVERY_S, MONDAY

PULL_TAKES_S = 3


def house_of(at: int) -> House:
    """The house at an instant, with the registers with which the simulation begins."""
    return House(at, START_WH, START_GAS_DM3)


def telegram_now(ahead_s: int = 0) -> bytes:
    """What the house's meter sends now."""
    return telegram(house_of(int(time.time()) + ahead_s).reading())


def telegrams(count: int) -> list[bytes]:
    """What the meter sends every five minutes of that Monday."""
    house = house_of(MONDAY)
    found = []
    for number in range(1, count + 1):
        house.advance(MONDAY + EVERY_S * number)
        found.append(telegram(house.reading()))
    return found


def pulled(begin: int, end: int) -> Iterator[tuple[Reading, int]]:
    """What a pull every five minutes stores."""
    house = house_of(begin)
    for at in range(begin - begin % SLOT_S + SLOT_S + PULL_TAKES_S, end + 1, SLOT_S):
        house.advance(at)
        yield house.reading(), at


def fill(database: Path, begin: int, end: int, gap: Container[int] = ()) -> None:
    """Make a database of the house, with no reading in a gap."""
    writer = Writer(str(database))
    writer.add_many((pair for pair in pulled(begin, end) if pair[1] not in gap), run.SIMULATED)
    writer.close()
