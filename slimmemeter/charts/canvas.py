"""A canvas for shapes and letters that becomes a PNG with a palette.

matplotlib's Agg draws the shapes, and Pillow the letters, in the font of the pages: matplotlib's
own texts take ten times as long, and its axes longer than everything else.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from PIL import Image, ImageDraw, ImageFont

from slimmemeter.charts.axes import rectangle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slimmemeter.charts.axes import Area, Array
    from slimmemeter.charts.style import Colour, Theme

HOLLOW, HOLLOW_PX = 0.25, 1.5  # of an unfinished bar: its colour's strength, its outline
PALETTE = 64  # colours of a PNG: enough for smooth text and a scale, and a third of the size
FONTS = {False: "Inter-Regular.ttf", True: "Inter-SemiBold.ttf"}


class Box(NamedTuple):
    """The place of a text, in pixels at scale 1 from the lower left."""

    text: str
    left: float
    right: float
    bottom: float
    top: float


class Canvas:
    """Paper for shapes and letters; in pixels at scale 1, from the lower left."""

    def __init__(self, width: int, height: int, theme: Theme, scale: int, letters: int) -> None:
        """:param letters: their size in pixels at scale 1."""
        self.width, self.height, self.theme, self.letters = width, height, theme, letters
        self.texts: list[Box] = []
        self._scale = scale
        # At 72 dots an inch a point of matplotlib's is a pixel.
        self._renderer = RendererAgg(width * scale, height * scale, 72 * scale)
        self._pixels = Affine2D().scale(scale)
        self._letters: list[tuple[float, float, str, str, ImageFont.FreeTypeFont, str]] = []
        self.areas([rectangle(0, width, 0, height)], to_rgb(theme.paper))

    def areas(self, corners: Sequence[Array], colour: Colour | None, hatch: str = "") -> None:
        """Fill polygons of one colour, or hatch them."""
        if not len(corners):
            return
        gc = self._renderer.new_gc()
        gc.set_linewidth(0)
        gc.set_snap(True)
        if hatch:
            gc.set_hatch("////")
            gc.set_hatch_color(to_rgba(hatch))  # Debian 12's takes nothing else
        self._renderer.draw_path(gc, _closed(corners), self._pixels, colour)

    def hollow(self, corners: Sequence[Array], colour: Colour) -> None:
        """Draw the outlines of rectangles, and fill them palely."""
        self.areas(corners, self.theme.mixed(colour, HOLLOW))
        inside = np.array([(1, 1), (1, -1), (-1, -1), (-1, 1), (1, 1)]) * HOLLOW_PX / 2
        self.lines([np.vstack([each, each[:1]]) + inside for each in corners], colour, HOLLOW_PX)

    def lines(
        self,
        lines: Iterable[Array],
        colour: str | Colour,
        width: float = 1,
        dashes: Sequence[float] = (),
    ) -> None:
        """Draw lines through points."""
        gc = self._renderer.new_gc()
        gc.set_linewidth(width)
        gc.set_foreground(colour)
        gc.set_snap(True if width == 1 else None)
        if dashes:
            gc.set_dashes(0, list(dashes))
        for points in lines:
            self._renderer.draw_path(gc, Path(points), self._pixels)

    def picture(self, area: Area, colours: NDArray[np.uint8]) -> None:
        """Fill an area with rectangles of colours, the first row at the top."""
        left, right, bottom, top = (round(each * self._scale) for each in area)
        image = Image.fromarray(colours).convert("RGBA")
        pixels = image.resize((right - left, top - bottom), Image.Resampling.NEAREST)
        self._renderer.draw_image(self._renderer.new_gc(), left, bottom, np.asarray(pixels)[::-1])

    def text(
        self, x: float, y: float, text: str, colour: str, *, larger: int = 0, bold: bool = False,
        align: str = "l",
    ) -> float:  # fmt: skip
        """Write a text with its left end, middle or right end (l, m, r) at x; returns its end."""
        size = self.letters + larger
        font = _font(size * self._scale, bold)
        width = font.getlength(text) / self._scale
        left = x - {"l": 0, "m": width / 2, "r": width}[align]
        self.texts.append(Box(text, left, left + width, y - size * 0.25, y + size * 0.8))
        place = left * self._scale, (self.height - y) * self._scale
        self._letters.append((*place, text, colour, font, "ls"))
        return left + width

    def png(self) -> bytes:
        """The canvas as a picture with a palette."""
        size = (self.width * self._scale, self.height * self._scale)
        pixels = Image.frombuffer("RGBA", size, self._renderer.buffer_rgba(), "raw", "RGBA", 0, 1)
        image = pixels.convert("RGB")
        draw = ImageDraw.Draw(image)
        for x, y, text, colour, font, anchor in self._letters:
            draw.text((x, y), text, colour, font, anchor)
        colours = image.quantize(PALETTE, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        file = io.BytesIO()
        colours.save(file, "PNG")
        return file.getvalue()


def width_of(text: str, size: int, bold: bool = False) -> float:
    """The width of a text in pixels at scale 1."""
    return float(_font(size, bold).getlength(text))


@lru_cache(16)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    path = resources.files("slimmemeter.charts") / "fonts" / FONTS[bold]
    file = io.BytesIO(path.read_bytes())
    return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)


def _closed(corners: Sequence[Array]) -> Path:
    """Polygons as one path, which Agg fills at once."""
    vertices, codes = [], []
    for each in corners:
        vertices += [each, each[:1]]
        codes += [Path.MOVETO, *[Path.LINETO] * (len(each) - 1), Path.CLOSEPOLY]
    return Path(np.concatenate(vertices), np.array(codes, np.uint8))


mpl.rcParams["hatch.linewidth"] = 0.6
