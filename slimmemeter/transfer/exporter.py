"""`slimmemeter export`: the stored readings, a line each, as CSV or JSON.

A line is a reading of a meter or of a device, in the order of time. SQLite makes the text, some
thousand rows at a time, so that it is fast and no pull waits.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter

from slimmemeter.history.table import of_device, of_register
from slimmemeter.store import schema
from slimmemeter.store.reader import Reader
from slimmemeter.store.records import Device, Owner
from slimmemeter.transfer.cells import for_spreadsheets
from slimmemeter.transfer.entry import SET_ASIDE, YES

STRETCH_S = 4 * 86400  # of one query: 1,152 readings, or 5,760 of a pull each minute
# Columns about a reading's meter; the others are counters and values.
ABOUT = ("time", "meter", "version", "channel", "type")
TIME = "strftime('%Y-%m-%dT%H:%M:%SZ', taken_at, 'unixepoch')"
Line = tuple[int, str]


class Exported:
    """A meter or device as it is exported: what is the same in each line, and its columns."""

    def __init__(self, exported: Owner, name: str, stored: Sequence[str], marks: bool) -> None:
        """:param stored: all columns of values in the table of readings.
        :param marks: whether what a person has set aside is marked.
        """
        owner = exported.about
        self.owner = exported
        self.about: dict[str, object] = {"meter": name}
        if isinstance(owner, Device):
            self.about |= {"channel": owner.channel, "type": owner.type}
            column = of_device(owner.type, owner.unit)
            self.columns = {column.name: "counter"}  # exported name: stored name
        else:
            self.about["version"] = owner.version
            self.columns = {
                of_register(each).name if each in schema.REGISTERS else each: each
                for each in stored
            }
        if marks:
            self.columns[SET_ASIDE] = self._mark()

    def _mark(self) -> str:
        """`yes` in SQL if a person has set a reading aside."""
        column = "device" if isinstance(self.owner.about, Device) else "series"
        within = f"{column} = {self.owner.id} AND taken_at BETWEEN at AND until"
        whether = f"EXISTS (SELECT 1 FROM overrides AS o WHERE o.{within})"
        return f"CASE WHEN {whether} THEN '{YES}' END"

    def is_counter(self, stored: str) -> bool:
        """Whether a stored column is shown in thousandths."""
        return stored in schema.REGISTERS or stored == "counter"


Lines = Callable[[Exported], str]  # the SQL of a line


def csv_lines(database: str, without_ids: bool) -> Iterator[str]:
    """A header, then a line a reading (RFC 4180). :raises StoreError: it can't be read."""
    with Reader(database) as reader:
        every, columns = _exported(reader, without_ids)
        yield f"{','.join((*ABOUT, *columns))}\r\n"

        def sql(exported: Exported) -> str:
            about = [_quoted(exported.about.get(name)).replace("%", "%%") for name in ABOUT[1:]]
            cells = [_cell(exported, name) for name in columns]
            form = ",".join(["%s", *about, *(form for form, _ in cells)])
            values = ", ".join([TIME, *(value for _, value in cells if value)])
            return f"printf({_text(form)}, {values}) || char(13, 10)"

        yield from _merged(reader, every, sql)


def json_lines(database: str, without_ids: bool) -> Iterator[str]:
    """An object a reading, without what it lacks. :raises StoreError: it can't be read."""
    with Reader(database) as reader:
        every, _ = _exported(reader, without_ids)

        def sql(exported: Exported) -> str:
            pairs = [f"'time', {TIME}"]
            pairs += [f"'{name}', {_text(value)}" for name, value in exported.about.items()]
            pairs += [
                f"'{name}', {stored}{' / 1000.0' * exported.is_counter(stored)}"
                for name, stored in exported.columns.items()
            ]
            return f"json_patch('{{}}', json_object({', '.join(pairs)})) || char(10)"

        yield from _merged(reader, every, sql)


def _exported(reader: Reader, without_ids: bool) -> tuple[list[Exported], list[str]]:
    """Every meter and device, and all columns that any of them has."""
    ignored = (*schema.ABOUT_A_READING,)
    stored = [name for name in reader.columns("readings") if name not in ignored]
    names: dict[str, str] = {}
    every = []
    marks = reader.count("overrides") > 0
    for owner in (*reader.meters(with_others=True), *reader.devices(with_others=True)):
        name = owner.about.equipment_id
        if without_ids:
            kind = "device" if isinstance(owner.about, Device) else "meter"
            name = names.setdefault(name, f"{kind} {len(names) + 1}")
        every.append(Exported(owner, name, stored, marks))
    columns = dict.fromkeys(name for each in every for name in each.columns)
    return every, sorted(columns, key=SET_ASIDE.__eq__)  # that one last


def _merged(reader: Reader, every: Sequence[Exported], sql: Lines) -> Iterator[str]:
    """The lines of all owners in the order of time, some days in one text."""
    queries = [(each.owner, sql(each)) for each in every]
    begin = min((owner.first for owner, _ in queries), default=0)
    end = max((owner.last for owner, _ in queries), default=0) + 1
    for at in range(begin, end, STRETCH_S):
        rows: list[Line] = []
        for owner, line in queries:
            if owner.first < at + STRETCH_S and owner.last >= at:
                rows += reader.lines(owner, line, at, at + STRETCH_S)
        rows.sort(key=itemgetter(0))  # it merges what is sorted already
        yield "".join(map(itemgetter(1), rows))


def _cell(exported: Exported, name: str) -> tuple[str, str]:
    """The printf format of a column, and its arguments: a counter has all three decimals."""
    stored = exported.columns.get(name)
    if stored is None:
        return "", ""
    if not exported.is_counter(stored):
        return "%s", stored
    return "%s", f"CASE WHEN {stored} NOT NULL THEN printf('%.3f', {stored} / 1000.0) END"


def _quoted(value: object) -> str:
    """A CSV cell."""
    file = io.StringIO()
    cell = for_spreadsheets(value) if isinstance(value, str) else value
    csv.writer(file, lineterminator="").writerow([cell, ""])
    return file.getvalue()[:-1]


def _text(value: object) -> str:
    """An SQL literal."""
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    return "'" + str(value).replace("'", "''") + "'"
