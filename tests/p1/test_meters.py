"""Every meter: a telegram for each country and version, and one for each quirk, named after it.

The telegrams in `tests/telegrams` are of meters that don't exist, in the forms that real ones have;
their last line is `!crc` where the meter sends a CRC.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from slimmemeter.errors import TelegramError
from slimmemeter.p1 import obis
from slimmemeter.p1.objects import decode
from slimmemeter.p1.reading import Reading
from slimmemeter.p1.telegram import Telegram
from support.database import rows
from support.programs import Pull
from support.telegrams import NAMES, Captured, frames, simple, telegram, with_crc

NOON = 1_795_431_600  # 2026-11-23 12:00:00 W

# Meter, version, tariff, stamp, and by channel the M-Bus devices: type, counter, unit.
Described = tuple[str, str | None, int | None, str | None, dict[int, tuple[int | None, int, str]]]
METERS: dict[str, Described] = {
    "austria-sagemcom": ("EST5\\253710000_A", "50", None, "2026-10-06T14:50:14Z", {}),
    "belgium-1.4-single-phase": (
        *("1SAGA111111111", "50213", 1, "2026-08-07T06:27:11Z"),
        {1: (3, 7164782, "dm3")},
    ),
    "belgium-1.7-gas-and-water": (
        *("1SAG1212121212", "50217", 1, "2026-11-02T11:15:48Z"),
        {1: (3, 71171, "dm3"), 2: (7, 4648, "dm3")},
    ),
    "belgium-50221-relay-and-ean": (
        *("1SAG3333333333", "50221", 2, "2026-11-23T11:00:00Z"),
        {1: (3, 123456, "dm3")},
    ),
    "belgium-e660-large": ("42424242", "50250", None, "2026-07-16T08:00:10Z", {}),
    "belgium-wallonia-iskra": ("42424242", "21110", 1, "2026-07-15T12:09:40Z", {}),
    "dsmr-2.1-itron": ("ACE4242424242", None, 1, None, {0: (3, 4320950, "dm3")}),
    "dsmr-2.2-iskra": ("ZBK1234567890123", None, 2, None, {1: (3, 1234567, "dm3")}),
    "dsmr-3.0-kamstrup": (
        *("KAMP3000004242", None, 1, None),
        {1: (3, 42500, "dm3"), 2: (7, 321098, "dm3")},
    ),
    "dsmr-4.0-kaifa": (
        *("E0025000012345616", "40", 2, "2026-11-23T11:00:05Z"),
        {1: (3, 372637, "dm3")},
    ),
    "dsmr-4.2-heat-and-cooling": (
        *("E0051004242424216", "42", 2, "2026-07-14T10:00:10Z"),
        {
            1: (12, 123456, "MJ"),
            2: (10, 12340, "MJ"),
            3: (6, 456789, "dm3"),
            4: (2, 42042, "Wh"),
        },
    ),
    "dsmr-5.0-iskra": (
        *("E0044001212121216", "50", 1, "2026-11-23T11:00:01Z"),
        {2: (3, 843718, "dm3")},
    ),
    "finland-aidon": ("ADN9 6534", None, None, "2026-07-15T13:09:40Z", {}),
    "germany-easymeter": ("ESY5Q3DB1024 V3.04", None, None, None, {}),
    "germany-iskra": ("42424242", None, None, "2026-11-23T11:00:05Z", {}),
    "heat-warmtelink": ("0", "50", None, "2026-11-23T11:00:05Z", {1: (12, 12345, "MJ")}),
    "hungary-holley": ("HLY123456789", "50", 1, "2026-02-01T11:00:01Z", {}),
    "hungary-sagemcom": ("SAG1234567890012", None, 1, "2026-07-04T11:16:00Z", {}),
    "iceland-iskra": (
        *("424242424", None, None, "2026-11-23T11:00:05Z"),
        {1: (None, 366475, "dm3")},
    ),
    "israel": ("K50322", "50", 3, "2026-11-23T11:00:00Z", {}),
    "lithuania-kilo": ("LGF12345678", "50", None, "2026-07-15T12:09:40Z", {}),
    "luxembourg-smarty": ("SAG1030700123456", "42", None, "2026-11-23T11:00:10Z", {}),
    "slovenia-iskra": ("90042042", None, None, "2026-11-23T11:00:05Z", {}),
    "sweden-kamstrup": ("KAM5", None, None, "2026-07-15T13:09:40Z", {}),
    "switzerland-landisgyr": ("LGZ5\\2XT211", "50213", 1, "2026-11-23T11:00:00Z", {}),
}
# What one of a printed unit is in ours; by hand, as a second opinion on `obis`.
SCALE = {"Wh": 1, "kWh": 1000, "W": 1, "kW": 1000, "V": 10, "kV": 10000, "A": 1000, "kA": 10**6}


def parsed(content: bytes) -> Telegram:
    """The one telegram in these bytes."""
    (frame,) = frames(content)
    return Telegram(frame)


def reading(*lines: str, **about: str) -> Reading:
    """The reading of a small telegram."""
    return parsed(simple(*lines, **about)).reading()


def test_every_telegram_is_looked_at() -> None:
    """Every file of a telegram has its entry in METERS."""
    assert set(NAMES) == set(METERS)


@pytest.mark.parametrize("name", METERS)
def test_meter_is_read_from_a_file(name: str, pull: Pull, captured: Captured) -> None:
    """A meter's telegram gives its id, version, tariff, time and devices."""
    done = pull("--dry-run", "--json", captured(name))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    meter, version, tariff, taken_at, devices = METERS[name]
    assert (answer["meter_id"], answer["version"]) == (meter, version)
    assert (answer["tariff"], answer["taken_at"]) == (tariff, taken_at)
    assert answer["crc"] == ("ok" if b"!\r" not in telegram(name) else "absent")
    assert {device["channel"] for device in answer["mbus"]} == set(devices) - {0}


