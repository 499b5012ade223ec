"""Numbers, dates and names in the language of who looks."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from slimmemeter.history import periods
from slimmemeter.i18n import language
from slimmemeter.i18n.language import gettext, ngettext, pgettext
from slimmemeter.p1 import obis
from slimmemeter.store.validation import ASIDE, CLOCK_OFF, CLOCK_RIGHT, GAP

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slimmemeter.history.consumption import Column, Table
    from slimmemeter.history.meter_readings import Mark
    from slimmemeter.history.periods import Period
    from slimmemeter.history.statistics import Most

UNITS = {"w": "W", "kwh": "kWh", "m3": "m³", "gj": "GJ", "v": "V"}
DECIMALS = {"w": 0, "v": 1}  # of a number that people read; of others one or two
MANY_TIMES = 3
TICKS = {"EEE d": 8, "d": 32, "d MMM": 100, "MMM": 800}  # for periods of up to so many days
FEW_HOURS_S = 3 * 3600  # whose minutes are on the time axis
TITLES = {"day": "EEE d MMM yyyy", "month": "MMMM yyyy", "year": "yyyy"}


def unit(column: str) -> str:
    """The unit that a column's name ends with."""
    return UNITS[column.rpartition("_")[2]]


def number(value: int | None, scale: int, decimals: int) -> str:
    """A value of the column's scale with that many decimals; a dash where nothing is known."""
    if value is None:
        return "–"
    return language.decimal(value / scale, decimals)


def plain(value: float, decimals: int) -> str:
    """A number as people of this language write it."""
    return language.decimal(value, decimals)


def has_decimal_comma() -> bool:
    """Whether numbers, and so spreadsheets, of this language have one."""
    return plain(0.5, 1)[1] == ","


def until(at: int, period: Period) -> str:
    """Until when another period is beside this one: `until 14:05`, `until 25 Oct`."""
    local = datetime.fromtimestamp(at, period.zone)
    form = "HH:mm" if period.days <= 1 else "d MMM"
    return gettext("until %(at)s", at=language.moment(local, form))


def amount(value: int | None, scale: int, column: str) -> str:
    """A value of a column with its unit: 8.4 kWh, 0.12 m³."""
    name = unit(column)
    usual = 1 if value is None or abs(value) >= scale else 2
    decimals = DECIMALS.get(column.rpartition("_")[2], usual)
    return f"{number(value, scale, decimals)}\N{NO-BREAK SPACE}{name}"


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
    return names.get(name or "", gettext("another meter"))


class Names:
    """What directions, tariffs and columns are called where the meter stands."""

    def __init__(self, version: str | None = None, has_total: bool = False) -> None:
        """As its telegrams' version tells; of no meter the words of the Netherlands."""
        self.is_belgian = obis.is_belgian(version)
        self.tariffs = obis.tariff_names(version, has_total)

    def stem(self, stem: str) -> str:
        """A direction or a medium."""
        exported = gettext("to the grid")
        if self.is_belgian:
            exported = pgettext("Belgium", "to the grid")
        names = {"import": gettext("from the grid"), "export": exported}
        return names[stem] if stem in names else medium(stem)

    def said(self, column: Column, value: int) -> str:
        """A value of a column of no tariff: 8.4 kWh from the grid."""
        return f"{amount(value, column.scale, column.name)} {self.stem(stem(column.name))}"

    def tariff(self, number: int) -> str:
        """A tariff: `low`, or nothing where it has only its number."""
        names = {
            "low": gettext("low"),
            "normal": gettext("normal"),
            "day": gettext("day"),
            "night": gettext("night"),
        }
        return names.get(self.tariffs.get(number, ""), "")

    def column(self, column: str) -> str:
        """A column in a legend or a table's head, without its unit; of a phase's voltage `L1`."""
        stem, _, tariff = column.rpartition("_")[0].partition("_t")
        if tariff:
            name = self.tariff(int(tariff))
            return f"{self.stem(stem)}, {name + ' ' if name else ''}T{tariff}"
        what, _, year = stem.rpartition("_")
        if year.isdigit():
            return f"{year} {self.stem(what)}"
        if stem.startswith("voltage"):
            return stem.split("_")[1].upper()
        return self.stem(stem)


def table_name(name: str) -> str:
    """What a table or its picture is called."""
    names = {
        "electricity": gettext("Electricity"),
        "power": gettext("Mean power"),
        "hours": gettext("Hour by hour"),
        "voltage": gettext("Voltage"),
        "cumulative": gettext("Since the start of the year"),
    }
    first, _, what = name.partition("_")
    if first == "cumulative" and what:
        return f"{medium(what).capitalize()}: {names[first].lower()}"
    return names.get(name) or medium(name).capitalize()


