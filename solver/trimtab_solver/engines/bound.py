"""Lower bounds on the levels that need no search."""

from __future__ import annotations

import numpy as np

from ..primitives.encoding import Ints
from ..problem import Problem


def trivial_bounds(problem: Problem) -> tuple[int, ...]:
    """A value that no target can undercut, per level in the order of `level_names`."""
    value, rank = problem.tier_values("value"), problem.tier_values("rank")
    homeless = np.array([_fits_nowhere(problem, v) for v in range(problem.vm_count)], dtype=np.bool_)
    bounds = [int(value[homeless & (rank == r)].sum()) for r in problem.ranks]
    shrunk = ((problem.requested - problem.upper) * problem.tier_values("shrink_cost")[:, None]).sum()
    return problem.fold((*bounds, 0, 0, int(shrunk), 0, 0, 0))


def _fits_nowhere(problem: Problem, v: int) -> bool:
    if problem.running[v]:
        return False
    hosts = np.flatnonzero(problem.arrivals(v))
    if len(hosts) == 0:
        return True
    need: Ints = problem.capacity.load_of(v, problem.floor[v])[hosts]
    return not bool((need <= problem.capacity.ceiling[hosts]).all(axis=1).any())
