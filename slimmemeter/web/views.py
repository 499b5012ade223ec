"""The pages in HTML."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from slimmemeter import status
from slimmemeter.history import periods
from slimmemeter.history.serialize import form_field
from slimmemeter.history.table import of_register
from slimmemeter.i18n import dates, numbers
from slimmemeter.i18n.labels import Labels
from slimmemeter.i18n.language import gettext
from slimmemeter.money.billing import forecast
from slimmemeter.web import (
    bill_page,
    compare_page,
    meter_page,
    money,
    overview,
    period_page,
    prices_page,
    query,
    what_if,
)
from slimmemeter.web.figures import price_figure
from slimmemeter.web.state import newest_of, site

PERIODS = (
    f"/<any({', '.join(periods.CALENDAR)}, last):kind>/<text>",
    "/<any(between):kind>/<text>/<end>",
    "/<any(years):kind>",
)
views = Blueprint("views", __name__)


def address(path: str) -> str:
    """The address of a path of the pages for browsers, which may be below one of a proxy's."""
    return f"{request.script_root}{path}"


@views.get("/")
def show_overview() -> str:
    """The overview."""
    with site().house() as house:
        query.now(house)
        words = Labels.of(house)
        return render_template(
            "overview.html",
            page=overview.overview(house, site().zone, words),
            names=words,
            money=money.money(house),
            today=f"{periods.today('day', query.now(), site().zone).first}",
            is_netted=money.is_netted(house),
            is_dynamic=prices_page.is_dynamic(money.money(house), query.now()),
            status=status.last_pull(site().database),
            published=status.last_publish(site().database) if site().publishes else None,
            backup=status.last_backup(site().database),
            refreshes=query.parameter("refresh") == "yes",
        )


def show_period(kind: str, text: str = "", end: str = "") -> str:
    """A day, a week, a month, a year, all years, the last days, or between two moments."""
    with site().house() as house:
        period = query.period(house, kind, text, end)
        words = Labels.of(house)
        return render_template(
            "period.html",
            page=period_page.period_page(
                house, period, query.now(house), words, query.parameter("tariffs") == "yes"
            ),
            names=words,
            ends=[form_field(at, site().zone) for at in (period.begin_at, period.end_at)],
        )


def show_bill(kind: str, text: str = "", end: str = "") -> str:
    """The bill of a period."""
    with site().house() as house:
        period = query.period(house, kind, text, end)
        _, books = money.needed(house)
        found = bill_page.shown(money.bill_of(books, period))
        return render_template("bill.html", period=period, bill=found)


for rule in PERIODS:
    views.add_url_rule(rule, view_func=show_period)
    views.add_url_rule(f"{rule}/bill", view_func=show_bill)


@views.get("/contract/<day>")
def show_contract_year(day: str) -> str:
    """The contract year that has a day: its bill, and what it was for."""
    with site().house() as house:
        books, year = money.contract_year(house, day)
        period = periods.between(year.begin_at, year.end_at, site().zone)
        assert period is not None
        expected = forecast.of_running(books, year.begin_at, year.end_at)
        words = Labels.of(house)
        return render_template(
            "period.html",
            page=period_page.period_page(house, period, query.now(house), words),
            bill=bill_page.shown(money.bill_of(books, year), expected),
            names=words,
            ends=[form_field(at, site().zone) for at in (period.begin_at, period.end_at)],
        )


@views.get("/prices")
def show_prices() -> str:
    """Today's prices and tomorrow's, of a dynamic contract."""
    with site().house() as house:
        (_, books), now = money.needed(house), query.now(house)
        if not prices_page.is_dynamic(money.money(house), now):
            abort(404, gettext("There is no dynamic contract."))
        words, today = Labels.of(house), periods.today("day", now, site().zone)
        shown = []
        for day in filter(None, (today, today.beside(1))):
            table = prices_page.table(house, books, day)
            about = prices_page.day_of_prices(table, day)
            shown.append((about, price_figure(day, about.mean, words)))
        return render_template("prices.html", days=shown, are_fetched=site().fetches_prices)


@views.get("/2027")
def show_end_of_netting() -> str:
    """What the end of netting costs this house."""
    with site().house() as house:
        asked = what_if.question(house)
        found = what_if.end_of_netting(asked)
        words = Labels.of(house)
        registers = [
            (words.column(of_register(f"{name}_wh")), numbers.number(wh, 1000, 3))
            for name, wh in what_if.registers_wh(house, asked).items()
        ]
        return render_template(
            "2027.html",
            page=what_if.netting_page(found),
            contract=asked.contract.name,
            days=dates.days(asked.begin, asked.end, site().zone),
            registers=registers,
        )


@views.get("/offers")
def show_offers() -> str:
    """What the offers would have cost."""
    with site().house() as house:
        asked = what_if.question(house)
        return render_template(
            "offers.html",
            rows=what_if.offer_rows(what_if.offers(asked)),
            days=dates.days(asked.begin, asked.end, site().zone),
            rules=asked.rules.year,
        )


@views.get("/battery")
def show_battery() -> str:
    """What a battery would have done."""
    with site().house() as house:
        asked = what_if.question(house)
        return render_template(
            "battery.html", **what_if.battery_page(what_if.stored_battery(), asked)
        )


@views.get("/go")
def go() -> ResponseReturnValue:
    """What the date picker sends: the page of the period of that kind with that day."""
    found = query.around(request.args.get("kind", ""), "date")
    return redirect(address(f"/{found.name}"), 303)


@views.get("/between")
def between_form() -> ResponseReturnValue:
    """What the form sends: the page between two moments."""
    moments = [query.moment(request.args.get(name, ""), name) for name in ("from", "to")]
    period = periods.between(moments[0], moments[1], site().zone)
    if period is None:
        abort(400, gettext("The first moment must be before the second."))
    return redirect(address(f"/{period.name}"), 303)


COMPARISON = f"/compare/<any({', '.join(periods.CALENDAR)}):kind>/<text>/<other_kind>/<other>"


@views.get(COMPARISON)
def show_comparison(kind: str, text: str, other_kind: str, other: str) -> str:
    """Two periods of a kind beside each other."""
    with site().house() as house:
        both = query.periods_of_a_kind(house, kind, text, other_kind, other)
        words = Labels.of(house)
        return render_template(
            "compare.html", page=compare_page.compare_page(house, *both, words), names=words
        )


@views.get("/compare")
def compare_form() -> ResponseReturnValue:
    """What the form sends: the page of the periods of a kind with these two days."""
    kind = request.args.get("kind", "")
    one, other = (query.around(kind, name).name for name in ("date", "other"))
    return redirect(address(f"/compare/{one}/{other}"), 303)


@views.get("/kiosk")
def show_kiosk() -> str:
    """Now, today and this month, for a tablet on the wall."""
    with site().house() as house:
        query.now(house)
        words = Labels.of(house)
        page = overview.overview(house, site().zone, words)
        return render_template(
            "kiosk.html", page=page, names=words, theme=request.args.get("theme")
        )


@views.get("/meter")
def show_meter() -> str:
    """The meter, its registers now or at any moment, and what happened to it."""
    with site().house() as house:
        newest, at = newest_of(house), query.moment_at()
        return render_template(
            "meter.html",
            page=meter_page.meter_page(house, at, query.now(house), site().zone),
            names=Labels.of(house),
            at=at,
            at_field=form_field(newest.taken_at if at is None else at, site().zone),
        )
