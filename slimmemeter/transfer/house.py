"""The house that an import goes into: which meters it has, and whether a file has others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO

from slimmemeter import zones
from slimmemeter.errors import UsageError
from slimmemeter.history.table import of_device
from slimmemeter.settings import Settings
from slimmemeter.store.reader import Reader
from slimmemeter.store.records import Device, Meter, Owner
from slimmemeter.transfer import detect
from slimmemeter.transfer.entry import METER, Home

Spools = Mapping[str, BinaryIO]  # by path: what came from it, if that can't be read again
MOST_SHOWN = 3  # meters in an error


def home(settings: Settings, database: str) -> Home:
    """The house's own facts, as a database has them now."""
    owners: list[Owner] = []
    if os.path.exists(database):
        with Reader(database) as reader:
            owners = [*reader.meters(), *reader.devices()]
    meters = {each.about.equipment_id for each in owners if isinstance(each.about, Meter)}
    return Home(
        zones.of(settings.zone), zones.winter_offset_s(settings.zone), _newest(owners), meters
    )


def _newest(owners: Sequence[Owner]) -> dict[str, tuple[str, int]]:
    """The newest meters' id and channel, by column of our CSV."""
    own: dict[str, tuple[str, int]] = {}
    for known in sorted(owners, key=lambda known: known.last):
        owner = known.about
        if isinstance(owner, Device):
            own[of_device(owner.type, owner.unit).name] = owner.equipment_id, owner.channel
        else:
            own[METER] = owner.equipment_id, 0
    return own


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
