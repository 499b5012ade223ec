"""The database's tables, readable with plain `sqlite3` for ever.

Integers in the smallest unit, which the column's name tells: Wh, W, tenths of a volt (dv), mA,
dm3, MJ, UTC seconds. NULL is "the meter didn't say".
"""

from __future__ import annotations

APPLICATION_ID = 0x736C6D6D  # "slmm"
VERSION = 1
# By the version from which each goes to the next: its statements.
MIGRATIONS: dict[int, tuple[str, ...]] = {}
INSTANT_BITS = 33  # UTC seconds until the year 2242
INSTANT_MASK = (1 << INSTANT_BITS) - 1

COMMON_COLUMNS = (
    *("import_t1_wh", "import_t2_wh", "export_t1_wh", "export_t2_wh"),
    *("power_import_w", "power_export_w"),
    *("voltage_l1_dv", "current_l1_ma", "power_import_l1_w", "power_export_l1_w"),
    *("voltage_l2_dv", "current_l2_ma", "power_import_l2_w", "power_export_l2_w"),
    *("voltage_l3_dv", "current_l3_ma", "power_import_l3_w", "power_export_l3_w"),
)
# Added to the table when the first meter comes that has them: an unused column costs a byte a row.
RARE_COLUMNS = (
    *("import_wh", "import_t3_wh", "import_t4_wh"),
    *("export_wh", "export_t3_wh", "export_t4_wh"),
    "running_quarter_w",
)
# Columns of readings that every reading has, whatever the meter.
ABOUT_A_READING = ("id", "series", "taken_at", "delay_s", "source")
METER_CLOCK = "meter_clock"  # rare too: when a clock is off for the first time
REGISTERS = tuple(name for name in COMMON_COLUMNS + RARE_COLUMNS if name.endswith("_wh"))
# Kept in a row of their own when one of them changes.
COUNTERS = (
    *("power_failures", "long_power_failures"),
    *("voltage_sags_l1", "voltage_sags_l2", "voltage_sags_l3"),
    *("voltage_swells_l1", "voltage_swells_l2", "voltage_swells_l3"),
)
# Tables of what is kept of a meter beside its readings.
SELDOM = ("counters", "power_failures", "month_peaks")

# The key of a reading packs its series and its instant, so that a row needs no index beside it.
_PACKED = f"""
    taken_at INTEGER AS (id & {INSTANT_MASK}) VIRTUAL"""

TABLES = f"""
CREATE TABLE meters (
    id INTEGER PRIMARY KEY,
    equipment TEXT NOT NULL UNIQUE,  -- empty where the meter doesn't say
    header TEXT NOT NULL,
    version TEXT
);
CREATE TABLE series (  -- a stretch in which the counters of one meter only rise
    id INTEGER PRIMARY KEY,
    meter INTEGER NOT NULL REFERENCES meters,
    registers TEXT NOT NULL,  -- the columns of readings that count, with a space between
    opened_by TEXT NOT NULL  -- first reading, other registers, restarted counter; set aside: none
);
CREATE TABLE readings (
    id INTEGER PRIMARY KEY,  -- series << {INSTANT_BITS} | taken_at
    series INTEGER AS (id >> {INSTANT_BITS}) VIRTUAL,{_PACKED},
    delay_s INTEGER,  -- from taken_at until it was received; NULL from a file
    source INTEGER,  -- NULL: the port, 0: a file, -1: simulated, else the number of an import
    tariff INTEGER,
    {", ".join(f"{column} INTEGER" for column in COMMON_COLUMNS)}
    -- and when they are needed: other registers, running_quarter_w, and meter_clock, which is what
    -- the meter's clock said where that isn't taken_at (0: not set)
);
CREATE TABLE mbus_devices (  -- a stretch in which the counter of one device only rises
    id INTEGER PRIMARY KEY,
    equipment TEXT NOT NULL,
    channel INTEGER NOT NULL,
    type INTEGER,  -- 3 gas, 4 heat, 6 warm water, 7 water: EN 13757-3
    unit TEXT NOT NULL,  -- dm3, MJ or Wh
    opened_by TEXT NOT NULL  -- first reading, restarted counter; set aside: none
);
CREATE TABLE mbus_readings (
    id INTEGER PRIMARY KEY,  -- device << {INSTANT_BITS} | taken_at
    device INTEGER AS (id >> {INSTANT_BITS}) VIRTUAL,{_PACKED},
    counter INTEGER NOT NULL
    -- and source, from the first import on
);
CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,  -- telegrams, CSV, database, slimmemeter-rpi, DSMR-reader
    name TEXT NOT NULL
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,  -- gap, set aside, clock off, clock right, other value
    series INTEGER REFERENCES series,
    device INTEGER REFERENCES mbus_devices,
    at INTEGER NOT NULL,
    until INTEGER,
    detail TEXT
);
CREATE INDEX events_at ON events (at);
CREATE TABLE counters (
    meter INTEGER NOT NULL REFERENCES meters,
    taken_at INTEGER NOT NULL,
    {", ".join(f"{column} INTEGER" for column in COUNTERS)},
    source INTEGER,
    PRIMARY KEY (meter, taken_at)
) WITHOUT ROWID;
CREATE TABLE power_failures (
    meter INTEGER NOT NULL REFERENCES meters,
    ended_at INTEGER,  -- NULL where the meter's clock wasn't set
    duration_s INTEGER NOT NULL,
    source INTEGER
);
CREATE TABLE month_peaks (  -- Belgium: the quarter-hour of each month in which most was taken
    meter INTEGER NOT NULL REFERENCES meters,
    month_ended_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,  -- the quarter-hour
    power_w INTEGER NOT NULL,
    source INTEGER,
    PRIMARY KEY (meter, month_ended_at)
) WITHOUT ROWID;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""
