"""A finding: its state, one sentence, and commands that help."""

from __future__ import annotations

import textwrap

from slimmemeter import process
from slimmemeter.errors import SlimmemeterError

FINE, NOTE, WRONG = "ok", "note", "WRONG"
WIDTH = 100
MARGIN = " " * 7


class Finding:
    """The result of one check."""

    def __init__(self, state: str, sentence: str, *commands: str) -> None:
        self.state = state
        self.sentence = sentence
        self.commands = commands

    def shown(self) -> str:
        """The sentence, and each command on its own line, to be copied.

        Nothing in them can control a terminal, wherever it came from.
        """
        text = textwrap.fill(
            process.harmless(self.sentence),
            WIDTH,
            initial_indent=f"{self.state:<{len(MARGIN)}}",
            subsequent_indent=MARGIN,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return "\n".join(
            [text, *(f"{MARGIN}    {process.harmless(each)}" for each in self.commands)]
        )


def failure(error: SlimmemeterError) -> Finding:
    """The finding of an error."""
    return Finding(WRONG, error.sentence, *filter(None, [error.command]))
