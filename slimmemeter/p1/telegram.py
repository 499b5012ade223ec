"""A frame becomes a `Telegram`, and a telegram the `Reading` that is stored.

Pure and total: any bytes give a result or a `TelegramError`, and nothing is kept between telegrams.
Only what is stored is examined here; `objects` decodes the rest for `--dry-run` and `--json`.
"""

from __future__ import annotations

from functools import lru_cache  # sqlite3 imports it too

from slimmemeter.errors import TelegramError
from slimmemeter.p1 import event_logs, mbus, obis
from slimmemeter.p1.crc import crc16, intact_body
from slimmemeter.p1.framing import last_header
from slimmemeter.p1.quantities import DIGITS_TO_0, MOST_DIGITS, NOT_DIGITS, NumberParser
from slimmemeter.p1.reading import MeterLog, Reading
from slimmemeter.p1.text import printable, text_value, version_text
from slimmemeter.p1.timestamps import parse_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Others = dict[bytes, bytes]  # what follows the first bracket, by code

_PARSERS = {kind: NumberParser(units) for kind, units in obis.UNITS.items()}
# Column and parser of every value in a row of readings, by code; and the code of each count.
_FIELDS = {
    printed.encode(): (column, _PARSERS[kind])
    for code, (_, _, kind, column) in obis.TABLE.items()
    if column is not None and kind != obis.COUNT
    for printed in obis.printed_codes(code)
}
_COUNTS = {
    column: code.encode()
    for code, (_, _, kind, column) in obis.TABLE.items()
    if column is not None and kind == obis.COUNT
}
_LOGGED = (*_COUNTS.values(), b"1-0:99.97.0", b"1-0:1.6.0", b"0-0:98.1.0")
_TARIFFS = {  # by the column of a total, those of its tariffs
    f"{direction}_wh": [f"{direction}_t{number}_wh" for number in range(1, obis.TARIFFS + 1)]
    for direction in ("import", "export")
}
ID_CODES = (b"0-0:96.1.1", b"0-0:42.0.0", b"0-0:96.1.0")  # of a meter's id, the first before others
LONGEST_SHOWN = 60  # characters of a line in an error


