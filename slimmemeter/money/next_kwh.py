"""What one kWh more costs, and brings, at a moment: with VAT and taxes, as the bill counts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

from slimmemeter.money import costs
from slimmemeter.money.costs import COST
from slimmemeter.money.quantities import (
    ELECTRICITY,
    EXPORT,
    IMPORT,
    Counted,
    Register,
    Source,
    Times,
)
from slimmemeter.money.reckoning import Books

ONE_KWH = 1000  # Wh


@dataclass(frozen=True)
class NextKwh:
    """In € a kWh; None where it isn't known, as the market's price is missing."""

    costs: Fraction | None
    brings: Fraction | None


def at(books: Books, moment: int, tariff: int | None) -> NextKwh:
    """What the next kWh costs and brings at a moment of the past. What a contract year settles
    isn't in it.

    :param tariff: the one that the meter counts by; None if it has none.
    """
    found = []
    for direction in (IMPORT, EXPORT):
        register = _register(books.source, direction, tariff)
        before, after = (
            costs.of(each, [moment - 1, moment]).total(COST)
            for each in (
                replace(books, now=moment),
                replace(books, now=moment, source=_OneMore(books.source, register, moment)),
            )
        )
        found.append(None if before is None or after is None else after - before)
    cost, earned = found
    return NextKwh(cost, None if earned is None else -earned)


def _register(source: Source, direction: str, tariff: int | None) -> Register:
    """The register that counts now: of the tariff, if the house counts by tariffs."""
    known = source.known()
    if not known:
        return direction, None
    counted = source.counted(ELECTRICITY, [known[0][0], known[-1][1]])
    names = [register for register in counted.rises if register[0] == direction]
    names.sort(key=lambda register: register[1] != tariff)
    return names[0] if names else (direction, None)


class _OneMore:
    """A house that counts a kWh more just before a moment."""

    def __init__(self, source: Source, register: Register, moment: int) -> None:
        self._source, self._register, self._moment = source, register, moment

    def counted(self, energy: str, instants: Sequence[int]) -> Counted:
        """As of `Source`."""
        found = self._source.counted(energy, instants)
        if energy != ELECTRICITY or self._moment not in instants[1:]:
            return found
        rises = {register: list(values) for register, values in found.rises.items()}
        more = rises.setdefault(self._register, [0] * (len(instants) - 1))
        more[list(instants).index(self._moment) - 1] += ONE_KWH
        return Counted(rises, found.partial)

    def gaps(self, energy: str, begin: int, end: int) -> Times:
        """As of `Source`."""
        return self._source.gaps(energy, begin, end)

    def known(self) -> Times:
        """As of `Source`."""
        return self._source.known()

    def peak_w(self, month: date, zone: ZoneInfo) -> int | None:
        """As of `Source`: one kWh more makes no peak."""
        return self._source.peak_w(month, zone)
