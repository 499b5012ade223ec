"""A frame becomes a `Telegram`, and a telegram the `Reading` that is stored.

Pure and total: any bytes give a result or a `TelegramError`, and nothing is kept between telegrams.
Only what is stored is looked at closely here; `objects` decodes the rest for who asks.
"""

from __future__ import annotations

from functools import lru_cache  # _sqlite3 has loaded it already

from slimmemeter import obis
from slimmemeter.errors import TelegramError
from slimmemeter.frames import HEX, crc16, inner_start, with_right_crc
from slimmemeter.stamps import stamp_utc

MOST_DIGITS = 12
LONGEST_FAILURE_S = 2**31 - 1  # Kaifa's filler in the power-failure log


# The shape of a value is its bytes with every digit taken as 0: it tells unit and decimals.
_DIGITS_TO_0 = bytes.maketrans(b"123456789", b"000000000")
# All that a shape that fits has beside digits. (Deleting every other byte takes twice as long.)
_NOT_DIGITS = b".*) " + bytes({*"".join(map("".join, obis.UNITS.values())).encode()})


class Quantity(dict[bytes, int]):
    """How one kind of value is written: from the shape of a value the factor to our integers.

    A factor below 1 is kept as its negative reciprocal, and 0 is a shape that doesn't fit. Each
    shape is judged once.
    """

    def __init__(self, units: dict[str, int]) -> None:
        super().__init__()
        self.units = {unit.encode(): power for unit, power in units.items()}

    def __missing__(self, shape: bytes) -> int:
        if len(self) > 64:
            self.clear()
        factor = self._judge(shape)
        self[shape] = factor
        return factor

    def _judge(self, shape: bytes) -> int:
        number, _, unit = shape.removesuffix(b")").partition(b"*")
        whole, _, decimals = number.partition(b".")
        digits = whole + decimals
        power = self.units.get(unit.rstrip(b" "))  # Holley puts a blank before the bracket
        if power is None or not digits.isdigit() or len(digits) > MOST_DIGITS or shape[-1:] != b")":
            return 0
        shift = power - len(decimals)
        return int(10**shift) if shift >= 0 else -int(10**-shift)

    def integer(self, rest: bytes) -> int | None:
        """The value that stands in what follows a code's bracket, rounded down; None if odd."""
        factor = self[rest.translate(_DIGITS_TO_0)]
        if not factor:
            return None
        digits = int(rest.translate(None, _NOT_DIGITS))
        return digits * factor if factor > 0 else digits // -factor


def _fields() -> dict[bytes, tuple[str, Quantity]]:
    """Column and quantity of what is stored, from the table. Swiss meters print 1-1 for 1-0."""
    quantities = {kind: Quantity(units) for kind, units in obis.UNITS.items()}
    fields = {}
    for code, (_, _, kind, column) in obis.TABLE.items():
        if column is not None:
            for alias in (code, code.replace("1-0:", "1-1:")):
                fields[alias.encode()] = (column, quantities[kind])
    return fields


