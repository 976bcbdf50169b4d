"""What further migrations buy, by hand."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines.bounds.bound import Bounds
from trimtab_solver.engines.frontier import FrontierOptions, trace_frontier
from trimtab_solver.problem import Problem, Target

_WORK = FrontierOptions(0.2, seed=1, workers=2, reproducible=True)
_NO_WORK = FrontierOptions(0.0, seed=1, workers=2, reproducible=False)


def _halved() -> Problem:
    """Two hosts that Gold fills by half each; a guest as large as a host waits."""
    half = {"memory_mib": 20}
    guests = [vm("g1", "h1", "gold", requested=half), vm("g2", "h2", "gold", requested=half)]
    return problem_of(snapshot([*guests, vm("b", requested={"memory_mib": 40})], {3: DOWN, 4: DOWN}), policy())


def _merged(problem: Problem) -> Target:
    """The target that moves one Gold guest to the other, so that the large one can run."""
    place = np.array([0, 0, 1], dtype=np.int32)
    assert [problem.vm_ids[v] for v in range(3)] == ["g1", "g2", "b"]
    return replace(problem.stay(), place=place)


def test_a_move_buys_a_guest() -> None:
    """Nothing without a move, everybody with one; the answer keeps the order of the question."""
    few, none = trace_frontier(_halved(), (50.0, 0.0), _WORK, threading.Event())
    assert (none.share_percent, none.allowed_moves, none.moves) == (0.0, 0, 0)
    assert (few.share_percent, few.allowed_moves, few.moves) == (50.0, 1, 1)
    lost = [sum(level.value for level in point.levels if level.name.startswith("running")) for point in (none, few)]
    assert lost == [2, 0]
    assert all(level.bound <= level.value for point in (none, few) for level in point.levels)


def test_a_plan_counts_where_it_moves_few_enough() -> None:
    """Without any time no point looks worse than the plan, and the plan is no point where it moves too many."""
    problem = _halved()
    points = trace_frontier(problem, (0.0, 50.0, 100.0), _NO_WORK, threading.Event(), [_merged(problem)])
    assert [point.moves for point in points] == [0, 1, 1]


def test_what_is_proven_for_the_plan_holds_where_no_more_may_move() -> None:
    """That nothing helps without a move is proven for the plan's budget of none, and says nothing of one move."""
    problem = _halved()
    problem = replace(problem, disruption=replace(problem.disruption, budget=0))
    bounds, values = Bounds(problem), problem.evaluate(problem.stay())
    while bounds.tighten(values, 10):
        pass
    free, own = (
        trace_frontier(problem, (0.0, 50.0), _NO_WORK, threading.Event(), bounds=given) for given in (None, bounds)
    )
    bronze = problem.level_names.index("running:bronze")
    assert [point.levels[bronze].bound for point in free] == [0, 0]
    assert [point.levels[bronze].bound for point in own] == [2, 0]
