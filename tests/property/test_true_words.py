"""What answers say beside the plan is true: counted, undone and taken away, next to a second reading of the input."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.reading.case import Reading
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from trimtab_solver.execution.carry_out import after_plan
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Policy, RuleSpec
from trimtab_solver.rules.balance import Balance
from trimtab_solver.rules.maintenance import Maintenance
from trimtab_solver.rules.resize import Resize
from trimtab_solver.snapshot import HostState, Snapshot


def _answer(snapshot: Snapshot, policy: Policy, seed: int) -> Answer:
    return plan_recovery(snapshot, policy, PlanOptions(budget_s=60, seed=seed, workers=1))


@pytest.mark.parametrize("seeds", chunks(0.2, first=700_000), ids=named)
def test_broken_rules_are_those_of_a_second_reading(seeds: range) -> None:
    """Rules about several guests are broken by the same amounts before and after; all keys add up to the levels."""
    broken = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        answer = _answer(snapshot, policy, seed)
        reading = Reading(snapshot, policy)
        after = {vm.id: vm.place for vm in after_plan(snapshot, answer.plan).vms if vm.is_running}
        found: dict[str, list[tuple[int, int]]] = {}
        for one in answer.broken_rules:
            found.setdefault(one.rule, []).append((one.amount_before, one.amount_after))
        for rule in reading.rules:
            before = rule.amounts(reading.place)
            wanted = sorted((before.get(key, 0), amount) for key, amount in rule.amounts(after).items())
            assert sorted(found.get(rule.name, [])) == wanted, (seed, rule.name)
        documents = {document.name: document.spec for document in policy.documents}
        must = should = 0
        for one in answer.broken_rules:
            spec = documents.get(one.rule)
            if one.is_must and not isinstance(spec, Resize):
                must += one.amount_after
            elif isinstance(spec, RuleSpec) and not isinstance(spec, Resize | Balance):
                should += one.amount_after * (spec.weight or 1)
        levels = {level.name: level.value for level in answer.levels}
        assert levels["inherited"] == must, seed
        assert levels.get("should", should) == should, seed
        broken += len(answer.broken_rules)
    assert_checked(broken, seeds, 0.3)


@pytest.mark.parametrize("seeds", chunks(0.2, first=710_000), ids=named)
def test_blockers_are_all_who_stay_on_hosts_to_be_emptied(seeds: range) -> None:
    """Nobody else is named, each with a reason and the host where it is."""
    blocking = Counter[str]()
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        answer = _answer(snapshot, policy, seed)
        reading = Reading(snapshot, policy)
        emptied = {host.id for host in snapshot.hosts if host.state in (HostState.DRAINING, HostState.MAINTENANCE)}
        for _, spec in reading.specs:
            if isinstance(spec, Maintenance):
                emptied |= {host.id for host in snapshot.hosts if reading.words.selects(spec.hosts, host)}
        staying = {vm.id: vm.place for vm in after_plan(snapshot, answer.plan).vms if vm.is_running}
        wanted = {(vm_id, host_id) for vm_id, host_id in staying.items() if host_id in emptied}
        assert {(one.vm_id, one.host_id) for one in answer.blockers} == wanted, seed
        for one in answer.blockers:
            assert one.reason, seed
            blocking[one.reason.split(":")[0]] += 1
    assert_checked(blocking.total(), seeds, 0.1)
