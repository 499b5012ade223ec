"""The same use at other rates: all of one fixed day, as one contract year. What the end of netting
costs this house, and what an offer would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from slimmemeter.history import interpolation, periods
from slimmemeter.money.billing import bill
from slimmemeter.money.billing.bill import Bill
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.billing.costs import COLUMN_OF, FEED_IN
from slimmemeter.money.billing.lines import Line
from slimmemeter.money.billing.stretches import ONE_DAY, AsIf, terms_of
from slimmemeter.money.contract import tables
from slimmemeter.money.contract.contracts import Contract, Contracts, Electricity, Home, Offer, Spot
from slimmemeter.money.usage.days import local_day, midnight
from slimmemeter.money.usage.quantities import ELECTRICITY, EXPORT, GAS, IMPORT, Source
from slimmemeter.store import schema
from slimmemeter.store.snapshot import Snapshot

YEAR = timedelta(days=365)
LEAST_KNOWN = Fraction(95, 100)  # of the time, of the prices that an offer needs
BESIDE = ("hour", "day", "month", "year")  # buckets in which export could meet import
BY_KWH = ("supply", "tax", "green", "excise", "contribution", "grid_kwh")
OF_EXPORT = ("feed_in", "feed_in_cost", "netting")


def bill_of(books: Books, contract: Contract | Offer, day: date, begin: int, end: int) -> Bill:
    """The bill of [begin, end) with a contract's terms, the rates and the rules of one day."""
    home = books.plan.home
    plan = AsIf(home, _contract(contract), day, begin, end, books.zone)
    return bill.of_books(replace(books, plan=plan), begin, end)


def _contract(found: Contract | Offer) -> Contract:
    if isinstance(found, Contract):
        return replace(found, bills="year")
    return Contract(found.name, (found.terms,), bills="year")


@dataclass(frozen=True)
class OneKwh:
    """What one kWh is worth from 2027 on, in €: used in the house, and given to the grid."""

    own_use_saves: Fraction
    export_brings: Fraction

    @property
    def shifting_wins(self) -> Fraction:
        """What a kWh wins that is used in the house instead of exported."""
        return self.own_use_saves - self.export_brings


@dataclass(frozen=True)
class Compared:
    """What an offer would have cost."""

    name: str
    bill: Bill
    known: Fraction  # the share of the time of which its prices are known
    amounts: Mapping[str, Fraction]  # in €: fixed, energy, feed_in and cost
    own: Bill
    pays_off_from: Fraction | None  # the feed_in from which it is cheaper; None if it has no one

    @property
    def exact(self) -> Fraction | None:
        """Its total; None if its prices are known for too little of the time."""
        return self.bill.exact if self.known >= LEAST_KNOWN else None

    @property
    def difference(self) -> Fraction | None:
        """How much dearer it is than the contract that there is."""
        if self.exact is None or self.own.exact is None:
            return None
        return self.exact - self.own.exact

    @property
    def is_own(self) -> bool:
        """Whether it is the contract that there is."""
        return self.bill is self.own

    @property
    def estimated_kwh(self) -> Fraction:
        """How many kWh of its supply are guessed."""
        supplies = (line for line in self.bill.lines if line.key.item == "supply")
        return sum((line.estimated for line in supplies), Fraction())


@dataclass(frozen=True)
class EndOfNetting:
    """A time as it cost, or would have cost, with netting and under the rules of 2027."""

    begin: int
    end: int
    imported_kwh: Fraction
    exported_kwh: Fraction
    beside_kwh: Mapping[str, Fraction]  # export with import in the same hour, day, month, year
    with_netting: Bill
    without: Bill
    one_kwh: OneKwh | None  # None without import or export

    @property
    def difference(self) -> Fraction | None:
        """How much more it costs without netting."""
        if self.with_netting.exact is None or self.without.exact is None:
            return None
        return self.without.exact - self.with_netting.exact

    @property
    def difference_of_gas(self) -> Fraction:
        """How much of that is gas, of which the tax changes."""
        return self.without.exact_of(GAS) - self.with_netting.exact_of(GAS)

    def could_win(self, bucket: str) -> Fraction | None:
        """What using export in the same hour, day or month could win at most."""
        return (
            None if self.one_kwh is None else self.beside_kwh[bucket] * self.one_kwh.shifting_wins
        )


def end_of_netting(books: Books, contract: Contract, begin: int, end: int) -> EndOfNetting:
    """What [begin, end) costs with netting, and without it."""
    ends = tables.netting_ends(books.plan.home) or date(2027, 1, 1)
    with_netting = bill_of(books, contract, ends - ONE_DAY, begin, end)
    without = bill_of(books, contract, ends, begin, end)
    imported, exported = (
        _sum(books.source, direction, [begin, min(end, books.now)])
        for direction in (IMPORT, EXPORT)
    )
    return EndOfNetting(
        begin,
        end,
        imported,
        exported,
        {bucket: beside(books, begin, end, bucket) for bucket in BESIDE},
        with_netting,
        without,
        _one_kwh(without, imported, exported),
    )


