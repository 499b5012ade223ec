"""A reading goes in: one durable transaction, and what is seen beside its neighbours."""

from __future__ import annotations

import os
import time

from slimmemeter.errors import StoreError
from slimmemeter.store import schema
from slimmemeter.store.connection import MOST_ROWS, Database, create
from slimmemeter.store.series import DEVICES, METERS, OTHER_VALUE, Kind, Ledger
from slimmemeter.store.validation import CLOCK_NOT_SET, Point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from slimmemeter.p1.telegram import MbusReading, Reading
    from slimmemeter.store.record import Seldom

STORED, KNOWN, CONFLICT = "stored", "known", "conflict"
FROM_FILE = 0
PAUSE_S = 0.01


class Writer(Database):
    """What puts readings in."""

    def __init__(self, path: str, timeout_s: float = 5) -> None:
        """Open the database; make it where there is none.

        :raises StoreError: as `Database` and `create` do.
        """
        self._deadline_s = time.monotonic() + timeout_s
        if not os.path.exists(path):
            create(path)
        self._inode = _inode(path)
        super().__init__(path, "rw", timeout_s)
        with self:
            self._db.execute("PRAGMA synchronous = EXTRA")
        self.noticed: list[str] = []  # of the last transaction: another meter, something set aside
        self._seldom: tuple[object, ...] = ()  # the meter and its counts and lists, as last told
        self._seldom_at = 0
        self._ledgers: dict[tuple[str, tuple[object, ...]], Ledger] = {}
        self._meters: dict[str | None, int] = {}
        self._columns: list[str] = []  # of values, that the table of readings has
        self._known = frozenset(self._columns)
        self._insert_reading = ""
        self._has_sources = False

    def _upgrade(self, version: int) -> None:
        """Bring a file of an older program up to date, after a proved backup: all of it or none.

        :raises StoreError: the backup or the upgrade failed, and all is as it was.
        """
        from slimmemeter.store import backup

        backup.make(self.path, backup.beside(self.path))
        with self:
            self._db.execute("BEGIN IMMEDIATE")
            for step in range(self._check(), schema.VERSION):  # another pull may have been here
                for statement in schema.MIGRATIONS[step]:
                    self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {schema.VERSION}")
            self._db.execute("COMMIT")

    def newest(self) -> int | None:
        """The instant of the newest reading of all series."""
        return self._one(
            "SELECT max((SELECT max(id) FROM readings WHERE id BETWEEN first AND first + :mask)"
            " & :mask) FROM (SELECT id << :bits AS first FROM series)",
            {"mask": schema.INSTANT_MASK, "bits": schema.INSTANT_BITS},
        )[0]

    def is_foreign(self, meter_id: str | None) -> bool:
        """Whether meters are known, and this isn't one of them."""
        known, this = self._one(
            "SELECT count(*), total(equipment = ?) FROM meters", (meter_id or "",)
        )
        return bool(known and not this)

    def add(self, reading: Reading, taken_at: int, delay_s: int | None, source: int | None) -> str:
        """Store a reading in one durable transaction, or nothing of it.

        :returns: `STORED`; `KNOWN` if it was there with the same counters; `CONFLICT` if that
            instant has others, and then nothing was stored.
        """
        self.begin(self._deadline_s)
        try:
            outcome = self.put(reading, taken_at, delay_s, source)
        except BaseException:
            if self._db.in_transaction:  # a full disk has ended it already
                self._db.execute("ROLLBACK")
            raise
        self._wait_at_most(self._deadline_s - time.monotonic())
        if outcome == STORED:
            self._commit()
        else:
            self._db.execute("ROLLBACK")
        return outcome

    def begin(self, deadline_s: float | None = None) -> None:
        """Start a transaction for `put`; what was known of the file holds until its end.

        :param deadline_s: until when others may be waited for, by the monotonic clock.
        :raises StoreError: another file has taken its place, as after a restore.
        """
        self._take_turn(deadline_s or time.monotonic() + self._timeout_s)
        if _inode(self.path) != self._inode:
            raise StoreError(
                f"the database {self.path} was replaced meanwhile; the next pull works"
            )
        self._ledgers = {}
        self.noticed = []
        self._seldom = ()
        self._meters = {}
        self._look_at_columns()

    def add_many(self, readings: Iterable[tuple[Reading, int]], source: int | None) -> None:
        """Store readings and their instants, a thousand in a transaction: a pull that comes
        between waits for no more than one of those."""
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
        """What `add` does, after `begin`; the end of the transaction is the caller's."""
        clock = _clock(reading, taken_at)
        values = reading.values if clock is None else reading.values | {schema.METER_CLOCK: clock}
        if not values.keys() <= self._known:
            self._add_columns(values)
        meter = self._meters.get(reading.meter_id) or self._meter(reading)
        ledger = self._ledger(METERS, (meter,))
        point = Point(taken_at, tuple(map(values.get, ledger.registers)), clock)
        if (there := ledger.at(taken_at)) is not None:
            if there.counters != point.counters:
                return CONFLICT
            news = [self.put_device(device, source) for device in reading.mbus]
            return STORED if STORED in news else KNOWN
        series = ledger.add(point)
        key = series << schema.INSTANT_BITS | taken_at
        row = (key, delay_s, source, reading.tariff, *map(values.get, self._columns))
        self._db.execute(self._insert_reading, row)
        seldom = (meter, *reading.seldom())
        if seldom != self._seldom or taken_at < self._seldom_at:
            self._put_seldom(reading, meter, taken_at, source)
            self._seldom = seldom
        self._seldom_at = taken_at
        for device in reading.mbus:
            self.put_device(device, source)
        return STORED

    def _put_seldom(self, reading: Reading, meter: int, at: int, source: int | None) -> None:
        """What is the same in almost every telegram: counts and lists."""
        counted = reading.counters()
        if counted:
            self._put_counters(meter, source, at, *map(counted.get, schema.COUNTERS))
        for failure in reading.failures():
            self._put_failure(meter, source, *failure)
        for peak in reading.peaks():
            self._put_peak(meter, source, *peak)

    def put_seldom(self, seldom: Seldom, source: int) -> int:
        """Store what another file knows of a meter beside its readings, of which `put` came first.

        :returns: how much of it is new.
        """
        (meter,) = self._one("SELECT id FROM meters WHERE equipment = ?", (seldom.equipment,))
        assert meter is not None
        kept = (
            (self._put_counters, seldom.counters),
            (self._put_failure, seldom.failures),
            (self._put_peak, seldom.peaks),
        )
        return sum(put(meter, source, *row) for put, rows in kept for row in rows)

    def _meter(self, reading: Reading) -> int:
        equipment = reading.meter_id or ""
        meter = self._one("SELECT id FROM meters WHERE equipment = ?", (equipment,))[0]
        if meter is None:
            if self._one("SELECT 1 FROM meters")[0] is not None:
                self.noticed.append(
                    "another meter: a new series begins; after a move, `slimmemeter start-over`"
                    " begins a new file"
                )
            meter = self._insert("meters", None, equipment, reading.header, reading.version)
        self._meters[reading.meter_id] = meter
        return meter

    def _ledger(self, kind: Kind, owner: tuple[object, ...]) -> Ledger:
        """The readings of a meter or device; what it knows holds until the transaction ends."""
        key = (kind.lives, owner)
        ledger = self._ledgers.get(key)
        if ledger is None:
            registers = (
                [name for name in _COUNTED if name in self._known]
                if kind is METERS
                else ["counter"]
            )
            ledger = self._ledgers[key] = Ledger(self._db, kind, owner, registers)
        return ledger

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
        """Make room for the columns that few meters have, when the first such meter comes."""
        for name in (*schema.RARE_COLUMNS, schema.METER_CLOCK):
            if name in values and name not in self._known:
                self._db.execute(f"ALTER TABLE readings ADD COLUMN {name} INTEGER")
        self._look_at_columns()
        self._close_ledgers()

    def _put_counters(self, meter: int, source: int | None, at: int, *counted: int | None) -> bool:
        """A row when a counter of failures, sags or swells is another than before."""
        columns = ", ".join(schema.COUNTERS)
        before = self._db.execute(
            f"SELECT {columns}, taken_at FROM counters WHERE meter = ? AND taken_at <= ?"
            " ORDER BY taken_at DESC LIMIT 1",
            (meter, at),
        ).fetchone()
        if before is not None and (before[:-1] == counted or before[-1] == at):
            return False
        self._insert("counters", meter, at, *counted, source)
        return True

    def _put_failure(
        self, meter: int, source: int | None, ended_at: int | None, duration_s: int
    ) -> bool:
        """Keep a power failure: each once, for ever."""
        known = self._one(
            "SELECT 1 FROM power_failures WHERE meter = ? AND ended_at IS ? AND duration_s = ?",
            (meter, ended_at, duration_s),
        )
        if known[0] is None:
            self._insert("power_failures", meter, ended_at, duration_s, source)
        return known[0] is None

    def _put_peak(
        self, meter: int, source: int | None, month_ended_at: int, ended_at: int, power_w: int
    ) -> bool:
        """Keep a month's peak; while the month runs, a higher one takes its place."""
        known = self._one(
            "SELECT power_w FROM month_peaks WHERE meter = ? AND month_ended_at = ?",
            (meter, month_ended_at),
        )
        is_new = known[0] is None or known[0] < power_w
        if is_new:
            self._db.execute(
                "REPLACE INTO month_peaks VALUES (?, ?, ?, ?, ?)",
                (meter, month_ended_at, ended_at, power_w, source),
            )
        return is_new

    def put_device(self, reading: MbusReading, source: int | None) -> str:
        """What `put` does, for a device alone."""
        owner = (reading.equipment, reading.channel, reading.kind, reading.unit)
        ledger = self._ledger(DEVICES, owner)
        if (there := ledger.at(reading.at)) is None:
            device = ledger.add(Point(reading.at, (reading.counter,)))
            key = device << schema.INSTANT_BITS | reading.at
            self._put_counter(key, reading.counter, source)
            return STORED
        if there.counters[0] == reading.counter:
            return KNOWN
        assert there.life is not None
        self._note_other_value(there.life.id, reading, there.counters[0])
        return CONFLICT

    def _put_counter(self, key: int, counter: int, source: int | None) -> None:
        """Only what an import brings has a source: an empty cell costs a byte in every row."""
        if source is None or source <= FROM_FILE:
            row = (key, counter)
            self._db.execute("INSERT INTO mbus_readings (id, counter) VALUES (?, ?)", row)
            return
        if not self._has_sources:
            self._db.execute("ALTER TABLE mbus_readings ADD COLUMN source INTEGER")
            self._has_sources = True
        self._db.execute(
            "INSERT INTO mbus_readings (id, counter, source) VALUES (?, ?, ?)",
            (key, counter, source),
        )

    def commit(self) -> None:
        """End one of many transactions; a pull that waits gets its turn before the next one."""
        with self:
            self._commit()
        time.sleep(PAUSE_S)

    def _commit(self) -> None:
        self._close_ledgers()
        self._db.execute("COMMIT")

    def _close_ledgers(self) -> None:
        for ledger in self._ledgers.values():
            ledger.close()
            self.noticed += ledger.noticed
        self._ledgers.clear()

    def next_import(self) -> int:
        """The number of an import that begins."""
        return (self._one("SELECT max(id) FROM imports")[0] or 0) + 1

    def note_import(self, number: int, kind: str, name: str) -> None:
        """Write down which import a number is, once."""
        if self._one("SELECT 1 FROM imports WHERE id = ?", (number,))[0] is None:
            self._insert("imports", number, int(time.time()), kind, name)

    def imports(self) -> dict[int, str]:
        """Each import's number and name."""
        with self:
            return dict(self._db.execute("SELECT id, name FROM imports ORDER BY id").fetchall())

    def take_out(self, number: int) -> int:
        """Take out what one import brought, in many small transactions, between which pulls go on;
        when that is interrupted, it can be done again.

        :returns: how many readings that were.
        """
        with self:
            self._look_at_columns()
            count = self._take_out_of("readings", number)
            if self._has_sources:
                count += self._take_out_of("mbus_readings", number)
            self.judge_again()
            self.begin()
            for table in schema.SELDOM:
                self._db.execute(f"DELETE FROM {table} WHERE source = ?", (number,))
            told = (f"SELECT meter FROM {table}" for table in ("series", *schema.SELDOM))
            self._db.execute(f"DELETE FROM meters WHERE id NOT IN ({' UNION '.join(told)})")
            self._db.execute("DELETE FROM imports WHERE id = ?", (number,))
            self._db.execute("COMMIT")
        return count

    def _take_out_of(self, table: str, number: int) -> int:
        count, after = 0, -1
        until = f"SELECT max(id) FROM (SELECT id FROM {table} WHERE id > ? ORDER BY id LIMIT ?)"
        while (last := self._one(until, (after, MOST_ROWS))[0]) is not None:
            self.begin()
            count += self._db.execute(
                f"DELETE FROM {table} WHERE id > ? AND id <= ? AND source = ?",
                (after, last, number),
            ).rowcount
            self.commit()
            after = last
        return count

    def _note_other_value(
        self, device: int | None, reading: MbusReading, before: int | None
    ) -> None:
        """Record, once for each stamp, that a device told two counters of one moment."""
        known = self._one(
            "SELECT 1 FROM events WHERE kind = ? AND device = ? AND at = ?",
            (OTHER_VALUE, device, reading.at),
        )
        if known[0] is None:
            detail = f"{before} {reading.counter}"
            self._insert("events", None, OTHER_VALUE, None, device, reading.at, None, detail)

    def noted(self) -> dict[str, int]:
        """How many events there are, by kind."""
        with self:
            return dict(
                self._db.execute("SELECT kind, count(*) FROM events GROUP BY kind").fetchall()
            )

    def judge_again(self) -> None:
        """Judge all readings anew and record again what there is to tell of them.

        It takes many small transactions, between which pulls go on.
        """
        owners = [
            (kind, tuple(row))
            for kind in (METERS, DEVICES)
            for row in self._db.execute(
                f"SELECT DISTINCT {', '.join(kind.owner)} FROM {kind.lives}"
            ).fetchall()
        ]
        for kind, owner in owners:
            after: int | None = -1
            while after is not None:
                self.begin()
                after = self._ledger(kind, owner).judge_again(after)
                self.commit()


_ABOUT = ("id", "delay_s", "source", "tariff")
_COUNTED = (*schema.REGISTERS, schema.METER_CLOCK)


def _inode(path: str) -> int | None:
    """Which file has that name now."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def _clock(reading: Reading, taken_at: int) -> int | None:
    """What the meter's clock said where that isn't `taken_at`; None as well without a clock."""
    if reading.stamp == taken_at or not reading.has_clock:
        return None
    return CLOCK_NOT_SET if reading.stamp is None else reading.stamp
