"""A simulated household: a house in the Netherlands with solar panels and gas.

In a year about 2,000 kWh come from the grid, 2,600 kWh go to it, and 1,100 m3 of gas are burnt. The
same seed gives the same house, hour by hour.
"""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from slimmemeter.p1.mbus import GAS
from slimmemeter.p1.reading import MbusReading, MeterLog, PowerFailure, Reading

ZONE = ZoneInfo("Europe/Amsterdam")
SLOT_S = 300
HEADER = "ISK5\\2M550T-1013"
METER = "E0052000000008765"
GAS_METER = "G0052000000008765"
# The registers on the day on which the simulation begins.
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


class Day:
    """A day in slots of five minutes: use and sun in W, gas in dm3 an hour."""

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
        self._gas_reported = (at - at % SLOT_S, gas_dm3)
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
                self._gas_reported = (self.at, self._gas // 3600)

    def reading(self) -> Reading:
        """The meter's reading now."""
        taken, given = max(self._net_w, 0), max(-self._net_w, 0)
        values = {name: joules // 3600 for name, joules in self._joules.items()}
        values |= {"power_import_w": taken, "power_export_w": given}
        for phase, share in (("l1", 5), ("l2", 3), ("l3", 2)):
            swing_dv = int(12 * math.sin(self.at / 5000 + share) + 9 * math.sin(self.at / 1700))
            values[f"voltage_{phase}_dv"] = 2315 + swing_dv + given // 100
            values[f"current_{phase}_ma"] = (taken + given) * share // 2300 * 1000
            values[f"power_import_{phase}_w"] = taken * share // 10
            values[f"power_export_{phase}_w"] = given * share // 10
        gas_at, gas_dm3 = self._gas_reported
        gas = MbusReading(1, GAS, GAS_METER, gas_at, gas_dm3, "dm3")
        return Reading(
            METER,
            self.at,
            values,
            header=HEADER,
            version="50",
            tariff=self._tariff,
            devices=[gas],
            log=LOG,
        )


LOG = MeterLog(
    {
        "power_failures": 6,
        "long_power_failures": 2,
        "voltage_sags_l1": 2,
        "voltage_sags_l2": 5,
        "voltage_sags_l3": 1,
        "voltage_swells_l1": 4,
        "voltage_swells_l2": 3,
        "voltage_swells_l3": 2,
    },
    [PowerFailure(1762234212, 4322), PowerFailure(1721398533, 377)],
)


def _tariff(at: int) -> int:
    """1 (low) at night and at weekends, 2 (normal) from 07 to 23 on weekdays."""
    local = datetime.fromtimestamp(at, ZONE)
    return 2 if local.weekday() < 5 and 7 <= local.hour < 23 else 1
