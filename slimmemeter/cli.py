"""`slimmemeter`: the commands beside `p1-pull`."""

from __future__ import annotations

import argparse
import os
import sys

from slimmemeter import __version__
from slimmemeter.errors import EXIT_CODES, SlimmemeterError
from slimmemeter.settings import SETTINGS, Settings

FLAGS = {setting.flag: setting for setting in SETTINGS}


def main() -> None:
    """Run the command that was asked for, and leave with its exit code."""
    arguments = _parser().parse_args()
    try:
        flags = {flag: getattr(arguments, flag[2:], None) for flag in FLAGS}
        settings = Settings(flags)
        if arguments.command == "serve":
            from slimmemeter import server

            server.serve(settings)
        else:
            from slimmemeter import demo

            if arguments.db is None:  # never the house's own
                folder = os.path.dirname(settings.database)
                settings.database = f"{folder}/demo.sqlite3"
            sys.exit(demo.run(settings, arguments.check))
    except SlimmemeterError as error:
        print(f"slimmemeter: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _parser() -> argparse.ArgumentParser:
    codes = "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items())
    parser = argparse.ArgumentParser(
        prog="slimmemeter",
        description="Show what the smart meter told.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"slimmemeter {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve the pages", allow_abbrev=False)
    demo = commands.add_parser("demo", help="a simulated house and its pages", allow_abbrev=False)
    for command in (serve, demo):
        for flag in ("--db", "--listen"):
            command.add_argument(flag, help=FLAGS[flag].sentence)
    demo.add_argument("--check", action="store_true", help="look at the pages once, and end")
    return parser


if __name__ == "__main__":
    main()
