"""An MQTT broker as a target: each reading at QoS 1, and the house's state, retained.

Works with paho-mqtt 1.6 and 2, and MQTT 3.1.1 and 5. A reading has arrived when the broker has
acknowledged it; what was on its way when the connection broke goes again when it is back.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from slimmemeter import zones
from slimmemeter.errors import PublishError, UsageError
from slimmemeter.history.serialize import utc
from slimmemeter.publish import dsmr_topics, home_assistant
from slimmemeter.publish.address import Address
from slimmemeter.publish.outbox import FOR_EVER, Batch
from slimmemeter.publish.state import state_of
from slimmemeter.settings import Settings
from slimmemeter.store.outbox import Change, key_of
from slimmemeter.store.records import Device, Owner
from slimmemeter.store.snapshot import Snapshot

try:
    from paho.mqtt import client as paho
except ImportError:
    raise UsageError(
        "mqtt:// needs the library paho-mqtt: `sudo apt install python3-paho-mqtt`"
    ) from None

PORTS = {"mqtt": 1883, "mqtts": 8883}
PROTOCOLS = {"": paho.MQTTv311, "3.1.1": paho.MQTTv311, "5": paho.MQTTv5}
OPTIONS = ("ca", "cert", "key", "version", "topics", "discovery")
DSMR_READER = "dsmr-reader"
AT_LEAST_ONCE = 1
CONNECT_S = 10
ACKNOWLEDGED_WITHIN_S = 40  # all of a batch; a broker that restarts meanwhile has the time for it


class MQTT:
    """A connection to a broker."""

    most_rows = 500  # so that a slow line gets on within a run

    def __init__(self, address: Address, settings: Settings, mark: str) -> None:
        """Options: the paths `ca`, `cert` and `key`; the `version` 3.1.1 or 5; `topics`;
        `discovery`, Home Assistant's prefix, empty for none."""
        address.allow(*OPTIONS)
        if address.option("version") not in PROTOCOLS:
            raise UsageError(f"{address.name} has an unknown version: it may be 3.1.1 or 5")
        if address.option("topics") not in ("", DSMR_READER):
            raise UsageError(f"{address.name} has unknown topics: they may be {DSMR_READER}")
        self._address = address
        self._settings = settings
        self._client = _client(
            f"slimmemeter-{address.house}-{mark}", PROTOCOLS[address.option("version")]
        )
        self._has_news = False
        self._answered = threading.Event()
        self._answer = ""  # why the broker refuses; empty if it doesn't
        self._changed = threading.Condition()
        self._waiting: set[int] = set()  # numbers of messages that aren't acknowledged yet
        self._early: set[int] = set()  # of those that were before they were waited for
        self._refused = ""

    def __enter__(self) -> Self:
        about, client = self._address, self._client
        if about.user:
            client.username_pw_set(about.user, about.password or None)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        try:
            if about.scheme == "mqtts":
                ca, certificate, key = (about.option(name) or None for name in OPTIONS[:3])
                client.tls_set(ca, certificate, key)
            client.connect(about.host, about.port or PORTS[about.scheme], keepalive=60)
        except (OSError, ValueError) as error:
            raise self._failure(f"{error}") from None
        client.loop_start()
        if not self._answered.wait(CONNECT_S) or self._answer:
            self._leave()
            raise self._failure(self._answer or f"no answer in {CONNECT_S} s")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def prepare(self) -> str:
        """A broker needs nothing."""
        return "a broker needs no tables"

    def send(self, batch: Batch) -> None:
        """Publish each reading, in order, and wait until the broker has all of them."""
        topic = f"slimmemeter/{self._address.house}/reading"
        for message in self._messages(batch):
            self._publish(topic, message, retain=False)
        self._wait()
        self._has_news = self._has_news or batch.count > 0

    def show(self, house: Snapshot) -> None:
        """Publish the state, if there is news: an old one must not look new."""
        if not self._has_news:
            return
        name, zone = self._address.house, zones.of(self._settings.zone)
        topic = f"slimmemeter/{name}/state"
        state = state_of(house, self._settings, zone)
        prefix = self._address.options.get("discovery", home_assistant.PREFIX)
        if prefix:
            about = home_assistant.discovery(house, state, name, topic)
            self._publish(home_assistant.topic(prefix, name), about, retain=True)
        self._publish(topic, state, retain=True)
        if self._address.option("topics") == DSMR_READER:
            for each, value in dsmr_topics.topics(house, zone).items():
                self._publish(each, value, retain=True)
        self._wait()

    def _messages(self, batch: Batch) -> Iterator[Mapping[str, object]]:
        if batch.replaced is not None:
            yield {"house": self._address.house} | _replaced(batch.replaced)
        for at, owner, values in batch.in_order():
            yield (
                {"house": self._address.house}
                | _about(owner)
                | {"taken_at": utc(at), "is_correction": batch.replaced is not None}
                | values
            )

    def _publish(self, topic: str, content: Mapping[str, object] | str, retain: bool) -> None:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        number = self._client.publish(topic, text, AT_LEAST_ONCE, retain).mid
        with self._changed:
            if number in self._early:
                self._early.remove(number)
            else:
                self._waiting.add(number)

    def _wait(self) -> None:
        """Until the broker has everything. :raises PublishError: it hasn't in time."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._refused or not self._waiting, ACKNOWLEDGED_WITHIN_S
            )
        if self._refused:
            raise self._failure(self._refused)
        if self._waiting:
            raise self._failure(f"{len(self._waiting)} messages were not acknowledged")

    def _on_connect(self, _: object, __: object, ___: object, reason: Any, *____: object) -> None:
        """The reason is a number, or with paho-mqtt 2 or MQTT 5 an object that equals one."""
        if reason != 0:
            self._answer = paho.connack_string(reason) if isinstance(reason, int) else str(reason)
        self._answered.set()

    def _on_publish(self, _: object, __: object, number: int, *reasons: Any) -> None:
        with self._changed:
            if reasons and getattr(reasons[0], "is_failure", False):  # MQTT 5 only
                self._refused = str(reasons[0])
            if number in self._waiting:
                self._waiting.remove(number)
            else:
                self._early.add(number)
            self._changed.notify_all()

    def _failure(self, cause: str) -> PublishError:
        return PublishError(
            f"{self._address.name} can't be used: {cause}; see whether the broker runs and lets"
            " this computer in"
        )


def _client(name: str, protocol: int) -> paho.Client:
    if hasattr(paho, "CallbackAPIVersion"):  # paho-mqtt 2
        return paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=name,
            protocol=protocol,  # type: ignore[arg-type, unused-ignore]
        )
    return paho.Client(client_id=name, protocol=protocol)  # type: ignore[arg-type, unused-ignore]


def _about(owner: Owner) -> dict[str, object]:
    """The keys of our own tables, and the id that stands on the meter."""
    column, number = key_of(owner)
    found: dict[str, object] = {column: number, "equipment": owner.about.equipment_id}
    if isinstance(owner.about, Device):
        about = owner.about
        found |= {"channel": about.channel, "type": about.type, "unit": about.unit}
    return found


def _replaced(change: Change) -> dict[str, object]:
    """Whatever was sent of this meter and time is replaced by what follows."""
    (column, number), at, until = change
    end = None if until == FOR_EVER else utc(until)
    return {column: number, "replaces": {"from": utc(at), "until": end}}
