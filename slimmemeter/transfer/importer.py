"""`slimmemeter import`: readings from elsewhere come in, each once, and can be taken out again."""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from slimmemeter.errors import StoreError, UsageError
from slimmemeter.history import consumption
from slimmemeter.settings import Settings
from slimmemeter.store.reader import Reader
from slimmemeter.store.writer import CONFLICT, STORED, Writer
from slimmemeter.transfer import detect
from slimmemeter.transfer.record import Home, Item

if TYPE_CHECKING:
    Bar = tqdm[Any]  # of no items: it is told how far it is

LONGEST_S = 0.2  # that a transaction may take: what a pull may have to wait for


@dataclass
class Tally:
    """What came of one file."""

    path: str
    kind: str
    counts: dict[str, int] = field(default_factory=dict)  # of readings, by outcome
    first: int | None = None
    last: int | None = None
    number: int | None = None  # of the import in the file; None if nothing was new
    left_out: list[str] = field(default_factory=list)  # where, and why: the first and the last
    wrong: int = 0
    seldom: int = 0  # new counts of failures, power failures and peaks
    is_noted: bool = False  # in the file, as it brought something

    def take(self, outcome: str, at: int, place: str) -> None:
        """Count a reading."""
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        self.first = at if self.first is None else min(at, self.first)
        self.last = at if self.last is None else max(at, self.last)
        if outcome == CONFLICT:
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
            self._leave_out(f"{place}: another reading of {moment} is stored")

    def take_wrong(self, place: str, why: str) -> None:
        """Count what is no reading."""
        self.wrong += 1
        self._leave_out(f"{place}: {why}")

    def _leave_out(self, said: str) -> None:
        del self.left_out[1:]
        self.left_out.append(said)

    @property
    def new(self) -> int:
        """How many readings were stored."""
        return self.counts.get(STORED, 0)


def run(settings: Settings, paths: list[str], dry_run: bool) -> Iterator[Tally]:
    """Bring in each file. :raises SlimmemeterError: one can't be read or stored."""
    settings.make_own_folder()
    with _target(settings.database, dry_run) as database:
        for path in paths:
            yield _one(settings, path, database)


@contextmanager
def _target(database: str, dry_run: bool) -> Iterator[str]:
    """The database, or a copy of it that is thrown away."""
    if not dry_run:
        yield database
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = f"{folder}/copy.sqlite3"
        if os.path.exists(database):
            with closing(Reader(database)) as reader:
                reader.copy_to(copy)
        yield copy


def _one(settings: Settings, path: str, database: str) -> Tally:
    home = Home(settings.zone_info(), settings.winter_offset_s(), _own_meters(database))
    with detect.opened(path, home) as source:
        tally = Tally(path, source.kind)
        first = next(source.items, None)  # what is no source at all makes no database
        if first is not None:
            items = itertools.chain([first], source.items)
            with Writer(database, settings.timeout_s) as writer, _progress(source, path) as bar:
                try:
                    _take_all(writer, items, source.position, tally, bar)
                finally:
                    writer.close()
        return tally


def _take_all(
    writer: Writer,
    items: Iterable[Item],
    position: Callable[[], int],
    tally: Tally,
    bar: Bar,
) -> None:
    until_s = 0.0
    is_open = False
    for item in items:
        if not is_open:
            writer.begin()
            is_open = True
            until_s = time.monotonic() + LONGEST_S
        _take(writer, item, tally)
        if time.monotonic() > until_s:
            writer.commit()
            bar.update(position() - bar.n)
            is_open = False
    if is_open:
        writer.commit()
    bar.update(position() - bar.n)


def _take(writer: Writer, item: Item, tally: Tally) -> None:
    if item.wrong:
        tally.take_wrong(item.place, item.wrong)
        return
    if tally.number is None:
        tally.number = writer.next_import()
    if item.reading is not None and item.at is not None:
        outcome = writer.put(item.reading, item.at, None, tally.number)
        tally.take(outcome, item.at, item.place)
    for device in item.devices:
        tally.take(writer.put_device(device, tally.number), device.at, item.place)
    if item.seldom is not None:
        tally.seldom += writer.put_seldom(item.seldom, tally.number)
    if not tally.is_noted and (tally.new or tally.seldom):
        writer.note_import(tally.number, tally.kind, tally.path)
        tally.is_noted = True


@contextmanager
def _progress(source: detect.Source, path: str) -> Iterator[Bar]:
    """A bar with an estimate, on a terminal only."""
    total = source.length or None
    hidden = not sys.stderr.isatty()
    name, unit = os.path.basename(path), source.unit
    with tqdm(total=total, desc=name, unit=unit, unit_scale=True, disable=hidden) as bar:
        yield bar


def _own_meters(database: str) -> dict[str, str]:
    """What a reading that names no meter is of: the newest ones, by column of our CSV."""
    own: dict[str, str] = {}
    if not os.path.exists(database):
        return own
    with closing(Reader(database)) as reader:
        for row in sorted(reader.series(), key=lambda row: int(row["last"])):
            own["meter"] = row["equipment"]
        for row in sorted(reader.devices(), key=lambda row: int(row["last"])):
            column = consumption.column_of(row)
            own[column], own[f"{column} channel"] = row["equipment"], str(row["channel"])
    return own


def undo(settings: Settings, number: str) -> int:
    """Take out what one import brought. :returns: how many readings that were.

    :raises UsageError: there is no such import. :raises StoreError: it can't be written.
    """
    if not os.path.exists(settings.database):
        raise StoreError(f"there is no database {settings.database}")
    with Writer(settings.database, settings.timeout_s) as writer:
        imports = writer.imports()
        if not number.isdigit() or int(number) not in imports:
            told = ", ".join(f"{key} ({name})" for key, name in imports.items()) or "none"
            raise UsageError(f"there is no import {number}; there are: {told}")
        count = writer.take_out(int(number))
        writer.close()
    return count
