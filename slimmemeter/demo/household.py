"""A simulated household and its meters: a house in the Netherlands with solar panels and gas.

About 2,000 kWh come from the grid in a year, 2,600 kWh go to it, and 1,100 m3 of gas are burnt. The
same seed gives the same house, hour by hour.
"""

from __future__ import annotations

import math
import os
import pty
import random
import select
import threading
import time
import tty
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from slimmemeter.p1 import obis
from slimmemeter.p1.framing import crc16
from slimmemeter.p1.telegram import MbusReading, Reading

ZONE = ZoneInfo("Europe/Amsterdam")
SLOT_S = 300
HEADER = "ISK5\\2M550T-1013"
METER = "E0052000000008765"
GAS_METER = "G0052000000008765"
# Registers of the day on which the simulation begins.
START_WH = {
    "import_t1_wh": 4711302,
    "import_t2_wh": 3904117,
    "export_t1_wh": 1204881,
    "export_t2_wh": 2810450,
}
START_GAS_DM3 = 6012345
PEOPLE_W = {7: 260, 8: 200, 12: 120, 17: 350, 18: 650, 19: 450, 20: 350, 21: 330, 22: 200}
# What is switched on once in a while: from and until which hour, W, for how many slots, chance.
APPLIANCES = ((7, 9, 1900, 1, 0.9), (9, 16, 1700, 12, 0.35), (17, 19, 2600, 8, 0.8))
DECIMALS = {obis.ENERGY: (10, 3, "kWh"), obis.POWER: (6, 3, "kW"), obis.VOLTAGE: (5, 1, "V")}


class Day:
    """What a day brings, slot by slot of five minutes: use and sun in W, gas in dm3 an hour."""

    def __init__(self, seed: int, at: int) -> None:
        local = datetime.fromtimestamp(at, ZONE)
        self.number = at // 86400
        chance = random.Random(f"{seed} {self.number}")
        season = math.cos((local.timetuple().tm_yday - 15) / 365.25 * 2 * math.pi)  # 1 in winter
        self._offset_s = int((local.utcoffset() or timedelta()).total_seconds())
        self._daylight_h = 12.2 - 4.3 * season
        self._clear = chance.choice((0.15, 0.35, 0.6, 0.85, 1.0))
        self._cold = max(0.0, 0.45 + 0.62 * season + chance.gauss(0, 0.16))
        self._away = chance.random() < 0.06
        self._noise = [chance.random() for _ in range(288)]
        self._appliances_w = [0] * 288
        for begin, end, watts, slots, likely in APPLIANCES:
            if not self._away and chance.random() < likely:
                start = chance.randrange(begin * 12, end * 12)
                self._appliances_w[start : start + slots] = [watts] * slots
        self._appliances_w = self._appliances_w[:288]

    def rates(self, at: int) -> tuple[int, int, int]:
        """Use, sun (both W) and gas (dm3 an hour) at an instant of this UTC day."""
        local_s = (at + self._offset_s) % 86400
        slot, hour = local_s // SLOT_S, local_s / 3600
        noise = self._noise[slot]
        fridge_w = 80 if slot % 9 < 3 else 0
        people_w = 0 if self._away else PEOPLE_W.get(int(hour), 30 if hour > 7 else 0)
        use_w = 115 + fridge_w + int(people_w * (0.5 + noise)) + self._appliances_w[slot]
        height = math.cos((hour - 13.3) / self._daylight_h * math.pi)
        lit = abs(hour - 13.3) < self._daylight_h / 2
        clouds = self._clear * (1 - 0.5 * noise * (1 - self._clear))
        sun_w = int(2650 * height**1.3 * clouds * (0.35 + self._daylight_h / 24)) if lit else 0
        heating = self._cold * (0 if hour < 6 or hour > 22.5 else 1.7 if hour < 9 else 1)
        shower = 900 if slot in (87, 88, 249) and not self._away else 0
        return use_w, sun_w, int(heating * 360 * (0.6 + 0.8 * noise) * (self._cold > 0.12)) + shower


