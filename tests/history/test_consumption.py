"""The totals: differences of counters at exact instants, which add up whatever happens."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimmemeter.history import consumption, periods
from slimmemeter.history.table import Table
from slimmemeter.p1.reading import MbusReading, Reading
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from support.readings import MONDAY, reading, store

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def stored(path: Path, *readings: tuple[int, Reading]) -> Snapshot:
    """A database of these readings, opened as the pages do."""
    assert set(store(path, *readings)) == {"stored"}
    return Snapshot(Reader(str(path)))


def values(table: Table) -> list[list[int | None]]:
    """The numbers of each column."""
    return list(table.columns.values())


def totals(table: Table) -> dict[str, int | None]:
    """The total of each column, by name."""
    return {column.name: total for column, total in table.totals.items()}


def test_value_between_two_readings_lies_on_the_line(tmp_path: Path) -> None:
    """Between readings a value is interpolated and rounded down; outside them there is none."""
    house = stored(
        tmp_path / "x",
        (MONDAY + 100, reading({"import_t1_wh": 1000})),
        (MONDAY + 200, reading({"import_t1_wh": 1015})),
    )
    borders = [MONDAY + at for at in (50, 100, 120, 199, 200, 300)]
    table = consumption.energy(house, "electricity", borders)
    assert values(table) == [[None, 3, 11, 1, None]]


@given(rise=st.integers(0, 10**15), length_s=st.integers(2, 10**9), share=st.floats(0, 1))
def test_line_is_exact_however_steep_and_long(
    rise: int, length_s: int, share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Interpolation is exact to the Wh for any counter and any period."""
    begin = periods.midnight(date(2002, 1, 1), AMSTERDAM)
    elapsed_s = min(max(round(length_s * share), 1), length_s - 1)
    rise = min(rise, (length_s + 900) * 100_000 // 3600)  # what a connection can carry
    house = stored(
        tmp_path_factory.mktemp("line") / "x",
        (begin, reading({"import_t1_wh": 7})),
        (begin + length_s, reading({"import_t1_wh": 7 + rise})),
    )
    table = consumption.energy(house, "electricity", [begin, begin + elapsed_s, begin + length_s])
    house.reader.close()
    first = rise * elapsed_s // length_s
    assert values(table) == [[first, rise - first]]


def test_hour_between_readings_gets_its_share(tmp_path: Path) -> None:
    """Energy between two readings is shared by the hours in proportion to time."""
    house = stored(
        tmp_path / "x",
        (MONDAY + 3000, reading({"import_t1_wh": 1000})),
        (MONDAY + 4200, reading({"import_t1_wh": 1120})),
    )
    table = consumption.energy(house, "electricity", [MONDAY + 3600 * hour for hour in range(4)])
    assert (values(table), totals(table)) == ([[60, 60, None]], {"import_t1_kwh": 120})
    assert table.partial == [0, 1]


def test_mean_power_is_energy_by_time(tmp_path: Path) -> None:
    """Mean power is energy divided by the time that is known."""
    house = stored(
        tmp_path / "x",
        (MONDAY, reading({"import_t1_wh": 0, "import_t2_wh": 0, "export_t1_wh": 0})),
        (MONDAY + 900, reading({"import_t1_wh": 60, "import_t2_wh": 30, "export_t1_wh": 0})),
    )
    table = consumption.power(house, [MONDAY, MONDAY + 900, MONDAY + 1800])
    assert values(table) == [[360, None], [0, None]]
    assert totals(table) == {"import_w": 360, "export_w": 0}


def test_total_only_meter_that_is_replaced_keeps_the_totals(tmp_path: Path) -> None:
    """Two meters' consumption adds up, even if their tariffs differ."""
    two = {"import_t1_wh": 10, "import_t2_wh": 20}
    house = stored(
        tmp_path / "x",
        (MONDAY, reading({"import_wh": 100})),
        (MONDAY + 600, reading({"import_wh": 160})),
        (MONDAY + 900, reading(two, "new")),
        (MONDAY + 1200, reading({name: wh + 7 for name, wh in two.items()}, "new")),
    )
    table = consumption.energy(house, "electricity", [MONDAY, MONDAY + 3600])
    assert totals(table) == {
        "import_kwh": 60,
        "import_t1_kwh": 7,
        "import_t2_kwh": 7,
    }
    power = consumption.power(house, [MONDAY, MONDAY + 900, MONDAY + 1800])
    assert values(power) == [[360, 168]]


def test_gas_that_comes_late_lands_where_it_belongs(tmp_path: Path) -> None:
    """Gas values that come late, or twice, count at their own time."""
    stamps = [0, 3600, 3600, 1800, 5400, 4800]
    house = stored(
        tmp_path / "x",
        *(
            (MONDAY + 6000 + place, reading({"import_t1_wh": 1}, gas=(MONDAY + at, 5000 + at)))
            for place, at in enumerate(stamps)
        ),
    )
    table = consumption.energy(house, "gas", [MONDAY + at for at in range(0, 5401, 600)])
    assert values(table) == [[600] * 9]
    assert [(each.first, each.last) for each in house.device_series] == [(MONDAY, MONDAY + 5400)]


def test_gas_is_counted_by_its_own_stamps(tmp_path: Path) -> None:
    """Gas counts between the timestamps of the gas meter, not the times of the pulls."""
    registers = {"import_t1_wh": 1}
    house = stored(
        tmp_path / "x",
        (MONDAY + 3700, reading(registers, gas=(MONDAY, 5000))),
        (MONDAY + 7300, reading({"import_t1_wh": 2}, gas=(MONDAY + 3600, 5600))),
    )
    table = consumption.energy(house, "gas", [MONDAY, MONDAY + 3600, MONDAY + 7200])
    assert (values(table), list(totals(table))) == ([[600, None]], ["gas_m3"])


def test_replaced_meter_continues_the_totals(tmp_path: Path) -> None:
    """A replaced meter continues the totals, and the bucket of the change is partial."""
    house = stored(
        tmp_path / "x",
        (MONDAY, reading({"import_t1_wh": 90000}, "old")),
        (MONDAY + 3600, reading({"import_t1_wh": 90500}, "old")),
        (MONDAY + 5400, reading({"import_t1_wh": 3}, "new")),
        (MONDAY + 7200, reading({"import_t1_wh": 203}, "new")),
    )
    table = consumption.energy(house, "electricity", [MONDAY, MONDAY + 3600, MONDAY + 7200])
    assert (values(table), table.partial) == ([[500, 200]], [1])
    assert totals(table) == {"import_t1_kwh": 700}


def test_meter_that_drops_a_register_for_once_is_counted_once(tmp_path: Path) -> None:
    """A register that is missing once goes straight on over that reading."""
    both = {"import_t1_wh": 0, "export_t1_wh": 0}
    steps = [both, both, {"import_t1_wh": 0}, both, both]
    readings = (
        (MONDAY + 300 * n, reading(dict.fromkeys(values, 100 * n)))
        for n, values in enumerate(steps)
    )
    house = stored(tmp_path / "x", *readings)
    table = consumption.energy(house, "electricity", [MONDAY, MONDAY + 3600])
    assert totals(table) == {"import_t1_kwh": 400, "export_t1_kwh": 400}
    assert table.gaps == [(MONDAY + 300, MONDAY + 900)]


def test_two_devices_side_by_side_cover_their_time_once(tmp_path: Path) -> None:
    """Two gas meters that know the same half of a day know half of it."""
    path = tmp_path / "x"
    registers = ({"import_t1_wh": 1}, {"import_t1_wh": 2})
    half = [(MONDAY, 10), (MONDAY + 50000, 30)]
    for place, values in enumerate(registers):
        each = reading(values, gas=half[place])
        each.devices.append(MbusReading(2, 3, "gas 2", half[place][0], 7 * place, "dm3"))
        store(path, (MONDAY + 60 * place, each))
    table = consumption.energy(Snapshot(Reader(str(path))), "gas", [MONDAY, MONDAY + 86400])
    assert (totals(table), table.partial) == ({"gas_m3": 27}, [0])


def test_device_that_is_replaced_beside_another_is_a_change(tmp_path: Path) -> None:
    """A gas meter that is replaced beside another is a change, and all gas counts."""
    path = tmp_path / "x"
    for hour in range(10):
        each = reading({"import_t1_wh": hour}, gas=(MONDAY + 3600 * hour, 100 * hour))
        name, dm3 = ("new", hour - 6) if hour > 5 else ("old", 7000 + hour)
        if hour != 5:
            each.devices.append(MbusReading(2, 3, name, MONDAY + 3600 * hour, dm3, "dm3"))
        store(path, (MONDAY + 3600 * hour, each))
    table = consumption.energy(Snapshot(Reader(str(path))), "gas", [MONDAY, MONDAY + 86400])
    assert totals(table) == {"gas_m3": 900 + 4 + 3}
    (change,) = table.changes
    ids = (change.old[0].owner.equipment_id, change.new[0].owner.equipment_id)
    assert (change.reason, *ids) == ("another device", "old", "new")
    assert table.gaps == []


def test_total_beside_tariffs_is_not_counted_twice(tmp_path: Path) -> None:
    """If a meter has tariffs, its total register is left out."""
    values = {"import_wh": 30, "import_t1_wh": 10, "import_t2_wh": 20, "export_wh": 5}
    later = {name: value * 2 for name, value in values.items()}
    house = stored(tmp_path / "x", (MONDAY, reading(values)), (MONDAY + 60, reading(later)))
    table = consumption.energy(house, "electricity", [MONDAY, MONDAY + 60])
    assert list(totals(table)) == ["import_t1_kwh", "import_t2_kwh", "export_kwh"]


def test_gap_is_told_with_its_ends(house_database: Path) -> None:
    """More than half an hour without readings: the total stays exact, and the gap is named."""
    house = Snapshot(Reader(str(house_database)))
    day = periods.parse("day", "2026-10-27", AMSTERDAM)
    assert day is not None
    table = consumption.energy(house, "electricity", day.borders("hour"))
    ((begin, end),) = table.gaps
    assert begin < MONDAY + 86400 + 7200 < MONDAY + 86400 + 9 * 3600 <= end
    whole = consumption.energy(house, "electricity", [day.begin_at, day.end_at])
    assert totals(table) == totals(whole)


@pytest.mark.parametrize(("text", "hours"), [("2026-10-25", 25), ("2026-03-29", 23)])
def test_clock_change_days_have_their_hours(text: str, hours: int) -> None:
    """The days on which clocks change have 25 and 23 hours."""
    day = periods.parse("day", text, AMSTERDAM)
    assert day is not None
    assert len(day.borders("hour")) == hours + 1
    assert len(day.borders("5min")) == hours * 12 + 1


def test_periods_of_a_calendar() -> None:
    """A period knows its neighbours and the larger period; wrong names are no period."""
    month = periods.parse("month", "2024-02", AMSTERDAM)
    assert month is not None
    assert len(month.borders("day")) == 30
    before, after, up = month.beside(-1), month.beside(1), month.up()
    assert [p and p.name for p in (before, after, up)] == [
        "month/2024-01",
        "month/2024-03",
        "year/2024",
    ]
    wrong = (
        "2026-02-30",
        "2026-2-3",
        "26-01-01",
        "2026-13-01",
        "9999-01-01",
        "2026-01-01T",
        "²²²²-01-01",
    )
    assert [periods.parse("day", text, AMSTERDAM) for text in wrong] == [None] * len(wrong)
    assert periods.parse("year", "9999", AMSTERDAM) is None
    last = periods.parse("year", "2069", AMSTERDAM)
    assert last is not None
    assert last.beside(1) is None


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2026-W01", date(2025, 12, 29)),
        ("2026-W53", date(2026, 12, 28)),
        ("2024-W09", date(2024, 2, 26)),
        ("2025-W53", None),
        ("2026-W1", None),
        ("2026-W00", None),
        ("2026W01", None),
        ("2026-W01-1", None),
    ],
)
def test_weeks_are_those_of_iso_8601(text: str, first: date | None) -> None:
    """Weeks begin on Monday and are numbered as ISO 8601 has them."""
    week = periods.parse("week", text, AMSTERDAM)
    assert (week and week.first) == first
    if week is not None:
        after = week.beside(1)
        assert len(week.borders("day")) == 8
        assert after is not None
        assert (after.first - week.first).days == 7


