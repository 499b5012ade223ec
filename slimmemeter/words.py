"""Numbers, dates and names in the language of who looks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from babel.dates import format_date, format_datetime, format_time
from flask_babel import format_decimal as local_decimal
from flask_babel import get_locale, gettext, ngettext

from slimmemeter.judgement import ASIDE, CLOCK_OFF, CLOCK_RIGHT, GAP
from slimmemeter.periods import BUCKETS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slimmemeter.history import Column, Table
    from slimmemeter.periods import Period
    from slimmemeter.registers import Mark

UNITS = {"w": "W", "kwh": "kWh", "m3": "m³", "gj": "GJ"}
TITLES = {"day": "EEE d MMM yyyy", "month": "MMMM yyyy", "year": "yyyy"}
TICKS = {"week": "EEE d", "month": "d", "year": "MMM", "years": "yyyy"}


def unit(column: str) -> str:
    """The unit that a column's name ends with."""
    return UNITS[column.rpartition("_")[2]]


def number(value: int | None, scale: int, decimals: int) -> str:
    """A value of the column's scale with that many decimals; a dash where nothing is known."""
    if value is None:
        return "–"
    return str(local_decimal(value / scale, "#,##0" + "." * bool(decimals) + "0" * decimals))


def stem_name(stem: str) -> str:
    """What a direction or a medium is called."""
    names = {"import": gettext("from the grid"), "export": gettext("to the grid")}
    return str(names[stem]) if stem in names else medium(stem)


def medium(name: str | None) -> str:
    """What a kind of meter on the M-Bus measures."""
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
    return str(names.get(name or "", gettext("another meter")))


def column_name(column: str, tariffs: dict[int, str]) -> str:
    """What a column is called in a legend or a table's head, without its unit.

    :param tariffs: what the meter's tariffs are called, as `obis.tariff_names` has it.
    """
    stem, _, tariff = column.rpartition("_")[0].partition("_t")
    if not tariff:
        return stem_name(stem)
    names = {
        "low": gettext("low"),
        "normal": gettext("normal"),
        "day": gettext("day"),
        "night": gettext("night"),
    }
    name = tariffs.get(int(tariff))
    return f"{stem_name(stem)}, {names[name] + ' ' if name else ''}T{tariff}"


def table_name(name: str) -> str:
    """What a table or its picture is called."""
    names = {"electricity": gettext("Electricity"), "power": gettext("Mean power")}
    return str(names.get(name) or medium(name).capitalize())


def period_title(period: Period) -> str:
    """What a period is called: a date, a month, a year."""
    if period.kind == "years":
        return str(gettext("All years"))
    if period.kind == "week":
        year, week, _ = period.first.isocalendar()
        return str(gettext("Week %(week)d of %(year)d", week=week, year=year))
    text = str(format_date(period.first, TITLES[period.kind], get_locale()))
    return text[:1].upper() + text[1:]


def bucket_title(at: int, bucket: str, zone: ZoneInfo) -> str:
    """What a row of a table is called: 13:00 – 14:00, Mon 23 Nov, November, 2026."""
    local = datetime.fromtimestamp(at, zone)
    if bucket == "hour":
        name = f"{local:%H:%M} – {local.replace(tzinfo=None) + timedelta(hours=1):%H:%M}"
        if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
            return name
        season = gettext("summer time") if local.dst() else gettext("winter time")
        return f"{name} ({season})"
    formats = {"day": "EEE d MMM", "month": "MMMM", "year": "yyyy"}
    return str(format_datetime(local, formats[bucket], locale=get_locale()))


def sums(table: Table) -> list[tuple[str, str, str]]:
    """Direction or medium, amount and unit of a table's totals, over all tariffs."""
    alike: dict[tuple[str, str], list[Column]] = {}
    for column in table.columns:
        if column.total is not None:
            stem = column.name.rpartition("_")[0].partition("_t")[0]
            alike.setdefault((stem, unit(column.name)), []).append(column)
    return [
        (stem, number(sum(column.total or 0 for column in columns), columns[0].scale, 1), shown)
        for (stem, shown), columns in alike.items()
    ]


def totals(table: Table) -> str:
    """The totals of a table in words: 8.4 kWh from the grid · 3.1 kWh to the grid."""
    return " · ".join(f"{amount} {unit} {stem_name(stem)}" for stem, amount, unit in sums(table))


def ticks(period: Period, zone: ZoneInfo) -> list[tuple[float, str]]:
    """Marks of the time axis: at an hour's begin, in the middle of a day, month or year."""
    if period.kind == "day":
        hours = period.borders("hour")
        return [(at, f"{datetime.fromtimestamp(at, zone):%H}") for at in hours[:-1]]
    borders = period.borders(BUCKETS[period.kind])
    return [
        (
            (begin + end) / 2,
            str(format_date(datetime.fromtimestamp(begin, zone), TICKS[period.kind], get_locale())),
        )
        for begin, end in zip(borders, borders[1:], strict=False)
    ]


