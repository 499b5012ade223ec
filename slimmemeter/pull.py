"""`p1-pull`: one telegram from the meter, checked, into one row of the database.

Cron starts it every five minutes on a small computer, so what it imports is a budget: no flask,
numpy or matplotlib ever, and argparse, json and datetime only for who asks for them.
"""

from __future__ import annotations

import os
import sys
import time

from slimmemeter import clock, notify, process, status
from slimmemeter.errors import EXIT_CODES, PortError, SlimmemeterError, TelegramError, UsageError
from slimmemeter.line.receive import Heard, patient, receive
from slimmemeter.p1.telegram import printable
from slimmemeter.settings import DEFAULTS_FILE, SETTINGS, Settings, setting_alone
from slimmemeter.store.writer import CONFLICT, FROM_FILE, STORED, Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from slimmemeter.p1.telegram import Reading, Telegram

DOCTOR = "slimmemeter doctor"  # looks for the cause
OWN_WORD = (2, 3, 4, 5)  # exit codes of failures that `main` told and left word of
LONGEST_FILE = 1 << 20  # bytes of FILE in which a telegram must be found


class Wanted:
    """What the command line asks for; as it stands, what cron does."""

    file: str | None = None
    port: str | None = None
    db: str | None = None
    timeout: str | None = None
    line: str | None = None
    dry_run = json = raw = new_meter = verbose = False

    @property
    def stores_from_port(self) -> bool:
        """Whether it is a pull from the meter into the database, of which the pages tell."""
        return self.file is None and not self.dry_run

    def database(self) -> str:
        """The database, also where other settings don't fit."""
        return str(setting_alone("SLIMMEMETER_DB", {"--db": self.db}))

    def settings(self) -> Settings:
        """The settings that hold for this run. :raises UsageError: one doesn't fit."""
        return Settings({setting.flag: getattr(self, setting.flag[2:]) for setting in FLAGS})


FLAGS = [setting for setting in SETTINGS if hasattr(Wanted, setting.flag[2:])]


def main() -> None:
    """Run, leave word of what came of it, and end with the exit code of `EXIT_CODES`."""
    _run()


def _run() -> str | None:
    """`main`; returns the database if it was a pull from the port into it."""
    code, said = 0, ""
    process.open_closed_streams()
    asked = parse(sys.argv[1:])
    try:
        pull(asked)
    except SlimmemeterError as error:
        code, said = error.exit_code, f"p1-pull: {error}"
    except KeyboardInterrupt:
        sys.exit(130)
    database = asked.database() if asked.stores_from_port else None
    if database is not None:
        status.leave(database, code, said)
    if code:
        print(printable(said.encode("utf-8", "surrogateescape")), file=sys.stderr)
        sys.exit(code)
    return database


def main_of_cron() -> None:
    """`main`, telling that trouble is over, and ending without taking the interpreter apart, which
    costs a tenth of a pull."""
    database = _run()
    if database is not None and notify.is_counted(database):
        notify.ended(database, _on_trouble())
    os._exit(0)  # all is said and closed


def after_failure() -> None:
    """For `pull.sh`: the arguments are the exit code, the sentence, and what the pull's arguments
    were. A pull that was killed left no word of its own."""
    code, said, *arguments = sys.argv[1:]
    asked = parse(arguments)
    if asked.stores_from_port:
        if int(code) not in OWN_WORD:
            status.leave(asked.database(), int(code), said)
        notify.failed(asked.database(), _on_trouble(), int(code), said)


def _on_trouble() -> str:
    return str(setting_alone("SLIMMEMETER_ON_TROUBLE", {}))


def pull(wanted: Wanted) -> None:
    """Read one telegram; show it if that was asked for; store it unless `--dry-run`.

    :raises SlimmemeterError: the one whose exit code says what is wrong.
    """
    settings = wanted.settings()
    deadline_s = time.monotonic() + settings.timeout_s
    winter_offset_s = settings.winter_offset_s()
    telegram, error = _heard(wanted, settings, deadline_s)
    received_at = None if wanted.file else clock.now()
    reading = None
    if error is None:
        try:
            reading = telegram.reading(winter_offset_s, received_at)
        except TelegramError as wrong:
            error = wrong
    if reading is not None and not wanted.dry_run:
        said, noticed = _store(wanted, settings, reading, received_at, deadline_s)
        if wanted.verbose:
            process.say("; ".join([said, *noticed]))
        elif wanted.stores_from_port:  # once, when it changes; the pages go on telling it
            for each in noticed:
                print(f"p1-pull: {each}", file=sys.stderr)
    if (wanted.dry_run or wanted.json) and not wanted.raw:
        _show(wanted, telegram, reading, settings)
    if error is not None:
        raise error


