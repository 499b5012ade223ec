"""What a source is told in: readings one by one, and what a meter counted beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from slimmemeter.p1.telegram import MbusReading, Reading
from slimmemeter.store.record import Seldom


class Home(NamedTuple):
    """What holds where a source doesn't say."""

    zone: ZoneInfo
    winter_offset_s: int
    own: Mapping[str, str]  # the newest meters, by column of our CSV: `meter`, `gas_m3`


class Item(NamedTuple):
    """A reading of the meter, those of devices, or both, at an instant; or why there is none."""

    place: str  # in the source
    at: int | None = None
    reading: Reading | None = None
    devices: tuple[MbusReading, ...] = ()
    seldom: Seldom | None = None
    wrong: str = ""


def of_telegram(reading: Reading, place: str) -> Item:
    """A telegram's reading is of its own time."""
    if reading.stamp is None:
        return Item(place, wrong="it doesn't say when it was made")
    return Item(place, reading.stamp, reading)
