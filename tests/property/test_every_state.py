"""The verifier next to all states in which a plan's execution can be, on random tiny clusters and plans.

A plan that does harm in some state is refused without exception. A plan that does none is accepted as far as counted
keys go (the verifier is exact there); for the other keys it asks for what suffices, which may be more than is needed.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from tests.support.drains import drained_cluster
from tests.support.random_plans import bare, loosened, random_plan, shuffled
from tests.support.reading.case import Reading
from tests.support.seeds import assert_checked, chunks, named
from tests.support.states import PLAN, harms
from tests.support.strategies import tiny_cluster
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Policy
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import HostState, Migratability, VmState
from trimtab_solver.verify import Code, verify_plan
from trimtab_solver.verify.case import Case

_MOST = 7
"""Actions up to which all states are looked at."""


class Judged:
    """Plans for one cluster, shown to both; `seen` counts verdicts and what was harmed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        make = tiny_cluster if seed % 3 == 0 else drained_cluster
        self.snapshot, self.policy = make(seed, max_vms=5)
        self.reading, self.case = Reading(self.snapshot, self.policy), Case(self.snapshot, self.policy)
        self.chance = random.Random(seed)

    def compare(self, plan: Plan, seen: Counter[str]) -> bool:
        """Fails when the verifier accepts harm or refuses for a counted key what is safe; whether it accepts."""
        found = harms(self.reading, plan)
        verdict = verify_plan(self.snapshot, self.policy, plan, case=self.case)
        assert not (found and verdict.is_valid), (self.seed, found[:3], plan)
        seen["harmful" if found else "safe"] += 1
        seen.update({harm.rule if harm.rule == PLAN else _kind(self.policy, harm.rule) for harm in found})
        if not found and not verdict.is_valid:
            seen["refused"] += 1
            for violation in verdict.violations:
                assert violation.code is Code.DEPENDENCY, (self.seed, violation, plan)
                assert _is_ordered(self.policy, violation.rule), (self.seed, violation, plan)
        return verdict.is_valid

    def planned(self) -> Plan:
        """What the planner makes of the cluster, in times of its own."""
        options = PlanOptions(budget_s=60, seed=self.seed, workers=1, reproducible=True)
        answer = plan_recovery(self.snapshot, self.policy, options)
        assert not answer.engine_faults, (self.seed, answer.engine_faults)
        return bare(answer.plan, self.reading)


def _kind(policy: Policy, rule: str) -> str:
    return next((document.kind for document in policy.documents if document.name == rule), rule)


def _is_ordered(policy: Policy, rule: str) -> bool:
    """Whether the rule has keys for which the verifier asks more than it must."""
    spec = next((document.spec for document in policy.documents if document.name == rule), None)
    return isinstance(spec, Separate | Together) or (isinstance(spec, Spread) and spec.min_domains is not None)


@pytest.mark.parametrize("seeds", chunks(1.0, first=11_000_000), ids=named)
def test_random_plans_are_judged_as_by_trying_all_states(seeds: range) -> None:
    """Plans that can be carried out, with dependencies drawn at random, and with fewer of them."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        judged = Judged(seed)
        plan = random_plan(judged.reading, judged.chance, judged.chance.randint(2, 5))
        for one in (plan, bare(loosened(plan, judged.chance, 0.6), judged.reading)):
            if len(one.actions) > 1:
                judged.compare(one, seen)
    assert_checked(seen["safe"], seeds, 0.5)
    assert_checked(seen["harmful"], seeds, 0.2)


@pytest.mark.parametrize("seeds", chunks(0.2, first=12_000_000), ids=named)
def test_plans_of_the_planner_are_safe_in_every_state_and_their_prefixes_too(seeds: range) -> None:
    """Also where hosts drain and guests move cold; without some dependencies, or reordered, both judges agree."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        judged = Judged(seed)
        plan = judged.planned()
        if not 1 < len(plan.actions) <= _MOST:
            continue
        for count in range(len(plan.actions) + 1):
            assert judged.compare(Plan(plan.actions[:count]), seen), (seed, count)
        assert not seen["harmful"] + seen["refused"], seed
        changed: Counter[str] = Counter()
        for _ in range(2):
            judged.compare(bare(loosened(plan, judged.chance, 0.5), judged.reading), changed)
            judged.compare(bare(shuffled(plan, judged.chance), judged.reading), changed)
    assert_checked(seen["safe"], seeds, 0.5)


def test_every_kind_of_key_is_harmed_and_kept() -> None:
    """Among some hundred random plans; the share of safe ones that are refused is small."""
    seen: Counter[str] = Counter()
    for seed in range(11_900_000, 11_900_400):
        judged = Judged(seed)
        judged.compare(random_plan(judged.reading, judged.chance, 5), seen)
    assert min(seen[kind] for kind in ("(room)", "Quorum", "Reserve", "Separate", "Spread", "Together")) >= 5, seen
    assert seen["refused"] < 0.03 * seen["safe"], seen


def test_the_generator_makes_what_the_rules_of_the_way_are_about() -> None:
    """Several hosts drained at once, hosts and guests in every state, cold guests under each rule about groups.

    Every kind of action is among what is shown to both judges, but for the one that no rule is about.
    """
    hosts, vms, kinds, actions = set(), set(), set(), Counter[ActionKind]()
    drains = 0
    for seed in range(400):
        snapshot, policy = drained_cluster(seed)
        hosts |= {host.state for host in snapshot.hosts}
        vms |= {vm.state for vm in snapshot.vms}
        drains += sum(host.state is HostState.DRAINING for host in snapshot.hosts) > 1
        case = Case(snapshot, policy)
        movable = {vm.id for vm in snapshot.vms if vm.migratability is Migratability.COLD and vm.is_running}
        kinds |= {type(scope).__name__ for scope in case.scopes if movable.intersection(scope.members)}
        judged = Judged(seed)
        actions.update({one.kind for one in random_plan(judged.reading, judged.chance, 5).actions})
    assert hosts == set(HostState)
    assert vms == set(VmState)
    assert drains > 50
    assert actions[ActionKind.MIGRATE_COLD] > 50
    assert set(actions) == set(ActionKind) - {ActionKind.SHUTDOWN_HOST}
    assert kinds >= {"QuorumGroup", "TogetherGroup", "NearGroup", "SpreadLimit", "SpreadMinimum", "SpreadSkew"}
    assert kinds >= {"SeparatePair", "ReservedResource"}


def test_a_plan_that_may_be_left_half_way_takes_no_guest_down_for_good_without_a_right() -> None:
    """A stop of a guest that may only move cold is refused, whatever follows it."""
    refused = 0
    for seed in range(300):
        judged = Judged(seed)
        for vm in judged.snapshot.vms:
            if vm.state is VmState.RUNNING and judged.reading.eviction(vm) is None:
                plan = bare(Plan((Action(1, ActionKind.STOP, vm.id, vm.host_id),)), judged.reading)
                back = replace(Action(2, ActionKind.START, vm.id, vm.host_id), size=dict(vm.requested), depends_on=(1,))
                for one in (plan, bare(Plan((*plan.actions, back)), judged.reading)):
                    verdict = verify_plan(judged.snapshot, judged.policy, one, case=judged.case)
                    assert Code.RIGHT in {violation.code for violation in verdict.violations}, (seed, one)
                    refused += 1
    assert refused > 100, refused
