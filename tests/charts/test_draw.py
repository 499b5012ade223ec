"""The pictures: what is drawn where, what isn't, and that everybody can read it."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image

from slimmemeter import clock
from slimmemeter.charts import canvas, draw
from slimmemeter.charts.spec import SIZES, WIDEST_SCREENS, Spec, make_spec
from slimmemeter.charts.style import THEMES
from slimmemeter.history import catalogue
from slimmemeter.history.catalogue import Catalogue
from slimmemeter.i18n import language
from slimmemeter.i18n.labels import Labels
from slimmemeter.settings import Settings
from slimmemeter.web.app import create_app
from slimmemeter.web.state import site
from support.pages import client_of
from support.paths import ROOT
from support.readings import HOUR, MONDAY, reading, store

SUNDAY = "day/2026-10-25"  # of 25 hours
PICTURES = [
    *(f"{SUNDAY}/{name}" for name in ("power", "electricity", "gas", "voltage", "hours")),
    *(f"week/2026-W44/{name}" for name in ("electricity", "power", "hours", "voltage")),
    *(f"month/2026-10/{name}" for name in ("electricity", "power", "gas", "hours", "voltage")),
    *(f"year/2026/{name}" for name in ("electricity", "cumulative", "cumulative_gas", "power")),
    *("years/electricity", "years/cumulative", "last/365/electricity", "last/365/hours"),
    "between/2026-10-25T02:30/2026-10-25T03:30/hours",  # two hours, with three ends of an hour
    "between/2026-10-27T10:07/2026-10-27T10:50/power",
    "between/2026-10-27T10:07/2026-10-27T10:09/power",  # without a round minute
    *("between/2026-10-24/2026-10-28T12:00/power", "between/2020-01-01/2029-01-01/gas"),
    "day/2001-01-01/power",  # of which nothing is known
]


@pytest.fixture
def app(house_database: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The pages of the simulated house, on the Thursday on which its readings end."""
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 3 * 86400)
    return create_app(Settings({"--db": str(house_database)}, {}, "/nonexistent"))


def spec_of(app: Flask, address: str, code: str = "en") -> Spec:
    """What the picture at an address shows, in a language."""
    *path, name = address.split("/")
    language.use(code)
    with app.app_context(), site().house() as house:
        period = catalogue.find_period(house, clock.now(), site().zone, *path)
        assert period is not None
        return make_spec(Catalogue(house, period), name, Labels.of(house))


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("address", PICTURES)
def test_no_text_is_cut_or_meets_another(
    app: Flask, address: str, shape: str, language: str
) -> None:
    """Every text is inside the picture, and no two texts touch."""
    drawn = draw.drawn(spec_of(app, address, language), shape=shape)
    for text in drawn.texts:
        assert 0 <= text.left < text.right <= drawn.width, text
        assert 0 <= text.bottom < text.top <= drawn.height, text
    for one, other in itertools.combinations(drawn.texts, 2):
        apart = one.right <= other.left or other.right <= one.left
        above = one.bottom >= other.top or other.bottom >= one.top
        assert apart or above, (one, other)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("power_kw", [0.0001, 1, 9, 17, 100])
def test_no_label_is_cut_however_much_is_used(tmp_path: Path, shape: str, power_kw: float) -> None:
    """Labels of any size stay inside the picture; from 10 kW on power is in kW."""
    path = tmp_path / "x"
    hours = [*range(27), 300 * 24]
    for hour in hours:
        wh = round(power_kw * 1000 * hour)
        both = {"import_t1_wh": wh, "export_t1_wh": wh}
        store(path, (MONDAY + HOUR * hour, reading(both)))
    app = create_app(Settings({"--db": str(path)}, {}, "/nonexistent"))
    for address in (
        "day/2026-10-26/power",
        "month/2026-10/electricity",
        "year/2026/electricity",
        "years/electricity",
        "years/cumulative",
    ):
        drawn = draw.drawn(spec_of(app, address), shape=shape)
        for text in drawn.texts:
            assert 0 <= text.left < text.right <= drawn.width, (address, text)
        if address.endswith("power"):
            assert ("kW" in [text.text for text in drawn.texts]) == (power_kw >= 10)


