"""Home Assistant's device discovery: one retained message that makes all sensors of a house.

The fields are those of its MQTT integration, "Device discovery payload" (from 2024.11 on).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slimmemeter import __version__
from slimmemeter.history import consumption, meter_readings
from slimmemeter.history.consumption import column_of
from slimmemeter.history.silence import TOLD_S
from slimmemeter.history.table import Column
from slimmemeter.status import PULL_EVERY_S
from slimmemeter.store.records import Meter
from slimmemeter.store.snapshot import Snapshot

PREFIX = "homeassistant"
EXPIRE_S = 4 * PULL_EVERY_S  # three pulls may fail
PLATFORM = "sensor"
COUNTER, MEASURED = "total_increasing", "measurement"
# By the unit of a column, as Home Assistant writes it.
UNITS = {"kWh": "kWh", "m3": "m³", "GJ": "GJ"}
# What a medium in m3 is there; what comes in kWh or GJ is energy.
CLASSES = {"gas": "gas", "water": "water", "warm_water": "water"}
NAMES = {"import": "From the grid", "export": "To the grid", "submeter": "Submeter"}
# What the state may have beside counters: its key, name, device class, state class and unit.
OTHERS = (
    ("power_w", "Power", "power", MEASURED, "W"),
    *((f"power_l{n}_w", f"Power L{n}", "power", MEASURED, "W") for n in (1, 2, 3)),
    ("price_eur_kwh", "Price of the next kWh", None, MEASURED, "EUR/kWh"),
    ("feed_in_eur_kwh", "Feed-in price", None, MEASURED, "EUR/kWh"),
    ("cost_today_eur", "Cost today", "monetary", None, "EUR"),
)


@dataclass(frozen=True)
class Sensor:
    """One sensor; what is None isn't sent."""

    key: str  # of the state
    name: str
    device_class: str | None
    state_class: str | None
    unit: str

    def component(self, house: str) -> dict[str, object]:
        """It as an entry of `cmps`."""
        found: dict[str, object] = {
            "p": PLATFORM,
            "unique_id": f"slimmemeter_{house}_{self.key}",
            "default_entity_id": f"{PLATFORM}.slimmemeter_{house}_{self.key}".lower(),
            "name": self.name,
            "unit_of_measurement": self.unit,
            "value_template": f"{{{{ value_json.{self.key} }}}}",
        }
        if self.device_class:
            found["device_class"] = self.device_class
        if self.state_class:
            found["state_class"] = self.state_class
        if self.state_class == MEASURED:
            found["expire_after"] = EXPIRE_S
        return found


def topic(prefix: str, house: str) -> str:
    """Where the message goes."""
    return f"{prefix}/device/slimmemeter_{house}/config"


def discovery(
    house: Snapshot, state: Mapping[str, object], name: str, state_topic: str
) -> dict[str, object]:
    """The message: every sensor that the state has a value for; what a meter that is gone had is
    named without anything, which removes it."""
    sensors = [each for each in _sensors(house) if state.get(each.key) is not None]
    kept = {each.key: each.component(name) for each in sensors}
    gone = {key: {"p": PLATFORM} for key in _all_keys(house) if key not in kept}
    newest = max(house.meters, key=lambda meter: meter.last, default=None)
    model = newest.about.header if newest and isinstance(newest.about, Meter) else ""
    title = "Smart meter" if name == "home" else f"Smart meter {name}"
    return {
        "dev": {"ids": [f"slimmemeter_{name}"], "name": title, "mf": "slimmemeter", "mdl": model},
        "o": {"name": "slimmemeter", "sw": __version__},
        "state_topic": state_topic,
        "qos": 1,
        "cmps": kept | gone,
    }


def _sensors(house: Snapshot) -> Iterator[Sensor]:
    for reading in meter_readings.newest(house):
        if isinstance(reading.series.owner, Meter):
            yield _counter(reading.column)
    newest = house.last_at or 0
    current = {column_of(each) for each in house.device_series if each.last >= newest - TOLD_S}
    media = consumption.media(house)
    yield from (_counter(each) for each in sorted(current, key=str) if each.quantity in media)
    yield from (Sensor(*each) for each in OTHERS)


def _all_keys(house: Snapshot) -> list[str]:
    """Of every counter that this house has ever had."""
    series = (*house.meter_series, *house.device_series)
    return list(dict.fromkeys(column_of(each).name for each in series))


def _counter(column: Column) -> Sensor:
    name = NAMES.get(column.quantity, column.quantity.replace("_", " ").capitalize())
    if column.tariff:
        name += f", tariff {column.tariff}"
    kind = CLASSES.get(column.quantity, "energy")
    return Sensor(column.name, name, kind, COUNTER, UNITS[column.unit])
