"""Stores what a meter keeps beside its registers: counts, power failures, month peaks."""

from __future__ import annotations

from slimmemeter.store import schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from sqlite3 import Connection

    from slimmemeter.p1.reading import MeterLog

FAILURE = (  # each once
    "INSERT INTO power_failures SELECT :meter, :ended_at, :duration_s, :source WHERE NOT EXISTS"
    " (SELECT 1 FROM power_failures WHERE meter = :meter AND ended_at IS :ended_at"
    " AND duration_s = :duration_s)"
)
PEAK = (  # while its month runs, a higher one takes its place
    "INSERT INTO month_peaks VALUES (:meter, :month_ended_at, :ended_at, :power_w, :source)"
    " ON CONFLICT DO UPDATE SET ended_at = excluded.ended_at, power_w = excluded.power_w,"
    " source = excluded.source WHERE power_w < excluded.power_w"
)


def put(db: Connection, meter: int, log: MeterLog, at: int, source: int | None) -> int:
    """Store the new part of a log, its counts with an instant; returns the number of new rows."""
    new = _put_counts(db, meter, log.counts, at, source) if log.counts else 0
    about = {"meter": meter, "source": source}
    for sql, entries in ((FAILURE, log.power_failures), (PEAK, log.month_peaks)):
        for entry in entries:
            row = {name: getattr(entry, name) for name in entry.__slots__}
            new += db.execute(sql, about | row).rowcount
    return new


def _put_counts(
    db: Connection, meter: int, counts: Mapping[str, int], at: int, source: int | None
) -> bool:
    """Store counts that differ from those before; returns whether they do."""
    counted = tuple(map(counts.get, schema.COUNTERS))
    before = db.execute(
        f"SELECT {', '.join(schema.COUNTERS)}, taken_at FROM counters"
        " WHERE meter = ? AND taken_at <= ? ORDER BY taken_at DESC LIMIT 1",
        (meter, at),
    ).fetchone()
    if before is not None and (before[:-1] == counted or before[-1] == at):
        return False
    marks = ", ".join("?" * (len(counted) + 3))
    db.execute(f"INSERT INTO counters VALUES ({marks})", (meter, at, *counted, source))
    return True
