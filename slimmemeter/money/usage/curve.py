"""Curves of what is paid for: kWh, m3, days, or kWh by their price."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate

Number = int | Fraction


class Curve:
    """A quantity that only grows: numbers at instants, of which `scale` make one of its unit."""

    __slots__ = ("at", "scale")

    def __init__(self, at: Sequence[Number], scale: Fraction | int) -> None:
        self.at = at
        self.scale = Fraction(scale)

    def rise(self, begin: int, end: int) -> Fraction:
        """What it grows from one place to another, in its unit."""
        return Fraction(self.at[end] - self.at[begin]) / self.scale


def of(rises: Iterable[Number], scale: Fraction | int) -> Curve:
    """The curve that grows by these numbers from each instant to the next."""
    return Curve(list(accumulate(rises, initial=0)), scale)


def added(curves: Sequence[Curve]) -> Curve:
    """The sum of curves of one scale, of which there is at least one."""
    if len(curves) == 1:
        return curves[0]
    return Curve(list(map(sum, zip(*(each.at for each in curves), strict=True))), curves[0].scale)
