"""Names in the language of the request: columns, tables, events, and how a reading is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slimmemeter.history.catalogue import CUMULATIVE
from slimmemeter.history.consumption import ELECTRICITY
from slimmemeter.history.table import Column, of_register
from slimmemeter.i18n import dates
from slimmemeter.i18n.language import gettext, ngettext, pgettext
from slimmemeter.i18n.numbers import amount, duration, number
from slimmemeter.p1 import countries
from slimmemeter.store import schema
from slimmemeter.store.records import Meter
from slimmemeter.store.validation.rule import (
    BY_HAND,
    CLOCK_OFF,
    CLOCK_RIGHT,
    GAP,
    NOT_SENT,
    OTHER_VALUE,
    OVERLAP,
    RESTARTED,
    SET_ASIDE,
    VALIDATED_AGAIN,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slimmemeter.history.meter_readings import MeterReading
    from slimmemeter.history.periods import Period
    from slimmemeter.history.table import Table
    from slimmemeter.store.records import Event
    from slimmemeter.store.snapshot import Snapshot


def medium(name: str | None) -> str:
    """What a device on the M-Bus measures."""
    names = {
        "gas": gettext("gas"),
        "water": gettext("water"),
        "warm_water": gettext("warm water"),
        "heat": gettext("heat"),
        "cooling": gettext("cooling"),
        "submeter": gettext("submeter"),
        "electricity": gettext("electricity"),
        "heat_cost_allocator": gettext("heat cost allocator"),
    }
    return names.get(name or "", gettext("another meter"))


def _costs() -> dict[str, str]:
    """What a household pays for, as columns."""
    return {
        "supply": gettext("Energy"),
        "feed_in": gettext("Feed-in"),
        "tax": gettext("Taxes"),
        "grid": gettext("Grid"),
        "standing": gettext("Standing charges"),
        "settled": gettext("Settled"),
        "cost": gettext("Cost"),
        "price": gettext("Price per kWh"),
    }


class Labels:
    """The names of directions, tariffs and columns in the meter's country."""

    def __init__(self, version: str | None = None, has_total: bool = False) -> None:
        """:param version: of the meter's telegrams; without one, the names of the Netherlands."""
        self.is_belgian = countries.is_belgian(version)
        self.tariffs = countries.tariff_names(version, has_total)

    @classmethod
    def of(cls, house: Snapshot) -> Labels:
        """The names in the country of the house's newest meter."""
        if not house.meters:
            return cls()
        newest = house.meters[-1]
        assert isinstance(newest.about, Meter)
        sent = {each.register for each in house.meter_series if each.owner_id == newest.id}
        return cls(newest.about.version, "import_wh" in sent)

    def quantity(self, quantity: str) -> str:
        """A direction or a medium."""
        exported = gettext("to the grid")
        if self.is_belgian:
            exported = pgettext("Belgium", "to the grid")
        names = {"import": gettext("from the grid"), "export": exported}
        return names[quantity] if quantity in names else medium(quantity)

    def name(self, quantity: str) -> str:
        """A direction or a medium as a heading, in a legend, or over a column of a table."""
        exported = gettext("To the grid")
        if self.is_belgian:
            exported = pgettext("Belgium", "To the grid")
        names = {"import": gettext("From the grid"), "export": exported, "net": gettext("Net")}
        return names.get(quantity) or _costs().get(quantity) or medium(quantity).capitalize()

    def ahead_or_behind(self, more: int, before: Column) -> str:
        """How much more or less there was than in an earlier year by then."""
        values = {"amount": amount(abs(more), before), "year": before.year}
        if more < 0:
            return gettext("%(amount)s less than %(year)s by then", **values)
        return gettext("%(amount)s more than %(year)s by then", **values)

    def amount(self, column: Column, value: int) -> str:
        """A number of a column with what it is: 8.4 kWh from the grid."""
        return f"{amount(value, column)} {self.quantity(column.quantity)}"

    def totals(self, table: Table) -> list[str]:
        """The totals of a table: 8.4 kWh from the grid, 3.1 kWh to the grid."""
        totals = table.without_tariffs().totals
        return [self.amount(column, value) for column, value in totals.items() if value is not None]

    def tariff(self, number: int) -> str:
        """A tariff: `low`; empty if it has only its number."""
        names = {
            "low": gettext("low"),
            "normal": gettext("normal"),
            "day": gettext("day"),
            "night": gettext("night"),
        }
        return names.get(self.tariffs.get(number, ""), "")

    def column(self, column: Column) -> str:
        """A column in a legend or a table's head, without its unit."""
        if column.phase:
            return f"L{column.phase}"
        name = self.name(column.quantity)
        if column.year:
            return f"{name} {column.year}"
        if column.tariff:
            tariff = self.tariff(column.tariff)
            return f"{name}, {tariff + ' ' if tariff else ''}T{column.tariff}"
        return name

    def event(self, event: Event) -> str:
        """What the validation noticed, as a sentence."""
        if event.register is not None:
            return self._of_register(event)
        if event.kind == CLOCK_OFF and event.detail is not None:
            off_s = int(event.detail)
            length = duration(abs(off_s))
            if off_s < 0:
                return gettext("the meter's clock was %(length)s behind", length=length)
            return gettext("the meter's clock was %(length)s ahead", length=length)
        if event.kind == OTHER_VALUE and event.detail is not None:
            text = gettext("a second value of one moment")
            return f"{text} ({' / '.join(self._counters(event))})"
        if event.kind == VALIDATED_AGAIN:
            return self._validated_again(event)
        names = {
            GAP: gettext("no readings were received"),
            CLOCK_OFF: gettext("the meter's clock was not set"),
            OVERLAP: gettext("two meters have readings of this time, and both are added up"),
            CLOCK_RIGHT: gettext("the meter's clock was right again"),
            BY_HAND: self._by_hand(event),
        }
        return names[event.kind]

    def _of_register(self, event: Event) -> str:
        """What happened to one register, with its name if it is one of electricity."""
        text = {
            SET_ASIDE: self._set_aside(event),
            RESTARTED: gettext("the counter restarted"),
            NOT_SENT: gettext("the meter did not send this register"),
        }.get(event.kind) or gettext("the register was read for the first time")
        is_electricity = event.register in schema.REGISTERS
        name = f"{self.column(of_register(event.register or ''))}: " if is_electricity else ""
        if event.detail is None:
            return f"{name}{text}"
        first, second = self._counters(event)
        if event.kind == RESTARTED:
            first, second = second, first
        counters = gettext("%(counter)s after %(before)s", counter=first, before=second)
        return f"{name}{text} ({counters})"

    def _validated_again(self, event: Event) -> str:
        """How an upgrade changed what a register counts; its validation may still be going on."""
        register, *counters = (event.detail or "").split()
        is_electricity = register in schema.REGISTERS
        name = f"{self.column(of_register(register))}: " if is_electricity else ""
        if len(counters) == 1:
            text = gettext("it is being validated again after an upgrade")
            return f"{name}{text}"
        now, before = self._counters(event)
        text = gettext(
            "after an upgrade it was validated again: it counts %(now)s in all, and counted"
            " %(before)s before",
            now=now,
            before=before,
        )
        return f"{name}{text}"

    def _set_aside(self, event: Event) -> str:
        count = event.readings or 0
        if event.until is None:
            return ngettext(
                "%(num)d reading does not count until it is clear whether it is right",
                "%(num)d readings do not count until it is clear whether they are right",
                count,
            )
        return ngettext("%(num)d reading was set aside", "%(num)d readings were set aside", count)

    def _by_hand(self, event: Event) -> str:
        return ngettext(
            "%(num)d reading was set aside by hand",
            "%(num)d readings were set aside by hand",
            event.readings or 0,
        )

    def _counters(self, event: Event) -> list[str]:
        """The two counters of an event's detail: what was read, and what was read before."""
        return [number(int(each), 1000, 3) for each in (event.detail or "").split()[-2:]]


