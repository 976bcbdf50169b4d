"""An engine that fails costs what it would have contributed, and is named; nothing else changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.engines import Answering, FakeEngine, at, finds
from tests.support.targets import problem_of
from trimtab_solver.engines import ENGINES, runner
from trimtab_solver.engines.engine import EngineResult, Task
from trimtab_solver.engines.proof import LevelProof
from trimtab_solver.engines.runner import Runner
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import FaultKind
from trimtab_solver.planner import plan_prepared
from trimtab_solver.prepared import prepare
from trimtab_solver.problem import Problem

_TWO_HOSTS = {3: DOWN, 4: DOWN}
_REPRODUCIBLE = PlanOptions(budget_s=1, reproducible=True)


def _problem() -> Problem:
    """Gold runs on h1 and may neither stop nor leave; two Bronze guests wait, each of which fits on h2."""
    guests = [vm("g", "h1", "gold"), vm("a"), vm("b")]
    return problem_of(snapshot(guests, _TWO_HOSTS), policy())


def _raises(task: Task) -> EngineResult:
    raise RuntimeError("a pivot of zero")


def _writes(task: Task) -> EngineResult:
    task.start.target.place[:] = 0
    return EngineResult(task.start.target)


def _claims_too_much(task: Task) -> EngineResult:
    """Says that nobody is lost where one is."""
    levels = len(task.problem.levels)
    return EngineResult(at(task.problem, 0, 1, -1), proofs=(LevelProof(0, 0),) * levels)


def _with(**fields: object) -> Answering:
    """The answer of an engine whose target is good but for these fields."""

    def answer(task: Task) -> EngineResult:
        return EngineResult(replace(at(task.problem, 0, 1, 1), **fields))  # type: ignore[arg-type]

    return answer


_FAULTS = {
    "it raises": (_raises, FaultKind.RAISED, "RuntimeError: a pivot of zero"),
    "it writes to what it begins with": (_writes, FaultKind.RAISED, "read-only"),
    "its target has no array": (_with(place=[0, 1, 1]), FaultKind.NONSENSE, "place is no array of integers"),
    "it counts in halves": (_with(place=np.array([0, 1, 0.5])), FaultKind.NONSENSE, "place is no array of integers"),
    "a guest is missing": (_with(place=np.array([0, 1])), FaultKind.NONSENSE, "place has shape (2,), not (3,)"),
    "sizes have the wrong shape": (_with(size=np.array([1])), FaultKind.NONSENSE, "size has shape (1,)"),
    "there is no such host": (_with(place=np.array([0, 1, 4])), FaultKind.NONSENSE, "b is on host number 4 of 4"),
    "a guest is on a failed host": (_with(place=np.array([0, 1, 3])), FaultKind.NONSENSE, "b may not be where it is"),
    "a guest is down that may not be": (_with(place=np.array([-1, 1, 1])), FaultKind.NONSENSE, "g may not be down"),
    "a guest is too small": (_with(size=np.array([[0], [10], [10]])), FaultKind.NONSENSE, "g is too small"),
    "a guest is too large": (_with(size=np.array([[10], [99], [10]])), FaultKind.NONSENSE, "a is too large"),
    "it claims what its target is not worth": (_claims_too_much, FaultKind.FALSE_PROOF, "is claimed to be 0, and is"),
}


@pytest.mark.parametrize(("answers", "what", "message"), _FAULTS.values(), ids=_FAULTS.keys())
def test_a_fault_costs_one_contribution(answers: Answering, what: FaultKind, message: str) -> None:
    """The others before and after it are heard, the fault is kept."""
    problem = _problem()
    half, all_up = at(problem, 0, -1, 1), at(problem, 0, 1, 1)
    engines = [FakeEngine("good", finds(half)), FakeEngine("bad", answers), FakeEngine("better", finds(all_up))]
    asked = Runner(problem, _REPRODUCIBLE, engines=engines)
    assert [candidate.engine for candidate in asked.candidates()] == ["good", "better"]
    (fault,) = asked.faults.faults
    assert (fault.engine, fault.what) == ("bad", what)
    assert message in fault.message
    assert engines[2].tasks[0].start.target.place.tolist() == half.place.tolist()


@pytest.mark.parametrize("name", ["place", "size"])
def test_nonsense_on_the_way_is_not_heard(name: str) -> None:
    """Of thousands of impossible reports one fault is kept, and what the engine ends with counts all the same."""
    problem = _problem()
    good = at(problem, 0, 1, 1)

    def babble(task: Task) -> EngineResult:
        for _ in range(1000):
            task.report(replace(good, **{name: getattr(good, name)[:1]}))
        return EngineResult(good)

    asked = Runner(problem, _REPRODUCIBLE, engines=[FakeEngine("babbling", babble)])
    assert [candidate.engine for candidate in asked.candidates()] == ["babbling"]
    assert [fault.what for fault in asked.faults.faults] == [FaultKind.NONSENSE]


def test_a_stuck_guest_stays_where_it_was_reached() -> None:
    """In a second look an engine that moves a guest which cannot get away has found nothing."""
    problem = _problem()
    reached = at(problem, 0, 1, -1)
    moved = at(problem, 1, 1, 1)
    asked = Runner(problem, _REPRODUCIBLE, engines=[FakeEngine("exact", finds(moved))])
    assert asked.refine(reached, problem.running) is None
    assert [fault.message for fault in asked.faults.faults] == ["guest g cannot get away"]


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    """An engine that holds the bounds and does not return before the test ends; nobody is patient with it."""
    monkeypatch.setattr(runner, "PATIENCE_S", 0.1)
    monkeypatch.setattr(runner, "_PATIENCE_SHARE", 0.0)
    is_over = threading.Event()

    def hang(task: Task) -> None:
        with task.ledger.bounds():
            task.report(at(task.problem, 0, 1, -1))
            is_over.wait()
            task.report(at(task.problem, 0, 1, 1))

    yield FakeEngine("hanging", hang)
    is_over.set()


def test_a_plan_does_not_wait_for_what_would_be_another_one(
    hanging: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shortly after the budget the plan that is there is the answer, with the engine that is still at it as a fault."""
    monkeypatch.setattr(runner, "PATIENCE_S", 1000.0)
    before = FakeEngine("greedy", finds(at(_problem(), 0, 1, -1)))
    prepared = prepare(snapshot([vm("g", "h1", "gold"), vm("a"), vm("b")], _TWO_HOSTS), policy())
    answer = plan_prepared(
        prepared, PlanOptions(budget_s=0.2, late_s=0.05), engines=[before, replace(hanging, name="x")]
    )
    assert answer.certificate.verified
    assert [(fault.engine, fault.what) for fault in answer.engine_faults] == [("x", FaultKind.HUNG)]


