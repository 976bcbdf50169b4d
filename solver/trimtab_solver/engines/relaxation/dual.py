"""Good prices: the dual of the linear program over a relaxation."""

from __future__ import annotations

import math

import numpy as np

from ...primitives.encoding import Ints
from ..linear_program import LinearProgram
from .lagrangian import DualPrices, Floats
from .relaxed_problem import RelaxedProblem

_SCALE_BITS = 40
_SAFE_BITS = 59


def find_prices(relaxed: RelaxedProblem) -> DualPrices:
    """Good prices: the dual solution of the linear program, or nothing at all where it has none."""
    duals = _Program(relaxed).duals()
    scale = _scale(relaxed, duals)
    if duals is None:
        return DualPrices(scale, np.zeros_like(relaxed.room), 0, (0,) * len(relaxed.limits))
    room, move, limits = duals
    return DualPrices(
        scale,
        np.rint(room * scale).astype(np.int64),
        0 if relaxed.goal.moves is None else round(move * scale),
        tuple(round(price * scale) for price in limits),
    )


def _scale(relaxed: RelaxedProblem, duals: tuple[Floats, float, Floats] | None) -> int:
    """The largest power of two at which no cost of a single guest overflows."""
    goal = relaxed.goal
    most = float((goal.loss + goal.stop).max(initial=0)) + float(goal.run.max(initial=0)) + 1.0
    if duals is not None:
        room, move, limits = duals
        most += float((relaxed.full * room[None, :, :]).sum(axis=2).max(initial=0.0)) + move
        most += sum(float((u.loss + u.stop).max()) * p for u, p in zip(relaxed.limits, limits.tolist(), strict=True))
        if goal.shrink is not None:
            slack = relaxed.relaxation.upper - relaxed.relaxation.floor
            most += float((goal.shrink * slack).sum(axis=1).max(initial=0))
    return 1 << max(0, min(_SCALE_BITS, _SAFE_BITS - math.ceil(math.log2(most))))


