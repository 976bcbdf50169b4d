"""Polish: what a few hosts and a few guests that are down can do together, solved exactly by CP-SAT.

Large neighbourhood search (Shaw, "Using constraint programming and local search methods to solve vehicle routing
problems", CP 1998) around the incumbent, as the teams S38 and J25 did it in the 2012 machine reassignment challenge:
sub-problems of a few hosts, chosen where improvement is likely. Everybody else stays where the incumbent has them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..primitives.encoding import Bools, Index, PlacementVariables
from ..problem import NOWHERE, Problem, Target
from .cpsat import Budget
from .exact import ExactModel

MOST_GUESTS = 30_000
"""Above so many guests building a sub-model costs more than it brings."""
_HOSTS = 4
_DOWN = 12
_SOLVE_S = 0.6
_DETERMINISTIC = 0.3
"""Deterministic time units of one level of one sub-problem in reproducible mode."""

Values = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PolishOptions:
    """`until` is a monotonic time; with `rounds` so many sub-problems are solved instead, whatever time they take."""

    until: float
    seed: int
    workers: int
    rounds: int | None = None


def polish(
    problem: Problem,
    start: Target,
    options: PolishOptions,
    stop: threading.Event,
    settled: Callable[[Values], int],
) -> Target:
    """The best target found, never worse than `start`; `settled` says how many leading levels cannot be improved."""
    best, values = start, problem.evaluate(start)
    random = np.random.default_rng(options.seed)
    done = 0
    while not stop.is_set() and (done < options.rounds if options.rounds is not None else _is_early(options)):
        done += 1
        known = settled(values)
        if known == len(values):
            break
        options_of = neighbourhood(problem, best.place, random)
        model = ExactModel(problem, options_of)
        model.hint(best)
        budget = Budget(
            deadline=min(options.until, time.monotonic() + _SOLVE_S),
            deterministic_per_level=None if options.rounds is None else _DETERMINISTIC,
            seed=options.seed + done,
            workers=options.workers,
        )
        proposal = model.solve(budget, stop, None, values[:known], values[known])
        if proposal.target is not None:
            found = problem.evaluate(proposal.target)
            if found < values:
                best, values = proposal.target, found
    return best


def _is_early(options: PolishOptions) -> bool:
    return time.monotonic() + _SOLVE_S / 2 < options.until


def neighbourhood(problem: Problem, place: Index, random: np.random.Generator) -> PlacementVariables:
    """Where each guest may be: those on a few hosts anywhere among these, a few that are down too, the rest as now."""
    hosts = _choose_hosts(problem, place, random)
    free = hosts[np.maximum(place, 0)] & (place >= 0) & ~problem.fixed
    down = np.flatnonzero(place == NOWHERE)
    free[random.permutation(down)[:_DOWN]] = True
    counts = np.zeros(problem.vm_count, dtype=np.int64)
    parts: list[Index] = []
    for v in range(problem.vm_count):
        if free[v]:
            at = np.flatnonzero(problem.candidates(v) & hosts).astype(np.int32)
        else:
            at = place[v : v + 1][place[v : v + 1] >= 0]
        counts[v] = len(at)
        parts.append(at)
    return PlacementVariables(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), np.concatenate(parts))


def _choose_hosts(problem: Problem, place: Index, random: np.random.Generator) -> Bools:
    """A few receiving hosts, those with more free room more likely: there is something to be put together."""
    usage = problem.capacity.usage(place, problem.floor)
    limit = np.maximum(problem.capacity.limit, 1)
    free = np.clip((limit - usage) / limit, 0.0, 1.0).min(axis=1, initial=1.0)
    weight = np.where(problem.receiving, free + 0.01, 0.0)
    chosen = np.zeros(problem.host_count, dtype=np.bool_)
    count = min(_HOSTS, int(np.count_nonzero(weight)))
    if count:
        chosen[random.choice(problem.host_count, count, replace=False, p=weight / weight.sum())] = True
    return chosen
