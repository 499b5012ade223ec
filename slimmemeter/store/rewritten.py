"""Notes which stored readings are other than they were, for targets that may have them already."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection


def note(db: Connection, column: str, owner: int, at: int, until: int) -> None:
    """Let every target get the readings of a meter or device of a time again, if there is a target.

    Of one owner and target there is one row, which grows: its readings may be more than changed.

    :param column: of the owner: series or device.
    """
    if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'changes'").fetchone():
        return
    values = {"owner": owner, "at": at, "until": until}
    for (target,) in db.execute("SELECT id FROM targets").fetchall():
        values["target"] = target
        grown = db.execute(
            "UPDATE changes SET at = min(at, :at), until = max(until, :until)"
            f" WHERE target = :target AND {column} = :owner",
            values,
        )
        if not grown.rowcount:
            db.execute(
                f"INSERT INTO changes (target, {column}, at, until)"
                " VALUES (:target, :owner, :at, :until)",
                values,
            )
