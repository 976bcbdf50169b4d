"""Annealing at prices of room: who is down counts by the worth of its room, and moves have a price that falls.

Counted by heads nothing is gained until there is room for one more; counted by worth every unit of room that is put to
use is a gain, so that one guest up for another one down is a step. Moves are a limited good as well: dear at first, so
that those that bring most are made first, and then as cheap as it takes to use up what the budget allows (the price of
a Lagrangian relaxation, followed downwards). What this leaves down is as little room as can be, in guests of any size:
`one_for_many` makes few large ones of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ...problem import Problem
from ..room_prices import RoomPrices
from .one_for_many import MOST_COMING, exchange_one_for_many
from .rows import DOWN, Floats, Prices, State, Tables
from .state import refresh_guests
from .tables import with_guests
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
_STEEPEST = 14.0
"""By which power of e the price of a move may change in the whole time."""
_SPENT = 0.85
_RESERVED = 0.08
"""When the budget of moves may be used up, of the whole time; and how much of it is kept for what comes after."""
_WHOLE_ROOM = 3.0
"""What free room of the size of a usual guest is worth, in the same units: room of one resource alone is worth none."""
_MIX = (0.6, 0.02, 0.3, 0.1, 1.0, 0.0, 0.0, 0.0)
"""See `anneal`: plain trades above all."""
_FILLED = (1.3, 1.15, 1.05, 1.0, 0.97, 0.9, 0.75, 0.5, 0.0)
"""How much of a large guest's worth has to come in its place: best exchanges first, which use idle room as well."""


def loss_weights(weights: Weights) -> Weights:
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
class PricedAnnealing:
    """Annealing by worth: `tables` and the `mix` of proposals to anneal with; `move_price` is what a move costs now.

    `unit` is what a small guest is worth, `budget` how many guests may move, `early` [V] how much less than a head
    those are worth that run now, `wanted` [R] the size of a usual guest that waits, `room_price` what room for it is
    worth.
    """

    tables: Tables
    mix: Floats
    unit: float
    budget: int
    early: Floats
    wanted: Floats
    room_price: float
    move_price: float
    _done: float = 0.0

    @property
    def prices(self) -> Prices:
        """The prices of now. Who is stopped before others is going to need a move, to come back."""
        move = np.full(len(self.early), self.move_price)
        return Prices(move, np.minimum(self.early, self.move_price), self.room_price, self.wanted)

    def temperature(self, done: float) -> float:
        """The temperature when so much of the time is over (0 to 1)."""
        return self.unit * float(_HOT * (_COLD / _HOT) ** min(1.0, done / _COOLED))

    def adjust(self, state: State, done: float) -> None:
        """Lowers the price of moves while fewer are made than the budget allows by now, else raises it."""
        elapsed, self._done = done - max(self._done, _COOLED), done
        if elapsed <= 0:
            return
        down = state.lists[DOWN, : state.lengths[DOWN]]
        used = int(state.totals["counted"][0]) + int((self.early[down] > 0).sum())
        allowed = (1.0 - _RESERVED) * self.budget * min(1.0, (done - _COOLED) / (_SPENT - _COOLED))
        change = -1.0 if used < allowed else 2.0
        self.move_price = self._within_limits(self.move_price * math.exp(change * _STEEPEST * elapsed))
        prices = self.prices
        state.guest["move_price"], state.guest["stop_price"] = prices.move, prices.stop
        refresh_guests(self.tables, state)

    def _within_limits(self, price: float) -> float:
        return min(max(price, _CHEAPEST * self.unit), _DEAREST * self.unit)


def start_room_pricing(problem: Problem, tables: Tables, room: RoomPrices, by_heads: float) -> PricedAnnealing:
    """Annealing in which guests that are down count by worth, and `by_heads` by heads too.

    `tables` are those of `loss_weights`.
    """
    worth, ranks = room.worth, problem.ranks
    above = {rank: ranks.index(room.rank) - i for i, rank in enumerate(ranks)}
    heads = np.array([tier.value * _BETWEEN_RANKS ** above.get(tier.rank, 0) for tier in problem.tiers])[problem.tier]
    tradable = worth[(worth > 0) & (tables.guests["may_be_down"] == 1)]
    unit = float(np.quantile(tradable, 0.1)) if len(tradable) else 1.0
    waiting = ~problem.running & (worth > 0)
    counts = problem.running & (problem.tier_values("rank") >= room.rank)
    return PricedAnnealing(
        tables=with_guests(tables, down_cost=worth + by_heads * heads),
        mix=np.array(_MIX),
        unit=unit,
        budget=min(int(tables.options["budget"][0]), problem.vm_count),
        early=np.where(counts, np.maximum(problem.tier_values("value") - worth, 0.0), 0.0),
        wanted=problem.floor[waiting].mean(axis=0) if waiting.any() else np.zeros(len(problem.resources)),
        room_price=_WHOLE_ROOM * unit if waiting.any() else 0.0,
        move_price=_DEAREST * unit,
    )


def exchange_by_heads(tables: Tables, state: State, worth: Floats) -> None:
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
        exchange_one_for_many(tables, state, large, small, worth, filled, promise, came, room)
