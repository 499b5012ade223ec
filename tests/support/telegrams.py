"""Telegrams: built line by line, those of `tests/telegrams`, and a numbered series."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from slimmemeter.p1.crc import crc16
from slimmemeter.p1.framing import Framer
from support.paths import EXAMPLE, TELEGRAMS
from support.readings import EVERY_S, MONDAY

Captured = Callable[[str], Path]
E350 = EXAMPLE.read_bytes()
NAMES = sorted(path.stem for path in TELEGRAMS.iterdir())


def with_crc(*lines: str) -> bytes:
    """A telegram of these lines, with the closing line and its right CRC."""
    body = "\r\n".join([*lines, "!"]).encode("latin-1")
    return body + b"%04X\r\n" % crc16(body)


def simple(*lines: str, meter: str = "31", stamp: str = "261123120000W") -> bytes:
    """A small telegram of DSMR 5 with one register and the given lines."""
    return with_crc(
        "/TST5\\2METER",
        "",
        "1-3:0.2.8(50)",
        f"0-0:1.0.0({stamp})",
        f"0-0:96.1.1({meter})",
        *(lines or ("1-0:1.8.1(000001.000*kWh)",)),
    )


def telegram(name: str) -> bytes:
    """The bytes that a meter of `tests/telegrams` sends."""
    lines = (TELEGRAMS / f"{name}.txt").read_text().replace(r"\xff", "\xff").splitlines()
    if lines[-1] == "!crc":
        return with_crc(*lines[:-1])
    return "\r\n".join([*lines, ""]).encode("latin-1")


def numbered(number: int, begin: int = MONDAY) -> bytes:
    """The telegram of a moment, with a counter and a gas counter of its own."""
    # in winter the meter is an hour ahead of UTC
    stamp = f"{datetime.fromtimestamp(begin + 3600 + EVERY_S * number, UTC):%y%m%d%H%M%S}W"
    gas = ("0-1:24.1.0(003)", "0-1:96.1.0(4731)", f"0-1:24.2.1({stamp})({number:09.3f}*m3)")
    return simple(f"1-0:1.8.1({number:010.3f}*kWh)", *gas, stamp=stamp)


def frames(*pieces: bytes) -> list[bytes]:
    """What a framer finds in pieces, with a silence after the last."""
    framer = Framer()
    return [frame for piece in pieces for frame in framer.feed(piece)] + list(framer.feed(b""))
