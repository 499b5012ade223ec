"""`slimmemeter backup`, `restore` and `start-over`: what they ask and print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slimmemeter import zones
from slimmemeter.errors import UsageError
from slimmemeter.settings import Settings
from slimmemeter.store import backup, backup_folder
from slimmemeter.store.backup import Content
from slimmemeter.store.backup_folder import Backup


def make_backup(settings: Settings, folder: str | None) -> Iterator[str]:
    """Make a backup in a folder, by default that of the settings.

    :raises StoreError: it can't be made. :raises UsageError: the folder can't be used.
    """
    to = folder or backup.folder_of(settings)
    content = backup.make(settings.database, to, settings.contracts_path)
    yield f"{content.path} has {_contents(content, settings)}, and was verified"


def list_backups(settings: Settings, folder: str | None) -> Iterator[str]:
    """The backups of a folder, or all that can be found."""
    found = backup_folder.of_folder(folder) if folder else _found(settings)
    yield from (_line(each, settings) for each in found)
    if not found:
        yield "there is no backup that this user can see"


def restore(settings: Settings, file: str | None, is_agreed: bool) -> Iterator[str]:
    """Put a backup in the database's place; without a file a person chooses one.

    :raises UsageError: nobody chooses or agrees. :raises StoreError: the backup can't be used.
    """
    if file is None:
        found = _found(settings)
        if not found:
            raise UsageError("no backup was found; where is it? `slimmemeter restore FILE`")
        yield from (f"{number:3}  {_line(each, settings)}" for number, each in enumerate(found, 1))
        file = _chosen(found)

    def confirm(content: Content) -> bool:
        question = f"{content.path} has {_contents(content, settings)}. Put it in the place of"
        return is_agreed or _agreed(f"{question} {settings.database}?")

    content, aside = backup.restore(file, settings.database, confirm, settings.contracts_path)
    yield f"{settings.database} now has {_contents(content, settings)}"
    if aside is not None:
        yield f"what was there before is in {aside}"
    if content.contracts_aside is not None:
        yield f"the contracts that were there are in {content.contracts_aside}"


def start_over(settings: Settings, is_agreed: bool) -> Iterator[str]:
    """Set the database aside and begin a new one. :raises UsageError: nobody agrees."""
    if not (is_agreed or _agreed(f"Set {settings.database} aside and begin a new one?")):
        raise UsageError("cancelled: nothing was changed")
    aside = backup.start_over(settings.database)
    yield f"{settings.database} is empty now; what was there is in {aside}"


def _found(settings: Settings) -> list[Backup]:
    return backup_folder.found(settings.backup_folder, settings.database)


def _line(found: Backup, settings: Settings) -> str:
    count = "" if found.readings is None else f"{found.readings} readings"
    return f"{zones.shown(found.made_at, settings.zone)}  {count:>17}  {found.path}"


def _chosen(found: Sequence[Backup]) -> str:
    """The path of the backup that a person chooses. :raises UsageError: nobody does."""
    answer = _answered("Which one? ")
    if not (answer.isascii() and answer.isdigit() and 0 < int(answer) <= len(found)):
        raise UsageError("cancelled: nothing was restored")
    return found[int(answer) - 1].path


def _contents(content: Content, settings: Settings) -> str:
    """The number of readings, and their first and last time."""
    if content.first is None or content.newest is None:
        return "no reading"
    begin, end = (zones.shown(at, settings.zone) for at in (content.first, content.newest))
    return f"{content.readings} readings from {begin} to {end}"


def _agreed(question: str) -> bool:
    """Whether a person agrees. :raises UsageError: there is no terminal to ask on."""
    return _answered(f"{question} [y/N] ", "use --yes").lower() in ("y", "yes", "j", "ja")


def _answered(question: str, remedy: str = "name one") -> str:
    """A person's answer, even if standard input is a file.

    :raises UsageError: there is no terminal to ask on.
    """
    try:
        with open("/dev/tty", "r+b", buffering=0) as terminal:
            terminal.write(question.encode())
            return terminal.readline().decode(errors="replace").strip()
    except OSError:
        raise UsageError(f"there is no terminal to answer on; {remedy}") from None
