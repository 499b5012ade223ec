"""One look at the house: what the parts of a page share is read once for all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

from slimmemeter.p1.reading import MonthPeak, PowerFailure
from slimmemeter.store.overlaps import overlaps
from slimmemeter.store.reader import Reader
from slimmemeter.store.records import Device, Event, Meter, Owner, Series, StoredReading
from slimmemeter.store.validation.rule import GAP


class Snapshot:
    """The house as a reader of its database finds it; for one page."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._events: tuple[int, int, list[Event]] | None = None

    @cached_property
    def meters(self) -> list[Owner]:
        """The meters, oldest first."""
        return self.reader.meters()

    @cached_property
    def devices(self) -> list[Owner]:
        """The devices, oldest first."""
        return self.reader.devices()

    @cached_property
    def meter_series(self) -> list[Series]:
        """The series of all meters, oldest first."""
        return [each for each in self._series if isinstance(each.owner, Meter)]

    @cached_property
    def device_series(self) -> list[Series]:
        """The series of all devices, oldest first."""
        return [each for each in self._series if isinstance(each.owner, Device)]

    @cached_property
    def _series(self) -> list[Series]:
        return self.reader.series([*self.meters, *self.devices])

    @cached_property
    def counted_wh(self) -> dict[str, int]:
        """By register what the meters have counted in all."""
        counted: dict[str, int] = {}
        for each, rise in zip(self.meter_series, self.reader.rises(self.meter_series), strict=True):
            counted[each.register] = counted.get(each.register, 0) + rise
        return counted

    @property
    def first_at(self) -> int | None:
        """The instant of the first reading of any meter or device; None without any."""
        return min((each.first for each in (*self.meters, *self.devices)), default=None)

    @property
    def last_at(self) -> int | None:
        """The instant of the last reading of any meter or device; None without any."""
        return max((each.last for each in (*self.meters, *self.devices)), default=None)

    @cached_property
    def newest(self) -> StoredReading | None:
        """The newest reading of all meters; None without any."""
        meter = max(self.meters, key=lambda meter: meter.last, default=None)
        return None if meter is None else self.reader.reading(meter, meter.last)

    @cached_property
    def month_peaks(self) -> list[MonthPeak]:
        """Belgium's month peaks of all meters, newest first."""
        return self.reader.month_peaks()

    @cached_property
    def power_failures(self) -> list[PowerFailure]:
        """The long power failures of all meters, newest first."""
        return self.reader.power_failures()

    @cached_property
    def _overlaps(self) -> list[Event]:
        counting = {each.owner_id for each in self.meter_series}
        return overlaps([meter for meter in self.meters if meter.id in counting])

    def events(self, begin: int, end: int) -> list[Event]:
        """The events that reach into [begin, end), oldest first."""
        if self._events is None or begin < self._events[0] or end > self._events[1]:
            known = self._events or (begin, end, [])
            begin_all, end_all = min(begin, known[0]), max(end, known[1])
            found = [*self.reader.events(begin_all, end_all), *self._overlaps]
            self._events = begin_all, end_all, sorted(found, key=lambda event: event.at)
        return [
            event
            for event in self._events[2]
            if event.at < end and (event.until or event.at) >= begin
        ]

    def gaps(self, series: Sequence[Series], begin: int, end: int) -> list[tuple[int, int]]:
        """The times within these series, all of one table, that have a part in [begin, end) and
        that no reading divides which counts."""
        owners = {each.owner_id for each in series}
        is_meter = any(each.table == "readings" for each in series)
        gaps = {
            (event.at, event.until)
            for event in self.events(begin, end)
            if event.kind == GAP
            and event.until is not None
            and (event.series if is_meter else event.device) in owners
        }
        gaps |= {skip for each in series for skip in each.skips if skip[0] < end}
        return _without_inner({gap for gap in gaps if gap[1] > begin})


def _without_inner(gaps: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order, without those that lie within another one."""
    found: list[tuple[int, int]] = []
    for gap in sorted(gaps, key=lambda gap: (gap[0], -gap[1])):
        if not found or gap[1] > found[-1][1]:
            found.append(gap)
    return found