def test_day_that_never_was() -> None:
    """In Samoa, 29 December 2011 is followed by the 31st."""
    zone = ZoneInfo("Pacific/Apia")
    assert periods.parse("day", "2011-12-30", zone) is None
    month = periods.parse("month", "2011-12", zone)
    assert month is not None
    lengths = [b - a for a, b in zip(month.borders("day"), month.borders("day")[1:], strict=False)]
    assert lengths == [86400] * 30


def test_hours_make_the_day_and_days_the_month(house_database: Path) -> None:
    """Hours add up to days and days to months, even with a gap and 25 hours."""
    house = Snapshot(Reader(str(house_database)))
    month = periods.parse("month", "2026-10", AMSTERDAM)
    assert month is not None
    by_day = consumption.energy(house, "electricity", month.borders("day"))
    by_hour = consumption.energy(house, "electricity", month.borders("hour"))
    assert totals(by_day) == totals(by_hour)
    for days, hours in zip(values(by_day), values(by_hour), strict=True):
        for place, day in enumerate(days):
            begin, end = by_day.borders[place : place + 2]
            inside = [
                value
                for at, value in zip(by_hour.borders, hours, strict=False)
                if begin <= at < end and value is not None
            ]
            assert (sum(inside) if inside else None) == day


ZONES = st.sampled_from(
    ["Europe/Amsterdam", "Asia/Kolkata", "America/Havana", "Australia/Lord_Howe", "UTC"]
)
HISTORIES = st.lists(
    st.tuples(st.integers(1, 200_000), st.integers(0, 25_000)), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(steps=HISTORIES, zone=ZONES, begin=st.integers(1_700_000_000, 1_800_000_000))
def test_sums_telescope_in_any_zone(
    steps: list[tuple[int, int]], zone: str, begin: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In any time zone, hours, days, months and years add up to the meter's rise."""
    at, counter, points = begin, 12345, [(begin, 12345)]
    for seconds, wh in steps:
        at, counter = at + seconds, counter + wh
        points.append((at, counter))
    path = tmp_path_factory.mktemp("sums") / "x"
    house = stored(path, *((t, reading({"import_t1_wh": wh})) for t, wh in points))
    years = periods.years(begin, at, ZoneInfo(zone))
    for bucket in ("year", "month", "day", "hour"):
        table = consumption.energy(house, "electricity", years.borders(bucket))
        assert totals(table) == {"import_t1_kwh": counter - 12345}
    house.reader.close()


@given(jumps=st.lists(st.integers(0, 50), min_size=2, max_size=30), every=st.integers(1, 9))
def test_differences_never_depend_on_the_borders(
    jumps: list[int], every: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A bucket has the same value whichever buckets are beside it."""
    points = [
        (MONDAY + 10 * place, reading({"import_t1_wh": sum(jumps[: place + 1])}))
        for place in range(len(jumps))
    ]
    house = stored(tmp_path_factory.mktemp("borders") / "x", *points)
    borders = [*range(MONDAY, points[-1][0], every), points[-1][0]]
    row = consumption.energy(house, "electricity", borders)
    alone = [
        consumption.energy(house, "electricity", [begin, end])
        for begin, end in zip(borders, borders[1:], strict=False)
    ]
    house.reader.close()
    assert values(row) == [[values(table)[0][0] for table in alone]]


def test_midnight_that_a_clock_skips() -> None:
    """Where clocks skip midnight, a day begins at 01:00."""
    zone = ZoneInfo("America/Havana")
    assert (
        periods.midnight(date(2026, 3, 8), zone) - periods.midnight(date(2026, 3, 7), zone) == 86400
    )
