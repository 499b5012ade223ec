"""What is the matter with the port, the line and the meter, found by listening."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from slimmemeter import clock, faults, noise, obis, port
from slimmemeter.errors import PortError, TelegramError
from slimmemeter.findings import FINE, NOTE, WRONG, Finding
from slimmemeter.frames import Framer
from slimmemeter.hearing import SILENCE_S, Heard
from slimmemeter.settings import DEFAULTS_FILE, LINES, Settings
from slimmemeter.telegram import Reading, Telegram

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
        others = faults.holders(name) if os.path.exists(name) else []
        heard = _hear(name, settings)
    except PortError as error:
        yield Finding(WRONG, str(error))
        return
    if others:
        text = f"{name} is also open in {', '.join(others)}: two who read one port take each"
        yield Finding(WRONG, f"{text} other's bytes; stop that program, or share it by ser2net")
    yield from _of_line(name, heard, settings)


def _adapter(found: list[str]) -> Finding:
    if len(found) == 1:
        return Finding(FINE, f"one serial adapter is plugged in: {found[0]}")
    if found:
        choose = "; ".join(f"`echo SLIMMEMETER_PORT={name} {SET}`" for name in found)
        return Finding(WRONG, f"{len(found)} serial adapters are plugged in; choose one: {choose}")
    looked = f"no serial adapter is in {port.BY_ID}"
    if os.path.exists(port.FALLBACK):
        return Finding(NOTE, f"{looked}; {port.FALLBACK} is there and is used")
    return Finding(
        WRONG,
        f"{looked}, and there is no {port.FALLBACK}: plug the cable in, and see what the system"
        " says of it: `sudo dmesg | grep -i tty`",
    )


def _hear(name: str, settings: Settings) -> dict[str, Heard]:
    """What was heard at each of the line's settings that were tried, until a telegram came.

    :raises PortError: the port can't be opened, or is lost.
    """
    first = LINES[0] if settings.line == "auto" else settings.line
    found: dict[str, Heard] = {}
    for line in (first, *(line for line in LINES if line not in (first, "auto"))):
        found[line] = listen(name, line, settings.timeout_s)
        if found[line].telegram is not None or found[line].foreign.said:
            break
    return found


def listen(name: str, line: str, timeout_s: float) -> Heard:
    """What comes of listening until it tells enough of the line.

    :raises PortError: the port can't be opened, or is lost.
    """
    begun_s = time.monotonic()
    heard, framer = Heard(), Framer()
    with port.Port(name, line, begun_s + timeout_s) as opened:
        for piece in opened.chunks():
            for frame in framer.feed(piece) if piece else framer.pause():
                heard.judge(frame)
            heard.take(piece)
            if _tells_enough(heard, time.monotonic() - begun_s):
                break
    return heard


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
        yield from _of_telegrams(line, heard, settings)
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
        why = noise.told([each.beginning for each in found.values()])
        yield Finding(WRONG, f"{name} gave {counts}, and no telegram: {why}")


def _of_telegrams(line: str, heard: Heard, settings: Settings) -> Iterator[Finding]:
    total = heard.right + heard.wrong
    if heard.wrong:
        yield Finding(
            WRONG,
            f"{heard.wrong} of {total} telegrams at {line} were damaged: a cable that is too long,"
            " a loose plug, or too weak a power supply (try another one). The last of them:"
            f" {heard.wrong_because}",
        )
    if heard.right:
        came = f"{heard.right} of {total} telegrams were right, at {line}"
        if settings.line not in (line, "auto"):
            yield Finding(
                WRONG, f"{came}, but the settings say {settings.line}: `{_set_line(line)}`"
            )
        elif settings.line == "auto":
            yield Finding(NOTE, f"{came}; fixed, a pull needn't try: `{_set_line(line)}`")
        else:
            yield Finding(FINE, came)
    if heard.right and heard.telegram is not None:
        yield from _of_meter(heard.telegram, settings)


def _set_line(line: str) -> str:
    return f"echo SLIMMEMETER_LINE={line} {SET}"


def _of_meter(telegram: Telegram, settings: Settings) -> Iterator[Finding]:
    now = clock.now()
    try:
        reading = telegram.reading(settings.winter_offset_s(), now)
    except TelegramError as error:
        yield Finding(WRONG, str(error))
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
    off = "not set" if reading.stamp is None else _off(reading.stamp - now)
    if clock.is_synchronised():
        text = f"the meter's clock is {off}; readings get the time of this computer, which is right"
        return Finding(NOTE, text)
    text = f"the meter's clock is {off}, and this computer's isn't synchronised either"
    return Finding(WRONG, f"{text}: `timedatectl status`")
