"""What the questions about 2027, offers, a battery and the year's end are answered with, for
programs: JSON, in numbers as of a bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from zoneinfo import ZoneInfo

from slimmemeter.history.periods import Period
from slimmemeter.history.serialize import iso, table_json
from slimmemeter.history.table import Table
from slimmemeter.money.billing import bill, forecast
from slimmemeter.money.billing.bill import Bill
from slimmemeter.money.billing.calculation import Books
from slimmemeter.money.billing.forecast import Forecast
from slimmemeter.money.output.as_json import (
    CENTS,
    EXACT,
    QUANTITY,
    RATE,
    Json,
    bill_json,
    cents,
    number,
)
from slimmemeter.money.what_if.as_if import Compared, EndOfNetting
from slimmemeter.money.what_if.with_battery import Result

FEED_IN = 5  # decimals
SHIFTED = ("hour", "day", "month")
OFFER = ("name", "total", "difference", "pays_off_from_feed_in_of")  # on the page of 2027


def end_of_netting(
    found: EndOfNetting,
    compared: Sequence[Compared],
    registers: Mapping[str, int],
    zone: ZoneInfo,
) -> Json:
    """The page of 2027.

    :param compared: offers under the same rules, of which the cheapest is listed.
    :param registers: in Wh at the midnight on which netting ends.
    """
    one = found.one_kwh
    best = next((offer(each) for each in compared if not each.is_own), None)
    return {
        "from": iso(found.begin, zone),
        "to": iso(found.end, zone),
        "import_kwh": number(found.imported_kwh, QUANTITY),
        "export_kwh": number(found.exported_kwh, QUANTITY),
        "export_with_import_beside_kwh": {
            bucket: number(kwh, QUANTITY) for bucket, kwh in found.beside_kwh.items()
        },
        "with_netting_2026": cents(found.with_netting.total_cents),
        "without_rules_of_2027": cents(found.without.total_cents),
        "difference": number(found.difference, CENTS),
        "one_kwh": None
        if one is None
        else {
            "own_use_saves": number(one.own_use_saves, RATE),
            "export_brings": number(one.export_brings, RATE),
            "shifting_wins": number(one.shifting_wins, RATE),
        },
        "shift_could_win": {bucket: number(found.could_win(bucket), CENTS) for bucket in SHIFTED},
        "offer": best and {key: best[key] for key in OFFER},
        "registers_at_2027_01_01_wh": dict(registers),
    }


def offer(found: Compared) -> Json:
    """What an offer, or the contract that there is, would have cost, and why."""
    return {
        "name": found.name,
        "is_own": found.is_own,
        "total": number(found.exact, CENTS),
        "difference": number(found.difference, CENTS),
        "pays_off_from_feed_in_of": number(found.pays_off_from, FEED_IN),
        **{name: number(amount, CENTS) for name, amount in found.amounts.items()},
        "prices_known_percent": number(found.known * 100, 1),
        "estimated_kwh": number(found.estimated_kwh, QUANTITY),
    }


def whole_bill(found: Bill, expected: Forecast | str | None, period: str, zone: ZoneInfo) -> Json:
    """A bill, with what the contract year will come to; where that isn't known, a note says why."""
    made = bill_json(found, period, zone)
    if isinstance(expected, Forecast):
        made["forecast"] = _forecast(expected)
    elif expected is not None:
        made["notes"].append(expected)
    return made


def costs(books: Books, period: Period, table: Table) -> Json:
    """A period's table of costs, with its bill."""
    ends = period.begin_at, period.end_at
    found, expected = bill.of_books(books, *ends), forecast.of_running(books, *ends)
    whole = whole_bill(found, expected, period.name, books.zone)
    return table_json(table, period.name, books.zone) | {"bill": whole}


def _forecast(found: Forecast) -> Json:
    return {
        "total": cents(found.bill.total_cents),
        "exact": number(found.bill.exact, EXACT),
        "factors": {name: number(each.value, RATE) for name, each in found.factors.items()},
        "why": {name: each.why for name, each in found.factors.items()},
        "to_pay": number(found.to_pay, CENTS),
    }


def battery(found: Result) -> Json:
    """What a battery would have done: energy in Wh, what is left in mWh, savings in €."""
    done = found.done
    kind = "dynamic" if found.is_dynamic else "fixed"
    return {
        "policy": done.policy,
        "kwh": _plain(done.battery.kwh),
        "charged": sum(done.taken) - done.bought,
        "charged_grid": done.bought,
        "discharged": sum(done.given),
        "imported": found.imported_wh,
        "exported": found.exported_wh,
        "imported_after": found.imported_after_wh,
        "exported_after": found.exported_after_wh,
        "idle": done.idle,
        "full_steps": done.full_steps,
        "left_mwh": done.left_mwh,
        "saves_now_eur": number(found.saves_now, CENTS),
        f"saves_{kind}_2027_eur": number(found.saves_2027, CENTS),
    }


def _plain(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)
