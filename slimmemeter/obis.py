"""The table of OBIS objects: code, name, what it is called on a page, kind, column.

Codes are A-B:C.D.E as IEC 62056-61 writes them; `n` stands for an M-Bus channel, 1 to 9.
The facts are those of the Dutch P1 Companion Standards 2.2 to 5.0.2 (chapter 6), of Fluvius'
e-MUCS P1 1.7.1 (chapter 3) and of Swedenergy's H1 port 2.0, where a line says nothing else.
"""

from __future__ import annotations

# Kinds of value. The first four are counted in integers of one unit; the others are only shown.
ENERGY, POWER, VOLTAGE, CURRENT, COUNT = "energy", "power", "voltage", "current", "count"
NUMBER = "number"  # a number with whatever unit the meter prints
TEXT = "text"  # ASCII, often as pairs of hexadecimal digits
PLAIN = "plain"  # ASCII as it stands, never hexadecimal
STAMP = "stamp"
TARIFF = "tariff"
STAMPED = "stamped"  # (stamp)(number)
OLD_GAS = "old_gas"  # (stamp)(status)(minutes)(values)(id)(unit)(number), P1 3.0 section 5.10
FAILURE_LOG = "failure_log"
PEAKS = "peaks"

# What one of each unit is in our own integers: the power of ten, by kind.
UNITS: dict[str, dict[str, int]] = {
    ENERGY: {"Wh": 0, "kWh": 3, "MWh": 6},  # Wh
    POWER: {"W": 0, "kW": 3, "MW": 6},  # W
    VOLTAGE: {"V": 1, "kV": 4},  # tenths of a volt
    CURRENT: {"A": 3, "kA": 6},  # mA
    COUNT: {"": 0},
}
# M-Bus counters: the unit that is printed, the unit that is stored, the power of ten between.
MBUS_UNITS = {
    "m3": ("dm3", 3),
    "dm3": ("dm3", 0),
    "l": ("dm3", 0),
    "GJ": ("MJ", 3),
    "MJ": ("MJ", 0),
    "Wh": ("Wh", 0),
    "kWh": ("Wh", 3),
    "MWh": ("Wh", 6),
}
# EN 13757-3 table 3, as P1 5.0.2 section 6.12 refers to it.
MBUS_TYPES = {
    2: "electricity",
    3: "gas",
    4: "heat",
    6: "warm_water",
    7: "water",
    8: "heat_cost_allocator",
    10: "cooling",
    12: "heat",
    13: "heat",
}

Row = tuple[str, str, str, str | None]

