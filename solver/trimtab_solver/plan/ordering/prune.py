"""Pruning: a guest that ends as it began, where and as large as it was, is touched only if others need that.

A shrink may have been meant for a move that was dropped later, and a detour for a start that found room elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import assert_never

import numpy as np

from ...actions import ActionKind
from ...primitives.encoding import Ints
from ...problem import Problem, Target
from ..steps import Step
from .walk import Walk

_ONE_BY_ONE = 32
"""Of so many guests each is tried alone where they cannot all be left out together."""


def prune(problem: Problem, steps: Sequence[Step], reached: Target, kinds: dict[int, ActionKind]) -> tuple[Step, ...]:
    """The steps without those of guests that can be left alone: all others are safe without them.

    `reached` is the state that all steps lead to, `kinds` says of guests that do not run whether they START or RESUME.
    """
    unchanged = (reached.place == problem.current) & (reached.size == problem.allocated).all(axis=1)
    idle = sorted({step.v for step in steps if step.v >= 0 and problem.running[step.v] and unchanged[step.v]})
    if not idle:
        return tuple(steps)
    sizes = np.where(problem.running[:, None], problem.allocated, reached.size)
    if is_safe(problem, kept := _without(steps, idle), sizes, kinds):
        return kept
    kept = tuple(steps)
    for v in idle[:_ONE_BY_ONE]:
        fewer = _without(kept, (v,))
        if is_safe(problem, fewer, sizes, kinds):
            kept = fewer
    return kept


def is_safe(problem: Problem, steps: Sequence[Step], sizes: Ints, kinds: dict[int, ActionKind]) -> bool:
    """Whether each step is safe when it is taken; `sizes` [V, R] are those of guests before they change."""
    walk = Walk(problem, sizes.copy(), kinds)
    return all(_take(walk, step) for step in steps)


def _without(steps: Sequence[Step], guests: Collection[int]) -> tuple[Step, ...]:
    return tuple(step for step in steps if step.v not in guests)


def _take(walk: Walk, step: Step) -> bool:
    """Takes a step if it is safe."""
    v, kind = step.v, step.kind
    match kind:
        case ActionKind.START | ActionKind.RESUME:
            assert step.size is not None, "who starts has a size"
            walk.state.sizes[v] = step.size
            return walk.start(v, step.host)
        case ActionKind.STOP | ActionKind.SUSPEND:
            return walk.stop(v)
        case ActionKind.MIGRATE_LIVE | ActionKind.MIGRATE_COLD:
            return walk.move(v, step.goal)
        case ActionKind.RESIZE:
            assert step.size is not None, "a resize leads to a size"
            walk.shrink(v, step.size)
            walk.grow(v, step.size)
            return bool((walk.state.sizes[v] == step.size).all())
        case ActionKind.FENCE_HOST | ActionKind.BOOT_HOST | ActionKind.SHUTDOWN_HOST:
            raise AssertionError(f"{kind} is no step of a guest")
        case _:
            assert_never(kind)
