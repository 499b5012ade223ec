"""What the readers of the database get: records with types."""

from __future__ import annotations

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
class Series:
    """A stretch of readings in which the counters of one meter or device only rise."""

    id: int
    owner: Meter | Device
    registers: tuple[str, ...]  # the columns of its table that count
    opened_by: str  # as `validation` has it
    first: int  # instants of its first and last reading, in UTC seconds
    last: int

    @property
    def table(self) -> str:
        """The table of its readings."""
        return "readings" if isinstance(self.owner, Meter) else "mbus_readings"

    def overlaps(self, begin: int, end: int) -> bool:
        """Whether it has a part in [begin, end)."""
        return self.first < end and self.last > begin


@dataclass(frozen=True)
class StoredReading:
    """A row of readings; `values` by column, without those that are NULL."""

    taken_at: int
    delay_s: int | None
    tariff: int | None
    values: Mapping[str, int]


@dataclass(frozen=True)
class StoredCounter:
    """A device's counter at its own instant."""

    device: Device
    at: int
    counter: int


@dataclass(frozen=True)
class Event:
    """What the validation noticed: at an instant, or from one to another."""

    kind: str  # as `validation` has it
    series: int | None  # of a meter
    device: int | None  # a device's series
    at: int
    until: int | None
    detail: str | None
