"""A scene becomes a PNG. All style stands here, and there is one way of drawing for all pictures.

Import goes up and export down from a zero line; a gap, whose distribution isn't known, is hatched;
a bucket of which only a part is known is paler; what isn't known isn't drawn. A picture
is a function that puts a scene's table into a `Field` on the `Canvas`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_rgb

from slimmemeter.charts.axes import (
    Area,
    Field,
    from_zero,
    heaped,
    numbers,
    range_of,
    rectangle,
    rectangles,
    round_range,
    runs,
    steps,
)
from slimmemeter.charts.canvas import Canvas, Theme, width_of
from slimmemeter.charts.spec import SIZES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slimmemeter.charts.axes import Heap, Numbers
    from slimmemeter.charts.canvas import Colour
    from slimmemeter.charts.spec import Scene
    from slimmemeter.history.consumption import Column, Table

THINNEST_GAP_PX = 4
UNITS = {"w": "W", "kwh": "kWh", "m3": "m³", "gj": "GJ", "v": "V"}
SMALL, LARGE = 12, 15  # pixels of letters
LINE_PX = 18
SHADES = 24  # of a scale, to each side of nothing
MAP_ROWS = 48  # half-hours


# Blue for what comes, orange for what goes: apart for every kind of colour vision, and in grey
# print by their side of the zero line. The tariffs of one direction are two shades of one hue.
_LIGHT = {
    **{"import_t1": "#7fb2e5", "import_t2": "#2166ac", "import": "#2f74b5"},
    **{"import_t3": "#4a8fc9", "import_t4": "#0d3f73"},
    **{"export_t1": "#fdc878", "export_t2": "#e08214", "export": "#e08214"},
    **{"export_t3": "#f2a64a", "export_t4": "#a65b08"},
    **{"gas": "#8c6bb1", "water": "#1b9e9e", "warm_water": "#56b4b4"},
    **{"heat": "#c0577e", "cooling": "#3d9fd1", "submeter": "#5c7f8f"},
    **{"voltage_l1": "#1b4f8a", "voltage_l2": "#e69f00", "voltage_l3": "#b0699a"},
}
_DARK = _LIGHT | {
    **{"import_t1": "#9cc9f0", "import_t2": "#4a90d0", "import": "#5ea2dd"},
    **{"export": "#f0983a", "gas": "#a98bd0", "voltage_l1": "#7fb6ee"},
}
THEMES = {
    "light": Theme(
        *("#ffffff", "#1f2933", "#66717c", "#dfe3e8", "#ebeff3"),
        ("#ffe37a", "#ccd3db", "#08306b"),
        _LIGHT,
    ),
    "dark": Theme(
        *("#171b21", "#e6e9ed", "#9aa5b1", "#333b45", "#222932"),
        ("#f7a13d", "#2c343e", "#8cc4fa"),
        _DARK,
    ),
}


def png(scene: Scene, theme: str = "light", shape: str = "wide", scale: int = 1) -> bytes:
    """The scene as a picture of the shape's pixels times `scale`.

    For one thread at a time: matplotlib's caches of fonts and paths are shared by all of them.
    """
    return drawn(scene, theme, shape, scale).png()


def drawn(scene: Scene, theme: str = "light", shape: str = "wide", scale: int = 1) -> Canvas:
    """The canvas with the scene on it."""
    size = SIZES[shape]
    canvas = Canvas(size.width, scene.heights[shape], THEMES[theme], scale)
    area = Area(size.left, size.right, 30, _heading(canvas, scene, size.width))
    name = scene.table.name.partition("_")[0]
    if scene.table.is_known():
        DRAWINGS.get(name, _bars)(canvas, scene, area)
    else:
        _times(canvas, scene, Field(area, scene.table, (0, 1)))
        middle = (area.left + area.right) / 2, (area.bottom + area.top) / 2
        canvas.text(*middle, scene.nothing, LARGE, canvas.theme.faint, align="m")
    return canvas


def _bars(canvas: Canvas, scene: Scene, area: Area) -> None:
    """Stacked bars of energy, gas, water or heat; the same time of other years beside them."""
    there = heaped(scene.table.columns)
    others = [heaped(other.together()) for _, other in scene.earlier]
    field = Field(area, scene.table, *range_of([*there, *itertools.chain(*others)]))
    _ground(canvas, scene, field)
    slots = len(others) + 1 if scene.beside else 1
    for number, other in enumerate(reversed(others)):
        if scene.beside:
            _pale(canvas, field, other, (number, slots), 1 - 0.25 * (len(others) - number))
    _stack(canvas, field, there, (slots - 1, slots))
    if not scene.beside:
        _marks_of_before(canvas, field, others)
    _front(canvas, scene, field)


def _day(canvas: Canvas, scene: Scene, area: Area) -> None:
    """The mean power as a filled step; under it what came and went by the hour."""
    upper, lower = (area, None) if scene.under is None else area.split(0.6, 40)
    there = heaped(scene.table.columns)
    field = Field(upper, scene.table, *range_of(there))
    _ground(canvas, scene, field)
    for column, bottom, top in there:
        areas = steps(field.x(scene.table.borders), field.y(bottom), field.y(top))
        canvas.areas(areas, _colour(canvas, column.name))
    _hatch(canvas, field)
    canvas.lines([field.across(0)], canvas.theme.faint)
    if lower is None or scene.under is None:
        _times(canvas, scene, field)
        return
    under = heaped(scene.under.columns)
    field = Field(lower, scene.under, *range_of(under, marks=3))
    _ground(canvas, scene, field)
    _stack(canvas, field, under, (0, 1))
    _front(canvas, scene, field)


def _map(canvas: Canvas, scene: Scene, area: Area) -> None:
    """A square for each hour: days across, the hours of the clock downwards."""
    area = area._replace(top=area.top + 10)  # no unit stands there
    net = _net(scene.table)
    limit = _limit(net)
    parts = np.clip(np.nan_to_num(net / limit), -1, 1)
    shades = np.sign(parts) * np.sqrt(np.abs(parts)) * SHADES  # a root, so that little shows too
    places = np.where(np.isnan(net), 2 * SHADES + 1, shades.round() + SHADES).astype(int)
    colours = _scale(canvas.theme)
    day, half, halves = np.array(scene.cells).T
    rows = np.full((MAP_ROWS, day[-1] + 1), 2 * SHADES + 1)
    rows[half, day] = places
    rows[half + halves - 1, day] = places  # both halves of an hour, or its one half again
    canvas.picture(area, colours[rows])
    unknown = [_cell(area, scene, rows.shape[1], place) for place in scene.table.in_gaps()]
    canvas.areas(unknown, to_rgb(canvas.theme.paper))
    canvas.areas(unknown, None, hatch=canvas.theme.faint)
    for hour in range(0, 25, 6):
        y = area.top - (area.top - area.bottom) * hour / 24
        canvas.text(area.left - 8, y - 4, f"{hour:02}", SMALL, canvas.theme.faint, align="r")
    days = replace(scene.table, borders=list(scene.axis))
    _times(canvas, scene, Field(area, days, (0, 1)))


def _net(table: Table) -> Numbers:
    """What came from the grid less what went to it, by hour; NaN where neither is known."""
    columns = {column.name: numbers(column) for column in table.columns}
    nothing = np.full(len(table.borders) - 1, np.nan)
    imported, exported = (columns.get(f"{way}_kwh", nothing) for way in ("import", "export"))
    return np.where(np.isnan(imported), -exported, imported - np.nan_to_num(exported))


def _cell(area: Area, scene: Scene, days: int, place: int) -> Numbers:
    """Where an hour is on the map."""
    day, half, halves = scene.cells[place]
    width, height = (area.right - area.left) / days, (area.top - area.bottom) / MAP_ROWS
    left, top = area.left + day * width, area.top - half * height
    return rectangle(left, left + width, top - halves * height, top)


def _lines(canvas: Canvas, scene: Scene, area: Area) -> None:
    """A line for each year from its begin, the newest one in front."""
    lines = [from_zero(column) for column in scene.table.columns]
    field = Field(area, scene.table, *range_of(lines))
    _ground(canvas, scene, field)
    x = field.x(scene.table.borders)
    for column, bottom, top in reversed(lines):
        colour, width, dashes = _year_style(canvas, scene.table, column)
        values = np.concatenate(([0.0 if bottom[0] == 0 else np.nan], top))
        known = np.flatnonzero(np.isfinite(values))
        points = np.stack([x[known], field.y(values[known])], axis=1)
        canvas.lines([points], colour, width, dashes)
    canvas.lines([field.across(0)], canvas.theme.faint)
    _times(canvas, scene, field)


def _voltage(canvas: Canvas, scene: Scene, area: Area) -> None:
    """A line for each phase, or of each bucket a bar from its lowest to its highest reading."""
    columns = {column.name: numbers(column) for column in scene.table.columns}
    values = np.concatenate(list(columns.values()))
    ends, step = round_range(float(np.nanmin(values)) - 0.5, float(np.nanmax(values)) + 0.5)
    field = Field(area, scene.table, ends, step)
    _ground(canvas, scene, field)
    lowest = [name for name in columns if "_max_" not in name]
    for slot, name in enumerate(lowest):
        colour, top = _colour(canvas, name), columns.get(name.replace("_min_", "_max_"))
        if "_min_" in name and top is not None:
            everywhere = np.ones(len(top), bool)
            bars = rectangles(field, columns[name] - 0.1, top, everywhere, (slot, len(lowest)))
            canvas.areas(bars, colour)
        else:
            canvas.lines(runs(field, columns[name]), colour, 1.4)
    _front(canvas, scene, field)


# By the first word of a table's name; all others are bars.
DRAWINGS: dict[str, Callable[[Canvas, Scene, Area], None]] = {
    "power": _day,
    "hours": _map,
    "cumulative": _lines,
    "voltage": _voltage,
}


def _heading(canvas: Canvas, scene: Scene, width: int) -> float:
    """Title, totals and legend, in as many lines as they take; returns where the field may end."""
    y = canvas.height - 24.0
    size = LARGE if width > 600 else LARGE - 1
    room = width - 24
    for line in _wrapped([*scene.title, *scene.totals], " · ", room, size):
        canvas.text(12, y, line, size, canvas.theme.ink, bold=True)
        y -= LINE_PX + 2
    return _legend(canvas, scene, y, width - 12) - 16


def _wrapped(parts: Sequence[str], between: str, room: float, size: int) -> list[str]:
    """Parts in lines, each part whole."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = lines[-1] + between + part
        if width_of(longer, size, bold=True) <= room:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _legend(canvas: Canvas, scene: Scene, y: float, end: float) -> float:
    """What each sign is; one column alone needs none. Returns where the next line would be."""
    signs = _signs(canvas, scene)
    if len(signs) < 2:
        return y + 4
    x = 12.0
    for put, text in signs:
        if x > 12 and x + 20 + width_of(text, SMALL) > end:
            x, y = 12.0, y - LINE_PX
        put(x, y)
        x = canvas.text(x + 20, y, text, SMALL, canvas.theme.faint) + 18
    return y - LINE_PX


