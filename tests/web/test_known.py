"""No page says more than is known: parts, guesses, comparisons and figures for other programs."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from slimmemeter.p1.reading import MbusReading, MeterLog, MonthPeak, Reading
from slimmemeter.store.writer import Writer
from support.pages import client_of
from support.readings import DAY, HOUR, MONDAY

YEAR_2025 = 1_735_686_000  # in Amsterdam
YEAR_2026 = YEAR_2025 + 365 * DAY
WATT = 100  # that every house here takes


def hourly(
    begin: int, end: int, meter: str = "one", since: int = 0, without: tuple[int, int] = (0, 0)
) -> list[tuple[Reading, int]]:
    """An hourly reading from one instant to another, but for a time without any."""
    return [
        (
            Reading(
                meter, at, {"import_t1_wh": (at - (since or begin)) // HOUR * WATT}, header="T"
            ),
            at,
        )
        for at in range(begin, end, HOUR)
        if not without[0] < at < without[1]
    ]


def house(path: Path, *readings: tuple[Reading, int]) -> FlaskClient:
    """The pages of these readings."""
    with Writer(str(path)) as writer:
        writer.add_many(readings, None)
    return client_of(path)


def plain(client: FlaskClient, url: str) -> str:
    """The words of a page."""
    answer = client.get(url, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    text = "".join(part.partition(">")[2] for part in f">{answer.text}".split("<"))
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())


def found(client: FlaskClient, url: str) -> dict[str, object]:
    """The JSON of an address."""
    answer = client.get(url).json
    assert isinstance(answer, dict)
    return answer


def with_gas(reading: Reading, *gas: tuple[int, int, int]) -> Reading:
    """A reading with gas meters: channel, instant, counter."""
    reading.devices = [
        MbusReading(channel, 3, f"G{channel}", at, counter, "dm3") for channel, at, counter in gas
    ]
    return reading


def test_years_are_compared_only_if_both_are_known_whole(database: Path) -> None:
    """A meter that was replaced in a gap leaves a part of both years unknown."""
    whole = house(database, *hourly(YEAR_2025, YEAR_2026 + 365 * DAY))
    assert "the same as 2025" in plain(whole, "/year/2026")
    old = hourly(YEAR_2025, YEAR_2026 - 60 * DAY)
    new = hourly(YEAR_2026 + 60 * DAY, YEAR_2026 + 365 * DAY, "two")
    replaced = house(database.with_name("replaced"), *old, *new)
    for year in ("2025", "2026"):
        page = plain(replaced, f"/year/{year}")
        assert "incomplete" in page
        assert " as 202" not in page


def test_total_with_a_gap_over_its_border_is_a_guess(database: Path) -> None:
    """It says "about", JSON and CSV say `estimated`, and nothing is compared with it."""
    gap = (YEAR_2026 - 80 * DAY, YEAR_2026 + 40 * DAY)
    client = house(database, *hourly(YEAR_2025, YEAR_2026 + 365 * DAY, without=gap))
    for year in ("2025", "2026"):
        page = plain(client, f"/year/{year}")
        assert "about 87" in page
        assert " as 202" not in page
        assert "so the total is not exact" in page
    table = found(client, "/year/2025/electricity.json")
    assert table["estimated"] == [9, 10, 11, "total"]
    lines = client.get("/year/2025/electricity.csv").text.splitlines()[1:]
    notes = [line.split(",")[-3] for line in lines]
    assert notes == ["gap"] * 9 + ["gap estimated"] * 3


def test_gap_in_which_nothing_was_used_is_no_guess(database: Path) -> None:
    """If the counter stood still, a border in the gap is known."""
    readings = [
        (Reading("one", at, {"import_t1_wh": wh}, header="T"), at)
        for at, wh in ((YEAR_2026 - 5 * DAY, 0), (YEAR_2026 - DAY, 500), (YEAR_2026 + DAY, 500))
    ]
    client = house(database, *readings)
    table = found(client, "/year/2025/electricity.json")
    assert (table["estimated"], table["totals"]) == ([], {"import_t1_kwh": 0.5})
    assert "about" not in plain(client, "/year/2025")


def test_no_percentage_while_a_gas_meter_is_unknown(database: Path) -> None:
    """One of two reports once a day: until then the day is known in part."""
    begin = MONDAY
    readings = hourly(begin, MONDAY + 3 * DAY + 12 * HOUR)
    for reading, at in readings:
        hours, days = (at - begin) // HOUR, (at - begin) // DAY
        daily = begin + days * DAY
        with_gas(reading, (1, at, 10**6 + hours * 50), (2, daily, 10**6 + days * 1200))
    client = house(database, *readings)
    day = found(client, "/day/2026-10-29/gas.json")
    assert day["partial"] == [*range(11)]
    page = plain(client, "/day/2026-10-29")
    assert "Gas 0.55 m³ incomplete" in page
    assert "m³ = the same" not in page
    assert "2.4 m³ = the same as Tue 27 Oct (2.4 m³)" in plain(client, "/day/2026-10-28")


def test_time_before_the_first_reading_is_named(database: Path) -> None:
    """A year that isn't one says since when it is known."""
    client = house(database, *hourly(YEAR_2026 - 120 * DAY, YEAR_2026))
    assert "since 3 Sep 2025 (119 days)" in plain(client, "/year/2025")


