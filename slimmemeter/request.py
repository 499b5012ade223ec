"""The command line of `p1-pull`."""

from __future__ import annotations

from slimmemeter.errors import EXIT_CODES
from slimmemeter.settings import DEFAULTS_FILE, Settings, single_setting
from slimmemeter.settings_table import SETTINGS


class Request:
    """The parsed command line; without arguments, cron's pull."""

    file: str | None = None
    port: str | None = None
    db: str | None = None
    timeout: str | None = None
    line: str | None = None
    dry_run = json = raw = new_meter = verbose = False
    killed: int | None = None

    @property
    def is_pull(self) -> bool:
        """Whether it reads the meter into the database; the pages show how that ended."""
        return self.file is None and not self.dry_run

    def database(self) -> str:
        """The database, even if other settings are invalid."""
        return str(single_setting("SLIMMEMETER_DB", {"--db": self.db}))

    def settings(self) -> Settings:
        """The settings of this run. :raises UsageError: one is invalid."""
        flags = {setting.flag: getattr(self, setting.flag[2:]) for setting in FLAGS}
        return Settings(flags, may_lack_file=self.dry_run or self.db is not None)


FLAGS = [setting for setting in SETTINGS if hasattr(Request, setting.flag[2:])]


def parse(arguments: list[str]) -> Request:
    """Parse a command line; an invalid one ends the program with exit code 2."""
    if not arguments:
        return Request()
    import argparse

    from slimmemeter import version

    codes = "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items())
    variables = "\n".join(f"  {setting.flag:<12} {setting.name}" for setting in FLAGS)
    parser = argparse.ArgumentParser(
        prog="p1-pull",
        description="Read one telegram from the smart meter's P1 port and store it.",
        epilog=f"exit codes:\n{codes}\n\nwithout a flag, its variable is used, else"
        f" {DEFAULTS_FILE}:\n{variables}",
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
        ("--new-meter", "accept a FILE of a meter that this database doesn't know"),
    ):
        parser.add_argument(flag, action="store_true", help=sentence)
    parser.add_argument("-v", "--verbose", action="store_true", help="print what was done")
    parser.add_argument("--version", action="version", version=version.shown())
    # For pull.sh: record that a pull with these arguments was killed, with this exit status.
    parser.add_argument("--killed", type=int, help=argparse.SUPPRESS)
    request = parser.parse_args(arguments, namespace=Request())
    if request.raw and request.json:
        parser.error("--raw and --json can't both have standard output")
    return request
