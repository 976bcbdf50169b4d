"""The portfolio by hand: what is reported on the way, when it ends, and what its bounds claim."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines import portfolio
from trimtab_solver.engines.portfolio import PlanOptions, Portfolio, Progress
from trimtab_solver.engines.search import workers
from trimtab_solver.outcome import Outcome
from trimtab_solver.planner import plan_recovery
from trimtab_solver.problem import Problem, Target
from trimtab_solver.snapshot import Snapshot

_ONE_HOST = {2: DOWN, 3: DOWN, 4: DOWN}
_TWO_HOSTS = {3: DOWN, 4: DOWN}


def _cluster() -> Snapshot:
    """Three Bronze guests of value 2 that would fill two hosts if cut in pieces, and Gold that fits nowhere."""
    sizes = {"b0": 30, "b1": 30, "b2": 20}
    guests = [vm(name, requested={"memory_mib": size}) for name, size in sizes.items()]
    return snapshot([*guests, vm("g", tier="gold", requested={"memory_mib": 99})], _TWO_HOSTS)


def _crowded() -> Problem:
    return problem_of(_cluster(), policy())


def test_bounds_are_proven_by_the_exact_engine() -> None:
    """Before it ran the second level has a gap; after it there is none."""
    problem = _crowded()
    portfolio = Portfolio(problem, PlanOptions(budget_s=60))
    candidates = portfolio.candidates()
    first = next(candidates)
    before = portfolio.levels(problem.evaluate(first.target))
    assert (first.engine, before[0].gap, before[1].value, before[1].bound) == ("greedy", 0, 2, 0)
    (second,) = candidates
    after = portfolio.levels(problem.evaluate(second.target))
    assert second.engine == "exact"
    assert [level.gap for level in after] == [0] * len(after)


def test_after_a_level_that_is_worse_than_its_bound_nothing_more_is_claimed() -> None:
    """Bounds hold for the values reached above them, so behind a gap only those that need no search are left."""
    problem = _crowded()
    portfolio = Portfolio(problem, PlanOptions(budget_s=60))
    list(portfolio.candidates())
    worse = portfolio.levels((1, 4, 0, 0, 0, 0, 0, 0))
    assert [(level.value, level.bound) for level in worse[:2]] == [(1, 1), (4, 2)]
    assert all(level.bound == 0 for level in worse[2:])


def test_a_stopped_portfolio_still_proposes_what_greedy_finds() -> None:
    """With `stop` set from the start there is one candidate, and the answer says that a gap is left."""
    stop = threading.Event()
    stop.set()
    portfolio = Portfolio(_crowded(), PlanOptions(budget_s=60), stop=stop)
    assert [candidate.engine for candidate in portfolio.candidates()] == ["greedy"]
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
    """With every guest held where a plan leaves it (not where it was), the state reached is found again or improved."""
    problem = problem_of(snapshot([vm("a", "h1"), vm("b", "h1")], {3: DOWN, 4: DOWN}), policy())
    portfolio = Portfolio(problem, PlanOptions(budget_s=60))
    moved = Target(np.array([1, 0], dtype=np.int32), problem.upper)
    found = portfolio.refine(moved, problem.running)
    assert found is not None
    assert found.place.tolist() == [1, 0]
    assert problem.evaluate(found) <= problem.evaluate(moved)


@pytest.mark.parametrize("late", [0, 1])
def test_equals_do_not_depend_on_which_worker_is_faster(late: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers end with different targets of equal value: in reproducible mode the first worker's counts."""
    problem = problem_of(snapshot([vm(f"v{n}") for n in range(5)]), policy())
    run = workers._Worker.run

    def delayed(self: workers._Worker) -> workers.Found:
        if self._number == late:
            time.sleep(0.2)
        return run(self)

    for name in ("EXACT_ALONE", "EXACT_FIRST", "EXACT_CANDIDATES"):
        monkeypatch.setattr(portfolio, name, 0)
    monkeypatch.setattr(portfolio, "repair", lambda problem, wish=None: problem.stay())
    monkeypatch.setattr(workers._Worker, "run", delayed)
    options = PlanOptions(budget_s=0.1, workers=2, reproducible=True)
    ends = list(Portfolio(problem, options).candidates())
    alone = list(Portfolio(problem, replace(options, workers=1)).candidates())
    assert ends[-1].target.place.tolist() == alone[-1].target.place.tolist()


def test_where_hosts_hold_few_guests_whole_contents_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the exact engine is out of reach: two halves on two hosts make room for a guest as large as a host."""
    for limit in ("EXACT_ALONE", "EXACT_FIRST", "EXACT_CANDIDATES"):
        monkeypatch.setattr(portfolio, limit, -1)
    half = {"memory_mib": 20}
    guests = [vm("g1", "h1", "gold", requested=half), vm("g2", "h2", "gold", requested=half)]
    problem = problem_of(snapshot([*guests, vm("b", requested={"memory_mib": 40})], _TWO_HOSTS), policy())
    runs = []
    for _ in range(2):
        engines = Portfolio(problem, PlanOptions(budget_s=2, reproducible=True))
        runs.append([(candidate.engine, candidate.target.place.tolist()) for candidate in engines.candidates()])
        assert engines.best is not None
        assert engines.best[:2] == (0, 0)
    assert [engine for engine, _ in runs[0]][:2] == ["greedy", "assembly"]
    assert runs[0] == runs[1]


def test_what_contents_do_not_settle_is_left_to_barter(monkeypatch: pytest.MonkeyPatch) -> None:
    """An assembly that ends with nothing takes its share of the time and no more."""
    for limit in ("EXACT_ALONE", "EXACT_FIRST", "EXACT_CANDIDATES"):
        monkeypatch.setattr(portfolio, limit, -1)
    monkeypatch.setattr(portfolio, "assemble", lambda *_: None)
    guests = [vm(f"b{n}", requested={"memory_mib": 25}) for n in range(4)]
    problem = problem_of(snapshot([*guests, vm("small", requested={"memory_mib": 1})], _TWO_HOSTS), policy())
    engines = Portfolio(problem, PlanOptions(budget_s=1, reproducible=True))
    assert [candidate.engine for candidate in engines.candidates()][1:3] == ["assembly", "barter"]
