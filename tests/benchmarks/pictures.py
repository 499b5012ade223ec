"""Each kind of picture, from the database to a PNG, beside `rrdtool graph` of the same readings."""

from __future__ import annotations

import os
import subprocess
from datetime import date
from functools import partial
from itertools import count, islice

from house import Demo
from measure import Work, busy_s, cpu_s

from slimmemeter.demo import household
from slimmemeter.history import consumption, periods
from slimmemeter.history.periods import Period
from slimmemeter.settings import Settings
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from slimmemeter.web.app import create_app

STEP_S = 300
# By the row's name: the kind of period and the table.
KINDS = {
    "power": ("day", "power"),
    "electricity": ("day", "electricity"),
    "gas": ("day", "gas"),
    "voltage": ("day", "voltage"),
    "week": ("week", "electricity"),
    "month": ("month", "electricity"),
    "month-power": ("month", "power"),
    "month-hours": ("month", "hours"),
    "year-months": ("year", "electricity"),
    "year-hours": ("year", "hours"),
    "cumulative": ("year", "cumulative"),
}


class Pictures:
    """The demo's pages, and the same readings in a round-robin file."""

    def __init__(self, house: Demo, folder: str) -> None:
        self._app = create_app(Settings({"--db": house.database}))
        self._client = self._app.test_client()
        self._folder = folder
        self._numbers = count()
        self._periods = dict(_periods())
        self._fill_rrd(house.database)

    def ours(self, name: str) -> Work:
        """From SQL to PNG; nothing is kept between two of them."""
        return busy_s(partial(self.png, name))

    def theirs(self, name: str) -> Work:
        """`rrdtool graph` as a program, in CPU time."""
        return lambda: cpu_s(self._graph(name))

    def their_size(self, name: str) -> int:
        """Bytes of rrdtool's picture."""
        cpu_s(self._graph(name))
        return os.path.getsize(f"{self._folder}/graph.png")

    def png(self, name: str) -> bytes:
        """The picture, as a browser gets it that asks first."""
        kind, table = KINDS[name]
        url = f"/{self._periods[kind].name}/{table}.png?number={next(self._numbers)}"
        answer = self._client.get(url)
        assert answer.status_code == 200
        return answer.data

    def _fill_rrd(self, database: str) -> None:
        with Reader(database) as reader:
            house = Snapshot(reader)
            series = house.meter_series[0]
            begin, end = (at // STEP_S * STEP_S for at in (series.first, series.last))
            table = consumption.power(house, list(range(begin + STEP_S, end, STEP_S)))
        file = f"{self._folder}/house.rrd"
        sources = [f"DS:{column.name}:GAUGE:600:0:U" for column in table.columns]
        made = ["create", file, "--start", str(begin), "--step", str(STEP_S), *sources]
        archives = [f"RRA:AVERAGE:0.5:{steps}:{len(table.borders)}" for steps in (1, 12)]
        _rrdtool(*made, *archives)
        rows = zip(table.borders[1:], *table.columns.values(), strict=True)
        texts = (":".join("U" if cell is None else str(cell) for cell in row) for row in rows)
        while some := list(islice(texts, 1000)):
            _rrdtool("update", file, *some)

    def _graph(self, name: str) -> list[str]:
        """Import above and export below the zero line, with a title and a legend, as ours."""
        period = self._periods[KINDS[name][0]]
        rrd, png = f"{self._folder}/house.rrd", f"{self._folder}/graph.png"
        size = ["--width", "1000", "--height", "350", "--full-size-mode"]
        times = ["--start", str(period.begin_at), "--end", str(period.end_at)]
        words = ["--title", period.name, "--vertical-label", "W"]
        drawn = [f"DEF:in={rrd}:import_w:AVERAGE", f"DEF:out={rrd}:export_w:AVERAGE"]
        drawn += ["CDEF:below=out,-1,*", "AREA:in#2f74b5:from", "AREA:below#e08214:to"]
        return ["rrdtool", "graph", png, *size, *times, *words, *drawn]


def _periods() -> list[tuple[str, Period]]:
    """The last 21 June of which the demo's house has every reading, and what is around it."""
    today = date.today()
    day = date(today.year - (today < date(today.year, 6, 23)), 6, 21)
    noon = periods.midnight(day, household.ZONE) + 43200
    return [(kind, periods.today(kind, noon, household.ZONE)) for kind in periods.CALENDAR]


def _rrdtool(*arguments: str) -> None:
    subprocess.run(["rrdtool", *arguments], check=True)
