"""`slimmemeter`: the commands beside `p1-pull`."""

from __future__ import annotations

import argparse
import sys

from slimmemeter import process, version
from slimmemeter.commands import COMMANDS
from slimmemeter.errors import COMMANDS_CODES, SlimmemeterError
from slimmemeter.settings import Settings
from slimmemeter.settings_table import SETTINGS

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