def period_title(period: Period) -> str:
    """What a period is called: a date, a week, a month, a year, or from when to when."""
    if period.kind == "years":
        return gettext("All years")
    if period.kind == "last":
        return gettext("The last %(days)d days", days=period.days)
    if period.kind == "between":
        return _from_to(period.begin_at, period.end_at, period.zone)
    if period.kind == "week":
        year, week, _ = period.first.isocalendar()
        days = (period.first, period.first + timedelta(days=6))
        first, last = (language.day(day, "d MMM") for day in days)
        name = gettext("Week %(week)d of %(year)d", week=week, year=year)
        return f"{name}, {first} – {last}"
    text = language.day(period.first, TITLES[period.kind])
    return text[:1].upper() + text[1:]


def short_title(period: Period, beside: Period) -> str:
    """What a period is called beside another: a day or a week of the same year without it."""
    if period.kind == "week":
        year, week, _ = period.first.isocalendar()
        return gettext("Week %(week)d of %(year)d", week=week, year=year)
    if period.kind == "day" and period.first.year == beside.first.year:
        return language.day(period.first, "EEE d MMM")
    return period_title(period)


def _from_to(begin_at: int, end_at: int, zone: ZoneInfo) -> str:
    """From when to when; of whole days the last one is named, as people do."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (begin_at, end_at))
    if begin.time() != time() or end.time() != time():
        return stretch(begin_at, end_at, zone)
    days = dict.fromkeys((begin.date(), (end - timedelta(days=1)).date()))
    return " – ".join(language.day(day, "d MMM yyyy") for day in days)


def stretch(begin_at: int, end_at: int, zone: ZoneInfo) -> str:
    """A stretch of time to the minute: 25 Oct 2026 01:55 – 13:00."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (begin_at, end_at))
    first = language.moment(begin, "d MMM yyyy HH:mm")
    form = "HH:mm" if begin.date() == end.date() else "d MMM yyyy HH:mm"
    last = language.moment(end, form)
    return f"{first}{_season(begin)} – {last}{_season(end)}"


def bucket_title(begin_at: int, end_at: int, bucket: str, zone: ZoneInfo) -> str:
    """What a row of a table is called: 13:00 – 14:00, Mon 23 Nov, November, 2026; and where a
    period cuts it, from when to when it is."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (begin_at, end_at))
    if bucket == "hour":
        is_whole = end_at - begin_at == 3600
        until = begin.replace(tzinfo=None) + timedelta(hours=1) if is_whole else end
        return f"{begin:%H:%M} – {until:%H:%M}{_season(begin)}"
    whole = periods.of(bucket, begin_at, zone) if bucket in periods.CALENDAR else None
    if whole and (whole.begin_at, whole.end_at) != (begin_at, end_at):
        return _from_to(begin_at, end_at, zone)
    formats = {"day": "EEE d MMM", "month": "MMMM yyyy", "year": "yyyy"}
    return language.moment(begin, formats.get(bucket, "HH:mm"))


def _season(local: datetime) -> str:
    """Which one is meant of an hour that comes twice."""
    if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
        return ""
    season = gettext("summer time") if local.dst() else gettext("winter time")
    return f" ({season})"


def totals(table: Table, names: Names) -> list[str]:
    """The totals of a table in words: 8.4 kWh from the grid, 3.1 kWh to the grid."""
    return [
        names.said(column, column.total) for column in table.together() if column.total is not None
    ]


def stem(column: str) -> str:
    """A column's name without its unit: the direction or the medium of one that has no tariff."""
    return column.rpartition("_")[0]


def ticks(period: Period) -> list[tuple[float, str]]:
    """Marks of the time axis: minutes of a few hours, the hours of up to two days, the days, months
    or years of more; an hour and a minute stand at their begin, all else in its middle."""
    zone = period.zone
    if period.end_at - period.begin_at <= FEW_HOURS_S:
        marks = [at for at in period.borders("5min") if not at % 300]
        return [(at, clock(at, zone)) for at in marks or (period.begin_at, period.end_at)]
    if period.days <= 2:
        hours = [at for at in period.borders("hour") if _is_hour(at, zone)]
        return [(at, _hour(at, zone, at == period.end_at)) for at in hours]
    form = next((form for form, most in TICKS.items() if period.days <= most), "yyyy")
    form = "yyyy" if period.kind == "years" else form
    bucket = {"MMM": "month", "yyyy": "year"}.get(form, "day")
    marks = period.borders(bucket)
    return [
        (
            (begin + end) / 2,
            language.day(datetime.fromtimestamp(begin, zone), form),
        )
        for begin, end in zip(marks, marks[1:], strict=False)
    ]


def _is_hour(at: int, zone: ZoneInfo) -> bool:
    return not datetime.fromtimestamp(at, zone).minute


def _hour(at: int, zone: ZoneInfo, is_end: bool) -> str:
    """`00` to `24`."""
    text = f"{datetime.fromtimestamp(at, zone):%H}"
    return "24" if is_end and text == "00" else text