class House:
    """The house's meters at an instant; `advance` lets time pass."""

    def __init__(
        self, at: int, registers_wh: dict[str, int], gas_dm3: int, seed: int = 8765
    ) -> None:
        self.at = at
        self._seed = seed
        self._day = Day(seed, at)
        self._joules = {name: wh * 3600 for name, wh in registers_wh.items()}
        self._gas = gas_dm3 * 3600
        self._gas_told = (at - at % SLOT_S, gas_dm3)
        self._net_w = 0
        self._tariff = 2

    def advance(self, to: int) -> None:
        """Let time pass until an instant."""
        while self.at < to:
            if self._day.number != self.at // 86400:
                self._day = Day(self._seed, self.at)
            step_s = min(to, self.at - self.at % SLOT_S + SLOT_S) - self.at
            use_w, sun_w, gas_dm3_h = self._day.rates(self.at)
            self._net_w = use_w - sun_w
            self._tariff = _tariff(self.at + step_s - 1)
            direction = "import" if self._net_w > 0 else "export"
            self._joules[f"{direction}_t{self._tariff}_wh"] += abs(self._net_w) * step_s
            self._gas += gas_dm3_h * step_s
            self.at += step_s
            if self.at % SLOT_S == 0:
                self._gas_told = (self.at, self._gas // 3600)

    def reading(self) -> Reading:
        """What the meter would tell now."""
        taken, given = max(self._net_w, 0), max(-self._net_w, 0)
        values = {name: joules // 3600 for name, joules in self._joules.items()}
        values |= {"power_import_w": taken, "power_export_w": given}
        for phase, share in (("l1", 5), ("l2", 3), ("l3", 2)):
            swing_dv = int(12 * math.sin(self.at / 5000 + share) + 9 * math.sin(self.at / 1700))
            values[f"voltage_{phase}_dv"] = 2315 + swing_dv + given // 100
            values[f"current_{phase}_ma"] = (taken + given) * share // 2300 * 1000
            values[f"power_import_{phase}_w"] = taken * share // 10
            values[f"power_export_{phase}_w"] = given * share // 10
        gas_at, gas_dm3 = self._gas_told
        gas = MbusReading(1, 3, GAS_METER, gas_at, gas_dm3, "dm3")
        return Reading(HEADER, "50", METER, self.at, self._tariff, values, [gas], FAILURES, 3600)

    def telegram(self) -> bytes:
        """The telegram of DSMR 5.0.2 that a three-phase meter would send now."""
        reading = self.reading()
        gas = reading.mbus[0]
        lines = [f"/{HEADER}", "", "1-3:0.2.8(50)", f"0-0:1.0.0({_stamp(self.at)})"]
        lines += [f"0-0:96.1.1({METER.encode().hex().upper()})", f"0-0:96.14.0(000{self._tariff})"]
        columns: dict[str, str] = {}
        for code, (_, _, kind, column) in obis.TABLE.items():
            if column in reading.values:
                columns.setdefault(column, f"{code}({_value(kind, reading.values[column])})")
        lines += columns.values()
        lines += [f"{code.decode()}({rest.decode()}" for code, rest in FAILURES.items()]
        lines += ["0-0:96.13.0()", "0-1:24.1.0(003)"]
        lines.append(f"0-1:96.1.0({GAS_METER.encode().hex().upper()})")
        cubic = f"{gas.counter // 1000:05d}.{gas.counter % 1000:03d}"
        lines += [f"0-1:24.2.1({_stamp(gas.at)})({cubic}*m3)", "!"]
        body = "\r\n".join(lines).encode()
        return body + f"{crc16(body):04X}\r\n".encode()


FAILURES = {
    b"0-0:96.7.21": b"00006)",
    b"0-0:96.7.9": b"00002)",
    b"1-0:99.97.0": b"2)(0-0:96.7.19)(251104063012W)(0000004322*s)(240719161533S)(0000000377*s)",
    **{
        b"1-0:%d.%d.0" % (phase, what): b"%05d)" % (phase * what % 7)
        for what in (32, 36)  # voltage sags and swells
        for phase in (32, 52, 72)
    },
}


def _stamp(at: int) -> str:
    local = datetime.fromtimestamp(at, ZONE)
    return local.strftime("%y%m%d%H%M%S") + ("S" if local.dst() else "W")


def _value(kind: str, value: int) -> str:
    if kind == obis.CURRENT:
        return f"{value // 1000:03d}*A"
    width, decimals, unit = DECIMALS[kind]
    return f"{value / 10**decimals:0{width}.{decimals}f}*{unit}"


def _tariff(at: int) -> int:
    """1 (low) at night and at weekends, 2 (normal) from 07 to 23 on weekdays."""
    local = datetime.fromtimestamp(at, ZONE)
    return 2 if local.weekday() < 5 and 7 <= local.hour < 23 else 1


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
        """Speak until `stop`; what nobody reads is lost, as on a real line."""
        while not self._over.wait(1):
            self._house.advance(int(time.time()))
            rest = self._house.telegram()
            while rest and select.select([], [self._ours], [], 0.1)[1]:
                rest = rest[os.write(self._ours, rest) :]

    def stop(self) -> None:
        """Fall silent and give the line back."""
        self._over.set()
        self.join()
        os.close(self._ours)
        os.close(self._theirs)
