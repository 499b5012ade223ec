"""The simulated household's meter: the telegrams of DSMR 5.0.2, on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import threading
import time
import tty
from datetime import datetime

from slimmemeter.demo.household import ZONE, House
from slimmemeter.p1 import obis
from slimmemeter.p1.crc import crc16
from slimmemeter.p1.reading import MbusReading, MeterLog, Reading

# By kind, how a value is printed: digits in all, decimals, unit.
FORMS = {
    obis.ENERGY: (10, 3, "*kWh"),
    obis.POWER: (6, 3, "*kW"),
    obis.VOLTAGE: (5, 1, "*V"),
    obis.COUNT: (5, 0, ""),
}


def telegram(reading: Reading) -> bytes:
    """The telegram of a three-phase meter for a reading with a time."""
    assert reading.timestamp is not None
    assert reading.equipment_id is not None
    lines = [
        f"/{reading.header}",
        "",
        f"1-3:0.2.8({reading.version})",
        f"0-0:1.0.0({timestamp(reading.timestamp)})",
        f"0-0:96.1.1({_hexadecimal(reading.equipment_id)})",
        f"0-0:96.14.0({reading.tariff:04d})",
        *_values({**reading.values, **reading.log.counts}),
        _failure_log(reading.log),
        "0-0:96.13.0()",
        *(line for device in reading.devices for line in _device(device)),
        "!",
    ]
    body = "\r\n".join(lines).encode()
    return body + f"{crc16(body):04X}\r\n".encode()


def timestamp(at: int) -> str:
    """An instant as the meter prints it: YYMMDDhhmmss, and S in summer, W in winter."""
    local = datetime.fromtimestamp(at, ZONE)
    return local.strftime("%y%m%d%H%M%S") + ("S" if local.dst() else "W")


def _hexadecimal(text: str) -> str:
    return text.encode().hex().upper()


def _values(values: dict[str, int]) -> list[str]:
    """A line for each value, by the first code of its column."""
    lines: dict[str, str] = {}
    for code, (_, _, kind, column) in obis.TABLE.items():
        if column in values:
            lines.setdefault(column, f"{code}({_printed(kind, values[column])})")
    return list(lines.values())


def _printed(kind: str, value: int) -> str:
    if kind == obis.CURRENT:
        return f"{value // 1000:03d}*A"
    width, decimals, unit = FORMS[kind]
    return f"{value / 10**decimals:0{width}.{decimals}f}{unit}"


def _failure_log(log: MeterLog) -> str:
    entries = "".join(
        f"({timestamp(each.ended_at)})({each.duration_s:010d}*s)"
        for each in log.power_failures
        if each.ended_at is not None
    )
    return f"1-0:99.97.0({len(log.power_failures)})(0-0:96.7.19){entries}"


def _device(device: MbusReading) -> list[str]:
    cubic = f"{device.counter // 1000:05d}.{device.counter % 1000:03d}"
    return [
        f"0-{device.channel}:24.1.0({device.device_type:03d})",
        f"0-{device.channel}:96.1.0({_hexadecimal(device.equipment_id)})",
        f"0-{device.channel}:24.2.1({timestamp(device.at)})({cubic}*m3)",
    ]


class SpeakingMeter(threading.Thread):
    """The house's meter on a pseudo-terminal: a telegram every second, as DSMR 5 has it."""

    def __init__(self, house: House) -> None:
        super().__init__(daemon=True)
        self._house = house
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        os.set_blocking(self._ours, False)
        self.port = os.ttyname(theirs)
        self._theirs = theirs  # kept open, so that the line lasts between two pulls
        self._over = threading.Event()

    def run(self) -> None:
        """Send until `stop`; what nobody reads is lost, as on a real line."""
        while not self._over.wait(1):
            self._house.advance(int(time.time()))
            rest = telegram(self._house.reading())
            while rest and select.select([], [self._ours], [], 0.1)[1]:
                rest = rest[os.write(self._ours, rest) :]

    def stop(self) -> None:
        """Fall silent and release the line."""
        self._over.set()
        self.join()
        os.close(self._ours)
        os.close(self._theirs)