_FIELDS = _fields()
_MBUS_COUNTERS = frozenset(
    f"0-{channel}:{code}".encode()
    for channel in range(1, 10)
    for code in ("24.2.1", "24.2.3", "24.3.0")
)
_VOLUME_AND_HEAT = {
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
    """What is stored of a telegram, in integers of the units that the columns name."""

    __slots__ = (
        *("header", "mbus", "meter_id", "stamp", "tariff", "values", "version"),
        *("_failure_log", "_winter_offset_s"),
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
        failure_log: bytes,
        winter_offset_s: int,
    ) -> None:
        self.header = header
        self.version = version
        self.meter_id = meter_id
        self.stamp = stamp  # the meter's clock in UTC seconds, None where unset or absent
        self.tariff = tariff
        self.values = values  # by column of `obis.TABLE`
        self.mbus = mbus
        self._failure_log = failure_log
        self._winter_offset_s = winter_offset_s

    def failures(self) -> list[tuple[int | None, int]]:
        """The power-failure log: end in UTC seconds (None where unknown) and duration in s."""
        return failures(self._failure_log, self._winter_offset_s)


class Telegram:
    """One frame, checked: its lines, and whether its CRC is ok, absent, missing or wrong.

    `absent` is right for P1 2.2 and 3.0 and a few others; `missing` is an absent CRC in a telegram
    whose version object (1-3:0.2.8 or 0-0:96.1.4) tells that the meter sends one.
    """

    __slots__ = ("computed", "crc", "lines", "said")

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
        self.lines = body[:-1].splitlines()

    @property
    def header(self) -> str:
        """The identification line without its slash."""
        return printable(self.lines[0][1:])

    def rejoin(self) -> None:
        """Put together what is one: a line that starts with a bracket goes on with the one before
        (P1 3.0 section 5.10)."""
        self.lines = b"\n".join(self.lines).replace(b"\n(", b"(").split(b"\n")

    def verify(self) -> None:
        """:raises TelegramError: the CRC is wrong or missing."""
        if self.crc == "wrong":
            raise TelegramError(
                f"the telegram of {self.header!r} is damaged: its CRC says"
                f" {printable(self.said)}, and its bytes give {self.computed:04X}"
            )
        if self.crc == "missing":
            raise TelegramError(f"the telegram of {self.header!r} has no CRC after its '!'")

    def reading(self, winter_offset_s: int = 3600) -> Reading:
        """What is stored of it.

        :raises TelegramError: the CRC is wrong, a register or power isn't a number with a unit
            that fits, or there is no energy register at all.
        """
        self.verify()
        values: dict[str, int] = {}
        others: dict[bytes, bytes] = {}
        for line in reversed(self.lines):  # of a repeated code the first counts
            code, _, rest = line.partition(b"(")
            field = _FIELDS.get(code)
            if field is None:
                if not code and rest:
                    self.rejoin()
                    return self.reading(winter_offset_s)
                others[code] = rest
            else:
                column, quantity = field
                factor = quantity[rest.translate(_DIGITS_TO_0)]
                if factor > 0:  # `Quantity.integer`, spelt out where it counts
                    values[column] = int(rest.translate(None, _NOT_DIGITS)) * factor
                elif factor < 0:
                    values[column] = int(rest.translate(None, _NOT_DIGITS)) // -factor
                elif rest != b")" and column in obis.MUST_BE_RIGHT:
                    self._refuse(line, quantity)
        if obis.REGISTERS.isdisjoint(values):
            bare = [line.replace(b"*255(", b"(", 1) for line in self.lines]
            if bare != self.lines:  # P1 3.0 section 5.3 allows the sixth group; few print it
                self.lines = bare
                return self.reading(winter_offset_s)
            raise TelegramError(f"the telegram of {self.header!r} has no energy register")
        return Reading(
            self.header,
            _plain(others.get(b"1-3:0.2.8") or others.get(b"0-0:96.1.4")),
            _meter_id(others),
            stamp_utc(others.get(b"0-0:1.0.0", b")")[:-1], winter_offset_s),
            _tariff(others.get(b"0-0:96.14.0", b")")[:-1]),
            values,
            _mbus(others, winter_offset_s),
            others.get(b"1-0:99.97.0", b")"),
            winter_offset_s,
        )

    def _refuse(self, line: bytes, quantity: Quantity) -> None:
        """Say which line is wrong, and where: the first byte that can't stand there."""
        place = line.find(b"(") + 1 or len(line)
        while line[place : place + 1].isdigit() or line[place : place + 1] == b".":
            place += 1
        if line[place : place + 1] == b"*":
            place += 1
        units = ", ".join(unit.decode() for unit in quantity.units)
        raise TelegramError(
            f"line {self.lines.index(line) + 1} of the telegram, {printable(line)}, is wrong at"
            f" character {place + 1}: it must be at most {MOST_DIGITS} digits and one of {units}"
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
            return decoded.decode("ascii")
    return printable(content)


def groups(rest: bytes) -> list[bytes]:
    """The contents of `a)(b)(c)`, which is what stands behind a code's first bracket."""
    return rest.removesuffix(b")").split(b")(")


def failures(rest: bytes, winter_offset_s: int) -> list[tuple[int | None, int]]:
    """The power-failure log 1-0:99.97.0: (end or None where unknown, seconds), as printed.

    P1 5.0.2 section 6.12: count, id, then pairs of end and duration. Kaifa fills unused entries
    with 2^31 - 1 seconds; anything that isn't a pair ends the list.
    """
    found = []
    pairs = iter(groups(rest)[2:])
    for ended, duration in zip(pairs, pairs, strict=False):
        seconds, _, unit = duration.partition(b"*")
        if unit != b"s" or not seconds.isdigit() or len(seconds) > MOST_DIGITS:
            break
        if int(seconds) != LONGEST_FAILURE_S:
            found.append((stamp_utc(ended, winter_offset_s), int(seconds)))
    return found


def _plain(rest: bytes | None) -> str | None:
    return printable(rest[:-1]) or None if rest else None


def _meter_id(others: dict[bytes, bytes]) -> str | None:
    """0-0:96.1.1, else 0-0:42.0.0, else 0-0:96.1.0; an empty one counts as absent."""
    for code in (b"0-0:96.1.1", b"0-0:42.0.0", b"0-0:96.1.0"):
        if text := text_value(others.get(code, b")")[:-1]).strip():
            return text
    return None


def _tariff(content: bytes) -> int | None:
    """`0002` or, in Hungary, `TARIFF 2`."""
    number = content.rpartition(b" ")[2]
    return int(number) if number.isdigit() and len(number) <= 4 else None


def _mbus(others: dict[bytes, bytes], winter_offset_s: int) -> list[MbusReading]:
    """Every device with a valid stamp and a counter with a unit; the rest is left out."""
    found: list[MbusReading] = []
    for code in sorted(_MBUS_COUNTERS.intersection(others)):
        channel = int(code[2:3])
        if found and found[-1].channel == channel:
            continue  # of a channel the first counter that is right counts
        counted = _mbus_counter(groups(others[code]), winter_offset_s)
        if counted is not None:
            kind, equipment = _mbus_device(code[:3], others)
            found.append(MbusReading(channel, kind, equipment, *counted))
    return found


def _mbus_counter(parts: list[bytes], winter_offset_s: int) -> tuple[int, int, str] | None:
    """Instant, counter and unit of `(stamp)(value*unit)` or of 3.0's seven groups (5.10)."""
    if len(parts) == 7:
        parts = [parts[0], parts[6] + b"*" + parts[5]]
    stamp = stamp_utc(parts[0], winter_offset_s)
    number, _, unit = parts[-1].rstrip(b" ").partition(b"*")
    if stamp is None or len(parts) != 2 or unit not in _VOLUME_AND_HEAT:
        return None
    stored, quantity = _VOLUME_AND_HEAT[unit]
    counter = quantity.integer(number + b")")
    return None if counter is None else (stamp, counter, stored)


def _mbus_device(channel: bytes, others: dict[bytes, bytes]) -> tuple[int | None, str]:
    kind = others.get(channel + b":24.1.0", b")")[:-1]
    name = others.get(channel + b":96.1.0") or others.get(channel + b":96.1.1") or b")"
    # EN 13757-3's medium, printed as a decimal (P1 5.0.2, 6.12)
    return int(kind) if kind.isdigit() and len(kind) < 4 else None, text_value(name[:-1])
