"""The table of OBIS objects: code, name, label, kind of value, column.

Codes are A-B:C.D.E as in IEC 62056-61; `n` stands for an M-Bus channel, 1 to 9. Sources: the Dutch
P1 Companion Standards 2.2 to 5.0.2 (chapter 6), Fluvius' e-MUCS P1 1.7.1 (chapter 3), Swedenergy's
H1 port 2.0; a comment names any other.
"""

from __future__ import annotations

# Kinds of value. Those in `UNITS` can be stored; the others are only shown.
ENERGY, POWER, VOLTAGE, CURRENT, COUNT = "energy", "power", "voltage", "current", "count"
NUMBER = "number"  # a number with whatever unit the meter prints
AMPERES = "amperes"  # a number of A, and of nothing else
ID = "id"  # ASCII, often as pairs of hexadecimal digits; personal
MESSAGE = "message"  # a text, mostly as pairs of hexadecimal digits; personal
STATE = "state"  # a number without unit, or a word
PLAIN = "plain"  # ASCII as it stands, never hexadecimal
VERSION = "version"  # PLAIN, or digits as pairs of hexadecimal digits
STAMP = "stamp"
DATE = "date"  # YYMMDD
TIME = "time"  # hhmmss
TARIFF = "tariff"
MBUS_TYPE = "mbus_type"
STAMPED = "stamped"  # (stamp)(number)
OLD_STAMPED = "old_stamped"  # (stamp)(status)(minutes)(count)(id)(unit)(number), P1 3.0, 5.10
HOUR = "hour"  # (number)(stamp), P1 2.1
FAILURE_LOG = "failure_log"
PEAKS = "peaks"
RECORDS = "records"  # count, codes, and for each entry its timestamp and a content for each code
PROFILE = "profile"  # (stamp)(number)(number)...

# By kind, each printed unit and the power of ten that turns it into the unit of our integers.
UNITS: dict[str, dict[str, int]] = {
    ENERGY: {"Wh": 0, "kWh": 3, "MWh": 6},  # Wh
    POWER: {"W": 0, "kW": 3, "MW": 6},  # W
    VOLTAGE: {"V": 1, "kV": 4},  # tenths of a volt
    CURRENT: {"A": 3, "kA": 6},  # mA
    COUNT: {"": 0},
}
# M-Bus counters: the printed unit, the stored unit, the power of ten between them.
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
    11: "cooling",
    12: "heat",
    13: "heat",
}

# Registers that are stored. An Iskra MT382 in Germany has eight; the Dutch standard foresees 16.
TARIFFS = 8

Row = tuple[str, str, str, "str | None"]  # name, label, kind, column


def _tariffs(
    code: str, name: str, label: str, kind: str, column: str = "", most: int = TARIFFS
) -> dict[str, Row]:
    """A row for each tariff, whose number ends the code.

    :param column: with `{}` in the tariff's place; empty if the object isn't stored.
    """
    return {
        f"{code}{tariff}": (
            f"{name}_t{tariff}",
            f"{label}, tariff {tariff}",
            kind,
            column.format(tariff) or None,
        )
        for tariff in range(1, most + 1)
    }


def _phases(code: str, name: str, label: str, kind: str, column: str = "") -> dict[str, Row]:
    """A row for each of L1, L2, L3, whose codes' third groups are 20 apart (IEC 62056-61, 5.4).

    :param column: with `{}` in the phase's place; empty if the object isn't stored.
    """
    before, _, rest = code.partition(":")
    first, _, behind = rest.partition(".")
    return {
        f"{before}:{int(first) + 20 * (phase - 1)}.{behind}": (
            f"{name}_l{phase}",
            f"{label}, L{phase}",
            kind,
            column.format(f"l{phase}") or None,
        )
        for phase in (1, 2, 3)
    }


