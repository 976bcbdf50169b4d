"""Reproducible plans read no clock, and nobody but one module does at all."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import trimtab_solver
from tests.support.cluster import DOWN, policy, snapshot, vm
from trimtab_solver.engines import ENGINES, clock, strategy
from trimtab_solver.engines.clock import NEVER, Deadline
from trimtab_solver.engines.engine import Engine, EngineResult, Task
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery

_ROOT = Path(trimtab_solver.__file__).parent
_CLOCK = _ROOT / "engines" / "clock.py"
_CLOCKS = {"time", "datetime", "timeit"}


def _imports(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found


def test_only_one_module_of_the_engines_has_a_clock() -> None:
    """Engines and what orders plans ask `engines/clock.py` for the time, which reproducible mode never does."""
    files = [path for folder in ("engines", "plan", "primitives") for path in (_ROOT / folder).rglob("*.py")]
    assert [path for path in files if _imports(path) & _CLOCKS] == [_CLOCK]


def test_deadlines() -> None:
    """One that never comes is never over, and no sooner for being asked for."""
    past = Deadline(clock.now() - 1.0)
    assert past.is_over
    assert past.left_s < 0
    assert past.within(60.0) == past
    assert 0 < Deadline.after(60.0).within(1.0).left_s <= 1.0
    assert not NEVER.is_over
    assert NEVER.within(1.0) is NEVER


class _Witness:
    """An engine that notes when it is asked."""

    def __init__(self, engine: Engine, asked: set[str]) -> None:
        self.name = engine.name
        self._engine, self._asked = engine, asked

    def improve(self, task: Task) -> EngineResult | None:
        self._asked.add(self.name)
        return self._engine.improve(task)


def test_no_engine_reads_the_clock_in_reproducible_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that raises, each engine gets a turn, the frontier is traced and a second look taken."""

    def stopped() -> float:
        raise AssertionError("somebody has read the clock")

    monkeypatch.setattr(clock, "now", stopped)
    sizes = {"b0": 30, "b1": 30, "b2": 20}
    found = snapshot([vm(name, requested={"memory_mib": size}) for name, size in sizes.items()], {3: DOWN, 4: DOWN})
    asked: set[str] = set()
    engines = [_Witness(engine, asked) for engine in ENGINES]
    options = PlanOptions(budget_s=1, workers=2, reproducible=True, warm_start={}, frontier=(0.0, 50.0))
    answers = [plan_recovery(found, policy(), options, engines=engines)]
    for limit in ("EXACT_ALONE", "EXACT_FIRST", "EXACT_MOST"):
        monkeypatch.setattr(strategy, limit, -1)
    answers.append(plan_recovery(found, policy(), options, engines=engines))
    # column generation proves all there is to prove here: without it the others get their turn
    others = [engine for engine in engines if engine.name != strategy.COLUMN_GENERATION]
    answers.append(plan_recovery(found, policy(), options, engines=others))
    assert asked == {engine.name for engine in ENGINES}
    assert [answer.engine_faults for answer in answers] == [(), (), ()]
    assert all(len(answer.frontier) == 2 for answer in answers)


def test_a_clock_that_is_read_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the test above is the one that counts otherwise."""

    def stopped() -> float:
        raise AssertionError("somebody has read the clock")

    monkeypatch.setattr(clock, "now", stopped)
    found = snapshot([vm("b")])
    with pytest.raises(AssertionError, match="has read the clock"):
        plan_recovery(found, policy(), PlanOptions(budget_s=1))
