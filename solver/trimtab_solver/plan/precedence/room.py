"""Where steps could take more room on a host than there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...primitives.encoding import Ints
from ...primitives.transits import CountedKey
from ...problem import NOWHERE, Problem
from ..steps import NO_VM, Step


@dataclass(frozen=True, slots=True)
class _Holding:
    """Step `step` changes what guest `v` holds on host `host`; `before` and `after` are amounts [R]."""

    step: int
    v: int
    host: int
    before: Ints
    after: Ints


def room_keys(problem: Problem, steps: Sequence[Step]) -> Iterator[CountedKey]:
    """Per host and resource what is held there, where steps take more of it than is free and others give some back."""
    holdings = list(_holdings(problem, steps))
    if not holdings:
        return
    capacity = problem.capacity
    host = np.array([one.host for one in holdings])
    backed = capacity.backed[[one.v for one in holdings]]
    factor = np.where(backed, capacity.factor[host, :, 1], capacity.factor[host, :, 0])
    change = factor * (np.array([one.after for one in holdings]) - np.array([one.before for one in holdings]))
    taken, given = np.zeros_like(capacity.limit), np.zeros_like(capacity.limit)
    np.add.at(taken, host, np.maximum(change, 0))
    np.add.at(given, host, np.minimum(change, 0))
    free = capacity.ceiling - capacity.start
    order = np.argsort(host, kind="stable")
    begins = np.searchsorted(host[order], np.arange(problem.host_count + 1))
    step = np.array([one.step for one in holdings])
    for h, r in np.argwhere((taken > free) & (given < 0)).tolist():
        of_host = order[begins[h] : begins[h + 1]]
        changes = zip(step[of_host].tolist(), change[of_host, r].tolist(), strict=True)
        yield CountedKey(int(free[h, r]), [one for one in changes if one[1]])


def _holdings(problem: Problem, steps: Sequence[Step]) -> Iterator[_Holding]:
    """What each step changes, at its host, at its goal, and where its guest began and may keep something while away."""
    transient = problem.capacity.transient
    keeps = bool(transient.any())
    nothing = np.zeros(len(transient), dtype=np.int64)
    sizes: dict[int, Ints] = {}
    for i, step in enumerate(steps):
        v, enters, leaves = step.v, step.enters, step.leaves
        if v == NO_VM:
            continue
        first = int(problem.current[v]) if keeps else NOWHERE
        kept = np.where(transient, problem.allocated[v], 0) if first != NOWHERE else nothing
        before = sizes.get(v, problem.allocated[v])
        after = before if step.size is None else step.size
        sizes[v] = after
        moves = NOWHERE not in (enters, leaves)
        if enters == leaves:
            yield _Holding(i, v, step.host, before, after)
        if enters != NOWHERE:
            yield _Holding(i, v, enters, kept if moves and enters == first else nothing, after)
        if leaves != NOWHERE:
            yield _Holding(i, v, leaves, before, kept if moves and leaves == first else nothing)
        if not moves and enters != leaves and first not in (NOWHERE, enters, leaves):
            begins = enters != NOWHERE
            yield _Holding(i, v, first, nothing if begins else kept, kept if begins else nothing)
