"""Retargeting: a guest that waits to start gets another host than planned."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...primitives.encoding import Ints
from .agenda import Agenda
from .walk import Walk


def retarget_one(agenda: Agenda) -> bool:
    """Finds a host for the first guest that has one, at its planned size or else its floor; whether there was one."""
    walk, state = agenda.walk, agenda.walk.state
    for v in agenda.waiting:
        if not walk.is_away(v):
            continue
        for size in (agenda.size[v], walk.problem.floor[v]):
            state.sizes[v] = size
            h = next(_hosts(walk, v, size), None)
            if h is not None:
                agenda.redirect(v, h)
                return True
        state.sizes[v] = agenda.size[v]
    return False


def _hosts(walk: Walk, v: int, size: Ints) -> Iterator[int]:
    """Where the absent guest could start now at the size, ascending."""
    allowed = walk.problem.allowed.mask[walk.problem.allowed.class_of[v]]
    admitted = walk.state.admits(v)
    if admitted is not None:
        allowed = allowed & admitted
    hosts = np.flatnonzero(allowed & walk.state.hosts_with_room(v, size)).tolist()
    return (h for h in hosts if walk.may_arrive(v, h))
