"""The pages, through the real server on a free port, and as Flask answers."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import sqlite3
import subprocess
import urllib.error
import urllib.request
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from slimmemeter import clock, status
from support.database import kill_in_a_transaction, rows
from support.pages import client_of, plain, text_of
from support.programs import SLIMMEMETER, Pull
from support.readings import HOUR, MONDAY, reading, store
from support.serving import Server
from support.telegrams import simple, telegram


def test_overview_shows_what_is_now(client: FlaskClient) -> None:
    """The first page has the reading's age, the power now, and this month."""
    text = text_of(client, "/")
    assert re.search(r"updated \d\d:\d\d", text)
    assert re.search(r"\d+ W ↓ from the grid", text)
    assert "October 2026" in text


@pytest.mark.parametrize("page", ["day/2026-10-25", "month/2026-10", "year/2026", "years", "meter"])
def test_page_has_what_it_promises(client: FlaskClient, page: str) -> None:
    """A page has numbers with units, and all its links work."""
    answer = client.get(f"/{page}")
    assert answer.status_code == 200
    assert "kWh" in answer.text
    links = set(re.findall(r'(?:href|src|srcset)="(/[^" ]*)', answer.text))
    assert len(links) > 5
    for link in links:
        with client.get(link.rstrip(",").replace("&amp;", "&")) as linked:
            assert linked.status_code == 200, link


@pytest.mark.parametrize("period", ["day/2026-10-25", "month/2026-10", "year/2026", "years"])
@pytest.mark.parametrize("table", ["electricity", "power", "gas"])
def test_three_forms_of_a_table_agree(client: FlaskClient, period: str, table: str) -> None:
    """JSON, CSV and picture of a table agree."""
    result = client.get(f"/{period}/{table}.json").json
    assert result is not None
    lines = list(csv.reader(io.StringIO(client.get(f"/{period}/{table}.csv").text)))
    assert lines[0][:2] + lines[0][-3:] == ["begin", "end", "note", "begin_utc", "end_utc"]
    assert set(lines[0][2:-3]) == set(result["columns"])
    partial = [place for place, line in enumerate(lines[1:]) if "partial" in line[-3]]
    assert partial == result["partial"]
    borders = [datetime.fromisoformat(border) for border in result["borders"]]
    for places, begin in (((0, -2), borders[:-1]), ((1, -1), borders[1:])):
        local, utc = ([line[place] for line in lines[1:]] for place in places)
        assert local == [f"{each:%Y-%m-%d %H:%M}" for each in begin]
        assert [datetime.fromisoformat(each) for each in utc] == begin
    for name, values in result["columns"].items():
        place = lines[0].index(name)
        shown = [float(line[place]) if line[place] else None for line in lines[1:]]
        assert shown == values
    picture = client.get(f"/{period}/{table}.png")
    assert picture.mimetype == "image/png"
    width, height = Image.open(io.BytesIO(picture.data)).size
    assert (width, height) == (1100, 360)
    assert len(picture.data) <= 18_000


def test_day_of_25_hours_repeats_its_hour_with_another_offset(client: FlaskClient) -> None:
    """On a day of 25 hours, 02:00 comes twice with different offsets."""
    result = client.get("/day/2026-10-25/electricity.json").json
    assert result is not None
    assert len(result["borders"]) == 26
    twice = [border for border in result["borders"] if "T02:00" in border]
    assert twice == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]
    assert len(client.get("/day/2026-10-25/power.json").json["columns"]["import_w"]) == 300  # type: ignore[index]


def test_json_is_the_documented_form(tmp_path: Path) -> None:
    """JSON has exact decimals, nulls for the unknown, partial buckets and gaps."""
    store(
        tmp_path / "x.sqlite3",
        (MONDAY + 1800, reading({"import_t1_wh": 100, "export_t1_wh": 7})),
        (MONDAY + 7200, reading({"import_t1_wh": 8512, "export_t1_wh": 7})),
    )
    result = client_of(tmp_path / "x.sqlite3").get("/day/2026-10-26/electricity.json").json
    assert result is not None
    assert (result["table"], result["period"]) == ("electricity", "day/2026-10-26")
    assert result["columns"]["import_t1_kwh"] == [2.804, 5.608, *[None] * 22]
    assert result["totals"] == {"import_t1_kwh": 8.412, "export_t1_kwh": 0}
    assert result["partial"] == [0]
    assert result["gaps"] == [["2026-10-26T00:30:00+01:00", "2026-10-26T02:00:00+01:00"]]
    assert result["borders"][0] == "2026-10-26T00:00:00+01:00"


