"""A frame becomes a `Telegram`, and a telegram the `Reading` that is stored.

Pure and total: any bytes give a result or a `TelegramError`, and nothing is kept between telegrams.
Only what is stored is looked at closely here; `objects` decodes the rest for who asks.
"""

from __future__ import annotations

from functools import lru_cache  # _sqlite3 has loaded it already

from slimmemeter.errors import TelegramError
from slimmemeter.p1 import obis
from slimmemeter.p1.framing import HEX, crc16, inner_start, with_right_crc
from slimmemeter.p1.quantities import DIGITS_TO_0, MOST_DIGITS, NOT_DIGITS, Quantity, split
from slimmemeter.p1.timestamps import stamp_utc

_QUANTITIES = {kind: Quantity(units) for kind, units in obis.UNITS.items()}
# Column and quantity of what a row of readings has, by code; and what is counted beside it.
_FIELDS = {
    code.encode(): (column, _QUANTITIES[kind])
    for code, (_, _, kind, column) in obis.AS_PRINTED.items()
    if column is not None and kind != obis.COUNT
}
_COUNTERS = {
    column: code.encode()
    for code, (_, _, kind, column) in obis.TABLE.items()
    if column is not None and kind == obis.COUNT
}
_SELDOM = (*_COUNTERS.values(), b"1-0:99.97.0", b"1-0:1.6.0", b"0-0:98.1.0")
_MBUS_COUNTERS = frozenset(
    code.encode() for code, row in obis.AS_PRINTED.items() if row[0] == "mbus_reading"
)
GAS = 3  # EN 13757-3
LONGEST_SHOWN = 60  # characters of a line in an error
_MBUS_QUANTITIES = {
    unit.encode(): (stored, Quantity({"": power}))
    for unit, (stored, power) in obis.MBUS_UNITS.items()
}


class MbusReading:
    """What a device on the M-Bus last told the meter: its counter at its own instant."""

    __slots__ = ("at", "channel", "counter", "equipment", "kind", "unit")

    def __init__(
        self, channel: int, kind: int | None, equipment: str, at: int, counter: int, unit: str
    ) -> None:
        self.channel = channel
        self.kind = kind  # EN 13757-3's number of the medium, None where it isn't told
        self.equipment = equipment
        self.at = at  # UTC seconds
        self.counter = counter
        self.unit = unit  # dm3, MJ or Wh


class Reading:
    """What is stored of a telegram, in integers of the units that the columns name.

    What changes seldom (counts and lists) is read when it is asked for.
    """

    __slots__ = (
        *("header", "mbus", "meter_id", "stamp", "tariff", "values", "version"),
        *("_others", "_winter_offset_s"),
    )

    def __init__(
        self,
        header: str,
        version: str | None,
        meter_id: str | None,
        stamp: int | None,
        tariff: int | None,
        values: dict[str, int],
        mbus: list[MbusReading],
        others: dict[bytes, bytes],
        winter_offset_s: int,
    ) -> None:
        self.header = header
        self.version = version
        self.meter_id = meter_id  # the header where the meter has no other, None without one
        self.stamp = stamp  # the meter's clock in UTC seconds, None where unset or absent
        self.tariff = tariff
        self.values = values  # by column of the table of readings
        self.mbus = mbus
        self._others = others
        self._winter_offset_s = winter_offset_s

    @property
    def has_clock(self) -> bool:
        """Whether the meter tells a time, right or not: P1 2.2 and 3.0 don't."""
        return len(self._others.get(b"0-0:1.0.0", b")")) > 1

    def seldom(self) -> list[bytes | None]:
        """What `counters`, `failures` and `peaks` are read from, as it came."""
        return list(map(self._others.get, _SELDOM))

    def counters(self) -> dict[str, int]:
        """How many failures, sags and swells the meter has counted, by column."""
        integer = _QUANTITIES[obis.COUNT].integer
        counted = {name: integer(self._others.get(code, b")")) for name, code in _COUNTERS.items()}
        return {name: value for name, value in counted.items() if value is not None}

    def failures(self) -> list[tuple[int | None, int]]:
        """The power-failure log: end in UTC seconds (None where unknown) and duration in s."""
        from slimmemeter.p1 import event_logs

        if (log := self._others.get(b"1-0:99.97.0")) is None:
            return []
        return event_logs.failures(log, self._winter_offset_s)

    def peaks(self) -> list[tuple[int, int, int]]:
        """Belgium's month peaks: the month's end and the peak's instant (UTC seconds), W."""
        running = self._others.get(b"1-0:1.6.0")
        before = self._others.get(b"0-0:98.1.0")
        if running is None and before is None:
            return []
        from slimmemeter.p1 import event_logs

        return event_logs.peaks(running or b")", before or b")", self._winter_offset_s)


