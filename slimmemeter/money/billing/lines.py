"""The lines of a bill: charges that belong together, added up exactly and rounded once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

from slimmemeter.money.billing.charges import Charge, Key
from slimmemeter.money.billing.measures import Measures
from slimmemeter.money.usage.days import day_after, local_day

ELECTRICITY_ITEMS = (
    *("supply", "netting", "settle", "feed_in", "feed_in_cost", "standing", "green", "tax"),
    *("tax_netting", "tax_settle", "bracket", "rebate", "excise", "contribution", "grid"),
    *("grid_kwh", "capacity", "maximum", "data"),
)
CENTS = 2


@dataclass(frozen=True)
class Line:
    """A line: what for, how much, and its exact amount in €."""

    key: Key
    first_day: date
    end_day: date  # the day after its last one
    quantity: Fraction
    excl: Fraction  # without VAT
    vat: Fraction
    rate: Fraction | None  # of the key, else the mean
    estimated: Fraction = Fraction()  # of the quantity: what is guessed

    @property
    def exact(self) -> Fraction:
        """The amount with VAT."""
        return self.excl + self.vat

    @property
    def rate_is_mean(self) -> bool:
        """Whether it had several rates, as prices of the market have."""
        return self.key.rate is None and self.rate is not None

    @property
    def part(self) -> str:
        """What it is of: a tariff, a band, an operator, or the mean peak of a capacity tariff."""
        kw = self.key.kw
        return self.key.part if kw is None else f"{float(kw):.3f} kW"

    @property
    def order(self) -> tuple[bool, int, date, str]:
        """Where it stands on a bill."""
        item = ELECTRICITY_ITEMS.index(self.key.item)
        return self.key.energy != "electricity", item, self.first_day, self.key.part


@dataclass
class _Group:
    charges: list[Charge] = field(default_factory=list)

    @property
    def quantity(self) -> Fraction:
        return sum((_quantity(each) for each in self.charges), Fraction())

    @property
    def excl(self) -> Fraction:
        return sum((each.excl for each in self.charges), Fraction())


def of_charges(charges: Iterable[Charge], measures: Measures, zone: ZoneInfo) -> list[Line]:
    """A line for each key of which there is anything."""
    groups: dict[Key, _Group] = {}
    for charge in charges:
        if _quantity(charge):
            groups.setdefault(charge.key, _Group()).charges.append(charge)
    return [_line(key, group, measures, zone) for key, group in groups.items()]


def _line(key: Key, group: _Group, measures: Measures, zone: ZoneInfo) -> Line:
    quantity, excl = group.quantity, group.excl
    rate = key.rate if key.rate is not None else abs(excl / quantity) * _sign(excl, quantity)
    spans = [_span(each, measures) for each in group.charges]
    return Line(
        key,
        local_day(min(begin for begin, _ in spans), zone),
        day_after(max(end for _, end in spans), zone),
        quantity,
        excl,
        excl * key.vat_percent / 100,
        rate,
        _estimated(group.charges, measures),
    )


def _sign(excl: Fraction, quantity: Fraction) -> int:
    return -1 if (excl < 0) != (quantity < 0) else 1


def _quantity(charge: Charge) -> Fraction:
    curve, factor = charge.quantity
    return curve.rise(charge.begin, charge.end) * factor


def _span(charge: Charge, measures: Measures) -> tuple[int, int]:
    """The instants from the first to the last at which anything was counted."""
    at = charge.quantity[0].at
    ends = charge.begin, charge.end + 1
    first = bisect_right(at, at[charge.begin], *ends) - 1
    last = bisect_left(at, at[charge.end], *ends)
    return measures.instants[first], measures.instants[last]


def _estimated(charges: Sequence[Charge], measures: Measures) -> Fraction:
    """How much of a line is guessed: the use of gaps that it shares with other rates or other
    times, and what has a month's mean price."""
    if charges[0].whole is None:
        return Fraction()
    first = charges[0]
    total = Fraction()
    for gap in measures.gaps(first.key.energy):
        if measures.instants[0] <= gap[0] and gap[1] <= measures.instants[-1]:
            total += _in_gap(charges, measures, gap)
    factor = abs(first.quantity[1])
    guessed = sum(
        (curve.rise(each.begin, each.end) for each in charges for curve in each.guessed),
        Fraction(),
    )
    most = sum((each.quantity[0].rise(each.begin, each.end) for each in charges), Fraction())
    return min(total + guessed, most) * factor


def _in_gap(charges: Sequence[Charge], measures: Measures, gap: tuple[int, int]) -> Fraction:
    begin, end = map(measures.place, gap)
    inside = sum(
        (
            each.quantity[0].rise(max(begin, each.begin), min(end, each.end))
            for each in charges
            if each.begin < end and each.end > begin
        ),
        Fraction(),
    )
    first = charges[0]
    assert first.whole is not None
    is_one_price = first.slot is None or measures.is_in_one_slot(gap, first.key.energy, first.slot)
    is_exact = is_one_price and inside == first.whole.rise(begin, end)
    return Fraction() if is_exact else inside


def rounded(value: Fraction, places: int) -> int:
    """A value in units of 10 ** -places, rounded half away from zero."""
    scaled = abs(value) * Fraction(10) ** places
    units: int = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return -units if value < 0 else units