def pixels(app: Flask, address: str, query: str = "") -> NDArray[np.uint8]:
    """The picture at an address, as an array of rows of colours."""
    answer = app.test_client().get(f"/{address}.png{query}")
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.data)).convert("RGB"))


def near(picture: NDArray[np.uint8], colour: str, slack: int = 12) -> NDArray[np.bool_]:
    """Where a picture has a colour, but for the palette's rounding."""
    wanted = np.array(to_rgb(colour)) * 255
    return np.asarray(np.abs(picture.astype(int) - wanted).max(axis=2) <= slack)


def columns_at(begin: float, end: float) -> slice:
    """The pixels across that a part of a wide picture's time has."""
    size = SIZES["wide"]
    width = size.right - size.left
    return slice(round(size.left + width * begin) + 1, round(size.left + width * end) - 1)


LIGHT = THEMES["light"]


@pytest.mark.parametrize(("query", "tariff"), [("", ""), ("?tariffs=yes", "_t2")])
def test_import_is_up_and_export_is_down(app: Flask, query: str, tariff: str) -> None:
    """Import is drawn above the zero line only, and export below it only; a direction has one
    colour, unless its tariffs are wanted."""
    picture = pixels(app, "month/2026-10/electricity", query)[90:]
    blue = np.argwhere(near(picture, LIGHT.columns[f"import{tariff}"]))
    orange = np.argwhere(near(picture, LIGHT.columns[f"export{tariff}"]))
    assert len(blue) > 100
    assert len(orange) > 100
    assert blue[:, 0].max() <= orange[:, 0].min()


def test_future_is_not_drawn(app: Flask) -> None:
    """The rest of the year gets no bar, not even one without height."""
    picture = pixels(app, "year/2026/electricity")[90:310, columns_at(11 / 12, 1)]
    assert not near(picture, LIGHT.columns["import"]).any()


def test_legend_names_every_colour_of_a_day(app: Flask) -> None:
    """The power of a day and the hours under it have one colour for each direction."""
    shown = spec_of(app, f"{SUNDAY}/power")
    hours = spec_of(app, f"{SUNDAY}/electricity")
    colours = [{LIGHT.colour(column) for column in each.table.columns} for each in (shown, hours)]
    assert colours[0] == colours[1]
    assert len(colours[0]) == 2