class Telegram:
    """One frame: its lines, and whether its CRC is ok, absent, missing or wrong.

    `absent` is normal for P1 2.2 and 3.0 and a few others; `missing` means that none was sent
    although the telegram has a version object (1-3:0.2.8 or 0-0:96.1.4), whose meters send one.
    """

    __slots__ = ("computed_crc", "crc", "has_sixth_groups", "lines", "printed_crc", "printed_lines")

    def __init__(self, frame: bytes) -> None:
        mark = frame.rindex(b"!") + 1
        body, self.printed_crc = frame[:mark], frame[mark:]
        if not self.printed_crc:
            body = body[last_header(body) :]
            has_version = b"1-3:0.2.8(" in body or b"0-0:96.1.4(" in body
            self.crc = "missing" if has_version else "absent"
        else:
            intact = intact_body(body, int(self.printed_crc, 16))
            self.crc = "wrong" if intact is None else "ok"
            if intact is None:
                self.computed_crc = crc16(body)
            else:
                body = intact
        self.has_sixth_groups = obis.SIXTH_GROUP in body
        self.printed_lines = self.lines = body[:-1].splitlines()
        if b"\n(" in body:  # such a line continues the one before (P1 3.0 section 5.10)
            joined = b"\n".join(filter(None, self.lines)).replace(b"\n(", b"(")
            self.lines = joined.split(b"\n")

    @classmethod
    def of_lines(cls, lines: list[bytes]) -> Telegram:
        """A telegram whose lines were stored without its CRC; the first is the header."""
        telegram = cls.__new__(cls)
        telegram.crc, telegram.printed_crc = "absent", b""
        telegram.has_sixth_groups = obis.SIXTH_GROUP in b"\n".join(lines)
        telegram.printed_lines = telegram.lines = lines
        return telegram

    @property
    def header(self) -> str:
        """The identification line without its slash."""
        return printable(self.lines[0][1:])

    @property
    def is_noise(self) -> bool:
        """Whether it is only a slash in mere noise: neither its CRC nor its header says otherwise.

        Makers have three letters; a few headers don't begin with them.
        """
        return self.crc != "ok" and not self.printed_lines[0][1:4].isalpha()

    @property
    def _name(self) -> str:
        return f"the telegram of '{self.header[:LONGEST_SHOWN]}'"

    def verify(self) -> None:
        """:raises TelegramError: the CRC is wrong or missing."""
        if self.crc == "wrong":
            raise TelegramError(
                f"{self._name} is damaged: its CRC is {printable(self.printed_crc)}, but its bytes"
                f" give {self.computed_crc:04X}"
            )
        if self.crc == "missing":
            raise TelegramError(f"{self._name} has no CRC after its '!'")

    def reading(self, winter_offset_s: int = 3600, received_at: int | None = None) -> Reading:
        """Parse what is stored of it.

        :param received_at: UTC seconds; needed for timestamps without a letter in the repeated
            hour.
        :raises TelegramError: the CRC is wrong, a register or power is no number with a fitting
            unit, or there is no counter at all.
        """
        self.verify()
        lines = self.lines
        if self.has_sixth_groups:
            lines = [_without_sixth_group(line) for line in lines]
        values, others = self._values(lines)
        if "import_wh" in values or "export_wh" in values:
            _drop_unused_tariffs(values)
        clock = others.get(b"0-0:1.0.0", b")")
        if len(clock) == 1:
            clock = _other_clock(others)
        timestamp = parse_timestamp(clock[:-1], winter_offset_s, received_at)
        devices = mbus.devices(others, winter_offset_s, received_at, timestamp or received_at)
        if b"7-0:23.1.0" in others:
            equipment_id = text_value(others.get(b"7-0:0.0.0", b")")[:-1])
            devices += mbus.hours_of_gas(lines, equipment_id, winter_offset_s, received_at)
        if values.keys().isdisjoint(obis.REGISTERS):
            self._refuse_without(bool(devices), values, lines)
        return Reading(
            _equipment_id(others) or self.header or None,
            timestamp,
            values,
            header=self.header,
            version=_version(others),
            tariff=_tariff((others.get(b"0-0:96.14.0") or others.get(b"0-0:96.14.1", b")"))[:-1]),
            devices=devices,
            log=_log(tuple(map(others.get, _LOGGED)), winter_offset_s),
            has_clock=len(clock) > 1,
        )

    def _refuse_without(
        self, has_devices: bool, values: dict[str, int], lines: Sequence[bytes]
    ) -> None:
        """Without a register of electricity it must be of a heat meter's own P1 port.

        :raises TelegramError: it isn't: its registers are empty, or may have been lost on the way.
        """
        codes = {line.partition(b"(")[0] for line in lines}
        is_electric = any(_FIELDS[code][0] in obis.REGISTERS for code in codes & _FIELDS.keys())
        if not has_devices or is_electric or (values and self.crc != "ok"):
            other = "" if has_devices else " and no counter of another meter"
            raise TelegramError(f"{self._name} has no energy register{other}")

    def uncounted(self) -> list[str]:
        """A sentence for each register that counts, but has no place in a reading."""
        found = []
        for line in self.lines:
            code, _, rest = _without_sixth_group(line).partition(b"(")
            is_register = code[3:8] in (b":1.8.", b":2.8.") and code not in _FIELDS
            if is_register and _PARSERS[obis.ENERGY].integer(rest):
                found.append(
                    f"{printable(code)} counts, but only tariffs 1 to {obis.TARIFFS} are stored"
                )
        return found

    def _values(self, lines: Sequence[bytes]) -> tuple[dict[str, int], Others]:
        """The values of a row of readings by column, and what follows the bracket of other codes.

        :raises TelegramError: a required value is invalid.
        """
        values: dict[str, int] = {}
        others: Others = {}
        invalid: dict[str, bytes | None] = {}
        known, to_0, not_digits = _FIELDS.get, DIGITS_TO_0, NOT_DIGITS  # a tenth faster as locals
        for line in reversed(lines):  # of a repeated code the first counts
            code, _, rest = line.partition(b"(")
            field = known(code)
            if field is None:
                others[code] = rest
            else:
                column, parser = field
                factor = parser[rest.translate(to_0)]
                if factor > 0:  # `NumberParser.integer`, written out in the hot loop
                    values[column] = int(rest.translate(None, not_digits)) * factor
                elif factor < 0:
                    values[column] = int(rest.translate(None, not_digits)) // -factor
                else:
                    values.pop(column, None)
                    invalid[column] = None if rest == b")" else line
        if invalid:
            self._refuse(invalid, values)
        return values, others

    def _refuse(self, invalid: dict[str, bytes | None], values: dict[str, int]) -> None:
        """Name the first required line that is invalid, and the first byte that is wrong in it.

        A line that isn't the first of its code, or whose value isn't required, does no harm.
        """
        wrong = {
            line.partition(b"(")[0]: line
            for column, line in invalid.items()
            if line is not None and column not in values and column in obis.REQUIRED
        }
        for number, printed in enumerate(self.printed_lines if wrong else (), 1):
            code = _without_sixth_group(printed).partition(b"(")[0]
            if code in wrong:
                raise _wrong_line(number, wrong[code])


