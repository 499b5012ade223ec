"""Where the pieces of a register end: at falls, impossible rises, turns and pauses.

Breaks follow from the points around them alone, whatever order those came in; `validation` weighs
the pieces between them.
"""

from __future__ import annotations

from slimmemeter.store import schema
from slimmemeter.store.validation.rule import BREAK, ENDS, PAUSE, TURN, Piece, goes_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection

    from slimmemeter.store.validation.points import Points
    from slimmemeter.store.validation.rule import Point

MOST_PIECES = 1000  # that are weighed: of two meters that alternate under one id the newest ones
MOST_COUNTED = 1000  # points of a piece: of more it is known that they are many
REAL = f"AND kind = '{BREAK}'"  # SQL: neither a turn nor a pause
BEGIN, END = (-1, -1), (schema.INSTANT_MASK, 0)  # before and after all points


class Break:
    """Two neighbouring points between which a piece ends."""

    __slots__ = ("at", "kind", "until")

    def __init__(self, kind: str, at: Point, until: Point) -> None:
        self.kind = kind
        self.at = at
        self.until = until

    @property
    def is_fall(self) -> bool:
        """Whether the counter is lower after it."""
        return self.until[1] < self.at[1]


class Breaks:
    """The stored breaks of one meter's or device's registers."""

    def __init__(self, db: Connection, points: Points, column: str, most_per_hour: int) -> None:
        """:param column: of the owner in `breaks`: series or device."""
        self._db = db
        self._points = points
        self._column = column
        self.most_per_hour = most_per_hour

    def _find(self, register: str, where: str, *values: int) -> list[Break]:
        """A register's breaks that fulfil an SQL condition, which may end with their order."""
        rows = self._db.execute(
            "SELECT kind, at, counter_before, until, counter_after FROM breaks"
            f" WHERE {self._column} = ? AND register = ? {where}",
            (self._points.ids[0], register, *values),
        )
        return [Break(kind, (at, low), (until, high)) for kind, at, low, until, high in rows]

    def ending_by(self, register: str, instant: int, where: str = "") -> list[Break]:
        """The last break that ends at an instant or before; none if there is none."""
        last = f"AND until <= ? {where} ORDER BY until DESC, counter_after DESC LIMIT 1"
        return self._find(register, last, instant)

    def beginning_from(self, register: str, instant: int, where: str = "") -> list[Break]:
        """The first break that begins at an instant or after; none if there is none."""
        first = f"AND at >= ? {where} ORDER BY at, counter_before LIMIT 1"
        return self._find(register, first, instant)

    def level_above(self, register: str, instant: int, counter: int) -> int | None:
        """The level from which the run at an instant fell, if the counter is lower than it: the run
        may turn there."""
        found = self.ending_by(register, instant, REAL)
        return (
            found[0].at[1] if found and found[0].at[1] > max(counter, found[0].until[1]) else None
        )

    def any(self) -> bool:
        """Whether any register has one."""
        sql = f"SELECT EXISTS (SELECT 1 FROM breaks WHERE {self._column} = ?)"
        return bool(self._db.execute(sql, (self._points.ids[0],)).fetchone()[0])

    def forget(self) -> None:
        """Delete all of them."""
        self._db.execute(f"DELETE FROM breaks WHERE {self._column} = ?", (self._points.ids[0],))

    def _put(self, register: str, kind: str, at: Point, until: Point) -> None:
        self._db.execute(
            f"INSERT INTO breaks ({self._column}, register, kind, at, counter_before, until,"
            " counter_after) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._points.ids[0], register, kind, *at, *until),
        )

    def _delete(self, register: str, kinds: Sequence[str], low: int, high: int) -> None:
        """Delete those that lie within two instants or reach over one of them."""
        self._db.execute(
            f"DELETE FROM breaks WHERE {self._column} = ? AND register = ? AND kind IN"
            f" ({', '.join('?' * len(kinds))}) AND until >= ? AND at <= ?",
            (self._points.ids[0], register, *kinds, low, high),
        )

    def mend(self, register: str, low: int, high: int) -> None:
        """Find the breaks again between two instants, between which points came or went."""
        points = self._points
        begin = points.before(register, (low, -1))
        end = points.after(register, (high, schema.INSTANT_MASK))
        self._delete(register, (BREAK, PAUSE), low, high)
        first, last = begin or (low, -1), end or (high, schema.INSTANT_MASK)
        at = begin
        while (until := points.after(register, at or (low, -1))) is not None and until <= last:
            if at is not None and (kind := self._kind(at, until)):
                self._put(register, kind, at, until)
            at = until
        self._mend_turns(register, first, last)

    def _kind(self, at: Point, until: Point) -> str:
        if not goes_on(at, until, self.most_per_hour):
            return BREAK
        return PAUSE if self._points.has_rows_between(at[0], until[0]) else ""

    def _mend_turns(self, register: str, first: Point, last: Point) -> None:
        """Find the turns again in every run between real breaks that has one of these points."""
        before = self.ending_by(register, first[0], REAL)
        after = self.beginning_from(register, last[0], REAL)
        low = before[0].until if before else BEGIN
        high = after[0].at if after else END
        order = "ORDER BY at, counter_before"
        within = self._find(register, f"{REAL} AND at >= ? AND until <= ? {order}", low[0], high[0])
        within = [each for each in within if each.at >= low and each.until <= high]
        self._delete(register, (TURN,), low[0], high[0])
        edges: list[Break | None] = [*before, *within, *after]
        edges = [*([] if before else [None]), *edges, *([] if after else [None])]
        for left, right in zip(edges, edges[1:], strict=False):
            turns = {
                self._down_and_up(register, left, right),
                self._up_and_down(register, left, right),
            }
            for turn in turns:
                if turn is not None:
                    self._put(register, TURN, *turn)

    def _down_and_up(
        self, register: str, left: Break | None, right: Break | None
    ) -> tuple[Point, Point] | None:
        """The step of a run that undoes the fall before it, and more than it counted until then."""
        if left is None or not left.is_fall:
            return None
        first = left.until
        step = self._step_to(register, first, self._end(register, right), left.at[1])
        if step is None:
            return None
        at, until = step
        return step if until[1] - at[1] > at[1] - first[1] else None

    def _up_and_down(
        self, register: str, left: Break | None, right: Break | None
    ) -> tuple[Point, Point] | None:
        """The step of a run that the fall after it undoes, and more than it counts from there."""
        if right is None or not right.is_fall:
            return None
        last = right.at
        first = left.until if left else self._points.after(register, BEGIN)
        assert first is not None
        step = self._step_to(register, first, last, right.until[1] + 1)
        if step is None:
            return None
        at, until = step
        return step if until[1] - at[1] > last[1] - until[1] else None

    def _step_to(
        self, register: str, first: Point, last: Point, counter: int
    ) -> tuple[Point, Point] | None:
        """The step of a run that reaches a counter; None if it begins there, or never does."""
        until = self._points.first_at_least(register, first, last, counter)
        if until is None or until == first:
            return None
        at = self._points.before(register, until)
        assert at is not None
        return at, until

    def _end(self, register: str, right: Break | None) -> Point:
        """The last point of a run."""
        if right is not None:
            return right.at
        last = self._points.before(register, END)
        assert last is not None
        return last

    def pieces(self, register: str) -> list[Piece]:
        """The pieces of a register in order: all, or if they are very many the newest ones."""
        newest = f"ORDER BY at DESC, counter_before DESC LIMIT {MOST_PIECES}"
        breaks: list[Break] = []
        for each in self._find(register, newest)[::-1]:
            if not (breaks and (breaks[-1].at, breaks[-1].until) == (each.at, each.until)):
                breaks.append(each)
            elif each.kind == TURN:  # and a pause
                breaks[-1] = each
        starts = [each.until for each in breaks]
        kinds = [each.kind for each in breaks]
        if len(breaks) < MOST_PIECES:
            first = self._points.after(register, BEGIN)
            if first is None:
                return []
            starts, kinds = [first, *starts], [BREAK, *kinds]
        ends = [each.at for each in breaks[len(breaks) + 1 - len(starts) :]]
        ends.append(self._end(register, None))
        return [self._piece(register, *each) for each in zip(kinds, starts, ends, strict=True)]

    def _piece(self, register: str, kind: str, first: Point, last: Point) -> Piece:
        points, most = self._points, ENDS + 2 * len(self._points.ids)
        head = [each for each in points.some(register, first[0], last[0], most)
                if first <= each <= last][:ENDS]  # fmt: skip
        tail = [each for each in points.some(register, first[0], last[0], most, descending=True)
                if first <= each <= last][:ENDS][::-1]  # fmt: skip
        length = len(head)
        if length == ENDS:
            length = max(ENDS, points.count(register, first[0], last[0], MOST_COUNTED))
        return Piece(kind, head, tail, length)
