"""Checks of the port, the line and the meter, by listening."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator

from slimmemeter import clock, zones
from slimmemeter.doctor.finding import FINE, NOTE, WRONG, Finding, failure
from slimmemeter.errors import PortError
from slimmemeter.line import garbage, port, port_errors
from slimmemeter.line.receive import SILENCE_S, Reception
from slimmemeter.p1 import countries, obis
from slimmemeter.p1.reading import Reading
from slimmemeter.settings import DEFAULTS_FILE, Settings
from slimmemeter.settings_table import LINES

ENOUGH_TELEGRAMS = 5
ENOUGH_S = 5  # after which one valid telegram is enough
ENOUGH_NOISE = 2000  # bytes
SET = f"| sudo tee -a {DEFAULTS_FILE}"


def check_port(settings: Settings) -> Iterator[Finding]:
    """Whether there is a port, it can be opened, and a meter sends on it."""
    name = settings.port
    if not name:
        found = port.adapters()
        yield _adapter_finding(found)
        if len(found) > 1 or not (found or os.path.exists(port.FALLBACK)):
            return
        name = port.find()
    try:
        received, others = _listen_at_each(name, settings)
    except PortError as error:
        yield failure(error)
        return
    if others:
        text = f"{name} is also open in {', '.join(others)}: two programs on one port take each"
        yield Finding(WRONG, f"{text} other's bytes; stop that program, or share it by ser2net")
    yield from _line_findings(name, received, settings)


def _adapter_finding(found: list[str]) -> Finding:
    if len(found) == 1:
        return Finding(FINE, f"one serial adapter is plugged in: {found[0]}")
    if found:
        choose = (f"echo {shlex.quote(f'SLIMMEMETER_PORT={name}')} {SET}" for name in found)
        return Finding(WRONG, f"{len(found)} serial adapters are plugged in; choose one:", *choose)
    looked = f"no serial adapter is in {port.BY_ID}"
    if os.path.exists(port.FALLBACK):
        return Finding(NOTE, f"{looked}; {port.FALLBACK} is there and is used")
    plug_in = "plug the cable in, and see what the system reports:"
    text = f"{looked}, and there is no {port.FALLBACK}: {plug_in}"
    return Finding(WRONG, text, "sudo dmesg | grep -i tty")


def _listen_at_each(name: str, settings: Settings) -> tuple[dict[str, Reception], list[str]]:
    """What was received at each setting of the line, until a telegram came; and the other programs
    that have the port open.

    :raises PortError: the port can't be opened, or is lost.
    """
    first = LINES[0] if settings.line == "auto" else settings.line
    found: dict[str, Reception] = {}
    others: list[str] = []
    for line in (first, *(line for line in LINES if line not in (first, "auto"))):
        if len(found) == 2 and not any(each.byte_count for each in found.values()):
            break  # a third setting hears nothing either
        found[line], others = listen(name, line, settings)
        if found[line].telegram is not None or found[line].foreign.advice:
            break
    return found, others


def listen(name: str, line: str, settings: Settings) -> tuple[Reception, list[str]]:
    """Receive until enough is known of the line; also the other programs with the port open.

    :raises PortError: the port can't be opened, or is lost before a valid telegram.
    """
    reception = Reception(zones.winter_offset_s(settings.zone))
    with port.Port(name, line, time.monotonic() + settings.timeout_s) as opened:
        # Our own pull has had its turn by now.
        others = port_errors.holders(name) if os.path.exists(name) else []
        begun_s = time.monotonic()
        opened.deadline_s = begun_s + settings.timeout_s
        try:
            for piece in opened.pieces():
                reception.feed(piece)
                if _is_enough(reception, time.monotonic() - begun_s):
                    break
        except PortError:
            if not reception.valid_count:
                raise
    return reception, others


def _is_enough(reception: Reception, elapsed_s: float) -> bool:
    if reception.telegram is None:
        is_silent = not reception.byte_count and elapsed_s > SILENCE_S
        is_noise = reception.byte_count > ENOUGH_NOISE
        return is_silent or is_noise or reception.foreign.advice is not None
    many = reception.valid_count + reception.damaged_count >= ENOUGH_TELEGRAMS
    return many or (reception.valid_count > 0 and elapsed_s > ENOUGH_S)


def _line_findings(
    name: str, received: dict[str, Reception], settings: Settings
) -> Iterator[Finding]:
    line, last = list(received.items())[-1]
    if last.foreign.advice and not last.valid_count:
        yield Finding(WRONG, last.foreign.advice)
    elif last.telegram is not None:
        yield from _telegram_findings(name, line, last, settings)
    elif not any(each.byte_count for each in received.values()):
        yield Finding(
            WRONG,
            f"{name} can be opened, but nothing was heard, at {' and '.join(received)}. Is the plug"
            " in the P1 port? Has the grid operator switched the port on (in Belgium, Sweden,"
            " Finland, Luxembourg and Austria it is off until you ask)? If both are so, the cable"
            " doesn't request data: while this runs a multimeter must show about 5 V between pins 2"
            " and 3 of the plug; if it doesn't, the cable lacks the wire from RTS to pin 2",
        )
    else:
        counts = [f"{each.byte_count} bytes at {line}" for line, each in received.items()]
        cause = garbage.explanation([each.beginning for each in received.values()])
        yield Finding(WRONG, f"{name} gave {' and '.join(counts)}, and no telegram: {cause}")


def _telegram_findings(
    name: str, line: str, reception: Reception, settings: Settings
) -> Iterator[Finding]:
    total = reception.valid_count + reception.damaged_count
    if reception.damaged_count:
        cause = "a cable that is too long, a loose plug, too weak a power supply (try another one)"
        text = f"{reception.damaged_count} of {total} telegrams at {line} were damaged: {cause}, or"
        last = f"another program that reads the port. The last of them: {reception.last_damage}"
        yield Finding(WRONG, f"{text} {last}", *_holders_command(name))
    if reception.valid_count:
        result = f"{reception.valid_count} of {total} telegrams were valid, at {line}"
        set_line = f"echo SLIMMEMETER_LINE={line} {SET}"
        if settings.line not in (line, "auto"):
            yield Finding(WRONG, f"{result}, but the settings have {settings.line}:", set_line)
        elif settings.line == "auto":
            yield Finding(NOTE, f"{result}; with this setting a pull needn't try:", set_line)
        else:
            yield Finding(FINE, result)
        yield from _meter_findings(reception)


def _holders_command(name: str) -> list[str]:
    return [port_errors.holders_command(name)] if os.path.exists(name) else []


def _meter_findings(reception: Reception) -> Iterator[Finding]:
    reading, now = reception.reading, reception.received_at
    if reading is None or now is None:
        assert reception.error is not None
        yield failure(reception.error)
        return
    about = [
        countries.maker(reading.header),
        f"version {reading.version}" if reading.version else "no version",
        countries.country(reading.header, reading.version, "import_wh" in reading.values),
        *(f"{_medium(each.device_type)} on channel {each.channel}" for each in reading.devices),
    ]
    yield Finding(FINE, f"the meter: {', '.join(filter(None, about))}")
    yield _clock_finding(reading, now)


def _medium(device_type: int | None) -> str:
    return obis.MBUS_TYPES.get(device_type or 0, "another meter").replace("_", " ")


def _off(seconds: int) -> str:
    """By how much a clock is wrong; whole hours may mean another time zone."""
    hours = round(seconds / 3600)
    is_zone = 0 < abs(hours) < 4 and abs(seconds - hours * 3600) < clock.AGREEMENT_S
    hint = " (is SLIMMEMETER_TZ the zone of the house?)" if is_zone else ""
    return f"off by {seconds} s{hint}"


def _clock_finding(reading: Reading, now: int) -> Finding:
    if reading.timestamp is not None and abs(reading.timestamp - now) <= clock.AGREEMENT_S:
        text = f"the meter's clock and this computer's are {abs(reading.timestamp - now)} s apart"
        return Finding(FINE, text)
    off = "not set, or not sent" if reading.timestamp is None else _off(reading.timestamp - now)
    if clock.is_synchronised():
        text = f"the meter's clock is {off}; readings get this computer's time"
        return Finding(NOTE, text)
    text = f"the meter's clock is {off}, and this computer's isn't synchronised either"
    return Finding(WRONG, f"{text}:", "timedatectl status")
