"""Another database of slimmemeter as a source: an old card from a drawer, a backup.

It may be damaged, or anybody's: only tables that this program makes are read, of any version, and
each cell is checked. What doesn't fit is left out.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from slimmemeter.errors import UsageError
from slimmemeter.history.consumption import merged
from slimmemeter.store import schema
from slimmemeter.store.foreign import LOWEST, ForeignDatabase
from slimmemeter.transfer import own_rows
from slimmemeter.transfer.cells import InvalidCellError, Row
from slimmemeter.transfer.entry import AT, Entry
from slimmemeter.transfer.own_rows import Device, Logged, Meter

# By table, the columns that are read beside its key; it must have them.
READ: dict[str, tuple[str, ...]] = {
    "meters": ("equipment", "header", "version"),
    "series": ("meter",),
    "readings": (),
    "mbus_devices": ("equipment", "channel", "type", "unit"),
    "mbus_readings": ("counter",),
    "counters": ("meter", "taken_at"),
    "power_failures": ("meter", "ended_at", "duration_s"),
    "month_peaks": ("meter", "month_ended_at", "ended_at", "power_w"),
}
# The same, where it has them.
OPTIONAL: dict[str, tuple[str, ...]] = {
    "readings": ("tariff", *schema.COMMON_COLUMNS, *schema.RARE_COLUMNS, schema.METER_CLOCK),
    "counters": schema.COUNTERS,
}
PRICES = ("energy", "start", "length_s", "price_ueur")
BESIDE = {"file", "imports", "events", "breaks", "overrides", "unvalidated"}
OUTBOX = {"targets", "cursors", "changes"}
TABLES = {*READ, *BESIDE, *OUTBOX, "prices", "price_sources", "contracts"}
LOGS = {
    "counters": own_rows.counts,
    "power_failures": own_rows.failure,
    "month_peaks": own_rows.peak,
}
UNKNOWN = "it is of no known meter"
Owner = TypeVar("Owner", Meter, Device)
# Whose each row is, by its number or by that of its series; or what is wrong with that.
Owners = Mapping[int, Owner | str]
Time = tuple[int, int]  # its first instant and its last one


def length(path: str) -> int:
    """The number of its readings. :raises SlimmemeterError: it isn't ours, or can't be read."""
    with _opened(path) as database:
        return sum(map(database.count, ("readings", "mbus_readings")))


def entries(path: str) -> Iterator[Entry]:
    """Every reading, outliers too, of each meter from the oldest on, and the log of each meter.

    :raises SlimmemeterError: as above.
    """
    with _opened(path) as database:
        meters = _owners(database, "meters", own_rows.meter)
        series = _by_series(database, meters)
        yield from _readings(database, "readings", series, own_rows.reading)
        devices = _owners(database, "mbus_devices", own_rows.device)
        yield from _readings(database, "mbus_readings", devices, own_rows.counter)
        for table, read in LOGS.items():
            yield from _log(database, table, meters, read)
        yield from _prices(database)


def _prices(database: ForeignDatabase) -> Iterator[Entry]:
    """The prices of the market that it has."""
    if set(PRICES) <= set(database.columns("prices")):
        for cells in database.cells("prices", PRICES):
            try:
                price = own_rows.price(dict(zip(PRICES, cells, strict=True)))
            except InvalidCellError as error:
                yield Entry("prices", error=f"{error}")
            else:
                yield Entry("prices", price=price)


def meters(path: str) -> Iterator[str]:
    """The id of each meter that has readings. :raises SlimmemeterError: as above."""
    with _opened(path) as database:
        owners = _by_series(database, _owners(database, "meters", own_rows.meter))
        for number in _series(database, "readings"):
            owner = owners.get(number)
            if isinstance(owner, Meter):
                yield owner.equipment_id


def _by_series(database: ForeignDatabase, meters: Owners[Meter]) -> dict[int, Meter | str]:
    """The meter of each series."""
    rows = database.rows("series", READ["series"])
    return {number: meters.get(meter, UNKNOWN) for number, meter in rows}


@contextmanager
def _opened(path: str) -> Iterator[ForeignDatabase]:
    with ForeignDatabase(path) as database:
        database.check()
        for name in (*database.oddities(), *sorted(database.tables() - TABLES)):
            raise UsageError(
                f"{path} has '{name}' beside the tables of slimmemeter, so it is not read: drop"
                " that in a copy of it, and import the copy"
            )
        for table, columns in READ.items():
            for name in {*(columns or ("id",))}.difference(database.columns(table)):
                raise UsageError(f"{path} has no {table}.{name}: import another copy of it")
        yield database


def _owners(
    database: ForeignDatabase, table: str, read: Callable[[Row], Owner]
) -> dict[int, Owner | str]:
    """The meters or devices that a table's rows describe, by number."""
    found: dict[int, Owner | str] = {}
    for number, *cells in database.rows(table, READ[table]):
        try:
            found[number] = read(dict(zip(READ[table], cells, strict=True)))
        except InvalidCellError as error:
            found[number] = f"its row of {table} has {error}"
    return found


