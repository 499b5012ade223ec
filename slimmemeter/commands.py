"""What each command of `slimmemeter` is: its sentence, its flags, and what it does."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from slimmemeter import process
from slimmemeter.errors import UsageError
from slimmemeter.settings import Settings


def _print(lines: Iterable[str]) -> int:
    for line in lines:
        process.print_line(line)
    return 0


def _write(texts: Iterable[str]) -> int:
    """Write what may be long; whoever reads it may stop at any time."""
    all(process.write(text.encode()) for text in texts)
    return 0


def _serve(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter.web import server

    server.serve(settings)
    return 0


def _doctor(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter.doctor import checks, rebuild

    if arguments.report:
        process.write(checks.report(settings))
        return 0
    if arguments.rebuild:
        process.print_line(rebuild.rebuild(settings))
        return 0
    return checks.run(settings)


def _backup(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter import backup_commands

    if arguments.list:
        return _print(backup_commands.list_backups(settings, arguments.to))
    return _print(backup_commands.make_backup(settings, arguments.to))


def _restore(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter import backup_commands

    return _print(backup_commands.restore(settings, arguments.file, arguments.yes))


def _start_over(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter import backup_commands

    return _print(backup_commands.start_over(settings, arguments.yes))


def _import(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter.transfer import import_command

    if arguments.undo:
        return _print(import_command.undo(settings, arguments.files))
    about = (arguments.files, arguments.dry_run, arguments.new_meter)
    return _print(import_command.import_files(settings, *about))


def _export(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter.transfer import export_command

    if (program := getattr(arguments, "for")) is not None:
        return _print(export_command.export_for(settings, program, arguments.what))
    about = (arguments.what, arguments.json, arguments.without_ids)
    return _write(export_command.export(settings, *about))


def _bill(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter.money.commands import bill_command

    return _write(bill_command.print_bill(settings, arguments.period, arguments.json))


def _battery(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter.money.commands import battery_command

    flags = {flag: getattr(arguments, flag[2:]) for flag in BATTERY}
    return _write(battery_command.run(settings, flags, arguments.if_due))


def _prices(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter.money.market import fetching

    return _print(fetching.run(settings, arguments.if_due))


def _publish(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter.publish import run

    task = run.Task(arguments.since, arguments.dry_run, arguments.init, arguments.if_due)
    return _print(run.run(settings, task))


def _contract(settings: Settings, arguments: Namespace) -> int:
    if arguments.what == "check":
        from slimmemeter.money.commands import bill_command

        return _write([bill_command.check(settings)])
    if arguments.what is not None:
        raise UsageError("`slimmemeter contract` asks, `slimmemeter contract check` checks")
    from slimmemeter.money.commands import ask

    return _write(ask.run(settings))


def _set_aside(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter import set_aside

    about = (arguments.at, arguments.until, arguments.meter, arguments.undo)
    return _print(set_aside.run(settings, *about))


def _password(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter import set_password

    process.print_line(set_password.run(arguments.remove))
    return 0


def _listen(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter import listen

    return _print(listen.run(arguments.address))


def _demo(settings: Settings, arguments: Namespace) -> int:
    from slimmemeter.demo import run

    if arguments.db is None:  # never the house's own
        settings.database = f"{os.path.dirname(settings.database)}/demo.sqlite3"
    return run.run(settings, arguments.check)


class Command(NamedTuple):
    """A command: its sentence, its function, the settings that are its flags, its other flags,
    its argument (name, number as in argparse, sentence), its flags that take a value, and
    whether it works for a user who may not read the settings (None: with --db)."""

    sentence: str
    run: Callable[[Settings, Namespace], int]
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
        "calculate what a battery would have done in the last year",
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
