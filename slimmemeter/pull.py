"""`p1-pull`: one telegram from the meter, checked, into one row of the database.

Cron starts it every five minutes on a small computer, so its imports are a budget: never flask,
numpy or matplotlib, and argparse, json and zoneinfo only if an argument or a setting needs them.
"""

from __future__ import annotations

import os
import sys
import time

from slimmemeter import clock, notify, process, status, zones
from slimmemeter.errors import (
    BUG,
    FlagError,
    PortError,
    SlimmemeterError,
    TelegramError,
    UsageError,
)
from slimmemeter.line.receive import Reception, patient_pieces, receive
from slimmemeter.line.turn import turn
from slimmemeter.p1.text import printable
from slimmemeter.request import Request, parse
from slimmemeter.settings import single_setting
from slimmemeter.store import stamps
from slimmemeter.store.validation.series import CONFLICT, STORED
from slimmemeter.store.writer import FROM_FILE, Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from slimmemeter.p1.reading import Reading
    from slimmemeter.p1.telegram import Telegram
    from slimmemeter.settings import Settings

DOCTOR = "slimmemeter doctor"  # looks for the cause
VALIDATION_S = 60  # of a pull after an upgrade; cron's next one waits for it
LONGEST_FILE = 1 << 20  # bytes of FILE in which a telegram must be found
INTERRUPTED = 130  # exit code after Ctrl-C, as a shell has it
KILLED = "p1-pull was killed after it hung or by signal (status {})"


def main() -> None:
    """Pull, record how that ended, and exit with one of `EXIT_CODES`."""
    process.open_closed_streams()
    request = parse(sys.argv[1:])
    if request.killed is not None:
        _record(request, request.killed, KILLED.format(request.killed))
        return
    exit_code, sentence = BUG, "p1-pull failed because of a bug; the system's log has the details"
    try:
        exit_code, sentence = _pull(request)
    finally:
        if not (exit_code and _is_by_hand(sentence)):
            _record(request, exit_code, sentence)
    sys.exit(exit_code)


def _is_by_hand(sentence: str) -> bool:
    """Whether a failure is a mistake of somebody who tries a pull, which says nothing about cron's:
    interrupted, with a wrong flag, or at a terminal."""
    return not sentence or sys.stderr.isatty()


def _pull(request: Request) -> tuple[int, str]:
    """`pull`, its error printed; the exit code, and the sentence for the pages."""
    try:
        pull(request)
    except SlimmemeterError as error:
        sentence = f"p1-pull: {error}"
        print(process.harmless(sentence), file=sys.stderr)
        return error.exit_code, "" if isinstance(error, FlagError) else sentence
    except KeyboardInterrupt:
        return INTERRUPTED, ""
    return 0, ""


def _record(request: Request, exit_code: int, sentence: str) -> None:
    """Leave a pull's status to the pages, and its failures or recovery to `notify`."""
    if not request.is_pull:
        return
    database = request.database()
    status.write_pull(database, exit_code, sentence)
    if exit_code or notify.is_failing(database):
        command = str(single_setting("SLIMMEMETER_ON_TROUBLE", {}))
        if exit_code:
            notify.failed(database, command, exit_code, sentence)
        else:
            notify.recovered(database, command)


def pull(request: Request) -> None:
    """Read one telegram; with `--dry-run` or `--json` show it; store it unless `--dry-run`.

    :raises SlimmemeterError: it isn't stored; its exit code states the kind of failure.
    """
    settings = request.settings()
    if request.is_pull:
        with turn(settings.database):
            _pull_once(request, settings)
    else:
        _pull_once(request, settings)


def _pull_once(request: Request, settings: Settings) -> None:
    deadline_s = time.monotonic() + settings.timeout_s
    reception = _received(request, settings, deadline_s)
    telegram, reading = reception.telegram, reception.reading
    assert telegram is not None
    if reading is not None and not request.dry_run:
        result, notices = _store(request, settings, reading, reception.received_at, deadline_s)
        notices += telegram.uncounted()
        if request.verbose:
            process.print_line("; ".join([result, *notices]))
        elif request.is_pull:  # once, when a state changes; the pages go on showing it
            for notice in notices:
                print(process.harmless(f"p1-pull: {notice}"), file=sys.stderr)
    if (request.dry_run or request.json) and not request.raw:
        _show(request, telegram, reading, settings)
    if reception.error is not None:
        raise reception.error


def _received(request: Request, settings: Settings, deadline_s: float) -> Reception:
    """What came from FILE or the port, with a telegram in it.

    :raises SlimmemeterError: there was none.
    """
    if request.file is not None:
        name = "standard input" if request.file == "-" else request.file
        reception = Reception(zones.winter_offset_s(settings.zone), is_live=False)
        receive(_tee(_file_pieces(request.file, deadline_s), request.raw), reception)
    else:
        name, reception = _listen(request, settings, deadline_s)
    if reception.foreign.advice and not reception.valid_count:
        raise TelegramError(reception.foreign.advice)
    if reception.telegram is None:
        raise TelegramError(
            f"there is no telegram in the {reception.byte_count} bytes from {name}:"
            " none that starts with '/' and ends with '!'",
            "" if request.file else DOCTOR,
        )
    return reception


