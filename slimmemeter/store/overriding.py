"""Lets a person overrule which readings count."""

from __future__ import annotations

from typing import NamedTuple

from slimmemeter.store.records import Meter
from slimmemeter.store.revalidation import RevalidatingWriter
from slimmemeter.store.validation.points import DEVICES, METERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from slimmemeter.p1.reading import MbusReading
    from slimmemeter.store.records import Owner
    from slimmemeter.store.validation.series import SeriesWriter

MOST_AT_ONCE = 500  # readings that are validated again while a pull waits


class Overruled(NamedTuple):
    """The number of readings, and what each register counted in all before and counts now."""

    readings: int
    before: Mapping[str, int]
    now: Mapping[str, int]


class OverridingWriter(RevalidatingWriter):
    """Sets readings aside that a person doesn't believe, and takes that back."""

    def set_aside(self, owner: Owner, at: int, until: int) -> Overruled:
        """Set the readings of a time aside; without any, nothing is stored."""
        self.begin()
        series = self._stored(owner)
        before, count = series.counted(), series.count(at, until)
        if count:
            series.overrides().add(at, until)
        return self._overruled(owner, at, until, before, count)

    def take_back(self, owner: Owner, at: int, until: int) -> Overruled:
        """Let those readings of a time count again that a person has set aside."""
        self.begin()
        series = self._stored(owner)
        before, count = series.counted(), series.overrides().count(at, until)
        if count:
            series.overrides().take_back(at, until)
        return self._overruled(owner, at, until, before, count)

    def _overruled(
        self, owner: Owner, at: int, until: int, before: Mapping[str, int], count: int
    ) -> Overruled:
        """Validate a time again: so many readings that a pull would have to wait in more than this
        transaction, which the next pulls go on with after an interruption."""
        if 0 < count <= MOST_AT_ONCE:
            self._stored(owner).override(at, until)
        elif count:
            self._leave_unvalidated(owner)
        self.commit()
        self.validate_the_rest()
        self.begin()
        now = self._stored(owner).counted()
        self.commit()
        return Overruled(count, before, now)

    def _leave_unvalidated(self, owner: Owner) -> None:
        column = (METERS if isinstance(owner.about, Meter) else DEVICES).event
        self._db.execute(f"DELETE FROM unvalidated WHERE {column} = ?", (owner.id,))
        self._db.execute(f"INSERT INTO unvalidated ({column}, after) VALUES (?, -1)", (owner.id,))

    def _stored(self, owner: Owner) -> SeriesWriter:
        if isinstance(owner.about, Meter):
            return self._series_of(METERS, (owner.about.id,))
        about = owner.about
        key = (about.equipment_id, about.channel, about.type, about.unit)
        return self._series_of(DEVICES, key)

    def put_aside(self, equipment_id: str | None, at: int, source: int) -> bool:
        """Set the reading aside that an import just put, of a meter; whether that is new."""
        return self._put_aside(self._series_of(METERS, (self._meters[equipment_id],)), at, source)

    def put_device_aside(self, device: MbusReading, source: int) -> bool:
        """Set the reading aside that an import just put, of a device; whether that is new."""
        about = (device.equipment_id, device.channel, device.device_type, device.unit)
        return self._put_aside(self._series_of(DEVICES, self._devices[about]), device.at, source)

    def _put_aside(self, series: SeriesWriter, at: int, source: int) -> bool:
        if series.overrides().count(at, at):
            return False
        series.overrides().add(at, at, source)
        series.override(at, at)
        return True