def _heard(
    wanted: Wanted, settings: Settings, deadline_s: float
) -> tuple[Telegram, TelegramError | None]:
    """The telegram of FILE or port, with what is wrong with it.

    :raises SlimmemeterError: there was none.
    """
    if wanted.file is not None:
        heard = receive(_tee(_from_file(wanted.file, deadline_s), wanted.raw))
        name = "standard input" if wanted.file == "-" else wanted.file
    else:
        from slimmemeter.line import port

        name = settings.port or port.find()
        lines = ("115200-8N1", "9600-7E1") if settings.line == "auto" else (settings.line,)
        heard = Heard()
        for left, line in zip(range(len(lines), 0, -1), lines, strict=True):
            now_s = time.monotonic()
            with port.Port(name, line, now_s + (deadline_s - now_s) / left) as opened:
                pieces = patient(opened, heard, left == 1)
                heard = receive(_tee(pieces, wanted.raw), heard)
            if heard.is_enough:
                break
        if not heard.bytes:
            raise PortError(
                f"nothing was heard from {name} in {settings.timeout_s:.0f} s: is the cable in the"
                " meter's P1 port, and is the port switched on by the grid operator?",
                DOCTOR,
            )
    if heard.foreign.said and not heard.right:
        raise TelegramError(heard.foreign.said)
    if heard.telegram is None:
        raise TelegramError(
            f"there is no telegram in the {heard.bytes} bytes from {name}:"
            " none that starts with '/' and ends with '!'",
            "" if wanted.file else DOCTOR,
        )
    return heard.telegram, heard.error


def _from_file(name: str, deadline_s: float) -> Iterator[bytes]:
    from slimmemeter import alarm

    alarm.ring_at(deadline_s, TelegramError(f"no telegram came from {name} in time"))
    try:
        with open(0 if name == "-" else name, "rb", buffering=0, closefd=name != "-") as file:
            for _ in range(LONGEST_FILE // 4096):
                if not (piece := file.read(4096)):
                    break
                yield piece
            yield b""
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {printable(os.fsencode(name))}: {why}") from None
    finally:
        alarm.stop()


def _tee(pieces: Iterator[bytes], raw: bool) -> Iterator[bytes]:
    for piece in pieces:
        if raw:
            process.write(piece)
        yield piece


def _show(wanted: Wanted, telegram: Telegram, reading: Reading | None, settings: Settings) -> None:
    from slimmemeter.p1 import render

    winter_offset_s = settings.winter_offset_s()
    if wanted.json:
        process.say(render.as_json(telegram, reading, winter_offset_s))
    else:
        process.say(render.page(telegram, winter_offset_s, settings.zone_info()))


def _store(
    wanted: Wanted,
    settings: Settings,
    reading: Reading,
    received_at: int | None,
    deadline_s: float,
) -> tuple[str, list[str]]:
    """Store it; what was done and what was noticed, in words.

    :raises SlimmemeterError: it isn't stored.
    """
    if received_at is None and reading.stamp is None:
        raise TelegramError("the telegram doesn't say when it was made, so it can't be stored")
    settings.make_own_folder()
    with Writer(settings.database, deadline_s - time.monotonic()) as writer:
        if received_at is None:
            _refuse_foreign(wanted, writer, reading)
            taken_at = reading.stamp or 0
            outcome = writer.add(reading, taken_at, None, FROM_FILE)
        else:
            taken_at = clock.instant(reading.stamp, received_at, writer.newest)
            outcome = writer.add(reading, taken_at, received_at - taken_at, None)
            if outcome == CONFLICT and taken_at != received_at:  # a clock that stands still
                taken_at = received_at
                outcome = writer.add(reading, taken_at, 0, None)
        writer.close()
    if outcome == CONFLICT:
        raise TelegramError(f"another reading of {_utc(taken_at)} is stored, with other counters")
    was = "is stored" if outcome == STORED else "was stored before"
    return f"the reading of {_utc(taken_at)} {was} in {settings.database}", writer.noticed


def _refuse_foreign(wanted: Wanted, writer: Writer, reading: Reading) -> None:
    """A test telegram must never become the meter that replaced the one before."""
    if not wanted.new_meter and writer.is_foreign(reading.meter_id):
        raise UsageError(
            f"the telegram is of meter {reading.meter_id or 'without id'}, which this database"
            " doesn't know: --new-meter stores it as a meter that replaces the one before"
        )


def _utc(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def parse(arguments: list[str]) -> Wanted:
    """What a command line asks for; a wrong one ends the program with exit code 2."""
    if not arguments:
        return Wanted()
    import argparse

    from slimmemeter import __version__

    codes = "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items())
    variables = "\n".join(f"  {setting.flag:<12} {setting.name}" for setting in FLAGS)
    parser = argparse.ArgumentParser(
        prog="p1-pull",
        description="Read one telegram from the smart meter's P1 port and store it.",
        epilog=f"exit codes:\n{codes}\n\nwhere a flag is not given, its variable counts (then"
        f" {DEFAULTS_FILE}):\n{variables}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="read a file instead; - is stdin")
    for setting in FLAGS:
        parser.add_argument(setting.flag, help=setting.sentence)
    for flag, sentence in (
        ("--dry-run", "show every object of the telegram and store nothing"),
        ("--json", "print the telegram as JSON"),
        ("--raw", "print the bytes as they come, good or bad"),
        ("--new-meter", "let FILE be of a meter that this database doesn't know"),
    ):
        parser.add_argument(flag, action="store_true", help=sentence)
    parser.add_argument("-v", "--verbose", action="store_true", help="say what was done")
    parser.add_argument("--version", action="version", version=f"slimmemeter {__version__}")
    asked = parser.parse_args(arguments, namespace=Wanted())
    if asked.raw and asked.json:
        parser.error("--raw and --json can't both have standard output")
    return asked


if __name__ == "__main__":
    main()
