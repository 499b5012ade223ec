"""What the readers of the database get: records with types."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Meter:
    """A meter of electricity."""

    id: int
    equipment_id: str  # empty if the meter sends none
    header: str
    version: str | None


@dataclass(frozen=True)
class Device:
    """A meter on the M-Bus."""

    equipment_id: str
    channel: int
    type: int | None  # EN 13757-3's number of the medium
    unit: str  # dm3, MJ or Wh


@dataclass(frozen=True)
class Owner:
    """A meter or device with the readings that are stored of it, whether they count or not."""

    id: int  # in `series` or `mbus_devices`
    about: Meter | Device
    first: int  # instants of its first and last reading, in UTC seconds
    last: int
    other: int = 0  # not 0: these are other readings of instants that have one

    @property
    def table(self) -> str:
        """The table of its readings."""
        return "readings" if isinstance(self.about, Meter) else "mbus_readings"


@dataclass(frozen=True)
class Series:
    """A stretch of readings in which one register of a meter or device only rises."""

    owner_id: int  # in `series` or `mbus_devices`
    owner: Meter | Device
    register: str  # its column in `table`
    opened_by: str  # as `validation` has it
    first: int  # instants of its first and last reading, in UTC seconds
    last: int
    # Between these instants no reading has the register, or counts: it goes straight on over them.
    skips: tuple[tuple[int, int], ...] = ()
    waits: bool = False  # its newest readings are set aside until they are understood

    def __hash__(self) -> int:
        """Of what differs between series; that of all fields takes a page's time."""
        return hash((self.owner_id, self.register, self.first))

    @property
    def table(self) -> str:
        """The table of its readings."""
        return "readings" if isinstance(self.owner, Meter) else "mbus_readings"

    def overlaps(self, begin: int, end: int) -> bool:
        """Whether it has a part in [begin, end)."""
        return self.first < end and self.last > begin

    def skip(self, instant: int) -> tuple[int, int] | None:
        """The skip within which an instant lies; None at a reading and in any other interval."""
        place = bisect_left(self.skips, (instant,)) - 1
        if place >= 0 and self.skips[place][0] < instant < self.skips[place][1]:
            return self.skips[place]
        return None


@dataclass(frozen=True)
class StoredReading:
    """A row of readings; `values` by column, without those that are NULL."""

    taken_at: int
    delay_s: int | None
    tariff: int | None
    values: Mapping[str, int]


@dataclass(frozen=True)
class Event:
    """What the validation noticed: at an instant, or from one to another."""

    kind: str  # as `validation` has it
    series: int | None  # of a meter
    device: int | None  # a device's series
    register: str | None  # None: of the whole reading
    at: int
    until: int | None
    readings: int | None  # that are set aside
    detail: str | None
