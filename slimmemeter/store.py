"""A reading goes in: one durable transaction, and what is seen beside its neighbours."""

from __future__ import annotations

import os
import time

from slimmemeter import schema
from slimmemeter.database import Database, Row, create

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slimmemeter.telegram import MbusReading, Reading

STORED, KNOWN, CONFLICT = "stored", "known", "conflict"
FROM_FILE = 0
GAP_S = 1800
MBUS_GAP_S = 7200  # hourly stamps are normal


class Writer(Database):
    """What puts readings in."""

    def __init__(self, path: str, timeout_s: float = 5) -> None:
        """Open the database; make it where there is none.

        :raises StoreError: as `Database` and `create` do.
        """
        self._deadline_s = time.monotonic() + timeout_s
        if not os.path.exists(path):
            create(path)
        super().__init__(path, "rw", timeout_s)
        with self:
            self._db.execute("PRAGMA synchronous = EXTRA")

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
        self._wait_no_longer()
        self._db.execute("BEGIN IMMEDIATE")
        try:
            outcome = self.put(reading, taken_at, delay_s, source)
        except BaseException:
            if self._db.in_transaction:  # a full disk has ended it already
                self._db.execute("ROLLBACK")
            raise
        self._wait_no_longer()
        self._db.execute("COMMIT" if outcome == STORED else "ROLLBACK")
        return outcome

    def _wait_no_longer(self) -> None:
        """Each statement may wait for others' locks, all of them until the one deadline."""
        left_ms = int((self._deadline_s - time.monotonic()) * 1000)
        self._db.execute(f"PRAGMA busy_timeout = {max(left_ms, 50)}")

    def add_many(self, readings: Iterable[tuple[Reading, int]], source: int | None) -> None:
        """Store readings and their instants, a thousand in a transaction: a pull that comes
        between waits for no more than one of those."""
        pending = 0
        for reading, taken_at in readings:
            if not pending:
                self._db.execute("BEGIN IMMEDIATE")
            self.put(reading, taken_at, None, source)
            pending = (pending + 1) % 1000
            if not pending:
                self._db.execute("COMMIT")
        if pending:
            self._db.execute("COMMIT")

    def put(self, reading: Reading, taken_at: int, delay_s: int | None, source: int | None) -> str:
        """What `add` does, inside a transaction of the caller's."""
        self._add_columns([name for name in schema.RARE_COLUMNS if name in reading.values])
        registers = [name for name in schema.REGISTERS if name in reading.values]
        meter = self._meter(reading)
        series = self._series(meter, " ".join(registers), taken_at)
        counted = [reading.values[name] for name in registers]
        there = self._neighbour("=", series, taken_at, registers)
        if there is not None:
            return KNOWN if list(there[1:]) == counted else CONFLICT
        self._judge_step(series, taken_at, registers, counted)
        self._judge_clock(series, taken_at, reading.stamp)
        self._insert_reading(reading, series, taken_at, delay_s, source)
        self._judge_gap("series", series, taken_at)
        self._put_counters(meter, taken_at, reading.counters())
        for ended_at, duration_s in reading.failures():
            self._put_failure(meter, ended_at, duration_s)
        for month_ended_at, ended_at, power_w in reading.peaks():
            self._put_peak(meter, month_ended_at, ended_at, power_w)
        for device in reading.mbus:
            self._put_mbus(device)
        return STORED

    def _meter(self, reading: Reading) -> int:
        found = self._one("SELECT id FROM meters WHERE equipment = ?", (reading.meter_id or "",))
        if found[0] is not None:
            return found[0]
        return self._insert("meters", None, reading.meter_id or "", reading.header, reading.version)

    def _series(self, meter: int, registers: str, at: int) -> int:
        """The series that the reading before (or, for a late one, after) this instant is of, if it
        is of this meter with these registers; else one that is opened now."""
        for which, order in (("max", "DESC"), ("min", "ASC")):
            low, high = ("0", ":at") if which == "max" else (":at", ":mask")
            found = self._db.execute(
                f"SELECT id, meter, registers, (SELECT {which}(id) & :mask FROM readings AS r WHERE"
                f" r.id BETWEEN (s.id << :bits) + {low} AND (s.id << :bits) + {high}) AS nearest"
                f" FROM series AS s WHERE nearest IS NOT NULL ORDER BY nearest {order} LIMIT 1",
                {"at": at, "mask": schema.INSTANT_MASK, "bits": schema.INSTANT_BITS},
            ).fetchall()
            if found and found[0][1:3] == (meter, registers):
                return int(found[0][0])
        before = self._one("SELECT count(*), total(meter = ?) FROM series", (meter,))
        opened_by = ("first reading", "other registers", "another meter")[
            0 if not before[0] else 1 if before[1] else 2
        ]
        series = self._insert("series", None, meter, registers, opened_by)
        if before[0]:
            self._event("new series", "series", series, at, None, opened_by)
        return series

    def _neighbour(
        self, which: str, series: int, at: int, columns: Sequence[str], table: str = "readings"
    ) -> Row | None:
        """Instant and columns of the row before (`<`), at (`=`) or after (`>`) an instant."""
        first = series << schema.INSTANT_BITS
        # One bound on each side: of two on a side SQLite would use one, and scan for the other.
        low, high, order = {
            "<": (first, first + at - 1, "DESC"),
            "=": (first + at, first + at, "ASC"),
            ">": (first + at + 1, first + schema.INSTANT_MASK, "ASC"),
        }[which]
        row = self._one(
            f"SELECT {', '.join(('taken_at', *columns))} FROM {table}"
            f" WHERE id BETWEEN ? AND ? ORDER BY id {order} LIMIT 1",
            (low, high),
        )
        return None if row[0] is None else row

    def _insert(self, table: str, *values: object) -> int:
        marks = ", ".join("?" * len(values))
        return int(self._db.execute(f"INSERT INTO {table} VALUES ({marks})", values).lastrowid or 0)

    def _insert_reading(
        self, reading: Reading, series: int, at: int, delay_s: int | None, source: int | None
    ) -> None:
        columns = [
            name for name in schema.COMMON_COLUMNS + schema.RARE_COLUMNS if name in reading.values
        ]
        names = ["id", "delay_s", "source", "tariff", *columns]
        values = [series << schema.INSTANT_BITS | at, delay_s, source, reading.tariff]
        values += [reading.values[name] for name in columns]
        self._db.execute(
            f"INSERT INTO readings ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            values,
        )

    def _add_columns(self, names: Sequence[str]) -> None:
        """Make room for the columns that few meters have, when the first such meter comes."""
        there = {row[1] for row in self._db.execute("PRAGMA table_info(readings)")} if names else ()
        for name in names:
            if name not in there:
                self._db.execute(f"ALTER TABLE readings ADD COLUMN {name} INTEGER")

    def _put_counters(self, meter: int, at: int, values: dict[str, int]) -> None:
        """A row when a counter of failures, sags or swells is another than before."""
        counted = [values.get(name) for name in schema.COUNTERS]
        columns = ", ".join(schema.COUNTERS)
        before = self._one(
            f"SELECT {columns} FROM counters WHERE meter = ? AND taken_at <= ?"
            " ORDER BY taken_at DESC LIMIT 1",
            (meter, at),
        )
        if any(value is not None for value in counted) and list(before) != counted:
            self._insert("counters", meter, at, *counted)

    def _put_failure(self, meter: int, ended_at: int | None, duration_s: int) -> None:
        """Keep a power failure: each once, for ever."""
        known = self._one(
            "SELECT 1 FROM power_failures WHERE meter = ? AND ended_at IS ? AND duration_s = ?",
            (meter, ended_at, duration_s),
        )
        if known[0] is None:
            self._insert("power_failures", meter, ended_at, duration_s)

    def _put_peak(self, meter: int, month_ended_at: int, ended_at: int, power_w: int) -> None:
        """Keep a month's peak; while the month runs, a higher one takes its place."""
        known = self._one(
            "SELECT power_w FROM month_peaks WHERE meter = ? AND month_ended_at = ?",
            (meter, month_ended_at),
        )
        if known[0] is None or known[0] < power_w:
            self._db.execute(
                "REPLACE INTO month_peaks VALUES (?, ?, ?, ?)",
                (meter, month_ended_at, ended_at, power_w),
            )

    def _put_mbus(self, reading: MbusReading) -> None:
        key = (reading.equipment, reading.channel, reading.kind, reading.unit)
        device = self._one(
            "SELECT id FROM mbus_devices"
            " WHERE equipment = ? AND channel = ? AND type IS ? AND unit = ?",
            key,
        )[0] or self._insert("mbus_devices", None, *key)
        there = self._neighbour("=", device, reading.at, ["counter"], "mbus_readings")
        if there is None:
            self._insert(
                "mbus_readings", device << schema.INSTANT_BITS | reading.at, reading.counter
            )
            self._judge_gap("device", device, reading.at)
        elif there[1] != reading.counter:
            self._note_other_value(device, reading, f"{there[1]}, then {reading.counter}")

    def _note_other_value(self, device: int, reading: MbusReading, detail: str) -> None:
        """Record, once for each stamp, that a device told two counters of one moment."""
        known = self._one(
            "SELECT 1 FROM events WHERE kind = 'other value' AND device = ? AND at = ?",
            (device, reading.at),
        )
        if known[0] is None:
            detail = f"{detail} {reading.unit}"
            self._event("other value", "device", device, reading.at, None, detail)

    def _judge_step(
        self, series: int, at: int, registers: Sequence[str], counted: Sequence[int]
    ) -> None:
        """Record registers that are below those of the reading before, or above the next one's."""
        for which, sign in (("<", 1), (">", -1)):
            row = self._neighbour(which, series, at, registers)
            for name, value, other in zip(registers, counted, (row or ())[1:], strict=False):
                if sign * (value - (other or 0)) < 0:
                    early, late = (other, value) if sign > 0 else (value, other)
                    when = at if sign > 0 else (row or (at,))[0] or at
                    self._event("step back", "series", series, when, None, f"{name} {early} {late}")

    def _judge_clock(self, series: int, at: int, stamp: int | None) -> None:
        """Record from when until when the meter's clock was off: one event for each such time."""
        was_off = self._one(
            "SELECT max(id) FROM events WHERE kind = 'clock' AND series = ? AND until IS NULL",
            (series,),
        )[0]
        if stamp != at and was_off is None:
            detail = "not set" if stamp is None else f"off by {stamp - at} s"
            self._event("clock", "series", series, at, None, detail)
        elif stamp == at and was_off is not None:
            self._db.execute("UPDATE events SET until = ? WHERE id = ?", (at, was_off))

    def _judge_gap(self, owner: str, number: int, at: int) -> None:
        """Record a gap before and after a new reading, instead of the one that it split."""
        table, limit = ("readings", GAP_S) if owner == "series" else ("mbus_readings", MBUS_GAP_S)
        before = (self._neighbour("<", number, at, (), table) or (None,))[0]
        after = (self._neighbour(">", number, at, (), table) or (None,))[0]
        if before is not None and after is not None:
            self._db.execute(
                f"DELETE FROM events WHERE kind = 'gap' AND {owner} = ? AND at = ? AND until = ?",
                (number, before, after),
            )
        for begin, end in ((before, at), (at, after)):
            if begin is not None and end is not None and end - begin > limit:
                self._event("gap", owner, number, begin, end, None)

    def _event(
        self, kind: str, owner: str, number: int, at: int, until: int | None, detail: str | None
    ) -> None:
        series, device = (number, None) if owner == "series" else (None, number)
        self._insert("events", None, kind, series, device, at, until, detail)
