"""Prices by the clock: which band each quarter-hour of the week belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from slimmemeter.history import periods

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
REST = "rest"
QUARTERS = 96  # of a day
QUARTER_S = 900
_CLOCK = r"([0-9]{1,2})(?::([0-9]{2}))?"
_DAY = "|".join(DAYS)
_SPAN = re.compile(rf"(?:(?P<first>{_DAY})(?:-(?P<last>{_DAY}))? +)?{_CLOCK} ?- ?{_CLOCK}")
_EXPECTED = '"[days] from-to" is expected, e.g. "mon-fri 7-23, sat 0-24", or "rest"'


@dataclass(frozen=True)
class Bands:
    """A band for each of the 672 quarter-hours of a week by the local clock, from Monday 00:00."""

    week: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The bands that there are."""
        return frozenset(self.week)

    def borders(self, begin: int, end: int, zone: ZoneInfo) -> Iterator[tuple[int, str]]:
        """Each instant from `begin` to `end` at which a band begins, and its name; the first one is
        the midnight before `begin`."""
        day = datetime.fromtimestamp(begin, zone).date()
        before = ""
        midnight = periods.midnight(day, zone)
        while midnight < end:
            day += timedelta(days=1)
            following = periods.midnight(day, zone)
            for at, band in self._of_day(midnight, following, zone):
                if band != before:
                    yield at, band
                before = band
            midnight = following

    def _of_day(self, midnight: int, following: int, zone: ZoneInfo) -> Iterator[tuple[int, str]]:
        weekday = datetime.fromtimestamp(midnight, zone).weekday()
        quarters = self.week[weekday * QUARTERS : (weekday + 1) * QUARTERS]
        if following - midnight == QUARTERS * QUARTER_S:
            for place in _changes(quarters):
                yield midnight + place * QUARTER_S, quarters[place]
            return
        for at in range(midnight, following, QUARTER_S):  # the clock changes on this day
            local = datetime.fromtimestamp(at, zone)
            yield at, quarters[local.hour * 4 + local.minute // 15]


def _changes(quarters: Sequence[str]) -> list[int]:
    """The places at which another band begins, and the first one."""
    return [0, *(n for n, (one, other) in enumerate(pairwise(quarters), 1) if one != other)]


def parse(texts: Mapping[str, str]) -> Bands:
    """Bands by name, each as `6-12, mon-fri 16-1`; one may be `rest`.

    :raises ValueError: it isn't written so, or a time of the week has no band or two.
    """
    week = [""] * (7 * QUARTERS)
    rest = [name for name, text in texts.items() if text.strip().lower() == REST]
    if len(rest) > 1:
        raise ValueError(f'only one band can be "{REST}"')
    for name, text in texts.items():
        if name in rest:
            continue
        for place in _places(text):
            if week[place] == name:
                raise ValueError(f'"{name}" has {_shown(place)} twice')
            if week[place]:
                raise ValueError(f'"{week[place]}" and "{name}" both at {_shown(place)}')
            week[place] = name
    if rest:
        week = [name or rest[0] for name in week]
    if "" in week:
        raise ValueError(f"nothing at {_shown(week.index(''))}")
    return Bands(tuple(week))


def _places(text: str) -> Iterator[int]:
    """The quarter-hours of the week that a band's text names."""
    for part in text.lower().split(","):
        found = _SPAN.fullmatch(part.strip())
        if found is None:
            raise ValueError(_EXPECTED)
        begin, end = (_quarter(*found.groups()[n : n + 2]) for n in (2, 4))
        if begin in (QUARTERS, end):
            raise ValueError(_EXPECTED)
        length = end - begin if end > begin else end - begin + QUARTERS
        for day in _days(found["first"], found["last"]):
            for place in range(begin, begin + length):
                yield (day * QUARTERS + place) % (7 * QUARTERS)


def _days(first: str | None, last: str | None) -> list[int]:
    if first is None:
        return list(range(7))
    begin = DAYS.index(first)
    length = (DAYS.index(last or first) - begin) % 7
    return [(begin + n) % 7 for n in range(length + 1)]


def _quarter(hour: str, minute: str | None) -> int:
    quarter, rest = divmod(int(hour) * 60 + int(minute or 0), 15)
    if rest or int(minute or 0) > 59 or quarter > QUARTERS:
        raise ValueError("times are whole hours or quarter-hours, e.g. 7-23 or 6:30-22:15")
    return quarter


def _shown(place: int) -> str:
    day, quarter = divmod(place, QUARTERS)
    return f"{DAYS[day].title()} {quarter // 4:02}:{quarter % 4 * 15:02}"
