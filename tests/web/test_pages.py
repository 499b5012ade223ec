"""What the pages say: beside what, when most, what is on at night, in which language."""

from __future__ import annotations

import csv
import io
import re
import struct
import subprocess
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from slimmemeter import clock
from support.contracts import FLEMISH
from support.database import rows
from support.debian import needs
from support.pages import client_of, words
from support.paths import ROOT
from support.programs import Pull
from support.readings import DAY, HOUR, MONDAY, reading, store
from support.telegrams import telegram

EVERY_PAGE = [
    *("", "day/2026-10-25", "week/2026-W44", "month/2026-10", "year/2026", "years", "last/365"),
    *("between/2026-10-24T12:00/2026-10-27", "meter"),
]


def steady(path: Path, by_hour: dict[int, int], begin: int, hours: int) -> None:
    """A database of a meter that is read each half-hour; some hours of the day use so many Wh."""
    counter, known = 0, []
    for half in range(hours * 2):
        at = begin + half * 1800
        known.append((at, reading({"import_t1_wh": counter, "export_t1_wh": 0})))
        counter += by_hour.get(at // HOUR % 24, 100) // 2
    store(path, *known)


def test_today_is_beside_yesterday_to_the_same_clock_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Today is compared with yesterday up to the same time of day."""
    steady(tmp_path / "x", {4: 600}, MONDAY, 2 * 24 + 10)
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 2 * DAY + 9 * HOUR + 1800)
    output = words(client_of(tmp_path / "x").get("/"))
    assert "From the grid 1.4 kWh = the same as yesterday by now (1.4 kWh)" in output
    output = words(client_of(tmp_path / "x").get("/day/2026-10-28"))
    assert "Compared with the same part of the other periods." in output


def test_how_much_more_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The difference from the period before is shown in words."""
    for second, shown in ((110, "▲ 10% more than Mon"), (50, "▼ 50% less than Mon"),
                         (1200, "▲ 12 times as much as Mon")):  # fmt: skip
        path = tmp_path / f"{second}"
        counters = [0, *([100] * 24), *([second] * 24)]
        known = [
            (MONDAY + n * HOUR, reading({"import_t1_wh": sum(counters[: n + 1])}))
            for n in range(49)
        ]
        store(path, *known)
        monkeypatch.setattr(clock, "now", lambda: MONDAY + 2 * DAY)
        assert shown in words(client_of(path).get("/day/2026-10-27"))


def test_nothing_is_compared_with_a_time_that_is_known_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A period that is known only in part is not compared with."""
    steady(tmp_path / "x", {}, MONDAY - 12 * HOUR, 30)
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 18 * HOUR)
    output = words(client_of(tmp_path / "x").get("/day/2026-10-26"))
    assert "From the grid 1.8 kWh" in output
    assert " than " not in output


def test_standby_is_the_lowest_tenth_of_the_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standby power is that of the quietest tenth of the hours."""
    steady(tmp_path / "x", {1: 60, 2: 60, 3: 60, 18: 2000}, MONDAY - 9 * DAY, 10 * 24)
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 23 * HOUR + 1800)
    output = words(client_of(tmp_path / "x").get("/"))
    assert "Always on about 60 W That is some 526 kWh a year" in output


