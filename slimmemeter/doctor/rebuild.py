"""`slimmemeter doctor --rebuild`: validates the stored readings again."""

from __future__ import annotations

import os

from slimmemeter.errors import StoreError
from slimmemeter.settings import Settings
from slimmemeter.store.revalidation import RevalidatingWriter
from slimmemeter.store.validation import rule

# The kinds of events that mean something to a person, in words.
WORDS = {
    rule.SET_ASIDE: "stretches set aside",
    rule.BY_HAND: "stretches set aside by hand",
    rule.RESTARTED: "restarted counters",
    rule.NOT_SENT: "stretches without a register",
    rule.OTHER_VALUE: "second values of a moment",
    rule.GAP: "gaps",
    rule.CLOCK_OFF: "times when the meter's clock went wrong",
    rule.VALIDATED_AGAIN: "registers that an upgrade changed",
}


def rebuild(settings: Settings) -> str:
    """Validate the stored readings again: which count, where series begin, what events there are.

    :returns: what changed, in a sentence.
    :raises StoreError: there is no database, or it can't be written.
    """
    if not os.path.exists(settings.database):
        raise StoreError(f"there is no database {settings.database}")
    with RevalidatingWriter(settings.database, settings.timeout_s) as writer:
        before = {kind: writer.events_of(kind) for kind in WORDS}
        writer.revalidate()
        now = {kind: writer.events_of(kind) for kind in WORDS}
    changed = [
        f"{words}: {len(now[kind])} ({len(before[kind])} before)"
        for kind, words in WORDS.items()
        if now[kind] != before[kind]
    ]
    found = f"; {'; '.join(changed)}" if changed else ", and nothing changed"
    return f"all readings were validated again{found}"
