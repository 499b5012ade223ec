"""Stores a reading: one durable transaction, and what it changes for its neighbours."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time

from slimmemeter.errors import StoreError
from slimmemeter.p1.reading import NO_LOG
from slimmemeter.store import meter_log, schema, stamps
from slimmemeter.store.connection import Database, inode
from slimmemeter.store.devices import owner_of
from slimmemeter.store.validation.points import DEVICES, METERS, Row, Tables
from slimmemeter.store.validation.rule import MOST_PER_HOUR
from slimmemeter.store.validation.series import CONFLICT, STORED, SeriesWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from slimmemeter.p1.reading import MbusReading, MeterLog, Reading

FROM_FILE = 0  # in `source`
PAUSE_S = 0.01


class Writer(Database):
    """Stores readings; leaving its `with` block closes it."""

    def __init__(self, path: str, timeout_s: float = 5) -> None:
        """Open the database; make it if there is none.

        :raises StoreError: as `Database` and `files.create` do.
        """
        self._deadline_s = time.monotonic() + timeout_s
        if not os.path.exists(path):
            from slimmemeter.store import files

            files.create(path)
        self._inode = inode(path)
        super().__init__(path, "rw", timeout_s)
        with self._explained:
            self._leave_wal()
            self._db.execute("PRAGMA synchronous = EXTRA")
        self.notices: list[str] = []  # of the last transaction: another meter, an outlier
        self._log: MeterLog = NO_LOG  # the last one that was stored, its meter and its instant
        self._log_meter: int | None = None
        self._log_at = 0
        self._series: dict[tuple[str, tuple[object, ...]], SeriesWriter] = {}
        self._meters: dict[str | None, int] = {}
        self._devices: dict[object, tuple[object, ...]] = {}  # by what a reading says of itself
        self._columns: list[str] = []  # of values, in the table of readings
        self._known = frozenset(self._columns)
        self._insert_reading = ""
        self._has_sources = False

    def _upgrade(self, version: int) -> None:
        """Upgrade a file of an older program, after a verified backup: completely or not at all.

        :raises StoreError: the backup or the upgrade failed; the file is as it was.
        """
        from slimmemeter.store import backup, upgrade

        backup.make(self.path, backup.folder_beside(self.path))
        with self._explained:
            self._db.execute("BEGIN IMMEDIATE")
            upgrade.run(self._db, self._check())  # another pull may have upgraded it
            self._db.execute("COMMIT")

    def _leave_wal(self) -> None:
        """Put a file back that another tool has put into WAL mode, in which who may only read can't
        read it. As long as a program has it open so, that isn't possible."""
        if self._db.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            self._limit_waiting(0)
            with contextlib.suppress(sqlite3.OperationalError):
                self._db.execute("PRAGMA journal_mode = DELETE").fetchall()

    def is_validated(self) -> bool:
        """Whether all readings are, as they aren't after an upgrade."""
        return self._one("SELECT 1 FROM unvalidated LIMIT 1")[0] is None

    def newest(self) -> int | None:
        """The instant of the newest reading of all series."""
        return self._one(
            "SELECT max((SELECT max(id) FROM readings WHERE id BETWEEN first AND first + :mask)"
            " & :mask) FROM (SELECT id << :bits AS first FROM series)",
            {"mask": schema.INSTANT_MASK, "bits": schema.INSTANT_BITS},
        )[0]

    def is_unknown(self, equipment_id: str | None) -> bool:
        """Whether other meters are stored, and this one isn't."""
        known, this = self._one(
            "SELECT count(*), total(equipment = ?) FROM meters", (equipment_id or "",)
        )
        return bool(known and not this)

    def add(
        self,
        reading: Reading,
        taken_at: int,
        delay_s: int | None,
        source: int | None,
        ahead: Sequence[MbusReading] = (),
    ) -> str:
        """Store a reading in one durable transaction, or nothing of it.

        :param ahead: devices' readings that were left out, as of `stamps.believed`.
        :returns: `STORED`; `KNOWN` if it was there already, with the same counters; `CONFLICT` if
            that instant has other counters: then nothing is stored.
        """
        self.begin(self._deadline_s)
        try:
            result = self.put(reading, taken_at, delay_s, source)
            self.notices += stamps.notices(self._db, ahead, taken_at)
        except BaseException:
            if self._db.in_transaction:  # a full disk has ended it already
                self._db.execute("ROLLBACK")
            raise
        self._limit_waiting(self._deadline_s - time.monotonic())
        if result == STORED:
            self._commit()
        else:
            self._db.execute("ROLLBACK")
        return result

    def begin(self, deadline_s: float | None = None) -> None:
        """Begin a transaction for `put`.

        :param deadline_s: how long to wait for other programs, as a time of `time.monotonic`.
        :raises StoreError: another file has taken its place, as after a restore.
        """
        self._take_turn(deadline_s or time.monotonic() + self._timeout_s)
        if inode(self.path) != self._inode:
            raise StoreError(
                f"the database {self.path} was replaced meanwhile; the next pull works"
            )
        self._series = {}
        self.notices = []
        self._log_meter = None
        self._meters = {}
        self._devices = {}
        self._look_at_columns()

    def add_many(self, readings: Iterable[tuple[Reading, int]], source: int | None) -> None:
        """Store readings and their instants, a thousand in a transaction, so that a pull waits for
        no more than one of those."""
        pending = 0
        for reading, taken_at in readings:
            if not pending:
                self.begin()
            self.put(reading, taken_at, None, source)
            pending = (pending + 1) % 1000
            if not pending:
                self._commit()
        if pending:
            self._commit()

    def put(self, reading: Reading, taken_at: int, delay_s: int | None, source: int | None) -> str:
        """What `add` does, after `begin`; the caller ends the transaction."""
        clock = stamps.clock_of(reading, taken_at)
        values = reading.values if clock is None else reading.values | {schema.METER_CLOCK: clock}
        if not values.keys() <= self._known:
            self._add_columns(values)
        meter = self._meters.get(reading.equipment_id) or self._meter(reading)
        series = self._series_of(METERS, (meter,))
        row = Row(taken_at, tuple(map(values.get, series.registers)), clock)

        def insert(number: int) -> None:
            key = number << schema.INSTANT_BITS | taken_at
            about = (key, delay_s, source, reading.tariff)
            self._db.execute(self._insert_reading, (*about, *map(values.get, self._columns)))

        result = series.put(row, insert, keeps_others=source is not None and source > FROM_FILE)
        if result == STORED:
            self._put_changed_log(meter, reading.log, taken_at, source)
        elif result == CONFLICT:
            return CONFLICT
        ids = [name for name, _ in {(each.equipment_id, each.channel) for each in reading.devices}]
        devices = [
            self.put_device(device, source, ids.count(device.equipment_id) > 1)
            for device in reading.devices
        ]
        return STORED if STORED in devices else result

    def _put_changed_log(
        self, meter: int, log: MeterLog, taken_at: int, source: int | None
    ) -> None:
        """Store a log unless it is the one of the reading before, as almost always."""
        is_same = log is self._log and meter == self._log_meter and taken_at >= self._log_at
        if not is_same:
            meter_log.put(self._db, meter, log, taken_at, source)
        self._log, self._log_meter, self._log_at = log, meter, taken_at

    def put_log(self, equipment_id: str, log: MeterLog, at: int, source: int | None) -> int:
        """Store the log of a meter of which a reading is stored; returns the number of new rows.

        :param at: the instant of its counts.
        """
        (meter,) = self._one("SELECT id FROM meters WHERE equipment = ?", (equipment_id,))
        assert meter is not None
        return meter_log.put(self._db, meter, log, at, source)

    def _meter(self, reading: Reading) -> int:
        equipment = reading.equipment_id or ""
        meter = self._one("SELECT id FROM meters WHERE equipment = ?", (equipment,))[0]
        if meter is None:
            if self._one("SELECT 1 FROM meters")[0] is not None:
                self.notices.append(
                    "another meter: a new series begins; after a move, `slimmemeter start-over`"
                    " begins a new file"
                )
            meter = self._insert("meters", None, equipment, reading.header, reading.version)
        self._meters[reading.equipment_id] = meter
        return meter

    def _series_of(self, tables: Tables, owner: tuple[object, ...]) -> SeriesWriter:
        """The series of a meter or device; the same object until the transaction ends."""
        key = (tables.series, owner)
        series = self._series.get(key)
        if series is None:
            stored = [name for name in _VALIDATED if name in self._known]
            columns = stored if tables is METERS else ["counter"]
            most_per_hour = MOST_PER_HOUR["Wh" if tables is METERS else str(owner[-1])]
            series = SeriesWriter(self._db, tables, owner, columns, most_per_hour)
            self._series[key] = series
        return series

    def _insert(self, table: str, *values: object) -> int:
        marks = ", ".join("?" * len(values))
        return int(self._db.execute(f"INSERT INTO {table} VALUES ({marks})", values).lastrowid or 0)

    def _look_at_columns(self) -> None:
        columns, others = (
            [row[1] for row in self._db.execute(f"PRAGMA table_info({table})").fetchall()]
            for table in ("readings", "mbus_readings")
        )
        self._columns = [name for name in columns if name not in _ABOUT]
        self._known = frozenset(self._columns)
        self._insert_reading = (
            f"INSERT INTO readings ({', '.join((*_ABOUT, *self._columns))})"
            f" VALUES ({', '.join('?' * len(columns))})"
        )
        self._has_sources = "source" in others

    def _add_columns(self, values: Mapping[str, int]) -> None:
        """Add the columns that few meters have, when the first such meter comes."""
        for name in (*schema.RARE_COLUMNS, schema.METER_CLOCK):
            if name in values and name not in self._known:
                self._db.execute(f"ALTER TABLE readings ADD COLUMN {name} INTEGER")
        self._look_at_columns()
        self._close_series()

    def put_device(self, reading: MbusReading, source: int | None, has_twin: bool = False) -> str:
        """What `put` does, for a device alone. :param has_twin: as of `owner_of`."""
        about = (reading.equipment_id, reading.channel, reading.device_type, reading.unit)
        owner = self._devices.get(about)
        if owner is None:
            owner = self._devices[about] = owner_of(self._db, reading, has_twin)
        series = self._series_of(DEVICES, owner)

        def insert(number: int) -> None:
            self._put_counter(number << schema.INSTANT_BITS | reading.at, reading.counter, source)

        return series.put(Row(reading.at, (reading.counter,)), insert, keeps_others=True)

    def _put_counter(self, key: int, counter: int, source: int | None) -> None:
        """Store a counter; only imported ones have a source: an empty cell costs a byte a row."""
        row = {"id": key, "counter": counter}
        if source is not None and source > FROM_FILE:
            if not self._has_sources:
                self._db.execute("ALTER TABLE mbus_readings ADD COLUMN source INTEGER")
                self._has_sources = True
            row["source"] = source
        self._db.execute(
            f"INSERT INTO mbus_readings ({', '.join(row)}) VALUES (:{', :'.join(row)})", row
        )

    def commit(self) -> None:
        """End one of many transactions; a waiting pull gets its turn before the next one."""
        with self._explained:
            self._commit()
        time.sleep(PAUSE_S)

    def _commit(self) -> None:
        self._close_series()
        self._db.execute("COMMIT")

    def _close_series(self) -> None:
        for series in self._series.values():
            series.close()
            self.notices += series.notices
        self._series.clear()


_ABOUT = ("id", "delay_s", "source", "tariff")
_VALIDATED = (*schema.REGISTERS, schema.METER_CLOCK)
