"""The picture of one sunny day, from the database to a PNG of 1000 x 350 pixels."""

from __future__ import annotations

import os
import subprocess
from datetime import date, timedelta
from functools import partial

from house import Demo
from measure import Work, busy_s, cpu_s

from slimmemeter import charts, history, household
from slimmemeter.archive import Reader
from slimmemeter.periods import Period

BUCKETS = {"power": "5min", "electricity": "hour"}


def _a_sunny_day() -> Period:
    """The last 21 June of which the demo's house has every reading."""
    today = date.today()
    day = date(today.year - (today < date(today.year, 6, 23)), 6, 21)
    return Period("day", day, day + timedelta(days=1), household.ZONE)


class Day:
    """The day in the demo's database, and the same values in a round-robin file."""

    def __init__(self, house: Demo, folder: str) -> None:
        self._database = house.database
        self._period = _a_sunny_day()
        self._folder = folder
        self._fill_rrd()

    def ours(self, name: str) -> Work:
        """From SQL to PNG; nothing is kept between two of them."""
        return busy_s(partial(self.png, name))

    def theirs(self) -> float:
        """`rrdtool graph` as a program, in CPU time."""
        return cpu_s(self._graph())

    def their_size(self) -> int:
        """Bytes of rrdtool's picture."""
        cpu_s(self._graph())
        return os.path.getsize(f"{self._folder}/day.png")

    def png(self, name: str) -> bytes:
        """The picture of one table, as the pages ask for it."""
        ticks = [(at, str(hour)) for hour, at in enumerate(self._period.borders("hour")[:-1])]
        table = self._table(name)
        called = {column.name: column.name.replace("_", " ") for column in table.columns}
        words = charts.Words(
            title=self._period.name,
            totals=", ".join(str(column.total) for column in table.columns),
            columns=called,
            ticks=ticks,
            nothing="nothing",
            point=".",
        )
        return charts.png(table, words)

    def _table(self, name: str) -> history.Table:
        reader = Reader(self._database)
        table = history.table(reader, name, self._period.borders(BUCKETS[name]))
        reader.close()
        return table

    def _fill_rrd(self) -> None:
        table = self._table("power")
        sources = [f"DS:{column.name}:GAUGE:600:0:U" for column in table.columns]
        made = ["create", f"{self._folder}/day.rrd", "--start", str(table.borders[0] - 300)]
        _rrdtool(*made, "--step", "300", *sources, f"RRA:AVERAGE:0.5:1:{len(table.borders)}")
        rows = zip(table.borders[1:], *(column.values for column in table.columns), strict=True)
        _rrdtool("update", made[1], *(":".join(map(str, row)) for row in rows))

    def _graph(self) -> list[str]:
        """Import above and export below the zero line, with a title and a legend, as ours."""
        rrd, png = f"{self._folder}/day.rrd", f"{self._folder}/day.png"
        size = ["--width", "1000", "--height", "350", "--full-size-mode"]
        times = ["--start", str(self._period.begin_at), "--end", str(self._period.end_at)]
        words = ["--title", self._period.name, "--vertical-label", "W"]
        drawn = [f"DEF:in={rrd}:import_w:AVERAGE", f"DEF:out={rrd}:export_w:AVERAGE"]
        drawn += ["CDEF:below=out,-1,*", "AREA:in#2f74b5:from", "AREA:below#e08214:to"]
        return ["rrdtool", "graph", png, *size, *times, *words, *drawn]


def _rrdtool(*arguments: str) -> None:
    subprocess.run(["rrdtool", *arguments], check=True)
