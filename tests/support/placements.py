"""All placements of a tiny problem, by its arrays: for checks of bounds, which ignore what relates several guests."""

from __future__ import annotations

import numpy as np

from trimtab_solver.primitives.encoding import Bools, Ints
from trimtab_solver.problem import NOWHERE, Problem


def placements(problem: Problem) -> Ints:
    """Every placement [N, V] where guests are where they may end up, hosts hold the floors, and moves are few enough.

    Must rules about groups are not looked at, so there are more of them than valid targets.
    """
    options = []
    for v in range(problem.vm_count):
        hosts = np.flatnonzero(problem.possible_hosts(v)).tolist()
        may_be_down = problem.current[v] == NOWHERE or problem.evictable[v]
        options.append([*hosts, *([NOWHERE] if may_be_down else [])])
    grid = np.stack(np.meshgrid(*options, indexing="ij"), axis=-1).reshape(-1, problem.vm_count)
    moved = (problem.current >= 0) & (grid >= 0) & (grid != problem.current) & ~problem.disruption.exempt
    grid = grid[moved.sum(axis=1) <= problem.disruption.budget]
    fits = np.ones(len(grid), dtype=np.bool_)
    for h in range(problem.host_count):
        loads = np.array([problem.capacity.load_at(v, h, problem.floor[v]) for v in range(problem.vm_count)])
        usage = (grid == h).astype(np.int64) @ loads + problem.capacity.held[h]
        for v in np.flatnonzero(problem.current == h).tolist():
            usage[moved_from(problem, grid, v)] += problem.capacity.left_behind(v)
        fits &= (usage <= problem.capacity.ceiling[h]).all(axis=1)
    return np.asarray(grid[fits])


def moved_from(problem: Problem, grid: Ints, v: int) -> Bools:
    """In which placements [N] a guest that runs now runs on another host."""
    return np.asarray((grid[:, v] >= 0) & (grid[:, v] != problem.current[v]))


def losses(problem: Problem, grid: Ints) -> Ints:
    """What each placement loses per rank [N, ranks]."""
    value, rank = problem.tier_values("value"), problem.tier_values("rank")
    return np.stack([(grid < 0) @ np.where(rank == r, value, 0) for r in problem.ranks], axis=1)
