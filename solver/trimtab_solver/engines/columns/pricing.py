"""The pricing problem: which column each host had best hold at given prices, and what that proves.

With prices on arrivals of every kind, on moves, and on resources that are not packed, hosts are independent of each
other: the best column is a knapsack over the guests that run there and those that may arrive (`knapsacks`; the
auxiliary problem of P. C. Gilmore and R. E. Gomory, "A linear programming approach to the cutting-stock problem",
Operations Research 9, 1961).
Any prices prove a bound (Lagrangian relaxation, see `relaxation.lagrangian`); it is evaluated in integers, so it holds
however inexact the prices are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..relaxation.lagrangian import DualPrices, Floats
from ..relaxation.relaxed_problem import RelaxedProblem
from .columns import Columns
from .knapsacks import Knapsacks, build_knapsacks

_NEVER = np.int64(2**61)
_SCALE_BITS = 32
_SAFE_BITS = 58


@dataclass(frozen=True, slots=True)
class PricedColumns:
    """The best columns at some `prices` [P], one per host, and the bound that these prove."""

    prices: Floats
    bound: float
    """Exact, in units of the loss."""
    columns: Columns


class PricingProblem:
    """Prices columns: per kind of guest, of a move, per limit, of room [T, R] in a row.

    Deterministic; for one thread at a time. `start` are the prices of the linear program, which prove at least as much
    here as there; `steps` is how much of each price is much, and above `tops` nothing changes.
    """

    def __init__(self, relaxed: RelaxedProblem, prices: DualPrices) -> None:
        self.relaxed = relaxed
        self.knapsacks: Knapsacks = build_knapsacks(relaxed, prices)
        relaxation, goal, tier = relaxed.relaxation, relaxed.goal, relaxed.relaxation.tier
        self.losses = np.stack([goal.loss, *(limit.loss for limit in relaxed.limits)])[:, tier]
        """What a guest of each kind costs that waits, of the loss and of each limit [1 + L, K]."""
        stops = [goal.loss + goal.stop, *(limit.loss + limit.stop for limit in relaxed.limits)]
        self.stops = np.stack(stops)[:, tier]
        """The same of one that is stopped."""
        room = prices.room / prices.scale
        arrival = np.where(relaxation.mask, (relaxed.load * room[None]).sum(axis=2), np.inf).min(axis=1, initial=np.inf)
        limits = np.array(prices.limits, dtype=np.float64) / prices.scale
        # who fits nowhere is down, whatever it costs
        homeless = np.concatenate([[1.0], limits]) @ self.losses
        first = [np.where(np.isfinite(arrival), arrival, homeless), np.array([prices.move / prices.scale]), limits]
        first.append((room * self.knapsacks.priced).ravel())
        guests = float(relaxation.waiting.sum() + len(relaxation.kind)) + 1.0
        weight = guests * (1.0 + float(self.stops[0].max(initial=0)) + float(np.max(first[0], initial=0.0)))
        self._scale = 1 << max(8, min(_SCALE_BITS, _SAFE_BITS - math.ceil(math.log2(weight))))
        self.start: Floats = np.concatenate(first)
        self.steps = self._steps()
        self.tops = self._tops()

    @property
    def split(self) -> tuple[int, int]:
        """Where the prices of limits and of room begin, after those of kinds and of a move."""
        kinds = len(self.relaxed.relaxation.tier)
        return kinds + 1, kinds + 1 + len(self.relaxed.limits)

    def _steps(self) -> Floats:
        """About the loss of one guest over what the price is of."""
        relaxed = self.relaxed
        share = (relaxed.load / np.maximum(relaxed.load.max(axis=(0, 1)), 1)).max(axis=(1, 2))
        loss = float(self.losses[0].max(initial=1))
        room = self.knapsacks.priced / np.maximum(relaxed.load.max(axis=0), 1)
        return np.concatenate(
            [loss * np.maximum(share, 1e-2), [loss], np.ones(len(relaxed.limits)), (loss * room).ravel()]
        )

    def _tops(self) -> Floats:
        relaxed, relaxation = self.relaxed, self.relaxed.relaxation
        top = np.full(len(self.steps), np.inf)
        if not relaxed.limits:
            strong = relaxation.movable & ~(relaxation.evictable & relaxed.may_stop[relaxation.kind])
            weak = relaxed.may_wait.copy()
            weak[relaxation.kind[strong]] = False
            top[: len(weak)][weak] = self.losses[0][weak]
        if relaxed.goal.moves is None:
            top[len(relaxation.tier)] = 0.0
        return top

    def solve(self, wanted: Floats) -> PricedColumns:
        """The exact bound at these prices, and the columns that are best."""
        relaxed, knapsacks, relaxation = self.relaxed, self.knapsacks, self.relaxed.relaxation
        kinds = len(relaxation.tier)
        prices = np.rint(np.clip(wanted, 0.0, self.tops) * self._scale).astype(np.int64)
        first, second = self.split
        arrival, move, limits = prices[:kinds], int(prices[kinds]), prices[first:second]
        room = prices[second:].reshape(relaxed.room.shape)
        weights = np.concatenate([[self._scale], limits])
        waits = np.where(relaxed.may_wait, weights @ self.losses, _NEVER)
        stops = np.where(knapsacks.evictable, (weights @ self.stops)[knapsacks.kind], _NEVER)
        held = relaxed.load[knapsacks.kind, knapsacks.type] * room[knapsacks.type]
        behind = (held * relaxed.transient).sum(axis=1)
        leaves = np.where(knapsacks.movable, arrival[knapsacks.kind] + move * knapsacks.counted + behind, _NEVER)
        gone = np.minimum(stops, leaves)
        forced = gone >= _NEVER
        gone[forced] = 0
        offered = relaxed.load[knapsacks.offer_kind, knapsacks.offer_type] * room[knapsacks.offer_type]
        reward = arrival[knapsacks.offer_kind] - offered.sum(axis=1)
        packed = knapsacks.solve(reward, gone - held.sum(axis=1), forced)
        total = int((relaxation.waiting * np.minimum(waits, arrival)).sum()) + int(gone.sum()) - packed.total
        total -= int((relaxed.room * room).sum()) + move * (relaxed.goal.moves or 0)
        total -= sum(limit.most * price for limit, price in zip(relaxed.limits, limits.tolist(), strict=True))
        leaver = np.flatnonzero(~packed.stays)
        order = np.argsort(packed.host, kind="stable")
        columns = Columns(
            host=np.arange(len(relaxation.room)),
            arrival_of=packed.host[order],
            kind=knapsacks.offer_kind[packed.offer[order]],
            number=packed.number[order],
            leaver_of=relaxation.host[knapsacks.resident[leaver]].astype(np.int64),
            leaver=leaver,
            stopped=stops[leaver] <= leaves[leaver],
        )
        return PricedColumns(prices / self._scale, total / self._scale, columns)
