"""The geometry of a picture: heaps of bars, round marks, rectangles and steps.

All in pixels at scale 1, from the lower left; nothing here draws.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from slimmemeter.history.table import Column, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slimmemeter.history.table import Numbers

    Array = NDArray[np.float64]

LEAST_STEP = 0.01  # between two marks: less is noise
MARKS = 6  # of an axis, at most about
FREE = 0.04  # of an axis beyond the data
BAR = 0.8  # of a bucket's width


class Area(NamedTuple):
    """A rectangle of the canvas."""

    left: float
    right: float
    bottom: float
    top: float

    def split(self, share: float, free: float) -> tuple[Area, Area]:
        """An upper part of that share, and a lower one, with room between them."""
        middle = self.top - (self.top - self.bottom - free) * share
        return self._replace(bottom=middle), self._replace(top=middle - free)


class Field:
    """An area in which a table's values stand over its time."""

    def __init__(
        self, area: Area, table: Table, ends: tuple[float, float], step: float = 0
    ) -> None:
        """:param ends: the lowest and the highest value; `step` is between two marks."""
        self.area = area
        self.table = table
        self.low, self.high = ends
        self.step = step

    def x(self, instants: Sequence[float] | Array) -> Array:
        """Where instants stand."""
        begin, end = self.table.borders[0], self.table.borders[-1]
        width = self.area.right - self.area.left
        return self.area.left + (np.asarray(instants, float) - begin) * (width / (end - begin))

    def y(self, values: Array | float) -> Array:
        """Where values stand."""
        height = self.area.top - self.area.bottom
        return np.asarray(
            self.area.bottom + (np.asarray(values) - self.low) * (height / (self.high - self.low))
        )

    def across(self, value: float) -> Array:
        """A line at a value."""
        y = float(self.y(value))
        return np.array([(self.area.left, y), (self.area.right, y)])


class Heap(NamedTuple):
    """A column's bars: from where to where each goes; NaN if it is unknown."""

    column: Column
    bottom: Array
    top: Array


def heaped(columns: dict[Column, Numbers]) -> list[Heap]:
    """The bars of columns, imports on top of each other, exports below zero."""
    count = max(map(len, columns.values()), default=0)
    heights = {1: np.zeros(count), -1: np.zeros(count)}
    heaps = []
    for column, values in columns.items():
        direction = -1 if column.is_export else 1
        bottom = heights[direction]
        top = bottom + direction * scaled(column, values)
        heights[direction] = np.where(np.isnan(top), bottom, top)
        heaps.append(Heap(column, bottom, top))
    return heaps


def heaped_by_sign(columns: dict[Column, Numbers]) -> list[Heap]:
    """The bars of columns on top of each other, what is below zero downwards."""
    count = max(map(len, columns.values()), default=0)
    up, down = np.zeros(count), np.zeros(count)
    heaps = []
    for column, values in columns.items():
        amount = np.nan_to_num(scaled(column, values))
        bottom = np.where(amount < 0, down, up)
        heaps.append(Heap(column, bottom, bottom + amount))
        up, down = up + np.maximum(amount, 0), down + np.minimum(amount, 0)
    return heaps


def from_zero(column: Column, values: Numbers) -> Heap:
    """A column's values with their sign, each from zero."""
    top = (-1 if column.is_export else 1) * scaled(column, values)
    return Heap(column, np.where(np.isnan(top), np.nan, 0.0), top)


def scaled(column: Column, values: Numbers) -> Array:
    """A column's numbers in its unit; NaN if unknown."""
    return np.array(values, float) / column.scale


def range_of(heaps: Iterable[Heap], marks: int = MARKS) -> tuple[tuple[float, float], float]:
    """The ends of an axis a little beyond zero and all values, and the round step of its marks."""
    tops = [heap.top[np.isfinite(heap.top)] for heap in heaps]
    ends = [0.0, *(float(each) for top in tops if len(top) for each in (top.min(), top.max()))]
    return range_between(min(ends), max(ends), marks)


def range_between(low: float, high: float, marks: int = MARKS) -> tuple[tuple[float, float], float]:
    high = max(high, low + LEAST_STEP)
    free = (high - low) * FREE
    step = max(round_step((high - low) / marks), LEAST_STEP)
    return (low - free if low else 0.0, high + free if high else 0.0), step


def round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)


class Lane(NamedTuple):
    """Where in a bucket's width a bar begins, and how wide it is; both as shares of it."""

    left: Array | float = (1 - BAR) / 2
    width: float = BAR

    def part(self, number: int, count: int) -> Lane:
        """One of several lanes beside each other in this one."""
        width = self.width / count
        return Lane(self.left + width * number, width)


def rectangles(
    field: Field, bottom: Array, top: Array, there: NDArray[np.bool_], lane: Lane
) -> list[Array]:
    """A rectangle for each bucket with a height, in a lane of the bucket."""
    count = min(len(top), len(field.table.borders) - 1)
    top, bottom = top[:count], bottom[:count]
    places = np.flatnonzero(np.isfinite(top) & (top != bottom) & there[:count])
    x = field.x(field.table.borders)
    left = x[:-1] + np.diff(x) * lane.left
    right = left + np.diff(x) * lane.width
    low, high = field.y(bottom), field.y(top)
    return [rectangle(left[n], right[n], low[n], high[n]) for n in places.tolist()]


def beside(groups: Sequence[Sequence[Heap]], buckets: int) -> list[Lane]:
    """For each group of bars its lane: those that a bucket has stand in its middle, the first group
    rightmost."""
    has = np.zeros((len(groups), buckets), bool)
    for number, heaps in enumerate(groups):
        for _, bottom, top in heaps:
            count = min(len(top), buckets)
            has[number, :count] |= np.isfinite(top[:count]) & (top != bottom)[:count]
    width = BAR / max(1, int(has.any(axis=1).sum()))
    older = has[::-1].cumsum(axis=0)[::-1] - has  # groups after it, which stand to its left
    return [Lane(0.5 + (each - has.sum(axis=0) / 2) * width, width) for each in older]


def rectangle(left: float, right: float, low: float, high: float) -> Array:
    return np.array([(left, low), (left, high), (right, high), (right, low)], float)


def runs(field: Field, values: Array) -> list[Array]:
    """Lines through the middles of buckets, one for each run of known ones."""
    x = field.x(field.table.borders)
    points = np.stack([(x[:-1] + x[1:]) / 2, field.y(values)], axis=1)
    known = np.isfinite(values)
    breaks = np.flatnonzero(known[1:] != known[:-1]) + 1
    return [run for run in np.split(points, breaks) if np.isfinite(run).all()]


def steps(x: Array, bottom: Array, top: Array) -> list[Array]:
    """One stepped area for each run of known buckets."""
    known = np.concatenate(([False], np.isfinite(top), [False]))
    edges = np.flatnonzero(known[1:] != known[:-1])
    areas = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        across = np.repeat(x[begin : end + 1], 2)[1:-1]
        there = np.stack([across, np.repeat(top[begin:end], 2)], axis=1)
        back = np.stack([across, np.repeat(bottom[begin:end], 2)], axis=1)[::-1]
        areas.append(np.concatenate([there, back]))
    return areas
