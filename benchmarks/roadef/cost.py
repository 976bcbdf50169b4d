"""The judge: cost and feasibility of an assignment, from the statement of the challenge alone.

Uses nothing of trimtab's problem, engines or verifier. Source: "Google ROADEF/EURO challenge 2011-2012: machine
reassignment", problem definition, sections 2 (hard constraints) and 3 (objectives).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.roadef.instance import RoadefInstance
from trimtab_solver.primitives.encoding import Bools, Index, Ints


@dataclass(frozen=True, slots=True)
class Cost:
    """The five weighted parts of the objective."""

    load: int
    balance: int
    process_move: int
    service_move: int
    machine_move: int

    @property
    def total(self) -> int:
        """What the challenge minimises."""
        return self.load + self.balance + self.process_move + self.service_move + self.machine_move


def usage_of(instance: RoadefInstance, assignment: Index) -> Ints:
    """What the processes require per machine [M, R]."""
    return np.stack(
        [
            np.bincount(assignment, instance.requirement[:, r], instance.machine_count).astype(np.int64)
            for r in range(instance.requirement.shape[1])
        ],
        axis=1,
    )


def cost_of(instance: RoadefInstance, assignment: Index) -> Cost:
    """The cost of an assignment [P], feasible or not."""
    usage = usage_of(instance, assignment)
    over = np.maximum(usage - instance.safety, 0).sum(axis=0)
    free = instance.capacity - usage
    moved = assignment != instance.initial
    per_service = np.bincount(instance.service[moved], minlength=len(instance.spread))
    return Cost(
        load=int((over * instance.load_weight).sum()),
        balance=sum(
            one.weight * int(np.maximum(one.target * free[:, one.left] - free[:, one.right], 0).sum())
            for one in instance.balances
        ),
        process_move=instance.process_weight * int(instance.process_move[moved].sum()),
        service_move=instance.service_weight * int(per_service.max(initial=0)),
        machine_move=instance.machine_weight * int(instance.machine_move[instance.initial, assignment].sum()),
    )


def faults_of(instance: RoadefInstance, assignment: Index) -> list[str]:
    """Every hard constraint that the assignment [P] breaks, in words; empty when it is feasible."""
    return [
        *_room_faults(instance, assignment),
        *_conflicts(instance, assignment),
        *_spread_faults(instance, assignment),
        *_dependency_faults(instance, assignment),
    ]


def _room_faults(instance: RoadefInstance, assignment: Index) -> list[str]:
    usage = usage_of(instance, assignment)
    moved = assignment != instance.initial
    left_behind = np.zeros_like(usage)
    np.add.at(left_behind, instance.initial[moved], instance.requirement[moved])
    usage += np.where(instance.transient, left_behind, 0)
    return [
        f"machine {m}: {usage[m, r]} of resource {r} used, the capacity is {instance.capacity[m, r]}"
        for m, r in np.argwhere(usage > instance.capacity).tolist()
    ]


def _conflicts(instance: RoadefInstance, assignment: Index) -> list[str]:
    pairs, counts = np.unique(np.stack([instance.service, assignment]), axis=1, return_counts=True)
    return [f"service {s}: several processes on machine {m}" for s, m in pairs[:, counts > 1].T.tolist()]


def _presence(instance: RoadefInstance, assignment: Index, part_of: Index) -> Bools:
    """Whether service s has a process in part d of the machines [S, D]."""
    present = np.zeros((len(instance.spread), int(part_of.max(initial=0)) + 1), dtype=np.bool_)
    present[instance.service, part_of[assignment]] = True
    return present


def _spread_faults(instance: RoadefInstance, assignment: Index) -> list[str]:
    used = _presence(instance, assignment, instance.location).sum(axis=1)
    return [
        f"service {s}: in {used[s]} locations, at least {instance.spread[s]} are required"
        for s in np.flatnonzero(used < instance.spread).tolist()
    ]


def _dependency_faults(instance: RoadefInstance, assignment: Index) -> list[str]:
    present = _presence(instance, assignment, instance.neighbourhood)
    return [
        f"service {s}: in neighbourhood {n} without service {provider}, on which it depends"
        for s, providers in enumerate(instance.dependencies)
        for provider in providers
        for n in np.flatnonzero(present[s] & ~present[provider]).tolist()
    ]
