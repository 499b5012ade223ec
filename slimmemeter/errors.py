"""Every way in which the programs fail on purpose, and the exit code of each.

The first line of each docstring stands beside the code in `--help` and docs/p1-pull.md.
"""

from __future__ import annotations

STORED = 0
BUG = 1


class SlimmemeterError(Exception):
    """A failure, as one sentence (subject, cause, remedy), and a command that helps."""

    exit_code = BUG

    def __init__(self, sentence: str, command: str = "") -> None:
        super().__init__(f"{sentence}: `{command}`" if command else sentence)
        self.sentence = sentence
        self.command = command


class UsageError(SlimmemeterError):
    """the command line, a setting or FILE is wrong"""

    exit_code = 2


class FlagError(UsageError):
    """a value on the command line is wrong"""


class PortError(SlimmemeterError):
    """the port can't be opened, is busy or lost, or nothing was heard in time"""

    exit_code = 3


class TelegramError(SlimmemeterError):
    """nothing valid came in time: framing, CRC, values or clocks are wrong"""

    exit_code = 4


class StoreError(SlimmemeterError):
    """the database is locked too long, full, read-only, not ours, or newer than this program"""

    exit_code = 5


class PricesError(SlimmemeterError):
    """the market's prices can't be fetched, or what came are none"""

    exit_code = 7


class PublishError(SlimmemeterError):
    """a target of SLIMMEMETER_PUBLISH can't be reached, or refuses what it gets"""

    exit_code = 8


NEEDS_A_HAND = 6
EXIT_CODES: dict[int, str] = {
    STORED: "the reading is stored, or was stored before",
    BUG: "a bug in this program",
    **{
        kind.exit_code: str(kind.__doc__)
        for kind in (UsageError, PortError, TelegramError, StoreError)
    },
}
COMMANDS_CODES = EXIT_CODES | {
    STORED: "it is done",
    NEEDS_A_HAND: "doctor found something to put right",
    PricesError.exit_code: str(PricesError.__doc__),
    PublishError.exit_code: str(PublishError.__doc__),
}
