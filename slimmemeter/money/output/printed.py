"""A bill as a supplier prints it, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction

from slimmemeter.money.billing.bill import Bill
from slimmemeter.money.billing.lines import Line, rounded

ITEMS = {
    "supply": "Supply",
    "netting": "Export, set off",
    "settle": "Settled for the year",
    "feed_in": "Feed-in",
    "feed_in_cost": "Feed-in cost",
    "standing": "Standing charge",
    "green": "Green and CHP certificates",
    "tax": "Energy tax",
    "tax_netting": "Energy tax, set off",
    "tax_settle": "Energy tax, settled for the year",
    "bracket": "Lower energy tax of a large use",
    "rebate": "Rebate on energy tax",
    "excise": "Excise",
    "contribution": "Energy contribution",
    "grid": "Grid",
    "grid_kwh": "Grid, by use",
    "capacity": "Grid, capacity",
    "maximum": "Grid, above the maximum tariff",
    "data": "Grid, data management",
}
HEADS = ("", "from", "until", "quantity", "", "excl. VAT", "per", "VAT", "amount")
LEFT = (0, 1, 2, 4, 6)  # columns that are aligned to the left
ONE_DAY = timedelta(days=1)
PRICES_ARE_MISSING = (
    "prices of the market are missing: `slimmemeter prices` fetches them, and `slimmemeter import`"
    " takes them from a CSV"
)


def text(bill: Bill, title: str) -> str:
    """The whole bill. :param title: of what it is."""
    if not bill.lines:
        return "\n".join([title, "", *sentences(bill)]).rstrip() + "\n"
    rows: list[Sequence[str]] = [HEADS]
    for energy in ("electricity", "gas"):
        inside = [line for line in bill.lines if line.key.energy == energy]
        rows += [(energy.title(),)] * bool(inside)
        rows += [_row(line, bill.has_price(line)) for line in inside]
    rows += [("Rounding", *[""] * 7, amount(bill.rounding_cents))] * bool(bill.rounding_cents)
    rows += [("Total", *[""] * 7, amount(bill.total_cents))]
    if bill.total_cents is not None:
        rows += [("of which VAT", *[""] * 7, amount(rounded(bill.vat, 2)))]
    if bill.advance is not None:
        paid = rounded(bill.advance.paid, 2)
        rows += [(f"Paid in advance, × {bill.advance.payments}", *[""] * 7, amount(-paid))]
    if bill.to_pay is not None:
        left = rounded(bill.to_pay, 2)
        rows += [("To pay" if left >= 0 else "Paid back", *[""] * 7, amount(abs(left)))]
    return "\n".join([title, "", *aligned(rows), "", *sentences(bill)]).rstrip() + "\n"


def aligned(rows: Sequence[Sequence[str]], left: Sequence[int] = LEFT) -> Iterator[str]:
    """Rows as lines with columns one below the other; a row of one cell is a heading."""
    widths = [
        max((len(row[n]) for row in rows if len(row) > n), default=0)
        for n in range(max(map(len, rows)))
    ]
    for row in rows:
        cells = [
            cell.ljust(width) if n in left else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        yield "  ".join(cells).rstrip()


def _row(line: Line, has_price: bool) -> Sequence[str]:
    key = line.key
    marks = "~" * bool(line.estimated) + "*" * (key.assumed is not None)
    return (
        f"  {_name(line)}{marks}",
        f"{line.first_day}",
        f"{line.end_day - ONE_DAY}",
        f"{decimal(line.quantity, 3)}" if key.unit != "day" else f"{float(line.quantity):g}",
        key.unit if key.unit != "day" or line.quantity == 1 else "days",
        decimal(line.rate, 6) if has_price and line.rate is not None else "",
        "" if key.per is None else f"€/{key.per}",
        f"{float(key.vat_percent):g} %",
        amount(rounded(line.exact, 2) if has_price else None),
    )


def _name(line: Line) -> str:
    name = ITEMS[line.key.item]
    part = line.part
    if part == "vat":
        return "VAT of export beyond import, taken back"
    return f"{name}, {part}" if part and part not in ("single", "kwh", "gas", "bare") else name


def sentences(bill: Bill) -> Iterator[str]:
    """What isn't settled, guessed or assumed, and what is missing."""
    guessed = [line for line in bill.lines if line.estimated]
    if guessed:
        yield "~ estimated, as it fell into a time without readings or prices: " + ", ".join(
            f"{decimal(line.estimated, 3)} {line.key.unit} of {_name(line)}" for line in guessed
        )
    assumed = dict.fromkeys(line.key.assumed for line in bill.lines if line.key.assumed)
    yield from (f"* {each}" for each in assumed)
    for each in bill.without_price:
        quantity = f"{decimal(each.quantity, 3)} {each.unit}"
        months = " to ".join(dict.fromkeys(f"{m:%Y-%m}" for m in (each.month, each.last_month)))
        yield f"no total: {quantity} of {ITEMS[each.item].lower()}, {months}, have no price"
    if any(each.is_of_market for each in bill.unpriced):
        yield PRICES_ARE_MISSING
    if bill.provisional:
        yield _provisional(bill)
    if not bill.is_over:
        yield "so far: this time is not over"
    elif bill.partial:
        yield "not all of this time is known"
    yield from bill.notes
    if bill.month_peaks:
        peaks = (f"{month:%Y-%m} {decimal(kw, 3)}" for month, kw in bill.month_peaks.items())
        yield f"month peaks in kW that the capacity tariff counts: {', '.join(peaks)}"


def _provisional(bill: Bill) -> str:
    days = " and ".join(map(str, bill.open_days))
    first = f"provisional: the contract year is settled on {days}"
    so_far = bill.netting_so_far
    if so_far is None:
        return first
    more = so_far.exported_kwh - so_far.imported_kwh
    than = f"{decimal(abs(more), 0)} kWh {'more' if more > 0 else 'less'} than import"
    exact = so_far.exact
    if exact > 0:
        back = f"settled now, there would be € {decimal(exact, 2)} more to pay"
    else:
        back = (
            f"settled now, € {decimal(-exact, 2)} more would be credited"
            if exact
            else "nothing would change"
        )
    return f"{first}; so far export is {than}, and {back}"


def decimal(value: Fraction, places: int) -> str:
    """A value with so many decimals, rounded half away from zero."""
    units = rounded(value, places)
    whole, rest = divmod(abs(units), 10**places)
    sign = "-" * (units < 0)
    return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"


def amount(cents: int | None) -> str:
    """Cents in € with two decimals."""
    return "not known" if cents is None else decimal(Fraction(cents, 100), 2)
