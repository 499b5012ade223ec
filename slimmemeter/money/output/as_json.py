"""Bills and prices for programs: JSON, in numbers with a fixed number of decimals.

Amounts have 2, what is exact 8, quantities 3, and rates 6. A float of so many decimals prints as
exactly those.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from slimmemeter.history.serialize import iso
from slimmemeter.money.billing import next_kwh
from slimmemeter.money.billing.bill import Bill, BillYear
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.billing.facts import MeanPeak
from slimmemeter.money.billing.lines import Line, rounded

CENTS, QUANTITY, RATE, EXACT = 2, 3, 6, 8
Json = dict[str, Any]


def number(value: Fraction | None, places: int) -> float | None:
    """A value with so many decimals, rounded half away from zero."""
    return None if value is None else rounded(value, places) / 10**places


def cents(value: int | None) -> float | None:
    """Cents in €."""
    return None if value is None else value / 100


def bill_json(bill: Bill, period: str, zone: ZoneInfo) -> Json:
    """A bill as an object. :param period: its name, as in an address."""
    total = bill.total_cents
    return {
        "period": period,
        "from": iso(bill.begin, zone),
        "to": iso(bill.end, zone),
        "currency": bill.currency,
        "lines": [line_json(line) for line in bill.lines],
        "rounding": cents(bill.rounding_cents),
        "total": cents(total),
        "exact": number(bill.exact, EXACT),
        "vat": number(bill.vat, CENTS),
        "partial": bill.partial,
        "provisional": bill.provisional,
        "years": [_year(year) for year in bill.years],
        "settlement_so_far": None
        if bill.settlement_so_far is None
        else {
            "amount": number(bill.settlement_so_far.exact, CENTS),
            "exact": number(bill.settlement_so_far.exact, EXACT),
            "lines": [line_json(line) for line in bill.settlement_so_far.lines],
        },
        "advance": None
        if bill.advance is None
        else {
            "payments": bill.advance.payments,
            "paid": number(bill.advance.paid, CENTS),
            "to_pay": number(bill.to_pay, CENTS),
        },
        "forecast": None,
        "unpriced": [
            {
                "energy": each.energy,
                "item": each.item,
                "month": f"{each.month:%Y-%m}",
                "quantity": number(each.quantity, QUANTITY),
                "unit": each.unit,
            }
            for each in bill.unpriced
        ],
        "notes": list(bill.notes),
        **({"peaks": [_peak(each) for each in bill.peaks]} if bill.peaks else {}),
    }


def _peak(peak: MeanPeak) -> Json:
    return {
        "from": f"{peak.first_day}",
        "to": f"{peak.end_day}",
        "kw": number(peak.kw, QUANTITY),
        "months": {f"{month:%Y-%m}": number(kw, QUANTITY) for month, kw in peak.months.items()},
    }


def line_json(line: Line) -> Json:
    """A line as an object."""
    key = line.key
    found: Json = {
        "energy": key.energy,
        "item": key.item,
        "part": line.part,
        "contract": key.contract,
        "from": f"{line.first_day}",
        "to": f"{line.end_day}",
        "quantity": number(line.quantity, QUANTITY),
        "unit": key.unit,
        "rate": number(line.rate, RATE),
        "per": key.per,
        "excl": number(line.excl, CENTS),
        "vat_percent": _percent(key.vat_percent),
        "amount": number(line.exact, CENTS),
        "exact": number(line.exact, EXACT),
    }
    if line.rate_is_mean:
        found["rate_is"] = "mean"
    if line.estimated:
        found["estimated"] = number(line.estimated, QUANTITY)
    if key.assumed is not None:
        found["assumed"] = key.assumed
    return found


def _percent(percent: Fraction) -> float | int:
    return percent.numerator if percent.denominator == 1 else float(percent)


def _year(year: BillYear) -> Json:
    return {
        "contract": year.contract,
        "from": f"{year.first_day}",
        "to": f"{year.end_day}",
        "settles_on": [f"{day}" for day in year.settles_on],
        "settled_here": [f"{day}" for day in year.settled_here],
    }


def now_json(books: Books, at: int, tariff: int | None) -> dict[str, object]:
    """What the next kWh costs and brings at an instant, and what today has cost, in €; None where
    it isn't known."""
    one = next_kwh.of(books, at, tariff)
    return {
        "price_eur_kwh": number(one.price, RATE),
        "feed_in_eur_kwh": number(one.feed_in, RATE),
        "cost_today_eur": number(next_kwh.cost_of_today(books), CENTS),
    }
