"""A table becomes a PNG. All style stands here, and there is one way of drawing for all pictures.

Import goes up and export down from a zero line; a gap, whose distribution isn't known, is hatched;
a bucket of which only a part is known is paler; what isn't known isn't drawn.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.text import Text
    from numpy.typing import NDArray

    from slimmemeter.history import Table

    Numbers = NDArray[np.float64]
    Line = tuple[tuple[float, float], tuple[float, float]]

THINNEST_GAP_PX = 4
BASE_DPI = 100
PALETTE = 48  # colours of a PNG: enough for smooth text, and a third of the size
FONT = "DejaVu Sans"  # comes with matplotlib


@dataclass(frozen=True)
class Shape:
    """Pixels at scale 1: of the picture, and of the field in it where data stands."""

    width: int
    height: int
    left: int
    right: int
    bottom: int
    top: int


SHAPES = {
    "wide": Shape(1000, 350, left=72, right=988, bottom=34, top=286),
    "narrow": Shape(480, 400, left=56, right=470, bottom=32, top=290),
}


@dataclass(frozen=True)
class Theme:
    """The colours of paper, ink and columns."""

    paper: str
    ink: str
    faint: str
    grid: str
    columns: dict[str, str]


# Blue for what comes, orange for what goes: apart for every kind of colour vision, and in grey
# print by their side of the zero line. The tariffs of one direction are two shades of one hue.
_LIGHT = {
    **{"import_t1_kwh": "#7fb2e5", "import_t2_kwh": "#2166ac", "import_kwh": "#2166ac"},
    **{"import_t3_kwh": "#4a8fc9", "import_t4_kwh": "#0d3f73", "import_w": "#2f74b5"},
    **{"export_t1_kwh": "#fdc878", "export_t2_kwh": "#e08214", "export_kwh": "#e08214"},
    **{"export_t3_kwh": "#f2a64a", "export_t4_kwh": "#a65b08", "export_w": "#e08214"},
    **{"gas_m3": "#8c6bb1", "water_m3": "#1b9e9e", "warm_water_m3": "#56b4b4"},
    **{"heat_gj": "#c0577e", "heat_kwh": "#c0577e", "submeter_kwh": "#5c7f8f"},
    **{"cooling_gj": "#3d9fd1", "cooling_kwh": "#3d9fd1"},
}
_DARK = _LIGHT | {
    **{"import_t1_kwh": "#9cc9f0", "import_t2_kwh": "#4a90d0", "import_kwh": "#4a90d0"},
    **{"import_w": "#5ea2dd", "export_w": "#f0983a", "gas_m3": "#a98bd0"},
}
THEMES = {
    "light": Theme("#ffffff", "#1f2933", "#66717c", "#dfe3e8", _LIGHT),
    "dark": Theme("#171b21", "#e6e9ed", "#9aa5b1", "#333b45", _DARK),
}


@dataclass(frozen=True)
class Words:
    """The texts of a picture, in the language of who looks: the period and its totals, what the
    columns are called, the marks on the time axis, the decimal sign."""

    title: str
    totals: str
    columns: dict[str, str]
    ticks: Sequence[tuple[float, str]]
    nothing: str
    point: str


def png(
    table: Table, words: Words, theme: str = "light", shape: str = "wide", scale: int = 1
) -> bytes:
    """The table as a picture of the shape's pixels times `scale`.

    For one thread at a time: matplotlib's caches of fonts and paths are shared by all of them.
    """
    canvas = _Sheet(table, words, THEMES[theme], SHAPES[shape], scale).canvas
    canvas.draw()
    size = canvas.get_width_height(physical=True)
    pixels = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    colours = pixels.convert("RGB").quantize(
        PALETTE, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    file = io.BytesIO()
    colours.save(file, "PNG")
    return file.getvalue()


class _Sheet:
    """A figure on which a table is drawn in pixels of the picture at scale 1.

    matplotlib's axes would cost more than all the rest: two lines and two texts for each mark.
    """

    def __init__(self, table: Table, words: Words, theme: Theme, shape: Shape, scale: int) -> None:
        size = (shape.width / BASE_DPI, shape.height / BASE_DPI)
        self.figure = Figure(size, dpi=BASE_DPI * scale, facecolor=theme.paper)
        self.canvas = FigureCanvasAgg(self.figure)
        self._pixels = Affine2D().scale(scale)
        self._theme = theme
        self._shape = shape
        self._table = table
        heaps = _heaps(table)
        self._low, self._high, self._step = _value_range(heaps)
        known = any(np.isfinite(top).any() for _, top in heaps)
        if known:
            self._value_marks(words)
        for column, (bottom, top) in zip(table.columns, heaps, strict=True):
            shapes = _steps if _unit(table) == "W" else _bars
            x = self._x(np.array(table.borders, float))
            corners, places = shapes(x, self._y(bottom), self._y(top))
            pale = set(table.partial) if shapes is _bars else ()
            colour = theme.columns[column.name]
            self._polygons(corners, [to_rgba(colour, 0.5 if n in pale else 1) for n in places])
        self._gaps()
        self._lines([self._across(0)], theme.faint, order=3)
        self._time_marks(words)
        self._legend(words, self._heading(words))
        if not known:
            middle = (shape.left + shape.right) / 2, (shape.bottom + shape.top) / 2
            self._text(*middle, words.nothing, 11, theme.faint, ha="center")

    def _x(self, instants: Numbers) -> Numbers:
        begin, end = self._table.borders[0], self._table.borders[-1]
        width = self._shape.right - self._shape.left
        return self._shape.left + (instants - begin) * (width / (end - begin))

    def _y(self, values: Numbers) -> Numbers:
        height = self._shape.top - self._shape.bottom
        return self._shape.bottom + (values - self._low) * (height / (self._high - self._low))

    def _across(self, value: float) -> Line:
        y = float(self._y(np.array(value)))
        return (self._shape.left, y), (self._shape.right, y)

    def _polygons(self, corners: Sequence[Numbers], colours: Any, **style: Any) -> None:
        shapes = PolyCollection(
            corners, facecolors=colours, transform=self._pixels, **({"linewidths": 0} | style)
        )
        self.figure.add_artist(shapes)

    def _lines(self, lines: Sequence[Line], colour: str, order: float) -> None:
        drawn = LineCollection(
            lines, colors=colour, linewidths=0.8, transform=self._pixels, zorder=order
        )
        self.figure.add_artist(drawn)

    def _text(self, x: float, y: float, text: str, size: float, colour: str, **style: Any) -> Text:
        style.setdefault("va", "baseline")
        return self.figure.text(
            x, y, text, fontsize=size, color=colour, transform=self._pixels, **style
        )

    def _value_marks(self, words: Words) -> None:
        decimals = max(0, -math.floor(math.log10(self._step) + 1e-9))
        first, last = round(self._low / self._step), round(self._high / self._step)
        marks = [number * self._step for number in range(first, last + 1)]
        self._lines([self._across(mark) for mark in marks], self._theme.grid, order=0)
        for mark in marks:
            text = f"{abs(mark):.{decimals}f}".replace(".", words.point)
            (x, y), _ = self._across(mark)
            self._text(x - 8, y - 4, text, 9.5, self._theme.faint, ha="right")
        x, y = self._shape.left - 8, self._shape.top + 12
        self._text(x, y, _unit(self._table), 9.5, self._theme.faint, ha="right", weight="bold")

    def _time_marks(self, words: Words) -> None:
        """As many of the marks as have room, from the first on."""
        widest = max(len(text) for _, text in words.ticks) * 7 + 26
        room = (self._shape.right - self._shape.left) / len(words.ticks)
        for at, text in words.ticks[:: math.ceil(widest / room)]:
            self._text(float(self._x(np.array(at))), 14, text, 9.5, self._theme.faint, ha="center")

    def _gaps(self) -> None:
        begin, end = self._table.borders[0], self._table.borders[-1]
        for gap in self._table.gaps:
            left, right = self._x(np.clip(np.array(gap, float), begin, end))
            if right - left < THINNEST_GAP_PX:
                continue  # of a year a night is no more than a hair
            stretch = _rectangle(left, right, self._shape.bottom, self._shape.top)
            self._polygons([stretch], "none", edgecolors=self._theme.faint, hatch="////")

    def _heading(self, words: Words) -> int:
        """Period and totals, in one line where there is room; returns where the next line is."""
        y = self._shape.height - 24
        if self._shape.width > 600:
            line = " · ".join(filter(None, (words.title, words.totals)))
            self._text(12, y, line, 11.5, self._theme.ink, weight="bold")
            return y - 20
        self._text(12, y, words.title, 11.5, self._theme.ink, weight="bold")
        self._text(12, y - 19, words.totals, 10.5, self._theme.ink)
        return y - 39

    def _legend(self, words: Words, y: int) -> None:
        """What each colour is, in lines of their own; one column needs none."""
        if len(self._table.columns) < 2:
            return
        x = float(self._shape.left)
        for column in self._table.columns:
            text = self._text(x + 15, y, words.columns[column.name], 9.5, self._theme.faint)
            width = text.get_window_extent().transformed(self._pixels.inverted()).width
            if x + 15 + width > self._shape.right:
                x, y = float(self._shape.left), y - 17
                text.set_position((x + 15, y))
            square = _rectangle(x, x + 10, y - 1, y + 9)
            self._polygons([square], self._theme.columns[column.name])
            x += width + 33


def _heaps(table: Table) -> list[tuple[Numbers, Numbers]]:
    """From where to where each column's bars go: imports on each other, exports below zero."""
    heights = {1: np.zeros(len(table.borders) - 1), -1: np.zeros(len(table.borders) - 1)}
    heaps = []
    for column in table.columns:
        sign = -1 if column.name.startswith("export") else 1
        values = np.array([np.nan if v is None else v for v in column.values], float)
        bottom = heights[sign]
        top = bottom + sign * values / column.scale
        heights[sign] = np.where(np.isnan(top), bottom, top)
        heaps.append((bottom, top))
    return heaps


