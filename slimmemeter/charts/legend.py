"""What stands over a picture: its title, its totals, and the legend of its signs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from slimmemeter.charts.axes import Area, rectangle
from slimmemeter.charts.canvas import Canvas, width_of
from slimmemeter.charts.map_scale import limit, net
from slimmemeter.charts.style import SHADES
from slimmemeter.history.catalogue import CUMULATIVE
from slimmemeter.i18n import language

if TYPE_CHECKING:
    from slimmemeter.charts.spec import Spec
    from slimmemeter.charts.style import Colour

    Sign = Callable[[float, float], None]  # draws it at a place
    Entry = tuple[Sign, str]

THINNEST_GAP_PX = 4  # in a year's picture a night is only a hair
MARGIN_PX = 12
TITLE_LARGER = 2  # pixels than the other letters
LINE = 1.5  # letters from one line to the next
SCALE_PX = 150  # of the map of hours


def heading(canvas: Canvas, spec: Spec, has_title: bool) -> float:
    """Write title and totals if they are wanted, and the legend, in as many lines as needed;
    returns the top of the field."""
    line = canvas.letters * LINE
    y = canvas.height - line
    if has_title:
        size = canvas.letters + TITLE_LARGER
        for text in _wrapped([*spec.title, *spec.totals], canvas.width - 2 * MARGIN_PX, size):
            canvas.text(MARGIN_PX, y, text, canvas.theme.ink, larger=TITLE_LARGER, bold=True)
            y -= line + TITLE_LARGER
    if spec.table.name == "hours":
        return _scale(canvas, spec, y) - line / 2
    return _legend(canvas, spec, y) - line


def _wrapped(parts: Sequence[str], room: float, size: int) -> list[str]:
    """Parts in lines, each part whole."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]} · {part}"
        if width_of(longer, size, bold=True) <= room:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _legend(canvas: Canvas, spec: Spec, y: float) -> float:
    """The meaning of each sign, unless there is only one; returns the place of the next line."""
    entries = _entries(canvas, spec)
    if len(entries) < 2:
        return y
    x = float(MARGIN_PX)
    for draw, text in entries:
        width = 20 + width_of(text, canvas.letters)
        if x > MARGIN_PX and x + width > canvas.width - MARGIN_PX:
            x, y = MARGIN_PX, y - canvas.letters * LINE
        draw(x, y)
        x = canvas.text(x + 20, y, text, canvas.theme.faint) + 18
    return y - canvas.letters * LINE


def _entries(canvas: Canvas, spec: Spec) -> list[Entry]:
    theme = canvas.theme
    if spec.table.name in CUMULATIVE:
        columns = list(spec.table.columns)
        return [
            (_line(canvas, *theme.year_line(each, columns)), spec.labels[each]) for each in columns
        ]
    columns = [each for each in spec.table.columns if each.extreme != "max"]
    entries = [(_square(canvas, [theme.colour(each)]), spec.labels[each]) for each in columns]
    if spec.net is not None:
        entries.append((_line(canvas, theme.ink, 2), spec.net_name))
    for number, (label, other) in enumerate(spec.earlier):
        strength = theme.strength(number + 1) if spec.is_beside else theme.BEHIND
        pale = [theme.mixed(theme.colour(each), strength) for each in other.columns]
        entries.append((_square(canvas, pale), label))
    if spec.has_incomplete_bars:
        colour = theme.colour(columns[0])
        entries.append((_hollow(canvas, colour), spec.incomplete))
    if any(_is_seen(spec, canvas, gap) for gap in spec.table.gaps):
        entries.append((_hatched(canvas), spec.gap))
    return entries


def _scale(canvas: Canvas, spec: Spec, y: float) -> float:
    """The colours of the map of hours from one end to the other; returns the place of the next
    line."""
    most = language.decimal(limit(net(spec.table)), 1)
    shades = canvas.theme.shades()[:-1]
    texts = [f"{most} kW {name}" for name in spec.scale_ends]
    if not any(column.is_export for column in spec.table.columns):
        shades, texts = shades[SHADES:], ["0 kW", texts[1]]
    room = canvas.width - 2 * MARGIN_PX - sum(width_of(text, canvas.letters) for text in texts) - 20
    x = canvas.text(MARGIN_PX, y, texts[0], canvas.theme.faint) + 10
    end = x + min(SCALE_PX, room)
    canvas.picture(Area(x, end, y - 1, y + canvas.letters * 0.7), shades[None, :])
    canvas.text(end + 10, y, texts[1], canvas.theme.faint)
    return y - canvas.letters / 2


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


def _line(canvas: Canvas, colour: str | Colour, width: float, dashes: Sequence[float] = ()) -> Sign:
    return lambda x, y: canvas.lines(
        [np.array([(x, y + 4), (x + 15, y + 4)])], colour, width, dashes
    )


def _is_seen(spec: Spec, canvas: Canvas, gap: tuple[int, int]) -> bool:
    """Whether a gap is wide enough to be hatched."""
    begin, end = spec.table.borders[0], spec.table.borders[-1]
    part = (min(gap[1], end) - max(gap[0], begin)) / (end - begin)
    return part * canvas.width * 0.9 >= THINNEST_GAP_PX