def _signs(canvas: Canvas, scene: Scene) -> list[tuple[Callable[[float, float], None], str]]:
    """How to put each sign of the legend, and what it is called."""

    def square(colour: Colour) -> Callable[[float, float], None]:
        return lambda x, y: canvas.areas([rectangle(x, x + 14, y - 1, y + 9)], colour)

    def line(
        colour: str | Colour, width: float, dashes: Sequence[float]
    ) -> Callable[[float, float], None]:
        return lambda x, y: canvas.lines(
            [np.array([(x, y + 4), (x + 15, y + 4)])], colour, width, dashes
        )

    def hatched(x: float, y: float) -> None:
        canvas.areas([rectangle(x, x + 14, y - 1, y + 9)], None, hatch=canvas.theme.faint)

    name = scene.table.name.partition("_")[0]
    if name == "hours":
        return _signs_of_map(canvas, scene, square)
    if name == "cumulative":
        return [
            (line(*_year_style(canvas, scene.table, each)), scene.columns[each.name])
            for each in scene.table.columns
        ]
    columns = [each for each in scene.table.columns if "_max_" not in each.name]
    if scene.under is not None:
        columns = scene.under.columns if len(scene.under.columns) > 1 else columns
    signs = [(square(_colour(canvas, each.name)), scene.columns[each.name]) for each in columns]
    for number, (label, other) in enumerate(scene.earlier):
        colour = _mixed(_colour(canvas, other.together()[0].name), canvas, 0.75 - 0.25 * number)
        sign = square(colour) if scene.beside else line(canvas.theme.ink, 2, ())
        signs.append((sign, label))
    if any(_is_seen(scene, canvas, gap) for gap in scene.table.gaps):
        signs.append((hatched, scene.unread))
    return signs


