"""What a battery would have done: a simulation on the house's own five-minute history.

It can't see what rises and falls within five minutes, phases, standby losses, wear or cold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from zoneinfo import ZoneInfo

from slimmemeter.money.usage.days import days
from slimmemeter.money.usage.quantities import ELECTRICITY, EXPORT, IMPORT, Register, Source

STEP_S, STEPS_OF_HOUR, STEPS_OF_QUARTER = 300, 12, 3
SIZES_KWH = (2, 5, 10, 15)
GREEDY, BY_PRICE = "greedy", "prices"
WHOLE = 1000  # thousandths; and mWh of a Wh
# Of a kWh from the grid in each quarter-hour of the steps, in any unit; None if it isn't known.
Prices = Sequence[int | None]


@dataclass(frozen=True)
class Battery:
    """A battery: its power is at the side of the grid, and all that is lost is lost on charging."""

    kwh: Fraction
    charge_kw: Fraction = Fraction(3)
    discharge_kw: Fraction = Fraction(3)
    efficiency: int = 900  # thousandths
    reserve: int = 100  # thousandths of the capacity that are never used

    @property
    def full_mwh(self) -> int:
        """Its capacity."""
        return int(self.kwh * WHOLE * WHOLE)

    @property
    def empty_mwh(self) -> int:
        """What always stays in it."""
        return self.full_mwh * self.reserve // WHOLE

    @property
    def charge_wh(self) -> int:
        """The most that it takes in a step."""
        return int(self.charge_kw * WHOLE / STEPS_OF_HOUR)

    @property
    def discharge_wh(self) -> int:
        """The most that it gives in a step."""
        return int(self.discharge_kw * WHOLE / STEPS_OF_HOUR)


@dataclass(frozen=True)
class Steps:
    """Five minutes each: what came from the grid and went to it, in Wh; of all and by register."""

    begin: int
    registers: Mapping[Register, Sequence[int]]
    imported: Sequence[int]
    exported: Sequence[int]
    is_gap: Sequence[bool]
    days: Sequence[range]  # the steps of each local day

    def at(self, place: int) -> int:
        """The instant at which a step begins."""
        return self.begin + place * STEP_S


@dataclass
class Run:
    """What a battery did: in each step what it took and gave, and the sums in Wh."""

    policy: str
    battery: Battery
    taken: list[int] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    bought: int = 0  # of what was taken: from the grid
    idle: int = 0  # steps in gaps
    full_steps: int = 0
    stored_mwh: int = 0

    @property
    def left_mwh(self) -> int:
        """What could still be given at the end."""
        return self.stored_mwh - self.battery.empty_mwh


def steps_of(source: Source, begin: int, end: int, zone: ZoneInfo) -> Steps:
    """The steps of [begin, end), which begins on one."""
    instants = range(begin, end + 1, STEP_S)
    counted = source.counted(ELECTRICITY, instants)
    count = len(instants) - 1
    imported, exported = (
        list(map(int, counted.of(direction))) or [0] * count for direction in (IMPORT, EXPORT)
    )
    is_gap = [False] * count
    for at, until in source.gaps(ELECTRICITY, begin, end):
        first, last = (at - begin) // STEP_S, -(-(until - begin) // STEP_S)
        for place in range(max(first, 0), min(last, count)):
            is_gap[place] = True
    registers = {name: list(map(int, rises)) for name, rises in counted.rises.items()}
    return Steps(begin, registers, imported, exported, is_gap, list(_days(begin, count, zone)))


def run(battery: Battery, steps: Steps, prices: Prices | None = None) -> Run:
    """Let a battery follow a policy.

    :param prices: of buying a kWh, for the policy by price; without them it only stores surplus.
    """
    found = Run(GREEDY if prices is None else BY_PRICE, battery, stored_mwh=battery.empty_mwh)
    drawn = surplus = None
    for places in steps.days:
        plan = None if prices is None else _Plan(battery, places, prices, drawn, surplus)
        _day(found, steps, places, plan)
        net = [steps.imported[n] - steps.exported[n] for n in places if not steps.is_gap[n]]
        drawn, surplus = sum(n for n in net if n > 0), -sum(n for n in net if n < 0)
    return found


def _days(begin: int, count: int, zone: ZoneInfo) -> Iterator[range]:
    """The steps of each local day."""
    ends = days(begin, begin + count * STEP_S, zone)
    for _, midnight, following in ends:
        first, last = ((at - begin) // STEP_S for at in (midnight, following))
        yield range(max(first, 0), min(last, count))


class _Plan:
    """On which quarter-hours of a day to buy, how much at most, and on which ones to give."""

    def __init__(
        self,
        battery: Battery,
        places: range,
        prices: Prices,
        drawn: int | None,
        surplus: int | None,
    ) -> None:
        self.cheap: set[int] = set()
        self.dear: set[int] | None = None  # None: at any time, as far as there is anything stored
        self.until_mwh = battery.empty_mwh
        if drawn is None or surplus is None:
            return
        missing = drawn * WHOLE - surplus * battery.efficiency
        target = min(battery.full_mwh - battery.empty_mwh, missing)
        quarters = range(places[0] // STEPS_OF_QUARTER, -(-(places[-1] + 1) // STEPS_OF_QUARTER))
        known = {n: each for n in quarters if (each := prices[n]) is not None}
        if target <= 0 or len(known) < len(quarters):
            return
        most = STEPS_OF_QUARTER * battery.charge_wh * battery.efficiency
        cheap = sorted(known, key=lambda n: (known[n], n))[: -(-target // most)]
        least = sum(known[n] for n in cheap) * WHOLE
        dear = {
            n
            for n, each in known.items()
            if n not in cheap and each * battery.efficiency * len(cheap) > least
        }
        if dear:
            self.cheap, self.dear = set(cheap), dear
            self.until_mwh += target


def _day(found: Run, steps: Steps, places: range, plan: _Plan | None) -> None:
    """A day's steps: surplus is stored always; what is missing is given, or bought."""
    battery = found.battery
    full, empty, loss = battery.full_mwh, battery.empty_mwh, battery.efficiency
    most_in, most_out = battery.charge_wh, battery.discharge_wh
    stored = found.stored_mwh
    for place in places:
        taken = given = 0
        net = steps.imported[place] - steps.exported[place]
        if steps.is_gap[place]:
            found.idle += 1
            net = 0
        quarter = place // STEPS_OF_QUARTER
        if net < 0:
            taken = min(-net, most_in, (full - stored) // loss)
        elif plan is None or plan.dear is None or quarter in plan.dear:
            given = min(net, most_out, (stored - empty) // WHOLE)
        if plan is not None and quarter in plan.cheap and not steps.is_gap[place]:
            rooms = (full - stored) // loss, (plan.until_mwh - stored) // loss
            bought = max(0, min(most_in - taken, *(room - taken for room in rooms)))
            found.bought += bought
            taken += bought
        stored += taken * loss - given * WHOLE
        found.taken.append(taken)
        found.given.append(given)
        found.full_steps += (full - stored) // loss == 0
    found.stored_mwh = stored
