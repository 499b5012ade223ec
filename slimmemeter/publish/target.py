"""What a target can do, and which one an address is of."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from slimmemeter.errors import UsageError
from slimmemeter.publish.address import Address

if TYPE_CHECKING:
    from collections.abc import Callable

    from slimmemeter.publish.outbox import Batch
    from slimmemeter.settings import Settings
    from slimmemeter.store.snapshot import Snapshot


class Target(Protocol):
    """A program that gets readings; a `with` block connects to it.

    Each method raises `PublishError` if the target can't be reached or refuses what it gets.
    """

    most_rows: int  # readings of a meter or device that it gets at once

    def __init__(self, address: Address, settings: Settings, mark: str) -> None:
        """:param mark: of the database, which tells it from others of the same house.
        :raises UsageError: the address has an option that such a target doesn't know."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...

    def prepare(self) -> str:
        """Make what it needs there. :returns: what was made, as a sentence."""

    def send(self, batch: Batch) -> None:
        """Send readings; when it returns, the target has them."""

    def show(self, house: Snapshot) -> None:
        """Tell what is so now, after everything was sent."""


def _postgresql() -> type[Target]:
    from slimmemeter.publish.postgresql import PostgreSQL

    return PostgreSQL


def _mqtt() -> type[Target]:
    from slimmemeter.publish.mqtt import MQTT

    return MQTT


def _influx() -> type[Target]:
    from slimmemeter.publish.influx import Influx

    return Influx


# By the scheme of its URL; each imports its library only if it is used.
KINDS: dict[str, Callable[[], type[Target]]] = {
    "postgresql": _postgresql,
    "mqtt": _mqtt,
    "mqtts": _mqtt,
    "influx+http": _influx,
    "influx+https": _influx,
}


def of(address: Address, settings: Settings, mark: str) -> Target:
    """The target of an address.

    :raises UsageError: there is no such kind, it lacks a library, or an option is unknown.
    """
    if address.scheme not in KINDS:
        known = ", ".join(f"{each}://" for each in KINDS)
        raise UsageError(f"SLIMMEMETER_PUBLISH has {address.scheme}://; it may have {known}")
    return KINDS[address.scheme]()(address, settings, mark)
