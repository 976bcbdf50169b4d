"""Lower bounds by prices on what is scarce: a linear program finds good ones, integer arithmetic makes them a proof.

Lagrangian relaxation (M. L. Fisher, "The Lagrangian relaxation method for solving integer programming problems",
Management Science 27, 1981): with a price on each unit of room, on each move and on each unit of loss allowed at a
level above, guests are independent of each other, and each takes its cheapest option. For *any* prices that are not
negative the sum is a bound. Prices are integers in units of 1/scale, so that no rounding error can lift the sum above
the truth, however inexact the solver was that proposed them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ...primitives.encoding import Bools, Index, Ints
from ..linear_program import LinearProgram
from .aggregation import Relaxation

Floats = npt.NDArray[np.float64]

_NEVER = np.int64(2**61)
"""Cost of what is impossible; no sum of real costs comes near."""
_SCALE_BITS = 40
_SAFE_BITS = 59


@dataclass(frozen=True, slots=True)
class Limit:
    """What the guests that end up down may add up to: per tier, and for those that run now per tier on top."""

    loss: Ints
    stop: Ints
    most: int


@dataclass(frozen=True, slots=True)
class Goal:
    """What to minimise under which limits.

    `loss` [tiers] is what a guest costs that ends up down, `stop` [tiers] what it costs on top when it runs now, `run`
    [K] what one costs that runs, `shrink` [K, R] what each unit costs that it is smaller than its largest size (None:
    it may be as small as its floor for nothing). At most `moves` counted residents change host (None: no limit).
    """

    loss: Ints
    stop: Ints
    run: Ints
    shrink: Ints | None = None
    limits: tuple[Limit, ...] = ()
    moves: int | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices per unit of room [T, R], per move and per unit of each limit, in units of 1/`scale`."""

    scale: int
    room: Ints
    move: int
    limits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Market:
    """A relaxation with a goal: who may be down, what rooms there are, which residents are alike.

    Shapes: `load` [K, T, R] at floors, `full` at largest sizes (where there is anything to choose), `room` [T, R],
    `transient` [R], `may_wait` and `may_stop` [K] (may be down at the end, waiting or running now).
    Residents that are alike form a group: `kind`, `type`, `evictable`, `movable`, `counted`, `number` [Q].
    """

    relaxation: Relaxation
    goal: Goal
    backed: Bools
    load: Ints
    full: Ints
    room: Ints
    transient: Bools
    may_wait: Bools
    may_stop: Bools
    kind: Index
    type: Index
    evictable: Bools
    movable: Bools
    counted: Bools
    number: Ints
    limits: tuple[Limit, ...] = field(default=())
    """The limits that are not simply "nobody"."""


def open_market(relaxation: Relaxation, goal: Goal, backed: Bools, transient: Bools) -> Market:
    """Prepares a relaxation for a goal; `backed` [K, R] and `transient` [R] as in `Capacity`."""
    tier = relaxation.tier
    forbidden_loss, forbidden_stop = np.zeros(len(goal.loss), dtype=np.bool_), np.zeros(len(goal.loss), dtype=np.bool_)
    kept = []
    for limit in goal.limits:
        forbidden_loss |= limit.loss > limit.most
        forbidden_stop |= limit.loss + limit.stop > limit.most
        if ((limit.loss + limit.stop > 0) & (limit.loss + limit.stop <= limit.most)).any():
            kept.append(limit)
    may_stop = ~forbidden_stop[tier]
    type_of = relaxation.type_of[relaxation.host]
    evictable = relaxation.evictable & may_stop[relaxation.kind]
    columns = np.stack([relaxation.kind, type_of, evictable, relaxation.movable, relaxation.counted]).astype(np.int64)
    groups, number = np.unique(columns, axis=1, return_counts=True)
    load = relaxation.loads(relaxation.floor, backed)
    full = load if goal.shrink is None else relaxation.loads(relaxation.upper, backed)
    return Market(
        relaxation=relaxation,
        goal=goal,
        backed=backed,
        load=load,
        full=full,
        room=_rooms(relaxation, load, goal.shrink is None),
        # one that fits nowhere is down whatever the limits say
        may_wait=~forbidden_loss[tier] | ~relaxation.mask.any(axis=1),
        transient=transient,
        may_stop=may_stop,
        kind=groups[0].astype(np.int32),
        type=groups[1].astype(np.int32),
        evictable=groups[2].astype(np.bool_),
        movable=groups[3].astype(np.bool_),
        counted=groups[4].astype(np.bool_),
        number=number.astype(np.int64),
        limits=tuple(kept),
    )


