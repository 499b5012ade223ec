"""What is so now, for other programs: registers, power, and what is metered on the M-Bus."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from slimmemeter.history import consumption, meter_readings, phases
from slimmemeter.history.meter_readings import MeterReading
from slimmemeter.history.serialize import iso, number
from slimmemeter.store.records import Device, Meter, StoredReading
from slimmemeter.store.snapshot import Snapshot


def now_json(house: Snapshot, newest: StoredReading, zone: ZoneInfo) -> dict[str, object]:
    """One flat object: kWh and m3 with all decimals, W, and times with their offset.

    A register whose newest readings don't count yet has its last one that does.
    """
    flat: dict[str, object] = {
        "at": iso(newest.taken_at, zone),
        "power_import_w": newest.values.get("power_import_w"),
        "power_export_w": newest.values.get("power_export_w"),
        "tariff": newest.tariff,
    }
    readings = meter_readings.newest(house)
    for reading in readings:
        if isinstance(reading.series.owner, Meter):
            flat[reading.column.name] = counter(reading)
    for phase, watts in phases.net_power_by_phase(newest.values).items():
        flat[f"power_l{phase}_w"] = watts
    for medium in consumption.media(house):
        flat |= _medium(house, medium, readings, zone)
    return flat


def _medium(
    house: Snapshot, medium: str, readings: Sequence[MeterReading], zone: ZoneInfo
) -> dict[str, object]:
    """The figure of a medium that only rises; of several devices also each one's counter."""
    own = [each for each in readings if each.column.quantity == medium]
    column = own[0].column
    flat: dict[str, object] = {
        column.name: number(meter_readings.steady(house, medium), column.scale),
        f"{medium}_at": iso(max(each.at for each in own), zone),
    }
    if len(own) > 1:
        for each in own:
            assert isinstance(each.series.owner, Device)
            name = f"{medium}_channel_{each.series.owner.channel}"
            flat[f"{name}_{column.unit.lower()}"] = counter(each)
            flat[f"{name}_at"] = iso(each.at, zone)
    return flat


def counter(reading: MeterReading) -> float | int | None:
    """A register in its unit."""
    return number(reading.counter, reading.column.scale)
