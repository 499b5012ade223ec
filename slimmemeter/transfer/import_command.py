"""`slimmemeter import`: what it prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slimmemeter import zones
from slimmemeter.errors import UsageError
from slimmemeter.settings import Settings
from slimmemeter.store.records import Event
from slimmemeter.transfer import importer
from slimmemeter.transfer.detect import PRICES
from slimmemeter.transfer.importer import Tally

NO_FILE = "which file? `slimmemeter import FILE...`"
RESULTS = (("known", "stored before"), ("conflict", "other than what is stored"))


def import_files(
    settings: Settings, files: list[str], is_dry_run: bool, may_add_meter: bool
) -> Iterable[str]:
    """Import files, and tell what came of each. :raises SlimmemeterError: as `importer.run`."""
    if not files:
        raise UsageError(NO_FILE)
    for tally in importer.run(settings, files, is_dry_run, may_add_meter):
        yield _summary(tally, settings, is_dry_run)


def undo(settings: Settings, numbers: Sequence[str]) -> Iterable[str]:
    """Take back the import of a number. :raises UsageError: there is none, or not one."""
    if not numbers:
        raise UsageError(NO_FILE)
    if len(numbers) > 1:
        raise UsageError("--undo takes back one import at a time: give it one number")
    count = importer.undo(settings, numbers[0])
    yield f"removed: {_counted(count, 'reading')} of import {numbers[0]}"


def _summary(tally: Tally, settings: Settings, is_dry_run: bool) -> str:
    """The result of one file, in a few lines."""
    are_prices = tally.kind == PRICES
    new = _counted(tally.prices, "new price") if are_prices else _counted(tally.new, "new reading")
    text = f"{tally.path} ({tally.kind}): {new}"
    if tally.first is not None and tally.last is not None:
        begin, end = (zones.shown(at, settings.zone) for at in (tally.first, tally.last))
        text += f"; the file is from {begin} to {end}"
    for result, words in RESULTS:
        if result in tally.counts:
            text += f"; {tally.counts[result]} {words}"
    if tally.log_rows:
        text += f"; {tally.log_rows} new power failures, peaks and counts"
    if tally.invalid:
        text += f"; {tally.invalid} invalid"
    if is_dry_run:
        text += "; nothing was stored"
    elif tally.is_recorded:
        text += f"; `slimmemeter import --undo {tally.number}` removes them again"
    more = [f"left out: {each}" for each in tally.left_out]
    more += (_overlap(each, settings) for each in tally.overlaps)
    return "\n    ".join([text, *more])


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _overlap(event: Event, settings: Settings) -> str:
    """Two meters at one time, which is most likely a mistake."""
    begin, end = (zones.shown(at, settings.zone) for at in (event.at, event.until or event.at))
    return (
        f"overlap: the meters {event.detail} both have readings from {begin} to {end}; if one is of"
        " another house, take this import out again"
    )
