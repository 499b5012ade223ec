"""A request's query: its parameters, its language, its period, its moment."""

from __future__ import annotations

from flask import abort, g, request

from slimmemeter import clock
from slimmemeter.history import catalogue, periods
from slimmemeter.history.periods import Period
from slimmemeter.i18n.language import LANGUAGES, gettext
from slimmemeter.settings_table import OWN_LANGUAGE
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.web.freshness import page_time
from slimmemeter.web.state import NoReadingError, site

# The parameters of addresses with their values; the first is the default.
PARAMETERS = {
    "theme": ("light", "dark", "grey"),
    "shape": ("wide", "medium", "narrow"),
    "scale": ("1", "2"),
    "tariffs": ("no", "yes"),
    "title": ("yes", "no"),
    "decimal": ("point", "comma"),
    "refresh": ("yes", "no"),
    "money": ("yes", "no"),
    "lang": tuple(LANGUAGES),
}


def parameter(name: str) -> str:
    """The value of one of `PARAMETERS`."""
    return request.args.get(name, PARAMETERS[name][0])


def check_parameters() -> None:
    """Answer 400 if a parameter has an unknown value."""
    for name, allowed in PARAMETERS.items():
        if parameter(name) not in allowed:
            values = ", ".join(allowed)
            abort(400, gettext("%(name)s must be one of %(values)s", name=name, values=values))


def wants_money() -> bool:
    """Whether amounts of money are shown: by the address, else as it was chosen before."""
    chosen = request.args.get("money") or request.cookies.get("money")
    return chosen != "no"


def language() -> str:
    """The language of the address, else the chosen one, else the settings', else the browser's."""
    for wanted in (request.args.get("lang"), request.cookies.get("lang"), site().language):
        if wanted in LANGUAGES:
            return wanted
    return request.accept_languages.best_match(LANGUAGES, OWN_LANGUAGE)


def now(house: Snapshot | None = None) -> int:
    """The time of this page, the same for all of it."""
    if "time" not in g:
        g.time = clock.now() if house is None else page_time(house)
    return int(g.time)


def period(house: Snapshot, kind: str, text: str, end: str) -> Period:
    """The period of an address; 404 if there is none.

    :raises NoReadingError: the period is all years, and there is no reading.
    """
    found = catalogue.find_period(house, now(house), site().zone, kind, text, end)
    if found is None and kind == "years":
        raise NoReadingError
    if found is None:
        wanted = f"{text} – {end}" if end else text
        abort(404, gettext("%(text)s isn't in the calendar.", text=wanted))
    return found


def periods_of_a_kind(
    house: Snapshot, kind: str, text: str, other_kind: str, other: str
) -> tuple[Period, Period]:
    """The two periods of an address; 404 if one isn't in the calendar, or is of another kind."""
    if kind != other_kind:
        abort(404, gettext("Only two days, two weeks, two months or two years can be compared."))
    return period(house, kind, text, ""), period(house, kind, other, "")


def around(kind: str, name: str) -> Period:
    """The period of a kind that holds the day of a parameter; 404 or 400 if there is none."""
    day = moment(request.args.get(name, ""), name)
    found = periods.of(kind, day, site().zone) if kind in periods.CALENDAR else None
    if found is None:
        abort(404, gettext("%(text)s isn't in the calendar.", text=kind))
    return found


def moment(text: str, name: str) -> int:
    """The instant that a parameter states; 400 if it is invalid."""
    found = periods.moment(text, site().zone)
    if found is None:
        abort(400, gettext("%(name)s must be a moment such as 2027-01-01T00:00", name=name))
    return found


def moment_at() -> int | None:
    """The instant of `?at=`; None without one."""
    text = request.args.get("at")
    return moment(text, "at") if text else None
