"""A bill on a page: its lines in the words of the language, and what isn't settled or sure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from slimmemeter.i18n import bill_labels, language, numbers
from slimmemeter.i18n.labels import medium
from slimmemeter.i18n.language import gettext
from slimmemeter.money.billing.bill import Bill, Unpriced
from slimmemeter.money.billing.forecast import Forecast
from slimmemeter.money.billing.lines import Line, rounded
from slimmemeter.money.remarks import Remark

CENTS, FACTOR = 2, 4  # decimals
UNITS = {"m3": "m³"}
NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass
class BillRow:
    """A line of a bill."""

    name: str
    days: str
    quantity: str
    rate: str
    amount: str
    is_estimated: bool
    is_assumed: bool


@dataclass
class ShownBill:
    """What the page shows of a bill."""

    parts: list[tuple[str, list[BillRow]]]  # by energy
    rounding: str  # empty if there is none
    total: str
    vat: str  # empty if the total isn't known
    payments: int
    paid: str  # empty without advance payments
    left: str
    is_paid_back: bool
    provisional: str  # empty if all is settled
    expected: str  # what the contract year will come to; empty of another time
    notes: list[str]


def shown(bill: Bill, expected: Forecast | Remark | None = None) -> ShownBill:
    """A bill for people, rounded to cents."""
    to_pay = None if bill.to_pay is None else rounded(bill.to_pay, CENTS)
    by_energy: dict[str, list[BillRow]] = {}
    for line in bill.lines:
        by_energy.setdefault(medium(line.key.energy).capitalize(), []).append(
            _row(line, bill.has_price(line))
        )
    return ShownBill(
        parts=list(by_energy.items()),
        rounding=numbers.euros(bill.rounding_cents) if bill.rounding_cents else "",
        total=numbers.euros(bill.total_cents),
        vat="" if bill.unpriced else numbers.euros(rounded(bill.vat, CENTS)),
        payments=bill.advance.payments if bill.advance else 0,
        paid=numbers.euros(rounded(bill.advance.paid, CENTS)) if bill.advance else "",
        left=numbers.euros(None if to_pay is None else abs(to_pay)),
        is_paid_back=to_pay is not None and to_pay < 0,
        provisional=provisional(bill),
        expected=_expected(expected) if isinstance(expected, Forecast) else "",
        notes=[
            *assumed(bill),
            *map(said, _notes(bill, expected)),
            *_month_peaks(bill),
            *_how_much(bill),
            *map(_without_price, bill.without_price),
        ],
    )


def _row(line: Line, has_price: bool) -> BillRow:
    key = line.key
    return BillRow(
        bill_labels.bill_item(key.item, key.part, None if key.kw is None else float(key.kw)),
        _days(line.first_day, line.end_day - timedelta(days=1)),
        _quantity(line),
        _rate(line.rate, key.per) if has_price and line.rate is not None else "",
        numbers.euros(rounded(line.exact, CENTS) if has_price else None),
        bool(line.estimated),
        key.assumed is not None,
    )


def _rate(rate: Fraction, per: str | None) -> str:
    """A price, with the time that it is for."""
    sign = numbers.MINUS if rate < 0 else ""
    times = {
        "day": gettext("a day"),
        "month": gettext("a month"),
        "year": gettext("a year"),
        "kW year": gettext("a kW and year"),
    }
    amount = f"{sign}€\N{NO-BREAK SPACE}{language.decimal(abs(float(rate)), 4)}"
    return f"{amount} {times[per]}" if per in times else amount


def _days(first: date, last: date) -> str:
    ends = dict.fromkeys((first, last))
    return " – ".join(language.day(each, "d MMM y") for each in ends)


def _quantity(line: Line) -> str:
    unit = line.key.unit
    if unit == "day":
        days = float(line.quantity)
        return gettext("%(days)s days", days=language.decimal(days, 0 if days.is_integer() else 1))
    return _counted(line.quantity, unit)


def _counted(quantity: Fraction, unit: str) -> str:
    """A quantity in three digits, more where its whole part has them."""
    places = 0 if abs(quantity) >= 100 else 1 if abs(quantity) >= 10 else 2
    return f"{_decimal(quantity, places)}\N{NO-BREAK SPACE}{UNITS.get(unit, unit)}"


def _decimal(value: Fraction, places: int) -> str:
    sign = numbers.MINUS if value < 0 else ""
    return f"{sign}{language.decimal(abs(float(value)), places)}"


def assumed(bill: Bill) -> list[str]:
    """What was assumed for lines of a bill, each once."""
    found = dict.fromkeys(each for line in bill.lines if (each := line.key.assumed))
    return [said(each) for each in found]


def _notes(bill: Bill, expected: Forecast | Remark | None) -> list[Remark]:
    return [*bill.notes, *([expected] if isinstance(expected, Remark) else [])]


def said(remark: Remark) -> str:
    """A remark in the language of the request, with its words and days."""
    values = {
        name: language.day(value, "d MMMM y") if isinstance(value, date) else _word(value)
        for name, value in remark.values.items()
    }
    text = gettext(remark.message, **values)
    return f"{text[:1].upper()}{text[1:]}"


def _without_price(about: Unpriced) -> str:
    ends = (language.day(each, "MMMM y") for each in (about.month, about.last_month) if each)
    return gettext(
        "No total: %(quantity)s of “%(item)s” have no price (%(months)s).",
        quantity=_counted(about.quantity, about.unit),
        item=bill_labels.bill_item(about.item, ""),
        months=" – ".join(dict.fromkeys(ends)),
    )


def _how_much(bill: Bill) -> list[str]:
    """Whether there is more to come, or something isn't known."""
    if not bill.is_over:
        return [gettext("So far: this time is not over.")]
    return [gettext("Not all of this time is known.")] if bill.partial else []