def test_picture_in_both_themes_and_twice_as_sharp(client: FlaskClient) -> None:
    """The dark theme is dark, and scale=2 doubles the pixels."""
    dark = client.get("/day/2026-10-26/electricity.png?theme=dark&scale=2").data
    image = Image.open(io.BytesIO(dark)).convert("L")
    assert image.size == (2200, 720)
    assert image.getpixel((3, 3)) < 60  # type: ignore[operator]
    light = Image.open(io.BytesIO(client.get("/day/2026-10-26/electricity.png").data))
    assert light.convert("L").getpixel((3, 3)) > 200  # type: ignore[operator]


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/nothing", 404),
        ("/day/2026-02-30", 404),
        ("/day/2026-02-30/power.png", 404),
        ("/year/9999", 404),
        ("/month/0000-00", 404),
        ("/day/2026-10-26/nonsense.json", 404),
        ("/day/2026-10-26/power.pdf", 404),
        ("/day/2026-10-26/power.png?theme=pink", 400),
        ("/day/2026-10-26/power.png?scale=9", 400),
        ("/?lang=xx", 400),
        ("/day/2026-W48-2", 404),
        ("/day/%00", 404),
        ("/week/%F0%9F%92%A5", 404),
    ],
)
def test_wrong_address_is_a_small_page_of_ours(client: FlaskClient, url: str, status: int) -> None:
    """A wrong address gets a page, or JSON, with the right status."""
    answer = client.get(url)
    assert answer.status_code == status
    if ".json" in url:
        assert set(answer.json or {}) == {"error"}
    else:
        assert 'href="/static/style.css"' in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("url", ["/", "/day/2026-10-26", "/nothing"])
def test_other_methods_are_refused(client: FlaskClient, method: str, url: str) -> None:
    """Other methods than GET and HEAD are refused."""
    assert client.open(url, method=method).status_code == 405


