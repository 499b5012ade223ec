"""Numbers as meters print them become integers of our own units, exactly."""

from __future__ import annotations

from slimmemeter.p1 import obis

MOST_DIGITS = 12  # before the decimal point, and as many after it

# The shape of a value is its bytes with every digit replaced by 0: it shows unit and decimals.
DIGITS_TO_0 = bytes.maketrans(b"123456789", b"000000000")
_LETTERS = "".join(map("".join, obis.UNITS.values()))
# All that a valid shape has beside digits. (Deleting every other byte takes twice as long.)
NOT_DIGITS = b".*) " + bytes({*(_LETTERS + _LETTERS.swapcase()).encode()})


class NumberParser(dict[bytes, int]):
    """Parses one kind of value: a dict from a value's shape to the factor that gives our integers.

    A factor below 1 is stored as its negative reciprocal; 0 marks an invalid shape. Each shape is
    examined once.
    """

    def __init__(self, units: dict[str, int]) -> None:
        """:param units: each unit and its power of ten. Case matters only for M and m."""
        super().__init__()
        self.units = units
        self._powers = {_folded(unit.encode()): power for unit, power in units.items()}

    def __missing__(self, shape: bytes) -> int:
        if len(self) > 64:
            self.clear()
        factor = self._factor(shape)
        self[shape] = factor
        return factor

    def _factor(self, shape: bytes) -> int:
        number, unit = split(shape.removesuffix(b")"))
        whole, _, decimals = number.partition(b".")
        power = self._powers.get(_folded(unit))
        if power is None or shape[-1:] != b")" or not (whole + decimals).isdigit():
            return 0
        if len(whole) > MOST_DIGITS or len(decimals) > MOST_DIGITS:
            return 0
        shift = power - len(decimals)
        return int(10**shift) if shift >= 0 else -int(10**-shift)

    def integer(self, rest: bytes) -> int | None:
        """The value in what follows a code's bracket, rounded down; None if it is invalid."""
        factor = self[rest.translate(DIGITS_TO_0)]
        if not factor:
            return None
        digits = int(rest.translate(None, NOT_DIGITS))
        return digits * factor if factor > 0 else digits // -factor


def split(content: bytes) -> tuple[bytes, bytes]:
    """The number and the unit of a value. Some meters omit the star; Holley appends a blank."""
    number, star, unit = content.partition(b"*")
    if not star:
        unit = content.lstrip(b"0123456789.-")
        number = content[: len(content) - len(unit)]
    return number, unit.rstrip(b" ")


def _folded(unit: bytes) -> bytes:
    return unit[:1] + unit[1:].lower() if unit[:1] in b"mM" else unit.lower()
