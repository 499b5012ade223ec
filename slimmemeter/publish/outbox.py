"""What a target gets next: first what changed of what it has, then what is new, oldest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slimmemeter.store import schema
from slimmemeter.store.outbox import Change, Key, OutboxReader, key_of
from slimmemeter.store.records import Meter, Owner, Series
from slimmemeter.store.snapshot import Snapshot

FROM_THE_FIRST = -1  # a cursor before every instant
FOR_EVER = schema.INSTANT_MASK
COUNTER = "counter"


@dataclass(frozen=True)
class Page:
    """Readings of a meter or device, in order.

    A row is the instant and then the values of `columns`; None for what the meter doesn't send, and
    for a counter that doesn't count.
    """

    owner: Owner
    columns: Sequence[str]  # as in the tables of readings
    rows: Sequence[Sequence[Any]]

    def values(self) -> Iterator[tuple[int, dict[str, int]]]:
        """Each instant with its values by column, without those that are None."""
        for at, *cells in self.rows:
            yield (
                at,
                {
                    column: cell
                    for column, cell in zip(self.columns, cells, strict=True)
                    if cell is not None
                },
            )


@dataclass(frozen=True)
class Batch:
    """What a target gets at once."""

    pages: Sequence[Page]
    replaced: Change | None = None  # what was sent of this is replaced: by the only page, if any

    @property
    def count(self) -> int:
        """The number of readings."""
        return sum(len(page.rows) for page in self.pages)

    def in_order(self) -> list[tuple[int, Owner, dict[str, int]]]:
        """Its readings in the order of time."""
        found = [(at, page.owner, values) for page in self.pages for at, values in page.values()]
        return sorted(found, key=lambda each: each[0])


@dataclass
class Outbox:
    """What one target gets; whoever iterates over `batches` asks for the next one only when the
    target has the last one."""

    house: Snapshot
    reader: OutboxReader
    cursors: dict[Key, int]
    changes: Sequence[Change] = ()
    most_rows: int = 5000  # of an owner in a batch
    # What is left of each change of which the target has something; None if it has all of it.
    left: dict[Change, Change | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        house = self.house
        self._rewound: list[Change] = []
        self._owners = {key_of(each): each for each in (*house.meters, *house.devices)}
        self._series: dict[tuple[Key, str], list[Series]] = {}
        for owned in (house.meter_series, house.device_series):
            for each in owned:
                kind = "series" if isinstance(each.owner, Meter) else "device"
                key = (kind, each.owner_id), each.register
                self._series.setdefault(key, []).append(each)
        ignored = (*schema.ABOUT_A_READING, schema.METER_CLOCK)
        columns = self.reader.columns("readings")
        self._columns = {
            "series": [name for name in columns if name not in ignored],
            "device": [COUNTER],
        }

    @property
    def count(self) -> int:
        """The number of stored readings that are new to the target or changed."""
        changed = sum(
            self.reader.count_after(self._owners[each.key], each.at - 1, self._end(each))
            for each in self.changes
            if each.key in self._owners
        )
        return changed + sum(
            self.reader.count_after(owner, self._cursor(key), owner.last)
            for key, owner in self._owners.items()
        )

    def rewind(self, since: int) -> None:
        """Let the target get everything from an instant on again, in place of what it has of it.

        The cursors must be stored before it gets anything.
        """
        for key in self._owners:
            self.cursors[key] = min(self._cursor(key), since - 1)
            self._rewound.append(Change(key, since, FOR_EVER))

    def batches(self) -> Iterator[Batch]:
        """What the target gets, until it has everything."""
        for change in self.changes:
            yield from self._changed(change)
        for each in self._rewound:
            yield Batch([], each)
        yield from self._new()
        self.cursors = {key: self._cursor(key) for key in self._owners}

    def _cursor(self, key: Key) -> int:
        return self.cursors.get(key, FROM_THE_FIRST)

    def _end(self, change: Change) -> int:
        """The last instant of a change of which the target has something."""
        return min(change.until, self._cursor(change.key))

    def _changed(self, change: Change) -> Iterator[Batch]:
        """What a change leaves of its time, up to the cursor. Behind that the target may have what
        it couldn't confirm; that is replaced too."""
        key, at, until = change
        owner, cursor = self._owners.get(key), self._cursor(key)
        last = at - 1
        while at <= until:
            rows = [] if owner is None else self._rows(owner, at - 1, self._end(change))
            last = rows[-1][0] if rows else last
            end = last if len(rows) == self.most_rows else until
            pages = [] if owner is None else [self._page(owner, rows)]
            yield Batch(pages, Change(key, at, end))
            at = end + 1
            self.left[change] = Change(key, at, until)
        self.left[change] = None
        if until == FOR_EVER and last < cursor:
            self.cursors[key] = last

    def _new(self) -> Iterator[Batch]:
        while True:
            pages, horizon = self._next_pages()
            if not pages:
                return
            yield Batch([self._page(owner, rows) for owner, rows in pages])
            for owner, rows in pages:
                self.cursors[key_of(owner)] = rows[-1][0]
            if horizon == FOR_EVER:
                return

    def _next_pages(self) -> tuple[list[tuple[Owner, list[tuple[Any, ...]]]], int]:
        """The next rows of each owner, up to an instant up to which there are all of each."""
        found, horizon = [], FOR_EVER
        for key, owner in self._owners.items():
            rows = self._rows(owner, self._cursor(key), min(horizon, owner.last))
            if len(rows) == self.most_rows:
                horizon = rows[-1][0]
            found.append((owner, rows))
        cut = [(owner, [row for row in rows if row[0] <= horizon]) for owner, rows in found]
        return [(owner, rows) for owner, rows in cut if rows], horizon

    def _rows(self, owner: Owner, after: int, until: int) -> list[tuple[Any, ...]]:
        columns = self._columns[key_of(owner)[0]]
        return self.reader.page(owner, columns, after, until, self.most_rows)

    def _page(self, owner: Owner, rows: Sequence[tuple[Any, ...]]) -> Page:
        """Only counters that count, and only readings that have one."""
        columns = self._columns[key_of(owner)[0]]
        counters = [name for name in columns if name in schema.REGISTERS or name == COUNTER]
        places = [columns.index(name) + 1 for name in counters]
        series = [self._series.get((key_of(owner), name), []) for name in counters]
        if not rows:
            return Page(owner, columns, [])
        ends = rows[0][0], rows[-1][0]
        doubtful = {
            place: of_register
            for place, of_register in zip(places, series, strict=True)
            if not any(_counts_throughout(each, *ends) for each in of_register)
        }
        kept = [_without(row, doubtful) for row in rows] if doubtful else rows
        return Page(
            owner, columns, [row for row in kept if any(row[place] is not None for place in places)]
        )


def _counts_throughout(series: Series, begin: int, end: int) -> bool:
    """Whether every reading of a time is of a series and counts."""
    if not series.first <= begin <= end <= series.last:
        return False
    return not any(at < end and until > begin for at, until in series.skips)


def _without(row: tuple[Any, ...], doubtful: Mapping[int, Sequence[Series]]) -> tuple[Any, ...]:
    """A row without the counters that don't count."""
    at = row[0]
    return tuple(
        cell
        if place not in doubtful or any(_counts(each, at) for each in doubtful[place])
        else None
        for place, cell in enumerate(row)
    )


def _counts(series: Series, at: int) -> bool:
    return series.first <= at <= series.last and series.skip(at) is None
