"""The disruption frontier: what each further migration buys."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..outcome import FrontierPoint, LevelValue
from ..problem import Problem, Target
from .bounds.bound import Bounds
from .clock import NEVER, Deadline
from .greedy import repair
from .neighbourhoods import MOST_GUESTS, NeighbourhoodOptions, search_neighbourhoods
from .room_prices import price_room
from .search import SearchOptions, search

_SEARCH_SHARE = 0.7
"""Of the time of a point; the rest goes to neighbourhoods."""
_LEAST_S_PER_GUEST = 20e-6
"""Time of a point below which a search is not begun: its tables alone take that long."""


@dataclass(frozen=True, slots=True)
class FrontierOptions:
    """Time for all points together (wall seconds, or the work that stands for them with `reproducible`)."""

    budget_s: float
    seed: int
    workers: int
    reproducible: bool


def trace_frontier(
    problem: Problem,
    shares: tuple[float, ...],
    options: FrontierOptions,
    stop: threading.Event,
    known: Sequence[Target] = (),
    bounds: Bounds | None = None,
) -> tuple[FrontierPoint, ...]:
    """The best values found with at most each share (percent) of the running guests moved, in the order of `shares`.

    `known` targets count wherever they move few enough, and so does what was found with fewer moves: more moves never
    look worse, and no point looks worse than the plan. The bounds are those of the largest share, which hold for all;
    where no more may move than in the problem itself, its own `bounds` hold too, as far as they have been tightened.
    """
    if not shares:
        return ()
    tracer = _Tracer(problem, shares, options, stop, known, bounds)
    points = {share: tracer.point(share, left) for left, share in tracer.in_order()}
    return tuple(points[share] for share in shares)


class _Tracer:
    """The targets known so far, and the time that is left."""

    def __init__(
        self,
        problem: Problem,
        shares: tuple[float, ...],
        options: FrontierOptions,
        stop: threading.Event,
        known: Sequence[Target],
        bounds: Bounds | None,
    ) -> None:
        self._ends = NEVER if options.reproducible else Deadline.after(options.budget_s)
        self._problem, self._shares, self._options, self._stop = problem, shares, options, stop
        self._running = int(problem.running.sum())
        self._bounds = Bounds(self._with_budget(self._allowed(max(shares))))
        self._least_s = _LEAST_S_PER_GUEST * problem.vm_count
        self._own_bounds = bounds
        self._start = repair(self._with_budget(self._allowed(min(shares))))
        self._known = [self._start, *known]

    def in_order(self) -> list[tuple[int, float]]:
        """Shares with how many are left, this one included; the smallest first."""
        ordered = sorted(set(self._shares))
        return [(len(ordered) - i, share) for i, share in enumerate(ordered)]

    def point(self, share: float, left: int) -> FrontierPoint:
        """The best target for a share; `left` points have to do with the time that is left."""
        allowed = self._allowed(share)
        best = self._best(allowed)
        left_s = self._ends.left_s
        each_s = self._options.budget_s / len(set(self._shares)) if self._options.reproducible else left_s / left
        if left_s > self._least_s:
            self._known += self._improved(allowed, best, max(each_s, min(left_s, self._least_s)))
            best = self._best(allowed)
        values = self._problem.evaluate(best)
        given = self._bounds.given(values)
        if self._own_bounds is not None and allowed <= self._problem.disruption.budget:
            given = tuple(max(pair) for pair in zip(given, self._own_bounds.given(values), strict=True))
        levels = tuple(
            LevelValue(name, value, min(bound, value))
            for name, value, bound in zip(self._problem.level_names, values, given, strict=True)
        )
        return FrontierPoint(share, allowed, int(self._problem.moved(best.place).sum()), levels)

    def _allowed(self, share: float) -> int:
        return math.floor(self._running * share / 100)

    def _with_budget(self, allowed: int) -> Problem:
        return replace(self._problem, disruption=replace(self._problem.disruption, budget=allowed))

    def _best(self, allowed: int) -> Target:
        """The best known target that moves few enough, the first of equals."""
        exempt = self._problem.disruption.exempt
        fitting = [one for one in self._known if (self._problem.moved(one.place) & ~exempt).sum() <= allowed]
        return min(fitting, key=self._problem.evaluate)

    def _is_enough(self, values: tuple[int, ...]) -> bool:
        return values == self._bounds.given(values)

    def _improved(self, allowed: int, best: Target, budget_s: float) -> list[Target]:
        """What a search finds from the start, and neighbourhoods from the better of that and the best so far."""
        problem, options = self._with_budget(allowed), self._options
        values = problem.evaluate(best)
        if self._is_enough(values) or self._stop.is_set():
            return []
        ends = self._ends.within(budget_s)
        room = price_room(problem, self._bounds, values)
        search_s = budget_s * _SEARCH_SHARE if options.reproducible else ends.left_s * _SEARCH_SHARE
        search_options = SearchOptions(
            max(search_s, 0.01), options.seed, options.workers, options.reproducible, room=room
        )
        # room pricing needs those down that nobody has made room for yet: it begins anew
        start = best if room is None else self._start
        found = search(problem, search_options, start, None, self._stop, self._is_enough)
        better = min(best, found.target, key=problem.evaluate)
        if problem.vm_count > MOST_GUESTS or self._is_enough(problem.evaluate(better)) or self._stop.is_set():
            return [found.target]
        rounds = max(1, int(budget_s)) if options.reproducible else None
        filled = search_neighbourhoods(
            problem, better, NeighbourhoodOptions(ends, rounds, options.seed, options.workers), self._stop
        )
        return [found.target, filled]