class _Program:
    """Arrivals per kind and type, waiting guests that stay down, residents that leave or stop, what is shrunk.

    Rows: room per type and resource; per kind, what arrives was waiting or left; residents leave or stop at most once;
    moves; limits; nobody shrinks below the floor.
    """

    def __init__(self, relaxed: RelaxedProblem) -> None:
        self._relaxed = relaxed
        self._program = program = LinearProgram()
        goal, relaxation, tier = relaxed.goal, relaxed.relaxation, relaxed.relaxation.tier
        self._unit = np.maximum(relaxed.room.max(axis=0, initial=1), 1).astype(np.float64)
        """Room is counted in shares of the roomiest type, so that coefficients stay near one."""
        self._pair_kind, self._pair_type = np.nonzero(relaxation.mask)
        self._x = program.add_variables(np.full(len(self._pair_kind), np.inf), goal.run[self._pair_kind])
        self._waits = program.add_variables(np.where(relaxed.may_wait, relaxation.waiting, 0), goal.loss[tier])
        stop = (goal.loss + goal.stop)[tier][relaxed.kind] - goal.run[relaxed.kind]
        self._stops = program.add_variables(np.where(relaxed.evictable, relaxed.number, 0), stop)
        self._leaves = program.add_variables(np.where(relaxed.movable, relaxed.number, 0), -goal.run[relaxed.kind])
        self._rooms = self._room_rows()
        if goal.shrink is not None:
            self._shrinkage(goal.shrink)
        self._balance()
        self._moves = self._move_row()
        self._limits = self._limit_rows()

    def _room_rows(self) -> Ints:
        """Arrivals - what residents free <= room - what residents hold now: row per type and resource [T, R]."""
        relaxed, program = self._relaxed, self._program
        held = np.zeros(relaxed.room.shape, dtype=np.int64)
        own = relaxed.full[relaxed.kind, relaxed.type]
        np.add.at(held, relaxed.type, own * relaxed.number[:, None])
        rooms = (relaxed.room - held) / self._unit
        rows = program.add_rows(np.full(rooms.size, -np.inf), rooms.ravel()).reshape(rooms.shape)
        for r in range(rooms.shape[1]):
            arriving = relaxed.full[self._pair_kind, self._pair_type, r]
            program.add_terms(rows[self._pair_type, r], self._x, arriving / self._unit[r])
            freed = own[:, r] - relaxed.transient[r] * relaxed.load[relaxed.kind, relaxed.type, r]
            program.add_terms(rows[relaxed.type, r], self._stops, -own[:, r] / self._unit[r])
            program.add_terms(rows[relaxed.type, r], self._leaves, -freed / self._unit[r])
        return rows

    def _shrinkage(self, cost: Ints) -> None:
        """What kinds shrink per type and resource: it frees room, and has its limit in how many of them run there."""
        relaxed, program, relaxation = self._relaxed, self._program, self._relaxed.relaxation
        number = np.zeros(relaxation.mask.shape, dtype=np.int64)
        np.add.at(number, (relaxed.kind, relaxed.type), relaxed.number)
        cell = np.full(relaxation.mask.shape, -1, dtype=np.int64)
        for r, slack in enumerate((relaxation.upper - relaxation.floor).T):
            kinds, types = np.nonzero((slack[:, None] > 0) & (relaxation.mask | (number > 0)))
            cuts = program.add_variables(np.full(len(kinds), np.inf), cost[kinds, r])
            factor = np.where(relaxed.backed[kinds, r], relaxation.factor[types, r, 1], relaxation.factor[types, r, 0])
            program.add_terms(self._rooms[types, r], cuts, -factor / self._unit[r])
            rows = program.add_rows(np.full(len(kinds), -np.inf), slack[kinds] * number[kinds, types])
            program.add_terms(rows, cuts, np.ones(len(kinds)))
            cell[:] = -1
            cell[kinds, types] = rows
            for k, t, variables, sign in (
                (self._pair_kind, self._pair_type, self._x, -1.0),
                (relaxed.kind, relaxed.type, self._stops, 1.0),
                (relaxed.kind, relaxed.type, self._leaves, 1.0),
            ):
                used = cell[k, t] >= 0
                program.add_terms(cell[k, t][used], variables[used], sign * slack[k[used]])

    def _balance(self) -> None:
        """Per kind, arrivals and waiting guests that stay down are those that waited and those that leave."""
        relaxed, program = self._relaxed, self._program
        waiting = relaxed.relaxation.waiting
        rows = program.add_rows(waiting, waiting)
        program.add_terms(rows[self._pair_kind], self._x, np.ones(len(self._x)))
        program.add_terms(rows, self._waits, np.ones(len(rows)))
        program.add_terms(rows[relaxed.kind], self._leaves, -np.ones(len(relaxed.kind)))
        both = np.flatnonzero(relaxed.evictable & relaxed.movable)
        once = program.add_rows(np.full(len(both), -np.inf), relaxed.number[both])
        program.add_terms(once, self._stops[both], np.ones(len(both)))
        program.add_terms(once, self._leaves[both], np.ones(len(both)))

    def _move_row(self) -> int | None:
        if self._relaxed.goal.moves is None:
            return None
        counted = self._leaves[self._relaxed.counted & self._relaxed.movable]
        row = self._program.add_rows(np.array([-np.inf]), np.array([self._relaxed.goal.moves]))
        self._program.add_terms(np.repeat(row, len(counted)), counted, np.ones(len(counted)))
        return int(row[0])

    def _limit_rows(self) -> Ints:
        tier, kind = self._relaxed.relaxation.tier, self._relaxed.kind
        most = np.array([limit.most for limit in self._relaxed.limits], dtype=np.int64)
        rows = self._program.add_rows(np.full(len(most), -np.inf), most)
        for row, limit in zip(rows.tolist(), self._relaxed.limits, strict=True):
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
