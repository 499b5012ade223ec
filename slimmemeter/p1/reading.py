"""The records that a telegram becomes, in integers of the units that names state.

Plain classes, as the pull's budget of imports has no room for `dataclasses` or `typing`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class MbusReading:
    """What a device on the M-Bus last reported to the meter: its counter at its own instant."""

    __slots__ = ("at", "channel", "counter", "device_type", "equipment_id", "unit")

    def __init__(
        self,
        channel: int,
        device_type: int | None,
        equipment_id: str,
        at: int,
        counter: int,
        unit: str,
    ) -> None:
        self.channel = channel
        self.device_type = device_type  # EN 13757-3's number of the medium; None if absent
        self.equipment_id = equipment_id
        self.at = at  # UTC seconds
        self.counter = counter
        self.unit = unit  # dm3, MJ or Wh


class PowerFailure:
    """A long power failure: its end in UTC seconds (None if the clock wasn't set), its seconds."""

    __slots__ = ("duration_s", "ended_at")

    def __init__(self, ended_at: int | None, duration_s: int) -> None:
        self.ended_at = ended_at
        self.duration_s = duration_s


class MonthPeak:
    """Belgium: the quarter-hour of a month with the highest mean power; UTC seconds, W."""

    __slots__ = ("ended_at", "month_ended_at", "power_w")

    def __init__(self, month_ended_at: int, ended_at: int, power_w: int) -> None:
        self.month_ended_at = month_ended_at
        self.ended_at = ended_at
        self.power_w = power_w


class MeterLog:
    """What a meter keeps beside its registers, and what hardly ever changes."""

    __slots__ = ("counts", "month_peaks", "power_failures")

    def __init__(
        self,
        counts: Mapping[str, int] | None = None,
        power_failures: Sequence[PowerFailure] = (),
        month_peaks: Sequence[MonthPeak] = (),
    ) -> None:
        self.counts = counts or {}  # of failures, sags and swells, by column
        self.power_failures = power_failures
        self.month_peaks = month_peaks


NO_LOG = MeterLog()


class Reading:
    """What is stored of a telegram."""

    __slots__ = (
        *("devices", "equipment_id", "has_clock", "header", "log", "tariff", "timestamp"),
        *("values", "version"),
    )

    def __init__(
        self,
        equipment_id: str | None,
        timestamp: int | None,
        values: dict[str, int],
        *,
        header: str = "",
        version: str | None = None,
        tariff: int | None = None,
        devices: Sequence[MbusReading] = (),
        log: MeterLog = NO_LOG,
        has_clock: bool = True,
    ) -> None:
        self.equipment_id = equipment_id  # the header if the meter sends no id; None without both
        self.timestamp = timestamp  # the meter's clock in UTC seconds; None if unset or absent
        self.values = values  # by column of `readings`
        self.header = header
        self.version = version
        self.tariff = tariff
        self.devices = devices
        self.log = log  # the same object as long as it doesn't change from telegram to telegram
        self.has_clock = has_clock  # P1 2.2 and 3.0 send no time
