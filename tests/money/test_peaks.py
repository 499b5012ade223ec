"""A month's peak is the highest quarter-hour, wherever it is, or what the meter says itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimmemeter.money.usage.quantities import House
from slimmemeter.p1.reading import MeterLog, MonthPeak
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.store.writer import Writer
from support.counter_curves import at
from support.readings import reading, store

ZONE = ZoneInfo("Europe/Brussels")
BEGIN, END = at("2026-06-01T00:00:00+02:00"), at("2026-07-01T00:00:00+02:00")
JUNE = date(2026, 6, 1)
QUARTER_S = 900


def house(database: Path, quarters: list[int]) -> House:
    """A house that imports so many Wh in the first quarter-hours of June."""
    counter = 1000
    with Writer(str(database)) as writer:
        rows = [(reading({"import_t1_wh": counter}), BEGIN)]
        for number, wh in enumerate(quarters, 1):
            counter += wh
            rows.append((reading({"import_t1_wh": counter}), BEGIN + QUARTER_S * number))
        for each, instant in rows:
            each.timestamp = instant
        writer.add_many(rows, None)
    return House(Snapshot(Reader(str(database))))


@settings(max_examples=settings.default.max_examples // 20)
@given(st.lists(st.integers(0, 3000), min_size=4, max_size=300))
def test_peak_is_the_highest_quarter_hour(
    tmp_path_factory: pytest.TempPathFactory, quarters: list[int]
) -> None:
    """Of flat months, too, and of those with a peak in a quiet hour."""
    folder = tmp_path_factory.mktemp("peaks")
    found = house(folder / "slimmemeter.sqlite3", quarters)
    assert found.peak_w(JUNE, ZONE) == 4 * max(quarters)


def test_the_meter_knows_better(database: Path) -> None:
    """Its own peak counts, as the grid is paid by it."""
    each = reading({"import_t1_wh": 1000})
    each.log = MeterLog(month_peaks=[MonthPeak(END, BEGIN + 3600, 4321)])
    store(database, (BEGIN, each), (BEGIN + 900, reading({"import_t1_wh": 1500})))
    found = House(Snapshot(Reader(str(database))))
    assert found.peak_w(JUNE, ZONE) == 4321
    assert found.peak_w(date(2026, 5, 1), ZONE) is None
