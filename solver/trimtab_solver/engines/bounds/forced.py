"""Guests about whom there is no choice: those that cannot be down, and those that cannot leave."""

from __future__ import annotations

import numpy as np

from ...primitives.encoding import Bools
from ...problem import Problem
from .caps import STOPS, Caps, rank_caps


def must_run(problem: Problem, caps: Caps) -> Bools:
    """Guests that cannot be down at the end, whatever else [V]."""
    rank, value = problem.tier_values("rank"), problem.tier_values("value")
    must = problem.running & ~problem.evictable
    for r, most in rank_caps(caps).items():
        must |= (rank == r) & (value > most)
    if STOPS in caps:
        must |= problem.running & (problem.tier_values("eviction_cost") > caps[STOPS])
    return np.asarray(must)


def rooted(problem: Problem) -> Bools:
    """Running guests that nothing can bring to another host [V]."""
    opens = np.asarray(problem.allowed.mask.any(axis=1))[problem.allowed.class_of]
    mobile = problem.evictable | problem.disruption.cold | problem.disruption.live
    return np.asarray(problem.running & (problem.fixed | ~opens | ~mobile))
