"""`slimmemeter`: the commands beside `p1-pull`."""

from __future__ import annotations

import argparse
import os
import sys

from slimmemeter import __version__, output
from slimmemeter.errors import COMMANDS_CODES, SlimmemeterError
from slimmemeter.settings import SETTINGS, Settings
from slimmemeter.telegram import printable

FLAGS = {setting.flag: setting for setting in SETTINGS}


def main() -> None:
    """Run the command that was asked for, and leave with its exit code."""
    output.open_closed_streams()
    arguments = _parser().parse_args()
    try:
        flags = {flag: getattr(arguments, flag[2:], None) for flag in FLAGS}
        sys.exit(arguments.run(Settings(flags), arguments))
    except SlimmemeterError as error:
        said = f"slimmemeter: {error}".encode("utf-8", "surrogateescape")
        print(printable(said), file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


def _serve(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter import server

    server.serve(settings)
    return 0


def _doctor(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter import doctor

    if arguments.report:
        output.write(doctor.report(settings))
        return 0
    if arguments.rebuild:
        output.say(doctor.rebuild(settings))
        return 0
    return doctor.run(settings)


def _demo(settings: Settings, arguments: argparse.Namespace) -> int:
    from slimmemeter import demo

    if arguments.db is None:  # never the house's own
        settings.database = f"{os.path.dirname(settings.database)}/demo.sqlite3"
    return demo.run(settings, arguments.check)


# Each command: what it is, what runs it, the settings that are its flags, its other flags.
COMMANDS = {
    "serve": ("serve the pages", _serve, ("--db", "--listen"), {}),
    "doctor": (
        "look for what is wrong, from the cable to the pages",
        _doctor,
        ("--port", "--line", "--timeout", "--db", "--listen"),
        {
            "--report": "print a telegram without its serial numbers, to be shown to others",
            "--rebuild": "judge all stored readings anew, and record again what is noticed",
        },
    ),
    "demo": (
        "a simulated house and its pages",
        _demo,
        ("--db", "--listen"),
        {"--check": "look at the pages once, and end"},
    ),
}


def _parser() -> argparse.ArgumentParser:
    codes = "\n".join(f"  {code}  {meaning}" for code, meaning in COMMANDS_CODES.items())
    parser = argparse.ArgumentParser(
        prog="slimmemeter",
        description="Show what the smart meter told.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"slimmemeter {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (sentence, run, settings, switches) in COMMANDS.items():
        command = commands.add_parser(name, help=sentence, allow_abbrev=False)
        command.set_defaults(run=run)
        for flag in settings:
            command.add_argument(flag, help=FLAGS[flag].sentence)
        for flag, meaning in switches.items():
            command.add_argument(flag, action="store_true", help=meaning)
    return parser


if __name__ == "__main__":
    main()
