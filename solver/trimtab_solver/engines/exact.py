"""The exact engine: proves what it finds, as far as its time goes.

Components of the cluster that share nothing are solved one after another: each is much easier than the whole, and where
all are proven best, together they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..measures import Key, Measure
from ..problem import NOWHERE, Target
from ..sizing import fit_sizes
from .components import Component, find_components, gather, separable_levels
from .cpsat import Budget
from .engine import Best, Effort, EngineResult, Task
from .exact_model import ExactModel, all_placement_variables
from .ledger import Values
from .proof import LevelProof

_UNITS_PER_S = 0.5
"""CP-SAT's deterministic time that stands for a second, where work is counted."""
_MOST_GUESTS = 50_000
"""In all models of components together: the guests of all others are in each, though they stay where they are."""


class Exact:
    """The problem as one integer program for each of its components, level by level."""

    name = "exact"

    def improve(self, task: Task) -> EngineResult:
        """Levels that are proven at the start are held, the others may only improve."""
        most = max(1, _MOST_GUESTS // max(1, task.problem.vm_count))
        components = gather(find_components(task.problem), most) if task.stuck is None else []
        if len(components) < 2:
            return _solve_whole(task, task.start, task.ledger.proven_levels(task.start.values))
        return _solve_apart(task, components)


def _solve_whole(task: Task, start: Best, known: int) -> EngineResult:
    """Looks for something better than `start`, which is proven best at so many leading levels."""
    problem, variables = task.problem, None
    if task.stuck is not None:
        variables = all_placement_variables(problem, np.where(task.stuck, start.target.place, NOWHERE).astype(np.int32))
    model = ExactModel(problem, variables)
    model.hint(start.target)
    return model.solve(
        _budget(task.effort),
        task.effort.stop,
        lambda target, _: task.report(target),
        start.values[:known],
        start.values,
    )


def _solve_apart(task: Task, components: Sequence[Component]) -> EngineResult:
    """Solves each component with the others as they are now, then what is no sum over them, given all that is."""
    problem, start = task.problem, task.start
    known = min(separable_levels(problem, len(components)), task.ledger.proven_levels(start.values))
    best, size, disturbed = start, sum(component.size for component in components), 0
    gaps = np.zeros(len(start.values), dtype=np.int64)
    """How far each level may be from its optimum, up to the first that is open."""
    for component in sorted(components, key=lambda one: one.size):
        values, found = _solve_component(task, component, known, component.size / size)
        size -= component.size
        if found.target is not None:
            joined = component.joined(best.target, found.target)
            if problem.disruption.permits(np.flatnonzero(problem.moved(joined.place))):
                values = tuple(proof.value or 0 for proof in found.proofs)
                best = min(best, Best(start.engine, joined, problem.evaluate(joined)), key=lambda one: one.values)
                task.report(best.target)
        gaps += np.maximum(np.subtract(values, [proof.bound for proof in found.proofs]), 0)
        disturbed += values[problem.level_index(Key(Measure.DISRUPTION))] > 0
    summed = separable_levels(problem, disturbed)
    proofs = tuple(LevelProof(best.values[i], best.values[i] - int(gaps[i])) for i in range(summed))
    if summed == len(best.values) or gaps[:summed].any() or task.effort.stop.is_set() or task.effort.deadline.is_over:
        return EngineResult(None if best is start else best.target, proofs)
    rest = _solve_whole(task, best, summed)
    return rest if rest.target is not None or best is start else replace(rest, target=best.target)


def _solve_component(task: Task, component: Component, known: int, share: float) -> tuple[Values, EngineResult]:
    """The values of the start with nothing done in other components, and what is better in this one.

    It may use its `share` of what is left; the start is proven best at so many leading levels.
    """
    problem, effort = component.of(task.problem), task.effort
    # what others could get back where they are is no gain of this component
    stay = Target(problem.current, fit_sizes(problem, problem.current))
    start = component.joined(stay, task.start.target)
    values = problem.evaluate(start)
    model = ExactModel(problem)
    model.hint(start)
    return values, model.solve(_budget(effort, share), effort.stop, None, values[:known], values)


def _budget(effort: Effort, share: float = 1.0) -> Budget:
    """`share` of the time that is left, or of the work that stands for it."""
    units = effort.seconds * _UNITS_PER_S * share if effort.is_counted else None
    deadline = effort.deadline.within(share * max(0.0, effort.span_s)) if share < 1.0 else effort.deadline
    return Budget(deadline, units, effort.seed, effort.workers)
