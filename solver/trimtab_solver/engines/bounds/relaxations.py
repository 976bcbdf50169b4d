"""The relaxations of one problem, built when asked for and kept, and what they bound.

A relaxation counts guests by kind and hosts by type, and lets fractions of guests run: every target of the problem is
one of its own, so that what its dual prices prove (`relaxation.lagrangian`; M. L. Fisher, "The Lagrangian relaxation
method for solving integer programming problems", Management Science 27, 1981) no target undercuts.
"""

from __future__ import annotations

import numpy as np

from ...primitives.encoding import Bools, Ints
from ...problem import Problem
from ..relaxation.aggregation import Relaxation, relax
from ..relaxation.dual import find_prices
from ..relaxation.lagrangian import bound_at
from ..relaxation.relaxed_problem import Goal, Limit, RelaxedProblem, relaxed_problem
from .caps import INHERITED, STOPS, Caps, rank_caps


class Relaxations:
    """One per way to relax: with sizes that may shrink or not, with rules that may stay broken or not."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._relaxations: dict[tuple[bool, bool], Relaxation] = {}
        budget = problem.disruption.budget
        self._moves = None if budget >= problem.vm_count else budget

    def relaxation(self, *, elastic: bool = False, caps: Caps | None = None) -> Relaxation:
        """`elastic`: guests may be smaller than their request. Breaches may stay unless `caps` permit none."""
        key = elastic, caps is None or caps.get(INHERITED) != 0
        if key not in self._relaxations:
            self._relaxations[key] = relax(self.problem, elastic=elastic, tolerant=key[1])
        return self._relaxations[key]

    def tiers(self, attribute: str) -> Ints:
        """One integer attribute of every tier [T]."""
        return np.array([getattr(tier, attribute) for tier in self.problem.tiers], dtype=np.int64)

    def loss_problem(self, rank: int, caps: Caps) -> RelaxedProblem:
        """The relaxation with the loss at a rank as its goal."""
        value = self.tiers("value")
        relaxation = self.relaxation()
        loss = np.where(self.tiers("rank") == rank, value, 0)
        return self._relaxed(relaxation, loss, np.zeros_like(value), None, caps)

    def least(self, relaxation: Relaxation, stop: Ints, shrink: Ints | None, caps: Caps) -> int:
        """A bound on what stops cost per tier (`stop` [T]) and units of shrinkage per kind (`shrink` [K, R])."""
        return _bound(self._relaxed(relaxation, np.zeros_like(stop), stop, shrink, caps))

    def least_loss(self, rank: int, caps: Caps) -> int:
        """A bound on the loss at a rank."""
        return _bound(self.loss_problem(rank, caps))

    def _relaxed(
        self, relaxation: Relaxation, loss: Ints, stop: Ints, shrink: Ints | None, caps: Caps
    ) -> RelaxedProblem:
        run = np.zeros(len(relaxation.tier), dtype=np.int64)
        goal = Goal(loss, stop, run, shrink, self._limits(caps), self._moves)
        return relaxed_problem(relaxation, goal, self._backed(relaxation), self.problem.capacity.transient)

    def _limits(self, caps: Caps) -> tuple[Limit, ...]:
        rank, value = self.tiers("rank"), self.tiers("value")
        none = np.zeros_like(value)
        limits = [Limit(np.where(rank == r, value, 0), none, most) for r, most in rank_caps(caps).items()]
        if STOPS in caps:
            limits.append(Limit(none, self.tiers("eviction_cost"), caps[STOPS]))
        return tuple(limits)

    def _backed(self, relaxation: Relaxation) -> Bools:
        backed = np.array([tier.backed for tier in self.problem.tiers], dtype=np.bool_)
        return np.asarray(backed.reshape(len(self.problem.tiers), -1)[relaxation.tier])


def _bound(relaxed: RelaxedProblem) -> int:
    return max(0, bound_at(relaxed, find_prices(relaxed)))
