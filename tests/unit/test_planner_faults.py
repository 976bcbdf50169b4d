"""Defects planted in engines and in what follows them: the answer is verified, and says what went wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.engines import FakeEngine
from trimtab_solver import attempts, planner
from trimtab_solver.actions import Plan
from trimtab_solver.engines import ENGINES, runner, strategy
from trimtab_solver.engines.engine import EngineResult, Task
from trimtab_solver.engines.finishing import Finishing
from trimtab_solver.errors import UnverifiedPlanError
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer, FaultKind, Outcome
from trimtab_solver.plan.building import build_plan
from trimtab_solver.planner import plan_recovery
from trimtab_solver.snapshot import Snapshot, Vm, VmState
from trimtab_solver.verify.replay import verify_plan

_OPTIONS = PlanOptions(budget_s=1, workers=1, reproducible=True, warm_start={})


def _cluster() -> Snapshot:
    """Bronze guests that would fill two hosts if cut in pieces: one of three finds no room, which takes a proof."""
    guests = [vm(name, requested={"memory_mib": size}) for name, size in {"b0": 30, "b1": 30, "b2": 20}.items()]
    return snapshot(guests, {3: DOWN, 4: DOWN})


def _answer(**changes: object) -> Answer:
    answer = plan_recovery(_cluster(), policy(), replace(_OPTIONS, **changes))  # type: ignore[arg-type]
    assert verify_plan(_cluster(), policy(), answer.plan).is_valid
    return answer


def _raises(task: Task) -> EngineResult:
    raise ZeroDivisionError("no pivot")


_SMALL = ("earlier", "greedy", "exact")
_LARGE = ("earlier", "greedy", "column-generation", "room-pricing", "neighbourhoods", "search", "bounds")
"""Engines that get a turn below and above the size where the exact engine ends."""


@pytest.mark.parametrize("engine", [*_SMALL, *(f"{name} of many" for name in _LARGE)])
def test_with_any_engine_broken_the_plan_is_verified(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each real engine in turn raises: the others do their work."""
    name = engine.removesuffix(" of many")
    broken = {name: FakeEngine(name, _raises)}
    if name != engine:
        for limit in ("EXACT_ALONE", "EXACT_FIRST", "EXACT_MOST"):
            monkeypatch.setattr(strategy, limit, -1)
        # it would prove everything, and leave nothing to do
        broken.setdefault("column-generation", FakeEngine("column-generation"))
    engines = [broken.get(one.name, one) for one in ENGINES]
    answer = plan_recovery(_cluster(), policy(), _OPTIONS, engines=engines)
    verdict = verify_plan(_cluster(), policy(), answer.plan)
    assert verdict.is_valid
    assert [value for _, value in verdict.levels] == [level.value for level in answer.levels]
    assert answer.levels[0].value == 2
    assert answer.engine_faults
    assert {fault.engine for fault in answer.engine_faults} == {name}
    assert all(fault.note in answer.notes for fault in answer.engine_faults)


def test_nobody_waits_for_an_engine_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of the budget the answer is made without it, from what the others and itself have found."""
    monkeypatch.setattr(runner, "PATIENCE_S", 0.1)
    monkeypatch.setattr(runner, "_PATIENCE_SHARE", 0.0)
    is_over = threading.Event()

    def hang(task: Task) -> None:
        is_over.wait()

    engines = [FakeEngine("exact", hang) if one.name == "exact" else one for one in ENGINES]
    answer = plan_recovery(_cluster(), policy(), PlanOptions(budget_s=0.5), engines=engines)
    is_over.set()
    assert verify_plan(_cluster(), policy(), answer.plan).is_valid
    assert (answer.engine, answer.outcome) == ("greedy", Outcome.FEASIBLE)
    assert [(fault.engine, fault.what) for fault in answer.engine_faults] == [("exact", FaultKind.HUNG)]


def test_every_engine_is_broken_once() -> None:
    """The engines above are all that there are."""
    assert {*_SMALL, *_LARGE} == {engine.name for engine in ENGINES}


def _first_only(work: Callable[..., Plan], instead: Callable[[], Plan]) -> Callable[..., Plan]:
    """`instead` the first time, `work` from then on."""
    calls: list[int] = []

    def replaced(*args: object) -> Plan:
        calls.append(1)
        return instead() if len(calls) == 1 else work(*args)

    return replaced


def _raise() -> Plan:
    raise ZeroDivisionError("no order")


def _wrong() -> Plan:
    """A plan that starts a guest on a failed host."""
    good = plan_recovery(_cluster(), policy(), _OPTIONS).plan
    return Plan((replace(good.actions[0], host_id="h3"), *good.actions[1:]))


@pytest.mark.parametrize(
    ("instead", "what"),
    [(_wrong, FaultKind.REJECTED), (Plan, FaultKind.MISCOUNTED), (_raise, FaultKind.RAISED)],
    ids=["rejected", "miscounted", "raised"],
)
def test_a_plan_that_cannot_be_used_costs_one_candidate(
    instead: Callable[[], Plan], what: FaultKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first plan is wrong, is not what was counted, or cannot be made: the next one is as good."""
    expected = _answer()
    wrong = instead() if what is FaultKind.REJECTED else None
    plant = _first_only(build_plan, instead if wrong is None else lambda: wrong)
    monkeypatch.setattr(attempts, "build_plan", plant)
    answer = _answer()
    assert {(fault.engine, fault.what) for fault in answer.engine_faults} == {("earlier", what)}
    assert [level.value for level in answer.levels] == [level.value for level in expected.levels]


