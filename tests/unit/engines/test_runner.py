"""The runner by hand: who works, what is reported on the way, when it ends, and what is claimed."""

from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np
import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.engines import FakeEngine, at, finds
from tests.support.targets import problem_of
from trimtab_solver.engines import strategy
from trimtab_solver.engines.engine import EngineResult, Task
from trimtab_solver.engines.runner import Runner
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Outcome, Progress
from trimtab_solver.planner import plan_recovery
from trimtab_solver.problem import NOWHERE, Problem, Target
from trimtab_solver.snapshot import Snapshot

_ONE_HOST = {2: DOWN, 3: DOWN, 4: DOWN}
_TWO_HOSTS = {3: DOWN, 4: DOWN}
_REPRODUCIBLE = PlanOptions(budget_s=1, reproducible=True)


def _cluster() -> Snapshot:
    """Three Bronze guests of value 2 that would fill two hosts if cut in pieces, and Gold that fits nowhere."""
    sizes = {"b0": 30, "b1": 30, "b2": 20}
    guests = [vm(name, requested={"memory_mib": size}) for name, size in sizes.items()]
    return snapshot([*guests, vm("g", tier="gold", requested={"memory_mib": 99})], _TWO_HOSTS)


def _crowded() -> Problem:
    return problem_of(_cluster(), policy())


def _two_waiting() -> Problem:
    """Two guests that wait, each of which fits anywhere."""
    return problem_of(snapshot([vm("a"), vm("b")], _TWO_HOSTS), policy())


def test_bounds_are_proven_by_the_exact_engine() -> None:
    """Before it ran the second level has a gap; after it there is none."""
    problem = _crowded()
    runner = Runner(problem, PlanOptions(budget_s=60))
    candidates = runner.candidates()
    first = next(candidates)
    before = runner.ledger.levels(problem.evaluate(first.target))
    assert (first.engine, before[0].gap, before[1].value, before[1].bound) == ("greedy", 0, 2, 0)
    assert not list(candidates), "the first target is as good as any"
    after = runner.ledger.levels(problem.evaluate(first.target))
    assert [level.gap for level in after] == [0] * len(after)


def test_after_a_level_that_is_worse_than_its_bound_nothing_more_is_claimed() -> None:
    """Bounds hold for the values reached above them, so behind a gap only those that need no search are left."""
    runner = Runner(_crowded(), PlanOptions(budget_s=60))
    list(runner.candidates())
    worse = runner.ledger.levels((1, 4, 0, 0, 0, 0, 0, 0))
    assert [(level.value, level.bound) for level in worse[:2]] == [(1, 1), (4, 2)]
    assert all(level.bound == 0 for level in worse[2:])


def test_when_stopped_greedy_still_proposes() -> None:
    """With `stop` set from the start there is one candidate, and the answer says that a gap is left."""
    stop = threading.Event()
    stop.set()
    runner = Runner(_crowded(), PlanOptions(budget_s=60), stop=stop)
    assert [candidate.engine for candidate in runner.candidates()] == ["greedy"]
    answer = plan_recovery(_cluster(), policy(), PlanOptions(budget_s=60), stop=stop)
    assert answer.outcome is Outcome.FEASIBLE
    assert answer.certificate.verified


def test_progress_only_gets_better() -> None:
    """Each report beats the one before, names its engine, and the last has the values of the answer."""
    guests = [vm(f"b{n}", "h1") for n in range(4)]
    found = snapshot([*guests, vm("g", tier="gold"), vm("s", tier="silver")], _ONE_HOST)
    reports: list[Progress] = []
    answer = plan_recovery(found, policy(), PlanOptions(budget_s=60), on_progress=reports.append)
    values = [[level.value for level in report.levels] for report in reports]
    assert reports[0].engine == "greedy"
    assert all(after < before for before, after in pairwise(values))
    assert values[-1] == [level.value for level in answer.levels]
    assert [report.elapsed_s for report in reports] == sorted(report.elapsed_s for report in reports)