@pytest.mark.parametrize("name", METERS)
def test_what_is_stored_is_what_was_printed(name: str) -> None:
    """Each register, power, voltage and current is stored as the meter printed it."""
    text = telegram(name).decode("latin-1").partition("98.1.0\r\n")[0]  # Holley nests a block
    stored = parsed(telegram(name)).reading()
    expected = {}
    line = re.compile(r"^(1-[01]:[\d.]+)[*\d]*\(([\d.]+)\*(\w+) ?\)", re.MULTILINE)
    for code, number, unit in line.findall(text):
        row = obis.TABLE.get(code.replace("1-1", "1-0"))
        if row and row[3]:
            expected[row[3]] = int(Decimal(number) * SCALE[unit])
    counts = {name: value for name, value in stored.values.items() if "sags" not in name}
    counts = {name: value for name, value in counts.items() if not re.search("swell|fail", name)}
    assert counts == expected
    assert {
        device.channel: (device.device_type, device.counter, device.unit)
        for device in stored.devices
    } == METERS[name][4]


@pytest.mark.parametrize("name", METERS)
def test_every_line_is_understood(name: str) -> None:
    """Every line of a known meter is understood, unless its code is repeated."""
    unknown = decode(parsed(telegram(name)), 3600)[1]
    assert name in ("hungary-holley", "dsmr-2.1-itron") or unknown == []


@pytest.mark.parametrize("name", METERS)
def test_meter_is_stored(name: str, pull: Pull, database: Path, captured: Captured) -> None:
    """Every meter that sends its time is stored from a file."""
    done = pull(captured(name))
    if METERS[name][3] is None:
        assert done.returncode == 4
        assert "has no valid time" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert rows(database, "SELECT equipment FROM meters") == [(METERS[name][0],)]
    found = rows(
        database,
        "SELECT type, counter, unit FROM mbus_readings JOIN mbus_devices AS d ON d.id = device"
        " ORDER BY channel",
    )
    assert found == [device for _, device in sorted(METERS[name][4].items())]


def test_total_beside_tariffs_that_never_counted() -> None:
    """The total counts if the tariffs beside it never did, and only then."""
    unused = ("1-0:1.8.0(5.000*kWh)", "1-0:1.8.1(0.000*kWh)", "1-0:1.8.2(0.000*kWh)")
    assert reading(*unused).values == {"import_wh": 5000}
    used = ("1-0:1.8.0(5.000*kWh)", "1-0:1.8.1(4.000*kWh)", "1-0:1.8.2(1.000*kWh)")
    assert set(reading(*used).values) == {"import_wh", "import_t1_wh", "import_t2_wh"}


