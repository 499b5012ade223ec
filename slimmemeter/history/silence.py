"""Devices on the M-Bus that fell silent, as with an empty battery, while the meter goes on."""

from __future__ import annotations

from typing import NamedTuple

from slimmemeter.history.changes import ANOTHER_DEVICE, changes
from slimmemeter.history.table import of_device
from slimmemeter.store import schema
from slimmemeter.store.records import Device, Series, StoredReading
from slimmemeter.store.snapshot import Snapshot

SILENT_S = 24 * 3600 + 900  # one that reports once a day may be a little late
TOLD_S = 60 * 86400  # whoever has been silent for longer is gone


class SilentDevice(NamedTuple):
    """A device without a reading since some instant."""

    medium: str  # as a table's column names it: gas, water, or other
    device: Device
    since: int


def silent_devices(house: Snapshot, now: int) -> list[SilentDevice]:
    """The devices that fell silent by now and weren't replaced; the first one to do so first.

    Whether the electricity meter is silent too is another question.
    """
    meter = house.newest
    if meter is None:
        return []
    latest = _shown_at(meter) - SILENT_S
    replaced = _replaced(house)
    found = [
        SilentDevice(_medium(each.about), each.about, each.last)
        for each in house.devices
        if now - TOLD_S <= each.last < latest and each.id not in replaced
        if isinstance(each.about, Device)
    ]
    return sorted(found, key=lambda silent: silent.since)


def _shown_at(meter: StoredReading) -> int:
    """The instant of a reading, by the meter's clock if that is behind: devices go by it."""
    return min(meter.taken_at, meter.values.get(schema.METER_CLOCK) or meter.taken_at)


def _replaced(house: Snapshot) -> set[int]:
    """The numbers of the devices from which another one of their medium took over."""
    media: dict[str, list[Series]] = {}
    for each in house.device_series:
        assert isinstance(each.owner, Device)
        media.setdefault(_medium(each.owner), []).append(each)
    every = [change for series in media.values() for change in changes(series)]
    return {change.old[0].owner_id for change in every if change.reason == ANOTHER_DEVICE}


def _medium(device: Device) -> str:
    return of_device(device.type, device.unit).quantity
