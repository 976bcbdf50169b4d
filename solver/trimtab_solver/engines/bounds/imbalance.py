"""The least imbalance there can be: totals over all hosts, as if everything could be spread at will.

For load above thresholds and for ratios these are the bounds of the machine reassignment challenge (ROADEF/EURO 2012,
problem definition); here guests that may be down do not count as load, and rounding per host is allowed for.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ...primitives.encoding import Bools, Ints
from ...primitives.imbalance import PER_MILLE, AboveThreshold, Peak, Ratio
from ...problem import Problem
from .caps import Caps
from .forced import must_run
from .relaxations import Relaxations


def least_imbalance(relaxations: Relaxations, caps: Caps) -> int:
    """What the balance of any target costs at least in which those run that the levels above demand."""
    problem = relaxations.problem
    totals = _Totals(problem, must_run(problem, caps))
    balance = problem.imbalance
    cost = sum(totals.above(part) for part in balance.above) + sum(totals.ratio(part) for part in balance.ratios)
    return cost + sum(totals.peak(part) for part in balance.peaks)


class _Totals:
    """Loads in units: a load divided by what a unit of a guest without backing counts on the host."""

    def __init__(self, problem: Problem, must: Bools) -> None:
        self._problem = problem
        self._must = must
        current = problem.current
        self._used = np.asarray(problem.allowed.mask.any(axis=0))
        """Hosts [H] on which anything may run."""
        self._used[current[current >= 0]] = True

    def _units(self, load: Ints, r: int, hosts: Bools) -> Fraction:
        """The sum of loads [H] in units, over these hosts."""
        factor = self._problem.capacity.factor[hosts, r, 0]
        return sum(
            (Fraction(int(load[hosts][factor == f].sum()), f) for f in np.unique(factor).tolist()), start=Fraction(0)
        )

    def _ratios(self, r: int) -> tuple[Fraction, Fraction]:
        """The least and the largest number of units that a unit of a backed guest counts."""
        pairs = np.unique(self._problem.capacity.factor[self._used, r], axis=0).tolist()
        found = [Fraction(backed, shared) for shared, backed in pairs]
        return min(found, default=Fraction(1)), max(found, default=Fraction(1))

    def _least(self, r: int) -> Fraction:
        """Units of resource `r` in use at least."""
        problem = self._problem
        size, backed = problem.floor[:, r], problem.capacity.backed[:, r]
        held = self._units(problem.capacity.held[:, r], r, self._used)
        plain, dear = int(size[self._must & ~backed].sum()), int(size[self._must & backed].sum())
        return held + plain + self._ratios(r)[0] * dear

    def _most(self, r: int) -> Fraction:
        """Units of resource `r` in use at most."""
        problem = self._problem
        capacity = problem.capacity
        every = np.ones(problem.host_count, dtype=np.bool_)
        size = problem.upper[:, r] + (capacity.allocated[:, r] * problem.running if capacity.transient[r] else 0)
        backed = capacity.backed[:, r]
        held = self._units(capacity.held[:, r], r, every)
        return held + int(size[~backed].sum()) + self._ratios(r)[1] * int(size[backed].sum())

    def above(self, part: AboveThreshold) -> int:
        """What does not fit below the thresholds of all hosts together."""
        excess = self._least(part.resource) - self._units(part.threshold, part.resource, self._used)
        return part.weight * max(0, -(-excess.numerator // excess.denominator))

    def ratio(self, part: Ratio) -> int:
        """What lacks of the right resource next to what must be free of the left one, over all hosts."""
        capacity = self._problem.capacity
        every = np.ones(self._problem.host_count, dtype=np.bool_)
        left = self._units(capacity.limit[:, part.left], part.left, every) - self._most(part.left)
        right = self._units(capacity.limit[:, part.right], part.right, every) - self._least(part.right)
        # a host counts whole units only: it may lose almost one of the left resource where a unit is more than one
        lost = int((capacity.factor[:, part.left, 0] > 1).sum())
        lacking = part.target * (left - lost) - right
        return part.weight * max(0, -(-lacking.numerator // lacking.denominator))

    def peak(self, part: Peak) -> int:
        """The fullest host is at least as full as all of them together."""
        capacity, r = self._problem.capacity, part.resource
        limit = capacity.limit[:, r]
        hosts = self._used & (limit > 0)
        total = int(limit[hosts].sum())
        overfull = self._used & (limit <= 0) & (capacity.start[:, r] > 0)
        if total == 0 or overfull.any():
            return 0
        backed = capacity.backed[:, r].astype(np.int64)
        least = capacity.factor[hosts, r].min(axis=0)[backed]
        load = int((self._problem.floor[:, r] * least)[self._must].sum()) + int(capacity.held[hosts, r].sum())
        return part.weight * (PER_MILLE * load // total)
