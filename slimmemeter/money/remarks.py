"""Sentences about a bill: English for programs and terminals, and what they were made of, so that
pages can say them in another language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

Value = str | int | float | date


class Remark(str):
    """An English sentence with the message and the values that it was made of."""

    message: str
    values: Mapping[str, Value]


def remark(message: str, **values: Value) -> Remark:
    """The sentence of a message with `%(name)s` in the values' places."""
    made = Remark(message % values if values else message)
    made.message, made.values = message, values
    return made


def N_(message: str) -> str:  # noqa: N802 - the name that translators' tools look for
    """Mark a message as one that is translated where it is shown."""
    return message