@pytest.mark.parametrize(
    ("other", "code"),
    [
        pytest.param("1-0:1.7.0(00.494*kW)", 0, id="power, and a CRC"),
        pytest.param("1-0:1.8.1()", 4, id="a register that is empty"),
    ],
)
def test_telegram_of_another_meter_alone(other: str, code: int, pull: Pull, database: Path) -> None:
    """A telegram without electricity is stored, unless its electricity is only missing."""
    gas = ("0-1:24.1.0(003)", "0-1:24.2.1(261123120000W)(00007.000*m3)")
    done = pull("-", stdin=simple(other, *gas).decode())
    assert done.returncode == code, done.stderr
    assert code == 0 or "has no energy register" in done.stderr
    assert code or rows(database, "SELECT counter FROM mbus_readings") == [(7000,)]


def test_registers_that_are_lost_are_no_other_meter(pull: Pull) -> None:
    """Without a CRC, power beside another meter shows that registers were lost on the way."""
    gas = "0-1:24.2.1(261123120000W)(00007.000*m3)"
    lines = ("/ISk5\\2MT382-1003", "", "1-0:1.7.0(0000.49*kW)", gas, "!", "")
    done = pull("--dry-run", "-", stdin="\r\n".join(lines))
    assert done.returncode == 4
    assert "has no energy register" in done.stderr


@pytest.mark.parametrize(
    ("lines", "utc"),
    [
        (["1-0:0.9.1(120000)", "1-0:0.9.2(261123)"], NOON),
        (["1-0:0.9.2(26-11-23)", "1-0:0.9.1(12:00:00)"], NOON),
        (["1-0:0.9.2(260723)", "1-0:0.9.1(120000S)"], 1_784_800_800),
        (["1-0:0.9.2(260723)", "1-0:0.9.1(120000)"], 1_784_800_800),
        (["1-0:0.9.2*255(261123)", "1-0:0.9.1*255(120000)"], NOON),
        (["0-0:1.1.0(261123120000W)"], NOON),
        (["0-0:1.1.0(261123120000W)", "0-0:1.0.0()"], NOON),
        (["0-0:1.1.0(261123130000W)", "0-0:1.0.0(261123120000W)"], NOON),
        (["0-0:1.1.0(261123130000W)", "0-0:1.0.0(632525252525W)"], None),
        (["1-0:0.9.1(130000)", "1-0:0.9.2(261123)", "0-0:1.0.0(261123120000W)"], NOON),
        (["1-0:0.9.1(120000)"], None),
        (["1-0:0.9.1()", "1-0:0.9.2()"], None),
        (["1-0:0.9.1(000000)", "1-0:0.9.2(000101)"], None),
        (["0-0:1.1.0(000101000000W)"], None),
    ],
)
def test_clock_in_other_objects(lines: list[str], utc: int | None, pull: Pull) -> None:
    """A clock is read in whichever object it is; 0-0:1.0.0 goes before others."""
    content = with_crc("/TST5", "", *lines, "1-0:1.8.0(1.000*kWh)").decode()
    taken_at = json.loads(pull("--dry-run", "--json", "-", stdin=content).stdout)["taken_at"]
    assert taken_at == (utc and f"{datetime.fromtimestamp(utc, UTC):%Y-%m-%dT%H:%M:%SZ}")


@pytest.mark.parametrize("header", ["/1234567890123", "/LG_E660_3N400V", "/", "/K5\\2x", "/!x"])
def test_header_without_a_maker(header: str, pull: Pull) -> None:
    """A header of any form begins a telegram if its CRC is right, also behind half a telegram."""
    content = with_crc(header, "", "1-0:1.8.0(1.000*kWh)").decode()
    for begin in ("", content[:20]):
        done = pull("--dry-run", "-", stdin=begin + content)
        assert done.returncode == 0, done.stderr
        assert f"Telegram of {header}\n" in done.stdout
    without_crc = content.rpartition("!")[0] + "!\r\n"
    assert "there is no telegram" in pull("--dry-run", "-", stdin=without_crc).stderr


@pytest.mark.parametrize("group", ["*255", ".255"])
def test_sixth_group_of_a_code(group: str, pull: Pull, database: Path) -> None:
    """A code with a sixth group is the same object, beside codes without one."""
    lines = (f"1-0:1.8.1{group}(1.000*kWh)", f"1-0:31.7.0{group}(001*A)")
    gas = (f"0-1:24.1.0{group}(003)", f"0-1:24.2.1{group}(261123120000W)(00007.000*m3)")
    content = simple("1-0:1.7.0(01.111*kW)", *lines, *gas).decode()
    assert "Not understood" not in pull("--dry-run", "-", stdin=content).stdout
    assert pull("-", stdin=content).returncode == 0
    query = "SELECT import_t1_wh, power_import_w, current_l1_ma FROM readings"
    assert rows(database, query) == [(1000, 1111, 1000)]
    assert rows(database, "SELECT counter FROM mbus_readings") == [(7000,)]