def _is_seen(scene: Scene, canvas: Canvas, gap: tuple[int, int]) -> bool:
    """Whether a gap is wide enough to be hatched; of a year a night is no more than a hair."""
    begin, end = scene.table.borders[0], scene.table.borders[-1]
    part = (min(gap[1], end) - max(gap[0], begin)) / (end - begin)
    return part * canvas.width * 0.9 >= THINNEST_GAP_PX


def _signs_of_map(
    canvas: Canvas, scene: Scene, square: Callable[[Colour], Callable[[float, float], None]]
) -> list[tuple[Callable[[float, float], None], str]]:
    """The ends and the middle of the scale of hours."""
    colours = [to_rgb(colour) for colour in canvas.theme.scale]
    most = scene.number(_limit(_net(scene.table)), 1)
    texts = [f"{most} kW {scene.ends[0]}", "0", f"{most} kW {scene.ends[1]}"]
    signs = [(square(colour), text) for colour, text in zip(colours, texts, strict=True)]
    is_given = any(column.name == "export_kwh" for column in scene.table.columns)
    return signs if is_given else signs[1:]


def _ground(canvas: Canvas, scene: Scene, field: Field) -> None:
    """What lies under the data: weekends, and lines at round values with their numbers."""
    area = field.area
    stretches = [field.x(stretch) for stretch in scene.shaded]
    shaded = [rectangle(left, right, area.bottom, area.top) for left, right in stretches]
    canvas.areas(shaded, to_rgb(canvas.theme.shade))
    decimals = max(0, -math.floor(math.log10(field.step) + 1e-9))
    first, last = round(field.low / field.step), round(field.high / field.step)
    marks = [number * field.step for number in range(first, last + 1)]
    canvas.lines([field.across(mark) for mark in marks], canvas.theme.grid)
    for mark in marks:
        y = float(field.y(mark)) - 4
        text = scene.number(abs(mark), decimals)
        canvas.text(area.left - 8, y, text, SMALL, canvas.theme.faint, align="r")
    unit = UNITS[field.table.columns[0].name.rpartition("_")[2]]
    canvas.text(area.left - 8, area.top + 10, unit, SMALL, canvas.theme.faint, bold=True, align="r")


