"""The one place where the benchmark calls an engine: the general search, as for any other problem."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.service import THREADS
from trimtab_solver.engines.search import SearchOptions, ValuedTarget, search
from trimtab_solver.primitives.encoding import Index
from trimtab_solver.problem import Problem

Report = Callable[[float, int], None]
"""Takes seconds since the start and the cost of an improvement."""


def improve(problem: Problem, seconds: float, seed: int, report: Report) -> Index:
    """The best placement found in about so many seconds, from the present one."""
    began = time.monotonic()

    def tell(found: ValuedTarget) -> None:
        report(time.monotonic() - began, found.values[0])

    options = SearchOptions(budget_s=seconds, seed=seed, workers=THREADS)
    return search(problem, options, problem.stay(), tell).target.place