def test_register_of_an_earlier_month_is_not_of_now() -> None:
    """Another sixth group than 255 is a month before: it is no counter of now."""
    found = reading("1-0:1.8.1(2.000*kWh)", "1-0:1.8.2*11(1.000*kWh)", "1-0:2.8.1.12(1.000*kWh)")
    assert found.values == {"import_t1_wh": 2000}


PEAK_OF_NOW = "1-0:1.6.0(261112223000W)(08.832*kW)"


@pytest.mark.parametrize(
    ("lines", "peaks"),
    [
        ([PEAK_OF_NOW], [("2026-11-12 21:30", 8832)]),
        (["1-0:1.6.0(08.832*kW)(261112223000W)"], [("2026-11-12 21:30", 8832)]),
        (["1-0:1.6.0(08.832kW)(261112223000)"], [("2026-11-12 21:30", 8832)]),
        (["1-0:1.6.0(261112223000w)(08832*W)"], [("2026-11-12 21:30", 8832)]),
        (["1-0:1.6.0(00.000*kW)(632525252525W)"], []),
        (["1-0:1.6.0(08.832*kW)"], []),
        (["1-0:1.6.0(261112223000W)(08.832)"], []),
        (["1-0:1.6.0()"], []),
        (["1-0:2.6.0(261112223000W)(08.832*kW)"], []),
        (["0-0:98.1.0(0)(1-0:1.6.0)(1-0:1.6.0)()"], []),
        (["0-0:98.1.0(0)(1-0:1.6.0)(1-0:1.6.0)"], []),
        (["0-0:98.1.0(00)(1-0:1.6.0)(1-0:1.6.0)()()()"], []),
        (["0-0:98.1.0(0)()()()"], []),
        (["0-0:98.1.0(0)"], []),
        (["0-0:98.1.0()"], []),
        (
            ["0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(261101000000W)(261012223000S)(02.5*kW)()"],
            [("2026-10-12 20:30", 2500)],
        ),
        (
            ["0-0:98.1.0(1)(1-1:1.6.0)(1-1:1.6.0)(261101000000W)(261012223000S)(02.5*kW)"],
            [("2026-10-12 20:30", 2500)],
        ),
        (
            ["0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(261101000000W)(02.5*kW)(261012223000S)"],
            [("2026-10-12 20:30", 2500)],
        ),
        (
            [
                "0-0:98.1.0(1)(0-0:0.1.0)(1-0:1.6.0)(1-0:1.6.0)(1-0:2.6.0)(1-0:2.6.0)"
                "(261101000000W)(15)(261012223000S)(01.452*kW)(261029150000W)(01.633*kW)"
            ],
            [("2026-10-12 20:30", 1452)],
        ),
        (
            [
                "0-0:98.1.0(1)(1-0:2.6.0)(1-0:2.6.0)(1-0:1.6.0)(1-0:1.6.0)"
                "(261101000000W)(261029150000W)(01.633*kW)(261012223000S)(01.452*kW)"
            ],
            [("2026-10-12 20:30", 1452)],
        ),
    ],
)
def test_month_peaks_in_every_form(
    lines: list[str], peaks: list[tuple[str, int]], pull: Pull, database: Path
) -> None:
    """A month's peak from the grid is stored, whichever way it is printed; all is understood."""
    content = simple("1-0:1.8.1(1.000*kWh)", *lines).decode()
    assert "Not understood" not in pull("--dry-run", "-", stdin=content).stdout
    assert pull("-", stdin=content).returncode == 0
    query = "SELECT strftime('%Y-%m-%d %H:%M', ended_at, 'unixepoch'), power_w FROM month_peaks"
    assert rows(database, query) == peaks


def test_records_of_the_grid_s_large_meters_are_shown(pull: Pull, captured: Captured) -> None:
    """Peaks of both directions, and the registers of earlier months, are shown with their names."""
    shown = pull("--dry-run", captured("belgium-e660-large")).stdout
    assert (
        "    at 2026-07-01 00:00:00 CEST: number of month ends 15; month peak 1.452 kW at"
        " 2026-06-04 08:45:00 CEST; month peak to the grid 1.633 kW at 2026-06-29 15:00:00 CEST\n"
    ) in shown
    assert "import, all tariffs 2631.00 kWh; export, all tariffs 1091.45 kWh\n" in shown
    answer = json.loads(pull("--dry-run", "--json", captured("israel")).stdout)
    (interval,) = answer["objects"]["1-0:99.1.0"]["value"]
    assert interval["at"] == "2026-11-23T10:45:00Z"
    assert interval["values"][1] == {
        **{"code": "1-0:1.29.0", "name": "interval_import", "value": 0.165},
        **{"unit": "kWh", "at": None},
    }


