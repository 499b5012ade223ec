"""A telegram for people (`--dry-run`) and for programs (`--json`)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from slimmemeter.p1 import countries, obis
from slimmemeter.p1.objects import DEFINITIONS, Entry, Object, decode
from slimmemeter.p1.printed import Cell, ProfileValue, Record
from slimmemeter.p1.reading import PowerFailure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from slimmemeter.p1.reading import Reading
    from slimmemeter.p1.telegram import Telegram

CRC_WORDS = {
    "ok": "CRC ok.",
    "absent": "No CRC: this meter sends none.",
    "missing": "CRC MISSING: do not trust.",
    "wrong": "CRC WRONG: do not trust.",
}
WITH_TIMESTAMP = (obis.STAMPED, obis.OLD_STAMPED, obis.HOUR, obis.PROFILE)


def as_json(telegram: Telegram, reading: Reading | None, winter_offset_s: int) -> str:
    """The telegram as one JSON object, as far as it is known if it is damaged (no reading)."""
    known, unknown = decode(telegram, winter_offset_s)
    document = {
        "header": telegram.header,
        "version": reading and reading.version,
        "meter_id": reading and reading.equipment_id,
        "taken_at": _utc(reading.timestamp if reading else None),
        "tariff": reading and reading.tariff,
        "crc": telegram.crc,
        "objects": {entry.code: _plain_object(entry) for entry in known},
        "mbus": _plain_devices(known, reading.timestamp if reading else None),
        "unknown": unknown,
    }
    return _json(document)


def _plain_object(entry: Object) -> dict[str, object]:
    plain: dict[str, object] = {"name": entry.name}
    if entry.channel is not None:
        plain["channel"] = entry.channel
    plain["value"] = _plain_value(entry)
    if entry.unit is not None:
        plain["unit"] = entry.unit
    if entry.definition.kind in WITH_TIMESTAMP:
        plain["at"] = _utc(entry.at)
    return plain


def _plain_value(entry: Object) -> object:
    if entry.definition.kind == obis.STAMP:
        return _utc(entry.at)
    if not isinstance(entry.value, list):
        return entry.value
    return [_plain_entry(item) for item in entry.value]


def _plain_entry(item: Entry) -> dict[str, object]:
    """An entry of a list."""
    if isinstance(item, PowerFailure):
        return {"ended_at": _utc(item.ended_at), "duration_s": item.duration_s}
    if isinstance(item, ProfileValue):
        return item._asdict()
    if isinstance(item, Record):
        return {"at": _utc(item.at), "values": [_plain_cell(cell) for cell in item.cells]}
    month_ended_at, at = _utc(item.month_ended_at), _utc(item.at)
    return {"month_ended_at": month_ended_at, "at": at, "value": item.value, "unit": item.unit}


def _plain_cell(cell: Cell) -> dict[str, object]:
    known = DEFINITIONS.get(cell.code)
    about: dict[str, object] = {"code": cell.code, "name": known and known.name}
    return about | {"value": cell.value, "unit": cell.unit, "at": _utc(cell.at)}


def _plain_devices(known: list[Object], now: int | None) -> list[dict[str, object]]:
    """Each M-Bus counter with its device's type and id beside it.

    :param now: the instant of counters without a timestamp of their own.
    """
    by_code = {entry.code: entry for entry in known}
    devices: list[dict[str, object]] = []
    for entry in known:
        at = entry.at if entry.definition.kind in WITH_TIMESTAMP else now
        if entry.name == "mbus_reading" and at is not None and entry.unit is not None:
            about = [by_code.get(entry.code[:4] + code) for code in ("24.1.0", "96.1.0", "96.1.1")]
            kind, *ids = (None if other is None else other.value for other in about)
            devices.append(
                {
                    "channel": entry.channel,
                    "type": obis.MBUS_TYPES.get(kind, kind) if isinstance(kind, int) else kind,
                    "device_id": next((name for name in ids if name), None),
                    "at": _utc(at),
                    "value": entry.value,
                    "unit": entry.unit,
                }
            )
    return devices


def _utc(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(value: object) -> str:
    """JSON text in which a Decimal is the number that the meter printed, digit by digit."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)}: {_json(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return json.dumps(value)


