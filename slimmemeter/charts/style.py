"""The style of all pictures: colours and shades.

Blue is import, orange is export: different for every kind of colour vision, and in grey print by
their side of the zero line. The tariffs of one direction are shades of one hue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_rgb

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slimmemeter.history.table import Column

    Colour = tuple[float, float, float]

SHADES = 24  # of the scale of hours, to each side of nothing


@dataclass(frozen=True)
class Theme:
    """The colours of paper, ink and columns.

    `scale` goes from most export over nothing, which is the paper, to most import: the stronger,
    the more.
    """

    paper: str
    ink: str
    faint: str
    grid: str
    shade: str
    scale: tuple[str, str, str]
    columns: dict[str, str]

    def colour(self, column: Column) -> Colour:
        """The colour of a column: of its tariff or phase if that has one, else of its quantity."""
        part = f"t{column.tariff}" if column.tariff else f"l{column.phase}"
        name = f"{column.quantity}_{part}"
        return to_rgb(self.columns.get(name) or self.columns[column.quantity])

    BEHIND = 0.3  # the strength of bars behind others

    def strength(self, age: int) -> float:
        """The strength of the bars of a year that is so many years before the newest one."""
        return 1 - 0.3 * age

    def mixed(self, colour: Colour, strength: float) -> Colour:
        """A colour through which the paper shows; 1 is the colour itself."""
        red, green, blue = (
            over * strength + under * (1 - strength)
            for over, under in zip(colour, to_rgb(self.paper), strict=True)
        )
        return red, green, blue

    def shades(self) -> NDArray[np.uint8]:
        """The colours of the scale, and at the end that of an unknown hour."""
        low, middle, high = (np.array(to_rgb(colour)) for colour in self.scale)
        parts = np.linspace(0, 1, SHADES + 1)[:, None]
        down = low + (middle - low) * parts
        up = middle + (high - middle) * parts
        colours = np.concatenate([down[:-1], up, [to_rgb(self.shade)]])
        return np.asarray((colours * 255).round(), np.uint8)

    def year_line(
        self, column: Column, columns: Sequence[Column]
    ) -> tuple[Colour, float, Sequence[float]]:
        """The colour, width and dashes of a year's line among those of other years.

        The newest is thick and coloured; the older, the paler a grey, and every third one is
        dashed.
        """
        if column.quantity == "net":
            return to_rgb(self.ink), 1.6, (5, 3)
        alike = [each for each in columns if each.quantity == column.quantity]
        age = alike.index(column)
        if not age:
            return self.colour(column), 3, ()
        return (
            self.mixed(to_rgb(self.faint), max(1.1 - 0.3 * age, 0.35)),
            1.8,
            ((), (6, 3), (2, 3))[(age - 1) % 3],
        )


_LIGHT = {
    **{"import_t1": "#7fb2e5", "import_t2": "#2166ac", "import": "#2f74b5"},
    **{"import_t3": "#4a8fc9", "import_t4": "#0d3f73"},
    **{"import_t5": "#b7d7f5", "import_t6": "#174f8c"},
    **{"import_t7": "#93bde6", "import_t8": "#082c52"},
    **{"export_t1": "#fdc878", "export_t2": "#e08214", "export": "#e08214"},
    **{"export_t3": "#f2a64a", "export_t4": "#a65b08"},
    **{"export_t5": "#ffdca8", "export_t6": "#c56f0d"},
    **{"export_t7": "#f8b65f", "export_t8": "#7a4304"},
    **{"gas": "#8c6bb1", "water": "#1b9e9e", "warm_water": "#56b4b4"},
    **{"heat": "#c0577e", "cooling": "#3d9fd1", "submeter": "#5c7f8f"},
    **{"voltage_l1": "#1b4f8a", "voltage_l2": "#e69f00", "voltage_l3": "#b0699a"},
    **{"phase_l1": "#1b4f8a", "phase_l2": "#e69f00", "phase_l3": "#b0699a"},
    **{"supply": "#2a7f62", "feed_in": "#e08214", "tax": "#a3c9a8", "grid": "#6b7a8f"},
    **{"standing": "#b4bfca", "settled": "#8c5a9e", "price": "#2a7f62"},
}
_DARK = _LIGHT | {
    **{"import_t1": "#9cc9f0", "import_t2": "#4a90d0", "import": "#5ea2dd"},
    **{"export": "#f0983a", "gas": "#a98bd0", "voltage_l1": "#7fb6ee", "phase_l1": "#7fb6ee"},
    **{"price": "#4fb08f", "supply": "#4fb08f", "feed_in": "#f0983a"},
}
# For paper of electronic ink: by lightness alone.
_GREY = dict.fromkeys(_LIGHT, "#404040") | {
    **{"import_t1": "#606060", "import_t2": "#101010", "import": "#303030"},
    **{"export_t1": "#c8c8c8", "export_t2": "#909090", "export": "#a4a4a4"},
    **{"voltage_l2": "#909090", "phase_l2": "#909090"},
    **{"voltage_l3": "#c0c0c0", "phase_l3": "#c0c0c0"},
    **{"feed_in": "#a4a4a4", "tax": "#909090", "grid": "#686868", "standing": "#c8c8c8"},
}
THEMES = {
    "light": Theme(
        *("#ffffff", "#1f2933", "#66717c", "#dfe3e8", "#ebeff3"),
        ("#b35806", "#ffffff", "#0b3d7a"),
        _LIGHT,
    ),
    "dark": Theme(
        *("#171b21", "#e6e9ed", "#9aa5b1", "#333b45", "#222932"),
        ("#f7a13d", "#171b21", "#8cc4fa"),
        _DARK,
    ),
    "grey": Theme(
        *("#ffffff", "#000000", "#404040", "#d8d8d8", "#ececec"),
        ("#8e8e8e", "#ffffff", "#101010"),
        _GREY,
    ),
}
