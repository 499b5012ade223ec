"""The scale of the map of hours: what came from the grid less what went to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from slimmemeter.charts.axes import scaled
from slimmemeter.history.statistics import EXPORT, IMPORT

if TYPE_CHECKING:
    from slimmemeter.charts.axes import Array
    from slimmemeter.history.table import Table


def net(table: Table) -> Array:
    """Import less export by hour, in kWh; NaN if neither is known."""
    nothing = np.full(len(table.borders) - 1, np.nan)
    imported, exported = (
        scaled(column, table.columns[column]) if column in table.columns else nothing
        for column in (IMPORT, EXPORT)
    )
    return np.where(np.isnan(imported), -exported, imported - np.nan_to_num(exported))


def limit(hours: Array) -> float:
    """The end of the scale: a round number that few hours exceed."""
    known = np.abs(hours[np.isfinite(hours)])
    high = float(np.percentile(known, 98)) if len(known) else 0
    return math.ceil(high * 2 - 1e-9) / 2 if high else 1
