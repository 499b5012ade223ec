"""What a picture of a time has around its data: weekends, numbers, gaps, zero line, times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_rgb

from slimmemeter.charts import legend
from slimmemeter.charts.axes import Field, rectangle
from slimmemeter.charts.canvas import Canvas, width_of
from slimmemeter.i18n import language, numbers

if TYPE_CHECKING:
    from slimmemeter.charts.spec import Spec

LARGER = {"W": ("kW", 10_000), "kWh": ("MWh", 100_000)}  # units, and from when on they are used


def ground(canvas: Canvas, spec: Spec, field: Field) -> None:
    """What lies under the data: weekends, and lines at round values with their numbers."""
    area, theme = field.area, canvas.theme
    stretches = [field.x(stretch) for stretch in spec.shaded]
    shaded = [rectangle(left, right, area.bottom, area.top) for left, right in stretches]
    canvas.areas(shaded, to_rgb(theme.shade))
    unit, scale = numbers.unit(next(iter(field.table.columns))), 1.0
    larger, least = LARGER.get(unit, ("", math.inf))
    if max(-field.low, field.high) >= least:
        unit, scale = larger, 1000.0
    decimals = max(0, -math.floor(math.log10(field.step / scale) + 1e-9))
    first = math.ceil(field.low / field.step - 1e-9)
    last = math.floor(field.high / field.step + 1e-9)
    marks = [number * field.step for number in range(first, last + 1)]
    canvas.lines([field.across(mark) for mark in marks], theme.grid)
    for mark in marks:
        y = float(field.y(mark)) - canvas.letters / 3
        text = language.decimal(abs(mark) / scale, decimals)
        canvas.text(area.left - 8, y, text, theme.faint, align="r")
    top = max(area.top, float(field.y(marks[-1])) + canvas.letters if marks else 0)
    canvas.text(area.left - 8, top + canvas.letters * 0.6, unit, theme.faint, bold=True, align="r")


def front(canvas: Canvas, spec: Spec, field: Field) -> None:
    """What lies over the data: gaps, the zero line, and the time."""
    _hatch(canvas, field)
    if field.low <= 0 <= field.high:
        canvas.lines([field.across(0)], canvas.theme.faint)
    times(canvas, spec, field)


def _hatch(canvas: Canvas, field: Field) -> None:
    begin, end = field.table.borders[0], field.table.borders[-1]
    for gap in field.table.gaps:
        left, right = field.x(np.clip(np.array(gap, float), begin, end))
        if right - left >= legend.THINNEST_GAP_PX:  # of a year a night is no more than a hair
            stretch = rectangle(left, right, field.area.bottom, field.area.top)
            canvas.areas([stretch], None, hatch=canvas.theme.faint)


def times(canvas: Canvas, spec: Spec, field: Field) -> None:
    """As many of the marks of time as have room: all, or every second, third, …"""
    places = field.x([at for at, _ in spec.ticks]).tolist()
    widths = [width_of(text, canvas.letters) for _, text in spec.ticks]
    step = next(
        step
        for step in (1, 2, 3, 4, 6, 7, 12, 24, 9999)
        if _have_room(places[::step], widths[::step], canvas.width)
    )
    y = canvas.letters * 0.7
    for x, (_, text), width in list(zip(places, spec.ticks, widths, strict=True))[::step]:
        inside = min(max(x, width / 2 + 2), canvas.width - width / 2 - 2)
        canvas.text(inside, y, text, canvas.theme.faint, align="m")


def _have_room(places: Sequence[float], widths: Sequence[float], width: float) -> bool:
    halves = [half / 2 for half in widths]
    middles = [
        min(max(x, half + 2), width - half - 2) for x, half in zip(places, halves, strict=True)
    ]
    ends = [x + half for x, half in zip(middles, halves, strict=True)]
    begins = [x - half for x, half in zip(middles, halves, strict=True)]
    return all(begin - end >= 8 for end, begin in zip(ends, begins[1:], strict=False))