def test_a_defect_about_one_guest_does_not_cost_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every plan starts one guest on a failed host: all are refused, until that guest is left as it is."""
    first, *others = sorted(action.vm_id for action in _answer().plan.actions)

    def misplace(*args: object) -> Plan:
        plan = build_plan(*args)  # type: ignore[arg-type]
        return Plan(tuple(replace(a, host_id="h3") if a.vm_id == first else a for a in plan.actions))

    monkeypatch.setattr(attempts, "build_plan", misplace)
    answer = _answer()
    started = {action.vm_id for action in answer.plan.actions}
    assert started & {*others, "b2"}
    assert first not in started
    assert {fault.what for fault in answer.engine_faults} == {FaultKind.REJECTED}


def test_last_touches_that_fail_leave_targets_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan is there, and the answer says what went wrong."""

    def fail(*args: object) -> None:
        raise ZeroDivisionError("no touch")

    monkeypatch.setattr(Finishing, "finish", fail)
    answer = _answer()
    assert len(answer.plan.actions) == 2
    assert {(fault.engine, fault.what) for fault in answer.engine_faults} == {("finishing", FaultKind.RAISED)}


def test_a_guest_whose_failed_host_is_not_named_stays_down_alone() -> None:
    """It could still run somewhere, so it starts nowhere, and the answer says why; the others are planned for."""
    lost = Vm("lost", state=VmState.DISPLACED, requested={"memory_mib": 1}, tier="bronze")
    cluster = replace(_cluster(), vms=(*_cluster().vms, lost))
    answer = plan_recovery(cluster, policy(), _OPTIONS)
    assert not answer.engine_faults
    assert len(answer.plan.actions) == len(_answer().plan.actions)
    (words,) = (one.reason for one in answer.stays_down if one.vm_id == "lost")
    assert words == "the host it was displaced from is not named and so cannot be fenced: it could run twice"


def test_a_frontier_that_fails_costs_the_frontier(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan is there, without points, and the answer says why."""

    def fail(*args: object) -> None:
        raise ZeroDivisionError("no point")

    expected = _answer(frontier=(0.0,))
    assert expected.frontier
    monkeypatch.setattr(planner, "trace_frontier", fail)
    answer = _answer(frontier=(0.0,))
    assert answer.plan == expected.plan
    assert not answer.frontier
    assert [(fault.engine, fault.what) for fault in answer.engine_faults] == [("frontier", FaultKind.RAISED)]


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (ZeroDivisionError("no order"), UnverifiedPlanError, r"RAISED \(engine none\)"),
        (MemoryError(), MemoryError, "memory"),
    ],
)
def test_without_any_plan_the_answer_is_an_error(
    error: Exception, raised: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only when not even the plan that does nothing can be made; it names all that failed."""

    def fail(*args: object) -> None:
        raise error

    monkeypatch.setattr(attempts, "build_plan", fail)
    with pytest.raises(raised, match=message):
        plan_recovery(_cluster(), policy(), _OPTIONS)
