"""The house that an import goes into: which meters it has, and whether a file has others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import BinaryIO

from slimmemeter import zones
from slimmemeter.errors import UsageError
from slimmemeter.history.table import of_device
from slimmemeter.settings import Settings
from slimmemeter.store.reader import Reader
from slimmemeter.store.records import Device, Event, Owner
from slimmemeter.transfer import detect
from slimmemeter.transfer.entry import METER, Home, Known

Spools = Mapping[str, BinaryIO]  # by path: what came from it, if that can't be read again
MOST_SHOWN = 3  # meters in an error


def home(settings: Settings, database: str) -> Home:
    """The house's own facts, as a database has them now."""
    own: dict[str, list[Known]] = {}
    if os.path.exists(database):
        with Reader(database) as reader:
            for each in (*reader.meters(), *reader.devices()):
                _add(own, each)
    return Home(zones.of(settings.zone), zones.winter_offset_s(settings.zone), own)


def _add(own: dict[str, list[Known]], owner: Owner) -> None:
    column, channel = METER, 0
    if isinstance(owner.about, Device):
        column, channel = of_device(owner.about.type, owner.about.unit).name, owner.about.channel
    known = Known(owner.about.equipment_id, channel, owner.first, owner.last)
    own.setdefault(column, []).append(known)


def overlaps(database: str) -> list[Event]:
    """The times at which two of its meters both have readings."""
    if not os.path.exists(database):
        return []
    with Reader(database) as reader:
        return reader.overlaps()


def refuse_unknown(home: Home, paths: Iterable[str], spools: Spools) -> None:
    """Another house's readings must never become those of a meter that replaced ours.

    :raises UsageError: a file has a meter that isn't the house's. :raises SlimmemeterError: one
        can't be read.
    """
    for path in dict.fromkeys(paths):
        with detect.opened(path, home, spools.get(path)) as source:
            unknown = sorted(set(source.meters) - home.meters)
        if unknown:
            shown = ", ".join(name or "without id" for name in unknown[:MOST_SHOWN])
            more = f" and {len(unknown) - MOST_SHOWN} others" if unknown[MOST_SHOWN:] else ""
            raise UsageError(
                f"{path} has readings of meter {shown}{more}, which this database doesn't know, so"
                " nothing was imported: --new-meter takes it as another meter of this house"
            )