def clock(at: int, zone: ZoneInfo) -> str:
    """Hours and minutes: 14:05."""
    return str(format_time(datetime.fromtimestamp(at, zone), "HH:mm", locale=get_locale()))


def month(at: int, zone: ZoneInfo) -> str:
    """A month and its year: November 2026."""
    local = datetime.fromtimestamp(at, zone)
    return str(format_date(local, TITLES["month"], locale=get_locale()))


def moment(at: int, zone: ZoneInfo) -> str:
    """A date and a time: 23 Nov 2026 14:05:03."""
    local = datetime.fromtimestamp(at, zone)
    return str(format_datetime(local, "d MMM yyyy HH:mm:ss", locale=get_locale()))


def age(seconds: int) -> str:
    """How long ago, in words."""
    if seconds < 60:
        return str(gettext("just now"))
    if seconds < 2 * 3600:
        return str(ngettext("%(num)d minute ago", "%(num)d minutes ago", seconds // 60))
    if seconds < 48 * 3600:
        return str(ngettext("%(num)d hour ago", "%(num)d hours ago", seconds // 3600))
    return str(ngettext("%(num)d day ago", "%(num)d days ago", seconds // 86400))


def duration(seconds: int) -> str:
    """How long something lasted: 5 min 10 s, 2 h 5 min."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return str(gettext("%(hours)d h %(minutes)d min", hours=hours, minutes=minutes))
    return str(gettext("%(minutes)d min %(seconds)d s", minutes=minutes, seconds=seconds))


def masked(name: str) -> str:
    """An id of which only the ends are shown: E0031…9515."""
    return f"{name[:5]}…{name[-4:]}" if len(name) > 9 else "…"


def event(kind: str, detail: str | None, tariffs: dict[int, str]) -> str:
    """What was noticed of readings, as a sentence."""
    if kind == ASIDE:
        return _set_aside(detail, tariffs)
    if kind == CLOCK_OFF and detail is not None:
        off_s = int(detail)
        length = duration(abs(off_s))
        if off_s < 0:
            return str(gettext("the meter's clock was %(length)s behind", length=length))
        return str(gettext("the meter's clock was %(length)s ahead", length=length))
    names = {
        GAP: gettext("no valid reading came"),
        CLOCK_OFF: gettext("the meter's clock was not set"),
        CLOCK_RIGHT: gettext("the meter's clock was right again"),
        "other value": gettext("another value of a moment that was known"),
    }
    return f"{names[kind]} ({detail})" if detail else str(names[kind])


def _set_aside(detail: str | None, tariffs: dict[int, str]) -> str:
    """Why a reading doesn't count; `detail` is as `judgement` makes it."""
    if detail is None:
        return str(gettext("a reading was set aside"))
    how, register, value, other = detail.split()
    known = register.endswith("_wh")
    name = column_name(register.removesuffix("_wh") + "_kwh", tariffs) if known else ""
    texts = {
        "below": gettext("a reading was set aside, as it is below the one before"),
        "above": gettext("a reading was set aside, as it is above the ones after it"),
    }
    said = f"{number(int(value), 1000, 3)} / {number(int(other), 1000, 3)}"
    return f"{texts[how]} ({name + ': ' if name else ''}{said})"


def change(why: str) -> str:
    """Why a life of a meter ends and another begins."""
    names = {
        "another meter": gettext("another meter"),
        "another device": gettext("another meter"),
        "other registers": gettext("the meter has other registers"),
        "restarted counter": gettext("the counter began anew"),
    }
    return str(names.get(why, gettext("another meter")))


def near(at: int, moment_at: int, zone: ZoneInfo) -> str:
    """An instant as said beside another: 00:00:04 where it is of the same day."""
    local, other = (datetime.fromtimestamp(each, zone) for each in (at, moment_at))
    if local.date() == other.date():
        return f"{local:%H:%M:%S}"
    return moment(at, zone)


def how(mark: Mark, place: int, zone: ZoneInfo) -> str:
    """How a register at a moment is known."""
    before, counters_before, after, counters_after = mark.around
    if mark.reading is not None:
        at, counters = mark.reading
        text = str(gettext("read at %(at)s", at=near(at, mark.at, zone)))
        if counters[place] == mark.counter(place):
            return text
        return f"{text}: {number(counters[place], 1000, 3)}"
    begin = "" if before is None else near(before, mark.at, zone)
    end = "" if after is None else near(after, mark.at, zone)
    if before is None:
        said = number(counters_after[place], 1000, 3)
        return str(gettext("first read at %(at)s: %(said)s", at=end, said=said))
    if after is None:
        said = number(counters_before[place], 1000, 3)
        return str(gettext("last read at %(at)s: %(said)s", at=begin, said=said))
    return str(gettext("between %(begin)s and %(end)s", begin=begin, end=end))
