"""Sizes for guests whose hosts are known: as little shrinkage as the room on each host demands."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .primitives.encoding import Index, Ints
from .problem import Problem

Floats = npt.NDArray[np.float64]


def fit_sizes(problem: Problem, place: Index) -> Ints:
    """The largest sizes [V, R] that fit where the guests are, cheapest tiers shrunk first.

    Exact when all guests on a host count alike against its room; with overcommit and hardware-backed guests mixed it
    may shrink a unit more than needed. Where even the floors do not fit, guests stay at their floors.
    """
    sizes = problem.upper.copy()
    usage = problem.capacity.usage(place, sizes)
    tight = np.argwhere(usage > problem.capacity.limit)
    if len(tight) == 0:
        return sizes
    floors = problem.capacity.usage(place, problem.floor)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(problem.host_count + 1))
    cost = problem.tier_values("shrink_cost")
    for h, r in tight.tolist():
        guests = order[starts[h] : starts[h + 1]]
        limit = problem.capacity.limit[h, r]
        room = limit if floors[h, r] <= limit else problem.capacity.ceiling[h, r]
        excess = int(usage[h, r] - room)
        if excess <= 0:
            continue
        shared, backed = problem.capacity.factor[h, r]
        factor = np.where(problem.capacity.backed[guests, r], backed, shared)
        slack = problem.upper[guests, r] - problem.floor[guests, r]
        for i in _shrink_order(problem, guests, r, cost[guests] / factor, slack):
            cut = min(int(slack[i]), -(-excess // int(factor[i])))
            sizes[guests[i], r] -= cut
            excess -= cut * int(factor[i])
            if excess <= 0:
                break
    return sizes


def spread_shrinkage(problem: Problem, place: Index, shrinkage: dict[tuple[int, int, int], int]) -> Ints:
    """Sizes [V, R] when guests of a tier on a host give up ``shrinkage[h, tier, r]`` in all."""
    sizes = problem.upper.copy()
    members: dict[tuple[int, int], list[int]] = {}
    for v in np.flatnonzero(place >= 0).tolist():
        members.setdefault((int(place[v]), int(problem.tier[v])), []).append(v)
    for (h, t, r), amount in sorted(shrinkage.items()):
        total = amount
        guests = np.array(members.get((h, t), []), dtype=np.int64)
        slack = problem.upper[guests, r] - problem.floor[guests, r]
        for i in _shrink_order(problem, guests, r, np.ones(len(guests)), slack):
            cut = min(int(slack[i]), total)
            sizes[guests[i], r] -= cut
            total -= cut
            if total <= 0:
                break
    return sizes


def _shrink_order(problem: Problem, guests: Ints, r: int, cost: Floats, slack: Ints) -> list[int]:
    """Cheapest first; among equals those that are small already, then those with most to give: fewest guests change."""
    already = problem.upper[guests, r] - problem.allocated[guests, r]
    return [int(i) for i in np.lexsort((guests, -slack, -already, cost))]
