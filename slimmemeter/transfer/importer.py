"""`slimmemeter import`: stores readings from elsewhere, each once, and removes them again."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from slimmemeter import clock, progress, zones
from slimmemeter.errors import StoreError, UsageError
from slimmemeter.p1.reading import MbusReading
from slimmemeter.settings import Settings
from slimmemeter.store import stamps
from slimmemeter.store.import_log import ImportWriter
from slimmemeter.store.reader import Reader
from slimmemeter.store.records import Event
from slimmemeter.store.validation.series import CONFLICT, STORED
from slimmemeter.transfer import detect, house
from slimmemeter.transfer.entry import AT, Entry, Home, untimely
from slimmemeter.transfer.house import Spools

LONGEST_S = 0.2  # of a transaction, for which a pull may have to wait
LONGEST_SHOWN = 20  # characters of a number that isn't one


@dataclass
class Tally:
    """The result of importing one file."""

    path: str
    kind: str
    zone: str  # in which a person reads its times
    counts: dict[str, int] = field(default_factory=dict)  # of readings, by the writer's result
    first: int | None = None
    last: int | None = None
    number: int | None = None  # of the import; None if there was no reading
    left_out: list[str] = field(default_factory=list)  # where and why: the first and the last
    invalid: int = 0
    prices: int = 0  # of the market that are new, or other than before
    log_rows: int = 0  # new counts of failures, power failures and peaks
    set_aside: int = 0  # readings that a person had set aside where it comes from
    is_recorded: bool = False  # in the database, as something was stored
    now: int = field(default_factory=clock.now)
    meters: set[str | None] = field(default_factory=set)  # those of its readings
    overlaps: list[Event] = field(default_factory=list)  # of meters, which it made or changed

    def add(self, result: str, at: int, place: str) -> None:
        """Count a reading."""
        self.counts[result] = self.counts.get(result, 0) + 1
        self.first = at if self.first is None else min(at, self.first)
        self.last = at if self.last is None else max(at, self.last)
        if result == CONFLICT:
            self._leave_out(place, f"another reading of {AT} is stored", at)

    def add_price(self, is_new: bool, begin: int, end: int) -> None:
        """Count a price of the market."""
        self.prices += is_new
        self.first = begin if self.first is None else min(begin, self.first)
        self.last = end if self.last is None else max(end, self.last)

    def add_invalid(self, place: str, error: str, at: int | None = None) -> None:
        """Count an invalid entry. :param at: the instant for which `AT` stands in the error."""
        self.invalid += 1
        self._leave_out(place, error, at)

    def _leave_out(self, place: str, error: str, at: int | None) -> None:
        del self.left_out[1:]
        if at is not None:
            error = error.replace(AT, zones.shown(at, self.zone))
        self.left_out.append(f"{place}: {error}")

    @property
    def new(self) -> int:
        """The number of readings that were stored."""
        return self.counts.get(STORED, 0)


def run(
    settings: Settings, paths: list[str], dry_run: bool, new_meter: bool = False
) -> Iterator[Tally]:
    """Import each file.

    :param new_meter: whether meters that the database doesn't know come in too.
    :raises SlimmemeterError: one can't be read or stored.
    """
    settings.make_own_folder()
    with _target(settings.database, dry_run) as database, ExitStack() as stack:
        spools = _spools(paths, os.path.dirname(os.path.abspath(database)), stack)
        if not new_meter and (home := house.home(settings, database)).meters:
            house.refuse_unknown(home, paths, spools)
        for path in paths:
            yield _one(path, house.home(settings, database), database, settings, spools.get(path))


def _spools(paths: Iterable[str], folder: str, stack: ExitStack) -> Spools:
    """What can be read only once, to be read twice."""
    found = {path: detect.spooled(path, folder) for path in paths}
    return {path: stack.enter_context(spool) for path, spool in found.items() if spool is not None}


@contextmanager
def _target(database: str, dry_run: bool) -> Iterator[str]:
    """The database, or for a dry run a temporary copy of it."""
    if not dry_run:
        yield database
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = f"{folder}/copy.sqlite3"
        if os.path.exists(database):
            with Reader(database) as reader:
                reader.copy_to(copy)
        yield copy


def _one(path: str, home: Home, database: str, settings: Settings, spool: BinaryIO | None) -> Tally:
    with detect.opened(path, home, spool) as source:
        tally, name = Tally(path, source.kind, settings.zone), os.path.basename(path)
        first = next(source.entries, None)  # a file of no known kind makes no database
        if first is not None:
            before = house.overlaps(database)
            entries = itertools.chain([first], source.entries)
            with (
                ImportWriter(database, settings.timeout_s) as writer,
                progress.shown(name, lambda: source.length or None, source.unit) as show,
            ):
                _store_all(writer, entries, source.position, tally, show)
            tally.overlaps = [each for each in house.overlaps(database) if each not in before]
        return tally


def _store_all(
    writer: ImportWriter,
    entries: Iterable[Entry],
    position: Callable[[], int],
    tally: Tally,
    show: progress.Show,
) -> None:
    until_s = 0.0
    is_open = False
    for entry in entries:
        if not is_open:
            writer.begin()
            is_open = True
            until_s = time.monotonic() + LONGEST_S
        _store(writer, entry, tally)
        if time.monotonic() > until_s:
            writer.commit()
            show(position())
            is_open = False
    if is_open:
        writer.commit()
    show(position())


def _store(writer: ImportWriter, entry: Entry, tally: Tally) -> None:
    """Store what can be of its time; count it, and what is left out."""
    error = entry.error or ("" if entry.at is None else untimely(entry.at, tally.now))
    if error:
        tally.add_invalid(entry.place, error, entry.at)
        return
    if entry.price is not None:
        energy, price = entry.price
        is_new = writer.put_price(energy, price, os.path.basename(tally.path))
        tally.add_price(is_new, price.start, price.start + price.length_s)
        return
    if tally.number is None:
        tally.number = writer.next_import()
    _store_valid(writer, entry, tally.number, tally)
    if not tally.is_recorded and (tally.new or tally.log_rows or tally.set_aside):
        name = tally.path.encode("utf-8", "backslashreplace").decode()
        writer.record_import(tally.number, tally.kind, name)
        tally.is_recorded = True


def _store_valid(writer: ImportWriter, entry: Entry, number: int, tally: Tally) -> None:
    reading, at = entry.reading, entry.at
    if reading is not None and at is not None:
        if reading.devices:
            devices, ahead = stamps.believed(reading, at)
            reading.devices = _timely(devices, entry.place, tally)
            for device in ahead:
                error = f"device {device.equipment_id}: {AT} is later than its telegram"
                tally.add_invalid(entry.place, error, device.at)
        tally.add(writer.put(reading, at, None, number), at, entry.place)
        if entry.is_set_aside:
            tally.set_aside += writer.put_aside(reading.equipment_id, at, number)
        tally.meters.add(reading.equipment_id)
    for device in entry.devices and _timely(entry.devices, entry.place, tally):
        tally.add(writer.put_device(device, number), device.at, entry.place)
        if entry.is_set_aside:
            tally.set_aside += writer.put_device_aside(device, number)
    if entry.log is not None and entry.equipment_id in tally.meters:
        tally.log_rows += writer.put_log(entry.equipment_id, entry.log, at or 0, number)
    elif entry.log is not None:
        tally.add_invalid(entry.place, "its meter has no reading")


def _timely(devices: Sequence[MbusReading], place: str, tally: Tally) -> Sequence[MbusReading]:
    """The devices' readings that can be of their time; the others are counted as invalid."""
    late = [device for device in devices if untimely(device.at, tally.now)]
    for device in late:
        error = untimely(device.at, tally.now)
        tally.add_invalid(place, f"device {device.equipment_id}: {error}", device.at)
    return [device for device in devices if device not in late] if late else devices


def undo(settings: Settings, number: str) -> int:
    """Remove what one import stored. :returns: the number of readings.

    :raises UsageError: there is no such import. :raises StoreError: it can't be written.
    """
    if not os.path.exists(settings.database):
        raise StoreError(f"there is no database {settings.database}")
    with ImportWriter(settings.database, settings.timeout_s) as writer:
        imports = writer.imports()
        numbers = {str(key): key for key in imports}
        if number not in numbers:
            known = ", ".join(f"{key} ({name})" for key, name in imports.items()) or "none"
            raise UsageError(f"there is no import {number[:LONGEST_SHOWN]}; there are: {known}")
        return writer.undo_import(numbers[number])
