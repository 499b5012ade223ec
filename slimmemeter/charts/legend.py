"""What stands over a picture: its title, its totals, and the legend of its signs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_rgb

from slimmemeter.charts.axes import rectangle
from slimmemeter.charts.canvas import Canvas, width_of
from slimmemeter.charts.map_scale import limit, net
from slimmemeter.charts.style import LARGE, LINE_PX, SMALL
from slimmemeter.history.catalogue import CUMULATIVE
from slimmemeter.i18n import language

if TYPE_CHECKING:
    from slimmemeter.charts.spec import Spec
    from slimmemeter.charts.style import Colour

    Sign = Callable[[float, float], None]  # draws it at a place
    Entry = tuple[Sign, str]

THINNEST_GAP_PX = 4  # in a year's picture a night is only a hair


def heading(canvas: Canvas, spec: Spec) -> float:
    """Write title, totals and legend, in as many lines as needed; returns the top of the field."""
    y = canvas.height - 24.0
    size = LARGE if canvas.width > 600 else LARGE - 1
    for line in _wrapped([*spec.title, *spec.totals], " · ", canvas.width - 24, size):
        canvas.text(12, y, line, size, canvas.theme.ink, bold=True)
        y -= LINE_PX + 2
    return _legend(canvas, spec, y, canvas.width - 12) - 16


def _wrapped(parts: Sequence[str], between: str, room: float, size: int) -> list[str]:
    """Parts in lines, each part whole."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = lines[-1] + between + part
        if width_of(longer, size, bold=True) <= room:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _legend(canvas: Canvas, spec: Spec, y: float, end: float) -> float:
    """The meaning of each sign, unless there is only one; returns the place of the next line."""
    entries = _entries(canvas, spec)
    if len(entries) < 2:
        return y + 4
    x = 12.0
    for draw, text in entries:
        if x > 12 and x + 20 + width_of(text, SMALL) > end:
            x, y = 12.0, y - LINE_PX
        draw(x, y)
        x = canvas.text(x + 20, y, text, SMALL, canvas.theme.faint) + 18
    return y - LINE_PX


def _entries(canvas: Canvas, spec: Spec) -> list[Entry]:
    theme = canvas.theme
    if spec.table.name == "hours":
        return _scale_entries(canvas, spec)
    if spec.table.name in CUMULATIVE:
        columns = list(spec.table.columns)
        return [
            (_line(canvas, *theme.year_line(each, columns)), spec.labels[each]) for each in columns
        ]
    columns = [each for each in spec.table.columns if each.extreme != "max"]
    if spec.under is not None and len(spec.under.columns) > 1:
        columns = list(spec.under.columns)
    entries = [(_square(canvas, [theme.colour(each)]), spec.labels[each]) for each in columns]
    for number, (label, other) in enumerate(spec.earlier):
        pale = [theme.mixed(theme.colour(each), 0.75 - 0.25 * number) for each in other.columns]
        sign = _square(canvas, pale) if spec.is_beside else _line(canvas, theme.ink, 2, ())
        entries.append((sign, label))
    if spec.has_incomplete_bars:
        colour = theme.colour(columns[0])
        entries.append((_hollow(canvas, colour), spec.incomplete))
    if any(_is_seen(spec, canvas, gap) for gap in spec.table.gaps):
        entries.append((_hatched(canvas), spec.gap))
    return entries


def _scale_entries(canvas: Canvas, spec: Spec) -> list[Entry]:
    """The ends and the middle of the scale of hours."""
    most = language.decimal(limit(net(spec.table)), 1)
    texts = (f"{most} kW {spec.scale_ends[0]}", "0", f"{most} kW {spec.scale_ends[1]}")
    entries = [
        (_square(canvas, [to_rgb(colour)]), text)
        for colour, text in zip(canvas.theme.scale, texts, strict=True)
    ]
    has_export = any(column.is_export for column in spec.table.columns)
    return entries if has_export else entries[1:]


def _square(canvas: Canvas, colours: Sequence[Colour]) -> Sign:
    """A square, split if it stands for several colours."""
    width = 14 / len(colours)

    def draw(x: float, y: float) -> None:
        for place, colour in enumerate(colours):
            left = x + place * width
            canvas.areas([rectangle(left, left + width, y - 1, y + 9)], colour)

    return draw


def _hollow(canvas: Canvas, colour: Colour) -> Sign:
    return lambda x, y: canvas.hollow([rectangle(x, x + 14, y - 1, y + 9)], colour)


def _hatched(canvas: Canvas) -> Sign:
    hatch = canvas.theme.faint
    return lambda x, y: canvas.areas([rectangle(x, x + 14, y - 1, y + 9)], None, hatch=hatch)


def _line(canvas: Canvas, colour: str | Colour, width: float, dashes: Sequence[float]) -> Sign:
    return lambda x, y: canvas.lines(
        [np.array([(x, y + 4), (x + 15, y + 4)])], colour, width, dashes
    )


def _is_seen(spec: Spec, canvas: Canvas, gap: tuple[int, int]) -> bool:
    """Whether a gap is wide enough to be hatched."""
    begin, end = spec.table.borders[0], spec.table.borders[-1]
    part = (min(gap[1], end) - max(gap[0], begin)) / (end - begin)
    return part * canvas.width * 0.9 >= THINNEST_GAP_PX