def as_text(telegram: Telegram, winter_offset_s: int, house: ZoneInfo) -> str:
    """The telegram for a person with a new cable: an object a line."""
    known, unknown = decode(telegram, winter_offset_s)
    _, version = min(
        ((entry.code, entry.value) for entry in known if entry.name == "version"),
        default=("", None),
    )
    has_total = any(entry.name == "import_total" for entry in known)
    names = countries.tariff_names(version if isinstance(version, str) else None, has_total)
    media = {entry.channel: entry.value for entry in known if entry.name == "mbus_type"}
    cells = [_cells(entry, names, media, house) for entry in known]
    widths = [max((len(row[place]) for row in cells), default=0) for place in range(3)]
    lines = [f"Telegram of /{telegram.header}", ""]
    if telegram.crc in ("wrong", "missing"):
        lines.insert(0, CRC_WORDS[telegram.crc])
    for entry, (label, value, unit, code, note) in zip(known, cells, strict=True):
        cell = f"{label:<{widths[0]}}  {value:>{widths[1]}} {unit:<{widths[2]}}  {code:<12} {note}"
        lines.append(cell.rstrip())
        if isinstance(entry.value, list):
            lines += [f"    {_entry(item, house)}" for item in entry.value]
    if unknown:
        lines += ["", "Not understood, as printed:", *(f"    {line}" for line in unknown)]
    if uncounted := telegram.uncounted():
        lines += ["", *(f"{sentence}." for sentence in uncounted)]
    return "\n".join([*lines, "", f"{CRC_WORDS[telegram.crc]} Nothing was stored."])


def _cells(
    entry: Object, names: dict[int, str], media: Mapping[int | None, object], house: ZoneInfo
) -> tuple[str, str, str, str, str]:
    """Label, value, unit, code and note of one line."""
    label, value, note = entry.definition.label, entry.value, ""
    for number, name in names.items():
        label = label.replace(f"tariff {number}", f"tariff {number} ({name})")
    if entry.channel is not None:
        medium = media.get(entry.channel)
        kind = obis.MBUS_TYPES.get(medium, "") if isinstance(medium, int) else ""
        label = (
            f"Channel {entry.channel}{' ' * bool(kind)}{kind.replace('_', ' ')}: {label.lower()}"
        )
        if entry.name == "mbus_type" and kind:
            note = kind.replace("_", " ")
    if entry.name == "tariff" and isinstance(value, int):
        note = names.get(value, "")
    if entry.definition.kind in WITH_TIMESTAMP:
        note = "at " + _local(entry.at, house)
    if entry.definition.kind == obis.STAMP:
        value = _local(entry.at, house)
    if isinstance(value, list):
        value = len(value)
    text = _text(value)
    if len(text) > 40:  # a long message goes under the columns, not through them
        note, text = text, ""
    return label, text, entry.unit or "", entry.code, note


def _entry(item: Entry, house: ZoneInfo) -> str:
    if isinstance(item, ProfileValue):
        return f"{item.value:f} {item.unit or ''}".rstrip()
    if isinstance(item, Record):
        return (
            f"at {_local(item.at, house)}: {'; '.join(_cell(cell, house) for cell in item.cells)}"
        )
    if isinstance(item, PowerFailure):
        minutes, seconds = divmod(item.duration_s, 60)
        lasted = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
        return f"ended {_local(item.ended_at, house)}, lasted {lasted}"
    month_ended = _local(item.month_ended_at, house)
    return f"month until {month_ended}: {item.value:f} {item.unit} at {_local(item.at, house)}"


def _cell(cell: Cell, house: ZoneInfo) -> str:
    known = DEFINITIONS.get(cell.code)
    label = known.label.lower() if known else cell.code
    at = f" at {_local(cell.at, house)}" if cell.at is not None else ""
    return f"{label} {_text(cell.value)} {cell.unit or ''}".rstrip() + at


def _text(value: object) -> str:
    """A value in the decimals that the meter printed."""
    return (
        "-" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)
    )


def _local(at: int | None, house: ZoneInfo) -> str:
    if at is None:
        return "an unknown time"
    return datetime.fromtimestamp(at, house).strftime("%Y-%m-%d %H:%M:%S %Z")
