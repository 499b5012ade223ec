"""Which stored device a reading from the M-Bus belongs to.

A device keeps its readings when it moves to another channel, and when its id comes later than its
first readings, or is missing in between.
"""

from __future__ import annotations

from slimmemeter.store.validation.points import DEVICES, Points
from slimmemeter.store.validation.rule import MOST_PER_HOUR, goes_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from slimmemeter.p1.reading import MbusReading

    Owner = tuple[str, int, "int | None", str]  # equipment, channel, type, unit


def owner_of(db: Connection, reading: MbusReading, has_twin: bool) -> Owner:
    """The device as `mbus_devices` has it, or will have it.

    :param has_twin: whether the same id is on two channels at once: these are two devices.
    """
    about = (reading.device_type, reading.unit)
    rows: list[tuple[str, int]] = db.execute(
        "SELECT equipment, channel FROM mbus_devices WHERE type IS ? AND unit = ? AND NOT other"
        " AND (equipment = ? OR channel = ?) ORDER BY id DESC",
        (*about, reading.equipment_id, reading.channel),
    ).fetchall()
    own = (reading.equipment_id, reading.channel)
    if own in rows:
        return (*own, *about)
    if reading.equipment_id and not has_twin:
        for row in rows:
            if row[0] == reading.equipment_id:
                return (*row, *about)
    for row in rows:
        is_nameless = not (row[0] and reading.equipment_id)
        if is_nameless and row[1] == reading.channel and _goes_on(db, (*row, *about), reading):
            if not row[0]:
                _name(db, (*row, *about), reading.equipment_id)
            return (reading.equipment_id or row[0], row[1], *about)
    return (*own, *about)


def _goes_on(db: Connection, owner: Owner, reading: MbusReading) -> bool:
    """Whether a reading goes on from the device's one before it, and the one after it from it."""
    points = Points(db, DEVICES, owner, ["counter"])
    most, point = MOST_PER_HOUR[reading.unit], (reading.at, reading.counter)
    before, after = points.before("counter", point), points.after("counter", point)
    return (before is None or before[0] == point[0] or goes_on(before, point, most)) and (
        after is None or goes_on(point, after, most)
    )


def _name(db: Connection, owner: Owner, equipment: str) -> None:
    """Give a device the id that came later."""
    db.execute(
        "UPDATE mbus_devices SET equipment = ? WHERE equipment = ? AND channel = ? AND type IS ?"
        " AND unit = ?",
        (equipment, *owner),
    )
