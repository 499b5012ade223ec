"""Another database of ours as a source: an old card from a drawer, a backup."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from slimmemeter.p1.telegram import MbusReading, Reading
from slimmemeter.store import schema
from slimmemeter.store.connection import NamedRow
from slimmemeter.store.reader import Reader
from slimmemeter.store.record import Seldom
from slimmemeter.store.validation import CLOCK_NOT_SET
from slimmemeter.transfer.record import Item


def length(path: str) -> int:
    """How many readings it has. :raises SlimmemeterError: it isn't ours, or can't be read."""
    with closing(Reader(path)) as reader:
        return sum(map(reader.count, ("readings", "mbus_readings")))


def items(path: str) -> Iterator[Item]:
    """Every reading, by life, and what else is known of each meter.

    :raises SlimmemeterError: as above.
    """
    with closing(Reader(path)) as reader:
        names = [name for name in reader.columns("readings") if name not in schema.ABOUT_A_READING]
        lives = reader.series(aside=True)
        for life in lives:
            place = f"meter {life['equipment']}"
            for row in reader.readings("readings", life["id"], ("taken_at", *names)):
                values = {name: row[name] for name in names if row[name] is not None}
                yield Item(place, row["taken_at"], _reading(life, row["taken_at"], values))
        for life in reader.devices(aside=True):
            place = f"device {life['equipment']}"
            key = (life["channel"], life["type"], life["equipment"])
            for row in reader.readings("mbus_readings", life["id"], ("taken_at", "counter")):
                device = MbusReading(*key, row["taken_at"], row["counter"], life["unit"])
                yield Item(place, row["taken_at"], devices=(device,))
        for life in {life["meter"]: life for life in lives}.values():
            yield Item(path, seldom=_seldom(reader, life))


def _reading(life: NamedRow, at: int, values: dict[str, int]) -> Reading:
    clock = values.pop(schema.METER_CLOCK, at)
    others = {b"0-0:1.0.0": b"told)"} if clock != at else {}
    stamp = None if clock == CLOCK_NOT_SET else clock
    tariff = values.pop("tariff", None)
    about = (life["header"], life["version"], life["equipment"])
    return Reading(*about, stamp, tariff, values, [], others, 3600)


def _seldom(reader: Reader, life: NamedRow) -> Seldom:
    counted, failed, peaked = (
        [tuple(row[name] for name in names) for row in rows]
        for names, rows in (
            (("taken_at", *schema.COUNTERS), reader.counters_of(life["meter"])),
            (("ended_at", "duration_s"), reader.power_failures(life["meter"])),
            (("month_ended_at", "ended_at", "power_w"), reader.month_peaks(life["meter"])),
        )
    )
    return Seldom(life["equipment"], counted, failed, peaked)
