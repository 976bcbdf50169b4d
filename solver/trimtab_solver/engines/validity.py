"""Whether something that an engine hands over is a target at all. Room and rules about groups are counted elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..primitives.encoding import Bools
from ..problem import NOWHERE, Problem, Target
from .engine import EngineResult, Task


def why_impossible(task: Task, target: Target) -> str | None:
    """What is wrong with a target, in words; None when nothing is."""
    problem = task.problem
    return _why_malformed(problem, target) or next(_why_not_permitted(problem, task, target), None)


def why_untrue(task: Task, found: EngineResult) -> str | None:
    """What of an engine's claims its own target contradicts, in words; None when nothing does."""
    if found.target is None or all(proof.value is None for proof in found.proofs):
        return None
    values = task.problem.evaluate(found.target)
    for name, value, proof in zip(task.problem.level_names, values, found.proofs, strict=False):
        if proof.value is not None and value > proof.value:
            return f"level {name} is claimed to be {proof.value}, and is {value}"
    return None


def _why_malformed(problem: Problem, target: Target) -> str | None:
    for name, array, shape in (
        ("place", target.place, (problem.vm_count,)),
        ("size", target.size, (problem.vm_count, len(problem.resources))),
    ):
        if not isinstance(array, np.ndarray) or not np.issubdtype(array.dtype, np.integer):
            return f"{name} is no array of integers"
        if array.shape != shape:
            return f"{name} has shape {array.shape}, not {shape}"
    wrong = np.flatnonzero((target.place < NOWHERE) | (target.place >= problem.host_count))
    if len(wrong):
        return f"guest {problem.vm_ids[wrong[0]]} is on host number {target.place[wrong[0]]} of {problem.host_count}"
    return None


def _why_not_permitted(problem: Problem, task: Task, target: Target) -> Iterator[str]:
    place, up = target.place, target.place != NOWHERE
    stays = place == problem.current
    for reason, wrong in (
        ("may not be where it is put", up & ~stays & ~_may_arrive(problem, target)),
        ("may not be down", ~up & problem.running & ~problem.evictable),
        ("has to stay as it is", problem.fixed & ~stays),
        ("is too small", up & (target.size < problem.floor).any(axis=1)),
        ("is too large", up & (target.size > problem.upper).any(axis=1)),
        ("cannot get away", _is_astray(task, target)),
    ):
        if wrong.any():
            yield f"guest {problem.vm_ids[int(np.argmax(wrong))]} {reason}"
    if not problem.disruption.permits(np.flatnonzero(problem.moved(place))):
        yield "more guests move than may"


def _may_arrive(problem: Problem, target: Target) -> Bools:
    """Guests [V] that may arrive on the host where the target has them; anything for those that are down."""
    everybody = np.arange(problem.vm_count)
    here, there = np.maximum(problem.current, 0), np.maximum(target.place, 0)
    disruption = problem.disruption
    moves = disruption.cold | disruption.reaches_live(everybody, here, there) | problem.evictable
    mask = problem.allowed.mask[problem.allowed.class_of, there]
    return np.asarray(mask & np.where(problem.running, moves, problem.startable))


def _is_astray(task: Task, target: Target) -> Bools:
    """Stuck guests [V] that are on another host than at the start, and than they run on now."""
    start, current = task.start.target.place, task.problem.current
    if task.stuck is None:
        return np.zeros(len(start), dtype=np.bool_)
    held = task.stuck & (start != NOWHERE) & task.problem.running
    return np.asarray(held & (target.place != NOWHERE) & (target.place != start) & (target.place != current))
