"""How much guests must shrink at least: what is lacking where all run that the levels above demand.

Valid as for losses (see `relaxations`), with sizes between floor and largest size as further variables; only where the
relaxation tells guests apart whose units of shrinkage differ (`is_exact`). To this comes, guest by guest, the part of a
request that nothing ever gives.
"""

from __future__ import annotations

import numpy as np

from .caps import Caps
from .forced import must_run
from .relaxations import Relaxations


def least_shrinkage(relaxations: Relaxations, caps: Caps) -> int:
    """In units of resources, weighted by tier."""
    problem = relaxations.problem
    cost = problem.tier_values("shrink_cost")
    never = (problem.requested - problem.upper).sum(axis=1) * cost
    base = int(never[must_run(problem, caps)].sum())
    relaxation = relaxations.relaxation(elastic=True, caps=caps)
    per_kind = relaxations.tiers("shrink_cost")[relaxation.tier]
    shrink = np.repeat(per_kind[:, None], len(problem.resources), axis=1)
    if not relaxation.is_exact or not shrink.any():
        return max(0, base)
    none = np.zeros(len(problem.tiers), dtype=np.int64)
    return max(0, base + relaxations.least(relaxation, none, shrink, caps))
