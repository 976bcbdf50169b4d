"""Squeezing: guests shrink for a while, further than they will at the end, so that another one has room."""

from __future__ import annotations

import numpy as np

from ...problem import NOWHERE
from .agenda import Agenda
from .walk import Walk


def squeeze_for_one(agenda: Agenda) -> bool:
    """Makes room for the first waiting guest for which that is possible; whether there was one."""
    walk = agenda.walk
    if not (walk.state.sizes > walk.problem.floor).any():
        return False
    return any(agenda.goal[v] != NOWHERE and squeeze(walk, v, int(agenda.goal[v])) for v in agenda.waiting)


def squeeze(walk: Walk, v: int, h: int) -> bool:
    """Shrinks guests on `h`, those with most to give first, until `v` has room there; floors hold."""
    problem, state = walk.problem, walk.state
    lacking = state.usage[h] + problem.capacity.load_at(v, h, state.sizes[v]) - state.ceiling[h]
    if not (lacking > 0).any():
        return False
    residents = walk.residents(h)
    guests = residents[~problem.fixed[residents]]
    backed, factor = problem.capacity.backed[guests], problem.capacity.factor[h]
    units = np.where(backed, factor[:, 1], factor[:, 0])
    slack = np.maximum(state.sizes[guests] - problem.floor[guests], 0)
    if ((slack * units).sum(axis=0) < lacking).any():
        return False
    bulk = (slack * units / np.maximum(state.ceiling[h], 1)).sum(axis=1)
    for i in np.lexsort((guests, -bulk)):
        cut = np.minimum(slack[i], -(-np.maximum(lacking, 0) // units[i]))
        walk.shrink(int(guests[i]), state.sizes[guests[i]] - cut)
        lacking = lacking - cut * units[i]
    return True
