"""Between which neighbours a reading simply goes on, so that nothing has to be weighed."""

from __future__ import annotations

from slimmemeter.store.validation.breaks import BEGIN, END
from slimmemeter.store.validation.rule import MOST_FOR_A_PIECE, PIECE_PRICE, goes_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from slimmemeter.store.validation.breaks import Breaks
    from slimmemeter.store.validation.points import Points, Row

SETTLED = MOST_FOR_A_PIECE - PIECE_PRICE  # points of a piece: more of them change no price
MOST = 1 << 63  # no counter is as high


class Calm:
    """A place between two neighbouring readings of a meter or device."""

    def __init__(
        self,
        points: Points,
        breaks: Breaks,
        before: Row | None,
        after: Row | None,
        changed: Collection[str],
    ) -> None:
        """:param changed: registers that will be weighed in any case."""
        self._points = points
        self._breaks = breaks
        self._before = before
        self._after = after
        self._most = {} if before is None else self._find(before, changed)

    def after(self, row: Row) -> Calm:
        """The place after a reading that went on simply."""
        self._before = row
        return self

    def odd(self, new: Row) -> list[str]:
        """The registers of a new reading that don't simply go on."""
        registers = self._points.registers
        if self._points.overrides and self._is_beside_override(new):
            return registers
        return [
            register
            for place, register in enumerate(registers)
            if not self._goes_on(register, place, new)
        ]

    def _is_beside_override(self, new: Row) -> bool:
        rows = (self._before, new, self._after)
        return any(row is not None and self._points.is_aside(row.at) for row in rows)

    def _goes_on(self, register: str, place: int, new: Row) -> bool:
        most = self._most.get(register)
        counter, before, after = new.counters[place], self._before, self._after
        old = before.counters[place] if before else None
        if counter is None:
            return old is None and (after is None or after.counters[place] is None)
        if most is None or old is None or before is None or not old <= counter < most:
            return False
        per_hour = self._breaks.most_per_hour
        if not goes_on((before.at, old), (new.at, counter), per_hour):
            return False
        if after is None:
            return True
        later = after.counters[place]
        return later is not None and goes_on((new.at, counter), (after.at, later), per_hour)

    def _find(self, before: Row, changed: Collection[str]) -> dict[str, int]:
        """The registers that count here and are in one long piece, each with the counter from which
        on it may turn."""
        has_any = self._breaks.any()
        found = {}
        for place, register in enumerate(self._points.registers):
            counter = before.counters[place]
            if counter is None:
                continue
            is_weighed = register not in changed
            most = MOST
            if has_any:
                least = SETTLED if is_weighed else 1
                most = self._calm_until(register, (before.at, counter), least)
            until = self._after.at if self._after else None
            if most and (not is_weighed or self._points.counts(register, before.at, until)):
                found[register] = most
        return found

    def _calm_until(self, register: str, point: tuple[int, int], least: int) -> int:
        """:param least: the points that its piece must have. :returns: 0 if it isn't calm here."""
        at, counter = point
        left = self._breaks.ending_by(register, at)
        right = self._breaks.beginning_from(register, left[0].until[0] if left else 0)
        low, high = left[0].until if left else BEGIN, right[0].at if right else END
        if low > point or (self._after is not None and high[0] < self._after.at):
            return 0
        if self._points.count(register, max(low[0], 0), high[0], least) < least:
            return 0
        return self._breaks.level_above(register, at, counter) or MOST
