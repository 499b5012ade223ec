"""PostgreSQL as a target: tables like ours, with the house before every key.

A page of rows is one statement with an array a column, so that one reading costs little, many go
fast, and what comes twice is stored once. A changed time is deleted and filled again in one
transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from slimmemeter.errors import PublishError, UsageError
from slimmemeter.publish.address import Address
from slimmemeter.publish.outbox import Batch, Page
from slimmemeter.settings import Settings
from slimmemeter.store import schema
from slimmemeter.store.outbox import Change, key_of
from slimmemeter.store.records import Device, Meter, Owner
from slimmemeter.store.snapshot import Snapshot

try:
    import psycopg
except ImportError:
    raise UsageError(
        "postgresql:// needs the library psycopg 3: `sudo apt install python3-psycopg`"
    ) from None

VALUES = ("tariff", *schema.COMMON_COLUMNS, *schema.RARE_COLUMNS)
# By the kind of owner: the table of its readings, and their columns beside house, owner and time.
READINGS = {"series": ("readings", VALUES), "device": ("mbus_readings", ("counter",))}
TABLES = (
    """CREATE TABLE IF NOT EXISTS houses (
    house text PRIMARY KEY,
    mark text NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS meters (
    house text NOT NULL,
    series integer NOT NULL,
    equipment text NOT NULL,
    header text NOT NULL,
    version text,
    PRIMARY KEY (house, series))""",
    """CREATE TABLE IF NOT EXISTS mbus_devices (
    house text NOT NULL,
    device integer NOT NULL,
    equipment text NOT NULL,
    channel integer NOT NULL,
    type integer,
    unit text NOT NULL,
    PRIMARY KEY (house, device))""",
    *(
        f"""CREATE TABLE IF NOT EXISTS {table} (
    house text NOT NULL,
    {owner} integer NOT NULL,
    taken_at timestamptz NOT NULL,
    {", ".join(f"{column} bigint" for column in columns)},
    PRIMARY KEY (house, {owner}, taken_at))"""
        for owner, (table, columns) in READINGS.items()
    ),
)
CONNECT_S = 10
NO_TABLES = "its tables are missing; this makes them"


class PostgreSQL:
    """A connection to a server of PostgreSQL."""

    most_rows = 5000

    def __init__(self, address: Address, settings: Settings, mark: str) -> None:
        """Options are libpq's own, such as sslmode."""
        self._address = address
        self._house = address.house
        self._known: set[Owner] = set()
        self._mark = mark
        self._is_claimed = False
        self._explained = _Explained(address.name)

    def __enter__(self) -> Self:
        about = self._address
        with self._explained:
            conninfo = psycopg.conninfo.make_conninfo(
                host=about.host,
                port=about.port,
                user=about.user or None,
                password=about.password or None,
                dbname=about.path.strip("/") or None,
                connect_timeout=CONNECT_S,
                application_name="slimmemeter",
                **about.options,
            )
            # Without prepared statements, which PgBouncer doesn't keep apart between its clients.
            self._db: psycopg.Connection[tuple[Any, ...]] = psycopg.connect(
                conninfo, prepare_threshold=None
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._db.close()

    def prepare(self) -> str:
        """Make the tables that are missing."""
        with self._explained, self._db.transaction():
            for statement in TABLES:
                self._db.execute(statement)
        return "its tables are there"

    def _claim(self) -> None:
        """Take the house's name for our database. :raises PublishError: another one has it, whose
        readings would be mixed with ours."""
        if self._is_claimed:
            return
        self._db.execute(
            "INSERT INTO houses VALUES (%s, %s) ON CONFLICT DO NOTHING", (self._house, self._mark)
        )
        known = self._db.execute("SELECT mark FROM houses WHERE house = %s", (self._house,))
        self._is_claimed = known.fetchone() == (self._mark,)
        if not self._is_claimed:
            raise PublishError(
                f"{self._address.name} has readings of another database as this house: give this"
                " one another name by ?house="
            )

    def send(self, batch: Batch) -> None:
        """Store readings in one transaction."""
        with self._explained, self._db.transaction():
            self._claim()
            if batch.replaced is not None:
                self._delete(batch.replaced)
            for page in batch.pages:
                self._put_owner(page.owner)
                self._put(page)

    def show(self, house: Snapshot) -> None:
        """There is nothing else to tell."""

    def _delete(self, replaced: Change) -> None:
        (column, owner), at, until = replaced
        table, _ = READINGS[column]
        self._db.execute(
            f"DELETE FROM {table} WHERE house = %s AND {column} = %s"
            " AND taken_at BETWEEN to_timestamp(%s) AND to_timestamp(%s)",
            (self._house, owner, at, until),
        )

    def _put_owner(self, owner: Owner) -> None:
        if owner in self._known:
            return
        about = owner.about
        if isinstance(about, Meter):
            self._upsert(
                "meters",
                ("house", "series"),
                ("equipment", "header", "version"),
                (self._house, owner.id, about.equipment_id, about.header, about.version),
            )
        else:
            self._upsert(
                "mbus_devices",
                ("house", "device"),
                ("equipment", "channel", "type", "unit"),
                (self._house, owner.id, *_device(about)),
            )
        self._known.add(owner)

    def _upsert(
        self, table: str, keys: Sequence[str], columns: Sequence[str], row: Sequence[object]
    ) -> None:
        marks = ", ".join(["%s"] * len(row))
        self._db.execute(
            f"INSERT INTO {table} ({', '.join((*keys, *columns))}) VALUES ({marks})"
            f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {_excluded(columns)}",
            row,
        )

    def _put(self, page: Page) -> None:
        """Store the readings of one meter or device; those that are there get these values."""
        if not page.rows:
            return
        (column, owner), columns = key_of(page.owner), page.columns
        table, _ = READINGS[column]
        names = ", ".join(columns)
        arrays = ", ".join(["%s::bigint[]"] * (1 + len(columns)))
        self._db.execute(
            f"INSERT INTO {table} (house, {column}, taken_at, {names})"
            f" SELECT %s, %s, to_timestamp(at), {names} FROM unnest({arrays}) AS new (at, {names})"
            f" ON CONFLICT (house, {column}, taken_at) DO UPDATE SET {_excluded(columns)}",
            (self._house, owner, *map(_array, zip(*page.rows, strict=True))),
        )


class _Explained:
    """A `with` block in which the library's errors become sentences."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, psycopg.errors.UndefinedTable):
            command = "slimmemeter publish --init"
            raise PublishError(f"{self._name}: {NO_TABLES}", command) from None
        if isinstance(error, psycopg.Error):
            cause = " ".join(str(error).split()) or type(error).__name__
            raise PublishError(
                f"{self._name} can't be used: {cause}; see whether the server runs and lets this"
                " computer in"
            ) from None


def _device(device: Meter | Device) -> tuple[object, ...]:
    assert isinstance(device, Device)
    return device.equipment_id, device.channel, device.type, device.unit


def _excluded(columns: Sequence[str]) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in columns)


def _array(cells: Iterable[int | None]) -> str:
    """In PostgreSQL's text form (its documentation, 8.15.2 "Array Value Input")."""
    return f"{{{','.join(['NULL' if cell is None else str(cell) for cell in cells])}}}"
