"""Never fooled, never felled: any bytes give a reading, which can be stored, or our own error."""

from __future__ import annotations

import json
import random
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slimmemeter.errors import TelegramError
from slimmemeter.line import garbage
from slimmemeter.line.receive import Reception, receive
from slimmemeter.p1 import obis, render
from slimmemeter.p1.anonymize import anonymous
from slimmemeter.p1.framing import LONGEST, Framer
from slimmemeter.p1.telegram import Telegram
from slimmemeter.store.writer import Writer
from support.memory import peak_of
from support.telegrams import E350, NAMES, frames, telegram, with_crc

HOUSE = ZoneInfo("Europe/Amsterdam")
REAL = [E350, *map(telegram, NAMES)]
CODES = [code.replace("n", "1") for code in sorted(obis.TABLE)]
# What mutations are made of: pieces that mean something to a parser, and any bytes.
PIECES = st.one_of(
    st.sampled_from(
        [b"(", b")", b"()", b"*", b"/", b"!", b"\r\n", b"\n(", b"\0", b"\xff", b"*kWh)", b".", b"-"]
    ),
    st.sampled_from(CODES).map(str.encode),
    st.binary(max_size=30),
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real database, in which nothing is kept."""
    return tmp_path_factory.mktemp("fuzz") / "slimmemeter.sqlite3"


def look_closely(frame: bytes, fuzzed: Path) -> None:
    """Show, print, hide and store all of a frame: a reading, or one printable sentence."""
    parsed = Telegram(frame)
    reading = None
    try:
        reading = parsed.reading(3600, 1_795_431_600)
    except TelegramError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 500
    answer = json.loads(render.as_json(parsed, reading, 3600), parse_float=str, parse_constant=fail)
    assert {"header", "crc", "objects", "mbus", "unknown"} <= set(answer)
    assert all(line.isprintable() for line in render.as_text(parsed, 3600, HOUSE).split("\n"))
    anonymous(parsed)
    if reading is not None:
        assert obis.REGISTERS & set(reading.values) or reading.devices
        with closing(Writer(str(fuzzed))) as writer:  # whose end takes back what wasn't committed
            writer.begin()
            writer.put(reading, reading.timestamp or 1_795_431_600, None, None)


def fail(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes with a few places cut out, doubled, or replaced by a piece."""
    for _ in range(draw(st.integers(1, 6))):
        begin = draw(st.integers(0, len(content)))
        end = min(len(content), begin + draw(st.integers(0, 40)))
        middle = draw(st.one_of(st.just(b""), PIECES, st.just(content[begin:end] * 2)))
        content = content[:begin] + middle + content[end:]
    return content


@given(st.binary(max_size=2000))
def test_random_bytes(fuzzed: Path, content: bytes) -> None:
    """Any bytes, cut anywhere, are received and parsed without an unknown error."""
    half = len(content) // 2
    reception = receive([content[:half], content[half:], b""], Reception())
    assert reception.byte_count == len(content) or reception.is_complete
    assert garbage.explanation([content]).isprintable()
    for frame in frames(b"/" + content + b"\n!"):
        look_closely(frame, fuzzed)


@given(st.data())
def test_mutated_telegrams(fuzzed: Path, data: st.DataObject) -> None:
    """Damaged telegrams give a reading or one printable sentence."""
    content = data.draw(mutated(data.draw(st.sampled_from(REAL))))
    for frame in frames(content):
        look_closely(frame, fuzzed)


@given(st.data())
def test_mutated_lines_with_a_right_crc(fuzzed: Path, data: st.DataObject) -> None:
    """Damaged telegrams with a right CRC give a reading or one printable sentence."""
    content = data.draw(mutated(data.draw(st.sampled_from(REAL))))
    lines = content.rpartition(b"!")[0].decode("latin-1").splitlines()
    for frame in frames(with_crc("/TST5", *lines[1:])):
        look_closely(frame, fuzzed)


@given(
    st.lists(
        st.builds(
            "{}({})".format,
            st.sampled_from(CODES),
            st.one_of(
                st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
                st.from_regex(r"\A-?[0-9]{0,20}\.?[0-9]{0,20}\*?(kWh|MWh|kW|V|A|m3|GJ|s)?\Z"),
                st.from_regex(r"\A[0-9]{12}[WS]?\)\([0-9]{1,14}(\.[0-9]{1,14})?\*(m3|GJ|kW|s)\Z"),
            ),
        ),
        max_size=20,
    )
)
@example(["0-0:98.1.0(3)(1-0:1.6.0)(1-0:1.6.0)(200501000000S)"])
@example(["1-0:99.97.0(1)(0-0:96.7.19)(170108161107W)"])
@example(["0-1:24.2.1(170108160000W)"])
@example(["1-0:1.6.0(1)(1*kW)"])
def test_known_codes_with_any_value(fuzzed: Path, lines: list[str]) -> None:
    """Known codes with any value give a reading or one printable sentence."""
    for frame in frames(with_crc("/TST5", "", "1-0:1.8.0(1*kWh)", *lines)):
        look_closely(frame, fuzzed)


@pytest.mark.parametrize(
    "piece",
    [b"(", b"()", b")(", b"\r\n(", b"\r\n", b"/", b"/ABC", b"1-0:1.8.1(", b"\r\n1-0:1.8.1(x)",
     b"*255(", b"9", b"\r\n0-1:24.2.1(1)", b"\xdb\x08", b"\x7e\xa0"],
)  # fmt: skip
def test_hostile_telegram(fuzzed: Path, piece: bytes) -> None:
    """A telegram of 64 KiB that repeats an awkward piece does no harm."""
    content = b"/TST5\r\n\r\n1-0:1.8.0(1*kWh)\r\n" + piece * ((LONGEST - 100) // len(piece))
    for frame in frames(content + b"\r\n!\r\n"):
        look_closely(frame, fuzzed)
    reception = receive([content, b""], Reception())
    assert reception.byte_count == len(content)


def test_stream_of_noise_is_bounded() -> None:
    """Three megabytes of noise take no more memory than a few telegrams."""
    framer = Framer()
    chance = random.Random(8765)

    def hear() -> None:
        for _ in range(3000):
            for frame in framer.feed(chance.randbytes(1024)):
                assert len(frame) <= LONGEST + 1100

    assert peak_of(hear) < 4 * LONGEST


def test_nothing_of_a_telegram_reaches_a_page_but_text(fuzzed: Path, tmp_path: Path) -> None:
    """Markup and escape sequences of a telegram are shown as harmless text."""
    evil = "<script>alert(1)</script>\x1b]0;owned\x07"
    lines = [f"{code}({evil})" for code in CODES if obis.TABLE.get(code, ("", "", ""))[2] in TEXTS]
    content = with_crc(f"/TST5{evil}", "", "1-0:1.8.0(1*kWh)", *lines)
    (frame,) = frames(content)
    shown = render.as_text(Telegram(frame), 3600, HOUSE)
    assert "\x1b" not in shown
    assert "\x07" not in shown
    look_closely(frame, fuzzed)


TEXTS = (obis.ID, obis.MESSAGE, obis.PLAIN)
