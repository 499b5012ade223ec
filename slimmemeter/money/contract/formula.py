"""A Belgian card's formula: c€/kWh without VAT, of a day-ahead price in €/MWh."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = r"[0-9]{1,6}(?:[.,][0-9]{1,10})?"
_FORMULA = re.compile(
    rf"\s*(?P<a>{_NUMBER})\s*[x×*]\s*spot\s*(?:(?P<sign>[-+−–])\s*(?P<b>{_NUMBER}))?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Formula:
    """a x spot + b."""

    a: Decimal
    b: Decimal

    def __str__(self) -> str:
        return f"{self.a} x spot {'-' if self.b < 0 else '+'} {abs(self.b)}"


def parse(text: str) -> Formula:
    """`0,1039 x spot + 0,8702`, with commas or points. :raises ValueError: it isn't one."""
    found = _FORMULA.fullmatch(text)
    if found is None:
        raise ValueError('a × spot + b is expected, e.g. "0.1039 x spot + 0.8702"')
    a, b = (Decimal((found[name] or "0").replace(",", ".")) for name in ("a", "b"))
    return Formula(a, b if found["sign"] in (None, "+") else -b)
