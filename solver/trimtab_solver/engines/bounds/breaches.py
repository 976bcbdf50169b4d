"""How many breaches are inherited at least: those of guests that can neither be down nor go anywhere.

Valid by counting: such a guest breaks on its host what it breaks now, in every target, and where such guests alone do
not fit at their floors the host lacks room in every target.
"""

from __future__ import annotations

import numpy as np

from ...problem import NOWHERE
from .caps import Caps
from .forced import must_run, rooted
from .relaxations import Relaxations


def unmendable(relaxations: Relaxations, caps: Caps) -> int:
    """Breaches of those guests, and pairs of a host and a resource that lack room for them."""
    problem = relaxations.problem
    stuck = np.flatnonzero(rooted(problem) & must_run(problem, caps))
    at = problem.current[stuck]
    breaches = int(problem.allowed.breach[problem.allowed.class_of[stuck], at].sum())
    stays = np.full(problem.vm_count, NOWHERE, dtype=np.int32)
    stays[stuck] = at
    return breaches + int((problem.capacity.usage(stays, problem.floor) > problem.capacity.limit).sum())
