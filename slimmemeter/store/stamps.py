"""The stamps in a reading: of the meter's clock, and of its devices, which are off as it is."""

from __future__ import annotations

from slimmemeter.clock import AGREEMENT_S
from slimmemeter.p1.reading import MbusReading
from slimmemeter.store import schema
from slimmemeter.store.devices import owner_of
from slimmemeter.store.validation.events import Events
from slimmemeter.store.validation.points import DEVICES, Points
from slimmemeter.store.validation.rule import CLOCK_OFF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection

    from slimmemeter.p1.reading import Reading


def clock_of(reading: Reading, taken_at: int) -> int | None:
    """The time of the meter's clock unless that is `taken_at`; None as well without a clock."""
    if reading.timestamp == taken_at or not reading.has_clock:
        return None
    return schema.CLOCK_NOT_SET if reading.timestamp is None else reading.timestamp


def believed(
    reading: Reading, taken_at: int
) -> tuple[Sequence[MbusReading], Sequence[MbusReading]]:
    """The devices' readings, moved by what the meter's clock is off from the reading's instant; and
    those that are stamped later than that instant, and not believed."""
    devices, timestamp = reading.devices, reading.timestamp
    if timestamp is not None and timestamp != taken_at:
        devices = [_moved(device, taken_at - timestamp) for device in devices]
    latest = taken_at + AGREEMENT_S
    ahead = [device for device in devices if device.at > latest]
    return [device for device in devices if device.at <= latest] if ahead else devices, ahead


def _moved(device: MbusReading, by_s: int) -> MbusReading:
    about = (device.channel, device.device_type, device.equipment_id)
    return MbusReading(*about, device.at + by_s, device.counter, device.unit)


def notices(db: Connection, devices: Sequence[MbusReading], taken_at: int) -> list[str]:
    """Record whose stamps are not believed; a sentence for each device of which that is new."""
    return [_sentence(device, taken_at) for device in devices if _is_new(db, device, taken_at)]


def _sentence(device: MbusReading, taken_at: int) -> str:
    return (
        f"device {device.equipment_id or device.channel} is left out, as its clock is"
        f" {device.at - taken_at} s ahead of the telegram"
    )


def _is_new(db: Connection, device: MbusReading, taken_at: int) -> bool:
    """Record it unless that was done after the device's last reading that was believed."""
    points = Points(db, DEVICES, owner_of(db, device, has_twin=False), ["counter"])
    last = points.neighbour(taken_at, after=False)
    number = points.make()
    recorded = db.execute(
        "SELECT 1 FROM events WHERE device = ? AND kind = ? AND at > ?",
        (number, CLOCK_OFF, last.at if last else -1),
    ).fetchone()
    if recorded is None:
        event = (CLOCK_OFF, taken_at, None, None, str(device.at - taken_at))
        Events(db, DEVICES.event, number).put(event)
    return recorded is None
