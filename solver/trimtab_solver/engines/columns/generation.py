"""Column generation: the bound on a loss when hosts hold whole guests and only so many guests may move.

All prices prove a bound (`pricing`); the best ones prove that of Dantzig and Wolfe, the linear program over all columns
of all hosts. They are the dual of that program over the columns so far (`master`), in a box around the best prices so
far that grows and shrinks with success (R. E. Marsten, W. W. Hogan and J. W. Blankenship, "The boxstep
method for large-scale optimization", Operations Research 23, 1975).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..relaxation.dual import find_prices
from ..relaxation.lagrangian import DualPrices, Floats, bound_at
from ..relaxation.relaxed_problem import RelaxedProblem
from .master import Master, MasterSolution
from .partition import partition
from .pricing import PricedColumns, PricingProblem

_FIRST_RADIUS, _LEAST_RADIUS, _MOST_RADIUS = 0.3, 0.2, 1e4
_NEAR = 0.1
"""Radius around prices that were the best of an alike problem."""
_FIRST_COLUMNS = 6
"""How often prices are drawn in the first box, for columns to begin with."""
MOST_HOSTS = 1_200
"""Hosts up to which the master is solved for all of them; else for a part, which takes less."""
_NEARLY = 0.1
"""When other prices promise no more than this for a part, it is seen what they prove for all."""
_CONVERGED = 1e-3
"""When the master costs no more than this above the bound, the best prices are found: losses are integers."""


class DantzigWolfeBound:
    """A bound that grows while `improve` is called. Deterministic; for one thread at a time."""

    def __init__(self, relaxed: RelaxedProblem, prices: DualPrices, near: Floats | None = None) -> None:
        """Starts from prices of the linear program, which prove at least as much here as there.

        `near` [P] are prices of kinds, moves and limits that were the best ones of an alike problem.
        """
        self.pricing = PricingProblem(relaxed, prices)
        start = self.pricing.start
        self._radius = _FIRST_RADIUS
        # columns do not look at what leaving guests keep of the packed resources; prices do
        self._floor = max(0, bound_at(relaxed, prices))
        self._best: PricedColumns = self.pricing.solve(start)
        self._master: Master | None = None
        self._part: DantzigWolfeBound | None = None
        if near is not None:
            self._radius = _NEAR
            self.try_prices(near)
        self._chance = np.random.default_rng(1)
        self._begun = False
        self.solution: MasterSolution | None = None
        """The optimum of the master over the columns so far."""
        self.is_converged = False
        """Whether other prices would prove nothing better."""

    @property
    def bound(self) -> int:
        """The best bound so far, rounded up to an integer."""
        return max(self._floor, int(np.ceil(self._best.bound)))

    @property
    def proven(self) -> float:
        """The best bound by columns so far, exact, before it is rounded up."""
        return self._best.bound

    @property
    def prices(self) -> Floats:
        """The prices [P] that prove it."""
        return self._best.prices

    @property
    def master(self) -> Master:
        """All columns that were the best of their host at some prices."""
        if self._master is None:
            self._master = Master(self.pricing)
            self._master.add(self._best.columns)
        return self._master

    def try_prices(self, prices: Floats) -> None:
        """Looks at prices of kinds, moves and limits that were found elsewhere."""
        found = self.pricing.solve(np.concatenate([prices, self.pricing.start[len(prices) :]]))
        if found.bound > self._best.bound:
            self._best = found

    @property
    def gap(self) -> float:
        """How much more other prices may prove, as far as is known."""
        if self.is_converged:
            return 0.0
        return np.inf if self.solution is None or self.solution.at_box_edge else self.solution.cost - self._best.bound

    def is_within(self, share: float) -> bool:
        """Whether the master so far costs no more than the bound and a share of it on top."""
        return self.solution is not None and self.solution.cost <= (1.0 + share) * self._best.bound

    def improve(self, iterations: int, is_over: Callable[[], bool] = lambda: False) -> int:
        """Looks at prices so many times, or until `is_over`; returns the best bound so far."""
        for _ in range(iterations):
            if self.is_converged or is_over():
                break
            if len(self.pricing.relaxed.relaxation.room) > MOST_HOSTS:
                self._iterate_part()
                continue
            if not self._begun:
                self._begin()
            self._iterate()
        return self.bound

    def _iterate_part(self) -> None:
        """Looks for better prices on a part of the hosts, and what they prove for all when they are found."""
        if self._part is None:
            relaxed = self.pricing.relaxed
            first = partition(relaxed, len(relaxed.relaxation.room) // MOST_HOSTS + 1)[0].relaxed
            self._part = DantzigWolfeBound(first, find_prices(first), self._common(self.prices))
        self._part.improve(1)
        if self._part.gap <= _NEARLY:
            self.try_prices(self._common(self._part.prices))
            self.is_converged = True

    def _common(self, prices: Floats) -> Floats:
        """Prices of kinds, moves and limits: those that mean the same in problems that are alike."""
        return prices[: self.pricing.split[1]]

    def _price_at(self, prices: Floats) -> tuple[float, int]:
        """What these prices prove, and how many columns are new at them."""
        found = self.pricing.solve(prices)
        new = self.master.add(found.columns)
        if found.bound > self._best.bound:
            self._best = found
        return found.bound, new

    def _begin(self) -> None:
        """Columns at prices around the first ones, so that the first masters have something to choose from."""
        self._begun = True
        first, length = self._best.prices, self._radius * self.pricing.steps
        for _ in range(_FIRST_COLUMNS):
            self._price_at(first + length * self._chance.uniform(-1.0, 1.0, len(first)))

    def _iterate(self) -> None:
        """Asks the master for better prices near the best ones, and looks what they prove."""
        before, length = self._best, self._radius * self.pricing.steps
        low = np.maximum(before.prices - length, 0.0)
        high = np.maximum(np.minimum(before.prices + length, self.pricing.tops), low)
        solution = self.master.solve(low, high)
        if solution is None:
            self.is_converged = True
            return
        self.solution = solution
        hoped = solution.cost - before.bound
        proven, new = self._price_at(solution.prices)
        gained = proven - before.bound
        if solution.cost - self._best.bound < _CONVERGED or not new:
            if not solution.at_box_edge or self._radius > _MOST_RADIUS:
                self.is_converged = True
            self._radius *= 4.0
        elif gained > 0.4 * hoped:
            self._radius *= 1.5
        elif gained < 0.1 * hoped:
            self._radius = max(_LEAST_RADIUS, 0.7 * self._radius)