class Telegram:
    """One frame, checked: its lines, and whether its CRC is ok, absent, missing or wrong.

    `absent` is right for P1 2.2 and 3.0 and a few others; `missing` is an absent CRC in a telegram
    whose version object (1-3:0.2.8 or 0-0:96.1.4) tells that the meter sends one.
    """

    __slots__ = ("came", "computed", "crc", "lines", "said")

    def __init__(self, frame: bytes) -> None:
        mark = frame.rindex(b"!") + 1
        body, self.said = frame[:mark], frame[mark:]
        if not self.said:
            body = body[inner_start(body) :]
            told = b"1-3:0.2.8(" in body or b"0-0:96.1.4(" in body
            self.crc = "missing" if told else "absent"
        else:
            whole = with_right_crc(body, int(self.said, 16))
            self.crc = "wrong" if whole is None else "ok"
            if whole is None:
                self.computed = crc16(body)
            else:
                body = whole
        self.lines = self.came = body[:-1].splitlines()
        if b"\n(" in body:  # such a line goes on with the one before (P1 3.0 section 5.10)
            joined = b"\n".join(filter(None, self.lines)).replace(b"\n(", b"(")
            self.lines = joined.split(b"\n")

    @property
    def header(self) -> str:
        """The identification line without its slash."""
        return printable(self.lines[0][1:])

    @property
    def looks_like_one(self) -> bool:
        """Whether it begins with a maker's three letters, as a slash in mere noise hardly does."""
        return self.came[0][1:4].isalpha()

    @property
    def _name(self) -> str:
        return f"the telegram of '{self.header[:LONGEST_SHOWN]}'"

    def verify(self) -> None:
        """:raises TelegramError: the CRC is wrong or missing."""
        if self.crc == "wrong":
            raise TelegramError(
                f"{self._name} is damaged: its CRC says {printable(self.said)}, and its bytes give"
                f" {self.computed:04X}"
            )
        if self.crc == "missing":
            raise TelegramError(f"{self._name} has no CRC after its '!'")

    def reading(self, winter_offset_s: int = 3600, received_at: int | None = None) -> Reading:
        """What is stored of it.

        :param received_at: UTC seconds; it tells the passes of the repeated hour apart where a
            stamp doesn't.
        :raises TelegramError: the CRC is wrong, a register or power isn't a number with a unit
            that fits, or there is no energy register at all.
        """
        self.verify()
        values: dict[str, int] = {}
        others: dict[bytes, bytes] = {}
        wrong: dict[str, bytes | None] = {}
        known, to_0, not_digits = _FIELDS.get, DIGITS_TO_0, NOT_DIGITS  # a tenth faster as locals
        for line in reversed(self.lines):  # of a repeated code the first counts
            code, _, rest = line.partition(b"(")
            field = known(code)
            if field is None:
                others[code] = rest
            else:
                column, quantity = field
                factor = quantity[rest.translate(to_0)]
                if factor > 0:  # `Quantity.integer`, spelt out where it counts
                    values[column] = int(rest.translate(None, not_digits)) * factor
                elif factor < 0:
                    values[column] = int(rest.translate(None, not_digits)) // -factor
                else:
                    values.pop(column, None)
                    wrong[column] = None if rest == b")" else line
        if wrong:
            self._refuse(wrong, values)
        if values.keys().isdisjoint(obis.REGISTERS):
            bare = [line.replace(b"*255(", b"(", 1) for line in self.lines]
            if bare != self.lines:  # P1 3.0 section 5.3 allows the sixth group; few print it
                self.lines = bare
                return self.reading(winter_offset_s, received_at)
            raise TelegramError(f"{self._name} has no energy register")
        if "import_wh" in values or "export_wh" in values:
            _leave_out_unused_tariffs(values)
        mbus = _mbus(others, winter_offset_s, received_at)
        if b"7-0:23.1.0" in others:
            equipment = text_value(others.get(b"7-0:0.0.0", b")")[:-1])
            mbus += _hours_of_gas(self.lines, equipment, winter_offset_s, received_at)
        return Reading(
            self.header,
            _plain(others.get(b"1-3:0.2.8") or others.get(b"0-0:96.1.4")),
            _meter_id(others) or self.header or None,
            stamp_utc(others.get(b"0-0:1.0.0", b")")[:-1], winter_offset_s, received_at),
            _tariff((others.get(b"0-0:96.14.0") or others.get(b"0-0:96.14.1", b")"))[:-1]),
            values,
            mbus,
            others,
            winter_offset_s,
        )

    def _refuse(self, wrong: dict[str, bytes | None], values: dict[str, int]) -> None:
        """Say which line is wrong, and where: the first byte that can't stand there. A line that
        isn't the first of its code, or whose value isn't needed, is no reason."""
        for column, line in wrong.items():
            if line is None or column in values or column not in obis.MUST_BE_RIGHT:
                continue
            code, _, _ = line.partition(b"(")
            place = line.find(b"(") + 1 or len(line)
            while line[place : place + 1].isdigit() or line[place : place + 1] == b".":
                place += 1
            if line[place : place + 1] == b"*":
                place += 1
            starts = [came.startswith(code) for came in self.came]
            raise TelegramError(
                f"line {starts.index(True) + 1} of the telegram,"
                f" {printable(line[:LONGEST_SHOWN])}, is wrong at character {place + 1}: it must be"
                f" at most {MOST_DIGITS} digits and one of {', '.join(_FIELDS[code][1].units)}"
            )


