"""Another database of slimmemeter as a source: an old card from a drawer, a backup."""

from __future__ import annotations

from collections.abc import Iterator

from slimmemeter.p1.reading import MbusReading, MeterLog, Reading
from slimmemeter.store import schema
from slimmemeter.store.reader import Reader
from slimmemeter.store.records import Meter, StoredReading
from slimmemeter.transfer.entry import Entry


def length(path: str) -> int:
    """The number of its readings. :raises SlimmemeterError: it isn't ours, or can't be read."""
    with Reader(path) as reader:
        return sum(map(reader.count, ("readings", "mbus_readings")))


def entries(path: str) -> Iterator[Entry]:
    """Every reading, outliers too, series by series, and the log of each meter.

    :raises SlimmemeterError: as above.
    """
    meters: dict[int, Meter] = {}
    with Reader(path) as reader:
        for owner in reader.meters(with_others=True):
            assert isinstance(owner.about, Meter)
            meters[owner.about.id] = owner.about
            for stored in reader.readings(owner):
                reading = _reading(owner.about, stored)
                yield Entry(f"meter {owner.about.equipment_id}", stored.taken_at, reading)
        for owner in reader.devices(with_others=True):
            for counter in reader.counters_of(owner):
                device = counter.device
                about = (device.channel, device.type, device.equipment_id)
                found = MbusReading(*about, counter.at, counter.counter, device.unit)
                yield Entry(f"device {device.equipment_id}", counter.at, devices=(found,))
        for meter in meters.values():
            yield from _log(path, reader, meter)


def _reading(meter: Meter, stored: StoredReading) -> Reading:
    values = dict(stored.values)
    clock = values.pop(schema.METER_CLOCK, stored.taken_at)
    return Reading(
        meter.equipment_id,
        None if clock == schema.CLOCK_NOT_SET else clock,
        values,
        header=meter.header,
        version=meter.version,
        tariff=stored.tariff,
    )


def _log(path: str, reader: Reader, meter: Meter) -> Iterator[Entry]:
    for at, counts in reader.counts(meter.id):
        yield Entry(path, at, log=MeterLog(counts), equipment_id=meter.equipment_id)
    failures, peaks = reader.power_failures(meter.id), reader.month_peaks(meter.id)
    yield Entry(path, log=MeterLog({}, failures, peaks), equipment_id=meter.equipment_id)
