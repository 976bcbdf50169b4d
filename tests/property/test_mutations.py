"""What the verifier must see: verified plans are damaged in every way we can think of."""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import replace

import pytest

from tests.support.executions import harm_in
from tests.support.mutations import (
    ALWAYS_WRONG,
    SOMETIMES_RIGHT,
    WRONG_IN_TIME,
    Mutation,
    action_dropped,
    bare,
    dependency_removed,
    moved_in,
)
from tests.support.seeds import SEED_COUNT, SEEDS_BEFORE
from tests.support.strategies import tiny_cluster
from tests.support.timing import timed
from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_solver.actions import Plan
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Outcome
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.verify.action_budget import MoveRules
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.replay import Verdict, verify_plan
from trimtab_solver.verify.violation import Code

_FIRST = 900_000 + SEEDS_BEFORE // 7
_TINY = max(200, SEED_COUNT // 7)
_STEPS = 300
"""How many actions random executions of one plan begin in all: shorter plans have more orders to try in that time."""
_MUTANTS = 400
"""Of one kind and one plan; a sample where there are more."""


def _clusters() -> Iterator[tuple[int, Snapshot, Policy]]:
    for seed in range(_FIRST, _FIRST + _TINY):
        yield seed, *tiny_cluster(seed)
    for seed in (1, 2):
        sample = generate(SampleOptions(hosts=10, vms=80, load=1.02, fail=("host:h0002",), seed=seed, spares=seed - 1))
        yield seed, sample.snapshot, parse_policy(sample.policy)


@functools.cache
def _plans() -> list[tuple[int, Case, Plan, Verdict, bool]]:
    """Verified plans that do something, with the verdict on them, and whether they are proven optimal."""
    found = []
    for seed, snapshot, policy in _clusters():
        answer = plan_recovery(snapshot, policy, PlanOptions(budget_s=2, seed=1, workers=1))
        if answer.plan.actions:
            case, plan = Case(snapshot, policy), timed(snapshot, bare(answer.plan))
            verdict = _judge(case, plan)
            assert verdict.is_valid, (seed, verdict.violations)
            found.append((seed, case, plan, verdict, answer.outcome is Outcome.OPTIMAL))
    return found


def _judge(case: Case, plan: Plan) -> Verdict:
    return verify_plan(case.snapshot, case.selection.policy, plan, case=case)


def _mutants(mutation: Mutation, seed: int, case: Case, plan: Plan) -> list[Plan]:
    mutants = list(mutation(case, plan))
    chosen = mutants if len(mutants) <= _MUTANTS else random.Random(seed).sample(mutants, _MUTANTS)
    return chosen if mutation in WRONG_IN_TIME else [timed(case.snapshot, mutant) for mutant in chosen]


def _executions(plan: Plan) -> int:
    return min(10, 1 + _STEPS // max(1, len(plan.actions)))


def _before(plan: Plan) -> dict[int, frozenset[int]]:
    """The actions that each one waits for, directly or through others."""
    found: dict[int, frozenset[int]] = {}
    for action in plan.actions:
        found[action.id] = frozenset(action.depends_on).union(*(found[d] for d in action.depends_on))
    return found


def test_the_plans_do_no_harm_themselves() -> None:
    """Executed at random as far as dependencies permit, in parallel too, no plan breaks room or a must rule."""
    for seed, case, plan, _, _ in _plans():
        assert not harm_in(case, plan, random.Random(seed), 5 * _executions(plan)), seed


@pytest.mark.parametrize("mutation", [*ALWAYS_WRONG, *WRONG_IN_TIME], ids=lambda mutation: mutation.__name__)
def test_a_plan_that_can_only_be_wrong_is_rejected(mutation: Mutation) -> None:
    """Every mutant is rejected, whatever the cluster, and there are enough of them to mean something."""
    count = 0
    for seed, case, plan, _, _ in _plans():
        for mutant in _mutants(mutation, seed, case, plan):
            count += 1
            assert not _judge(case, mutant).is_valid, (seed, mutant)
    assert count >= 10, count


def test_a_plan_is_rejected_when_the_budget_is_smaller_than_what_it_moves() -> None:
    """With one guest less in the budget, in all or per application, that alone is what is wrong with a plan."""
    count = 0
    for seed, case, plan, verdict, _ in _plans():
        moved = moved_in(case, plan)
        for moves in _smaller(case, moved):
            count += 1
            tight = copy(case)
            tight.moves = moves
            found = _judge(tight, plan)
            assert {violation.code for violation in found.violations} == {Code.BUDGET}, (seed, found.violations)
            assert found.levels == verdict.levels, seed
            assert all(violation.amount == violation.limit + 1 for violation in found.violations), seed
    assert count >= 20, count


def _smaller(case: Case, moved: set[str]) -> Iterator[MoveRules]:
    """Budgets that `moved` just exceeds."""
    if moved:
        yield replace(case.moves, most=len(moved) - 1)
    of_one = Counter(case.moves.application[vm_id] for vm_id in moved if vm_id in case.moves.application)
    if len(of_one) == 1 and max(of_one.values()) > 1:
        yield replace(case.moves, most_each=max(of_one.values()) - 1)


@pytest.mark.parametrize("mutation", SOMETIMES_RIGHT, ids=lambda mutation: mutation.__name__)
def test_a_changed_plan_is_rejected_or_does_no_harm(mutation: Mutation) -> None:
    """A mutant that the verifier accepts breaks nothing in any execution, and does not beat a proven optimum.

    Dropping an action or a dependency is more than a detail: most of these mutants are rejected or end worse.
    """
    rejected = worse = same = 0
    for seed, case, plan, verdict, is_optimal in _plans():
        for mutant in _mutants(mutation, seed, case, plan):
            found = _judge(case, mutant)
            if not found.is_valid:
                rejected += 1
                continue
            # who still waits for it through others leaves the plan with the executions that it had
            if mutation is not dependency_removed or _before(mutant) != _before(plan):
                assert not harm_in(case, mutant, random.Random(seed), _executions(mutant)), (seed, mutant)
            assert found.levels >= verdict.levels or not is_optimal, (seed, mutant)
            worse += found.levels != verdict.levels
            same += found.levels == verdict.levels
    assert rejected >= 50, (rejected, worse, same)
    if mutation is action_dropped:
        assert worse + rejected > 10 * same, (rejected, worse, same)
    if mutation is dependency_removed:
        assert not worse, "dependencies do not change where a plan ends"


def _loosened(plan: Plan, chance: random.Random, kept: float) -> Plan:
    """The plan with each dependency kept at random, but for those between actions of one guest, also through others."""
    vm, before = {action.id: action.vm_id for action in plan.actions}, _before(plan)
    loose = []
    for action in plan.actions:
        of_guest = {d for d in before[action.id] if vm[d] == action.vm_id}
        chosen = {d for d in action.depends_on if chance.random() < kept}
        loose.append(replace(action, depends_on=tuple(sorted(of_guest | chosen))))
    return Plan(tuple(loose))


def test_a_harmful_plan_is_always_rejected() -> None:
    """Without all or half of its dependencies, a plan that does harm in some execution is rejected."""
    harmful = 0
    for seed, case, plan, _, _ in _plans():
        for share in (0.0, 0.5):
            loose = _loosened(plan, random.Random(seed), share)
            if harm_in(case, loose, random.Random(seed), _executions(loose)):
                harmful += 1
                assert not _judge(case, loose).is_valid, (seed, loose)
    assert harmful >= 10, harmful
