"""From bytes to a reading: framing, CRC, values, stamps; and that no bytes do harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimmemeter.errors import TelegramError
from slimmemeter.p1 import obis
from slimmemeter.p1.crc import crc16, crc_x25
from slimmemeter.p1.event_logs import power_failures
from slimmemeter.p1.framing import LONGEST, Framer
from slimmemeter.p1.objects import DEFINITIONS
from slimmemeter.p1.telegram import Telegram
from slimmemeter.p1.timestamps import parse_timestamp
from slimmemeter.store import schema
from support.memory import peak_of
from support.telegrams import E350, frames, simple, with_crc


def reading_of(telegram: bytes, winter_offset_s: int = 3600):  # type: ignore[no-untyped-def]
    """The reading of the one telegram in these bytes."""
    (frame,) = frames(telegram)
    return Telegram(frame).reading(winter_offset_s)


def crc_by_the_book(data: bytes) -> int:
    """CRC-16/ARC bit by bit, as P1 5.0.2 section 6.2 words it."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def test_crc_is_the_catalogue_s() -> None:
    """The CRC has the check value of CRC-16/ARC."""
    assert crc16(b"123456789") == 0xBB3D


@given(st.binary(max_size=2000))
def test_folded_crc_is_the_bitwise_one(data: bytes) -> None:
    """The fast CRC equals the one that is calculated bit by bit."""
    assert crc16(data) == crc_by_the_book(data)


def test_other_crc_of_holley() -> None:
    """CRC-16/X-25 is accepted from Holley's meters only."""
    assert crc_x25(b"123456789") == 0x906E
    for header, crc in (("/HLY5/D545-METER", "ok"), ("/TST5", "wrong")):
        body = simple().replace(b"/TST5\\2METER", header.encode()).rpartition(b"!")[0] + b"!"
        (frame,) = frames(body + b"%04X\r\n" % crc_x25(body))
        assert Telegram(frame).crc == crc


def test_example_telegram_is_read_whole() -> None:
    """Every value of the README's example telegram is read."""
    reading = reading_of(E350)
    assert reading.header == "XMX5LGBBFG1012345678"
    assert (reading.version, reading.equipment_id) == ("42", "E0031003001699515")
    assert (reading.timestamp, reading.tariff) == (1483888267, 1)
    assert reading.values["import_t1_wh"] == 2074842
    assert reading.values["export_t2_wh"] == 28031
    assert reading.values["power_import_w"] == 494
    assert reading.values["current_l1_ma"] == 2000
    gas = reading.devices[0]
    assert (gas.channel, gas.device_type, gas.at) == (1, 3, 1483887600)
    assert (gas.counter, gas.unit, gas.equipment_id) == (1234000, "dm3", "G0024001610084515")
    failures = [(each.ended_at, each.duration_s) for each in reading.log.power_failures]
    assert failures == [(1458063739, 310), (1478252128, 1862)]


@pytest.mark.parametrize(
    ("before", "pieces"),
    [
        ("a start in the middle", [E350[300:] + E350]),
        ("noise", [b"\xff\x80garbage!(" + E350]),
        ("NULs", [b"\0\0" + E350[:200] + b"\0" + E350[200:] + b"\0"]),
        ("a drip of single bytes", [bytes([byte]) for byte in E350]),
        ("no line end after the CRC", [E350.rstrip()]),
        ("a slash and a mark in the noise", [b"/!x" + E350]),
    ],
)
def test_framer_finds_the_whole_telegram(before: str, pieces: list[bytes]) -> None:
    """A telegram is found whatever surrounds it and however it is cut."""
    assert "ok" in [Telegram(frame).crc for frame in frames(*pieces)], before


def test_framer_finds_two_telegrams_in_one_read() -> None:
    """Two telegrams in one piece are both found."""
    assert [Telegram(frame).crc for frame in frames(E350 + simple())] == ["ok", "ok"]


def test_half_a_telegram_glued_to_a_whole_one_is_cut_off() -> None:
    """Half a telegram before a whole one is cut off."""
    (frame,) = frames(E350[:400] + simple())
    assert Telegram(frame).crc == "ok"
    assert Telegram(frame).header == "TST5\\2METER"


def test_slash_inside_the_header_starts_nothing() -> None:
    """A slash inside the header does not start another telegram."""
    assert reading_of(with_crc("/HLY5/D545-METER", "", "1-0:1.8.0(000001.000*kWh)")).values