def test_a_second_look_starts_from_where_guests_really_end_up() -> None:
    """Every guest is held where a plan leaves it (not where it was), and one that the plan forgot is started."""
    problem = problem_of(snapshot([vm("a", "h1"), vm("b", "h1"), vm("c")], {3: DOWN, 4: DOWN}), policy())
    runner = Runner(problem, PlanOptions(budget_s=60))
    moved = Target(np.array([1, 0, NOWHERE], dtype=np.int32), problem.upper)
    found = runner.refine(moved, problem.running)
    assert found is not None
    assert found.place[:2].tolist() == [1, 0]
    assert found.place[2] != NOWHERE
    assert runner.refine(found, problem.running) is None, "then nothing is left to better"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_equals_do_not_depend_on_which_thread_is_faster(order: tuple[int, int]) -> None:
    """Of targets of equal value that are reported on the way none counts, but what the engine ends with."""
    problem = _two_waiting()
    equals = (at(problem, 0, 0), at(problem, 1, 1))
    assert problem.evaluate(equals[0]) == problem.evaluate(equals[1])

    def race(task: Task) -> EngineResult:
        for number in order:
            task.report(equals[number])
        return EngineResult(equals[1])

    runner = Runner(problem, _REPRODUCIBLE, engines=[FakeEngine("racing", race)])
    list(runner.candidates())
    assert runner.incumbent.best is not None
    assert runner.incumbent.best.target.place.tolist() == [1, 1]


def test_each_engine_begins_where_the_best_before_it_ended() -> None:
    """The first from everything as it is; one that ends with something worse does not spoil the incumbent."""
    problem = _two_waiting()
    half, nothing = at(problem, 0, -1), at(problem, -1, -1)
    engines = [FakeEngine("first", finds(half)), FakeEngine("second", finds(nothing)), FakeEngine("third")]
    runner = Runner(problem, _REPRODUCIBLE, engines=engines)
    proposed = [(candidate.engine, candidate.target.place.tolist()) for candidate in runner.candidates()]
    assert proposed == [("first", [0, -1]), ("second", [-1, -1])]
    begun = [(task.start.engine, task.start.target.place.tolist()) for engine in engines for task in engine.tasks]
    assert begun == [("none", [-1, -1]), ("first", [0, -1]), ("first", [0, -1])]


def test_nobody_works_on_what_is_proven() -> None:
    """When the first engine ends with a perfect state, the second gets no turn."""
    problem = _two_waiting()
    engines = [FakeEngine("first", finds(at(problem, 0, 1))), FakeEngine("second")]
    list(Runner(problem, _REPRODUCIBLE, engines=engines).candidates())
    assert not engines[1].tasks


def test_where_hosts_hold_few_guests_columns_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the exact engine is out of reach: two halves on two hosts make room for a guest as large as a host."""
    for limit in ("EXACT_ALONE", "EXACT_FIRST", "EXACT_MOST"):
        monkeypatch.setattr(strategy, limit, -1)
    half = {"memory_mib": 20}
    guests = [vm("g1", "h1", "gold", requested=half), vm("g2", "h2", "gold", requested=half)]
    problem = problem_of(snapshot([*guests, vm("b", requested={"memory_mib": 40})], _TWO_HOSTS), policy())
    runs = []
    for _ in range(2):
        runner = Runner(problem, PlanOptions(budget_s=2, reproducible=True))
        runs.append([(candidate.engine, candidate.target.place.tolist()) for candidate in runner.candidates()])
        assert runner.incumbent.best is not None
        assert runner.incumbent.best.values[:2] == (0, 0)
    assert [engine for engine, _ in runs[0]][:2] == ["greedy", "column-generation"]
    assert runs[0] == runs[1]


def test_what_columns_leave_open_is_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Column generation that ends with nothing takes its share of the time and no more."""
    for limit in ("EXACT_ALONE", "EXACT_FIRST", "EXACT_MOST"):
        monkeypatch.setattr(strategy, limit, -1)
    guests = [vm(f"b{n}", requested={"memory_mib": 25}) for n in range(4)]
    problem = problem_of(snapshot([*guests, vm("small", requested={"memory_mib": 1})], _TWO_HOSTS), policy())
    engines = [FakeEngine(name) for name in ("greedy", "column-generation", "room-pricing", "search")]
    list(Runner(problem, _REPRODUCIBLE, engines=engines).candidates())
    seconds = {engine.name: [task.effort.seconds for task in engine.tasks] for engine in engines[1:]}
    assert seconds["column-generation"] == [0.6]
    assert seconds["room-pricing"] == pytest.approx([0.62 * 0.4])
    assert seconds["search"] == pytest.approx([0.08 * 0.4])
