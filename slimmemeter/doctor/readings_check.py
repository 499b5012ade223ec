"""What the stored readings say: devices that fell silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from slimmemeter import clock
from slimmemeter.doctor.finding import NOTE, Finding
from slimmemeter.history.silence import SilentDevice, silent_devices
from slimmemeter.history.table import OTHER_MEDIUM
from slimmemeter.store.snapshot import Snapshot


def check_readings(house: Snapshot, zone: ZoneInfo) -> Iterator[Finding]:
    """What is worth knowing of a house's readings."""
    for silent in silent_devices(house, clock.now()):
        yield _silence(silent, zone)


def _silence(silent: SilentDevice, zone: ZoneInfo) -> Finding:
    name = "another meter" if silent.medium == OTHER_MEDIUM else silent.medium.replace("_", " ")
    since = datetime.fromtimestamp(silent.since, zone)
    sentence = (
        f"{name}: no reading since {since:%Y-%m-%d %H:%M}, while the electricity meter goes on:"
        " its radio or battery failed; wait a day, then call the grid operator or its owner"
    )
    return Finding(NOTE, sentence)