def test_endless_line_is_forgotten() -> None:
    """A line without an end takes no more memory than a telegram, and the next one is found."""
    framer = Framer()

    def hear() -> None:
        for _ in range(20 * LONGEST // 1024):
            assert not list(framer.feed(b"/" + b"x" * 1023))

    assert peak_of(hear) < 4 * LONGEST
    assert list(framer.feed(b"\r\n" + E350))


def test_capture_that_lost_its_carriage_returns_is_read() -> None:
    """A telegram whose carriage returns were lost still has a right CRC."""
    assert reading_of(E350.replace(b"\r\n", b"\n")).values["import_t2_wh"] == 881383


@pytest.mark.parametrize("crc", ["lower", "unpadded"])
def test_crc_may_be_printed_otherwise(crc: str) -> None:
    """A CRC in small letters, or without leading zeros, is accepted."""
    number = 0
    while True:  # a message whose CRC starts with a zero
        telegram = simple("1-0:1.8.1(000001.000*kWh)", f"0-0:96.13.0({number:04X})")
        body, _, digits = telegram.rstrip().rpartition(b"!")
        if digits.startswith(b"0") and digits.lower() != digits:
            break
        number += 1
    shown = digits.lower() if crc == "lower" else digits.lstrip(b"0")
    assert reading_of(body + b"!" + shown + b"\r\n").values


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("1-0:1.8.1(00x001.000*kWh)", "character 13"),
        ("1-0:1.8.1(000001.000*kW)", "one of Wh, kWh, MWh"),
        ("1-0:1.8.1(000001.000)", "character 21"),
        ("1-0:1.8.1(-00001.000*kWh)", "character 11"),
        ("1-0:1.8.1(1_0.000*kWh)", "character 12"),
        ("1-0:1.8.1(\xb2.000*kWh)", "character 11"),
        ("1-0:1.7.0(00.494*kWh)", "one of W, kW, MW"),
        ("1-0:1.8.1(" + "9" * 5000 + "*kWh)", "at most 12 digits"),
        ("1-0:1.8.1(000001.000*kWh", "line 6"),
        ("1-0:1.8.1", "character 10"),
    ],
)
def test_wrong_register_refuses_the_telegram(line: str, output: str) -> None:
    """A wrong register refuses the telegram, and the error names line and character."""
    (frame,) = frames(simple(line, "1-0:2.8.1(000002.000*kWh)"))
    with pytest.raises(TelegramError, match="line 6 of the telegram") as caught:
        Telegram(frame).reading()
    assert output in str(caught.value)


def test_telegram_without_register_is_refused() -> None:
    """A telegram without any energy register is refused."""
    with pytest.raises(TelegramError, match="no energy register"):
        reading_of(simple("1-0:1.7.0(00.494*kW)", "1-0:1.8.1()"))


def test_odd_optional_object_costs_no_reading() -> None:
    """A wrong voltage is left out, and the registers are stored."""
    values = reading_of(simple("1-0:1.8.1(000001.000*kWh)", "1-0:32.7.0(ERROR)")).values
    assert values == {"import_t1_wh": 1000}


def test_first_of_a_repeated_object_counts() -> None:
    """The first of two equal codes counts."""
    lines = ("1-0:1.8.1(000001.000*kWh)", "1-0:1.8.1(000009.000*kWh)")
    assert reading_of(simple(*lines)).values == {"import_t1_wh": 1000}


def test_counter_finer_than_a_watt_hour_is_rounded_down() -> None:
    """A fraction of a Wh is rounded down."""
    assert reading_of(simple("1-0:1.8.1(1.2349999*kWh)")).values["import_t1_wh"] == 1234


def test_codes_may_end_in_the_sixth_group() -> None:
    """A code may end in `*255`."""
    lines = ("1-0:1.8.0*255(000001.000*kWh)", "1-0:1.7.0*255(000123.45*W)")
    assert reading_of(simple(*lines)).values == {"import_wh": 1000, "power_import_w": 123}


@pytest.mark.parametrize(
    ("shown", "wh"), [("7*Wh", 7), ("0.007*kWh", 7), ("1.5*MWh", 1500000), ("7.5*kWh ", 7500)]
)
def test_units_of_energy(shown: str, wh: int) -> None:
    """Wh, kWh and MWh are all converted to Wh."""
    assert reading_of(simple(f"1-0:1.8.0({shown})")).values == {"import_wh": wh}


@pytest.mark.parametrize(
    ("stamp", "utc"),
    [
        (b"170108161107W", 1483888267),
        (b"210701120000S", 1625133600),
        (b"210701120000s", 1625133600),
        (b"261025023000S", 1792888200),  # the hour that comes twice
        (b"261025023000W", 1792891800),
        (b"200229000000W", 1582930800),
        (b"190229000000W", None),
        (b"632525252525W", None),
        (b"700101010000W", None),
        (b"000101010000W", None),
        (b"261123240000W", None),
        (b"26112312000W", None),
        (b"15-06-17 13:0", None),
        (b"", None),
        (b"210701120000", 1625133600),  # P1 3.0 has no letter
        (b"211224120000", 1640343600),
        (b"260329015959", 1774745999),
        (b"260329030000", 1774746000),
        (b"261025030000", 1792893600),
    ],
)
def test_stamps(stamp: bytes, utc: int | None) -> None:
    """A local timestamp becomes its instant, and a wrong one none."""
    assert parse_timestamp(stamp, 3600) == utc