def test_nobody_waits_for_an_engine_that_hangs(hanging: FakeEngine) -> None:
    """At the end of the budget the candidates end; what it had reported counts, and the locks it holds do no harm."""
    problem = _problem()
    asked = Runner(problem, PlanOptions(budget_s=0.2), engines=[hanging])
    assert not list(asked.candidates())
    assert [(fault.engine, fault.what) for fault in asked.faults.faults] == [("hanging", FaultKind.HUNG)]
    assert asked.incumbent.best is not None
    assert asked.incumbent.best.target.place.tolist() == [0, 1, -1]
    assert not asked.ledger.is_proven(asked.incumbent.best.values)


def test_a_proof_that_a_plan_refutes_is_dropped() -> None:
    """An engine says that a guest is lost whatever is done; once a plan has shown otherwise that does not count."""
    problem = _problem()
    proofs = tuple(LevelProof(value, value) for value in problem.evaluate(at(problem, 0, 1, -1)))
    asked = Runner(problem, _REPRODUCIBLE, engines=[FakeEngine("false", lambda _: EngineResult(proofs=proofs))])
    list(asked.candidates())
    reached = problem.evaluate(at(problem, 0, 1, -1))
    assert asked.ledger.is_proven(reached)
    asked.verified(problem.evaluate(at(problem, 0, 1, 1)))
    assert [(fault.engine, fault.what) for fault in asked.faults.faults] == [("false", FaultKind.FALSE_PROOF)]
    assert not asked.ledger.is_proven(reached)


def test_a_proof_that_comes_after_its_refutation_does_not_count() -> None:
    """The same, when the plan was there first."""
    problem = _problem()
    proofs = tuple(LevelProof(value, value) for value in problem.evaluate(at(problem, 0, 1, -1)))
    asked = Runner(problem, _REPRODUCIBLE, engines=[FakeEngine("false", lambda _: EngineResult(proofs=proofs))])
    asked.verified(problem.evaluate(at(problem, 0, 1, 1)))
    list(asked.candidates())
    assert [(fault.engine, fault.what) for fault in asked.faults.faults] == [("false", FaultKind.FALSE_PROOF)]
    assert not asked.ledger.is_proven(problem.evaluate(at(problem, 0, 1, -1)))


def test_others_do_not_go_on_from_what_was_refused() -> None:
    """When no plan leads to a candidate, the next engine begins where the best verified one ended."""
    problem = _problem()
    engines = [FakeEngine("first", finds(at(problem, 0, 1, -1))), FakeEngine("second")]
    asked = Runner(problem, _REPRODUCIBLE, engines=engines)
    for _ in asked.candidates():
        asked.refused(None)
    assert engines[1].tasks[0].start.target.place.tolist() == problem.current.tolist()


def test_faults_are_logged_with_their_trace(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever listens to the library's log learns which engine it was, and where."""
    with caplog.at_level(logging.ERROR, logger="trimtab_solver.engines"):
        list(Runner(_problem(), _REPRODUCIBLE, engines=[FakeEngine("bad", _raises)]).candidates())
    (record,) = caplog.records
    assert record.getMessage().startswith("engine bad: RAISED: RuntimeError: a pivot of zero")
    assert record.exc_info is not None
    assert record.__dict__["engine"] == "bad"


@pytest.mark.parametrize("engine", [engine.name for engine in ENGINES])
def test_no_engine_is_indispensable(engine: str) -> None:
    """With each real engine in turn made to raise, the others find what can be found, and the fault names it."""
    problem = _problem()
    engines = [FakeEngine(one.name, _raises) if one.name == engine else one for one in ENGINES]
    asked = Runner(problem, _REPRODUCIBLE, engines=engines, earlier=problem.current)
    list(asked.candidates())
    assert asked.incumbent.best is not None
    assert asked.incumbent.best.values[: len(problem.ranks)] == (0,) * len(problem.ranks)
    assert {fault.engine for fault in asked.faults.faults} <= {engine}


def test_a_stuck_guest_may_stay_where_it_runs_now() -> None:
    """A plan moved Bronze to h2, and its way there is barred for others: that it stays on h1 after all is possible."""
    guests = [vm("b", "h1"), vm("a")]
    problem = problem_of(snapshot(guests, _TWO_HOSTS), policy())
    asked = Runner(problem, _REPRODUCIBLE, engines=[FakeEngine("exact", finds(at(problem, 0, 1)))])
    found = asked.refine(at(problem, 1, -1), problem.running)
    assert found is not None
    assert found.place.tolist() == [0, 1]
    assert not asked.faults.faults
