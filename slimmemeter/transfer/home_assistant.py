"""`slimmemeter export --for home-assistant`: each counter as a file for its statistics.

The files are those that the project Home-Assistant-Import-Energy-Data reads: without a header, a
line `UTC-SECONDS,COUNTER` for each full hour, in kWh or m3. The counter only rises: where a meter
was replaced, the new one goes on from the old one's last value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from slimmemeter.errors import UsageError
from slimmemeter.history import consumption, interpolation
from slimmemeter.history.consumption import column_of
from slimmemeter.history.serialize import decimal
from slimmemeter.history.table import Column
from slimmemeter.process import replace_file
from slimmemeter.settings import Settings
from slimmemeter.store.connection import MOST_ROWS
from slimmemeter.store.reader import Reader
from slimmemeter.store.records import Series
from slimmemeter.store.snapshot import Snapshot

NAME = "home-assistant"
HOUR_S = 3600
# By quantity and tariff; a meter without tariffs counts as tariff 1.
FILES = {
    ("import", 1): "elec_feed_in_tariff_1",
    ("import", 2): "elec_feed_in_tariff_2",
    ("export", 1): "elec_feed_out_tariff_1",
    ("export", 2): "elec_feed_out_tariff_2",
    ("gas", None): "gas",
    ("water", None): "water",
}
Point = tuple[int, int]


def write(settings: Settings, folder: str) -> Iterator[str]:
    """Write a file for each counter into a folder, a line about each as it is done.

    :raises UsageError: a file can't be written. :raises StoreError: the database can't be read.
    """
    with Reader(settings.database) as reader:
        for name, series in _by_file(Snapshot(reader)).items():
            path = f"{folder}/{name}_high_resolution.csv"
            scale = column_of(series[0]).scale
            points = _points(reader, series)
            _write(path, "".join(f"{at},{decimal(value, scale)}\n" for at, value in points))
            yield f"{path}: {len(points)} hours"


def _by_file(house: Snapshot) -> dict[str, list[Series]]:
    """The series of each file, oldest first; of the media one, whatever devices there were."""
    names = (consumption.ELECTRICITY, *consumption.media(house))
    every = [each for name in names for each in consumption.series_of(house, name)]
    found: dict[str, list[Series]] = {}
    for each in every:
        if name := FILES.get(_key(column_of(each))):
            found.setdefault(name, []).append(each)
    return found


def _key(column: Column) -> tuple[str, int | None]:
    is_electricity = column.quantity in ("import", "export")
    return column.quantity, (column.tariff or 1) if is_electricity else None


def _points(reader: Reader, series: Sequence[Series]) -> list[Point]:
    """The counter at each full hour, and at the ends of each series, as one that only rises.

    Of two series at one time, as of two gas meters, the rises of both are in it.
    """
    rises: dict[int, int] = {}
    begin = 0
    for each in series:
        curve = _curve(reader, each)
        begin = begin or curve[0][1]
        for before, after in zip(curve, curve[1:], strict=False):
            rises[after[0]] = rises.get(after[0], 0) + after[1] - before[1]
    total, found = begin, [(series[0].first, begin)]
    for at in sorted(rises):
        total += rises[at]
        found.append((at, total))
    return found


def _curve(reader: Reader, series: Series) -> list[Point]:
    hours = range(-(-series.first // HOUR_S) * HOUR_S, series.last + 1, HOUR_S)
    instants = sorted({series.first, *hours, series.last})
    found: list[Point] = []
    for place in range(0, len(instants), MOST_ROWS):
        some = instants[place : place + MOST_ROWS]
        values = interpolation.counters(reader, {series: some})[series]
        found += [(at, value) for at in some if (value := values[at]) is not None]
    return found


def _write(path: str, text: str) -> None:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        replace_file(path, text)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}; choose a folder in which this user may write"
        ) from None
