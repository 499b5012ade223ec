"""The topics of DSMR-reader for readings, gas and the quarter peak: its names, kW, kWh and m3.

"Delivered" is what comes from the grid (DSMR-reader's documentation, "MQTT: Data source").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from slimmemeter.history import consumption, meter_readings
from slimmemeter.history.meter_readings import MeterReading
from slimmemeter.history.phases import PHASES, current_register, power_register, voltage_register
from slimmemeter.history.serialize import decimal, iso
from slimmemeter.store import schema
from slimmemeter.store.records import Meter, StoredReading
from slimmemeter.store.snapshot import Snapshot

READING = "dsmr/reading"
GAS = "dsmr/consumption/gas"
QUARTER = "dsmr/consumption/quarter-hour-peak-electricity"
DIRECTIONS = {"import": "delivered", "export": "returned"}
QUARTER_S = 900


def topics(house: Snapshot, zone: ZoneInfo) -> dict[str, str]:
    """Each topic with its text; without those of which nothing is known."""
    newest = house.newest
    if newest is None:
        return {}
    readings = meter_readings.newest(house)
    found: dict[str, str] = {f"{READING}/timestamp": iso(newest.taken_at, zone)}
    found |= _counters(readings)
    found |= _powers(newest)
    found |= _gas(house, readings, zone)
    found |= _quarter(house, newest.taken_at, zone)
    return found


def _counters(readings: Sequence[MeterReading]) -> dict[str, str]:
    registers = {
        reading.series.register: reading.counter
        for reading in readings
        if isinstance(reading.series.owner, Meter)
    }
    return {
        f"{READING}/electricity_{word}_{tariff}": decimal(counter, 1000)
        for direction, word in DIRECTIONS.items()
        for tariff in (1, 2)
        if (counter := registers.get(schema.Register(direction, tariff).column)) is not None
    }


def _powers(newest: StoredReading) -> dict[str, str]:
    """The columns of a reading, in kW, V and A."""
    values = newest.values
    columns = {f"power_{direction}_w": f"electricity_currently_{word}"
               for direction, word in DIRECTIONS.items()}  # fmt: skip
    for phase in PHASES:
        for direction, word in DIRECTIONS.items():
            columns[power_register(phase, direction)] = f"phase_currently_{word}_l{phase}"
    found = {
        f"{READING}/{name}": decimal(values[column], 1000)
        for column, name in columns.items()
        if column in values
    }
    for phase in PHASES:
        found |= _volts_and_amperes(values, phase)
    return found


def _volts_and_amperes(values: Mapping[str, int], phase: int) -> dict[str, str]:
    found = {}
    if (volts := values.get(voltage_register(phase))) is not None:
        found[f"{READING}/phase_voltage_l{phase}"] = decimal(volts, 10)
    if (current_ma := values.get(current_register(phase))) is not None:
        found[f"{READING}/phase_power_current_l{phase}"] = str((current_ma + 500) // 1000)
    return found


def _gas(house: Snapshot, readings: Sequence[MeterReading], zone: ZoneInfo) -> dict[str, str]:
    """The newest gas counter, and what was used since the one before it."""
    own = [each for each in readings if each.column.quantity == "gas"]
    if not own:
        return {}
    gas = max(own, key=lambda each: each.at)
    at, counter = iso(gas.at, zone), gas.counter
    found = {
        f"{READING}/extra_device_timestamp": at,
        f"{READING}/extra_device_delivered": decimal(counter, 1000),
        f"{GAS}/read_at": at,
        f"{GAS}/delivered": decimal(counter, 1000),
    }
    ((before, _),) = house.reader.neighbours(gas.series, [gas.at - 1])
    if before is not None and counter is not None:
        used = counter - gas.counter_of(before)
        found[f"{GAS}/currently_delivered"] = decimal(used, 1000)
    return found


def _quarter(house: Snapshot, now: int, zone: ZoneInfo) -> dict[str, str]:
    """The mean power from the grid in the last quarter of an hour that is known whole."""
    end = now - now % QUARTER_S
    table = consumption.power(house, [end - QUARTER_S, end])
    found = [each for each in table.columns if each.quantity == "import"]
    watts = table.columns[found[0]][0] if found and not table.partial else None
    if watts is None:
        return {}
    return {
        f"{QUARTER}/read_at_start": iso(end - QUARTER_S, zone),
        f"{QUARTER}/read_at_end": iso(end, zone),
        f"{QUARTER}/average_delivered": decimal(watts, 1000),
    }