def when(most: Most, zone: ZoneInfo) -> str:
    """When a bucket was: a year, a month, a day, or a day and its hours."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (most.begin, most.end))
    days = max((end - begin).days, 0)  # by the clock, which may go back
    if days or (begin.date() != end.date() and not begin.hour):
        form = next(
            form
            for form, least in (("yyyy", 360), ("MMMM yyyy", 27), (TITLES["day"], 0))
            if days >= least
        )
        return language.moment(begin, form)
    first = language.moment(begin, f"{TITLES['day']} HH:mm")
    return f"{first} – {end:%H:%M}{_season(begin)}"


def clock(at: int, zone: ZoneInfo) -> str:
    """Hours and minutes: 14:05."""
    return language.moment(datetime.fromtimestamp(at, zone), "HH:mm")


def month(at: int, zone: ZoneInfo) -> str:
    """A month and its year: November 2026."""
    local = datetime.fromtimestamp(at, zone)
    return language.day(local, TITLES["month"])


def moment(at: int, zone: ZoneInfo) -> str:
    """A date and a time: 23 Nov 2026 14:05:03."""
    local = datetime.fromtimestamp(at, zone)
    return language.moment(local, "d MMM yyyy HH:mm:ss")


def more_or_less(this: int, other: int) -> str:
    """How much more or less this is than the other, in words; nothing where one of them is 0."""
    if this <= 0 or other <= 0:
        return ""
    percent = round(100 * abs(this - other) / other)
    if this >= MANY_TIMES * other:
        return gettext("this time %(times)s times as much", times=plain(this / other, 0))
    if not percent:
        return gettext("this time the same")
    if this > other:
        return gettext("this time %(percent)s\N{NO-BREAK SPACE}%% more", percent=percent)
    return gettext("this time %(percent)s\N{NO-BREAK SPACE}%% less", percent=percent)


def age(seconds: int) -> str:
    """How long ago, in words."""
    if seconds < 60:
        return gettext("just now")
    if seconds < 2 * 3600:
        return ngettext("%(num)d minute ago", "%(num)d minutes ago", seconds // 60)
    if seconds < 48 * 3600:
        return ngettext("%(num)d hour ago", "%(num)d hours ago", seconds // 3600)
    return ngettext("%(num)d day ago", "%(num)d days ago", seconds // 86400)


def duration(seconds: int) -> str:
    """How long something lasted: 5 min 10 s, 2 h 5 min."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return gettext("%(hours)d h %(minutes)d min", hours=hours, minutes=minutes)
    return gettext("%(minutes)d min %(seconds)d s", minutes=minutes, seconds=seconds)


def event(kind: str, detail: str | None, names_of: Names) -> str:
    """What was noticed of readings, as a sentence."""
    if kind == ASIDE:
        return _set_aside(detail, names_of)
    if kind == CLOCK_OFF and detail is not None:
        off_s = int(detail)
        length = duration(abs(off_s))
        if off_s < 0:
            return gettext("the meter's clock was %(length)s behind", length=length)
        return gettext("the meter's clock was %(length)s ahead", length=length)
    if kind == "other value" and detail is not None:
        text = gettext("another value of a moment that was known")
        return f"{text} ({_compared(*detail.split())})"
    names = {
        GAP: gettext("no valid reading came"),
        CLOCK_OFF: gettext("the meter's clock was not set"),
        CLOCK_RIGHT: gettext("the meter's clock was right again"),
    }
    return names[kind]


def _set_aside(detail: str | None, names_of: Names) -> str:
    """Why a reading doesn't count; `detail` is as `judgement` makes it."""
    if detail is None:
        return gettext("a reading was set aside")
    how, register, value, other = detail.split()
    known = register.endswith("_wh")
    name = names_of.column(register.removesuffix("_wh") + "_kwh") if known else ""
    texts = {
        "below": gettext("a reading was set aside, as it is below the one before"),
        "above": gettext("a reading was set aside, as it is above the ones after it"),
    }
    return f"{texts[how]} ({name + ': ' if name else ''}{_compared(value, other)})"


def _compared(value: str, other: str) -> str:
    return f"{number(int(value), 1000, 3)} / {number(int(other), 1000, 3)}"


def change(why: str) -> str:
    """Why a life of a meter ends and another begins."""
    names = {
        "another meter": gettext("another meter"),
        "another device": gettext("another meter"),
        "other registers": gettext("the meter has other registers"),
        "restarted counter": gettext("the counter began anew"),
    }
    return names.get(why, gettext("another meter"))


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
        text = gettext("read at %(at)s", at=near(at, mark.at, zone))
        if counters[place] == mark.counter(place):
            return text
        return f"{text}: {number(counters[place], 1000, 3)}"
    begin = "" if before is None else near(before, mark.at, zone)
    end = "" if after is None else near(after, mark.at, zone)
    if before is None:
        said = number(counters_after[place], 1000, 3)
        return gettext("first read at %(at)s: %(said)s", at=end, said=said)
    if after is None:
        said = number(counters_before[place], 1000, 3)
        return gettext("last read at %(at)s: %(said)s", at=begin, said=said)
    return gettext("between %(begin)s and %(end)s", begin=begin, end=end)
