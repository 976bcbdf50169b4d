"""Verdicts on scenarios of random tiny clusters, next to brute force and to the plain planner."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

import pytest

from tests.support.oracle import best_levels
from tests.support.scenarios import random_scenario
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from trimtab_solver.errors import RefusedError
from trimtab_solver.execution.carry_out import after_plan
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Document, Metadata, Policy, Selector, Source, Spec
from trimtab_solver.policy.selection import Selection
from trimtab_solver.prepared import prepare
from trimtab_solver.scenarios.course import happen
from trimtab_solver.scenarios.generation import losses
from trimtab_solver.scenarios.happening import Happenings
from trimtab_solver.scenarios.scenario import Scenario
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.verify.replay import verify_plan
from trimtab_solver.what_if.assessing import AssessmentOptions, Assessor
from trimtab_solver.what_if.verdicts import Basis, StepVerdict

_FATES = ("wanted", "ran_before", "kept", "moved", "restarted", "lost", "stopped", "shrunk", "started", "waiting")
_OPTIONS = AssessmentOptions(budget_s=5.0, keep_plans=True)


def _scenarios(snapshot: Snapshot, chance: random.Random) -> list[Scenario]:
    """Each loss of one part, and some of two."""
    kinds = ("host", "rack", "site", "pool")
    twice = list(losses(snapshot, kinds, 2))
    return [*losses(snapshot, kinds, 1), *chance.sample(twice, min(2, len(twice)))]


def _assert_counts(before: Snapshot, state: Snapshot, verdict: StepVerdict) -> None:
    """The fates are those that carrying the plan out by hand shows."""
    assert verdict.plan is not None
    end = {vm.id: vm for vm in after_plan(state, verdict.plan).vms}
    down = {action.vm_id for action in verdict.plan.actions if action.kind.departs}
    now = {vm.id: vm for vm in state.vms}
    found: Counter[str] = Counter()
    for vm in before.vms:
        after = end[vm.id]
        if not vm.is_wanted:
            continue
        found["wanted"] += 1
        found["shrunk"] += after.is_running and any(after.allocated.get(r, n) < n for r, n in after.requested.items())
        if not vm.is_running:
            found["started" if after.is_running else "waiting"] += 1
            continue
        found["ran_before"] += 1
        found["stopped"] += not after.is_running and vm.id in down
        if not after.is_running:
            found["lost"] += 1
        elif not now[vm.id].is_running or vm.id in down:
            found["restarted"] += 1
        else:
            found["kept" if after.place == vm.place else "moved"] += 1
    for name in (
        "wanted",
        "shrunk",
        "started",
        "waiting",
        "ran_before",
        "lost",
        "stopped",
        "restarted",
        "kept",
        "moved",
    ):
        assert sum(getattr(tier, name) for tier in verdict.tiers) == found[name], name


@pytest.mark.parametrize("seeds", chunks(0.1, first=8_000_000), ids=named)
def test_verdicts_are_those_of_brute_force(seeds: range) -> None:
    """What is lost is lost, what is proven least is least, every plan is valid, and bounds are bounds."""
    checked = 0
    bases: Counter[Basis] = Counter()
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed, max_hosts=3, max_vms=5)
        start = prepare(snapshot, policy)
        assessor = Assessor(start, _OPTIONS)
        for scenario in _scenarios(snapshot, random.Random(seed)):
            state = happen(snapshot, policy, scenario)
            verdict = assessor.assess(scenario).last
            if verdict.refused:
                with pytest.raises(RefusedError) as refusal:
                    prepare(state, policy)
                assert refusal.value.faults == verdict.refused
                continue
            assert verdict.plan is not None
            judged = verify_plan(state, policy, verdict.plan)
            assert judged.is_valid, (seed, scenario.name, judged.violations)
            own = [(level.name, level.value) for level in verdict.losses]
            assert own == list(judged.levels[: len(own)]), (seed, scenario.name)
            best = best_levels(state, policy)[0][: len(own)]
            assert best <= own, (seed, scenario.name)
            assert [(level.name, level.bound) for level in verdict.losses] <= best, (seed, scenario.name)
            if verdict.basis.is_proven:
                assert own == best, (seed, scenario.name, verdict.basis)
            _assert_counts(snapshot, state, verdict)
            bases[verdict.basis] += 1
            checked += 1
    assert_checked(checked, seeds, 2)
    assert bases[Basis.BOUND] > bases[Basis.BEST_FOUND]


def _select(policy: Policy, snapshot: Snapshot, selector: Selector, _path: str) -> tuple[str, ...]:
    asking = Document("Scenario", Metadata(name="scenario"), Spec(), Source(""))
    return Selection(policy, snapshot).vms(asking, "", selector)


@pytest.mark.parametrize("seeds", chunks(0.1, first=8_100_000), ids=named)
def test_each_step_is_as_if_planned_anew(seeds: range) -> None:
    """Whatever happens in whatever order: what is lost is what the plain planner loses on the state prepared anew."""
    checked = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed, max_hosts=3, max_vms=5)
        scenario = random_scenario(snapshot, random.Random(seed))
        verdict = Assessor(prepare(snapshot, policy), _OPTIONS).assess(scenario)
        happenings, state = Happenings(snapshot), snapshot
        for i, ((_, step), found) in enumerate(zip(scenario.each_step(), verdict.steps, strict=False)):
            if i and step.carry_out:
                before = verdict.steps[i - 1].plan
                assert before is not None
                state = after_plan(state, before)
            state = happenings.happen(state, step, "", partial(_select, policy))
            if found.refused:
                with pytest.raises(RefusedError) as refusal:
                    prepare(state, policy)
                assert refusal.value.faults == found.refused
                break
            assert not found.notes, (seed, i, found.notes)
            anew = plan_recovery(state, policy, PlanOptions(budget_s=5.0, workers=1, reproducible=True))
            levels = anew.levels[: len(found.losses)]
            assert found.plan is not None
            assert verify_plan(state, policy, found.plan).is_valid, (seed, i)
            if found.basis.is_proven and not any(level.gap for level in levels):
                assert [level.value for level in found.losses] == [level.value for level in levels], (seed, i)
                checked += 1
            assert not found.basis.is_proven or [one.value for one in found.losses] <= [one.value for one in levels], (
                seed,
                i,
            )
    assert_checked(checked, seeds, 0.7)
