"""Upgrades a file of an older program: completely or not at all."""

from __future__ import annotations

import sqlite3

from slimmemeter.store import schema
from slimmemeter.store.schema import INSTANT_BITS, INSTANT_MASK
from slimmemeter.store.validation.rule import VALIDATED_AGAIN

Counted = dict[tuple[object, ...], int]  # meter and register, or equipment, type and unit

_OWNERS = (
    # table of series, its readings, what identifies an owner, the columns that stay
    ("series", "readings", "meter", "id, meter"),
    (
        "mbus_devices",
        "mbus_readings",
        # One device on two channels, unless both are there at once.
        "equipment, type, unit, CASE WHEN equipment = '' OR EXISTS (SELECT 1 FROM spans AS o"
        " WHERE o.equipment = s.equipment AND o.type IS s.type AND o.unit = s.unit"
        " AND o.channel <> s.channel AND o.first <= s.last AND o.last >= s.first)"
        " THEN channel END",
        "id, equipment, channel, type, unit",
    ),
)

# Of a second value of an instant version 1 had only an event: "first second".
_OTHER_VALUES = (
    "INSERT INTO mbus_devices SELECT NULL, equipment, channel, type, unit, 1 FROM mbus_devices"
    " WHERE id IN (SELECT home FROM homes JOIN events AS e ON e.device = homes.id"
    " WHERE e.kind = 'other value')",
    f"INSERT OR IGNORE INTO mbus_readings (id, counter) SELECT o.id << {INSTANT_BITS} | e.at,"
    " CAST(substr(e.detail, instr(e.detail, ' ') + 1) AS INTEGER) FROM events AS e"
    " JOIN homes ON homes.id = e.device JOIN mbus_devices AS d ON d.id = homes.home"
    " JOIN mbus_devices AS o ON o.other AND (o.equipment, o.channel, o.unit)"
    " = (d.equipment, d.channel, d.unit) AND o.type IS d.type WHERE e.kind = 'other value'",
)


def _merged_into_one_series(
    series: str, readings: str, owner: str, columns: str
) -> tuple[str, ...]:
    """The readings of each owner go to its longest series."""
    inside = f"BETWEEN x.id << {INSTANT_BITS} AND (x.id << {INSTANT_BITS}) + {INSTANT_MASK}"
    ends = ", ".join(
        f"(SELECT {function} FROM {readings} AS r WHERE r.id {inside}) AS {name}"
        for function, name in (
            ("count(*)", "length"),
            (f"min(r.id) & {INSTANT_MASK}", "first"),
            (f"max(r.id) & {INSTANT_MASK}", "last"),
        )
    )
    return (
        f"CREATE TEMP TABLE spans AS SELECT x.*, {ends} FROM {series} AS x",
        f"CREATE TEMP TABLE homes AS SELECT id, first_value(id) OVER (PARTITION BY {owner}"
        " ORDER BY length DESC, id) AS home FROM spans AS s",
        f"UPDATE OR IGNORE {readings} SET id = (SELECT home FROM homes"
        f" WHERE homes.id = {readings}.id >> {INSTANT_BITS}) << {INSTANT_BITS}"
        f" | (id & {INSTANT_MASK})"
        f" WHERE id >> {INSTANT_BITS} IN (SELECT id FROM homes WHERE id <> home)",
        f"DELETE FROM {series} AS x WHERE id IN (SELECT id FROM homes WHERE id <> home)"
        f" AND NOT EXISTS (SELECT 1 FROM {readings} AS r WHERE r.id {inside})",
        # SQLite's DROP COLUMN fails at the comment behind a last column.
        f"CREATE TEMP TABLE kept AS SELECT {columns}, id IN (SELECT id FROM homes"
        f" WHERE id <> home) AS other FROM {series}",
        f"DROP TABLE {series}",
        schema.SERIES_TABLES[series],
        f"INSERT INTO {series} SELECT * FROM kept",
        "DROP TABLE kept",
        *(_OTHER_VALUES if series == "mbus_devices" else ()),
        "DROP TABLE spans",
        "DROP TABLE homes",
    )


# By the version from which each goes to the next: its statements.
MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        *(statement for each in _OWNERS for statement in _merged_into_one_series(*each)),
        *(statement for statement in schema.FILE_TABLE.split("\n") if statement),
        "DROP TABLE events",
        *(statement for statement in schema.EVENT_TABLES.split(";\n") if statement.strip()),
        "INSERT INTO unvalidated SELECT id, NULL, -1 FROM series WHERE NOT other",
        "INSERT INTO unvalidated SELECT NULL, id, -1 FROM mbus_devices WHERE NOT other",
    ),
}


def run(db: sqlite3.Connection, version: int) -> None:
    """Take the steps from a version to this program's, within a transaction.

    What each register had counted by version 1 becomes an event, to which validation adds what it
    counts now.
    """
    counted = _counted_by_version_1(db) if version == 1 else {}
    for step in range(version, schema.VERSION):
        for statement in MIGRATIONS[step]:
            db.execute(statement)
    for owner, total in counted.items():
        is_meter = len(owner) == len(("meter", "register"))
        register = owner[1] if is_meter else "counter"
        whose = (
            "series, at, detail) SELECT ?, id, unixepoch(), ? FROM series WHERE meter = ?"
            if is_meter
            else "device, at, detail) SELECT ?, id, unixepoch(), ? FROM mbus_devices"
            " WHERE equipment = ? AND type IS ? AND unit = ?"
        )
        db.execute(
            f"INSERT INTO events (kind, {whose} AND NOT other LIMIT 1",
            (VALIDATED_AGAIN, f"{register} {total}", *(owner[:1] if is_meter else owner)),
        )
    db.execute(f"PRAGMA user_version = {schema.VERSION}")


def _counted_by_version_1(db: sqlite3.Connection) -> Counted:
    """What the series of a file of version 1 counted, by register."""
    found: Counted = {}
    for number, meter, registers in db.execute(
        "SELECT id, meter, registers FROM series WHERE opened_by <> 'set aside'"
    ).fetchall():
        for register in registers.split():
            rise = _rise(db, "readings", number, register)
            found[meter, register] = found.get((meter, register), 0) + rise
    for number, *device in db.execute(
        "SELECT id, equipment, type, unit FROM mbus_devices WHERE opened_by <> 'set aside'"
    ).fetchall():
        rise = _rise(db, "mbus_readings", number, "counter")
        found[tuple(device)] = found.get(tuple(device), 0) + rise
    return found


def _rise(db: sqlite3.Connection, table: str, number: int, register: str) -> int:
    """What a register counted in a series of version 1."""
    first = number << INSTANT_BITS
    ends = [
        f"(SELECT {register} FROM {table} WHERE id BETWEEN :first AND :last"
        f" ORDER BY id {order} LIMIT 1)"
        for order in ("DESC", "ASC")
    ]
    (rise,) = db.execute(
        f"SELECT {' - '.join(ends)}", {"first": first, "last": first + INSTANT_MASK}
    ).fetchone()
    return rise or 0
