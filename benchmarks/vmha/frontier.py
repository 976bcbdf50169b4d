"""The subject ``frontier``: what each further migration buys in the tight rigid case, at every size."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.service import THREADS
from benchmarks.subject import BenchmarkCase, CaseSelection, Row, SkippedError
from benchmarks.vmha.instance import generate, policy_of
from benchmarks.vmha.recipe import FAILURES, LOADS, SIZES, Recipe
from benchmarks.vmha.subject import SMOKE_BUDGET_S, facts_of
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery

SHARES_PERCENT: Final = (0.0, 0.5, 1.0, 2.0, 5.0)
_SIZING: Final = "rigid"


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """A case per size and seed."""
    for size in SIZES[:1] if selection.smoke else SIZES:
        if selection.has_size(size.name):
            budget_s = SMOKE_BUDGET_S if selection.smoke else size.budget_s * selection.budget_factor
            for seed in selection.seeds:
                recipe = Recipe(size, LOADS[-1], FAILURES[0], seed)
                yield BenchmarkCase(
                    {**facts_of(recipe, _SIZING), "budget_s": budget_s}, partial(measure, recipe, budget_s)
                )


def measure(recipe: Recipe, budget_s: float) -> Row:
    """Plans with the library in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(row_of, (recipe, budget_s))


def row_of(recipe: Recipe, budget_s: float) -> Row:
    """Per share of the running guests that may move: how many were moved, and value and bound of every level."""
    instance, policy = generate(recipe), policy_of(_SIZING)
    options = PlanOptions(budget_s=budget_s, seed=recipe.seed, workers=THREADS, frontier=SHARES_PERCENT)
    began = time.monotonic()
    answer = plan_recovery(instance.snapshot, policy, options)
    if not answer.frontier:
        raise SkippedError("the answer holds no frontier although it was asked for")
    return {
        "wall_s": round(time.monotonic() - began, 3),
        "levels": {level.name: [level.value, level.bound] for level in answer.levels},
        "points": [
            {
                "share_percent": point.share_percent,
                "allowed": point.allowed_moves,
                "moves": point.moves,
                "levels": {level.name: [level.value, level.bound] for level in point.levels},
            }
            for point in answer.frontier
        ],
    }
