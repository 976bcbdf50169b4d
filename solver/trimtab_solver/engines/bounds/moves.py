"""What moves cost at least: where no breach may be left, guests that break a rule where they are have to move.

Valid guest by guest: who must run and may not run where it does runs elsewhere in every target, at the price of its
cheapest way to move or more. Where breaches may be left nothing is forced.
"""

from __future__ import annotations

import numpy as np

from ...primitives.disruption import COLD_FACTOR
from .caps import INHERITED, Caps
from .forced import must_run
from .relaxations import Relaxations


def forced_moves(relaxations: Relaxations, caps: Caps) -> int:
    """In prices of moves."""
    if caps.get(INHERITED) != 0:
        return 0
    problem = relaxations.problem
    broken = problem.running & (problem.allowed.breach[problem.allowed.class_of, problem.current] > 0)
    forced = broken & must_run(problem, caps)
    factor = np.where(problem.disruption.live, 1, COLD_FACTOR)
    return int((problem.disruption.move_cost * factor)[forced].sum())
