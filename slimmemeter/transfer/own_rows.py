"""What the rows of a database of slimmemeter describe, unless a meter can't have sent it.

Each function raises `InvalidCellError` for such a row.
"""

from __future__ import annotations

from typing import NamedTuple

from slimmemeter.p1 import obis
from slimmemeter.p1.reading import MbusReading, MeterLog, MonthPeak, PowerFailure, Reading
from slimmemeter.store import schema
from slimmemeter.store.prices import LIMITS_UEUR, LONGEST_PRICE_S, MarketPrice, SpotPrice
from slimmemeter.transfer.cells import InvalidCellError, Row, integer, integers, text
from slimmemeter.transfer.entry import Entry

UNITS = {unit for unit, _ in obis.MBUS_UNITS.values()}
MONTH_S = 32 * 86400
LAST_PRICE = 1 << 32  # UTC seconds: 2106
Logged = tuple[int | None, MeterLog]  # a row of a log, and its instant


class Meter(NamedTuple):
    """A meter of electricity."""

    equipment_id: str
    header: str
    version: str | None

    @property
    def place(self) -> str:
        """Where its readings are, in words."""
        return f"meter {self.equipment_id}"


class Device(NamedTuple):
    """A meter on the M-Bus."""

    channel: int
    device_type: int | None
    equipment_id: str
    unit: str

    @property
    def place(self) -> str:
        """Where its readings are, in words."""
        return f"device {self.equipment_id}"


def meter(row: Row) -> Meter:
    """A row of `meters`."""
    version = None if row["version"] is None else text(row, "version")
    return Meter(text(row, "equipment"), text(row, "header"), version)


def device(row: Row) -> Device:
    """A row of `mbus_devices`."""
    unit = text(row, "unit")
    if unit not in UNITS:
        raise InvalidCellError(f"'{unit}' as unit")
    device_type = None if row["type"] is None else integer(row, "type")
    return Device(integer(row, "channel"), device_type, text(row, "equipment"), unit)


def reading(meter: Meter, at: int, row: Row) -> Entry:
    """A row of `readings`."""
    values = integers(row)
    if values.keys().isdisjoint(schema.REGISTERS):
        raise InvalidCellError("no register")
    tariff, time = values.pop("tariff", None), values.pop(schema.METER_CLOCK, at)
    timestamp = None if time == schema.CLOCK_NOT_SET else time
    equipment_id, header, version = meter
    found = Reading(equipment_id, timestamp, values, header=header, version=version, tariff=tariff)
    return Entry(meter.place, at, found)


def counter(device: Device, at: int, row: Row) -> Entry:
    """A row of `mbus_readings`."""
    channel, device_type, equipment_id, unit = device
    found = MbusReading(channel, device_type, equipment_id, at, integer(row, "counter"), unit)
    return Entry(device.place, at, devices=(found,))


def override(row: Row) -> tuple[int, int]:
    """A row of `overrides`: its first instant and its last one."""
    at, until = integer(row, "at"), integer(row, "until")
    if until < at:
        raise InvalidCellError(f"{until} as until")
    return at, until


def counts(row: Row) -> Logged:
    """A row of `counters`."""
    counted = {name: cell for name, cell in row.items() if name in schema.COUNTERS}
    return integer(row, "taken_at"), MeterLog(integers(counted))


def failure(row: Row) -> Logged:
    """A row of `power_failures`."""
    ended_at = None if row["ended_at"] is None else integer(row, "ended_at")
    found = PowerFailure(ended_at, integer(row, "duration_s"))
    return ended_at, MeterLog(power_failures=[found])


def peak(row: Row) -> Logged:
    """A row of `month_peaks`."""
    month_ended_at, ended_at = integer(row, "month_ended_at"), integer(row, "ended_at")
    if abs(month_ended_at - ended_at) > MONTH_S:
        raise InvalidCellError(f"{month_ended_at} as month_ended_at")
    return ended_at, MeterLog(
        month_peaks=[MonthPeak(month_ended_at, ended_at, integer(row, "power_w"))]
    )


def price(row: Row) -> MarketPrice:
    """A row of `prices`."""
    energy, micros = text(row, "energy"), row["price_ueur"]  # which may be below zero
    least, most = LIMITS_UEUR.get(energy, (0, -1))
    if not isinstance(micros, int) or not least <= micros <= most:
        raise InvalidCellError(f"no price of the market: {micros}")
    start, length_s = integer(row, "start"), integer(row, "length_s")
    if not (0 < start < LAST_PRICE and 0 < length_s <= LONGEST_PRICE_S):
        raise InvalidCellError(f"a price of no slot: {start}")
    return MarketPrice(energy, SpotPrice(start, length_s, micros))
