"""`slimmemeter export`: what it writes."""

from __future__ import annotations

from collections.abc import Iterable

from slimmemeter.errors import UsageError
from slimmemeter.settings import Settings
from slimmemeter.transfer import exporter, home_assistant, table_export


def export(
    settings: Settings, table: str | None, as_json: bool, without_ids: bool
) -> Iterable[str]:
    """All readings, or a table of a period. :raises UsageError: there is no such table."""
    if table is not None:
        return [table_export.as_text(settings, table, "json" if as_json else "csv")]
    lines = exporter.json_lines if as_json else exporter.csv_lines
    return lines(settings.database, without_ids)


def export_for(settings: Settings, program: str, folder: str | None) -> Iterable[str]:
    """Write the files of another program. :raises UsageError: it is unknown, or no folder."""
    if program != home_assistant.NAME or folder is None:
        raise UsageError(f"`slimmemeter export --for {home_assistant.NAME} FOLDER`")
    return home_assistant.write(settings, folder)