def test_status_of_a_record_may_be_no_number(pull: Pull) -> None:
    """What is not a number in a record is shown as it was printed."""
    codes = "(1)(0-0:96.10.7)(1-0:1.29.0)(1-0:2.29.0)"
    line = f"1-0:99.1.0{codes}(261123114500W)(0A)(000000.165*kWh)()"
    shown = pull("--dry-run", "-", stdin=simple("1-0:1.8.1(1.000*kWh)", line).decode()).stdout
    assert "CET: status 0A; import in it 0.165 kWh; export in it -\n" in shown


def test_tariffs_to_eight_are_stored(pull: Pull, database: Path, captured: Captured) -> None:
    """Every tariff of a meter with eight is stored and exported."""
    assert pull(captured("germany-iskra")).returncode == 0
    query = "SELECT import_wh, import_t4_wh, import_t5_wh, import_t8_wh FROM readings"
    assert rows(database, query) == [(10192570, 1706770, 0, 0)]
    shown = pull("--dry-run", captured("slovenia-iskra")).stdout
    assert re.search(r"^Import, tariff 5 +50\.00 kWh +1-0:1\.8\.5$", shown, re.MULTILINE)


@pytest.mark.parametrize("code", ["1-0:1.8.9", "1-0:2.8.16", "1-0:1.8.14*255", "1-3:1.8.1"])
def test_register_that_is_not_stored_is_told(code: str, pull: Pull) -> None:
    """A register for which there is no place isn't left out in silence, once it counts."""
    bare = code.partition("*")[0]
    sentence = f"{bare} counts, but only tariffs 1 to 8 are stored"
    for counter, is_told in (("000100.000", True), ("000000.000", False)):
        content = simple("1-0:1.8.1(1.000*kWh)", f"{code}({counter}*kWh)").decode()
        assert (sentence in pull("-v", "-", stdin=content).stdout) == is_told
        assert (f"{sentence}.\n" in pull("--dry-run", "-", stdin=content).stdout) == is_told


@pytest.mark.parametrize(
    ("printed", "tariff", "shown"),
    [
        ("0002", 2, 2),
        ("TARIFF 2", 2, 2),
        ("Tariff2", 2, 2),
        ("T2", 2, 2),
        ("2", 2, 2),
        ("HIGH", None, "HIGH"),
        ("", None, None),
    ],
)
def test_tariff_in_words(
    printed: str, tariff: int | None, shown: str | int | None, pull: Pull
) -> None:
    """The tariff that applies is a number, with or without a word."""
    content = simple("1-0:1.8.1(1.000*kWh)", f"0-0:96.14.0({printed})").decode()
    answer = json.loads(pull("--dry-run", "--json", "-", stdin=content).stdout)
    assert (answer["tariff"], answer["objects"]["0-0:96.14.0"]["value"]) == (tariff, shown)


def test_belgian_month_peaks_are_kept(pull: Pull, database: Path) -> None:
    """Each month's peak is kept once, and the running month's never shrinks."""
    content = telegram("belgium-1.7-gas-and-water").decode()
    pull("-", stdin=content)
    stored = "SELECT date(month_ended_at - 1, 'unixepoch'), power_w FROM month_peaks"
    before = [("2026-08-31", 1898), ("2026-09-30", 1664), ("2026-10-31", 4211)]
    assert rows(database, stored) == [*before, ("2026-11-30", 3184)]
    for stamp, power, kept in (("261103", "04.001", 4001), ("261104", "03.999", 4001)):
        later = re.sub(r"1.6.0\(261102114500W\)\(03.184", f"1.6.0({stamp}114500W)({power}", content)
        later = later.replace("0-0:1.0.0(261102", f"0-0:1.0.0({stamp}")
        body = later.partition("!")[0].split("\r\n")[:-1]
        assert pull("-", stdin=with_crc(*body).decode()).returncode == 0
        assert rows(database, stored) == [*before, ("2026-11-30", kept)]