def test_house_that_a_battery_carries_has_no_standby(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where next to nothing comes from the grid at night, nothing is said of standby."""
    steady(tmp_path / "x", dict.fromkeys(range(12), 1), MONDAY - 9 * DAY, 10 * 24)
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 23 * HOUR + 1800)
    client = client_of(tmp_path / "x")
    for path in ("/", "/day/2026-10-25"):
        shown = words(client.get(path)).lower()
        assert "always on" not in shown
        assert "in a few days" not in shown


def test_export_and_gaps_are_no_standby(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours with export, or with gaps, don't count for standby power."""
    known, counter, out = [], 0, 0
    for hour in range(10 * 24):
        at = MONDAY - 10 * DAY + hour * HOUR
        for minute in range(0, 60, 20):
            values = {"import_t1_wh": counter, "export_t1_wh": out}
            known.append((at + minute * 60, reading(values)))
        night, sun = hour % 24 < 4, hour % 24 in (12, 13)
        counter += 0 if sun else 90 if night else 300
        out += 400 if sun else 0
    store(tmp_path / "x", *(each for each in known if each[0] % DAY // HOUR != 20))
    monkeypatch.setattr(clock, "now", lambda: MONDAY)
    output = words(client_of(tmp_path / "x").get("/"))
    assert "Always on about 90 W" in output
    hours = int(re.search(r"quietest 10% of (\d+) hours", output)[1])  # type: ignore[index]
    assert hours < 10 * 22


def test_too_little_is_known_for_standby(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a single day the page says that standby power isn't known yet."""
    steady(tmp_path / "x", {}, MONDAY, 24)
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 23 * HOUR + 1800)
    assert "In a few days your standby use" in words(client_of(tmp_path / "x").get("/"))


def test_page_says_when_most_came_and_went(client: FlaskClient) -> None:
    """A month names the day and the hour with most import and export."""
    output = words(client.get("/month/2026-10"))
    shown = client.get("/month/2026-10/electricity.json?by=day").json
    assert shown is not None
    sums = [sum(day) for day in zip(*(
        [value or 0 for value in shown["columns"][name]]
        for name in ("export_t1_kwh", "export_t2_kwh")
    ), strict=True)]  # fmt: skip
    place = max(range(len(sums)), key=lambda day: sums[day])
    assert re.search(
        rf"Most to the grid in a day: {sums[place]:.1f} kWh: \w+ {place + 1} Oct 2026", output
    )
    assert re.search(
        r"Most from the grid in an hour: \d\.\d kWh: \w+ \d+ Oct 2026 \d\d:00 – \d\d:00", output
    )


def test_last_days_and_any_two_moments(client: FlaskClient) -> None:
    """The form leads to a page of any two moments, whose totals fit the registers."""
    answer = client.get("/between?from=2026-10-26T06:30&to=2026-10-28")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/between/2026-10-26T06:30/2026-10-28"
    page = client.get(answer.headers["Location"])
    assert "26 Oct 2026 06:30 – 28 Oct 2026 00:00" in words(page)
    shown = client.get("/between/2026-10-26T06:30/2026-10-28/electricity.json").json
    at = [client.get(f"/meter.json?at={end}").json for end in ("2026-10-26T06:30", "2026-10-28")]
    for name, total in shown["totals"].items():  # type: ignore[index]
        begin, end = (each["registers"][name] for each in at)  # type: ignore[index]
        assert total == pytest.approx(end - begin, abs=1e-9)
    assert shown["borders"][0] == "2026-10-26T06:30:00+01:00"  # type: ignore[index]
    assert shown["borders"][1] == "2026-10-27T00:00:00+01:00"  # type: ignore[index]
    assert "Last 7 days" in words(client.get("/last/7"))


def test_running_stretch_is_held_against_the_same_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running period is compared with the same part of the one before."""
    known = [(0, 0), (1800, 500), (HOUR, 1000), (HOUR + 1800, 1300)]
    readings = ((MONDAY + at, reading({"import_t1_wh": wh})) for at, wh in known)
    store(tmp_path / "x", *readings)
    monkeypatch.setattr(clock, "now", lambda: MONDAY + HOUR + 1800)
    page = words(client_of(tmp_path / "x").get("/between/2026-10-26T01:00/2026-10-26T02:00"))
    assert "▼ 40% less than 26 Oct 2026 00:00 – 01:00 until 00:30 (0.50 kWh)" in page


@pytest.mark.parametrize(
    ("stretch", "output"),
    [
        ("2026-10-26T10:07/2026-10-26T12:08", ["10:07 – 11:00", "11:00 – 12:00", "12:00 – 12:08"]),
        ("2026-10-25T02:30+02:00/2026-10-25T02:20+01:00", [
            "25 Oct 2026 02:30 (summer time) – 02:20 (winter time)",
            "02:30 – 02:00 (summer time)", "02:00 – 02:20 (winter time)"]),
        ("2026-10-25T15:00/2026-10-28", ["25 Oct 2026 15:00 – 26 Oct 2026 00:00", "Tue 27 Oct"]),
        ("2026-05-20/2026-10-28", ["20 May 2026 – 31 May 2026", "1 Oct 2026 – 27 Oct 2026"]),
    ],
)  # fmt: skip
def test_cut_bucket_says_from_when_to_when(
    client: FlaskClient, stretch: str, output: list[str]
) -> None:
    """A bucket that is cut off shows when it begins and ends."""
    page = client.get(f"/between/{quote(stretch)}")
    for each in output:
        assert each in words(page)
    fields = re.findall(r'type="datetime-local" name="\w+" value="([^"]+)"', page.text)
    assert [datetime.fromisoformat(each).tzinfo for each in fields] == [None] * len(fields)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/between?from=2026-10-28&to=2026-10-26", 400),
        ("/between?from=yesterday&to=2026-10-26", 400),
        ("/between?to=2026-10-26", 400),
        ("/between/2026-10-28/2026-10-26", 404),
        ("/between/2026-10-28", 404),
        ("/between/2026-02-30/2026-10-26", 404),
        ("/last/0", 404),
        ("/last/99999", 404),
        ("/last/many", 404),
        ("/year/2026/electricity.json?by=5min", 400),
        ("/year/2026/electricity.json?by=moon", 400),
        ("/day/2026-10-26/cumulative.json", 404),
        ("/year/2026/voltage.json", 404),
        ("/between/2020-01-01/2026-01-01/hours.png", 404),
    ],
)
def test_wrong_stretch_is_refused(client: FlaskClient, url: str, status: int) -> None:
    """A wrong period gets status 400 or 404."""
    assert client.get(url).status_code == status


def test_year_by_day_adds_up_to_the_year_by_month(client: FlaskClient) -> None:
    """A year by day has the same totals as a year by month."""
    month = client.get("/year/2026/electricity.json").json
    day = client.get("/year/2026/electricity.json?by=day").json
    assert month is not None
    assert day is not None
    assert (len(month["borders"]), len(day["borders"])) == (13, 366)
    assert month["totals"] == day["totals"]
    assert client.get("/month/2026-10/electricity.png?by=hour").status_code == 200


def test_hours_and_the_line_of_a_year_end_at_its_totals(client: FlaskClient) -> None:
    """The map of hours and the cumulative line add up to the year's totals."""
    year = client.get("/year/2026/electricity.json").json
    hours = client.get("/year/2026/hours.json").json
    line = client.get("/year/2026/cumulative.json").json
    assert year is not None
    assert hours is not None
    assert line is not None
    for way in ("import", "export"):
        total = sum(value for name, value in year["totals"].items() if name.startswith(way))
        assert hours["totals"][f"{way}_kwh"] == pytest.approx(total, abs=1e-9)
        known = [each for each in line["columns"][f"{way}_2026_kwh"] if each is not None]
        assert known == sorted(known)
        assert known[-1] == pytest.approx(total, abs=1e-9)


def test_voltage_is_the_meter_s(tmp_path: Path) -> None:
    """A day has the voltage of each reading, and a month its extremes by day."""
    output = [2301, 2405, 2297, 2310]
    known = [
        (MONDAY + n * 300, reading({"import_t1_wh": n, "voltage_l1_dv": volt, "voltage_l2_dv": 0}))
        for n, volt in enumerate(output)
    ]
    store(tmp_path / "x", *known)
    client = client_of(tmp_path / "x")
    day = client.get("/day/2026-10-26/voltage.json").json
    assert day is not None
    assert day["columns"]["voltage_l1_v"][:5] == [230.1, 240.5, 229.7, 231.0, None]
    assert list(day["columns"]) == ["voltage_l1_v"]
    late = client.get("/between/2026-10-25T23:57/2026-10-30/voltage.json").json
    assert late is not None
    assert set(late["columns"]) == {"voltage_l1_min_v", "voltage_l1_max_v"}
    month = client.get("/month/2026-10/voltage.json").json
    assert month is not None
    assert month["columns"]["voltage_l1_min_v"][25] == 229.7
    assert month["columns"]["voltage_l1_max_v"][25] == 240.5


def test_csv_for_a_dutch_spreadsheet(client: FlaskClient) -> None:
    """A Dutch CSV has semicolons, decimal commas and the same numbers."""
    point = list(csv.reader(io.StringIO(client.get("/day/2026-10-26/gas.csv").text)))
    comma = client.get("/day/2026-10-26/gas.csv?decimal=comma").text
    shown = list(csv.reader(io.StringIO(comma), delimiter=";"))
    assert [[cell.replace(",", ".") for cell in line] for line in shown] == point
    assert re.search(r";\d,\d{3};", comma)


def test_language_is_chosen_by_a_link_and_remembered(client: FlaskClient) -> None:
    """A link changes the language of the page, and a cookie remembers it."""
    english = client.get("/meter?at=2026-10-26T00:00")
    (link,) = re.findall(r'<a href="([^"]*)" lang="nl" hreflang="nl">Nederlands</a>', english.text)
    dutch = client.get(f"/meter{link}".replace("&amp;", "&"))
    assert '<html lang="nl">' in dutch.text
    assert "2026-10-26T00:00" in dutch.text
    assert "SameSite=Lax" in dutch.headers["Set-Cookie"]
    assert "Set-Cookie" not in client.get("/day/2026-10-26/gas.png?lang=en").headers
    assert '<html lang="nl">' in client.get("/years").text
    client.get("/?lang=en")
    assert '<html lang="en">' in client.get("/years").text
    client.set_cookie("lang", "../../etc")
    assert '<html lang="en">' in client.get("/years").text


def test_belgian_meter_has_belgian_words(
    pull: Pull, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Belgian meter's pages use Belgian words, and show the month's peaks."""
    capture = tmp_path / "telegram"
    capture.write_bytes(telegram("belgium-1.7-gas-and-water"))
    pull(capture)
    client = client_of(database)
    output = words(client.get("/meter?lang=nl"))
    assert "Injectie, dag T1" in output
    assert "Teruglevering" not in output
    peaks = [max(row[0], 2500) for row in rows(database, "SELECT power_w FROM month_peaks")][-12:]  # type: ignore[type-var]
    mean = f"{sum(peaks) / len(peaks) / 1000:.3f}".replace(".", ",")  # type: ignore[arg-type]
    assert f"Gemiddelde maandpiek: {mean} kW" in output
    monkeypatch.setattr(clock, "now", lambda: 1_793_618_200)  # 2026-11-02 11:16:40 UTC
    assert "Dit kwartier tot nu toe" in words(client.get("/"))


def test_overview_comes_again_when_a_reading_can_be_there(
    house_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first page refreshes shortly after cron's next pull."""
    client = client_of(house_database)
    for since, wait in ((0, "60"), (9, "60"), (10, "300"), (100, "210"), (290, "60")):
        monkeypatch.setattr(clock, "now", lambda since=since: MONDAY + since)
        assert client.get("/").headers["Refresh"] == wait
    assert "Refresh" not in client.get("/?refresh=no").headers
    assert "Refresh" not in client.get("/years").headers


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_page_is_light(client: FlaskClient, page: str) -> None:
    """A page has at most 30 kB without pictures, and one small script."""
    answer = client.get(f"/{page}?lang=nl")
    assert len(answer.data) <= 30_000
    assert re.findall("<script[^>]*>.?", answer.text) == ['<script src="/static/keys.js" defer><']
    assert (ROOT / "slimmemeter/web/static/keys.js").stat().st_size < 1_500


def test_page_of_a_full_belgian_month_is_light_too(pull: Pull, tmp_path: Path) -> None:
    """A full Belgian month with gas, water and what they cost has at most 30 kB too."""
    from slimmemeter.p1.reading import MbusReading, Reading
    from slimmemeter.store.writer import Writer

    names = ("import_t1_wh", "import_t2_wh", "export_t1_wh", "export_t2_wh", "voltage_l1_dv")
    writer = Writer(str(tmp_path / "x"))
    for n in range(2 * 33 * 24):
        at = MONDAY - 26 * DAY + n * 1800
        mbus = [
            MbusReading(1, 3, "746400001111", at, 9_000_000 + n * 70, "dm3"),
            MbusReading(2, 7, "746400002222", at, 800_000 + n * 10, "dm3"),
        ]
        values = dict.fromkeys(names[:4], 12345678 + n * 170) | {"voltage_l1_dv": 2310}
        row = Reading("1SAG11", at, values, header="FLU5", version="50217", tariff=1, devices=mbus)
        writer.add_many([(row, at)], None)
    writer.close()
    (tmp_path / "contracts.toml").write_text(FLEMISH)
    pages = client_of(tmp_path / "x")
    assert "Maandpieken waarop het capaciteitstarief berust: sep" in words(
        pages.get("/month/2026-10/bill?lang=nl")
    )
    answer = pages.get("/month/2026-10?lang=nl")
    assert answer.text.count("<path") == 3 * 31
    assert "Kosten" in answer.text
    assert len(answer.data) <= 30_000


def test_page_reads_well_without_pictures(client: FlaskClient, tmp_path: Path) -> None:
    """In w3m a page shows its numbers without pictures."""
    page = tmp_path / "page.html"
    page.write_bytes(client.get("/week/2026-W44").data)
    w3m = needs("w3m", "w3m")
    done = subprocess.run(
        [w3m, "-dump", "-cols", "100", str(page)], capture_output=True, check=True, text=True
    )
    text = " ".join(done.stdout.split()).replace("\N{NO-BREAK SPACE}", " ")
    assert re.search(
        r"Electricity by day, Week 44 \(26 Oct – 1 Nov 2026\): \d+\.\d kWh from the grid; ", text
    )
    assert "Mon 26 Oct" in text
    assert re.search(
        r"Gas by day, Week 44 \(26 Oct – 1 Nov 2026\): \d+\.\d m³ gas; Most gas in a day: ", text
    )
    assert "wide" not in text


@pytest.mark.parametrize(
    ("path", "words", "day"),
    [
        ("/day/2020-01-01", "The first one is of", "first"),
        ("/month/2019-02", "The first one is of", "first"),
        ("/year/2035", "The newest one is of", "last"),
        ("/day/2035-05-01", "The newest one is of", "last"),
    ],
)
def test_time_without_readings_is_a_sentence(
    client: FlaskClient, path: str, words: str, day: str
) -> None:
    """A time before or after all readings has no picture, and leads to the nearest day with any."""
    page = client.get(path).text
    assert words in page
    assert "<img" not in page
    assert "<table" not in page
    found = re.search(r'<a href="(/day/[^"]+)">[^<]+</a>.</p>', page)
    assert found is not None
    assert "<img" in client.get(found[1]).text
    if day == "first":
        assert 'rel="prev"' not in client.get(found[1]).text


def test_navigation_shows_where_one_is(client: FlaskClient) -> None:
    """Screen readers and eyes find the link to this page, or to this kind of page."""
    for path, marked in {"/": "Overview", "/meter": "Meter", "/years": "All"}.items():
        page = client.get(path).text
        assert re.findall(r'aria-current="page">([^<]+)<', page) == [marked]
        assert 'aria-current="true"' not in page
    other = client.get("/month/2026-10").text
    assert re.findall(r'aria-current="page">([^<]+)<', other) == ["Month"]


def test_navigation_keeps_the_date(client: FlaskClient) -> None:
    """From a day the links lead to its week, month and year; from a month to its first day, or to
    today; and the date picker leads to the period of the kind that holds the day."""
    for page, links in {
        "/day/2026-10-12": ["/day/2026-10-12", "/week/2026-W42", "/month/2026-10", "/year/2026"],
        "/month/2025-06": ["/day/2025-06-01", "/week/2025-W22", "/month/2025-06", "/year/2025"],
        "/years": [f"/{kind}/" for kind in ("day", "week", "month", "year")],
    }.items():
        found = re.search(r"<nav.*?</nav>", client.get(page).text, re.DOTALL)
        assert found
        assert all(f'href="{link}' in found[0] for link in links), found[0]
    for kind, name in {"day": "2026-10-15", "week": "2026-W42", "year": "2026"}.items():
        answer = client.get(f"/go?kind={kind}&date=2026-10-15")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/{kind}/{name}")
    for wrong, status in (("kind=moon&date=2026-10-15", 404), ("kind=day&date=x", 400), ("", 400)):
        assert client.get(f"/go?{wrong}").status_code == status


def test_dutch_months_are_small_within_a_line(client: FlaskClient) -> None:
    """A title begins with a capital letter, a month in a line doesn't."""
    page = client.get("/month/2026-10?lang=nl").text
    assert (
        re.search(r'aria-label="November 2026"', client.get("/month/2026-10?lang=nl").text) or page
    )
    assert "<h1>Oktober 2026</h1>" in client.get("/month/2026-10?lang=nl").text


@pytest.mark.parametrize("export_wh", [0, 3, 5000])
def test_what_the_house_does_not_have_is_hidden(tmp_path: Path, export_wh: int) -> None:
    """Registers that count nothing, or a few Wh of noise, are in CSV and JSON alone."""
    path = tmp_path / "x"
    names = ("import_t1_wh", "import_t2_wh", "export_t1_wh", "export_t2_wh")
    for hour in range(49):
        counters = (500 * hour, 7, export_wh * hour // 48, 0)
        store(path, (MONDAY + hour * HOUR, reading(dict(zip(names, counters, strict=True)))))
    client = client_of(path)
    page = words(client.get("/month/2026-10"))
    has_panels = export_wh == 5000
    page, _, borders = page.partition("Meter readings at")
    assert ("to the grid" in page.lower()) == has_panels
    assert "T2" not in page
    assert re.search("October 2026 ?From the grid kWh", page)
    assert "The table matches the meter readings." in borders
    assert has_panels or "to the grid" not in words(client.get("/"))
    csv_head = client.get("/month/2026-10/electricity.csv").text.splitlines()[0]
    assert all(name.replace("_wh", "_kwh") in csv_head for name in names)


def test_two_periods_side_by_side(client: FlaskClient) -> None:
    """The form leads to a page with both periods, their totals and the difference of each hour."""
    form = client.get("/compare?kind=day&date=2026-10-26&other=2026-10-24")
    url = form.headers["Location"]
    assert (form.status_code, url) == (303, "/compare/day/2026-10-26/day/2026-10-24")
    page = client.get(url).text
    tables = [
        client.get(f"/day/{day}/hours.json").json["columns"]["import_kwh"]  # type: ignore[index]
        for day in ("2026-10-26", "2026-10-24")
    ]
    rows = re.findall(r"<td>([^<]+)</td><td>([^<]+)</td><td>([^<]+)</td></tr>", page)[:25]
    expected = [(sum(one), sum(other)) for one, other in [tables]] + [*zip(*tables, strict=True)]
    for row, numbers in zip(rows, expected, strict=True):
        one, other, difference = (float(each.replace("\N{MINUS SIGN}", "-")) for each in row)
        assert (one, other) == pytest.approx(numbers, abs=0.0051)
        assert difference == pytest.approx(numbers[0] - numbers[1], abs=0.0051)
        assert row[2][0] in "+\N{MINUS SIGN}0"
    assert client.get(f"{url}/electricity.png?scale=2&title=no").mimetype == "image/png"
    assert client.get("/compare/month/2026-10/month/2026-09/electricity.png").status_code == 200
    assert client.get("/compare/month/2026-10/year/2025").status_code == 404
    assert client.get("/compare/month/2026-10/month/2026-13").status_code == 404
    assert client.get(f"{url}/hours.png").status_code == 404


def test_kiosk_shows_now_today_and_the_month(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tablet on the wall has the numbers, refreshes itself, and has no links to press."""
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 2 * DAY + 12 * HOUR)
    answer = client.get("/kiosk?theme=grey")
    assert "Refresh" in answer.headers
    assert {"Today", "October 2026"} <= set(re.findall(r"<h[12]>([^<]+)</h", answer.text))
    assert "theme=grey" in answer.text
    assert "theme=dark" not in answer.text
    assert "<a " not in answer.text
    assert "theme=dark" in client.get("/kiosk").text
    assert client.get("/kiosk?theme=pink").status_code == 400


def test_net_is_import_less_export(client: FlaskClient) -> None:
    """Where there is export, a page has the net with its sign, and what that means."""
    totals = client.get("/month/2026-10/electricity.json").json["totals"]  # type: ignore[index]
    net = sum(value if name.startswith("import") else -value for name, value in totals.items())
    shown = f"{abs(net):.1f}"
    sign, meaning = ("\N{MINUS SIGN}", "to") if net < 0 else ("", "from")
    assert f"Net {sign}{shown} kWh more {meaning} the grid" in words(client.get("/month/2026-10"))


def test_power_by_phase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The overview, now.json, the meter page and a picture have each phase's power, to the grid
    below zero."""
    phases = {"power_import_l1_w": 500, "power_export_l1_w": 0, "power_import_l2_w": 0}
    values = phases | {"power_export_l2_w": 700, "voltage_l1_dv": 2301, "current_l1_ma": 2200}
    known = [(MONDAY + n * 300, reading(values | {"import_t1_wh": n})) for n in range(13)]
    store(tmp_path / "x", *known)
    monkeypatch.setattr(clock, "now", lambda: MONDAY + HOUR)
    client = client_of(tmp_path / "x")
    now = client.get("/now.json").json
    assert now is not None
    assert (now["power_l1_w"], now["power_l2_w"]) == (500, -700)
    assert "L1 500 W · L2 \N{MINUS SIGN}700 W" in words(client.get("/"))
    assert "L1500230.12.2" in words(client.get("/meter")).replace(" ", "")
    table = client.get("/day/2026-10-26/phases.json").json
    assert table is not None
    assert table["columns"]["phase_l2_w"][:2] == [-700, -700]
    assert table["columns"]["phase_l1_w"][20] is None
    assert "/phases.png" in client.get("/day/2026-10-26").text


def test_table_has_tariffs_and_all_decimals_on_request(client: FlaskClient) -> None:
    """A page's table has a column for each direction; a link shows tariffs and exact numbers."""
    page = client.get("/month/2026-10").text
    assert 'href="/month/2026-10?tariffs=yes"' in page
    assert "low T1" not in page.partition("<table")[2].partition("</table>")[0]
    exact = client.get("/month/2026-10?tariffs=yes").text
    table = words(client.get("/month/2026-10?tariffs=yes"))
    assert "From the grid, low T1" in table
    assert "&tariffs=yes" in exact
    total = client.get("/month/2026-10/electricity.json").json["totals"]["import_t1_kwh"]  # type: ignore[index]
    assert f"Total{total:,.3f}" in table.replace("Total ", "Total")


def test_shortcut_on_a_home_screen_has_a_name_and_a_picture(client: FlaskClient) -> None:
    """The manifest and its icons are there, and start at the overview."""
    page = client.get("/").text
    found = re.search(r'rel="manifest" href="([^"]+)"', page)
    assert found is not None
    with client.get(found[1]) as answer:
        manifest = answer.json
    assert manifest is not None
    assert (manifest["name"], manifest["start_url"]) == ("slimmemeter", "../")
    for icon in manifest["icons"]:
        with client.get(f"/static/{icon['src']}") as answer:
            assert answer.mimetype == "image/png"
            side = int(icon["sizes"].partition("x")[0])
            assert struct.unpack(">II", answer.data[16:24]) == (side, side)
