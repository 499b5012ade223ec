"""`slimmemeter`: the commands beside `p1-pull`."""

from __future__ import annotations

import argparse
import sys

from slimmemeter import __version__
from slimmemeter.errors import EXIT_CODES, SlimmemeterError, UsageError
from slimmemeter.settings import SETTINGS, Settings

FLAGS = {setting.flag: setting for setting in SETTINGS}
THREADS = 4


def main() -> None:
    """Run the command that was asked for, and leave with its exit code."""
    arguments = _parser().parse_args()
    try:
        flags = {flag: getattr(arguments, flag[2:], None) for flag in FLAGS}
        settings = Settings(flags)
        if arguments.command == "serve":
            serve(settings)
        else:
            from slimmemeter import demo

            sys.exit(demo.run(settings, arguments.check))
    except SlimmemeterError as error:
        print(f"slimmemeter: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def serve(settings: Settings) -> None:
    """Serve the pages until the process is told to stop.

    :raises UsageError: the address can't be listened on.
    """
    server = make_server(settings)
    print(f"serving the pages of {settings.database} on {settings.listen}", flush=True)
    server.run()


def make_server(settings: Settings):  # type: ignore[no-untyped-def]  # waitress has no types
    """waitress, listening for the settings' pages."""
    from waitress.server import create_server

    from slimmemeter.web import create_app

    try:
        return create_server(
            create_app(settings),
            listen=settings.listen,
            threads=THREADS,
            send_bytes=1 << 18,  # a whole answer at once
            ident="slimmemeter",
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot listen on {settings.listen}: {error}") from None


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