@lru_cache(64)
def printable(text: bytes) -> str:
    """Bytes as text that can't harm a terminal or a page: all but printable ASCII is escaped."""
    if text.isascii():
        plain = text.decode("ascii")
        if plain.isprintable():
            return plain
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in text)


@lru_cache(64)  # ids are the same in every telegram of a log
def text_value(content: bytes) -> str:
    """The text of a value: pairs of hexadecimal digits where they spell one, else as it stands."""
    if len(content) % 2 == 0 and not content.strip(HEX):
        decoded = bytes.fromhex(content.decode("ascii"))
        if decoded.isascii() and decoded.decode("ascii").isprintable():
            return decoded.decode("ascii").strip()
    return printable(content).strip()


def mbus_type(content: bytes) -> int | None:
    """EN 13757-3's number of a medium, printed as a decimal (P1 5.0.2, 6.12) or, with a letter in
    it, in hexadecimal."""
    if content.isdigit() and len(content) < 4:
        return int(content)
    return int(content, 16) if 0 < len(content) < 4 and not content.strip(HEX) else None


def _leave_out_unused_tariffs(values: dict[str, int]) -> None:
    """Tariffs that never counted, beside a total that did, don't make that total."""
    for direction in ("import", "export"):
        tariffs = [name for name in values if name.startswith(f"{direction}_t")]
        if values.get(f"{direction}_wh") and not any(map(values.get, tariffs)):
            for name in tariffs:
                del values[name]


def _plain(rest: bytes | None) -> str | None:
    return printable(rest[:-1]) or None if rest else None


def _meter_id(others: dict[bytes, bytes]) -> str | None:
    """0-0:96.1.1, else 0-0:42.0.0, else 0-0:96.1.0; an empty one counts as absent."""
    for code in (b"0-0:96.1.1", b"0-0:42.0.0", b"0-0:96.1.0"):
        if text := text_value(others.get(code, b")")[:-1]):
            return text
    return None


def _tariff(content: bytes) -> int | None:
    """`0002` or, in Hungary, `TARIFF 2`."""
    number = content.rpartition(b" ")[2]
    return int(number) if number.isdigit() and len(number) <= 4 else None


def _mbus(
    others: dict[bytes, bytes], winter_offset_s: int, received_at: int | None
) -> list[MbusReading]:
    """Every device with a valid stamp and a counter with a unit; the rest is left out."""
    found: list[MbusReading] = []
    for code in sorted([code for code in others if code in _MBUS_COUNTERS]):
        channel = int(code[2:3])
        if found and found[-1].channel == channel:
            continue  # of a channel the first counter that is right counts
        parts = others[code].removesuffix(b")").split(b")(")
        if len(parts) == 7:  # P1 3.0, 5.10
            parts = [parts[0], parts[6] + b"*" + parts[5]]
        stamp = stamp_utc(parts[0], winter_offset_s, received_at)
        counted = _counter(parts[-1])
        if stamp is not None and len(parts) == 2 and counted is not None:
            device = code[:4]
            kind = mbus_type(others.get(device + b"24.1.0", b")")[:-1])
            name = others.get(device + b"96.1.0") or others.get(device + b"96.1.1") or b")"
            equipment = text_value(name[:-1])
            found.append(MbusReading(channel, kind, equipment, stamp, *counted))
    return found


def _counter(content: bytes) -> tuple[int, str] | None:
    """A counter and the unit of ours in which it counts."""
    number, unit = split(content)
    known = _MBUS_QUANTITIES.get(unit)
    counter = None if known is None else known[1].integer(number + b")")
    return None if known is None or counter is None else (counter, known[0])


def _hours_of_gas(
    lines: list[bytes], equipment: str, winter_offset_s: int, received_at: int | None
) -> list[MbusReading]:
    """P1 2.1's gas: each of the last 24 hours in a line of its own, (counter)(stamp)."""
    found = []
    for line in lines:
        if line.startswith(b"7-0:23.1.0("):
            value, _, stamp = line[11:-1].partition(b")(")
            at, counted = stamp_utc(stamp, winter_offset_s, received_at), _counter(value)
            if at is not None and counted is not None:
                found.append(MbusReading(0, GAS, equipment, at, *counted))
    return found
