"""The engine of docs/adding-an-engine.md: what stands on the page is run, takes part and is used."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines import ENGINES
from trimtab_solver.engines.engine import Engine
from trimtab_solver.engines.runner import Runner
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Outcome
from trimtab_solver.planner import plan_recovery
from trimtab_solver.verify.replay import verify_plan

_PAGE = Path(__file__).parents[3] / "docs" / "adding-an-engine.md"
_SIZES = (20, 14, 13, 13, 10, 10)
"""They fill two hosts of 40 exactly, and do not when the largest come first."""


@pytest.fixture
def fullest_host() -> Engine:
    """The engine of the page."""
    (block,) = re.findall(r"```python\n(.*?)```", textwrap.dedent(_PAGE.read_text()), re.DOTALL)
    page: dict[str, Any] = {}
    exec(compile(textwrap.dedent(block), str(_PAGE), "exec"), page)
    engine: Engine = page["FullestHost"]()
    return engine


@pytest.mark.parametrize("reproducible", [False, True])
def test_an_engine_of_the_list_is_used(fullest_host: Engine, reproducible: bool) -> None:
    """Greedy repair leaves a guest down; the new engine's target has all of them, and the exact engine has no turn."""
    guests = [vm(f"b{n}", requested={"memory_mib": size}) for n, size in enumerate(_SIZES)]
    problem = problem_of(snapshot(guests, {3: DOWN, 4: DOWN}), policy())
    options = PlanOptions(budget_s=20, reproducible=reproducible)
    runner = Runner(problem, options, engines=(*ENGINES, fullest_host))
    found = [(candidate.engine, problem.evaluate(candidate.target)[0]) for candidate in runner.candidates()]
    assert found == [("greedy", 2), ("fullest-host", 0)]
    assert not runner.faults.faults


def test_a_plan_with_it_is_verified(fullest_host: Engine) -> None:
    """It stands in the list that a plan is made with; nothing is said against it."""
    guests = [vm(f"b{n}", requested={"memory_mib": size}) for n, size in enumerate(_SIZES)]
    found = snapshot(guests, {3: DOWN, 4: DOWN})
    answer = plan_recovery(found, policy(), PlanOptions(budget_s=20), engines=(*ENGINES, fullest_host))
    assert answer.outcome is Outcome.OPTIMAL
    assert not answer.stays_down
    assert not answer.engine_faults
    assert verify_plan(found, policy(), answer.plan).is_valid


def test_it_owes_nothing_where_it_finds_nothing(fullest_host: Engine) -> None:
    """With more guests than it looks at it returns None, and those after it have their turn."""
    guests = [vm(f"b{n:02}", requested={"memory_mib": 7}) for n in range(13)]
    problem = problem_of(snapshot(guests, {3: DOWN, 4: DOWN}), policy())
    runner = Runner(problem, PlanOptions(budget_s=1, reproducible=True), engines=(*ENGINES, fullest_host))
    assert "fullest-host" not in [candidate.engine for candidate in runner.candidates()]
    assert not runner.faults.faults
