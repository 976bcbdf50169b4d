"""All columns of a tiny relaxation, and the linear program over all of them: what column generation has to end with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from ortools.linear_solver import pywraplp

from trimtab_solver.engines.relaxation.relaxed_problem import RelaxedProblem
from trimtab_solver.primitives.encoding import Index, Ints

STAYS, LEAVES, STOPS = range(3)


@dataclass(frozen=True, slots=True)
class Column:
    """What becomes of the residents of a host, by their places in the relaxation, and how many of each kind arrive."""

    host: int
    fates: dict[int, int]
    arrivals: dict[int, int]

    def of(self, fate: int) -> list[int]:
        """The residents of whom this becomes."""
        return [resident for resident, its in self.fates.items() if its == fate]


def all_columns(relaxed: RelaxedProblem, packed: Index) -> Iterator[Column]:
    """Every column of every host that fits what is `packed` [T, 2]; who may neither leave nor stop stays anyhow."""
    relaxation = relaxed.relaxation
    kinds = range(len(relaxation.tier))
    supply = relaxation.waiting.tolist()
    for kind, movable in zip(relaxation.kind.tolist(), relaxation.movable.tolist(), strict=True):
        supply[kind] += movable
    for host, there in enumerate(relaxation.type_of.tolist()):
        residents = [m for m, at in enumerate(relaxation.host.tolist()) if at == host]
        offers = [range(supply[k] + 1 if relaxation.mask[k, there] else 1) for k in kinds]
        load, room = relaxed.load[:, there][:, packed[there]], relaxation.room[host][packed[there]]
        for fates in product(*(_fates(relaxed, m) for m in residents)):
            column = dict(zip(residents, fates, strict=True))
            for numbers in product(*offers):
                if _fits(load, room, relaxation.kind, column, numbers):
                    yield Column(host, column, {k: n for k, n in enumerate(numbers) if n})


def _fates(relaxed: RelaxedProblem, resident: int) -> list[int]:
    relaxation = relaxed.relaxation
    stops = relaxation.evictable[resident] and relaxed.may_stop[relaxation.kind[resident]]
    return [STAYS, *([LEAVES] if relaxation.movable[resident] else []), *([STOPS] if stops else [])]


def _fits(load: Ints, room: Ints, kind: Index, fates: dict[int, int], numbers: tuple[int, ...]) -> bool:
    held = np.array(numbers, dtype=np.int64) @ load
    for resident, fate in fates.items():
        held = held + load[kind[resident]] * (fate == STAYS)
    return bool((held <= room).all())


def least_loss(relaxed: RelaxedProblem, columns: list[Column], packed: Index) -> float | None:
    """The optimum when hosts hold columns to any shares; None when there is no solution."""
    relaxation, goal = relaxed.relaxation, relaxed.goal
    program = pywraplp.Solver.CreateSolver("GLOP")
    weights = [program.NumVar(0, program.infinity(), "") for _ in columns]
    for host in range(len(relaxation.room)):
        program.Add(sum(w for w, column in zip(weights, columns, strict=True) if column.host == host) == 1)
    may_wait = np.where(relaxed.may_wait, relaxation.waiting, 0).tolist()
    waits = [program.NumVar(0, most, "") for most in may_wait]
    kind, tier = relaxation.kind.tolist(), relaxation.tier.tolist()
    for k, waiting in enumerate(relaxation.waiting.tolist()):
        net = [column.arrivals.get(k, 0) - sum(kind[m] == k for m in column.of(LEAVES)) for column in columns]
        program.Add(sum(w * n for w, n in zip(weights, net, strict=True)) + waits[k] >= waiting)
    if goal.moves is not None:
        moves = [sum(bool(relaxation.counted[m]) for m in column.of(LEAVES)) for column in columns]
        program.Add(sum(w * n for w, n in zip(weights, moves, strict=True)) <= goal.moves)

    def lost(loss: Ints, stop: Ints) -> Any:
        stopped = [sum(int(loss[tier[kind[m]]] + stop[tier[kind[m]]]) for m in column.of(STOPS)) for column in columns]
        waiting = sum(w * int(loss[tier[k]]) for k, w in enumerate(waits))
        return sum(w * n for w, n in zip(weights, stopped, strict=True)) + waiting

    for limit in relaxed.limits:
        program.Add(lost(limit.loss, limit.stop) <= limit.most)
    for there in range(relaxation.type_count):
        for resource in set(range(relaxed.room.shape[1])) - set(packed[there].tolist()):
            used = [_held(relaxed, column, there, resource) for column in columns]
            most = int(relaxed.room[there, resource])
            program.Add(sum(w * n for w, n in zip(weights, used, strict=True)) <= most)
    program.Minimize(lost(goal.loss, goal.stop))
    return program.Objective().Value() if program.Solve() == program.OPTIMAL else None


def _held(relaxed: RelaxedProblem, column: Column, there: int, resource: int) -> int:
    """How much of a resource on hosts of a type a column holds: those who leave may keep theirs."""
    relaxation = relaxed.relaxation
    if relaxation.type_of[column.host] != there:
        return 0
    load = relaxed.load[:, there, resource]
    kept = column.of(STAYS) + (column.of(LEAVES) if relaxed.transient[resource] else [])
    held = Counter(relaxation.kind[m] for m in kept) + Counter(column.arrivals)
    return int(sum(load[k] * n for k, n in held.items()))
