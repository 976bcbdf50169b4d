"""Why a wish remains unmet: a move that would lessen it, and the level or the budget that forbids that move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..measures import Key, Measure
from ..outcome import BrokenRule
from ..primitives.encoding import Bools
from ..problem import NOWHERE, Target
from .refusals import NOTHING, refusals
from .words import BUDGET, Scene

_WISHES = 3
"""So many wishes are looked into."""
_GUESTS = 4
"""So many guests of a host are tried."""


def describe_wishes(scene: Scene, reached: Target, broken: Sequence[BrokenRule]) -> tuple[str, ...]:
    """A sentence for each of the first wishes about one host or guest for which such a move is found.

    What is said of a move holds of this one alone: others may cost less, or several may gain together.
    """
    wishes = [one for one in broken if not one.is_must and one.host_id][:_WISHES]
    notes = (_note(scene, reached, one) for one in wishes)
    return tuple(note for note in notes if note)


def _note(scene: Scene, reached: Target, wish: BrokenRule) -> str:
    problem = scene.problem
    measure = Key(Measure.SHOULD if wish.vm_id else Measure.BALANCE)
    level = problem.level_index(measure)
    now = problem.evaluate(reached)
    for v, goal in _moves(scene, reached, wish):
        place = reached.place.copy()
        place[v] = goal
        then = problem.evaluate(Target(place, reached.size))
        if then[level] >= now[level]:
            continue
        where = wish.key.partition(" (amounts in ")[0]  # no amounts stand beside it here
        what = f"{wish.rule}: {where}; moving {problem.vm_ids[v]} to {problem.host_ids[goal]} would lessen that"
        if not _may_move(scene, v):
            return f"{what}, but {BUDGET}"
        if then <= now:
            continue
        worse = next(i for i, (a, b) in enumerate(zip(then, now, strict=True)) if a > b)
        names = problem.level_names
        return f"{what}, but costs at the level {names[worse]}, which comes before {names[level]}"
    return ""


def _moves(scene: Scene, reached: Target, wish: BrokenRule) -> Iterator[tuple[int, int]]:
    """Guests whose move might lessen it, the largest first, each with the emptiest host that takes it."""
    problem = scene.problem
    h = problem.host_ids.index(wish.host_id)
    guests = [problem.vm_ids.index(wish.vm_id)] if wish.vm_id else _largest(reached, h)
    usage = problem.capacity.usage(reached.place, reached.size)
    fullness = (usage / np.maximum(problem.capacity.limit, 1)).max(axis=1)
    for v in guests:
        source = int(problem.current[v])
        if source == NOWHERE or source != h or problem.fixed[v]:
            continue
        takes = _places(scene, v) & problem.disruption.move_targets(v, source)
        takes &= (usage + problem.capacity.load_of(v, reached.size[v]) <= problem.capacity.limit).all(axis=1)
        takes[h] = False
        if wish.vm_id:
            takes &= np.array([_serves(scene, v, g, wish.rule) for g in range(problem.host_count)], dtype=np.bool_)
        if takes.any():
            yield v, int(np.where(takes, fullness, np.inf).argmin())


def _largest(reached: Target, h: int) -> list[int]:
    there = np.flatnonzero(reached.place == h)
    return [int(v) for v in there[np.argsort(-reached.size[there].sum(axis=1), kind="stable")][:_GUESTS]]


def _serves(scene: Scene, v: int, h: int, rule: str) -> bool:
    return all(one.serves(h) for one in scene.problem.rules_of(v) if one.rule == rule)


def _places(scene: Scene, v: int) -> Bools:
    """The hosts [H] that would take the guest if it were not where it is."""
    h = scene.state.take(v)
    try:
        return np.asarray(refusals(scene.problem, scene.state, v).cause == NOTHING)
    finally:
        scene.state.put(v, h)


def _may_move(scene: Scene, v: int) -> bool:
    """Whether the budget of moves has room for one more."""
    h = scene.state.take(v)
    try:
        return scene.state.may_move(v)
    finally:
        scene.state.put(v, h)
