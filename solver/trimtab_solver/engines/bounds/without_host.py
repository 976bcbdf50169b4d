"""What is lost at a rank at least: who does not run and may arrive on no host at all.

Valid because no action starts such a guest, whatever else is done: hosts that take guests, storage, devices and must
rules about single guests are all in what is allowed.
"""

from __future__ import annotations

import numpy as np

from .caps import Caps
from .relaxations import Relaxations


def without_host(relaxations: Relaxations, _caps: Caps, rank: int) -> int:
    """In values of guests of the rank."""
    problem = relaxations.problem
    has_host = np.asarray(problem.allowed.mask.any(axis=1))[problem.allowed.class_of]
    barred = ~problem.running & (~problem.startable | ~has_host)
    counted = np.asarray(barred & (problem.tier_values("rank") == rank))
    return int(problem.tier_values("value")[counted].sum())