def test_gap_is_hatched_on_every_picture_of_its_day(app: Flask) -> None:
    """Hours without readings are hatched in every picture, and the other hours aren't."""
    for name in ("power", "electricity", "gas"):
        grey = is_grey(pixels(app, f"day/2026-10-27/{name}")[110:-30])
        in_gap = grey[:, columns_at(3 / 24, 8 / 24)].mean()
        assert in_gap > 0.05, name
        assert in_gap > 3 * grey[:, columns_at(21 / 24, 23 / 24)].mean(), name
    rows = pixels(app, "day/2026-10-27/hours")[60:-30, columns_at(0, 1), 0].std(axis=1)
    assert rows[len(rows) // 8 : len(rows) // 3].min() > 5  # lines across the colour
    assert rows[-len(rows) // 3 :].max() < 1


def is_grey(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a picture is neither white nor coloured."""
    values = picture.astype(int)
    spread = values.max(axis=2) - values.min(axis=2)
    return np.asarray((spread < 16) & (values.mean(axis=2) > 90) & (values.mean(axis=2) < 220))


def test_partial_bucket_is_hollow(tmp_path: Path) -> None:
    """A bucket that is known in part has an outline and a pale filling, which the legend names."""
    known = [(MONDAY + 1800 * n, reading({"import_t1_wh": 500 * n})) for n in range(1, 5)]
    store(tmp_path / "x", *known)
    app = create_app(Settings({"--db": str(tmp_path / "x")}, {}, "/nonexistent"))
    picture = pixels(app, "day/2026-10-26/electricity")
    whole = LIGHT.columns["import"]
    pale = tuple(part * canvas.HOLLOW + 1 - canvas.HOLLOW for part in to_rgb(whole))
    assert near(picture[100:], whole)[:, columns_at(1 / 24, 2 / 24)].any()
    first_hour = picture[100:, columns_at(0, 1 / 24)]
    assert near(first_hour, pale).sum() > 3 * near(first_hour, whole).sum()  # type: ignore[arg-type]
    texts = [text.text for text in draw.drawn(spec_of(app, "day/2026-10-26/electricity")).texts]
    assert "incomplete" in texts
    assert "incomplete" not in [
        text.text
        for text in draw.drawn(
            spec_of(app, "between/2026-10-26T01:00/2026-10-26T02:00/electricity")
        ).texts
    ]


def test_register_that_is_missing_is_left_out(tmp_path: Path) -> None:
    """Without export registers, no picture mentions export."""
    known = [(MONDAY + 3600 * n, reading({"import_t1_wh": 500 * n})) for n in range(9)]
    store(tmp_path / "x", *known)
    app = create_app(Settings({"--db": str(tmp_path / "x")}, {}, "/nonexistent"))
    for name in ("power", "electricity", "hours"):
        texts = [box.text for box in draw.drawn(spec_of(app, f"day/2026-10-26/{name}")).texts]
        assert not [text for text in texts if "to the grid" in text], name


def test_day_of_25_hours_has_its_hour_twice(app: Flask) -> None:
    """A day of 25 hours shows an hour twice, and one of 23 hours leaves one out; the axis goes by
    the clock."""
    shown = spec_of(app, f"{SUNDAY}/power")
    assert [text for _, text in shown.ticks] == [f"{hour:02}" for hour in range(0, 25, 3)]
    assert shown.ticks[1][0] - shown.ticks[0][0] == 4 * HOUR
    cells = spec_of(app, f"{SUNDAY}/hours").cells
    assert cells[1:5] == [(0, 2, 2), (0, 4, 1), (0, 5, 1), (0, 6, 2)]
    spring = spec_of(app, "day/2026-03-29/hours").cells
    assert [half for _, half, _ in spring][:4] == [0, 2, 6, 8]
    texts = [text for _, text in spec_of(app, "day/2026-03-29/power").ticks]
    assert texts == [f"{hour:02}" for hour in range(0, 25, 3)]


def test_hour_has_minutes_and_no_map_of_hours(app: Flask) -> None:
    """An hour's axis shows minutes, and only whole days have a map of hours."""
    hour = "between/2026-10-27T10:00/2026-10-27T11:00"
    texts = [box.text for box in draw.drawn(spec_of(app, f"{hour}/power")).texts]
    assert [text for text in texts if ":" in text][-3:] == ["10:50", "10:55", "11:00"]
    client = app.test_client()
    assert "/hours.png" not in client.get(f"/{hour}").text
    assert "/hours.png" in client.get("/between/2026-10-24/2026-10-28").text


def test_map_of_cut_days_names_each_under_its_column(app: Flask) -> None:
    """Days that are cut off have columns of the same width, each with its name below it."""
    shown = spec_of(app, "between/2026-10-24T18:00/2026-10-27T06:00/hours")
    size = SIZES["wide"]
    width = (size.right - size.left) / 4
    boxes = [box for box in draw.drawn(shown).texts if re.fullmatch(r"\w{3} \d+", box.text)]
    assert [box.text for box in boxes] == ["Sat 24", "Sun 25", "Mon 26", "Tue 27"]
    for place, box in enumerate(boxes):
        middle = (box.left + box.right) / 2
        assert size.left + place * width < middle - 20
        assert middle + 20 < size.left + (place + 1) * width


def test_bars_of_last_year_stand_beside(tmp_path: Path) -> None:
    """A month has pale bars of the same weekday a year ago behind its own, a year beside them."""
    half_hours = [1800 * n for n in range(100)]
    instants = [MONDAY - 364 * 86400 + each for each in half_hours]
    instants += [MONDAY + each for each in half_hours]
    known = [(at, reading({"import_t1_wh": 70 * n})) for n, at in enumerate(instants)]
    store(tmp_path / "x", *known)
    app = create_app(Settings({"--db": str(tmp_path / "x")}, {}, "/nonexistent"))
    ((label, before),) = spec_of(app, "month/2026-10/electricity").earlier
    assert label == "a year earlier, same weekdays"
    (values,) = before.columns.values()
    assert [place for place, value in enumerate(values) if value] == [25, 26, 27]
    behind = LIGHT.mixed(to_rgb(LIGHT.columns["import"]), LIGHT.BEHIND)
    pale = near(pixels(app, "month/2026-10/electricity")[100:300], behind)  # type: ignore[arg-type]
    assert pale[:, columns_at(25 / 31, 26 / 31)].any()
    shown = spec_of(app, "year/2026/electricity")
    assert [label for label, _ in shown.earlier] == ["2025"]
    texts = [box.text for box in draw.drawn(shown).texts]
    assert "2025" in texts


def test_style_sheet_knows_where_the_field_is() -> None:
    """The style sheet has the pictures' shapes, and places the links where the bars are."""
    style = (ROOT / "slimmemeter/web/static/style.css").read_text()
    for size in SIZES.values():
        left, width = size.left / size.width * 100, (size.right - size.left) / size.width * 100
        assert f"left: {left:.1f}%; width: {width:.1f}%" in style
        assert f"aspect-ratio: {size.width} / {size.height};" in style
    for shape, width in WIDEST_SCREENS.items():
        assert f"@media (max-width: {width}px)" in style, shape


# How eyes without red, green or blue cones see linear RGB: Machado, Oliveira and Fernandes, "A
# Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), table 1, all of it.
BLIND = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
               [0.004733, 0.691367, 0.303900]],
    "none": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}  # fmt: skip
LAB = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def seen(colour: str, kind: str) -> NDArray[np.float64]:
    """A colour as such eyes see it, in CIE L*a*b*."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = LAB @ np.clip(np.array(BLIND[kind]) @ linear, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


TOGETHER = [
    ("import_t1", "import_t2", "export_t1", "export_t2"),
    ("import", "export"),
    ("voltage_l1", "voltage_l2", "voltage_l3"),
]


@pytest.mark.parametrize("kind", BLIND)
@pytest.mark.parametrize("theme", THEMES)
def test_colours_are_apart_for_every_eye(theme: str, kind: str) -> None:
    """Colours in one picture differ enough for every kind of colour vision."""
    colours = THEMES[theme].columns
    for group in TOGETHER:
        for one, other in itertools.combinations(group, 2):
            distance = np.linalg.norm(seen(colours[one], kind) - seen(colours[other], kind))
            assert distance > 15, (one, other, distance)


def test_grey_print_keeps_tariffs_apart() -> None:
    """Two tariffs of one direction differ in lightness."""
    light = {name: seen(colour, "none")[0] for name, colour in LIGHT.columns.items()}
    assert abs(light["import_t1"] - light["import_t2"]) > 15
    assert abs(light["export_t1"] - light["export_t2"]) > 15


def test_grey_print_shows_more_as_darker(tmp_path: Path) -> None:
    """On the map of hours, an hour that takes more from the grid is darker, and so is one that
    gives more."""
    for register in ("import_t1_wh", "export_t1_wh"):
        path = tmp_path / register
        others = {"import_t1_wh": 0, "export_t1_wh": 0}
        known = [(MONDAY + 1800 * n, reading(others | {register: 12 * n * n})) for n in range(49)]
        store(path, *known)
        app = create_app(Settings({"--db": str(path)}, {}, "/nonexistent"))
        across = pixels(app, "day/2026-10-26/hours")[75:320, columns_at(0.5, 0.6)][:, 0] / 255
        squares = [colour for colour, _ in itertools.groupby(map(tuple, across))]
        lightness = [seen(colour, "none")[0] for colour in squares]
        assert len(lightness) > 11  # the palette has the same colour for some neighbours
        assert all(one > other for one, other in itertools.pairwise(lightness))


@pytest.fixture(scope="module")
def many(house_database: Path) -> list[bytes]:
    """Every picture in every shape, light in English and dark in Dutch."""
    client = client_of(house_database)
    looks = ("theme=light&lang=en", "theme=dark&lang=nl")
    return [
        client.get(f"/{address}.png?{look}&shape={shape}").data
        for address, look, shape in itertools.product(PICTURES, looks, SIZES)
    ]


def test_every_picture_is_small(many: list[bytes]) -> None:
    """Every picture is at most 18 kB, and half of them at most 12 kB."""
    assert max(map(len, many)) <= 18_000
    assert sorted(map(len, many))[len(many) // 2] <= 12_000


def test_text_is_as_wide_as_calculated() -> None:
    """The width that is kept free for a text is the one that it takes, at any scale."""
    for text in ("1.234,5 kWh", "van het net, dal T1"):
        assert canvas.width_of(text, 13) == pytest.approx(canvas.width_of(text, 26) / 2, rel=0.08)
