"""What is found when something is looked at: how good it is, and one sentence in plain words."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

FINE, NOTE, WRONG = "ok", "note", "WRONG"
WIDTH = 100
MARGIN = " " * 7


class Finding(NamedTuple):
    """One thing that was looked at. A command that helps stands between backticks."""

    state: str
    sentence: str

    def shown(self) -> str:
        """The sentence, and each command on a line of its own, to be copied."""
        lines: list[str] = []
        for place, part in enumerate(self.sentence.split("`")):
            if place % 2:
                lines.append(f"{MARGIN}    {part}")
            elif part.strip(" ,;:."):
                first = MARGIN if lines else f"{self.state:<7}"
                lines.append(_wrapped(part.strip(" ,;") if lines else part.strip(), first))
        return "\n".join(lines)


def _wrapped(text: str, first: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=MARGIN,
        break_long_words=False,
        break_on_hyphens=False,
    )