def test_unchanged_page_is_304_until_a_reading_comes(pull: Pull, database: Path) -> None:
    """An unchanged page is a 304 until a new reading is stored."""
    pull("-", stdin=simple().decode())
    client = client_of(database)
    first = client.get("/day/2026-11-23")
    for known in (first.headers["ETag"], f"W/{first.headers['ETag']}"):
        again = client.get("/day/2026-11-23", headers={"If-None-Match": known})
        assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "private, no-cache"
    pull("-", stdin=simple("1-0:1.8.1(000002.000*kWh)", stamp="261123120500W").decode())
    changed = client.get("/day/2026-11-23", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


def test_changed_page_is_no_304_in_wal_mode(pull: Pull, house_database: Path) -> None:
    """Also while another program has the file in WAL mode, where its header doesn't change."""
    with closing(sqlite3.connect(house_database)) as other:
        other.execute("PRAGMA journal_mode = wal")
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM readings").fetchall()  # so it stays in that mode
        client = client_of(house_database)
        first = client.get("/years", headers={"If-None-Match": "x"})
        with closing(sqlite3.connect(house_database)) as writer:
            writer.execute("UPDATE readings SET import_t1_wh = import_t1_wh + 1")
            writer.commit()
        again = client.get("/years", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 200


def test_address_that_is_none_is_never_unchanged(client: FlaskClient) -> None:
    """A wrong address is never a 304."""
    etag = client.get("/month/2026-10").headers["ETag"]
    for header in (etag, "*"):
        assert client.get("/day/2026-02-30", headers={"If-None-Match": header}).status_code == 404


def test_hour_that_comes_twice_is_named(client: FlaskClient) -> None:
    """The hour that comes twice is marked as summer and winter time."""
    text = text_of(client, "/day/2026-10-25")
    assert "02:00 – 03:00 (summer time)" in text
    assert "02:00 – 03:00 (winter time)" in text
    assert "winter time" not in text_of(client, "/day/2026-10-26")


def test_hour_that_comes_twice_in_ireland(tmp_path: Path) -> None:
    """In Ireland, whose law calls winter time the exception, summer time still comes first."""
    midnight = MONDAY - 23 * HOUR  # UTC of 25 October, when it is 01:00 in Dublin
    known = ((midnight + HOUR * hours, wh) for hours, wh in enumerate((0, 1000, 3000)))
    store(tmp_path / "x", *((at, reading({"import_t1_wh": wh})) for at, wh in known))
    dublin = client_of(tmp_path / "x", SLIMMEMETER_TZ="Europe/Dublin")
    text = text_of(dublin, "/day/2026-10-25")
    assert "01:00 – 02:00 (summer time) ~ 1.00 01:00 – 02:00 (winter time) ~ 2.00" in text


def test_no_database_yet_is_a_page_that_says_what_to_do(database: Path) -> None:
    """Without a database the first page shows the first steps."""
    client = client_of(database)
    assert "p1-pull --dry-run" in text_of(client, "/")
    assert "p1-pull --dry-run" in text_of(client, "/day/2026-10-26", 503)
    assert client.get("/now.json").status_code == 503
    assert client.get("/healthz").json["readings"] == "none yet"  # type: ignore[index]
    assert client.get("/healthz?readings").status_code == 503


def test_one_reading_announces_the_first_picture(
    pull: Pull, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one reading the page says when the first picture comes."""
    pull("-", stdin=simple(stamp="261123140703W").decode())
    monkeypatch.setattr(clock, "now", lambda: 1795439300)
    assert "the first picture comes at 14:10" in text_of(client_of(database), "/")
    monkeypatch.setattr(clock, "now", lambda: 1795439300 + 86400)
    assert "the first picture comes with the next one" in text_of(client_of(database), "/")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["0-0:96.7.21(00004)"], "4 power failures"),
        (["0-0:96.7.9(00002)"], "2 long power failures"),
        (
            ["0-0:96.7.21(00004)", "0-0:96.7.9(00002)"],
            "4 power failures, 2 of them longer than 3 minutes",
        ),
        (["1-0:32.32.0(00003)"], "Power failures No long power failures."),
    ],
)
def test_meter_may_count_only_some_power_failures(
    lines: list[str], sentence: str, pull: Pull, database: Path
) -> None:
    """The page has the counts that the meter sends, be they both, one or none."""
    telegram = simple("1-0:1.8.1(000001.000*kWh)", *lines, stamp="261123140703W")
    assert pull("-", stdin=telegram.decode()).returncode == 0
    assert sentence in text_of(client_of(database), "/meter")


def test_old_readings_come_with_the_last_pull_s_sentence(
    client: FlaskClient, house_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old readings are shown with their age and the last pull's error."""
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 4 * 86400)
    status.write_pull(str(house_database), 3, "p1-pull: nothing was heard\nfrom <it>")
    text = text_of(client, "/")
    assert "Updated 24 hours ago" in text
    assert "p1-pull: nothing was heard from &lt;it&gt;" in text
    health = client.get("/healthz?readings")
    assert health.status_code == 503
    assert health.json["readings"] == "old"  # type: ignore[index]
    assert client.get("/healthz").status_code == 200
    Path(f"{house_database}.last-pull").unlink()
    assert "Nothing has been read yet" in text_of(client, "/")


def test_now_json_is_one_flat_object(client: FlaskClient) -> None:
    """`/now.json` is one flat object of numbers and times."""
    result = client.get("/now.json").json
    assert result is not None
    assert {"at", "age_s", "power_import_w", "import_t1_kwh", "gas_m3", "gas_at"} <= set(result)
    assert not any(isinstance(value, (dict, list)) for value in result.values())


def test_ids_are_masked(client: FlaskClient) -> None:
    """No page shows a whole serial number."""
    for url in ("/meter", "/meter.json", "/now.json", "/"):
        assert "E0052000000008765" not in client.get(url).text
    assert "E0052…8765" in client.get("/meter").text


def test_database_that_is_not_ours_is_explained(database: Path) -> None:
    """A file that is no database is explained with status 503."""
    database.write_text("dear diary, " * 100)
    assert "is no SQLite database" in text_of(client_of(database), "/", 503)


def test_hot_journal_of_a_killed_pull_is_explained(pull: Pull, database: Path) -> None:
    """After a killed pull the page explains it, and the next pull repairs it."""
    pull("-", stdin=simple().decode())
    kill_in_a_transaction(database)
    text = text_of(client_of(database), "/", 503)
    assert "The last pull was interrupted; the next one repairs it." in text
    assert pull("-", stdin=simple(stamp="261123120500W").decode()).returncode == 0
    assert client_of(database).get("/").status_code == 200
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]


def test_bug_is_a_page_without_a_traceback(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug gives status 500 without a traceback."""
    monkeypatch.setattr("slimmemeter.i18n.dates.clock", lambda *_: 1 / 0)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text


def test_waitress_serves_pages_and_pictures(server: Server) -> None:
    """The real server sends pages and pictures, and no body for HEAD."""
    assert b"</html>" in urllib.request.urlopen(f"{server.url}/month/2026-10").read()
    with urllib.request.urlopen(f"{server.url}/month/2026-10/gas.png") as picture:
        assert picture.read()[:4] == b"\x89PNG"
    head = urllib.request.Request(f"{server.url}/years", method="HEAD")
    assert urllib.request.urlopen(head).read() == b""


def test_deleted_and_replaced_database_is_followed(
    pull: Pull, database: Path, tmp_path: Path
) -> None:
    """The server follows a database that is moved away and comes back."""
    pull("-", stdin=simple().decode())
    aside = tmp_path / "aside"
    client = client_of(database)
    assert client.get("/meter").status_code == 200
    shutil.move(database, aside)
    assert client.get("/meter").status_code == 503
    shutil.move(aside, database)
    assert client.get("/meter").status_code == 200


def test_busy_address_is_one_sentence(server: Server, house_database: Path) -> None:
    """A second server on a busy address fails with one sentence."""
    command = [*SLIMMEMETER, "serve", "--db", str(house_database)]
    listen = server.url.removeprefix("http://")
    done = subprocess.run(
        [*command, "--listen", listen], capture_output=True, check=False, text=True, timeout=120
    )
    assert done.returncode == 2
    assert f"cannot listen on {listen}" in done.stderr
    assert "Traceback" not in done.stderr


def test_meter_page_of_a_belgian_house(pull: Pull, database: Path, tmp_path: Path) -> None:
    """The meter page shows Belgian tariffs, and the month's peaks newest first."""
    capture = tmp_path / "telegram"
    capture.write_bytes(telegram("belgium-1.7-gas-and-water"))
    pull(capture)
    page = client_of(database).get("/meter").text
    assert "From the grid, day T1" in page
    assert re.findall(r"(\w+ 2026)\s+<span", page) == [
        *("November 2026", "October 2026", "September 2026", "August 2026")
    ]
    assert page.index("3.184") < page.index("4.211") < page.index("1.664") < page.index("1.898")


def test_power_failures_are_listed_with_start_end_and_length(pull: Pull, database: Path) -> None:
    """Power failures are listed with their length, and their times if known."""
    log = "(2)(0-0:96.7.19)(251030020500W)(0000000300*s)(000104180320W)(0000237126*s)"
    pull("-", stdin=simple("1-0:1.8.1(1.000*kWh)", f"1-0:99.97.0{log}").decode())
    page = client_of(database).get("/meter").text
    assert "30 Oct 2025 02:00 – 02:05: 5 min 0 s" in plain(page)
    assert "at an unknown time: 65 h 52 min" in plain(page)


def test_nothing_that_a_meter_sends_is_markup(pull: Pull, database: Path) -> None:
    """Markup in ids and headers of a telegram is shown as text."""
    evil = "<script>alert(1)</script>"
    lines = ("1-0:1.8.1(1.000*kWh)", "0-1:24.1.0(003)", f"0-1:96.1.0({evil})")
    content = simple(*lines, "0-1:24.2.1(261123120000W)(00001.000*m3)", meter=evil)
    pull("-", stdin=content.decode())
    assert rows(database, "SELECT equipment FROM meters") == [(evil,)]
    client = client_of(database)
    for page in ("/", "/meter", "/day/2026-11-23", "/years"):
        assert evil not in client.get(page).text, page


def test_answer_is_repeated_to_who_had_it_alone(house_database: Path) -> None:
    """A cached picture is given only with the password, in its language, while it is valid."""
    client = client_of(house_database, SLIMMEMETER_PASSWORD="sesame")
    url, known = "/day/2026-10-26/power.png", ("anybody", "sesame")
    first = client.get(url, auth=known)
    again = client.get(url, auth=known)
    assert (first.status_code, again.data, again.headers["ETag"]) == (
        *(200, first.data, first.headers["ETag"]),
    )
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
    assert client.get(url).status_code == 401
    dutch = client.get(url, auth=known, headers={"Accept-Language": "nl"})
    assert dutch.data != first.data
    same = client.get(url, auth=known, headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    os.utime(house_database)
    assert client.get(url, auth=known).headers["ETag"] != first.headers["ETag"]
