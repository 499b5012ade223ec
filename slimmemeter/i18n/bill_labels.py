"""The lines of a bill in the language of the request."""

from __future__ import annotations

from slimmemeter.i18n import language
from slimmemeter.i18n.language import gettext


def bill_item(item: str, part: str, kw: float | None = None) -> str:
    """A line of a bill, and the tariff, band or operator that it is of.

    :param kw: the mean peak that a capacity tariff is for.
    """
    names = {
        "supply": gettext("Supply"),
        "netting": gettext("Export, set off"),
        "settle": gettext("Export, settled for the year"),
        "feed_in": gettext("Feed-in"),
        "feed_in_cost": gettext("Feed-in cost"),
        "standing": gettext("Standing charge"),
        "green": gettext("Green and CHP certificates"),
        "tax": gettext("Energy tax"),
        "tax_netting": gettext("Energy tax, set off"),
        "tax_settle": gettext("Energy tax, settled for the year"),
        "bracket": gettext("Lower energy tax of a large use"),
        "rebate": gettext("Rebate on energy tax"),
        "excise": gettext("Excise"),
        "contribution": gettext("Energy contribution"),
        "grid": gettext("Grid costs"),
        "grid_kwh": gettext("Grid costs, by use"),
        "capacity": gettext("Capacity tariff"),
        "maximum": gettext("Above the maximum tariff"),
        "data": gettext("Data management"),
    }
    parts = {
        "low": gettext("low"),
        "normal": gettext("normal"),
        "day": gettext("day"),
        "night": gettext("night"),
        "dynamic": gettext("dynamic"),
        "surplus": gettext("surplus"),
    }
    if part == "vat":
        return gettext("VAT of export beyond import, taken back")
    if kw is not None:
        part = peak(kw)
    shown = "" if part in ("single", "kwh", "gas", "bare") else parts.get(part, part)
    return f"{names[item]}, {shown}" if shown else names[item]


def peak(kw: float) -> str:
    """A peak by which a capacity tariff is charged."""
    return f"{language.decimal(kw, 3)}\N{NO-BREAK SPACE}kW"
