"""What a source is read as: entries, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from slimmemeter import clock
from slimmemeter.history import periods
from slimmemeter.p1.reading import MbusReading, MeterLog, Reading
from slimmemeter.store.prices import MarketPrice


class Known(NamedTuple):
    """A meter or device that is known, and the instants of its first and last reading."""

    equipment_id: str
    channel: int
    first: int
    last: int


class Home(NamedTuple):
    """The house's own facts, for what a source doesn't state."""

    zone: ZoneInfo
    winter_offset_s: int
    own: Mapping[str, Sequence[Known]]  # its meters and devices, by column: `gas_m3`

    @property
    def meters(self) -> Set[str]:
        """The ids of its meters of electricity."""
        return {known.equipment_id for known in self.own.get(METER, ())}

    def meter(self, at: int) -> str:
        """The id of the meter of electricity that there was at an instant; empty without any."""
        return self.there(METER, at, 0)[0]

    def there(self, column: str, at: int, channel: int) -> tuple[str, int]:
        """The id and channel of what a column was read of at an instant.

        It is the one whose readings lie around it; between two of them, or after the last one, the
        one before; before all of them, the first.

        :param channel: without any, beside an empty id.
        """
        own = self.own.get(column, ())
        if not own:
            return "", channel
        begun = [each for each in own if each.first <= at] or [min(own, key=_first)]
        around = [each for each in begun if at <= each.last]
        found = max(around, key=_first) if around else max(begun, key=_last)
        return found.equipment_id, found.channel


_first, _last = attrgetter("first"), attrgetter("last")
DAY_S = 86400
# Before it, no zone is in the first year that a telegram's timestamp can have.
EARLIEST = int(datetime(periods.FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp()) - DAY_S
AT = "{at}"
SET_ASIDE, YES = "set_aside", "yes"  # a column of our CSV: the reading doesn't count
METER = "meter"  # the key of the meter of electricity in `own`


class Entry(NamedTuple):
    """A reading of the meter, of devices, or both, at an instant; or a meter's log; or an error."""

    place: str  # in the source
    at: int | None = None
    reading: Reading | None = None
    devices: tuple[MbusReading, ...] = ()
    log: MeterLog | None = None
    equipment_id: str = ""  # of the meter whose log it is
    error: str = ""  # why it is invalid; `AT` in it stands for the local time of `at`
    is_set_aside: bool = False  # by a person, so that it doesn't count
    price: MarketPrice | None = None  # of the market


def of_telegram(reading: Reading, place: str) -> Entry:
    """The entry of a telegram, at its own time."""
    if reading.timestamp is None:
        return Entry(place, error="it has no valid time")
    return Entry(place, reading.timestamp, reading)


def untimely(at: int, now: int) -> str:
    """Why nothing can have been read at an instant, with `AT` for that; empty if it can."""
    if at < EARLIEST:
        return f"{AT} is before {periods.FIRST_YEAR}, when there was no such meter"
    if at > now + clock.MOST_AHEAD_S:
        return f"{AT} is more than a day ahead of this computer's clock"
    return ""