def picture_name(name: str, period: Period) -> str:
    """The name of a table, or the heading over its picture: Electricity by day."""
    names = {
        "power": gettext("Power over the day") if period.days <= 1 else gettext("Power"),
        "hours": gettext("Hour by hour"),
        "voltage": gettext("Voltage"),
        "phases": gettext("Power by phase"),
        "cumulative": gettext("From the grid since 1 January"),
        "costs": gettext("Cost"),
        "prices": gettext("Price per kWh"),
    }
    if name in names:
        return names[name]
    if name in CUMULATIVE:
        what = medium(CUMULATIVE[name]).capitalize()
        return gettext("%(what)s since 1 January", what=what)
    what = gettext("Electricity") if name == ELECTRICITY else medium(name).capitalize()
    by = {
        "hour": gettext("by hour"),
        "day": gettext("by day"),
        "week": gettext("by week"),
        "month": gettext("by month"),
        "year": gettext("by year"),
    }
    return f"{what} {by[period.bucket]}" if period.bucket in by else what


def change_reason(reason: str) -> str:
    """Why one series ends and another takes over."""
    names = {
        RESTARTED: gettext("the counter restarted"),
    }
    return names.get(reason, gettext("another meter"))


def how_known(reading: MeterReading, zone: ZoneInfo) -> str:
    """How a register at a moment is known: read at 00:00:04, between 23:55:02 and 00:05:01."""
    nearest, before, after = reading.nearest, reading.before, reading.after
    if nearest is not None:
        text = gettext("read at %(at)s", at=dates.near(nearest.taken_at, reading.at, zone))
        value = reading.counter_of(nearest)
        return text if value == reading.counter else f"{text}: {number(value, 1000, 3)}"
    if before is not None and after is not None:
        begin, end = (dates.near(side.taken_at, reading.at, zone) for side in (before, after))
        return gettext("between %(begin)s and %(end)s", begin=begin, end=end)
    side = after if before is None else before
    assert side is not None
    at = dates.near(side.taken_at, reading.at, zone)
    shown = number(reading.counter_of(side), 1000, 3)
    if before is None:
        return gettext("first read at %(at)s: %(value)s", at=at, value=shown)
    return gettext("last read at %(at)s: %(value)s", at=at, value=shown)