def _front(canvas: Canvas, scene: Scene, field: Field) -> None:
    """What lies over the data: gaps, the zero line, and the time."""
    _hatch(canvas, field)
    if field.low <= 0:
        canvas.lines([field.across(0)], canvas.theme.faint)
    _times(canvas, scene, field)


def _hatch(canvas: Canvas, field: Field) -> None:
    begin, end = field.table.borders[0], field.table.borders[-1]
    for gap in field.table.gaps:
        left, right = field.x(np.clip(np.array(gap, float), begin, end))
        if right - left >= THINNEST_GAP_PX:  # of a year a night is no more than a hair
            stretch = rectangle(left, right, field.area.bottom, field.area.top)
            canvas.areas([stretch], None, hatch=canvas.theme.faint)


def _times(canvas: Canvas, scene: Scene, field: Field) -> None:
    """As many of the marks of time as have room: all, or every second, third, …"""
    places = field.x([at for at, _ in scene.ticks]).tolist()
    widths = [width_of(text, SMALL) for _, text in scene.ticks]
    step = next(
        step
        for step in (1, 2, 3, 4, 6, 7, 12, 24, 9999)
        if _have_room(places[::step], widths[::step], canvas.width)
    )
    for x, (_, text), width in list(zip(places, scene.ticks, widths, strict=True))[::step]:
        inside = min(max(x, width / 2 + 2), canvas.width - width / 2 - 2)
        canvas.text(inside, 12, text, SMALL, canvas.theme.faint, align="m")


