"""`slimmemeter`: the commands beside `p1-pull`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from slimmemeter import process, version, zones
from slimmemeter.errors import COMMANDS_CODES, SlimmemeterError, UsageError
from slimmemeter.settings import SETTINGS, Settings

if TYPE_CHECKING:
    from slimmemeter.store import backup
    from slimmemeter.store.backup_folder import Backup
    from slimmemeter.store.records import Event
    from slimmemeter.transfer import importer

FLAGS = {setting.flag: setting for setting in SETTINGS}


def main() -> None:
    """Run a command, and exit with its exit code."""
    process.open_closed_streams()
    arguments = _parser().parse_args()
    try:
        flags = {flag: getattr(arguments, flag[2:], None) for flag in FLAGS}
        may_lack_file = COMMANDS[arguments.command].may_lack_settings(flags)
        sys.exit(arguments.run(Settings(flags, may_lack_file=may_lack_file), arguments))
    except SlimmemeterError as error:
        print(process.harmless(f"slimmemeter: {error}"), file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


def _serve(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.web import server

    server.serve(settings)
    return 0


def _doctor(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.doctor import checks, rebuild

    if arguments.report:
        process.write(checks.report(settings))
        return 0
    if arguments.rebuild:
        process.print_line(rebuild.rebuild(settings))
        return 0
    return checks.run(settings)


def _backup(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.store import backup

    if arguments.list:
        return _list_backups(arguments.to, settings)
    folder = arguments.to or backup.folder_of(settings)
    content = backup.make(settings.database, folder, settings.contracts_path)
    process.print_line(f"{content.path} has {_contents(content, settings)}, and was verified")
    return 0


def _list_backups(folder: str | None, settings: Settings) -> int:
    from slimmemeter.store import backup_folder

    found = backup_folder.of_folder(folder) if folder else _found_backups(settings)
    for each in found:
        process.print_line(_backup_line(each, settings))
    if not found:
        process.print_line("there is no backup that this user can see")
    return 0


def _found_backups(settings: Settings) -> list[Backup]:
    from slimmemeter.store import backup_folder

    return backup_folder.found(settings.backup_folder, settings.database)


def _backup_line(found: Backup, settings: Settings) -> str:
    count = "" if found.readings is None else f"{found.readings} readings"
    return f"{zones.shown(found.made_at, settings.zone)}  {count:>17}  {found.path}"


def _chosen_backup(settings: Settings) -> str:
    """The path of the backup that a person chooses. :raises UsageError: nobody does."""
    found = _found_backups(settings)
    if not found:
        raise UsageError("no backup was found; where is it? `slimmemeter restore FILE`")
    for number, each in enumerate(found, 1):
        process.print_line(f"{number:3}  {_backup_line(each, settings)}")
    answer = _answered("Which one? ")
    if not (answer.isascii() and answer.isdigit() and 0 < int(answer) <= len(found)):
        raise UsageError("cancelled: nothing was restored")
    return found[int(answer) - 1].path


def _restore(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.store import backup

    file = arguments.file or _chosen_backup(settings)

    def confirm(content: backup.Content) -> bool:
        return arguments.yes or _agreed(
            f"{content.path} has {_contents(content, settings)}. Put it in the place of"
            f" {settings.database}?"
        )

    content, aside = backup.restore(file, settings.database, confirm, settings.contracts_path)
    process.print_line(f"{settings.database} now has {_contents(content, settings)}")
    if aside is not None:
        process.print_line(f"what was there before is in {aside}")
    if content.contracts_aside is not None:
        process.print_line(f"the contracts that were there are in {content.contracts_aside}")
    return 0


def _start_over(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.store import backup

    if not (arguments.yes or _agreed(f"Set {settings.database} aside and begin a new one?")):
        raise UsageError("cancelled: nothing was changed")
    aside = backup.start_over(settings.database)
    process.print_line(f"{settings.database} is empty now; what was there is in {aside}")
    return 0


def _contents(content: backup.Content, settings: Settings) -> str:
    """The number of readings, and their first and last time."""
    if content.first is None or content.newest is None:
        return "no reading"
    begin, end = (zones.shown(at, settings.zone) for at in (content.first, content.newest))
    return f"{content.readings} readings from {begin} to {end}"


def _agreed(question: str) -> bool:
    """Whether a person agrees. :raises UsageError: there is no terminal to ask on."""
    return _answered(f"{question} [y/N] ", "use --yes").lower() in ("y", "yes", "j", "ja")


def _answered(question: str, remedy: str = "name one") -> str:
    """A person's answer, even if standard input is a file.

    :raises UsageError: there is no terminal to ask on.
    """
    try:
        with open("/dev/tty", "r+b", buffering=0) as terminal:
            terminal.write(question.encode())
            return terminal.readline().decode(errors="replace").strip()
    except OSError:
        raise UsageError(f"there is no terminal to answer on; {remedy}") from None


def _import(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.transfer import importer

    if not arguments.files:
        raise UsageError("which file? `slimmemeter import FILE...`")
    if arguments.undo:
        if len(arguments.files) > 1:
            raise UsageError("--undo takes back one import at a time: give it one number")
        count = importer.undo(settings, arguments.files[0])
        process.print_line(f"{count} readings of import {arguments.files[0]} were removed")
        return 0
    for tally in importer.run(settings, arguments.files, arguments.dry_run, arguments.new_meter):
        process.print_line(_summary(tally, settings, arguments.dry_run))
    return 0


def _summary(tally: importer.Tally, settings: Settings, dry_run: bool) -> str:
    """The result of one file, in a few lines."""
    from slimmemeter.transfer.detect import PRICES

    new = f"{tally.prices} new prices" if tally.kind == PRICES else f"{tally.new} new readings"
    text = f"{tally.path} ({tally.kind}): {new}"
    if tally.first is not None and tally.last is not None:
        begin, end = (zones.shown(at, settings.zone) for at in (tally.first, tally.last))
        text += f", of all from {begin} to {end}"
    for result, words in (("known", "stored before"), ("conflict", "other than what is stored")):
        if result in tally.counts:
            text += f"; {tally.counts[result]} {words}"
    if tally.log_rows:
        text += f"; {tally.log_rows} new power failures, peaks and counts"
    if tally.invalid:
        text += f"; {tally.invalid} invalid"
    if dry_run:
        text += "; nothing was stored"
    elif tally.is_recorded:
        text += f"; `slimmemeter import --undo {tally.number}` removes them again"
    told = [f"left out: {each}" for each in tally.left_out]
    told += (_overlap(each, settings) for each in tally.overlaps)
    return "\n    ".join([text, *told])


def _overlap(event: Event, settings: Settings) -> str:
    """Two meters at one time, which is most likely a mistake."""
    begin, end = (zones.shown(at, settings.zone) for at in (event.at, event.until or event.at))
    return (
        f"overlap: the meters {event.detail} both have readings from {begin} to {end}; if one is of"
        " another house, take this import out again"
    )


def _export(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.transfer import exporter

    if getattr(arguments, "for") is not None:
        return _export_for(settings, getattr(arguments, "for"), arguments.what)
    if arguments.what is not None:
        form = "json" if arguments.json else "csv"
        process.write(exporter.table(settings, arguments.what, form).encode())
        return 0
    lines = exporter.json_lines if arguments.json else exporter.csv_lines
    for text in lines(settings.database, arguments.without_ids):
        if not process.write(text.encode()):
            break
    return 0


def _export_for(settings: Settings, program: str, folder: str | None) -> int:
    from slimmemeter.transfer import home_assistant

    if program != home_assistant.NAME or folder is None:
        raise UsageError(f"`slimmemeter export --for {home_assistant.NAME} FOLDER`")
    for line in home_assistant.write(settings, folder):
        process.print_line(line)
    return 0


def _bill(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.money import commands

    for text in commands.print_bill(settings, arguments.period, arguments.json):
        process.write(text.encode())
    return 0


def _battery(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.money import battery_command

    flags = {flag: getattr(arguments, flag[2:]) for flag in BATTERY}
    for text in battery_command.run(settings, flags, arguments.if_due):
        process.write(text.encode())
    return 0


def _prices(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.money import fetching

    for line in fetching.run(settings, arguments.if_due):
        process.print_line(line)
    return 0


def _publish(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.publish import run

    task = run.Task(arguments.since, arguments.dry_run, arguments.init, arguments.if_due)
    for line in run.run(settings, task):
        process.print_line(line)
    return 0


def _contract(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.money import ask, commands

    if arguments.what not in (None, "check"):
        raise UsageError("`slimmemeter contract` asks, `slimmemeter contract check` checks")
    texts = ask.run(settings) if arguments.what is None else [commands.check(settings)]
    for text in texts:
        process.write(text.encode())
    return 0


def _set_aside(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter import set_aside

    about = (arguments.at, arguments.until, arguments.meter, arguments.undo)
    for line in set_aside.run(settings, *about):
        process.print_line(line)
    return 0


def _password(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter import set_password

    process.print_line(set_password.run(arguments.remove))
    return 0


def _listen(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter import listen

    for line in listen.run(arguments.address):
        process.print_line(line)
    return 0


def _demo(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter.demo import run

    if arguments.db is None:  # never the house's own
        settings.database = f"{os.path.dirname(settings.database)}/demo.sqlite3"
    return run.run(settings, arguments.check)


class Command(NamedTuple):
    """A command: its sentence, its function, the settings that are its flags, its other flags,
    its argument (name, number as in argparse, sentence), its flags that take a value, and
    whether it works for a user who may not read the settings (None: with --db)."""

    sentence: str
    run: Callable[[Settings, argparse.Namespace], int]
    settings: tuple[str, ...]
    switches: Mapping[str, str] = {}
    argument: tuple[str, str | None, str] | None = None
    values: Mapping[str, str] = {}
    works_without_settings: bool | None = None

    def may_lack_settings(self, flags: Mapping[str, str | None]) -> bool:
        """Whether it works with these flags for a user who may not read the settings."""
        if self.works_without_settings is not None:
            return self.works_without_settings
        return bool(flags.get("--db"))


BATTERY = {
    "--kwh": "capacities, such as 5,10; without it 2,5,10,15",
    "--kw": "the most that it charges and discharges; without it 3",
    "--efficiency": "what comes out of what goes in, in percent; without it 90",
    "--reserve": "the share that always stays in it, in percent; without it 10",
}
YES = {"--yes": "don't ask"}
COMMANDS = {
    "serve": Command("serve the pages", _serve, ("--db", "--listen"), works_without_settings=False),
    "doctor": Command(
        "check everything, from the cable to the pages",
        _doctor,
        ("--port", "--line", "--timeout", "--db", "--listen"),
        {
            "--report": "print a telegram without serial numbers, to show to others",
            "--rebuild": "validate all stored readings again",
        },
        works_without_settings=True,
    ),
    "backup": Command(
        "make a verified copy of the database while everything goes on",
        _backup,
        ("--db",),
        {"--list": "list the backups that are there"},
        ("to", "?", "the folder; without it SLIMMEMETER_BACKUP_DIR"),
    ),
    "restore": Command(
        "put a backup in the database's place; what was there is kept",
        _restore,
        ("--db",),
        YES,
        ("file", "?", "the backup; - is standard input; without it those that are found"),
    ),
    "import": Command(
        "import readings: logs of telegrams, CSV, databases, DSMR-reader's backup; prices",
        _import,
        ("--db",),
        {
            "--dry-run": "print the result, and store nothing",
            "--undo": "remove the import of that number",
            "--new-meter": "accept readings of a meter that the database doesn't know",
        },
        ("files", "*", "the files, or the number; - is standard input"),
    ),
    "export": Command(
        "write all readings, or a table of a period, to standard output",
        _export,
        ("--db",),
        {
            "--json": "JSON instead of CSV; of readings an object a line",
            "--without-ids": "number the meters instead of naming them",
        },
        ("what", "?", "a table, such as day/2026-11-23/electricity; without it all readings"),
        {"--for": "home-assistant: write files of its statistics; WHAT is their folder"},
    ),
    "bill": Command(
        "print what a period costs, by your contracts",
        _bill,
        ("--db",),
        {"--json": "as JSON, for programs"},
        ("period", None, "month/2026-11, year/2026, or contract/2026-03-01 for a contract year"),
    ),
    "battery": Command(
        "reckon what a battery would have done in the last year",
        _battery,
        ("--db",),
        {"--if-due": "only keep the result for the pages, if there is a contract; for cron"},
        values=BATTERY,
    ),
    "prices": Command(
        "fetch the market's prices of tomorrow, and what is missing of earlier ones",
        _prices,
        ("--db",),
        {"--if-due": "say and do nothing if there is nothing to do; for cron"},
    ),
    "publish": Command(
        "send what is new to each target of SLIMMEMETER_PUBLISH",
        _publish,
        ("--db",),
        {
            "--dry-run": "print how many readings would be sent, and send none",
            "--init": "make the tables that a target needs",
            "--if-due": "say nothing, and stop in time; for cron",
        },
        values={"--since": "send everything from a day or a moment on, such as 2024-01-01"},
    ),
    "contract": Command(
        "ask what stands on your bill, and write the file of contracts",
        _contract,
        ("--db",),
        argument=("what", "?", "check: show how the file is understood, and change nothing"),
    ),
    "set-aside": Command(
        "leave the readings of a time out of all totals, such as those of a faulty meter",
        _set_aside,
        ("--db",),
        {"--undo": "let those count again that were set aside so"},
        ("at", None, "2026-11-23T14:05 of the house's clock, or 2026-11-23 for the whole day"),
        {
            "--until": "the end of a longer time, which still belongs to it",
            "--meter": "the id of a meter, of gas too; without it the newest of electricity",
        },
    ),
    "start-over": Command(
        "set the database aside and begin a new one", _start_over, ("--db",), YES
    ),
    "password": Command(
        "set or change the password of the pages",
        _password,
        (),
        {"--remove": "let everybody in the house see them"},
    ),
    "listen": Command(
        "show the address of the pages, or move them to another",
        _listen,
        (),
        argument=("address", "?", ":80 for another port, or one address such as 127.0.0.1:8765"),
        works_without_settings=True,
    ),
    "demo": Command(
        "a simulated house and its pages",
        _demo,
        ("--db", "--listen"),
        {"--check": "fetch the pages once, and end"},
        works_without_settings=True,
    ),
}


def _parser() -> argparse.ArgumentParser:
    codes = "\n".join(f"  {code}  {meaning}" for code, meaning in COMMANDS_CODES.items())
    parser = argparse.ArgumentParser(
        prog="slimmemeter",
        description="Show the readings of the smart meter.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=version.shown())
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about.sentence, allow_abbrev=False)
        command.set_defaults(run=about.run)
        if about.argument is not None:
            argument, number, meaning = about.argument
            command.add_argument(argument, nargs=number, metavar=argument.upper(), help=meaning)
        for flag in about.settings:
            command.add_argument(flag, help=FLAGS[flag].sentence)
        for flag, meaning in about.values.items():
            command.add_argument(flag, help=meaning)
        for flag, meaning in about.switches.items():
            command.add_argument(flag, action="store_true", help=meaning)
    return parser


if __name__ == "__main__":
    main()