TABLE: dict[str, Row] = {
    # who speaks, and when
    "1-3:0.2.8": ("version", "P1 version", PLAIN, None),
    "0-0:96.1.4": ("version", "P1 version", PLAIN, None),  # Belgium, Switzerland
    "0-0:1.0.0": ("taken_at", "Time of the telegram", STAMP, None),
    "0-0:96.1.1": ("meter_id", "Meter", TEXT, None),
    "0-0:42.0.0": ("device_name", "Logical device name", TEXT, None),
    "0-0:96.1.0": ("serial_number", "Serial number", TEXT, None),
    "0-0:0.0.0": ("meter_address", "Meter address", PLAIN, None),
    "1-0:0.0.0": ("meter_address", "Meter address", PLAIN, None),
    "0-0:96.1.2": ("ean", "EAN", TEXT, None),  # Belgium, from 50221 on
    # energy
    "1-0:1.8.0": ("import_total", "Import, all tariffs", ENERGY, "import_wh"),
    "1-0:1.8.1": ("import_t1", "Import, tariff 1", ENERGY, "import_t1_wh"),
    "1-0:1.8.2": ("import_t2", "Import, tariff 2", ENERGY, "import_t2_wh"),
    "1-0:1.8.3": ("import_t3", "Import, tariff 3", ENERGY, "import_t3_wh"),
    "1-0:1.8.4": ("import_t4", "Import, tariff 4", ENERGY, "import_t4_wh"),
    "1-0:2.8.0": ("export_total", "Export, all tariffs", ENERGY, "export_wh"),
    "1-0:2.8.1": ("export_t1", "Export, tariff 1", ENERGY, "export_t1_wh"),
    "1-0:2.8.2": ("export_t2", "Export, tariff 2", ENERGY, "export_t2_wh"),
    "1-0:2.8.3": ("export_t3", "Export, tariff 3", ENERGY, "export_t3_wh"),
    "1-0:2.8.4": ("export_t4", "Export, tariff 4", ENERGY, "export_t4_wh"),
    "1-0:3.8.0": ("reactive_import", "Reactive energy in", NUMBER, None),
    "1-0:4.8.0": ("reactive_export", "Reactive energy out", NUMBER, None),
    "1-0:15.8.0": ("absolute_energy", "Import plus export", NUMBER, None),
    "0-0:96.14.0": ("tariff", "Tariff now", TARIFF, None),
    # power now
    "1-0:1.7.0": ("power_import", "Power from the grid", POWER, "power_import_w"),
    "1-0:2.7.0": ("power_export", "Power to the grid", POWER, "power_export_w"),
    "1-0:21.7.0": ("power_import_l1", "Power from the grid, L1", POWER, "power_import_l1_w"),
    "1-0:41.7.0": ("power_import_l2", "Power from the grid, L2", POWER, "power_import_l2_w"),
    "1-0:61.7.0": ("power_import_l3", "Power from the grid, L3", POWER, "power_import_l3_w"),
    "1-0:22.7.0": ("power_export_l1", "Power to the grid, L1", POWER, "power_export_l1_w"),
    "1-0:42.7.0": ("power_export_l2", "Power to the grid, L2", POWER, "power_export_l2_w"),
    "1-0:62.7.0": ("power_export_l3", "Power to the grid, L3", POWER, "power_export_l3_w"),
    "1-0:3.7.0": ("reactive_power_import", "Reactive power in", NUMBER, None),
    "1-0:4.7.0": ("reactive_power_export", "Reactive power out", NUMBER, None),
    "1-0:14.7.0": ("frequency", "Frequency", NUMBER, None),
    "1-0:32.7.0": ("voltage_l1", "Voltage, L1", VOLTAGE, "voltage_l1_dv"),
    "1-0:52.7.0": ("voltage_l2", "Voltage, L2", VOLTAGE, "voltage_l2_dv"),
    "1-0:72.7.0": ("voltage_l3", "Voltage, L3", VOLTAGE, "voltage_l3_dv"),
    "1-0:31.7.0": ("current_l1", "Current, L1", CURRENT, "current_l1_ma"),
    "1-0:51.7.0": ("current_l2", "Current, L2", CURRENT, "current_l2_ma"),
    "1-0:71.7.0": ("current_l3", "Current, L3", CURRENT, "current_l3_ma"),
    # Belgium's quarter-hour peaks
    "1-0:1.4.0": ("running_quarter", "Mean power, running quarter", POWER, "running_quarter_w"),
    "1-0:1.6.0": ("month_peak", "Month peak", STAMPED, None),
    "0-0:98.1.0": ("month_peak_history", "Month peaks before", PEAKS, None),
    # the grid and the switch
    "0-0:96.7.21": ("power_failures", "Power failures", COUNT, "power_failures"),
    "0-0:96.7.9": ("long_power_failures", "Long power failures", COUNT, "long_power_failures"),
    "1-0:99.97.0": ("power_failure_log", "Long power failures, log", FAILURE_LOG, None),
    "1-0:32.32.0": ("voltage_sags_l1", "Voltage sags, L1", COUNT, "voltage_sags_l1"),
    "1-0:52.32.0": ("voltage_sags_l2", "Voltage sags, L2", COUNT, "voltage_sags_l2"),
    "1-0:72.32.0": ("voltage_sags_l3", "Voltage sags, L3", COUNT, "voltage_sags_l3"),
    "1-0:32.36.0": ("voltage_swells_l1", "Voltage swells, L1", COUNT, "voltage_swells_l1"),
    "1-0:52.36.0": ("voltage_swells_l2", "Voltage swells, L2", COUNT, "voltage_swells_l2"),
    "1-0:72.36.0": ("voltage_swells_l3", "Voltage swells, L3", COUNT, "voltage_swells_l3"),
    "0-0:17.0.0": ("limiter", "Limiter threshold", NUMBER, None),  # dropped in 5.0; Belgium: kW
    "1-0:31.4.0": ("fuse_supervision", "Fuse supervision", NUMBER, None),  # Belgium
    "0-0:96.3.10": ("breaker", "Breaker (1 is on)", PLAIN, None),  # 3.0 to 4.2.1, Belgium
    "0-0:24.4.0": ("breaker", "Breaker (1 is on)", PLAIN, None),  # 2.2
    "0-0:96.13.1": ("text_code", "Message code", TEXT, None),  # until 4.2.2
    "0-0:96.13.0": ("text_message", "Message", TEXT, None),
    # other meters, on the M-Bus
    "0-n:24.1.0": ("mbus_type", "Device type", COUNT, None),
    "0-n:96.1.0": ("mbus_id", "Device", TEXT, None),
    "0-n:96.1.1": ("mbus_id", "Device", TEXT, None),  # Belgium
    "0-n:96.1.2": ("mbus_ean", "Device's EAN", TEXT, None),  # Belgium, from 50221 on
    "0-n:24.2.1": ("mbus_reading", "Counter", STAMPED, None),
    "0-n:24.2.3": ("mbus_reading", "Counter, not corrected", STAMPED, None),  # Belgium's gas
    "0-n:24.3.0": ("mbus_reading", "Counter", OLD_GAS, None),  # 3.0, and many 2.2
    "0-n:24.4.0": ("mbus_valve", "Valve (1 is on)", PLAIN, None),
    "0-n:96.3.10": ("mbus_relay", "Relay (1 is on)", PLAIN, None),  # Belgium, from 50221 on
}

REGISTERS = frozenset(row[3] for row in TABLE.values() if row[2] == ENERGY and row[3])
# The columns that a reading is made of: with one of them wrong, the telegram is refused.
MUST_BE_RIGHT = REGISTERS | {"power_import_w", "power_export_w"}


def find(code: str) -> Row | None:
    """The row of a code as a meter prints it, or None.

    Channels are `n` in the table; a code may end in `*255` (P1 3.0 section 5.3), and Swiss meters
    print 1-1 for 1-0.
    """
    if code in TABLE:
        return TABLE[code]
    if "*" in code:
        bare, _, group = code.partition("*")
        return find(bare) if group.isdigit() else None
    if code[:3] in ("0-1", "0-2", "0-3", "0-4", "0-5", "0-6", "0-7", "0-8", "0-9"):
        return TABLE.get("0-n" + code[3:])
    if code.startswith("1-1:"):
        return TABLE.get("1-0" + code[3:])
    return None


def tariff_names(version: str | None) -> dict[int, str]:
    """What tariffs 1 and 2 are called: low and normal in the Netherlands, day and night in Belgium.

    P1 5.0.2 section 7.1; e-MUCS P1 1.7.1 note 2. Belgium's version object has five digits.
    """
    if version is not None and len(version) == 5:
        return {1: "day", 2: "night"}
    if version in ("40", "42", "50"):
        return {1: "low", 2: "normal"}
    return {}
