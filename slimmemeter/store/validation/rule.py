"""Which points of one register count: a pure function of the set of its points.

A *point* is an instant and a counter. Points in order make *pieces*: within a piece each goes on
from the one before; between two pieces it falls, or rises more than the connection can carry, or
turns (a rise that a fall undoes in one step, or the other way round). Each way to explain the
pieces has a price, and the cheapest one counts:

- a piece that is set aside: 10 and 1 for each of its points, at most 18, so that a counter that
  comes back to where it was goes on, however many points were wrong in between;
- a restart, after which nothing needs to go on: 14, so that five points in a row begin a new
  series and fewer wait;
- a turn that counts: 9.

Then a series that goes on from one before last takes up that one: all between is set aside.
"""

from __future__ import annotations

GAP, CLOCK_OFF, CLOCK_RIGHT, OTHER_VALUE = "gap", "clock off", "clock right", "other value"
OVERLAP = "meters overlap"  # two meters have readings of one time; the detail has their ids
VALIDATED_AGAIN = "validated again"  # an upgrade has changed what a register counts
# A person has set readings aside; of a register it only says that it goes straight on over them.
BY_HAND = "set aside by hand"
# Kinds of events of one register, which make its series: it goes straight on over the first two.
SET_ASIDE, NOT_SENT = "set aside", "not sent"
FIRST, RESTARTED = "first reading", "restarted counter"

# The most that a connection carries in an hour, by the unit of a counter, so that no meter or gas
# main of a house can exceed it: 3 x 80 A is 55 kW, and a gas meter G25 passes 40 m3/h. Water and
# heat get the same in their units.
MOST_PER_HOUR = {"Wh": 100_000, "dm3": 40_000, "MJ": 360}
# A counter that stood still for a while catches up, and clocks are corrected.
SLACK_S = 900

PIECE_PRICE, MOST_FOR_A_PIECE = 10, 18
LONG_PIECE_PRICE = 22  # more for a piece that went on counting for a year: it is a series
LONG_S = 366 * 86400
RESTART_PRICE, TURN_PRICE = 14, 9
ENDS = 5  # points at each end of a piece, of which some may be set aside alone: the fifth is dearer
BREAK, TURN, PAUSE = "break", "turn", "pause"  # between two pieces; a pause only if it goes on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Point = tuple[int, int]  # instant, counter


def goes_on(point: Point, later: Point, most_per_hour: int) -> bool:
    """Whether the connection can have carried what was counted between two points."""
    seconds, rise = later[0] - point[0], later[1] - point[1]
    return seconds > 0 <= rise and rise * 3600 <= most_per_hour * (seconds + SLACK_S)


class Piece:
    """Points in a row, each of which goes on from the one before."""

    __slots__ = ("head", "length", "opened_by", "tail")

    def __init__(
        self, opened_by: str, head: Sequence[Point], tail: Sequence[Point], length: int
    ) -> None:
        self.opened_by = opened_by  # what is between it and the one before
        self.head = head  # its first points, up to `ENDS`
        self.tail = tail  # its last ones
        self.length = length

    @property
    def price(self) -> int:
        """The price of setting it aside."""
        price = min(PIECE_PRICE + self.length, MOST_FOR_A_PIECE)
        return price + LONG_PIECE_PRICE * _is_long(self.head[0], self.tail[-1])


class Kept:
    """Points in a row that count, from the first to the last."""

    __slots__ = ("first", "last", "opened_by")

    def __init__(self, first: Point, last: Point, opened_by: str) -> None:
        self.first = first
        self.last = last
        self.opened_by = opened_by  # FIRST, RESTARTED, or SET_ASIDE if it goes on from one before


class _Way:
    """A way to explain the pieces up to one that counts."""

    __slots__ = ("aside", "before", "enters", "leaves", "opened_by", "piece", "place", "price")

    def __init__(self, place: int, piece: Piece | None, before: _Way | None) -> None:
        self.place = place
        self.piece = piece  # the last one that counts; None if none does
        self.before = before
        self.price = 0
        self.aside = 0  # points that are set aside
        self.opened_by = FIRST
        self.enters = 0  # points of the piece that are set aside at its begin
        self.leaves = 0  # and of the one before at its end


