"""The database's tables, readable with plain `sqlite3` for ever.

Integers in the unit that ends a column's name: Wh, W, tenths of a volt (dv), mA, dm3, MJ; instants
in UTC seconds. NULL means that the meter didn't send it.
"""

from __future__ import annotations

APPLICATION_ID = 0x736C6D6D  # "slmm"
VERSION = 2
INSTANT_BITS = 33  # UTC seconds until the year 2242
INSTANT_MASK = (1 << INSTANT_BITS) - 1


class Register:
    """A counter of electricity: its column in `readings`, its direction, its tariff."""

    __slots__ = ("column", "direction", "tariff")

    def __init__(self, direction: str, tariff: int | None) -> None:
        self.direction = direction  # import or export
        self.tariff = tariff  # None: the total of all tariffs
        self.column = f"{direction}_wh" if tariff is None else f"{direction}_t{tariff}_wh"

    @property
    def words(self) -> str:
        """Its name in a sentence: import T1."""
        return self.direction if self.tariff is None else f"{self.direction} T{self.tariff}"


REGISTERS = {
    register.column: register
    for direction in ("import", "export")
    for tariff in (1, 2, None, 3, 4, 5, 6, 7, 8)
    for register in [Register(direction, tariff)]
}
COMMON_COLUMNS = (
    *(name for name, register in REGISTERS.items() if register.tariff in (1, 2)),
    *("power_import_w", "power_export_w"),
    *("voltage_l1_dv", "current_l1_ma", "power_import_l1_w", "power_export_l1_w"),
    *("voltage_l2_dv", "current_l2_ma", "power_import_l2_w", "power_export_l2_w"),
    *("voltage_l3_dv", "current_l3_ma", "power_import_l3_w", "power_export_l3_w"),
)
# Added to the table when the first meter that has them comes: an unused column costs a byte a row.
RARE_COLUMNS = (
    *(name for name in REGISTERS if name not in COMMON_COLUMNS),
    "running_quarter_w",
)
# The columns of `readings` that are no values of the meter's; `tariff` is one.
ABOUT_A_READING = ("id", "series", "taken_at", "delay_s", "source")
METER_CLOCK = "meter_clock"  # added when a meter's clock is wrong for the first time
CLOCK_NOT_SET = 0  # in METER_CLOCK
# Counts of failures, sags and swells: a row of their own whenever one of them changes.
COUNTERS = (
    *("power_failures", "long_power_failures"),
    *("voltage_sags_l1", "voltage_sags_l2", "voltage_sags_l3"),
    *("voltage_swells_l1", "voltage_swells_l2", "voltage_swells_l3"),
)
LOG_TABLES = (
    "counters",
    "power_failures",
    "month_peaks",
)  # what a meter keeps beside its registers

# A reading's key packs its series and its instant: without an index a row is 73 bytes, not 83.
_PACKED = f"""
    taken_at INTEGER AS (id & {INSTANT_MASK}) VIRTUAL"""

SERIES_TABLES = {
    "series": """CREATE TABLE series (  -- the readings of a meter
    id INTEGER PRIMARY KEY,
    meter INTEGER NOT NULL REFERENCES meters,
    other INTEGER NOT NULL DEFAULT 0  -- 0, or 1 to 3: other readings of instants that have one
)""",
    "mbus_devices": """CREATE TABLE mbus_devices (  -- the readings of a device
    id INTEGER PRIMARY KEY,
    equipment TEXT NOT NULL,
    channel INTEGER NOT NULL,
    type INTEGER,  -- 3 gas, 4 heat, 6 warm water, 7 water: EN 13757-3
    unit TEXT NOT NULL,  -- dm3, MJ or Wh
    other INTEGER NOT NULL DEFAULT 0  -- as of series
)""",
}
# What validation found in the readings, and what is left for it to do.
EVENT_TABLES = """
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,  -- as `validation` has them
    series INTEGER REFERENCES series,
    device INTEGER REFERENCES mbus_devices,
    register TEXT,  -- of which it makes the series: first reading, set aside, not sent, restarted
    at INTEGER,  -- the last reading that counts before it; NULL: there is none
    until INTEGER,  -- the next one that counts; NULL: none yet
    readings INTEGER,  -- that are set aside
    detail TEXT
);
CREATE INDEX events_at ON events (at);
CREATE INDEX events_of_registers ON events (register) WHERE register NOT NULL;
CREATE TABLE breaks (  -- two points of a register of which the second doesn't simply go on
    series INTEGER REFERENCES series,
    device INTEGER REFERENCES mbus_devices,
    register TEXT NOT NULL,
    kind TEXT NOT NULL,  -- break, turn, pause
    at INTEGER NOT NULL,
    counter_before INTEGER NOT NULL,
    until INTEGER NOT NULL,
    counter_after INTEGER NOT NULL
);
CREATE INDEX breaks_at ON breaks (register, at);
CREATE TABLE overrides (  -- what a person has set aside
    series INTEGER REFERENCES series,
    device INTEGER REFERENCES mbus_devices,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    source INTEGER  -- the import that brought it
);
CREATE TABLE unvalidated (  -- owners of which the readings after an instant are validated again
    series INTEGER REFERENCES series,
    device INTEGER REFERENCES mbus_devices,
    after INTEGER NOT NULL
);
"""

FILE_TABLE = """CREATE TABLE file (mark TEXT NOT NULL);  -- tells its backups from others'
INSERT INTO file VALUES (lower(hex(randomblob(4))));
"""

TABLES = f"""{FILE_TABLE}CREATE TABLE meters (
    id INTEGER PRIMARY KEY,
    equipment TEXT NOT NULL UNIQUE,  -- empty if the meter sends none
    header TEXT NOT NULL,
    version TEXT
);
{SERIES_TABLES["series"]};
CREATE TABLE readings (
    id INTEGER PRIMARY KEY,  -- series << {INSTANT_BITS} | taken_at
    series INTEGER AS (id >> {INSTANT_BITS}) VIRTUAL,{_PACKED},
    delay_s INTEGER,  -- from taken_at until it was received; NULL from a file
    source INTEGER,  -- NULL: the port, 0: a file, -1: simulated, else the number of an import
    tariff INTEGER,
    {", ".join(f"{column} INTEGER" for column in COMMON_COLUMNS)}
    -- and once they are needed: other registers, running_quarter_w, and meter_clock, which is the
    -- time of the meter's clock unless that is taken_at (0: not set)
);
{SERIES_TABLES["mbus_devices"]};
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
{EVENT_TABLES}CREATE TABLE counters (
    meter INTEGER NOT NULL REFERENCES meters,
    taken_at INTEGER NOT NULL,
    {", ".join(f"{column} INTEGER" for column in COUNTERS)},
    source INTEGER,
    PRIMARY KEY (meter, taken_at)
) WITHOUT ROWID;
CREATE TABLE power_failures (
    meter INTEGER NOT NULL REFERENCES meters,
    ended_at INTEGER,  -- NULL if the meter's clock wasn't set
    duration_s INTEGER NOT NULL,
    source INTEGER
);
CREATE TABLE month_peaks (  -- Belgium: the quarter-hour of each month with the highest import
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