def _listen(request: Request, settings: Settings, deadline_s: float) -> tuple[str, Reception]:
    """The port's name and what came from it. :raises PortError: nothing came."""
    from slimmemeter.line import port

    name = settings.port or port.find()
    lines = ("115200-8N1", "9600-7E1") if settings.line == "auto" else (settings.line,)
    reception = Reception(zones.winter_offset_s(settings.zone))
    for left, line in zip(range(len(lines), 0, -1), lines, strict=True):
        now_s = time.monotonic()
        with port.Port(name, line, now_s + (deadline_s - now_s) / left) as opened:
            pieces = patient_pieces(opened, reception, is_last=left == 1)
            receive(_tee(pieces, request.raw), reception)
        if reception.is_complete:
            break
    if not reception.byte_count:
        raise PortError(
            f"nothing was heard from {name} in {settings.timeout_s:.0f} s: is the cable in the"
            " meter's P1 port, and is the port switched on by the grid operator?",
            DOCTOR,
        )
    return name, reception


def _file_pieces(name: str, deadline_s: float) -> Iterator[bytes]:
    late = TelegramError(f"no telegram came from {name} in time")
    try:
        with (
            process.Deadline(deadline_s, late),
            open(0 if name == "-" else name, "rb", buffering=0, closefd=name != "-") as file,
        ):
            for _ in range(LONGEST_FILE // 4096):
                if not (piece := file.read(4096)):
                    break
                yield piece
            yield b""
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {printable(os.fsencode(name))}: {cause}") from None


def _tee(pieces: Iterator[bytes], is_raw: bool) -> Iterator[bytes]:
    for piece in pieces:
        if is_raw:
            process.write(piece)
        yield piece


def _show(
    request: Request, telegram: Telegram, reading: Reading | None, settings: Settings
) -> None:
    from slimmemeter.p1 import render

    winter_offset_s = zones.winter_offset_s(settings.zone)
    if request.json:
        process.print_line(render.as_json(telegram, reading, winter_offset_s))
    else:
        process.print_line(render.as_text(telegram, winter_offset_s, zones.of(settings.zone)))


def _store(
    request: Request,
    settings: Settings,
    reading: Reading,
    received_at: int | None,
    deadline_s: float,
) -> tuple[str, list[str]]:
    """Store a reading; the result, and what changed with it, in sentences.

    :raises SlimmemeterError: it isn't stored.
    """
    if received_at is None and reading.timestamp is None:
        raise TelegramError("the telegram has no valid time, so it can't be stored")
    if received_at is None and not os.path.exists(settings.database):
        # before a database is made
        clock.refuse_future(reading.timestamp or 0, settings.zone, lambda: None)
    settings.make_own_folder()
    with Writer(settings.database, deadline_s - time.monotonic()) as writer:
        if received_at is None:
            _refuse_unknown_meter(request, writer, reading)
            taken_at = reading.timestamp or 0
            clock.refuse_future(taken_at, settings.zone, writer.newest)
            result = _add(writer, reading, taken_at, None, FROM_FILE)
        else:
            taken_at = clock.instant(reading.timestamp, received_at, writer.newest)
            result = _add(writer, reading, taken_at, received_at - taken_at, None)
            if result == CONFLICT and taken_at != received_at:  # a clock that stands still
                taken_at = received_at
                result = _add(writer, reading, taken_at, 0, None)
        is_validated = writer.is_validated()
    if not is_validated:
        _go_on_validating(settings)
    if result == CONFLICT:
        at = zones.shown(taken_at, settings.zone)
        raise TelegramError(f"another reading of {at} is stored, with other counters")
    return _stored(request, settings, taken_at, result), writer.notices


def _stored(request: Request, settings: Settings, taken_at: int, result: str) -> str:
    """The sentence for `--verbose`; local time needs the zone's data, for which cron has no use."""
    if not request.verbose:
        return ""
    was = "is stored" if result == STORED else "was stored before"
    return f"the reading of {zones.shown(taken_at, settings.zone)} {was} in {settings.database}"


def _add(
    writer: Writer, reading: Reading, taken_at: int, delay_s: int | None, source: int | None
) -> str:
    """Store a reading with what is believed of its devices."""
    devices = reading.devices
    reading.devices, ahead = stamps.believed(reading, taken_at)
    result = writer.add(reading, taken_at, delay_s, source, ahead)
    reading.devices = devices  # for --json
    return result


def _go_on_validating(settings: Settings) -> None:
    """After an upgrade each pull validates some of the older readings again."""
    from slimmemeter.store.revalidation import RevalidatingWriter

    with RevalidatingWriter(settings.database) as writer:
        writer.validate_the_rest(time.monotonic() + VALIDATION_S)


def _refuse_unknown_meter(request: Request, writer: Writer, reading: Reading) -> None:
    """A test telegram must never become the meter that replaced the one before."""
    if not request.new_meter and writer.is_unknown(reading.equipment_id):
        raise UsageError(
            f"the telegram is of meter {reading.equipment_id or 'without id'}, which this database"
            " doesn't know: --new-meter stores it as a meter that replaces the one before"
        )


if __name__ == "__main__":
    main()
