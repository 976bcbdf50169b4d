"""Tighter bounds on what is lost at a rank: hosts hold whole guests, and only so many guests may move.

With prices on arrivals of every kind, on moves, and on resources that are not packed, hosts are independent of each
other: the best that one can do is a knapsack over the guests that run there and those that may arrive (`packing`). All
prices prove a bound (Lagrangian relaxation, see `pricing`); the best ones prove that of the linear program over all
contents of all hosts (P. C. Gilmore and R. E. Gomory, "A linear programming approach to the cutting-stock problem",
Operations Research 9, 1961). They are found by cutting planes in a box around the best prices so far that grows and
shrinks with success (R. E. Marsten, W. W. Hogan and J. W. Blankenship, "The boxstep method for large-scale
optimization", Operations Research 23, 1975). A bound is evaluated in integers, so it holds however inexact the prices
are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...primitives.encoding import Bools, Ints
from .linear_program import LinearProgram
from .packing import pack
from .pricing import Market, Prices, bound_at

Floats = npt.NDArray[np.float64]

_NEVER = np.int64(2**61)
_SCALE_BITS = 32
_SAFE_BITS = 58
_FIRST_RADIUS = 0.1
_CONVERGED = 1e-3
"""When the cuts promise no more than this, the best prices are found: losses are integers."""
_KEPT_CUTS = 60
_RESTARTS = 3


@dataclass(frozen=True, slots=True)
class _Point:
    """The bound at some prices (in units of 1/scale), and what it says of others.

    Per type t, the contents chosen here cost ``constant[t] + sum(coefficient * price)`` at any prices; the terms are
    given as `row` (type), `column` (price) and `coefficient`.
    """

    prices: Floats
    total: int
    constant: Floats
    row: Ints
    column: Ints
    coefficient: Floats


class HostBound:
    """A bound on the loss of a market that grows while `improve` is called. Deterministic; for one thread at a time."""

    def __init__(self, market: Market, prices: Prices) -> None:
        """Starts from prices of the linear program, which prove at least as much here as there."""
        self._market = market
        self._packing = pack(market, prices)
        relaxation, goal, tier = market.relaxation, market.goal, market.relaxation.tier
        self._losses = np.stack([goal.loss, *(limit.loss for limit in market.limits)])[:, tier]
        stops = [goal.loss + goal.stop, *(limit.loss + limit.stop for limit in market.limits)]
        self._stops = np.stack(stops)[:, tier]
        room = prices.room / prices.scale
        arrival = np.where(relaxation.mask, (market.load * room[None]).sum(axis=2), np.inf).min(axis=1, initial=np.inf)
        limits = np.array(prices.limits, dtype=np.float64) / prices.scale
        # who fits nowhere is down, whatever it costs
        homeless = np.concatenate([[1.0], limits]) @ self._losses
        start = [np.where(np.isfinite(arrival), arrival, homeless), np.array([prices.move / prices.scale]), limits]
        start.append((room * self._packing.priced).ravel())
        guests = float(relaxation.waiting.sum() + len(relaxation.kind)) + 1.0
        weight = guests * (1.0 + float(self._stops[0].max(initial=0)) + float(np.max(start[0], initial=0.0)))
        self._scale = 1 << max(8, min(_SCALE_BITS, _SAFE_BITS - math.ceil(math.log2(weight))))
        self._step = self._steps()
        self._top = self._tops()
        self._radius = _FIRST_RADIUS
        self._restarts = 0
        # contents of hosts do not look at what leaving guests keep of the packed resources; prices do
        self._floor = max(0, bound_at(market, prices))
        self._best = self._evaluate(np.concatenate(start))
        self._cuts = [self._best]
        self.is_converged = False
        """Whether other prices would prove nothing better."""

    @property
    def bound(self) -> int:
        """The best bound so far, rounded up to an integer."""
        return max(self._floor, -(-self._best.total // self._scale))

    def improve(self, iterations: int, is_over: Callable[[], bool] = lambda: False) -> int:
        """Looks at prices so many times, or until `is_over`; returns the best bound so far."""
        for _ in range(iterations):
            if self.is_converged or is_over():
                break
            self._iterate()
        return self.bound

    def _iterate(self) -> None:
        """Asks the cuts for better prices near the best ones, and looks what they prove."""
        best = self._best
        low = np.maximum(best.prices - self._radius * self._step, 0.0)
        high = np.maximum(np.minimum(best.prices + self._radius * self._step, self._top), low)
        found = self._promising(low, high)
        if found is None:
            self.is_converged = True
            return
        prices, promised = found
        hoped = promised - best.total / self._scale
        if hoped < _CONVERGED:
            self._restart(bool(((prices <= low) & (low > 0) | (prices >= high) & (high < self._top)).any()), hoped)
            return
        point = self._evaluate(prices)
        self._cuts = [*self._cuts[-_KEPT_CUTS:], point]
        gain = (point.total - best.total) / self._scale
        if point.total > best.total:
            self._best = point
        if gain > 0.4 * hoped:
            self._radius *= 2.0
        elif gain < 0.1 * hoped:
            self._radius *= 0.6

    def _restart(self, at_edge: bool, hoped: float) -> None:
        """Nothing better is promised: in a larger box there may be; cuts that promise less than is reached are wrong.

        They are when a host was too large to be looked at in both resources: then only the last one is kept.
        """
        if (hoped > -_CONVERGED and not at_edge) or self._restarts >= _RESTARTS:
            self.is_converged = True
        else:
            self._restarts += 1
            self._radius = max(self._radius, _FIRST_RADIUS) * 4.0
            if hoped <= -_CONVERGED:
                self._cuts = [self._best]

    def _split(self) -> tuple[int, int]:
        """Where the prices of limits and of room begin, after those of kinds and of a move."""
        kinds = len(self._market.relaxation.tier)
        return kinds + 1, kinds + 1 + len(self._market.limits)

    def _steps(self) -> Floats:
        """How far each price goes in a box of radius one: about the loss of one guest over what the price is of."""
        market = self._market
        share = (market.load / np.maximum(market.load.max(axis=(0, 1)), 1)).max(axis=(1, 2))
        loss = float(self._losses[0].max(initial=1))
        room = self._packing.priced / np.maximum(market.load.max(axis=0), 1)
        return np.concatenate(
            [loss * np.maximum(share, 1e-2), [loss], np.ones(len(market.limits)), (loss * room).ravel()]
        )

    def _tops(self) -> Floats:
        """Above which price nothing changes, where that is known."""
        market, relaxation = self._market, self._market.relaxation
        top = np.full(len(self._step), np.inf)
        if not market.limits:
            strong = relaxation.movable & ~(relaxation.evictable & market.may_stop[relaxation.kind])
            weak = market.may_wait.copy()
            weak[relaxation.kind[strong]] = False
            top[: len(weak)][weak] = self._losses[0][weak]
        if market.goal.moves is None:
            top[len(relaxation.tier)] = 0.0
        return top

    def _evaluate(self, wanted: Floats) -> _Point:
        """The exact bound at these prices."""
        market, packing, relaxation = self._market, self._packing, self._market.relaxation
        kinds = len(relaxation.tier)
        prices = np.rint(np.maximum(wanted, 0.0) * self._scale).astype(np.int64)
        first, second = self._split()
        arrival, move, limits = prices[:kinds], int(prices[kinds]), prices[first:second]
        room = prices[second:].reshape(market.room.shape)
        weights = np.concatenate([[self._scale], limits])
        waits = np.where(market.may_wait, weights @ self._losses, _NEVER)
        stops = np.where(packing.evictable, (weights @ self._stops)[packing.kind], _NEVER)
        held = market.load[packing.kind, packing.type] * room[packing.type]
        behind = (held * market.transient).sum(axis=1)
        leaves = np.where(packing.movable, arrival[packing.kind] + move * packing.counted + behind, _NEVER)
        gone = np.minimum(stops, leaves)
        forced = gone >= _NEVER
        gone[forced] = 0
        offered = market.load[packing.offer_kind, packing.offer_type] * room[packing.offer_type]
        reward = arrival[packing.offer_kind] - offered.sum(axis=1)
        worth, arrivals, stays = packing.fill(reward, gone - held.sum(axis=1), forced)
        total = int((relaxation.waiting * np.minimum(waits, arrival)).sum()) + int(gone.sum()) - worth
        total -= int((market.room * room).sum()) + move * (market.goal.moves or 0)
        total -= sum(limit.most * price for limit, price in zip(market.limits, limits.tolist(), strict=True))
        leaving = ~stays & (leaves < stops)
        return self._cut(prices / self._scale, total, arrivals, stays, leaving)

    def _cut(self, prices: Floats, total: int, arrivals: Ints, stays: Bools, leaving: Bools) -> _Point:
        """What the contents cost at other prices: arrivals `arrivals` [N], residents that stay, leave, or else stop."""
        market, packing = self._market, self._packing
        types, resources = market.room.shape
        kind, at = packing.kind, packing.type
        kinds = len(market.relaxation.tier)
        first, second = self._split()
        stopped = ~stays & ~leaving
        slopes = np.zeros((types, len(prices)))
        np.add.at(slopes, (at[leaving], kind[leaving]), 1.0)
        np.add.at(slopes, (packing.offer_type, packing.offer_kind), -arrivals.astype(np.float64))
        np.add.at(slopes[:, kinds], at[leaving], packing.counted[leaving].astype(np.float64))
        for i in range(len(market.limits)):
            np.add.at(slopes[:, first + i], at[stopped], self._stops[i + 1][kind[stopped]].astype(np.float64))
        used = np.zeros((types, resources))
        np.add.at(used, packing.offer_type, market.load[packing.offer_kind, packing.offer_type] * arrivals[:, None])
        load = market.load[kind, at]
        np.add.at(used, at[stays], load[stays])
        np.add.at(used, at[leaving], load[leaving] * market.transient)
        own = second + np.arange(types * resources).reshape(types, resources)
        slopes[np.arange(types)[:, None], own] = used * packing.priced
        constant = np.zeros(types)
        np.add.at(constant, at[stopped], self._stops[0][kind[stopped]].astype(np.float64))
        row, column = np.nonzero(slopes)
        return _Point(prices, total, constant, row, column, slopes[row, column])

    def _promising(self, low: Floats, high: Floats) -> tuple[Floats, float] | None:
        """The prices between `low` and `high` at which all cuts together promise most, and how much."""
        market, relaxation = self._market, self._market.relaxation
        kinds, types = len(relaxation.tier), relaxation.type_count
        first, second = self._split()
        program = LinearProgram()
        cost = np.zeros(len(low))
        cost[kinds] = market.goal.moves or 0
        cost[first:second] = [limit.most for limit in market.limits]
        cost[second:] = market.room.ravel()
        prices = program.add_variables(high, cost, low)
        waits = program.add_variables(np.full(kinds, np.inf), -relaxation.waiting)
        contents = program.add_variables(np.full(types, np.inf), -np.ones(types), np.full(types, -np.inf))
        rows = program.add_rows(np.full(kinds, -np.inf), np.zeros(kinds))
        program.add_terms(rows, waits, np.ones(kinds))
        program.add_terms(rows, prices[:kinds], -np.ones(kinds))
        free = np.flatnonzero(market.may_wait)
        rows = program.add_rows(np.full(len(free), -np.inf), self._losses[0][free])
        program.add_terms(rows, waits[free], np.ones(len(free)))
        for i, price in enumerate(prices[first:second].tolist()):
            program.add_terms(rows, np.full(len(free), price), -self._losses[i + 1][free])
        for cut in self._cuts:
            rows = program.add_rows(np.full(types, -np.inf), cut.constant)
            program.add_terms(rows, contents, np.ones(types))
            program.add_terms(rows[cut.row], prices[cut.column], -cut.coefficient)
        solution = program.solve()
        if solution is None:
            return None
        values = solution[0]
        promised = (relaxation.waiting * values[waits]).sum() + values[contents].sum() - (cost * values[prices]).sum()
        return values[prices], float(promised)