def _sum(source: Source, direction: str, instants: Sequence[int]) -> Fraction:
    return Fraction(sum(source.counted(ELECTRICITY, instants).of(direction))) / 1000


def beside(books: Books, begin: int, end: int, bucket: str) -> Fraction:
    """The kWh of export that had import beside them in the same bucket."""
    if bucket == "year":
        borders = [begin, end]
    else:
        period = periods.between(begin, end, books.zone)
        borders = [begin, end] if period is None else period.borders(bucket)
    counted = books.source.counted(ELECTRICITY, borders)
    pairs = zip(counted.of(IMPORT), counted.of(EXPORT), strict=False)  # or one has none
    return Fraction(sum(map(min, pairs))) / 1000


def _one_kwh(found: Bill, imported: Fraction, exported: Fraction) -> OneKwh | None:
    if not imported or not exported:
        return None
    saves = _of_items(found.lines, BY_KWH) / imported
    brings = -sum(
        (
            line.exact
            for line in found.lines
            if line.key.item in OF_EXPORT and line.key.unit == "kWh"
        ),
        Fraction(),
    )
    return OneKwh(saves, brings / exported)


def _of_items(lines: Iterable[Line], items: Sequence[str]) -> Fraction:
    inside = (
        line.exact for line in lines if line.key.item in items and line.key.energy == ELECTRICITY
    )
    return sum(inside, Fraction())


def compare(
    books: Books, contracts: Contracts, own: Contract, day: date, begin: int, end: int
) -> list[Compared]:
    """Each offer, and the contract that there is, by the rates and rules of a day: the cheapest
    first, those without a total last."""
    own_bill = bill_of(books, own, day, begin, end)
    offers: list[Contract | Offer] = [own, *contracts.offers]
    found = [_compared(books, offer, day, own_bill, begin, end) for offer in offers]
    return sorted(found, key=lambda each: (each.exact is None, each.exact or 0))


def _compared(
    books: Books, offer: Contract | Offer, day: date, own: Bill, begin: int, end: int
) -> Compared:
    made = own if isinstance(offer, Contract) else bill_of(books, offer, day, begin, end)
    terms = terms_of(_contract(offer), day)
    exported = _sum(books.source, EXPORT, [begin, min(end, books.now)])
    return Compared(
        offer.name,
        made,
        known_share(books, terms.electricity, begin, end),
        _amounts(made.lines),
        own,
        _pays_off_from(books.plan.home, terms.electricity, made, own, exported),
    )


def _amounts(lines: Sequence[Line]) -> dict[str, Fraction]:
    """What is fixed, what goes with the kWh and m3, what export brings, and what it costs."""
    found = dict.fromkeys(("fixed", "energy", "feed_in", "feed_in_cost"), Fraction())
    for line in lines:
        item = line.key.item
        is_fixed = line.key.unit == "day" and item != "feed_in_cost"
        name = "fixed" if is_fixed else "energy"
        if item == "feed_in_cost":
            name = "feed_in_cost"
        elif COLUMN_OF.get(item) == FEED_IN or item in ("tax_netting", "settle", "tax_settle"):
            name = "feed_in"
        found[name] += line.exact
    return found


def _pays_off_from(
    home: Home, about: Electricity | None, made: Bill, own: Bill, exported: Fraction
) -> Fraction | None:
    """The feed_in at which an offer costs the same as the contract that there is."""
    if about is None or not isinstance(about.feed_in, dict) or not exported:
        return None
    if made.exact is None or own.exact is None:
        return None
    earned = -_of_items(made.lines, ("feed_in",))
    return earned / exported + (made.exact - own.exact) / exported


def known_share(books: Books, about: Electricity | None, begin: int, end: int) -> Fraction:
    """The share of the time of which the prices are known that an offer needs; 1 if it needs
    none."""
    spots = [] if about is None else [about.dynamic, about.feed_in]
    slots = {spot.slot for spot in spots if isinstance(spot, Spot)}
    markets = (books.market(ELECTRICITY, slot, begin, end) for slot in slots)
    shares = [Fraction(market.known_s(begin, end), end - begin) for market in markets]
    return min(shares, default=Fraction(1))


def registers_at(house: Snapshot, at: int) -> dict[str, int]:
    """What each register of the electricity meter showed at an instant, in Wh; empty if none had a
    reading on both sides of it."""
    inside = [each for each in house.meter_series if each.first <= at <= each.last]
    counters = interpolation.counters(house.reader, {each: [at] for each in inside})
    order = list(schema.REGISTERS)
    found = {
        each.register.removesuffix("_wh"): counter
        for each in sorted(inside, key=lambda each: order.index(each.register))
        if (counter := counters[each][at]) is not None
    }
    return found


def last_year(now: int, books: Books) -> tuple[int, int]:
    """The last 365 days that are over: up to the last midnight."""
    today = local_day(now, books.zone)
    return midnight(today - YEAR, books.zone), midnight(today, books.zone)