def _wrong_line(number: int, line: bytes) -> TelegramError:
    """The error of a required line that is invalid."""
    place = line.find(b"(") + 1 or len(line)
    while line[place : place + 1].isdigit() or line[place : place + 1] == b".":
        place += 1
    if line[place : place + 1] == b"*":
        place += 1
    units = _FIELDS[line.partition(b"(")[0]][1].units
    return TelegramError(
        f"line {number} of the telegram, {printable(line[:LONGEST_SHOWN])}, is wrong at character"
        f" {place + 1}: it must be at most {MOST_DIGITS} digits and one of {', '.join(units)}"
    )


def _without_sixth_group(line: bytes) -> bytes:
    code, bracket, rest = line.partition(b"(")
    return obis.without_sixth_group(code.decode("latin-1")).encode("latin-1") + bracket + rest


@lru_cache(8)  # it is the same in almost every telegram of a log
def _log(printed: tuple[bytes | None, ...], winter_offset_s: int) -> MeterLog:
    """What stands at `_LOGGED`'s codes."""
    *counts, failures, running, history = printed
    integer = _PARSERS[obis.COUNT].integer
    counted = {name: integer(rest or b")") for name, rest in zip(_COUNTS, counts, strict=True)}
    has_peaks = running is not None or history is not None
    return MeterLog(
        {name: value for name, value in counted.items() if value is not None},
        event_logs.power_failures(failures, winter_offset_s) if failures else (),
        event_logs.month_peaks(running or b")", history or b")", winter_offset_s)
        if has_peaks
        else (),
    )


def _drop_unused_tariffs(values: dict[str, int]) -> None:
    """Tariffs that never counted, beside a total that did, don't add up to that total."""
    for total, tariffs in _TARIFFS.items():
        if values.get(total) and not any(map(values.get, tariffs)):
            for name in tariffs:
                values.pop(name, None)


def _version(others: Others) -> str | None:
    """0-0:96.1.4 (Belgium, Switzerland), else 1-3:0.2.8."""
    rest = others.get(b"0-0:96.1.4") or others.get(b"1-3:0.2.8", b")")
    return version_text(rest[:-1]) or None


def _other_clock(others: Others) -> bytes:
    """0-0:1.1.0 (heat meters), else the date 1-0:0.9.2 and the time 1-0:0.9.1 (Iskra)."""
    heat, date, time = (
        others.get(code, b")") for code in (b"0-0:1.1.0", b"1-0:0.9.2", b"1-0:0.9.1")
    )
    if len(heat) > 1 or len(date) == 1 or len(time) == 1:
        return heat
    return (date[:-1] + time).translate(None, b"-:")


def _equipment_id(others: Others) -> str | None:
    """The first one of `ID_CODES`; an empty one counts as absent."""
    for code in ID_CODES:
        if text := text_value(others.get(code, b")")[:-1]):
            return text
    return None


def _tariff(content: bytes) -> int | None:
    """`0002` or, in Hungary, `TARIFF 2`."""
    number = content.lstrip(obis.LETTERS)
    return int(number) if number.isdigit() and len(number) <= 4 else None
