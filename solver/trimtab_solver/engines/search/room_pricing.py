"""Barter: who is down counts by what the room for it is worth, and moves have a price that falls as time goes by.

By heads nothing is gained until there is room for one more; by worth every unit of room that is put to use counts, so
that a plain trade of one guest for another is a step. Moves are a limited good as well: dear at first, so that those
that bring most are made first, and then as cheap as it takes to use up what the budget allows (the price of a
Lagrangian relaxation, followed downwards). What this leaves down is as little room as can be, in guests of any size:
`one_for_many` makes few large ones of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ...problem import Problem
from ..room_prices import Appraisal
from .one_for_many import MOST_COMING, consolidate
from .rows import DOWN, Floats, State, Tables
from .state import refresh_guests
from .weights import Weights

BY_HEADS = 0.05
"""How much guests count by heads all the same, of what they are worth."""
_BETWEEN_RANKS = 4.0
_OTHER_LEVELS = 0.1
"""How much less than usual later levels count."""
_HOT, _COLD = 0.65, 0.13
"""Temperatures, in units of what small guests are worth."""
_COOLED = 0.25
"""When it is cold, of the whole time: from then on the price of moves falls."""
_DEAREST, _CHEAPEST = 10.0, 0.5
"""Prices of a move, in the same units."""
_HASTE = 14.0
"""By which power of e the price may change in the whole time."""
_SPENT = 0.85
_RESERVED = 0.08
"""When the budget of moves may be used up, of the whole time; and how much of it is kept for what comes after."""
_GUIDANCE = 3.0
"""What free room of the size of a usual guest is worth, in the same units: room of one resource alone is worth none."""
_MIX = (0.6, 0.02, 0.3, 0.1, 1.0, 0.0, 0.0, 0.0)
"""See `anneal`: plain trades above all."""
_FILLED = (1.3, 1.15, 1.05, 1.0, 0.97, 0.9, 0.75, 0.5, 0.0)
"""How much of a large guest's worth has to come in its place: best exchanges first, which use idle room as well."""


def barter_weights(weights: Weights) -> Weights:
    """Weights under which all but who runs, and the inherited breaches, hardly matters."""
    return replace(
        weights,
        stops=0.0,
        shrinkage=weights.shrinkage * _OTHER_LEVELS,
        should=weights.should * _OTHER_LEVELS,
        disruption=weights.disruption * _OTHER_LEVELS,
        balance=weights.balance * _OTHER_LEVELS,
    )


@dataclass(slots=True)
class Barter:
    """Annealing by worth: `tables` and the `mix` of proposals to anneal with; `fee` is what a move costs now.

    `unit` is what a small guest is worth, `budget` how many guests may move, `early` [V] how much less than a head
    those are worth that run now.
    """

    tables: Tables
    mix: Floats
    unit: float
    budget: int
    early: Floats
    fee: float = 0.0
    _done: float = 0.0

    def temperature(self, done: float) -> float:
        """The temperature when so much of the time is over (0 to 1)."""
        return self.unit * float(_HOT * (_COLD / _HOT) ** min(1.0, done / _COOLED))

    def adjust_fee(self, state: State, done: float) -> None:
        """Lowers the price of moves while fewer are made than the budget allows by now, else raises it."""
        elapsed, self._done = done - max(self._done, _COOLED), done
        if elapsed <= 0:
            return
        down = state.lists[DOWN, : state.lengths[DOWN]]
        used = int(state.totals["counted"][0]) + int((self.early[down] > 0).sum())
        allowed = (1.0 - _RESERVED) * self.budget * min(1.0, (done - _COOLED) / (_SPENT - _COOLED))
        change = -1.0 if used < allowed else 2.0
        self.set_fee(self.fee * math.exp(change * _HASTE * elapsed))
        refresh_guests(self.tables, state)

    def set_fee(self, fee: float) -> None:
        """Sets the price of a move, within limits. Who is stopped before others is going to need one, to come back."""
        self.fee = min(max(fee, _CHEAPEST * self.unit), _DEAREST * self.unit)
        self.tables.guests["move_weight"] = self.fee
        self.tables.guests["stop_cost"] = np.minimum(self.early, self.fee)


def open_barter(problem: Problem, tables: Tables, appraisal: Appraisal, by_heads: float) -> Barter:
    """Makes `tables`, built with `barter_weights`, count guests that are down by worth, and `by_heads` by heads too."""
    worth, ranks = appraisal.worth, problem.ranks
    above = {rank: appraisal.rank - i for i, rank in enumerate(ranks)}
    heads = np.array([tier.value * _BETWEEN_RANKS ** above.get(tier.rank, 0) for tier in problem.tiers])[problem.tier]
    tables.guests["down_cost"] = worth + by_heads * heads
    tradable = worth[(worth > 0) & (tables.guests["may_be_down"] == 1)]
    unit = float(np.quantile(tradable, 0.1)) if len(tradable) else 1.0
    waiting = ~problem.running & (worth > 0)
    if waiting.any():
        tables.wanted[:] = problem.floor[waiting].mean(axis=0)
        tables.options["guidance"] = _GUIDANCE * unit
    budget = min(int(tables.options["budget"][0]), problem.vm_count)
    counts = problem.running & (problem.tier_values("rank") >= ranks[appraisal.rank])
    early = np.where(counts, np.maximum(problem.tier_values("value") - worth, 0.0), 0.0)
    barter = Barter(tables, np.array(_MIX), unit, budget, early)
    barter.set_fee(_DEAREST * unit)
    return barter


def settle(tables: Tables, state: State, worth: Floats) -> None:
    """By heads, few large guests are better down than many small ones that need the same room.

    Those go down first whose hosts then are filled best, with what was left of their room before.
    """
    guests = tables.guests
    movable = (guests["may_be_down"] == 1) & (guests["may_move"] == 1)
    promise = np.full(len(guests), np.inf)
    came = np.zeros(MOST_COMING, dtype=np.int64)
    room = np.zeros(state.load.shape[2], dtype=np.int64)
    for filled in _FILLED:
        down = np.sort(state.lists[DOWN, : state.lengths[DOWN]])
        down = down[worth[down] > 0]
        if not len(down):
            return
        large = np.flatnonzero((state.guest["place"] >= 0) & movable & (worth >= 2.0 * worth[down].min()))
        large = large[np.lexsort((large, guests["stop_cost"][large], -worth[large]))]
        small = down[np.lexsort((down, -worth[down], -guests["down_cost"][down]))]
        consolidate(tables, state, large, small, worth, filled, promise, came, room)
