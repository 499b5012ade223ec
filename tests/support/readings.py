"""Readings made by hand, and databases of them."""

from __future__ import annotations

from pathlib import Path

from slimmemeter.p1.reading import MbusReading, Reading
from slimmemeter.store.writer import Writer

MONDAY = 1_792_969_200  # 2026-10-26 00:00 in Amsterdam, the day after summer time ended
EVERY_S = 300  # as cron pulls
HOUR, DAY = 3600, 86400


def reading(
    values: dict[str, int], meter: str = "one", gas: tuple[int, int] | None = None
) -> Reading:
    """A reading of these registers, and of a gas meter's (stamp, dm3)."""
    devices = [MbusReading(1, 3, "gas", *gas, "dm3")] if gas else []
    return Reading(meter, None, values, header="TST5", version="50", tariff=1, devices=devices)


def counted(*counters: int) -> list[tuple[int, Reading]]:
    """A reading every five minutes with these counters."""
    return [
        (MONDAY + EVERY_S * place, reading({"import_t1_wh": counter}))
        for place, counter in enumerate(counters)
    ]


def store(database: Path, *readings: tuple[int, Reading]) -> list[str]:
    """Store readings, each as a pull does; what came of each."""
    writer = Writer(str(database))
    outcomes = []
    for at, each in readings:
        each.timestamp = each.timestamp or at
        outcomes.append(writer.add(each, at, 0, None))
    writer.close()
    return outcomes