@given(st.integers(978307200, 3124223999))
def test_every_winter_stamp_is_its_instant(utc: int) -> None:
    """Every second of 2001 to 2068 is converted correctly."""
    from datetime import UTC, datetime, timedelta

    local = datetime.fromtimestamp(utc, UTC) + timedelta(hours=1)
    assert parse_timestamp(local.strftime("%y%m%d%H%M%SW").encode(), 3600) == utc


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (b"0)(0-0:96.7.19)", []),
        (b")", []),
        (b"1)(0-0:96.7.19)(000101000001W)(2147483647*s)", []),
        (b"1)(0-0:96.7.19)(000101010000W)(0000000232*s)", [(None, 232)]),
        (b"1)(0-0:96.7.19)(170108161107W)(0000000301*s)", [(1483888267, 301)]),
        (b"1)(0-0:96.7.19)(170108161107W)(abc*s)", []),
    ],
)
def test_power_failure_log(log: bytes, found: list[tuple[int | None, int]]) -> None:
    """The log of power failures is read without its fillers."""
    failures = power_failures(log, 3600)
    assert [(each.ended_at, each.duration_s) for each in failures] == found


def test_old_gas_form_of_two_lines() -> None:
    """A gas value on a line of its own, as in P1 3.0, is read."""
    reading = reading_of(
        b"/ISk5\\2MT382-1003\r\n\r\n0-0:96.1.1(5A31)\r\n1-0:1.8.1(00153.259*kWh)\r\n"
        b"0-1:24.1.0(03)\r\n0-1:96.1.0(3238)\r\n"
        b"0-1:24.3.0(210724090000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00042.517)\r\n!\r\n"
    )
    gas = reading.devices[0]
    assert (gas.device_type, gas.at, gas.counter, gas.unit) == (3, 1627110000, 42517, "dm3")


def test_missing_crc_of_a_meter_that_sends_one_is_an_error() -> None:
    """A missing CRC is an error if the meter's version has one."""
    (frame,) = frames(simple().rpartition(b"!")[0] + b"!\r\n")
    with pytest.raises(TelegramError, match="has no CRC"):
        Telegram(frame).reading()


def test_wrong_crc_is_named() -> None:
    """The error of a wrong CRC has both CRCs in it."""
    (frame,) = frames(E350.replace(b"2074.842", b"2074.843"))
    with pytest.raises(
        TelegramError, match=r"damaged: its CRC is 7BF4, but its bytes give [0-9A-F]{4}$"
    ):
        Telegram(frame).reading()


def test_columns_of_the_table_are_those_of_the_schema() -> None:
    """The columns in the table of objects are those of the database."""
    columns = {row[3] for row in obis.TABLE.values() if row[3]}
    assert columns == {*schema.COMMON_COLUMNS, *schema.RARE_COLUMNS, *schema.COUNTERS}
    assert set(schema.REGISTERS) == obis.REGISTERS


# P1 Companion Standard 4.0, 4.2.2 and 5.0.2, chapter 6: every object that is sent on P1.
STANDARD = """
1-3:0.2.8 0-0:1.0.0 0-0:96.1.1 1-0:1.8.1 1-0:1.8.2 1-0:2.8.1 1-0:2.8.2 0-0:96.14.0 1-0:1.7.0
1-0:2.7.0 0-0:17.0.0 0-0:96.3.10 0-0:96.7.21 0-0:96.7.9 1-0:99.97.0 1-0:32.32.0 1-0:52.32.0
1-0:72.32.0 1-0:32.36.0 1-0:52.36.0 1-0:72.36.0 0-0:96.13.1 0-0:96.13.0 1-0:32.7.0 1-0:52.7.0
1-0:72.7.0 1-0:31.7.0 1-0:51.7.0 1-0:71.7.0 1-0:21.7.0 1-0:41.7.0 1-0:61.7.0 1-0:22.7.0
1-0:42.7.0 1-0:62.7.0 0-1:24.1.0 0-2:96.1.0 0-3:24.2.1 0-4:24.4.0
"""


def test_every_object_of_the_dutch_standard_is_in_the_table() -> None:
    """Every object of DSMR 4.0, 4.2 and 5.0.2 is known."""
    assert [code for code in STANDARD.split() if code not in DEFINITIONS] == []
