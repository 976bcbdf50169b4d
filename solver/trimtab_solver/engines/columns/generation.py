"""Tighter bounds on what is lost at a rank: hosts hold whole guests, and only so many guests may move.

All prices prove a bound (`pricing`); the best ones prove that of the linear program over all contents of all hosts.
They are found by that program itself, over the contents that earlier prices made best (`master`), in a box around the
best prices so far that grows and shrinks with success (R. E. Marsten, W. W. Hogan and J. W. Blankenship, "The boxstep
method for large-scale optimization", Operations Research 23, 1975).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..relaxation.pricing import Market, Prices, bound_at, find_prices
from .master import Master, Mixture
from .partition import deal
from .pricing import Floats, Valuation, Valuer

_FIRST_RADIUS, _LEAST_RADIUS, _MOST_RADIUS = 0.3, 0.2, 1e4
_NEAR = 0.1
"""Radius around prices that were the best of an alike market."""
_FIRST_CONTENTS = 6
"""How often prices are drawn in the first box, for contents to begin with."""
MOST_HOSTS = 1_200
"""Hosts up to which the program over contents is solved for all of them; else for a share, which takes less."""
_NEARLY = 0.1
"""When other prices promise no more than this for a share, it is seen what they prove for all."""
_CONVERGED = 1e-3
"""When the mixture costs no more than this above the bound, the best prices are found: losses are integers."""


class HostBound:
    """A bound on the loss of a market that grows while `improve` is called. Deterministic; for one thread at a time."""

    def __init__(self, market: Market, prices: Prices, near: Floats | None = None) -> None:
        """Starts from prices of the linear program, which prove at least as much here as there.

        `near` [P] are prices of kinds, moves and limits that were the best ones of an alike market.
        """
        self.valuer = Valuer(market, prices)
        start = self.valuer.start
        self._radius = _FIRST_RADIUS
        # contents of hosts do not look at what leaving guests keep of the packed resources; prices do
        self._floor = max(0, bound_at(market, prices))
        self._best: Valuation = self.valuer.value(start)
        self._master: Master | None = None
        self._share: HostBound | None = None
        if near is not None:
            self._radius = _NEAR
            self.offer(near)
        self._chance = np.random.default_rng(1)
        self._begun = False
        self.mixture: Mixture | None = None
        """The best mixture of the contents so far."""
        self.is_converged = False
        """Whether other prices would prove nothing better."""

    @property
    def bound(self) -> int:
        """The best bound so far, rounded up to an integer."""
        return max(self._floor, int(np.ceil(self._best.bound)))

    @property
    def proven(self) -> float:
        """The best bound by contents so far, exact, before it is rounded up."""
        return self._best.bound

    @property
    def prices(self) -> Floats:
        """The prices [P] that prove it."""
        return self._best.prices

    @property
    def master(self) -> Master:
        """All contents that were the best of their host at some prices."""
        if self._master is None:
            self._master = Master(self.valuer)
            self._master.add(self._best.contents)
        return self._master

    def offer(self, prices: Floats) -> None:
        """Looks at prices of kinds, moves and limits that were found elsewhere."""
        found = self.valuer.value(np.concatenate([prices, self.valuer.start[len(prices) :]]))
        if found.bound > self._best.bound:
            self._best = found

    @property
    def gap(self) -> float:
        """How much more other prices may prove, as far as is known."""
        if self.is_converged:
            return 0.0
        return np.inf if self.mixture is None or self.mixture.at_edge else self.mixture.cost - self._best.bound

    def is_within(self, share: float) -> bool:
        """Whether the best mixture so far costs no more than the bound and a share of it on top."""
        return self.mixture is not None and self.mixture.cost <= (1.0 + share) * self._best.bound

    def improve(self, iterations: int, is_over: Callable[[], bool] = lambda: False) -> int:
        """Looks at prices so many times, or until `is_over`; returns the best bound so far."""
        for _ in range(iterations):
            if self.is_converged or is_over():
                break
            if len(self.valuer.market.relaxation.room) > MOST_HOSTS:
                self._iterate_share()
                continue
            if not self._begun:
                self._begin()
            self._iterate()
        return self.bound

    def _iterate_share(self) -> None:
        """Looks for better prices on a share of the hosts, and what they prove for all when they are found."""
        if self._share is None:
            market = self.valuer.market
            first = deal(market, len(market.relaxation.room) // MOST_HOSTS + 1)[0].market
            self._share = HostBound(first, find_prices(first), self._common(self.prices))
        self._share.improve(1)
        if self._share.gap <= _NEARLY:
            self.offer(self._common(self._share.prices))
            self.is_converged = True

    def _common(self, prices: Floats) -> Floats:
        """Prices of kinds, moves and limits: those that mean the same in markets that are alike."""
        return prices[: self.valuer.split[1]]

    def _look_at(self, prices: Floats) -> tuple[float, int]:
        """What these prices prove, and how many contents are new at them."""
        found = self.valuer.value(prices)
        new = self.master.add(found.contents)
        if found.bound > self._best.bound:
            self._best = found
        return found.bound, new

    def _begin(self) -> None:
        """Contents at prices around the first ones, so that the first mixtures have something to choose from."""
        self._begun = True
        first, length = self._best.prices, self._radius * self.valuer.steps
        for _ in range(_FIRST_CONTENTS):
            self._look_at(first + length * self._chance.uniform(-1.0, 1.0, len(first)))

    def _iterate(self) -> None:
        """Asks the master for better prices near the best ones, and looks what they prove."""
        before, length = self._best, self._radius * self.valuer.steps
        low = np.maximum(before.prices - length, 0.0)
        high = np.maximum(np.minimum(before.prices + length, self.valuer.tops), low)
        mixture = self.master.mix(low, high)
        if mixture is None:
            self.is_converged = True
            return
        self.mixture = mixture
        hoped = mixture.cost - before.bound
        proven, new = self._look_at(mixture.prices)
        gained = proven - before.bound
        if mixture.cost - self._best.bound < _CONVERGED or not new:
            if not mixture.at_edge or self._radius > _MOST_RADIUS:
                self.is_converged = True
            self._radius *= 4.0
        elif gained > 0.4 * hoped:
            self._radius *= 1.5
        elif gained < 0.1 * hoped:
            self._radius = max(_LEAST_RADIUS, 0.7 * self._radius)
