"""What is found when something is looked at: how good it is, one sentence, commands that help."""

from __future__ import annotations

import textwrap

from slimmemeter.errors import SlimmemeterError

FINE, NOTE, WRONG = "ok", "note", "WRONG"
WIDTH = 100
MARGIN = " " * 7


class Finding:
    """One thing that was looked at."""

    def __init__(self, state: str, sentence: str, *commands: str) -> None:
        self.state = state
        self.sentence = sentence
        self.commands = commands

    def shown(self) -> str:
        """The sentence, and each command on a line of its own, to be copied; nothing in them that
        a terminal would obey, wherever it came from."""
        text = textwrap.fill(
            _printable(self.sentence),
            WIDTH,
            initial_indent=f"{self.state:<{len(MARGIN)}}",
            subsequent_indent=MARGIN,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return "\n".join([text, *(f"{MARGIN}    {_printable(each)}" for each in self.commands)])


def failure(error: SlimmemeterError) -> Finding:
    """What kept something from being done."""
    return Finding(WRONG, error.sentence, *filter(None, [error.command]))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode-escape").decode() for c in text)
