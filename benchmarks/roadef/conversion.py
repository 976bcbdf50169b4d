"""A reassignment instance as a problem for the general engine: nothing but primitives that policies compile to as well.

=====================  ============================================================================
machine, process       host, guest (all run, none may stop, all can migrate live to every host)
resource               `Capacity`; transient resources are held at both ends
conflict               `DomainLimit`: at most one process of a service per host
spread                 `DomainCount`: at least so many locations
dependency             `DomainDependency` at the level of neighbourhoods
load cost              `Imbalance.above` the safety capacity
balance cost           `Imbalance.ratios`
process move cost      `Disruption.move_cost`
machine move cost      `Disruption.pair_cost`
service move cost      `Disruption.group_weight`: the largest number of moved processes of one service
=====================  ============================================================================
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.roadef.cost import usage_of
from benchmarks.roadef.instance import RoadefInstance
from trimtab_solver.measures import Key, Measure
from trimtab_solver.primitives.allowed import Allowed
from trimtab_solver.primitives.attraction import Attraction
from trimtab_solver.primitives.capacity import Capacity
from trimtab_solver.primitives.disruption import NO_BUDGET, Disruption
from trimtab_solver.primitives.domain_count import DomainCount
from trimtab_solver.primitives.domain_dependency import DomainDependency
from trimtab_solver.primitives.domain_limit import DomainLimit
from trimtab_solver.primitives.domain_map import DomainMap
from trimtab_solver.primitives.encoding import Index
from trimtab_solver.primitives.group import GroupPrimitive
from trimtab_solver.primitives.groups import Groups
from trimtab_solver.primitives.imbalance import AboveThreshold, Imbalance, Ratio
from trimtab_solver.problem import ObjectiveLevel, Problem, TierRow

_COST = ObjectiveLevel("cost", ((Key(Measure.DISRUPTION), 1), (Key(Measure.BALANCE), 1)))


def build_problem(instance: RoadefInstance) -> Problem:
    """The problem whose one level ``cost`` is the objective of the challenge."""
    processes, resources = instance.requirement.shape
    machines = instance.machine_count
    nobody, everybody = np.zeros(processes, dtype=np.bool_), np.ones(processes, dtype=np.bool_)
    return Problem(
        vm_ids=tuple(f"p{p}" for p in range(processes)),
        host_ids=tuple(f"m{m}" for m in range(machines)),
        resources=tuple(f"r{r}" for r in range(resources)),
        tiers=(
            TierRow(
                name="process",
                rank=1,
                value=1,
                must_run=True,
                evictable=False,
                suspends=False,
                shrink_cost=1,
                backed=(False,) * resources,
            ),
        ),
        tier=np.zeros(processes, dtype=np.int32),
        current=instance.initial,
        fixed=nobody,
        startable=everybody,
        evictable=nobody,
        requested=instance.requirement,
        upper=instance.requirement,
        floor=instance.requirement,
        allocated=instance.requirement,
        receiving=np.ones(machines, dtype=np.bool_),
        capacity=Capacity(
            limit=instance.capacity,
            factor=np.ones((machines, resources, 2), dtype=np.int64),
            backed=np.zeros((processes, resources), dtype=np.bool_),
            held=np.zeros((machines, resources), dtype=np.int64),
            start=usage_of(instance, instance.initial),
            transient=instance.transient,
            origin=instance.initial,
            allocated=instance.requirement,
        ),
        allowed=Allowed(
            class_of=np.zeros(processes, dtype=np.int32),
            mask=np.ones((1, machines), dtype=np.bool_),
            breach=np.zeros((1, machines), dtype=np.int32),
            penalty=np.zeros((1, machines), dtype=np.int32),
            rules=(),
            class_rules=((),),
        ),
        attraction=Attraction.of(processes, machines, ()),
        disruption=Disruption(
            move_cost=instance.process_weight * instance.process_move,
            live=everybody,
            cold=nobody,
            generation=np.zeros(machines, dtype=np.int32),
            spare=np.zeros(machines, dtype=np.bool_),
            pair_class=np.arange(machines, dtype=np.int32),
            pair_cost=instance.machine_weight * instance.machine_move,
            group=instance.service,
            group_weight=instance.service_weight,
            group_limit=0,
            budget=NO_BUDGET,
            exempt=nobody,
        ),
        imbalance=Imbalance(
            above=tuple(
                AboveThreshold(r, instance.safety[:, r], int(weight))
                for r, weight in enumerate(instance.load_weight.tolist())
            ),
            ratios=tuple(Ratio(one.left, one.right, one.target, one.weight) for one in instance.balances),
        ),
        grouping=Groups.of(_groups(instance)),
        levels=(_COST,),
    )


def _groups(instance: RoadefInstance) -> Iterator[GroupPrimitive]:
    """Conflicts, spreads and dependencies, without those that cannot be broken."""
    machine = DomainMap(0, np.arange(instance.machine_count, dtype=np.int32), instance.machine_count)
    members = _members(instance)
    location = _numbered(1, instance.location)
    neighbourhood = _numbered(2, instance.neighbourhood)
    for s, processes in enumerate(members):
        key = f"s{s}"
        if len(processes) > 1:
            yield DomainLimit(
                rule="conflict",
                key=key,
                must=True,
                weight=0,
                domains=machine,
                members=processes,
                limit=1,
            )
        if instance.spread[s] > 1:
            yield DomainCount(
                rule="spread",
                key=key,
                must=True,
                weight=0,
                domains=location,
                members=processes,
                least=int(instance.spread[s]),
            )
        for provider in sorted(set(instance.dependencies[s]) - {s}):
            yield DomainDependency(
                rule="dependency",
                key=f"{key} on s{provider}",
                must=True,
                weight=0,
                domains=neighbourhood,
                members=processes,
                providers=members[provider],
            )


def _numbered(key: int, of_machine: Index) -> DomainMap:
    return DomainMap(key, of_machine, int(of_machine.max(initial=0)) + 1)


def _members(instance: RoadefInstance) -> list[Index]:
    """The processes of each service."""
    order = np.argsort(instance.service, kind="stable").astype(np.int32)
    ends = np.cumsum(np.bincount(instance.service, minlength=len(instance.spread)))
    return np.split(order, ends[:-1])
