"""Carrying out plans on random clusters, next to the verifier's own replay."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator

from tests.support.seeds import SEED_COUNT, SEEDS_BEFORE
from tests.support.strategies import tiny_cluster
from trimtab_solver.actions import Action, Plan
from trimtab_solver.execution.carry_out import Execution, after_action, after_plan
from trimtab_solver.execution.progress import ActionProgress
from trimtab_solver.options import PlanOptions
from trimtab_solver.placement import placement_of
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.validation import check_snapshot
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.replay import verify_plan

_FIRST = 4_100_000 + SEEDS_BEFORE // 25
_CLUSTERS = max(80, SEED_COUNT // 25)


@functools.cache
def _plans() -> list[tuple[int, Snapshot, Policy, Plan]]:
    """Plans that do something."""
    found = []
    for seed in range(_FIRST, _FIRST + _CLUSTERS):
        snapshot, policy = tiny_cluster(seed)
        plan = plan_recovery(snapshot, policy, PlanOptions(budget_s=10, workers=1, reproducible=True)).plan
        if plan.actions:
            found.append((seed, snapshot, policy, plan))
    assert len(found) > _CLUSTERS // 2
    return found


def test_after_every_action_the_cluster_is_where_the_verifier_has_it() -> None:
    """Place and size of every guest are the same after each prefix of the plan, and after all of it."""
    for seed, snapshot, policy, plan in _plans():
        case, execution = Case(snapshot, policy), Execution(snapshot)
        for count, action in enumerate(plan.actions, 1):
            execution.record(action)
            verdict = verify_plan(snapshot, policy, Plan(plan.actions[:count]), case=case)
            assert placement_of(execution.snapshot()) == verdict.placement, (seed, action)
        assert execution.snapshot() == after_plan(snapshot, plan), seed


def _some_order(plan: Plan, chance: random.Random) -> Iterator[tuple[Action, ActionProgress]]:
    """Beginnings and ends of actions, overlapping at random as far as dependencies permit; none fails."""
    waiting, active, done = list(plan.actions), list[Action](), set[int]()
    while waiting or active:
        ready = [action for action in waiting if done.issuperset(action.depends_on)]
        if active and (not ready or chance.random() < 0.5):
            action = active.pop(chance.randrange(len(active)))
            done.add(action.id)
            yield action, ActionProgress.DONE
        else:
            action = chance.choice(ready)
            waiting.remove(action)
            active.append(action)
            yield action, ActionProgress.BEGUN


def test_every_state_on_the_way_is_a_valid_snapshot_in_any_order() -> None:
    """Whatever has begun, failed or is done, the state can be sent to the planner again; all orders end alike."""
    for seed, snapshot, _, plan in _plans():
        chance, execution = random.Random(seed), Execution(snapshot)
        for action, progress in _some_order(plan, chance):
            if progress is ActionProgress.BEGUN:
                check_snapshot(after_action(execution.snapshot(), action, ActionProgress.FAILED))
            execution.record(action, progress)
            check_snapshot(execution.snapshot())
        assert execution.snapshot() == after_plan(snapshot, plan), seed


def test_an_undo_takes_its_action_back() -> None:
    """Carried out right after its action, it leads to the place and size that every guest had before."""
    undone = 0
    for seed, snapshot, _, plan in _plans():
        execution = Execution(snapshot)
        for action in plan.actions:
            before = placement_of(execution.snapshot())
            execution.record(action)
            if action.undo is not None:
                undo = action.undo
                back = Action(0, undo.kind, undo.vm_id, undo.host_id, undo.target_host_id, undo.size)
                assert placement_of(after_action(execution.snapshot(), back)) == before, (seed, action)
                undone += 1
    assert undone > len(_plans())
