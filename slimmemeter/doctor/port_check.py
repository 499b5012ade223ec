"""What is the matter with the port, the line and the meter, found by listening."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator

from slimmemeter import clock
from slimmemeter.doctor.finding import FINE, NOTE, WRONG, Finding, failure
from slimmemeter.errors import PortError, TelegramError
from slimmemeter.line import garbage, port, port_errors
from slimmemeter.line.receive import SILENCE_S, Heard
from slimmemeter.p1 import obis
from slimmemeter.p1.framing import Framer
from slimmemeter.p1.telegram import Reading, Telegram
from slimmemeter.settings import DEFAULTS_FILE, LINES, Settings

ENOUGH_TELEGRAMS = 5
ENOUGH_S = 5  # after which one right telegram is enough
ENOUGH_NOISE = 2000  # bytes
SET = f"| sudo tee -a {DEFAULTS_FILE}"


def of_port(settings: Settings) -> Iterator[Finding]:
    """Is there a port, may it be opened, what is heard from it, and what meter is that."""
    name = settings.port
    if not name:
        found = port.adapters()
        yield _adapter(found)
        if len(found) > 1 or not (found or os.path.exists(port.FALLBACK)):
            return
        name = port.find()
    try:
        heard, others = _hear(name, settings)
    except PortError as error:
        yield failure(error)
        return
    if others:
        text = f"{name} is also open in {', '.join(others)}: two who read one port take each"
        yield Finding(WRONG, f"{text} other's bytes; stop that program, or share it by ser2net")
    yield from _of_line(name, heard, settings)


def _adapter(found: list[str]) -> Finding:
    if len(found) == 1:
        return Finding(FINE, f"one serial adapter is plugged in: {found[0]}")
    if found:
        choose = (f"echo {shlex.quote(f'SLIMMEMETER_PORT={name}')} {SET}" for name in found)
        return Finding(WRONG, f"{len(found)} serial adapters are plugged in; choose one:", *choose)
    looked = f"no serial adapter is in {port.BY_ID}"
    if os.path.exists(port.FALLBACK):
        return Finding(NOTE, f"{looked}; {port.FALLBACK} is there and is used")
    plug_in = "plug the cable in, and see what the system says of it:"
    text = f"{looked}, and there is no {port.FALLBACK}: {plug_in}"
    return Finding(WRONG, text, "sudo dmesg | grep -i tty")


def _hear(name: str, settings: Settings) -> tuple[dict[str, Heard], list[str]]:
    """What was heard at each of the line's settings that were tried, until a telegram came; and
    who else has the port open.

    :raises PortError: the port can't be opened, or is lost.
    """
    first = LINES[0] if settings.line == "auto" else settings.line
    found: dict[str, Heard] = {}
    others: list[str] = []
    for line in (first, *(line for line in LINES if line not in (first, "auto"))):
        found[line], others = listen(name, line, settings.timeout_s)
        if found[line].telegram is not None or found[line].foreign.said:
            break
    return found, others


def listen(name: str, line: str, timeout_s: float) -> tuple[Heard, list[str]]:
    """What comes of listening until it tells enough of the line, and who else has the port open.

    :raises PortError: the port can't be opened, or is lost before a telegram was right.
    """
    heard, framer = Heard(), Framer()
    with port.Port(name, line, time.monotonic() + timeout_s) as opened:
        others = (
            port_errors.holders(name) if os.path.exists(name) else []
        )  # our own pull's turn is over
        begun_s = time.monotonic()
        opened.deadline_s = begun_s + timeout_s
        try:
            for piece in opened.chunks():
                for frame in framer.feed(piece) if piece else framer.pause():
                    heard.judge(frame)
                heard.take(piece)
                if _tells_enough(heard, time.monotonic() - begun_s):
                    break
        except PortError:
            if not heard.right:
                raise
    return heard, others


def _tells_enough(heard: Heard, elapsed_s: float) -> bool:
    if heard.telegram is None:
        silent = not heard.bytes and elapsed_s > SILENCE_S
        return silent or heard.bytes > ENOUGH_NOISE or heard.foreign.said is not None
    many = heard.right + heard.wrong >= ENOUGH_TELEGRAMS
    return many or (heard.right > 0 and elapsed_s > ENOUGH_S)


def _of_line(name: str, found: dict[str, Heard], settings: Settings) -> Iterator[Finding]:
    line, heard = list(found.items())[-1]
    tried = " and ".join(found)
    if heard.foreign.said and not heard.right:
        yield Finding(WRONG, heard.foreign.said)
    elif heard.telegram is not None:
        yield from _of_telegrams(name, line, heard, settings)
    elif not any(each.bytes for each in found.values()):
        yield Finding(
            WRONG,
            f"{name} can be opened, but nothing was heard, at {tried}. Is the plug in the P1 port?"
            " Has the grid operator switched the port on (in Belgium, Sweden, Finland, Luxembourg"
            " and Austria it is off until you ask)? If both are so, the cable doesn't ask: while"
            " this runs a multimeter must show about 5 V between pins 2 and 3 of the plug; where it"
            " doesn't, the cable lacks the wire from RTS to pin 2",
        )
    else:
        counts = " and ".join(f"{each.bytes} bytes at {line}" for line, each in found.items())
        why = garbage.told([each.beginning for each in found.values()])
        yield Finding(WRONG, f"{name} gave {counts}, and no telegram: {why}")


def _of_telegrams(name: str, line: str, heard: Heard, settings: Settings) -> Iterator[Finding]:
    total = heard.right + heard.wrong
    if heard.wrong:
        cause = "a cable that is too long, a loose plug, too weak a power supply (try another one)"
        text = f"{heard.wrong} of {total} telegrams at {line} were damaged: {cause}, or another"
        last = f"program that reads the port. The last of them: {heard.wrong_because}"
        yield Finding(WRONG, f"{text} {last}", *_who_reads(name))
    if heard.right:
        came = f"{heard.right} of {total} telegrams were right, at {line}"
        set_line = f"echo SLIMMEMETER_LINE={line} {SET}"
        if settings.line not in (line, "auto"):
            yield Finding(WRONG, f"{came}, but the settings say {settings.line}:", set_line)
        elif settings.line == "auto":
            yield Finding(NOTE, f"{came}; if that is set, a pull needn't try:", set_line)
        else:
            yield Finding(FINE, came)
    if heard.right and heard.telegram is not None:
        yield from _of_meter(heard.telegram, settings)


def _who_reads(name: str) -> list[str]:
    return [port_errors.who_has(name)] if os.path.exists(name) else []


def _of_meter(telegram: Telegram, settings: Settings) -> Iterator[Finding]:
    now = clock.now()
    try:
        reading = telegram.reading(settings.winter_offset_s(), now)
    except TelegramError as error:
        yield failure(error)
        return
    about = [obis.maker(reading.header)]
    about += [f"version {reading.version}" if reading.version else "a version that isn't told"]
    about += obis.country(reading.header, reading.version, "import_wh" in reading.values)
    about += [f"{_medium(device.kind)} on channel {device.channel}" for device in reading.mbus]
    yield Finding(FINE, f"the meter: {', '.join(about)}")
    yield _of_clock(reading, now)


def _medium(kind: int | None) -> str:
    return obis.MBUS_TYPES.get(kind or 0, "another meter").replace("_", " ")


def _off(seconds: int) -> str:
    """How far a clock is off; whole hours may be another time zone's."""
    hours = round(seconds / 3600)
    is_zone = 0 < abs(hours) < 4 and abs(seconds - hours * 3600) < clock.AGREEMENT_S
    hint = " (is SLIMMEMETER_TZ the zone of the house?)" if is_zone else ""
    return f"off by {seconds} s{hint}"


def _of_clock(reading: Reading, now: int) -> Finding:
    if reading.stamp is not None and abs(reading.stamp - now) <= clock.AGREEMENT_S:
        text = f"the meter's clock and this computer's are {abs(reading.stamp - now)} s apart"
        return Finding(FINE, text)
    off = "not set, or not told" if reading.stamp is None else _off(reading.stamp - now)
    if clock.is_synchronised():
        text = f"the meter's clock is {off}; readings get the time of this computer, which is right"
        return Finding(NOTE, text)
    text = f"the meter's clock is {off}, and this computer's isn't synchronised either"
    return Finding(WRONG, f"{text}:", "timedatectl status")