def test_power_failures_are_kept_once_for_ever(pull: Pull, database: Path) -> None:
    """A power failure is kept once, even after it has left the meter's log."""
    entry = ("(251030020500W)(0000000300*s)", "(190326095015W)(0000002014*s)")
    filler = "(000101000001W)(2147483647*s)"
    unknown = "(000104180320W)(0000237126*s)"
    for minute, log in enumerate(
        (
            f"(2)(0-0:96.7.19){entry[0]}{entry[1]}",
            f"(2)(0-0:96.7.19){entry[1]}{entry[0]}{filler}",
            f"(1)(0-0:96.7.19){unknown}",
            "()",
        )
    ):
        lines = ("1-0:1.8.1(000001.000*kWh)", f"1-0:99.97.0{log}")
        assert (
            pull("-", stdin=simple(*lines, stamp=f"2611231200{minute:02d}W").decode()).returncode
            == 0
        )
    found = rows(database, "SELECT ended_at, duration_s FROM power_failures ORDER BY 1")
    assert found == [(None, 237126), (1553590215, 2014), (1761786300, 300)]


def test_counts_are_kept_when_they_change(pull: Pull, database: Path) -> None:
    """Counts get a new row only when one of them changes."""
    for minute, sags in enumerate(("00001", "00001", "00002", "ERROR")):
        lines = ("1-0:1.8.1(1.000*kWh)", "0-0:96.7.21(00013)", f"1-0:32.32.0({sags})")
        content = simple(*lines, stamp=f"2611231200{minute:02d}W").decode()
        assert pull("-", stdin=content).returncode == 0
    found = rows(database, "SELECT power_failures, voltage_sags_l1 FROM counters ORDER BY taken_at")
    assert found == [(13, 1), (13, 2), (13, None)]


def test_two_devices_with_one_id_are_two() -> None:
    """Devices with one id differ by channel, type or unit."""
    found = reading(
        *("1-0:1.8.1(1.000*kWh)", "0-1:24.1.0(003)", "0-1:96.1.0(3132)", "0-2:24.1.0(003)"),
        *("0-2:96.1.0(3132)", "0-1:24.2.1(261123120000W)(00001.000*m3)"),
        "0-2:24.2.1(261123120000W)(00000.000*m3)",
    ).devices  # fmt: skip
    assert [(each.equipment_id, each.channel, each.counter) for each in found] == [
        ("12", 1, 1000),
        ("12", 2, 0),
    ]


@pytest.mark.parametrize(
    "counter",
    [
        pytest.param("0-1:24.2.1(700101010000W)(00000000)", id="failed pairing"),
        pytest.param("0-1:24.2.1(632525252525W)(00000.000*m3)", id="month 25"),
        pytest.param("0-1:24.2.1(261123120000W)(00000.000)", id="no unit"),
        pytest.param("0-1:24.2.1()", id="empty"),
        pytest.param("0-1:24.2.1(261123120000W)(ERROR)", id="words"),
        pytest.param("0-1:24.2.1(261123120000W)", id="one group"),
    ],
)
def test_slot_without_a_counter_is_left_out(counter: str) -> None:
    """A device without a counter is left out, and nothing else is."""
    live = "0-2:24.2.1(261123120000W)(00007.000*m3)"
    found = reading("1-0:1.8.1(1.000*kWh)", counter, "0-2:24.1.0(003)", live).devices
    assert [(each.channel, each.counter) for each in found] == [(2, 7000)]


@pytest.mark.parametrize(
    ("printed", "kind"),
    [
        ("3", 3),
        ("03", 3),
        ("003", 3),
        ("010", 10),
        ("00A", 10),
        ("00C", 12),
        ("", None),
        ("x", None),
    ],
)
def test_device_type_is_decimal_or_with_a_letter_hexadecimal(
    printed: str, kind: int | None
) -> None:
    """A device type is decimal, or hexadecimal if it has a letter."""
    lines = (f"0-1:24.1.0({printed})", "0-1:24.2.1(261123120000W)(00007.000*m3)")
    assert reading("1-0:1.8.1(1.000*kWh)", *lines).devices[0].device_type == kind


def test_belgian_channel_id_is_not_the_meter_s() -> None:
    """The id of the gas meter's channel is not taken for the electricity meter's."""
    lines = ("0-1:96.1.1(474153)", "0-1:24.2.3(261123120000W)(00007.000*m3)")
    found = reading("1-0:1.8.1(1.000*kWh)", *lines, meter="4D45544552")
    assert (found.equipment_id, found.devices[0].equipment_id) == ("METER", "GAS")


