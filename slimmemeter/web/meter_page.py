"""The meter page: registers now or at any moment, and what happened to the meters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from slimmemeter.history import changes, consumption, meter_readings, phases
from slimmemeter.history.changes import ANOTHER_METER, Change
from slimmemeter.history.meter_readings import MeterReading
from slimmemeter.history.table import MEDIA, Column
from slimmemeter.i18n import labels, numbers
from slimmemeter.p1 import obis
from slimmemeter.p1.reading import PowerFailure
from slimmemeter.store.records import Device, Event, Owner, StoredReading
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.web.state import newest_of
from slimmemeter.web.totals import Peaks, peaks

MOST_LISTED = 20


@dataclass
class RegisterRow:
    """A register at a moment, and how it is known."""

    equipment_id: str
    channel: int | None
    column: Column
    at: int
    value: str
    how: str


@dataclass
class ChangeRow:
    """A register's last value in the old series and first one in the new; '' if it has none."""

    column: Column
    old: str
    new: str


@dataclass
class ShownChange:
    """Where another series takes over."""

    change: Change
    rows: list[ChangeRow]

    @property
    def may_be_a_move(self) -> bool:
        """Whether another meter may mean that the family has moved."""
        return self.change.reason == ANOTHER_METER


@dataclass
class Differing:
    """What a total register counted, and what its tariffs counted together."""

    total: str
    tariffs: str


def differing(found: Iterable[tuple[Column, int, int]]) -> list[Differing]:
    """Where a total register counted other than its tariffs together."""
    return [
        Differing(*(numbers.amount(value, column) for value in values)) for column, *values in found
    ]


@dataclass
class Phase:
    """What the meter last showed of a phase; None where it doesn't."""

    number: int
    power_w: int | None  # below zero to the grid
    voltage_dv: int | None
    current_ma: int | None


@dataclass
class MeterPage:
    """What the page shows."""

    newest: StoredReading
    phases: list[Phase]
    registers: list[RegisterRow]
    owners: list[Owner]  # meters, and then devices
    changes: list[ShownChange]
    counts: dict[str, int]
    power_failures: list[PowerFailure]
    peaks: Peaks | None
    differing: list[Differing]
    events: list[Event]
    media: dict[int, str | None]  # by device's number
    channels: dict[int, int]  # of devices that aren't the only one of their medium


def meter_page(house: Snapshot, at: int | None, now: int, zone: ZoneInfo) -> MeterPage:
    """The page at a moment, or now."""
    newest = newest_of(house)
    return MeterPage(
        newest=newest,
        phases=_phases(newest),
        registers=registers(readings(house, at), zone),
        owners=[*house.meters[-MOST_LISTED:], *house.devices[-MOST_LISTED:]],
        changes=[shown_change(house, each, zone) for each in newest_changes(house)],
        counts=house.reader.newest_counts(),
        power_failures=house.power_failures,
        peaks=peaks(house, 0, now),
        differing=differing(meter_readings.differing_in_all(house)),
        events=house.events(0, now + 1)[::-1][: 10 * MOST_LISTED],
        media={
            device.id: obis.MBUS_TYPES.get(device.about.type or 0)
            for device in house.devices
            if isinstance(device.about, Device)
        },
        channels=_channels(house),
    )


def _phases(newest: StoredReading) -> list[Phase]:
    found = []
    for number in phases.PHASES:
        power_w = phases.net_power_w(newest.values, number)
        voltage_dv = newest.values.get(phases.voltage_register(number)) or None
        current_ma = newest.values.get(phases.current_register(number))
        if any(each is not None for each in (power_w, voltage_dv, current_ma)):
            found.append(Phase(number, power_w, voltage_dv, current_ma))
    return found


def _channels(house: Snapshot) -> dict[int, int]:
    about = {each.id: each.about for each in house.devices if isinstance(each.about, Device)}
    types = [device.type for device in about.values()]
    return {
        number: device.channel for number, device in about.items() if types.count(device.type) > 1
    }


def readings(house: Snapshot, at: int | None) -> list[MeterReading]:
    """The registers at a moment, or the newest ones."""
    return meter_readings.newest(house) if at is None else meter_readings.at(house, at)


def registers(readings: Sequence[MeterReading], zone: ZoneInfo) -> list[RegisterRow]:
    """Meter readings, a row for each register."""
    return [
        RegisterRow(
            reading.series.owner.equipment_id,
            getattr(reading.series.owner, "channel", None),
            reading.column,
            reading.at,
            numbers.number(reading.counter, reading.column.scale, 3),
            labels.how_known(reading, zone),
        )
        for reading in readings
    ]


def newest_changes(house: Snapshot) -> list[Change]:
    """The newest changes of meters and devices, newest first."""
    groups = [consumption.series_of(house, name) for name in (consumption.ELECTRICITY, *MEDIA)]
    found = [each for series in groups for each in changes.changes(series)]
    return sorted(found, key=lambda change: change.times, reverse=True)[:MOST_LISTED]


def shown_change(house: Snapshot, change: Change, zone: ZoneInfo) -> ShownChange:
    """A change with the old series' last registers and the new one's first."""
    old, new = (
        {
            row.column: row.value
            for each in series
            for row in registers(
                meter_readings.readings_at(house, each, [getattr(each, end)]), zone
            )
        }
        for series, end in ((change.old, "last"), (change.new, "first"))
    )
    columns = dict.fromkeys((*old, *new))
    rows = [ChangeRow(column, old.get(column, ""), new.get(column, "")) for column in columns]
    return ShownChange(change, rows)