def _quarters(code: str, name: str, label: str) -> dict[str, Row]:
    """A row for the running and one for the last mean, which are 4 and 5 (IEC 62056-61, 5.4)."""
    return {
        code.format(group): (f"{which}_quarter_{name}", f"{label}, {which} quarter", NUMBER, None)
        for group, which in ((4, "running"), (5, "last"))
    }


TABLE: dict[str, Row] = {
    # the meter and its clock
    "1-3:0.2.8": ("version", "P1 version", VERSION, None),
    "0-0:96.1.4": ("version", "P1 version", VERSION, None),  # Belgium, Switzerland
    "0-0:1.0.0": ("taken_at", "Time of the telegram", STAMP, None),
    "0-0:1.1.0": ("taken_at", "Time of the telegram", STAMP, None),  # heat meters
    "1-0:0.9.1": ("time", "Time", TIME, None),  # Iskra in Iceland, Slovenia and Sweden
    "1-0:0.9.2": ("date", "Date", DATE, None),
    "0-0:96.1.1": ("meter_id", "Meter", ID, None),
    "0-0:42.0.0": ("device_name", "Logical device name", ID, None),
    "0-0:96.1.0": ("serial_number", "Serial number", ID, None),
    "0-0:0.0.0": ("meter_address", "Meter address", ID, None),
    "1-0:0.0.0": ("meter_address", "Meter address", ID, None),
    "0-0:96.1.255": ("serial_number", "Serial number", ID, None),  # EasyMeter
    "0-0:96.1.2": ("ean", "EAN", ID, None),  # Belgium, from 50221 on
    "1-0:0.2.0": ("firmware", "Firmware", PLAIN, None),
    "1-0:0.2.8": ("firmware_checksum", "Firmware, checksum", PLAIN, None),
    "1-0:0.3.0": ("pulses_active", "Pulses per kWh", NUMBER, None),  # Iskra; DLMS Blue Book
    "1-0:0.3.1": ("pulses_reactive", "Pulses per kvarh", NUMBER, None),
    "1-0:0.8.0": ("measurement_period_1", "Measurement period 1", NUMBER, None),
    "1-0:0.8.1": ("measurement_period_2", "Measurement period 2", NUMBER, None),
    "1-0:0.8.2": ("measurement_period_3", "Measurement period 3", NUMBER, None),  # Lithuania
    "1-0:0.8.4": ("recording_interval_1", "Recording interval 1", NUMBER, None),
    "1-0:0.8.5": ("recording_interval_2", "Recording interval 2", NUMBER, None),
    "0-0:0.1.0": ("month_ends", "Number of month ends", NUMBER, None),  # Landis+Gyr E660
    "1-0:96.5.5": ("status", "Status", PLAIN, None),  # EasyMeter
    # energy
    "1-0:1.8.0": ("import_total", "Import, all tariffs", ENERGY, "import_wh"),
    **_tariffs("1-0:1.8.", "import", "Import", ENERGY, "import_t{}_wh"),
    # Israel has 11 to 13 for 1 to 3
    **_tariffs("1-0:1.8.1", "import", "Import", ENERGY, "import_t{}_wh", most=3),
    "1-0:2.8.0": ("export_total", "Export, all tariffs", ENERGY, "export_wh"),
    **_tariffs("1-0:2.8.", "export", "Export", ENERGY, "export_t{}_wh"),
    **_tariffs("1-0:2.8.1", "export", "Export", ENERGY, "export_t{}_wh", most=3),
    "1-0:15.8.0": ("absolute_energy", "Import plus export", NUMBER, None),
    **_tariffs("1-0:15.8.", "absolute_energy", "Import plus export", NUMBER),
    "1-0:3.8.0": ("reactive_import", "Reactive energy in", NUMBER, None),
    **_tariffs("1-0:3.8.", "reactive_import", "Reactive energy in", NUMBER),
    "1-0:4.8.0": ("reactive_export", "Reactive energy out", NUMBER, None),
    **_tariffs("1-0:4.8.", "reactive_export", "Reactive energy out", NUMBER),
    "1-0:5.8.0": ("reactive_q1", "Reactive energy, quadrant 1", NUMBER, None),  # Hungary
    "1-0:6.8.0": ("reactive_q2", "Reactive energy, quadrant 2", NUMBER, None),
    "1-0:7.8.0": ("reactive_q3", "Reactive energy, quadrant 3", NUMBER, None),
    "1-0:8.8.0": ("reactive_q4", "Reactive energy, quadrant 4", NUMBER, None),
    "1-0:9.8.0": ("apparent_import", "Apparent energy in", NUMBER, None),
    "1-0:10.8.0": ("apparent_export", "Apparent energy out", NUMBER, None),
    "0-0:96.14.0": ("tariff", "Tariff now", TARIFF, None),
    "0-0:96.14.1": ("tariff", "Tariff now", TARIFF, None),  # Israel
    # power now
    "1-0:1.7.0": ("power_import", "Power from the grid", POWER, "power_import_w"),
    "1-0:2.7.0": ("power_export", "Power to the grid", POWER, "power_export_w"),
    **_phases("1-0:21.7.0", "power_import", "Power from the grid", POWER, "power_import_{}_w"),
    **_phases("1-0:22.7.0", "power_export", "Power to the grid", POWER, "power_export_{}_w"),
    "1-0:15.7.0": ("absolute_power", "Power, either way", NUMBER, None),
    "1-0:16.7.0": ("net_power", "Power, net", NUMBER, None),
    "1-0:3.7.0": ("reactive_power_import", "Reactive power in", NUMBER, None),
    "1-0:4.7.0": ("reactive_power_export", "Reactive power out", NUMBER, None),
    **_phases("1-0:23.7.0", "reactive_power_import", "Reactive power in", NUMBER),
    **_phases("1-0:24.7.0", "reactive_power_export", "Reactive power out", NUMBER),
    "1-0:5.7.0": ("reactive_power_q1", "Reactive power, quadrant 1", NUMBER, None),  # Hungary
    "1-0:6.7.0": ("reactive_power_q2", "Reactive power, quadrant 2", NUMBER, None),
    "1-0:7.7.0": ("reactive_power_q3", "Reactive power, quadrant 3", NUMBER, None),
    "1-0:8.7.0": ("reactive_power_q4", "Reactive power, quadrant 4", NUMBER, None),
    "1-0:9.7.0": ("apparent_power_import", "Apparent power in", NUMBER, None),  # Lithuania
    "1-0:10.7.0": ("apparent_power_export", "Apparent power out", NUMBER, None),
    **_phases("1-0:29.7.0", "apparent_power_import", "Apparent power in", NUMBER),
    **_phases("1-0:30.7.0", "apparent_power_export", "Apparent power out", NUMBER),
    "1-0:13.7.0": ("power_factor", "Power factor", NUMBER, None),  # Hungary
    "1-0:13.3.0": ("least_power_factor", "Least power factor", NUMBER, None),  # Lithuania
    **_phases("1-0:33.7.0", "power_factor", "Power factor", NUMBER),
    "1-0:14.7.0": ("frequency", "Frequency", NUMBER, None),
    "1-0:12.7.0": ("voltage", "Voltage", NUMBER, None),  # Lithuania
    **_phases("1-0:32.7.0", "voltage", "Voltage", VOLTAGE, "voltage_{}_dv"),
    **_phases("1-0:32.24.0", "mean_voltage", "Mean voltage", NUMBER),  # Lithuania
    "1-0:11.7.0": ("current", "Current", NUMBER, None),
    "1-0:90.7.0": ("current_sum", "Current, all phases", NUMBER, None),
    "1-0:91.7.0": ("current_neutral", "Current, neutral", NUMBER, None),
    **_phases("1-0:31.7.0", "current", "Current", CURRENT, "current_{}_ma"),
    # means over a quarter of an hour, and Belgium's peaks of them
    "1-0:1.4.0": ("running_quarter", "Mean power, running quarter", POWER, "running_quarter_w"),
    "1-0:2.4.0": ("running_quarter_export", "Mean power out, running quarter", NUMBER, None),
    "1-0:1.5.0": ("last_quarter", "Mean power, last quarter", NUMBER, None),
    "1-0:2.5.0": ("last_quarter_export", "Mean power out, last quarter", NUMBER, None),
    **_quarters("1-0:3.{}.0", "reactive_import", "Mean reactive power in"),  # Lithuania
    **_quarters("1-0:4.{}.0", "reactive_export", "Mean reactive power out"),
    **_quarters("1-0:5.{}.0", "reactive_q1", "Mean reactive power, quadrant 1"),
    **_quarters("1-0:6.{}.0", "reactive_q2", "Mean reactive power, quadrant 2"),
    **_quarters("1-0:7.{}.0", "reactive_q3", "Mean reactive power, quadrant 3"),
    **_quarters("1-0:8.{}.0", "reactive_q4", "Mean reactive power, quadrant 4"),
    **_quarters("1-0:9.{}.0", "apparent_import", "Mean apparent power in"),
    **_quarters("1-0:10.{}.0", "apparent_export", "Mean apparent power out"),
    "1-0:1.24.0": ("mean_power_import", "Mean power from the grid", NUMBER, None),  # Lithuania
    "1-0:2.24.0": ("mean_power_export", "Mean power to the grid", NUMBER, None),
    "1-0:15.24.0": ("mean_absolute_power", "Mean power, either way", NUMBER, None),
    "1-0:16.24.0": ("mean_net_power", "Mean power, net", NUMBER, None),
    "1-0:1.6.0": ("month_peak", "Month peak", STAMPED, None),
    "1-0:2.6.0": ("month_peak_export", "Month peak to the grid", STAMPED, None),
    "0-0:98.1.0": ("month_peak_history", "Month peaks before", PEAKS, None),
    "0-0:98.1.1": ("month_registers", "Registers of months before", RECORDS, None),  # E660
    "1-0:99.1.0": ("last_interval", "Last interval", RECORDS, None),  # Israel, as the next three
    "0-0:96.10.7": ("interval_status", "Status", PLAIN, None),
    "1-0:1.29.0": ("interval_import", "Import in it", NUMBER, None),
    "1-0:2.29.0": ("interval_export", "Export in it", NUMBER, None),
    # the grid and the switch
    "0-0:96.7.21": ("power_failures", "Power failures", COUNT, "power_failures"),
    "0-0:96.7.9": ("long_power_failures", "Long power failures", COUNT, "long_power_failures"),
    "1-0:99.97.0": ("power_failure_log", "Long power failures, log", FAILURE_LOG, None),
    **_phases("1-0:32.32.0", "voltage_sags", "Voltage sags", COUNT, "voltage_sags_{}"),
    **_phases("1-0:32.33.0", "voltage_sag_time", "Voltage sag, time", NUMBER),
    **_phases("1-0:32.34.0", "voltage_sag_voltage", "Voltage sag, voltage", NUMBER),
    **_phases("1-0:32.36.0", "voltage_swells", "Voltage swells", COUNT, "voltage_swells_{}"),
    **_phases("1-0:32.37.0", "voltage_swell_time", "Voltage swell, time", NUMBER),
    **_phases("1-0:32.38.0", "voltage_swell_voltage", "Voltage swell, voltage", NUMBER),
    "1-0:94.32.1": ("grid_voltage", "Voltage of the grid", NUMBER, None),  # Belgium, from 50221 on
    # A until 3.0, kW in 4.0 to 4.2.1 and Belgium, kVA in Luxembourg, W in Hungary
    "0-0:17.0.0": ("limiter", "Limiter threshold", NUMBER, None),
    "1-0:17.0.0": ("limiter", "Limiter threshold", NUMBER, None),  # 2.1
    **_phases("1-0:31.4.0", "fuse_supervision", "Fuse supervision", AMPERES),  # Belgium, Hungary
    "0-0:96.3.10": ("breaker", "Breaker (1 is on)", STATE, None),  # 3.0 to 4.2.1, Belgium
    "1-0:96.3.10": ("breaker", "Breaker (1 is on)", STATE, None),  # 2.1
    "0-0:24.4.0": ("breaker", "Breaker (1 is on)", STATE, None),  # 2.2
    "0-0:96.50.68": ("breaker", "Breaker", STATE, None),  # Hungary
    "0-0:96.13.0": ("text_message", "Message", MESSAGE, None),
    "0-0:96.13.1": ("text_code", "Message code", MESSAGE, None),  # until 4.2.2
    "0-0:96.13.2": ("text_message_2", "Message 2", MESSAGE, None),  # Luxembourg
    "0-0:96.13.3": ("text_message_3", "Message 3", MESSAGE, None),
    "0-0:96.13.4": ("text_message_4", "Message 4", MESSAGE, None),
    "0-0:96.13.5": ("text_message_5", "Message 5", MESSAGE, None),
    # other meters, on the M-Bus
    "0-n:24.1.0": ("mbus_type", "Device type", MBUS_TYPE, None),
    "0-n:96.1.0": ("mbus_id", "Device", ID, None),
    "0-n:96.1.1": ("mbus_id", "Device", ID, None),  # Belgium
    "0-n:96.1.2": ("mbus_ean", "Device's EAN", ID, None),  # Belgium, from 50221 on
    "0-n:24.2.1": ("mbus_reading", "Counter", STAMPED, None),
    "0-n:24.2.3": ("mbus_reading", "Counter, not corrected", STAMPED, None),  # Belgium's gas
    "0-n:24.3.0": ("mbus_reading", "Counter", OLD_STAMPED, None),  # 3.0, and many 2.2
    "7-0:0.0.0": ("gas_meter_id", "Gas meter", ID, None),  # 2.1
    "7-0:23.1.0": ("gas_reading", "Gas, one of 24 hours", HOUR, None),
    "7-0:24.4.0": ("gas_valve", "Gas valve (1 is on)", STATE, None),
    "0-n:24.4.0": ("mbus_valve", "Valve (1 is on)", STATE, None),
    "0-n:96.3.10": ("mbus_relay", "Relay (1 is on)", STATE, None),  # Belgium, from 50221 on
}
# What a code means if its value has another form than the kind above.
ALTERNATIVES: dict[str, Row] = {
    **_phases("1-0:31.4.0", "mean_current", "Mean current", NUMBER),  # Lithuania, in kA
    "1-0:1.6.0": ("greatest_power", "Greatest mean power", NUMBER, None),  # without a stamp
    "1-0:2.6.0": ("greatest_power_export", "Greatest mean power out", NUMBER, None),
    "0-n:24.2.1": ("mbus_reading", "Counter", NUMBER, None),  # without a stamp: Iskra in Iceland
    "0-0:98.1.0": ("month_profile", "Registers when the month began", PROFILE, None),  # Hungary
}


def printed_codes(code: str) -> list[str]:
    """How meters print a code of the table: with each channel, and 1-1 for 1-0 (Swiss meters)."""
    if "n" in code:
        return [code.replace("n", channel) for channel in "123456789"]
    return [code, code.replace("1-0:", "1-1:")] if code.startswith("1-0:") else [code]


REGISTERS = frozenset(row[3] for row in TABLE.values() if row[2] == ENERGY and row[3])
# The columns without which a reading is worthless: if one of them is invalid, so is the telegram.
REQUIRED = REGISTERS | {"power_import_w", "power_export_w"}


LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz "  # of a tariff's word
SIXTH_GROUP = b"255("


def without_sixth_group(code: str) -> str:
    """A code without the `*255` or `.255` after its five groups, which some meters print.

    P1 3.0 section 5.3 allows `*255`: the value of now. Other numbers are of earlier months.
    """
    bare = code[:-4]
    is_sixth = code.endswith("*255") or (code.endswith(".255") and bare.count(".") == 2)
    return bare if is_sixth else code