def _value_range(heaps: list[tuple[Numbers, Numbers]]) -> tuple[float, float, float]:
    """Lowest and highest mark that hold all values, and the round step between two marks."""
    ends = [0.0, *(float(np.nanmin(top)) for _, top in heaps if np.isfinite(top).any())]
    ends += [float(np.nanmax(top)) for _, top in heaps if np.isfinite(top).any()]
    span = max(ends) - min(ends)
    step = _round_step(span / 5) if span else 0.2
    low, high = math.floor(min(ends) / step + 1e-9), math.ceil(max(ends) / step - 1e-9)
    return low * step, max(high, low + 1) * step, step


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)


def _rectangle(left: float, right: float, low: float, high: float) -> Numbers:
    return np.array([(left, low), (left, high), (right, high), (right, low)], float)


def _bars(x: Numbers, bottom: Numbers, top: Numbers) -> tuple[list[Numbers], list[int]]:
    """A rectangle for each bucket that has a height, a fifth of its width left free."""
    places = np.flatnonzero(np.isfinite(top) & (top != bottom)).tolist()
    free = np.diff(x) * 0.1
    sides = zip(x[:-1] + free, x[1:] - free, bottom, top, strict=True)
    rectangles = [_rectangle(*side) for side in sides]
    return [rectangles[place] for place in places], places


def _steps(x: Numbers, bottom: Numbers, top: Numbers) -> tuple[list[Numbers], list[int]]:
    """One stepped area for each run of buckets of which something is known."""
    known = np.concatenate(([False], np.isfinite(top), [False]))
    edges = np.flatnonzero(known[1:] != known[:-1])
    areas = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        across = np.repeat(x[begin : end + 1], 2)[1:-1]
        there = np.stack([across, np.repeat(top[begin:end], 2)], axis=1)
        back = np.stack([across, np.repeat(bottom[begin:end], 2)], axis=1)[::-1]
        areas.append(np.concatenate([there, back]))
    return areas, edges[::2].tolist()


def _unit(table: Table) -> str:
    units = {"w": "W", "kwh": "kWh", "m3": "m³", "gj": "GJ"}
    return units[table.columns[0].name.rpartition("_")[2]] if table.columns else ""


rcParams["font.family"] = FONT
rcParams["hatch.linewidth"] = 0.6