def test_old_gas_of_24_hours_is_stored_hour_by_hour() -> None:
    """The 24 gas values of P1 2.1 are each stored at their hour."""
    found = parsed(telegram("dsmr-2.1-itron")).reading().devices
    assert [(each.at - NOON, each.counter) for each in found] == [
        *((-7200, 4321050), (-3600, 4321150)),
        (-86400, 4320950),
    ]


def test_optional_objects_may_be_missing_empty_or_in_another_order() -> None:
    """The registers are read wherever they are and whatever is missing."""
    empty = reading("1-0:2.8.1()", "1-0:1.7.0()", "0-0:96.14.0()", "1-0:1.8.2(2.000*kWh)", meter="")
    assert (empty.values, empty.tariff, empty.equipment_id) == (
        {"import_t2_wh": 2000},
        None,
        "TST5\\2METER",
    )


def test_repeated_object_that_is_damaged_costs_nothing() -> None:
    """The first valid value of a repeated code counts."""
    assert reading("1-0:1.8.1(1.000*kWh)", "1-0:1.8.1(x)").values == {"import_t1_wh": 1000}
    values = reading("1-0:1.8.2()", "1-0:1.8.1(1.000*kWh)", "1-0:1.8.2(2.000*kWh)").values
    assert values == {"import_t1_wh": 1000}


def test_second_header_inside_the_telegram_of_holley() -> None:
    """A slash inside Holley's telegram does not start another one."""
    assert parsed(telegram("hungary-holley")).header == "HLY5/D545-METER"


@pytest.mark.parametrize("stamp", ["261123120000W", "261123120000w", "261123120000"])
def test_stamp_with_a_small_letter_or_none(stamp: str) -> None:
    """A timestamp with a small letter, or without any, means the same instant."""
    assert reading(stamp=stamp).timestamp == NOON


@pytest.mark.parametrize(
    "stamp", ["632525252525W", "700101010000W", "000101000000W", "", "261323120000W", "noon"]
)
def test_stamp_that_is_not_available(stamp: str) -> None:
    """A timestamp that the meter doesn't have is no instant and no error."""
    assert reading(stamp=stamp).timestamp is None


def test_stamp_of_ace4000() -> None:
    """Year, month and day with dashes, then the time with colons."""
    assert reading(stamp="26-11-23 12:00:00").timestamp == NOON


@pytest.mark.parametrize(
    ("stamp", "received_at", "utc"),
    [
        ("261025021500S", None, 1792887300),
        ("261025021500W", None, 1792890900),
        ("261025021500", None, 1792887300),
        ("261025021500", 1792887310, 1792887300),
        ("261025021500", 1792890910, 1792890900),
        ("261025011500", 1792890910, 1792883700),
        ("261025031500", 1792887310, 1792894500),
    ],
)
def test_stamp_in_the_hour_that_comes_twice(stamp: str, received_at: int | None, utc: int) -> None:
    """In the hour that comes twice the letter decides, or else the time of reception."""
    assert parsed(simple(stamp=stamp)).reading(3600, received_at).timestamp == utc


def test_bytes_that_are_not_ascii_in_a_message() -> None:
    """Bytes that are not ASCII are shown escaped, and fillers are no message."""
    lines = ("1-0:1.8.1(1.000*kWh)", "0-0:96.13.0(" + "\xff" * 300 + ")", "0-0:96.13.1(caf\xe9)")
    known, _ = decode(parsed(simple(*lines)), 3600)
    shown = {entry.code: entry.value for entry in known}
    assert (shown["0-0:96.13.0"], shown["0-0:96.13.1"]) == (None, "caf\\xe9")


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("416C6C657320676F6564", "Alles goed"),
        ("c3a9c3a96e", "één"),
        ("1B5B324A", "1B5B324A"),
        ("FFFFFFFF", None),
        ("", None),
        ("abc", "abc"),
    ],
)
def test_text_message_is_decoded_and_not_stored(
    printed: str, shown: str | None, pull: Pull, database: Path
) -> None:
    """A text message is decoded, harmless for a terminal, and not stored."""
    content = simple("1-0:1.8.1(1.000*kWh)", f"0-0:96.13.0({printed})").decode()
    answer = json.loads(pull("--json", "-", stdin=content).stdout)
    assert answer["objects"]["0-0:96.13.0"]["value"] == shown
    assert b"Alles goed" not in database.read_bytes()