def test_total_register_that_differs_from_its_tariffs_is_named(database: Path) -> None:
    """It is said, and "agrees" isn't."""

    def readings(share: int) -> list[tuple[Reading, int]]:
        return [
            (Reading("one", at, {"import_t1_wh": n * 50, "import_t2_wh": n * 50,
                                 "import_wh": 10**6 + n * share}, header="T"), at)
            for n, at in enumerate(range(MONDAY, MONDAY + DAY + HOUR, HOUR))
        ]  # fmt: skip

    url, agrees = "/day/2026-10-26", "The table matches the meter readings"
    assert agrees in plain(house(database, *readings(100)), url)
    other = database.with_name("other")
    page = plain(house(other, *readings(200)), url)
    assert "total register counted 4.8 kWh, and its tariffs 2.4 kWh together" in page
    assert agrees not in page
    assert "counted 4.8 kWh, and its tariffs 2.4 kWh" in plain(client_of(other), "/meter")


def test_while_a_register_waits_nothing_of_it_is_claimed(database: Path) -> None:
    """Zeros: the overview says so, other programs get the last good value, and nothing counts."""
    readings = hourly(MONDAY, MONDAY + 20 * HOUR, since=MONDAY - 1000 * HOUR)
    for reading, at in readings:
        reading.values["import_t2_wh"] = 10**6 + (at - MONDAY) // HOUR
        if at > MONDAY + 16 * HOUR:
            reading.values["import_t1_wh"] = 0
    client = house(database, *readings)
    assert "3 readings do not count until it is clear whether they are right" in plain(client, "/")
    assert found(client, "/now.json")["import_t1_kwh"] == 101.6
    day = found(client, "/day/2026-10-26/electricity.json")
    assert day["totals"] == {"import_t1_kwh": 1.6, "import_t2_kwh": 0.019}
    assert day["partial"] == [16, 17, 18]


def test_device_that_fell_silent_is_named(database: Path) -> None:
    """The overview says since when, from a day on, and no longer when another one took over."""
    readings = hourly(MONDAY, MONDAY + 3 * DAY)
    for reading, at in readings[:30]:
        with_gas(reading, (1, at, at // HOUR))
    silent = "gas: no reading since 27 Oct 2026 05:00:00"
    assert silent not in plain(house(database, *readings[:50]), "/")
    assert silent in plain(house(database, *readings[50:]), "/")
    replaced = with_new_gas_meter(readings[-1][1] + HOUR)
    assert silent not in plain(house(database, replaced), "/")


def with_new_gas_meter(at: int) -> tuple[Reading, int]:
    """A reading with another gas meter."""
    return with_gas(Reading("one", at, {"import_t1_wh": 10**6}, header="T"), (2, at, 5)), at


def test_figure_of_two_gas_meters_only_rises(database: Path) -> None:
    """One that joins adds what it counted since then, one that left keeps its last value."""
    steps = [
        {1: 7000}, {1: 7010}, {1: 7020, 2: 90_000}, {1: 7030, 2: 90_005}, {2: 90_010}, {2: 90_020},
    ]  # fmt: skip
    figures = []
    for place, counters in enumerate(steps):
        at = MONDAY + place * 2 * DAY
        reading = Reading("one", at, {"import_t1_wh": place}, header="T")
        with_gas(reading, *((channel, at, counter) for channel, counter in counters.items()))
        client = house(database, (reading, at))
        figures.append(found(client, "/now.json"))
    assert [each["gas_m3"] for each in figures] == [7.0, 7.01, 7.02, 7.035, 7.04, 7.05]
    newest = figures[-1]
    assert (newest["gas_channel_1_m3"], newest["gas_channel_2_m3"]) == (7.03, 90.02)


def test_mean_of_month_peaks_is_of_twelve_calendar_months(database: Path) -> None:
    """A peak of fourteen months ago doesn't count, even if months between are missing."""
    month = 30 * DAY
    peaks = [
        MonthPeak(YEAR_2026 - n * month, YEAR_2026 - n * month - DAY, watts)
        for n, watts in ((0, 4000), (1, 6000), (14, 90_000))
    ]
    log = MeterLog({}, (), peaks)
    reading = Reading("one", YEAR_2026, {"import_t1_wh": 1}, header="T", version="50217", log=log)
    client = house(database, (reading, YEAR_2026))
    assert "Mean month peak: 5.000 kW (2 months, each at least 2.5 kW)" in plain(client, "/meter")


@pytest.mark.parametrize("url", ["/", "/meter", "/day/2026-10-26", "/month/2026-10", "/years"])
def test_heat_alone_has_pages_that_ask_for_no_power(database: Path, url: str) -> None:
    """A heat meter's own port."""
    readings = []
    for place in range(12):
        at = MONDAY + place * HOUR
        reading = Reading("heat", at, {}, header="NWA")
        reading.devices = [MbusReading(1, 12, "H", at, 5000 + 9 * place, "MJ")]
        readings.append((reading, at))
    client = house(database, *readings)
    page = plain(client, url)
    assert "from the grid" not in page
    assert "heat" in page.lower()
    assert found(client, "/day/2026-10-26/heat.json")["totals"] == {"heat_gj": 0.099}


def test_line_of_a_year_ends_where_a_day_is_unknown(database: Path) -> None:
    """A meter that was replaced in a gap: the sum since January isn't known after it."""
    old = hourly(YEAR_2025, YEAR_2025 + 100 * DAY)
    new = hourly(YEAR_2025 + 110 * DAY, YEAR_2026, "two")
    client = house(database, *old, *new)
    table = found(client, "/year/2025/cumulative.json")
    columns = table["columns"]
    assert isinstance(columns, dict)
    (line,) = columns.values()
    assert [value is None for value in line] == [False] * 100 + [True] * 265