def _month_peaks(bill: Bill) -> list[str]:
    """The peaks that a capacity tariff counts, in one sentence."""
    shown = [
        f"{language.day(month, 'MMM y')} {bill_labels.peak(float(kw))}".replace(" ", NO_BREAK)
        for month, kw in bill.month_peaks.items()
    ]
    peaks = ", ".join(shown)
    text = gettext("Month peaks that the capacity tariff counts: %(peaks)s", peaks=peaks)
    return [text] if shown else []


def _word(value: object) -> object:
    """A value that may be a number, or a word of our tables: tax, rebate, proposal."""
    if isinstance(value, float):
        return language.decimal(value, FACTOR)
    words = {
        "tax": gettext("energy tax"),
        "rebate": gettext("rebate"),
        "grid": gettext("grid costs"),
        "excise": gettext("excise"),
        "contribution": gettext("energy contribution"),
        "proposal": gettext("proposal"),
    }
    return words.get(value, value) if isinstance(value, str) else value


def _expected(found: Forecast) -> str:
    """What the whole contract year will come to, and what that assumes."""
    total = numbers.euros(found.bill.total_cents)
    names = {
        "import": gettext("from the grid"),
        "export": gettext("to the grid"),
        "gas": medium("gas"),
    }
    factors = ", ".join(
        f"{names[name]} × {language.decimal(float(each.value), 2)}"
        + (f" ({said(each.why)})" if each.why else "")
        for name, each in found.factors.items()
    )
    first = gettext("The whole contract year will come to about %(total)s.", total=total)
    second = gettext(
        "That takes last year's same days for the rest of it: %(factors)s.", factors=factors
    )
    if found.to_pay is None:
        return f"{first} {second}"
    amount = numbers.euros(abs(rounded(found.to_pay, CENTS)))
    if found.to_pay < 0:
        third = gettext("About %(amount)s will be paid back then.", amount=amount)
    else:
        third = gettext("About %(amount)s will be left to pay then.", amount=amount)
    return f"{first} {third} {second}"


def provisional(bill: Bill) -> str:
    """What is settled when, and what would be if the contract year ended now."""
    if not bill.open_days:
        return ""
    days = " / ".join(language.day(day, "d MMMM y") for day in bill.open_days)
    first = gettext("Provisional: the contract year is settled on %(days)s.", days=days)
    so_far = bill.netting_so_far
    if so_far is None:
        return first
    more = so_far.exported_kwh - so_far.imported_kwh
    kwh = language.decimal(abs(float(more)), 0)
    if more > 0:
        second = gettext("So far %(kwh)s kWh more went to the grid than came from it.", kwh=kwh)
    else:
        second = gettext("So far %(kwh)s kWh less went to the grid than came from it.", kwh=kwh)
    cents = rounded(so_far.exact, CENTS)
    if not cents:
        return f"{first} {second}"
    amount = numbers.euros(abs(cents))
    if cents > 0:
        third = gettext("If it ended now, there would be %(amount)s more to pay.", amount=amount)
    else:
        third = gettext("If it ended now, %(amount)s more would be credited.", amount=amount)
    return f"{first} {second} {third}"