@pytest.mark.parametrize(
    ("code", "value", "name"),
    [
        ("1-0:31.4.0", "200.00*A", "fuse_supervision_l1"),
        ("1-0:31.4.0", "0000.002*kA", "mean_current_l1"),
        ("1-0:1.6.0", "261123114500W)(03.064*kW", "month_peak"),
        ("1-0:1.6.0", "03.064*kW", "greatest_power"),
        ("0-0:98.1.0", "0)(1-0:1.6.0)(1-0:1.6.0", "month_peak_history"),
        ("0-0:98.1.0", "261101000000W)(000040.777*kWh)(02.095*kW", "month_profile"),
    ],
)
def test_one_code_with_two_meanings_is_decided_by_its_value(
    code: str, value: str, name: str
) -> None:
    """A code with two meanings is understood by the form of its value."""
    known, unknown = decode(parsed(simple("1-0:1.8.1(1.000*kWh)", f"{code}({value})")), 3600)
    assert ([entry.name for entry in known][-1], unknown) == (name, [])


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("dsmr-5.0-iskra", "Import, tariff 1 (low)"),
        ("belgium-1.7-gas-and-water", "Import, tariff 1 (day)"),
        ("belgium-wallonia-iskra", "Import, tariff 1 (day)"),
        ("hungary-holley", "Import, tariff 1 "),
        ("austria-sagemcom", "Import, tariff 1 "),
    ],
)
def test_tariffs_are_named_where_their_names_are_known(
    name: str, label: str, pull: Pull, captured: Captured
) -> None:
    """Tariffs have the names of the meter's country, or else numbers."""
    shown = pull("--dry-run", captured(name)).stdout
    assert any(line.startswith(label) for line in shown.splitlines())


def test_units_without_a_star() -> None:
    """A unit without a star before it is read."""
    lines = ("1-0:1.8.1(001247.747kWh)", "1-0:32.7.0(234.5V)", "1-0:31.7.0(000.19A)")
    found = reading(*lines, "0-1:24.2.3(261123120000W)(00007.000m3)")
    assert found.values == {"import_t1_wh": 1247747, "voltage_l1_dv": 2345, "current_l1_ma": 190}
    assert [device.counter for device in found.devices] == [7000]
    known, _ = decode(parsed(simple(*lines)), 3600)
    assert [(str(entry.value), entry.unit) for entry in known[-3:]] == [
        *(("1247.747", "kWh"), ("234.5", "V")),
        ("0.19", "A"),
    ]


@pytest.mark.parametrize("unit", ["kWh", "KWH", "kwh", "kWH"])
def test_case_of_a_unit_does_not_matter(unit: str) -> None:
    """Units are read in any mix of small and capital letters."""
    assert reading(f"1-0:1.8.0(7.000*{unit})").values == {"import_wh": 7000}


def test_mega_is_not_milli() -> None:
    """MW is never taken for mW."""
    assert reading("1-0:1.8.0(7.000*MWh)").values == {"import_wh": 7_000_000}
    with pytest.raises(TelegramError, match="one of Wh, kWh, MWh"):
        reading("1-0:1.8.0(7.000*mWh)")


def test_line_number_of_a_wrong_value_is_the_telegram_s() -> None:
    """An error names the line of the telegram as it was sent."""
    with pytest.raises(TelegramError, match="line 9 of the telegram"):
        reading(
            *("0-1:24.3.0(261123120000)(00)(60)(1)(0-1:24.2.1)(m3)", "(00001.000)", ""),
            "1-0:1.8.1(x)",
        )


def test_first_wrong_line_is_named(pull: Pull) -> None:
    """Of several wrong lines the first is named, by its own number."""
    lines = ("1-0:1.8.11(1.000*kWh)", "1-0:1.8.2(x)", "1-0:1.8.1(2.000* kWh)", "1-0:2.7.0(x)")
    done = pull("--dry-run", "-", stdin=simple(*lines).decode())
    assert "p1-pull: line 7 of the telegram, 1-0:1.8.2(x), is wrong at character 11" in done.stderr


def test_many_empty_lines_before_a_value_are_no_trouble() -> None:
    """A value belongs to its code even if empty lines are between them."""
    found = reading("1-0:1.8.1", *[""] * 5000, "(1.000*kWh)")
    assert found.values == {"import_t1_wh": 1000}


def test_long_line_is_shortened_in_the_error() -> None:
    """An error about a very long line stays one short sentence."""
    with pytest.raises(TelegramError, match="line 6") as caught:
        reading("1-0:1.8.1(" + "x" * 20000 + ")")
    assert len(str(caught.value)) < 300