def _have_room(places: Sequence[float], widths: Sequence[float], width: float) -> bool:
    halves = [half / 2 for half in widths]
    middles = [
        min(max(x, half + 2), width - half - 2) for x, half in zip(places, halves, strict=True)
    ]
    ends = [x + half for x, half in zip(middles, halves, strict=True)]
    begins = [x - half for x, half in zip(middles, halves, strict=True)]
    return all(begin - end >= 8 for end, begin in zip(ends, begins[1:], strict=False))


def _stack(canvas: Canvas, field: Field, heaps: Sequence[Heap], slot: tuple[int, int]) -> None:
    """Each column's bars, paler where only a part of the bucket is known."""
    partial = np.isin(np.arange(len(field.table.borders) - 1), field.table.partial)
    for column, bottom, top in heaps:
        colour = _colour(canvas, column.name)
        for pale, shade in ((False, colour), (True, _mixed(colour, canvas, 0.5))):
            there = partial == pale
            canvas.areas(rectangles(field, bottom, top, there, slot), shade)


def _pale(
    canvas: Canvas, field: Field, heaps: Sequence[Heap], slot: tuple[int, int], strength: float
) -> None:
    """The bars of an earlier year, which has as many buckets."""
    for column, bottom, top in heaps:
        there = np.ones(len(bottom), bool)
        colour = _mixed(_colour(canvas, column.name), canvas, strength)
        canvas.areas(rectangles(field, bottom, top, there, slot), colour)


def _marks_of_before(canvas: Canvas, field: Field, others: Sequence[Sequence[Heap]]) -> None:
    """A thin line across each bucket at what it had a year ago."""
    x = field.x(field.table.borders)
    for heaps in others:
        for _, _, top in heaps:
            y = field.y(top)
            places = [n for n in range(min(len(y), len(x) - 1)) if math.isfinite(y[n])]
            for colour, width in ((canvas.theme.paper, 4.0), (canvas.theme.ink, 2.0)):
                marks = [np.array([(x[n] + 1, y[n]), (x[n + 1] - 1, y[n])]) for n in places]
                canvas.lines(marks, colour, width)


def _limit(net: Numbers) -> float:
    """Where the scale of hours ends: a round number that few hours exceed."""
    known = np.abs(net[np.isfinite(net)])
    high = float(np.percentile(known, 98)) if len(known) else 0
    return math.ceil(high * 2 - 1e-9) / 2 if high else 1


def _scale(theme: Theme) -> NDArray[np.uint8]:
    """The colours from most export over nothing to most import, and the paper for not known."""
    low, middle, high = (np.array(to_rgb(colour)) for colour in theme.scale)
    parts = np.linspace(0, 1, SHADES + 1)[:, None]
    down = low + (middle - low) * parts
    up = middle + (high - middle) * parts
    colours = np.concatenate([down[:-1], up, [to_rgb(theme.paper)]])
    return np.asarray((colours * 255).round(), np.uint8)


def _year_style(
    canvas: Canvas, table: Table, column: Column
) -> tuple[Colour, float, Sequence[float]]:
    """The newest year's line is thick; the older, the paler, and each other one is dashed."""
    stem = column.name.partition("_")[0]
    alike = [each.name for each in table.columns if each.name.startswith(f"{stem}_")]
    age = alike.index(column.name)
    strength = max(1 - 0.28 * age, 0.3)
    dashes = (6, 3) if age % 2 else ()
    return _mixed(_colour(canvas, column.name), canvas, strength), 2.6 if not age else 1.8, dashes


def _colour(canvas: Canvas, column: str) -> Colour:
    """A column's colour: of its whole name before the unit, or of the longest part that has one."""
    name = column.rpartition("_")[0]
    while name not in canvas.theme.columns:
        name = name.rpartition("_")[0]
    return to_rgb(canvas.theme.columns[name])


def _mixed(colour: Colour, canvas: Canvas, strength: float) -> Colour:
    """A colour, the weaker the more of the paper shows through."""
    paper = to_rgb(canvas.theme.paper)
    red, green, blue = (
        over * strength + under * (1 - strength) for over, under in zip(colour, paper, strict=True)
    )
    return red, green, blue
