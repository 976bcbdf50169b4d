"""Targets of the engines in the words of the verifier, and random targets."""

from __future__ import annotations

import random

import numpy as np

from trimtab_solver.compilation import compile_problem
from trimtab_solver.placement import Placement
from trimtab_solver.policy.documents import Policy
from trimtab_solver.policy.selection import Selection
from trimtab_solver.problem import NOWHERE, Problem, Target
from trimtab_solver.rules.tier import EvictionAction
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.placement import PlacementVerdict, judge_placement
from trimtab_solver.verify.rights import move_kind


def problem_of(snapshot: Snapshot, policy: Policy) -> Problem:
    """The arrays of a cluster."""
    return compile_problem(snapshot, policy, Selection(policy, snapshot))


def values_of(problem: Problem, target: Target) -> list[tuple[str, int]]:
    """Name and value of every level by the engines' own count."""
    return list(zip(problem.level_names, problem.evaluate(target), strict=True))


def judged(snapshot: Snapshot, policy: Policy, problem: Problem, target: Target) -> PlacementVerdict:
    """What the verifier says of a target; sizes within limits is part of it.

    A running guest that its rights let neither move live nor cold to where it ends up is taken down on the way.
    """
    case = Case(snapshot, policy)
    placement = placement_from(problem, snapshot, target)
    down: dict[EvictionAction, set[str]] = {action: set() for action in EvictionAction}
    for vm in snapshot.vms:
        at, tier = placement.hosts.get(vm.id, vm.place), case.tier.get(vm.id)
        if not vm.is_running or at == vm.place or tier is None or tier.eviction is None:
            continue
        if move_kind(vm, tier, case.hosts[vm.place], case.hosts[at]) is None:
            down[tier.eviction].add(vm.id)
    stopped, suspended = down[EvictionAction.STOP], down[EvictionAction.SUSPEND]
    return judge_placement(snapshot, policy, None, placement, stopped=stopped, suspended=suspended, case=case)


def placement_from(problem: Problem, snapshot: Snapshot, target: Target) -> Placement:
    """The target with names instead of numbers."""
    vms = {vm.id: vm for vm in snapshot.vms}
    hosts, sizes = {}, {}
    for v, vm_id in enumerate(problem.vm_ids):
        if target.place[v] != NOWHERE:
            hosts[vm_id] = problem.host_ids[target.place[v]]
            known = {*vms[vm_id].requested, *vms[vm_id].allocated}
            sizes[vm_id] = {r: int(target.size[v, i]) for i, r in enumerate(problem.resources) if r in known}
    return Placement(hosts, sizes)


def random_target(problem: Problem, chance: random.Random) -> Target:
    """Every guest somewhere it may end up, or nowhere if it may be down, at any size within its limits."""
    place = np.full(problem.vm_count, NOWHERE, dtype=np.int32)
    size = problem.upper.copy()
    for v in range(problem.vm_count):
        options = np.flatnonzero(problem.possible_hosts(v)).tolist()
        if problem.current[v] == NOWHERE or problem.evictable[v]:
            options.append(NOWHERE)
        if problem.current[v] != NOWHERE and chance.random() < 0.4:
            options = [int(problem.current[v])]
        place[v] = chance.choice(options)
        if place[v] != NOWHERE:
            size[v] = [chance.randint(a, b) for a, b in zip(problem.floor[v], problem.upper[v], strict=True)]
    return Target(place, size)
