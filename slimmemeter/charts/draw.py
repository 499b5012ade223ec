"""A spec becomes a PNG.

Import goes up and export down from a zero line; a gap, whose distribution isn't known, is hatched;
a bucket of which only a part is known is hollow; what isn't known isn't drawn. A picture is a
function that puts a spec's table into a `Field` on the `Canvas`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_rgb

from slimmemeter.charts import legend
from slimmemeter.charts.axes import (
    Area,
    Field,
    Lane,
    beside,
    from_zero,
    heaped,
    heaped_by_sign,
    range_between,
    range_of,
    rectangle,
    rectangles,
    runs,
    scaled,
    steps,
)
from slimmemeter.charts.canvas import Canvas
from slimmemeter.charts.map_scale import limit, net
from slimmemeter.charts.spec import SIZES
from slimmemeter.charts.style import SHADES, THEMES
from slimmemeter.charts.surroundings import front, ground, times
from slimmemeter.history.catalogue import CUMULATIVE

if TYPE_CHECKING:
    from slimmemeter.charts.axes import Array, Heap
    from slimmemeter.charts.spec import Spec
    from slimmemeter.history.table import Column, Table

MAP_ROWS = 48  # half-hours
BEHIND, IN_FRONT = Lane(0.06, 0.88), Lane(0.22, 0.56)  # of bars over each other


def png(
    spec: Spec, theme: str = "light", shape: str = "wide", scale: int = 1, has_title: bool = True
) -> bytes:
    """The picture, of the shape's pixels times `scale`.

    For one thread at a time: matplotlib's caches of fonts and paths are shared by all of them.
    """
    return drawn(spec, theme, shape, scale, has_title).png()


def drawn(
    spec: Spec, theme: str = "light", shape: str = "wide", scale: int = 1, has_title: bool = True
) -> Canvas:
    """The canvas with the picture on it."""
    size = SIZES[shape]
    canvas = Canvas(size.width, size.height, THEMES[theme], scale, size.letters)
    top = legend.heading(canvas, spec, has_title)
    area = Area(size.left, size.right, size.letters * 2.4, top)
    if spec.table.is_known:
        DRAWINGS.get(spec.table.name, _bars)(canvas, spec, area)
    else:
        times(canvas, spec, Field(area, spec.table, (0, 1)))
        middle = (area.left + area.right) / 2, (area.bottom + area.top) / 2
        canvas.text(*middle, spec.unknown, canvas.theme.faint, larger=3, align="m")
    return canvas


def _bars(canvas: Canvas, spec: Spec, area: Area) -> None:
    """Stacked bars of energy, gas, water or heat; the same time of other years beside or behind
    them."""
    there = heaped(spec.table.columns)
    others = [heaped(other.columns) for _, other in spec.earlier]
    field = Field(area, spec.table, *range_of([*there, *itertools.chain(*others)]))
    ground(canvas, spec, field)
    lane = IN_FRONT if others else Lane()
    if spec.is_beside:
        lane, *lanes = beside([there, *others], len(spec.table.borders) - 1)
        for age, (heaps, its) in enumerate(zip(others, lanes, strict=True), 1):
            _pale(canvas, field, heaps, its, canvas.theme.strength(age))
    else:
        for heaps in others:
            _pale(canvas, field, heaps, BEHIND, canvas.theme.BEHIND)
    _stack(canvas, field, there, lane)
    if spec.net is not None:
        lines = runs(field, scaled(*spec.net))
        canvas.lines(lines, canvas.theme.paper, 4)
        canvas.lines(lines, canvas.theme.ink, 2)
    front(canvas, spec, field)


def _costs(canvas: Canvas, spec: Spec, area: Area) -> None:
    """What each bucket costs, in parts; what is earned goes down."""
    there = heaped_by_sign(spec.table.columns)
    field = Field(area, spec.table, *range_of(there))
    ground(canvas, spec, field)
    everywhere = np.ones(len(spec.table.borders) - 1, bool)
    for column, bottom, top in there:
        bars = rectangles(field, bottom, top, everywhere, Lane())
        canvas.areas(bars, canvas.theme.colour(column))
    front(canvas, spec, field)


def _prices(canvas: Canvas, spec: Spec, area: Area) -> None:
    """A day's prices as a filled step; under them what came from the grid, if that is known."""
    price, *uses = spec.table.columns
    upper, lower = area.split(0.58, canvas.letters * 2.2) if uses else (area, area)
    heap = from_zero(price, spec.table.columns[price])
    field = Field(upper, _only(spec.table, price), *range_of([heap]))
    ground(canvas, spec, field)
    areas = steps(field.x(spec.table.borders), field.y(heap.bottom), field.y(heap.top))
    canvas.areas(areas, canvas.theme.colour(price))
    canvas.lines([field.across(0)], canvas.theme.faint)
    for use in uses:
        bars = heaped({use: spec.table.columns[use]})
        field = Field(lower, _only(spec.table, use), *range_of(bars, marks=3))
        ground(canvas, spec, field)
        _stack(canvas, field, bars, Lane())
    front(canvas, spec, field)


def _only(table: Table, column: Column) -> Table:
    return replace(table, columns={column: table.columns[column]})


def _power(canvas: Canvas, spec: Spec, area: Area) -> None:
    """The mean power as a filled step."""
    there = heaped(spec.table.columns)
    field = Field(area, spec.table, *range_of(there))
    ground(canvas, spec, field)
    for column, bottom, top in there:
        areas = steps(field.x(spec.table.borders), field.y(bottom), field.y(top))
        canvas.areas(areas, canvas.theme.colour(column))
    front(canvas, spec, field)


