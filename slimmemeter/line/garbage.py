"""What bytes that are no telegram reveal about the line."""

from __future__ import annotations

from slimmemeter.line.receive import printable_count
from slimmemeter.p1.text import printable

TEXT = 0.9  # at least this share of a text's bytes is printable
SHOWN = 32  # bytes


def explanation(samples: list[bytes]) -> str:
    """A sentence about the bytes that came at each setting of the line, with a remedy."""
    samples = [sample for sample in samples if sample]
    for sample in filter(_is_text, samples):
        if b"\n1-0:" in sample:
            return (
                "they are pieces of telegrams, none of them whole: a loose plug, or another program"
                " that reads the port takes the rest"
            )
        return (
            "they are text, but no telegram: is this the P1 port's cable, and is no login console"
            f" on it? They begin with {printable(sample[:SHOWN])}"
        )
    if any(map(_is_inverted, samples)):
        return (
            "they are a telegram with every bit inverted: the cable must invert the signal."
            " Set 'invert RXD' in the FT232R with FT_PROG, or put an inverter behind pin 5"
        )
    if any(map(_has_parity, samples)):
        return (
            "they have 7 bits and even parity, but are read as 8 bits: set the line to 9600-7E1"
            " where the port is (for socket://, in the settings of the far end)"
        )
    if any(each.count(b"\0") + each.count(b"\xff") > len(each) * TEXT for each in samples):
        return (
            "nearly all of them are 00 or FF: the meter speaks at another speed, or the cable"
            " lacks the pull-up resistor of pin 5"
        )
    return (
        "they are neither text nor its inverse at any of these settings: a loose plug, a cable"
        " that is too long, or a device that is no meter"
    )


def _is_text(content: bytes) -> bool:
    return bool(content) and printable_count(content) >= len(content) * TEXT


def _has_parity(content: bytes) -> bool:
    even = all(byte.bit_count() % 2 == 0 for byte in content)
    return even and _is_text(bytes(byte & 0x7F for byte in content))


def _is_inverted(content: bytes) -> bool:
    """Whether the signal is inverted.

    The stop bit before a character then starts its byte: bit 0 is its start bit (a 1), and its own
    seven bits stand one higher, each inverted.
    """
    odd = sum(byte & 1 for byte in content) >= len(content) * TEXT
    return odd and _is_text(bytes(~(byte >> 1) & 0x7F for byte in content))