def weigh(pieces: Sequence[Piece], most_per_hour: int) -> list[Kept]:
    """The points that count, in the cheapest explanation.

    :param pieces: in order; at least one.
    """
    ways = [_Way(-1, None, None)]
    for place, piece in enumerate(pieces):
        new = min((_step(way, place, piece, most_per_hour) for way in ways), key=_cheapest)
        for way in ways:
            way.price += piece.price
            way.aside += piece.length
        ways.append(new)
        most = min(way.price for way in ways) + RESTART_PRICE
        ways = [way for way in ways if way.price <= most]
    best = min((way for way in ways if way.piece is not None), key=_cheapest)
    return _with_returns(_kept(best), most_per_hour)


def counted(kept: Sequence[Kept]) -> int:
    """What a register counted in all its series."""
    total = 0
    for before, each in zip((None, *kept), kept, strict=False):
        if before is not None and each.opened_by != RESTARTED:
            total += each.first[1] - before.last[1]
        total += each.last[1] - each.first[1]
    return total


def _cheapest(way: _Way) -> tuple[int, bool, int, int]:
    """Of equal prices what goes on counts, then what sets fewer aside, then the later one."""
    return way.price, way.opened_by == RESTARTED, way.aside, -(way.before or way).place


def _step(before: _Way, place: int, piece: Piece, most_per_hour: int) -> _Way:
    """The cheapest way from one that counts to a piece."""
    new = _Way(place, piece, before)
    new.price, new.aside = before.price, before.aside
    if before.piece is None:
        return new
    last, first = before.piece.tail[-1], piece.head[0]
    if goes_on(last, first, most_per_hour):
        is_turn = piece.opened_by == TURN and before.place == place - 1
        new.opened_by = TURN if is_turn else SET_ASIDE
        new.price += TURN_PRICE * is_turn
        return new
    ends = _without_ends(before.piece, piece, most_per_hour) if first[1] < last[1] else None
    if ends is None:
        new.opened_by = RESTARTED
        new.price += RESTART_PRICE
        return new
    new.leaves, new.enters = ends
    new.opened_by = SET_ASIDE
    new.price += PIECE_PRICE + sum(ends)
    new.aside += sum(ends)
    return new


def _without_ends(before: Piece, piece: Piece, most_per_hour: int) -> tuple[int, int] | None:
    """How many points at the end of the one piece, or at the begin of the other, hide that the
    lower one goes on from the higher one; None if more than a few do."""
    for count in range(1, ENDS):
        if count < len(piece.head) and goes_on(before.tail[-1], piece.head[count], most_per_hour):
            return 0, count
        if count < len(before.tail) and goes_on(
            before.tail[-1 - count], piece.head[0], most_per_hour
        ):
            return count, 0
    return None


def _kept(way: _Way) -> list[Kept]:
    """What counts in this way, in order."""
    found: list[Kept] = []
    leaves = 0
    while way.piece is not None and way.before is not None:
        first = way.piece.head[way.enters]
        found.append(Kept(first, max(first, way.piece.tail[-1 - leaves]), way.opened_by))
        way, leaves = way.before, way.leaves
    return found[::-1]


class _Life:
    """Kept points of one series, and whether only a turn is between it and the one before."""

    __slots__ = ("is_turn", "kept")

    def __init__(self, kept: Kept) -> None:
        self.kept = [kept]
        self.is_turn = kept.opened_by == TURN

    @property
    def is_long(self) -> bool:
        """Whether it counted for a year."""
        return _is_long(self.kept[0].first, self.kept[-1].last)


def _with_returns(kept: Iterable[Kept], most_per_hour: int) -> list[Kept]:
    """Set aside the series between one and another that goes on from it."""
    lives: list[_Life] = []
    for each in kept:
        if each.opened_by == SET_ASIDE:
            lives[-1].kept.append(each)
            continue
        depth = _returns_to(lives, each, most_per_hour)
        if depth is None:
            lives.append(_Life(each))
            continue
        each.opened_by = SET_ASIDE
        del lives[depth + 1 :]
        lives[depth].kept.append(each)
    for life in lives:
        if life.is_turn:
            life.kept[0].opened_by = SET_ASIDE
    return [each for life in lives for each in life.kept]


def _returns_to(lives: Sequence[_Life], new: Kept, most_per_hour: int) -> int | None:
    """The series before the last one from which a new one goes on, nearer than from the last."""
    for depth in range(len(lives) - 2, -1, -1):
        if lives[depth + 1].is_long:
            return None
        last = lives[depth].kept[-1].last
        distance = abs(new.first[1] - lives[-1].kept[-1].last[1])
        if goes_on(last, new.first, most_per_hour) and new.first[1] - last[1] < distance:
            return depth
    return None


def _is_long(first: Point, last: Point) -> bool:
    """Whether it went on counting for more than a year."""
    return last[0] - first[0] > LONG_S and last[1] > first[1]
