"""The one place where the benchmark calls an engine."""

from __future__ import annotations

from collections.abc import Callable

from trimtab_solver.primitives.encoding import Index
from trimtab_solver.problem import Problem, Target

Report = Callable[[float, int], None]
"""Takes seconds since the start and the cost of an improvement."""


def improve(problem: Problem, seconds: float, seed: int, report: Report) -> Index:  # noqa: ARG001 - until the search engine is there
    """The best placement found in about so many seconds, from the present one."""
    target: Target = problem.stay()
    report(0.0, problem.evaluate(target)[0])
    return target.place
