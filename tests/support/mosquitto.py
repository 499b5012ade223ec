"""A mosquitto of the test's own, which can be stopped and started, and one who listens to it."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, Self

from paho.mqtt import client as paho

from support.debian import needs
from support.programs import free_port
from support.waiting import until

USER, PASSWORD = "house", "s3cret"


class Mosquitto:
    """It listens on the loopback address, lets only one user in, and keeps what it has when it is
    stopped; use it in a `with` block."""

    def __init__(self, folder: Path, has_tls: bool = False, has_acl: bool = False) -> None:
        self._folder = folder
        self.port = free_port()
        self._program = needs("mosquitto", "mosquitto")
        self.ca = folder / "ca.crt"
        users = folder / "users"
        make = [needs("mosquitto_passwd", "mosquitto"), "-b", "-c", str(users), USER, PASSWORD]
        subprocess.run(make, check=True)
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous false",
            f"password_file {users}",
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 0",
            "user root",
        ]
        if has_tls:
            _make_certificates(folder)
            lines += [f"cafile {self.ca}", f"certfile {folder}/server.crt"]
            lines += [f"keyfile {folder}/server.key"]
        if has_acl:
            acl = folder / "acl"
            acl.write_text(f"user {USER}\ntopic read #\n")
            lines.append(f"acl_file {acl}")
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        scheme = "mqtts" if has_tls else "mqtt"
        host = "localhost" if has_tls else "127.0.0.1"
        self.url = f"{scheme}://{USER}:{PASSWORD}@{host}:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(
            [self._program, "-c", f"{self._folder}/mosquitto.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._listens)

    def _listens(self) -> bool:
        listening = Path("/proc/net/tcp").read_text()
        return f"0100007F:{self.port:04X} 00000000:0000 0A" in listening

    def stop(self) -> None:
        """End it; it keeps what it has acknowledged."""
        self._process.terminate()
        self._process.wait(timeout=60)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.stop()


def _make_certificates(folder: Path) -> None:
    openssl = needs("openssl", "openssl")
    steps = (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=house",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost"
        " -addext subjectAltName=DNS:localhost",
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2"
        " -copy_extensions copy",
    )
    for step in steps:
        subprocess.run([openssl, *step.split()], check=True, cwd=folder, capture_output=True)


class Listener:
    """Subscribes to everything, and keeps its place when the broker is away."""

    def __init__(self, broker: Mosquitto, topics: str = "#") -> None:
        self.messages: list[tuple[str, str]] = []
        self._topics = topics
        self._has_subscribed = False
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=f"listener-{topics}", clean_session=False
        )
        self._client.username_pw_set(USER, PASSWORD)
        if broker.url.startswith("mqtts"):
            self._client.tls_set(str(broker.ca))
        self._client.reconnect_delay_set(1, 1)
        self._client.on_message = self._on_message
        self._client.on_connect = lambda *_: self._client.subscribe(self._topics, 1)
        self._client.on_subscribe = self._on_subscribe
        host = "localhost" if broker.url.startswith("mqtts") else "127.0.0.1"
        self._client.connect(host, broker.port)

    def _on_message(self, _: object, __: object, message: paho.MQTTMessage) -> None:
        self.messages.append((message.topic, message.payload.decode()))

    def _on_subscribe(self, *_: object) -> None:
        self._has_subscribed = True

    def of(self, topic: str) -> list[Any]:
        """What came of a topic, as JSON."""
        return [json.loads(text) for name, text in self.messages if name == topic]

    def counters(self, topic: str, name: str) -> Counter[tuple[str, int]]:
        """How often each instant came with each value of a name."""
        return Counter(
            (each["taken_at"], each[name]) for each in self.of(topic) if each.get(name) is not None
        )

    def __enter__(self) -> Self:
        self._client.loop_start()
        until(lambda: self._has_subscribed)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