def _readings(
    database: ForeignDatabase,
    table: str,
    owners: Owners[Owner],
    read: Callable[[Owner, int, Row], Entry],
) -> Iterator[Entry]:
    """The readings of a table."""
    columns = _columns(database, table)
    aside = yield from _aside(database, "series" if table == "readings" else "device", owners)
    for owner, key, cells in _by_owner(database, table, columns, owners):
        at = key & schema.INSTANT_MASK
        if isinstance(owner, str):
            yield Entry("a reading", at, error=f"that of {AT}: {owner}")
            continue
        try:
            entry = read(owner, at, dict(zip(columns, cells, strict=True)))
            yield entry._replace(is_set_aside=_is_within(at, aside.get(owner, [])))
        except InvalidCellError as error:
            yield Entry(owner.place, at, error=f"the reading of {AT} has {error}")


def _aside(
    database: ForeignDatabase, column: str, owners: Owners[Owner]
) -> Generator[Entry, None, dict[Owner | str, list[Time]]]:
    """By owner, the times in order that a person has set aside; an entry for each invalid row."""
    found: dict[Owner | str, list[Time]] = {}
    columns = (column, "at", "until")
    has_all = set(columns) <= set(database.columns("overrides"))
    for cells in database.cells("overrides", columns) if has_all else ():
        row = dict(zip(columns, cells, strict=True))
        if row[column] is None:
            continue
        owner = owners.get(row[column], UNKNOWN)
        if isinstance(owner, str):
            yield Entry("what was set aside", error=owner)
            continue
        try:
            found.setdefault(owner, []).append(own_rows.override(row))
        except InvalidCellError as error:
            yield Entry("what was set aside", error=f"a row of overrides has {error}")
    return {owner: merged(times) for owner, times in found.items()}


def _is_within(at: int, times: Sequence[Time]) -> bool:
    """Whether an instant lies in one of some times, which are in order."""
    place = bisect_right(times, (at, schema.INSTANT_MASK)) - 1
    return place >= 0 and at <= times[place][1]


def _log(
    database: ForeignDatabase, table: str, meters: Owners[Meter], read: Callable[[Row], Logged]
) -> Iterator[Entry]:
    """The rows of a table of what meters keep beside their registers."""
    columns = _columns(database, table)
    for cells in database.cells(table, columns):
        row = dict(zip(columns, cells, strict=True))
        owner = meters.get(row["meter"], UNKNOWN)
        if isinstance(owner, str):
            yield Entry(f"a row of {table}", error=owner)
            continue
        try:
            at, log = read(row)
            yield Entry(owner.place, at, log=log, equipment_id=owner.equipment_id)
        except InvalidCellError as error:
            yield Entry(owner.place, error=f"a row of {table} has {error}")


def _columns(database: ForeignDatabase, table: str) -> list[str]:
    """The columns of a table that are read."""
    known = (*READ[table], *OPTIONAL.get(table, ()))
    return [name for name in database.columns(table) if name in known]


def _by_owner(
    database: ForeignDatabase, table: str, columns: Sequence[str], owners: Owners[Owner]
) -> Iterator[tuple[Owner | str, int, Sequence[object]]]:
    """The owner, key and cells of each row: owner by owner, the oldest first."""
    keys: dict[Owner | str, list[int]] = {}
    for series in _series(database, table):
        keys.setdefault(owners.get(series, UNKNOWN), []).append(series << schema.INSTANT_BITS)
    for owner, firsts in keys.items():
        parts = [
            database.rows(table, columns, first, first | schema.INSTANT_MASK) for first in firsts
        ]
        for key, *cells in heapq.merge(*parts, key=_instant):
            yield owner, key, cells


def _series(database: ForeignDatabase, table: str) -> Iterator[int]:
    """The number of each series, or of each device, that has a row in a table."""
    key = database.next_number(table, LOWEST)
    while key is not None:
        yield key >> schema.INSTANT_BITS
        key = database.next_number(table, (key | schema.INSTANT_MASK) + 1)


def _instant(row: Sequence[int]) -> int:
    return row[0] & schema.INSTANT_MASK
