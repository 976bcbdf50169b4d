"""The disruption frontier: what each further migration buys."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

from ..outcome import FrontierPoint, LevelValue
from ..problem import Problem, Target
from .appraisal import appraise
from .bound import Bounds
from .greedy import repair
from .refilling import RefillOptions, refill
from .search import SearchOptions, search

_SEARCH_SHARE = 0.7
"""Of the time of a point; the rest goes to refilling."""


@dataclass(frozen=True, slots=True)
class FrontierOptions:
    """Time for all points together (wall seconds, or the work that stands for them with `reproducible`)."""

    budget_s: float
    seed: int
    workers: int
    reproducible: bool


def trace_frontier(
    problem: Problem, shares: tuple[float, ...], options: FrontierOptions, stop: threading.Event
) -> tuple[FrontierPoint, ...]:
    """The best values found with at most each share (percent) of the running guests moved, in the order of `shares`.

    Every point starts from the best of those with fewer moves, so that more moves never look worse.
    """
    points: dict[float, FrontierPoint] = {}
    best: Target | None = None
    each_s = options.budget_s / max(1, len(shares))
    running = int(problem.running.sum())
    for share in sorted(set(shares)):
        allowed = int(running * share / 100)
        varied = replace(problem, disruption=replace(problem.disruption, budget=allowed))
        start = repair(varied)
        if best is not None and problem.evaluate(best) < problem.evaluate(start):
            start = best
        best = _improve(varied, start, each_s, options, stop)
        values = varied.evaluate(best)
        bounds = Bounds(varied).given(values)
        levels = tuple(
            LevelValue(name, value, min(bound, value))
            for name, value, bound in zip(problem.level_names, values, bounds, strict=True)
        )
        points[share] = FrontierPoint(share, allowed, int(problem.moved(best.place).sum()), levels)
    return tuple(points[share] for share in shares)


def _improve(
    problem: Problem, start: Target, budget_s: float, options: FrontierOptions, stop: threading.Event
) -> Target:
    ends = time.monotonic() + budget_s
    bounds = Bounds(problem)

    def is_enough(values: tuple[int, ...]) -> bool:
        return values == bounds.given(values)

    found = search(
        problem,
        SearchOptions(
            budget_s * _SEARCH_SHARE,
            options.seed,
            options.workers,
            options.reproducible,
            appraisal=appraise(problem, bounds, problem.evaluate(start)),
        ),
        start,
        None,
        stop,
        is_enough,
    )
    if is_enough(found.values) or stop.is_set():
        return found.target
    rounds = max(1, int(budget_s)) if options.reproducible else None
    return refill(problem, found.target, RefillOptions(ends, rounds, options.seed, options.workers), stop)