def _rooms(relaxation: Relaxation, load: Ints, rigid: bool) -> Ints:
    """Room of all hosts of a type [T, R]; of each host only a multiple of what every load is a multiple of counts."""
    room = np.zeros(load.shape[1:], dtype=np.int64)
    unit = np.ones_like(room)
    if rigid and relaxation.is_exact:
        present = relaxation.mask.copy()
        present[relaxation.kind, relaxation.type_of[relaxation.host]] = True
        for t in range(relaxation.type_count):
            unit[t] = np.maximum(np.gcd.reduce(load[present[:, t], t], axis=0, initial=0), 1)
    np.add.at(room, relaxation.type_of, relaxation.room // unit[relaxation.type_of])
    return room * unit


def bound_at(market: Market, prices: Prices) -> int:
    """The bound that these prices prove, rounded up to an integer."""
    return -(-_worth(market, prices) // prices.scale)


def _options(market: Market, prices: Prices) -> tuple[Ints, Ints, Ints, Ints]:
    """Scaled costs: down while waiting [K], down after running [K], on a host of each type [K, T], arrival [K]."""
    goal, relaxation, scale = market.goal, market.relaxation, prices.scale
    loss, stop = goal.loss * scale, (goal.loss + goal.stop) * scale
    for limit, price in zip(market.limits, prices.limits, strict=True):
        loss = loss + limit.loss * price
        stop = stop + (limit.loss + limit.stop) * price
    waiting = np.where(market.may_wait, loss[relaxation.tier], _NEVER)
    stopped = np.where(market.may_stop, stop[relaxation.tier], _NEVER)
    small = market.load * prices.room[None, :, :]
    if goal.shrink is not None:
        cut = goal.shrink * (relaxation.upper - relaxation.floor) * scale
        small = np.minimum(small + cut[:, None, :], market.full * prices.room[None, :, :])
    here = goal.run[:, None] * scale + small.sum(axis=2)
    arrival = np.where(relaxation.mask, here, _NEVER).min(axis=1, initial=_NEVER)
    return waiting, stopped, here, arrival


def _worth(market: Market, prices: Prices) -> int:
    """What the cheapest option of every guest costs at these prices, less the worth of all there is; exact."""
    waiting, stopped, here, arrival = _options(market, prices)
    k = market.kind
    stay = here[k, market.type]
    stop = np.where(market.evictable, stopped[k], _NEVER)
    # at least its floor of a transient resource stays held where it was
    behind = (market.load * (prices.room * market.transient)[None, :, :]).sum(axis=2)[k, market.type]
    leave = np.where(market.movable, arrival[k] + prices.move * market.counted + behind, _NEVER)
    cheapest = np.minimum(np.minimum(stay, stop), leave)
    waits = np.minimum(waiting, arrival)
    total = _dot(market.relaxation.waiting, waits) + _dot(market.number, cheapest)
    total -= _dot(market.room.ravel(), prices.room.ravel())
    total -= prices.move * (market.goal.moves or 0)
    return total - sum(limit.most * price for limit, price in zip(market.limits, prices.limits, strict=True))


def _dot(left: Ints, right: Ints) -> int:
    """The exact sum of products, of any size."""
    used = np.flatnonzero(left)
    return sum(a * b for a, b in zip(left[used].tolist(), right[used].tolist(), strict=True))


def find_prices(market: Market) -> Prices:
    """Good prices: the dual solution of the linear program, or nothing at all where it has none."""
    duals = _Program(market).duals()
    scale = _scale(market, duals)
    if duals is None:
        return Prices(scale, np.zeros_like(market.room), 0, (0,) * len(market.limits))
    room, move, limits = duals
    return Prices(
        scale,
        np.rint(room * scale).astype(np.int64),
        0 if market.goal.moves is None else round(move * scale),
        tuple(round(price * scale) for price in limits),
    )


def _scale(market: Market, duals: tuple[Floats, float, Floats] | None) -> int:
    """The largest power of two at which no cost of a single guest overflows."""
    goal = market.goal
    most = float((goal.loss + goal.stop).max(initial=0)) + float(goal.run.max(initial=0)) + 1.0
    if duals is not None:
        room, move, limits = duals
        most += float((market.full * room[None, :, :]).sum(axis=2).max(initial=0.0)) + move
        most += sum(float((u.loss + u.stop).max()) * p for u, p in zip(market.limits, limits.tolist(), strict=True))
        if goal.shrink is not None:
            slack = market.relaxation.upper - market.relaxation.floor
            most += float((goal.shrink * slack).sum(axis=1).max(initial=0))
    return 1 << max(0, min(_SCALE_BITS, _SAFE_BITS - math.ceil(math.log2(most))))


class _Program:
    """Arrivals per kind and type, waiting guests that stay down, residents that leave or stop, what is shrunk.

    Rows: room per type and resource; per kind, what arrives was waiting or left; residents leave or stop at most once;
    moves; limits; nobody shrinks below the floor.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._program = program = LinearProgram()
        goal, relaxation, tier = market.goal, market.relaxation, market.relaxation.tier
        self._unit = np.maximum(market.room.max(axis=0, initial=1), 1).astype(np.float64)
        """Room is counted in shares of the roomiest type, so that coefficients stay near one."""
        self._pair_kind, self._pair_type = np.nonzero(relaxation.mask)
        self._x = program.add_variables(np.full(len(self._pair_kind), np.inf), goal.run[self._pair_kind])
        self._waits = program.add_variables(np.where(market.may_wait, relaxation.waiting, 0), goal.loss[tier])
        stop = (goal.loss + goal.stop)[tier][market.kind] - goal.run[market.kind]
        self._stops = program.add_variables(np.where(market.evictable, market.number, 0), stop)
        self._leaves = program.add_variables(np.where(market.movable, market.number, 0), -goal.run[market.kind])
        self._rooms = self._room_rows()
        if goal.shrink is not None:
            self._shrinkage(goal.shrink)
        self._balance()
        self._moves = self._move_row()
        self._limits = self._limit_rows()

    def _room_rows(self) -> Ints:
        """Arrivals - what residents free <= room - what residents hold now: row per type and resource [T, R]."""
        market, program = self._market, self._program
        held = np.zeros(market.room.shape, dtype=np.int64)
        own = market.full[market.kind, market.type]
        np.add.at(held, market.type, own * market.number[:, None])
        rooms = (market.room - held) / self._unit
        rows = program.add_rows(np.full(rooms.size, -np.inf), rooms.ravel()).reshape(rooms.shape)
        for r in range(rooms.shape[1]):
            arriving = market.full[self._pair_kind, self._pair_type, r]
            program.add_terms(rows[self._pair_type, r], self._x, arriving / self._unit[r])
            freed = own[:, r] - market.transient[r] * market.load[market.kind, market.type, r]
            program.add_terms(rows[market.type, r], self._stops, -own[:, r] / self._unit[r])
            program.add_terms(rows[market.type, r], self._leaves, -freed / self._unit[r])
        return rows

    def _shrinkage(self, cost: Ints) -> None:
        """What kinds shrink per type and resource: it frees room, and has its limit in how many of them run there."""
        market, program, relaxation = self._market, self._program, self._market.relaxation
        number = np.zeros(relaxation.mask.shape, dtype=np.int64)
        np.add.at(number, (market.kind, market.type), market.number)
        cell = np.full(relaxation.mask.shape, -1, dtype=np.int64)
        for r, slack in enumerate((relaxation.upper - relaxation.floor).T):
            kinds, types = np.nonzero((slack[:, None] > 0) & (relaxation.mask | (number > 0)))
            cuts = program.add_variables(np.full(len(kinds), np.inf), cost[kinds, r])
            factor = np.where(market.backed[kinds, r], relaxation.factor[types, r, 1], relaxation.factor[types, r, 0])
            program.add_terms(self._rooms[types, r], cuts, -factor / self._unit[r])
            rows = program.add_rows(np.full(len(kinds), -np.inf), slack[kinds] * number[kinds, types])
            program.add_terms(rows, cuts, np.ones(len(kinds)))
            cell[:] = -1
            cell[kinds, types] = rows
            for k, t, variables, sign in (
                (self._pair_kind, self._pair_type, self._x, -1.0),
                (market.kind, market.type, self._stops, 1.0),
                (market.kind, market.type, self._leaves, 1.0),
            ):
                used = cell[k, t] >= 0
                program.add_terms(cell[k, t][used], variables[used], sign * slack[k[used]])

    def _balance(self) -> None:
        """Per kind, arrivals and waiting guests that stay down are those that waited and those that leave."""
        market, program = self._market, self._program
        waiting = market.relaxation.waiting
        rows = program.add_rows(waiting, waiting)
        program.add_terms(rows[self._pair_kind], self._x, np.ones(len(self._x)))
        program.add_terms(rows, self._waits, np.ones(len(rows)))
        program.add_terms(rows[market.kind], self._leaves, -np.ones(len(market.kind)))
        both = np.flatnonzero(market.evictable & market.movable)
        once = program.add_rows(np.full(len(both), -np.inf), market.number[both])
        program.add_terms(once, self._stops[both], np.ones(len(both)))
        program.add_terms(once, self._leaves[both], np.ones(len(both)))

    def _move_row(self) -> int | None:
        if self._market.goal.moves is None:
            return None
        counted = self._leaves[self._market.counted & self._market.movable]
        row = self._program.add_rows(np.array([-np.inf]), np.array([self._market.goal.moves]))
        self._program.add_terms(np.repeat(row, len(counted)), counted, np.ones(len(counted)))
        return int(row[0])

    def _limit_rows(self) -> Ints:
        tier, kind = self._market.relaxation.tier, self._market.kind
        most = np.array([limit.most for limit in self._market.limits], dtype=np.int64)
        rows = self._program.add_rows(np.full(len(most), -np.inf), most)
        for row, limit in zip(rows.tolist(), self._market.limits, strict=True):
            costs = np.concatenate([limit.loss[tier], (limit.loss + limit.stop)[tier][kind]])
            variables = np.concatenate([self._waits, self._stops])
            self._program.add_terms(np.full(len(costs), row), variables, costs)
        return rows

    def duals(self) -> tuple[Floats, float, Floats] | None:
        """Prices of room [T, R], moves and limits, none negative; None when the program was not solved."""
        solution = self._program.solve()
        if solution is None:
            return None
        prices = np.maximum(-solution.prices, 0.0)
        move = 0.0 if self._moves is None else float(prices[self._moves])
        return prices[self._rooms] / self._unit, move, prices[self._limits]
