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
        for series in reader.meter_series(with_set_aside=True):
            assert isinstance(series.owner, Meter)
            meters[series.owner.id] = series.owner
            for stored in reader.readings(series):
                reading = _reading(series.owner, stored)
                yield Entry(f"meter {series.owner.equipment_id}", stored.taken_at, reading)
        for series in reader.device_series(with_set_aside=True):
            for counter in reader.counters_of(series):
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
    yield Entry(path, 0, log=MeterLog({}, failures, peaks), equipment_id=meter.equipment_id)
