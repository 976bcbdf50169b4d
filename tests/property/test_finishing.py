"""What must hold of finished targets and plans on random tiny clusters, whatever the rules."""

from __future__ import annotations

import random

import numpy as np
import pytest

from benchmarks.renamings import without
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from tests.support.targets import judged, problem_of
from trimtab_solver.engines import strategy
from trimtab_solver.engines.finishing import Finishing
from trimtab_solver.engines.greedy import repair
from trimtab_solver.engines.search.moves import try_shift
from trimtab_solver.engines.search.state import new_state
from trimtab_solver.engines.search.tables import StrictTables, build_tables
from trimtab_solver.engines.search.weights import strict_weights
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery
from trimtab_solver.problem import Problem, Target
from trimtab_solver.sizing import fit_sizes
from trimtab_solver.verify.replay import verify_plan


def _shuffled(problem: Problem, seed: int) -> Target:
    """The greedy target with guests taken elsewhere at random, as far as that is permitted."""
    chance = random.Random(seed)
    tables = build_tables(problem, strict_weights(problem))
    state = new_state(problem, tables, repair(problem).place, seed=0)
    for _ in range(2 * problem.vm_count):
        try_shift(tables, state, chance.randrange(problem.vm_count), chance.randrange(problem.host_count))
    place = state.guest["place"].astype(np.int32)
    return Target(place, fit_sizes(problem, place))


@pytest.mark.parametrize("seeds", chunks(0.3, first=6_600_000), ids=named)
def test_a_finished_target_is_valid_and_no_worse(seeds: range) -> None:
    """At the level of every target, however it was found; many do become better."""
    better = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        if not problem.vm_count:
            continue
        target = _shuffled(problem, seed)
        finishing = Finishing(problem, StrictTables(problem))
        finished = finishing.finish(target)
        descended = finishing.descend(finished)
        for found in (finished, descended or finished):
            verdict = judged(snapshot, policy, problem, found)
            assert verdict.is_valid, (seed, verdict.violations)
            assert problem.evaluate(found) <= problem.evaluate(target), seed
        assert descended is None or problem.evaluate(descended) < problem.evaluate(finished), seed
        better += descended is not None or problem.evaluate(finished) < problem.evaluate(target)
    assert_checked(better, seeds, 0.2)


@pytest.mark.parametrize("seeds", chunks(0.3, first=6_700_000), ids=named)
@pytest.mark.parametrize("cells", [0, strategy.EXACT_MOST], ids=["greedy", "exact"])
def test_no_guest_can_be_left_out_of_a_plan(seeds: range, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without all that a plan does to one guest it is no plan any more, or worse at some level."""
    monkeypatch.setattr(strategy, "EXACT_MOST", cells)
    checked = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed, max_hosts=5, max_vms=9)
        answer = plan_recovery(snapshot, policy, PlanOptions(budget_s=0.02, seed=seed, workers=1, reproducible=True))
        values = [level.value for level in answer.levels]
        for vm_id in sorted({action.vm_id for action in answer.plan.actions} - {""}):
            verdict = verify_plan(snapshot, policy, without(answer.plan, vm_id))
            assert not verdict.is_valid or [value for _, value in verdict.levels] > values, (seed, vm_id)
            checked += 1
    assert_checked(checked, seeds, 1)
