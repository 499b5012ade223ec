"""Where values stand over time on a picture: heaps of bars, round marks, rectangles and steps.

All in pixels at scale 1, from the lower left; nothing here draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slimmemeter.history.consumption import Column, Table

    Numbers = NDArray[np.float64]
    Heap = tuple[Column, Numbers, Numbers]  # from where to where a column's bars go


class Area(NamedTuple):
    """A rectangle of a sheet."""

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

    def x(self, instants: Sequence[float] | Numbers) -> Numbers:
        """Where instants stand."""
        begin, end = self.table.borders[0], self.table.borders[-1]
        width = self.area.right - self.area.left
        return self.area.left + (np.asarray(instants, float) - begin) * (width / (end - begin))

    def y(self, values: Numbers | float) -> Numbers:
        """Where values stand."""
        height = self.area.top - self.area.bottom
        return np.asarray(
            self.area.bottom + (np.asarray(values) - self.low) * (height / (self.high - self.low))
        )

    def across(self, value: float) -> Numbers:
        """A line at a value."""
        y = float(self.y(value))
        return np.array([(self.area.left, y), (self.area.right, y)])


def heaped(columns: Sequence[Column]) -> list[Heap]:
    """From where to where each column's bars go: imports on each other, exports below zero."""
    count = len(columns[0].values) if columns else 0
    heights = {1: np.zeros(count), -1: np.zeros(count)}
    heaps = []
    for column in columns:
        direction = sign_of(column)
        bottom = heights[direction]
        top = bottom + direction * numbers(column)
        heights[direction] = np.where(np.isnan(top), bottom, top)
        heaps.append((column, bottom, top))
    return heaps


def from_zero(column: Column) -> Heap:
    """A column's values with their sign, and 0 before them where they begin with the first."""
    top = sign_of(column) * numbers(column)
    return column, np.where(np.isnan(top), np.nan, 0.0), top


def sign_of(column: Column) -> int:
    return -1 if column.name.startswith("export") else 1


def numbers(column: Column) -> Numbers:
    return np.array(column.values, float) / column.scale  # None becomes NaN


def range_of(heaps: Sequence[Heap], marks: int = 5) -> tuple[tuple[float, float], float]:
    """Lowest and highest mark that hold all values and zero, and the round step between marks."""
    tops = [top[np.isfinite(top)] for _, _, top in heaps]
    ends = [0.0, *(float(each) for top in tops if len(top) for each in (top.min(), top.max()))]
    return round_range(min(ends), max(ends), marks)


def round_range(low: float, high: float, marks: int = 5) -> tuple[tuple[float, float], float]:
    step = round_step((high - low) / marks) if high > low else 0.2
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return (first * step, max(last, first + 1) * step), step


def round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)


def rectangles(
    field: Field, bottom: Numbers, top: Numbers, there: NDArray[np.bool_], slot: tuple[int, int]
) -> list[Numbers]:
    """A rectangle for each bucket that has a height, in its slot of the bucket's width, a fifth of
    which is left free."""
    count = min(len(top), len(field.table.borders) - 1)
    top, bottom = top[:count], bottom[:count]
    places = np.flatnonzero(np.isfinite(top) & (top != bottom) & there[:count])
    x = field.x(field.table.borders)
    width = np.diff(x) * 0.8
    left = x[:-1] + np.diff(x) * 0.1 + width * slot[0] / slot[1]
    right = left + width / slot[1]
    low, high = field.y(bottom), field.y(top)
    return [rectangle(left[n], right[n], low[n], high[n]) for n in places.tolist()]


def rectangle(left: float, right: float, low: float, high: float) -> Numbers:
    return np.array([(left, low), (left, high), (right, high), (right, low)], float)


def runs(field: Field, values: Numbers) -> list[Numbers]:
    """Lines through the middles of buckets, one for each run of which something is known."""
    x = field.x(field.table.borders)
    points = np.stack([(x[:-1] + x[1:]) / 2, field.y(values)], axis=1)
    known = np.isfinite(values)
    breaks = np.flatnonzero(known[1:] != known[:-1]) + 1
    return [run for run in np.split(points, breaks) if np.isfinite(run).all()]


def steps(x: Numbers, bottom: Numbers, top: Numbers) -> list[Numbers]:
    """One stepped area for each run of buckets of which something is known."""
    known = np.concatenate(([False], np.isfinite(top), [False]))
    edges = np.flatnonzero(known[1:] != known[:-1])
    areas = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        across = np.repeat(x[begin : end + 1], 2)[1:-1]
        there = np.stack([across, np.repeat(top[begin:end], 2)], axis=1)
        back = np.stack([across, np.repeat(bottom[begin:end], 2)], axis=1)[::-1]
        areas.append(np.concatenate([there, back]))
    return areas
