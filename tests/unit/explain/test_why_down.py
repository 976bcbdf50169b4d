"""Why guests stay down: refusals agree with the occupancy's own word, guests that are alike get the same reason."""

from __future__ import annotations

import numpy as np

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.strategies import tiny_cluster
from tests.support.targets import problem_of
from trimtab_solver.explain.why_down import CLOSED, UNEQUIPPED, explain_down, refusals
from trimtab_solver.occupancy import Occupancy
from trimtab_solver.policy.documents import Selector
from trimtab_solver.problem import Problem
from trimtab_solver.rules.pin import Pin


def _names(problem: Problem, state: Occupancy, v: int, h: int) -> set[str]:
    """What refuses the guest on the host, looked up for this one pair."""
    if not problem.allowed.mask[problem.allowed.class_of[v], h]:
        if not problem.receiving[h]:
            return {CLOSED}
        return {r.rule for r in problem.allowed.rules_of(v) if r.must and not r.mask[h]} or {UNEQUIPPED}
    closed_by = {problem.groups[g].rule for g, admitted in state.refusing_groups(v) if not admitted[h]}
    if closed_by:
        return closed_by
    load = problem.capacity.load_at(v, h, problem.floor[v])
    short = (state.usage[h] + load > state.ceiling[h]) & (load > 0)
    return {f"room:{problem.resources[r]}" for r in np.flatnonzero(short)}


def test_refusals_of_all_hosts_are_those_of_each_host() -> None:
    """Looking at all hosts at once names, for each of them, exactly what refuses the guest there."""
    pairs = 0
    for seed in range(300):
        problem = problem_of(*tiny_cluster(seed))
        state = Occupancy(problem, problem.floor)
        for v in np.flatnonzero(~problem.running).tolist():
            found = refusals(problem, state, v)
            for h in range(problem.host_count):
                assert set(found.on(h)) == _names(problem, state, v, h), (seed, v, h)
                pairs += 1
            assert sum(count for _, count in found.counts()) == sum(
                bool(found.on(h)) for h in range(problem.host_count)
            )
    assert pairs > 500


def test_reasons_name_the_numbers_of_hosts_and_the_nearest_one() -> None:
    """Two hosts are too full, one is down, one is refused by a rule; guests of another size lack another amount."""
    pinned = Pin(select=Selector(cel="vm.group == 'g'"), hosts=Selector(ids=("h1", "h2", "h3")))
    guests = [
        *(vm(f"on-h1-{i}", "h1") for i in range(4)),
        *(vm(f"on-h2-{i}", "h2") for i in range(3)),
        vm("large", group="g", requested={"memory_mib": 25}),
        vm("larger", group="g", requested={"memory_mib": 30}),
        vm("alike", group="g", requested={"memory_mib": 25}),
        vm("free", requested={"memory_mib": 30}),
    ]
    problem = problem_of(snapshot(guests, {3: DOWN}), policy(pinned=pinned))
    found = {one.vm_id: one for one in explain_down(problem, problem.stay(), guests)}
    refused = "no host of 4 can take it: 2 too full (memory_mib); 1 down, draining or in maintenance; "
    nearest = "nearest is h2, which lacks {} memory_mib with everybody there at the floor"
    assert found["large"].reason == f"{refused}refused on 1 by pinned; {nearest.format(15)}"
    assert found["larger"].reason == f"{refused}refused on 1 by pinned; {nearest.format(20)}"
    assert found["alike"].reason == found["large"].reason
    assert found["large"].rules == ("pinned",)
    assert found["free"].reason.startswith("1 of 4 hosts could take it")
