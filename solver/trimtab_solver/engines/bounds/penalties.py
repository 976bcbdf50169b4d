"""What should rules cost at least: every guest that has to run pays at least for its cheapest host.

Valid guest by guest, as if each had all hosts for itself; should rules about groups are left out, and cost no less than
nothing.
"""

from __future__ import annotations

import numpy as np

from ...primitives.encoding import Ints
from ...problem import Problem
from .caps import Caps
from .forced import must_run, rooted
from .relaxations import Relaxations

_DEAR = np.int64(2**62)
"""What no weights add up to."""


def least_penalty(relaxations: Relaxations, caps: Caps) -> int:
    """In weights of should rules; who runs may stay where it is, whatever a guest that arrives may do."""
    problem = relaxations.problem
    away = np.where(rooted(problem), _DEAR, _nearest(problem))
    everybody, at = np.arange(problem.vm_count), np.maximum(problem.current, 0)
    here = np.where(problem.running, problem.penalties(everybody, at), _DEAR)
    least = np.minimum(away, here)
    return int(least[must_run(problem, caps) & (least < _DEAR)].sum())


def _nearest(problem: Problem) -> Ints:
    """What each guest [V] pays for its cheapest host of those where it may arrive; `_DEAR` where there is none."""
    allowed, attraction = problem.allowed, problem.attraction
    guest, host = attraction.guest, attraction.host
    kind = allowed.class_of[guest]
    least = np.where(allowed.mask, allowed.penalty, _DEAR).min(axis=1, initial=_DEAR)[allowed.class_of]
    listed = np.where(allowed.mask[kind, host], allowed.penalty[kind, host] - attraction.gain, _DEAR)
    np.minimum.at(least, guest, listed)
    return np.where(least < _DEAR, least + attraction.base, _DEAR)