def _map(canvas: Canvas, spec: Spec, area: Area) -> None:
    """A square for each hour: days across, the hours of the clock downwards."""
    hours = net(spec.table)
    parts = np.clip(np.nan_to_num(hours / limit(hours)), -1, 1)
    places = np.where(np.isnan(hours), 2 * SHADES + 1, (parts * SHADES).round() + SHADES)
    day, half, halves = np.array(spec.cells).T
    rows = np.full((MAP_ROWS, day[-1] + 1), 2 * SHADES + 1)
    rows[half, day] = places
    rows[half + halves - 1, day] = places  # both halves of an hour, or its one half again
    canvas.picture(area, canvas.theme.shades()[rows])
    unknown = [_cell(area, spec, rows.shape[1], place) for place in spec.table.in_gaps()]
    canvas.areas(unknown, to_rgb(canvas.theme.shade))
    canvas.areas(unknown, None, hatch=canvas.theme.faint)
    for hour in range(0, 25, 6):
        y = area.top - (area.top - area.bottom) * hour / 24
        canvas.text(
            area.left - 8, y - canvas.letters / 3, f"{hour:02}", canvas.theme.faint, align="r"
        )
    days = replace(spec.table, borders=list(spec.axis))
    times(canvas, spec, Field(area, days, (0, 1)))


def _cell(area: Area, spec: Spec, days: int, place: int) -> Array:
    """Where an hour is on the map."""
    day, half, halves = spec.cells[place]
    width, height = (area.right - area.left) / days, (area.top - area.bottom) / MAP_ROWS
    left, top = area.left + day * width, area.top - half * height
    return rectangle(left, left + width, top - halves * height, top)


def _lines(canvas: Canvas, spec: Spec, area: Area) -> None:
    """A line for each year from its begin, the newest one in front."""
    lines = [from_zero(*each) for each in spec.table.columns.items()]
    field = Field(area, spec.table, *range_of(lines))
    ground(canvas, spec, field)
    canvas.lines([field.across(0)], canvas.theme.faint)
    x = field.x(spec.table.borders)
    for column, bottom, top in reversed(lines):
        colour, width, dashes = canvas.theme.year_line(column, list(spec.table.columns))
        values = np.concatenate(([0.0 if bottom[0] == 0 else np.nan], top))
        known = np.flatnonzero(np.isfinite(values))
        points = np.stack([x[known], field.y(values[known])], axis=1)
        canvas.lines([points], colour, width, dashes)
    _ending(canvas, spec, field)
    times(canvas, spec, field)


def _ending(canvas: Canvas, spec: Spec, field: Field) -> None:
    """How far this year has come, in the corner that rising lines leave free."""
    line = canvas.letters * legend.LINE
    for number, text in enumerate(spec.ending):
        x, y = field.area.left + 10, field.area.top - line * (number + 0.9)
        canvas.text(x, y, text, canvas.theme.ink, bold=not number)


def _phases(canvas: Canvas, spec: Spec, area: Area) -> None:
    """A line for each phase, or for each bucket a bar from its lowest to its highest reading."""
    columns = {column: scaled(column, values) for column, values in spec.table.columns.items()}
    values = np.concatenate(list(columns.values()))
    if spec.table.name == "phases":
        values = np.append(values, 0)
    ends = float(np.nanmin(values)) - 0.5, float(np.nanmax(values)) + 0.5
    field = Field(area, spec.table, *range_between(*ends))
    ground(canvas, spec, field)
    lines = [column for column in columns if column.extreme != "max"]
    for number, column in enumerate(lines):
        colour = canvas.theme.colour(column)
        if column.extreme is None:
            canvas.lines(runs(field, columns[column]), colour, 1.6)
        else:
            top = columns[replace(column, extreme="max")]
            everywhere, lane = np.ones(len(top), bool), Lane().part(number, len(lines))
            least = (field.high - field.low) / 200  # so that an equal pair is seen
            bars = rectangles(field, columns[column] - least, top, everywhere, lane)
            canvas.areas(bars, colour)
    front(canvas, spec, field)


# By a table's name; all others are bars.
DRAWINGS: dict[str, Callable[[Canvas, Spec, Area], None]] = {
    "power": _power,
    "hours": _map,
    **dict.fromkeys(CUMULATIVE, _lines),
    "voltage": _phases,
    "phases": _phases,
    "costs": _costs,
    "prices": _prices,
}


def _stack(canvas: Canvas, field: Field, heaps: Sequence[Heap], lane: Lane) -> None:
    """Each column's bars, which are hollow where only a part of the bucket is known."""
    partial = np.isin(np.arange(len(field.table.borders) - 1), field.table.partial)
    for column, bottom, top in heaps:
        colour = canvas.theme.colour(column)
        canvas.areas(rectangles(field, bottom, top, ~partial, lane), colour)
        canvas.hollow(rectangles(field, bottom, top, partial, lane), colour)


def _pale(canvas: Canvas, field: Field, heaps: Sequence[Heap], lane: Lane, strength: float) -> None:
    """The bars of an earlier time."""
    for column, bottom, top in heaps:
        there = np.ones(len(bottom), bool)
        colour = canvas.theme.mixed(canvas.theme.colour(column), strength)
        canvas.areas(rectangles(field, bottom, top, there, lane), colour)
