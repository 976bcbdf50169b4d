"""A relaxation with a goal: what to minimise under which limits, and what that leaves of it.

Its bounds come from prices (`lagrangian`), which its dual finds (`dual`), or from whole hosts (`columns.generation`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...primitives.encoding import Bools, Index, Ints
from .aggregation import Relaxation


@dataclass(frozen=True, slots=True)
class Limit:
    """What the guests that end up down may add up to: per tier, and for those that run now per tier on top."""

    loss: Ints
    stop: Ints
    most: int


@dataclass(frozen=True, slots=True)
class Goal:
    """What to minimise under which limits.

    `loss` [tiers] is what a guest costs that ends up down, `stop` [tiers] what it costs on top when it runs now, `run`
    [K] what one costs that runs, `shrink` [K, R] what each unit costs that it is smaller than its largest size (None:
    it may be as small as its floor for nothing). At most `moves` counted residents change host (None: no limit).
    """

    loss: Ints
    stop: Ints
    run: Ints
    shrink: Ints | None = None
    limits: tuple[Limit, ...] = ()
    moves: int | None = None


@dataclass(frozen=True, slots=True)
class RelaxedProblem:
    """A relaxation with a goal: who may be down, what rooms there are, which residents are alike.

    Shapes: `load` [K, T, R] at floors, `full` at largest sizes (where there is anything to choose), `room` [T, R],
    `transient` [R], `may_wait` and `may_stop` [K] (may be down at the end, waiting or running now).
    Residents that are alike form a group: `kind`, `type`, `evictable`, `movable`, `counted`, `number` [Q].
    """

    relaxation: Relaxation
    goal: Goal
    backed: Bools
    load: Ints
    full: Ints
    room: Ints
    transient: Bools
    may_wait: Bools
    may_stop: Bools
    kind: Index
    type: Index
    evictable: Bools
    movable: Bools
    counted: Bools
    number: Ints
    limits: tuple[Limit, ...] = field(default=())
    """The limits that are not simply "nobody"."""


def relaxed_problem(relaxation: Relaxation, goal: Goal, backed: Bools, transient: Bools) -> RelaxedProblem:
    """Prepares a relaxation for a goal; `backed` [K, R] and `transient` [R] as in `Capacity`."""
    tier = relaxation.tier
    forbidden_loss, forbidden_stop = np.zeros(len(goal.loss), dtype=np.bool_), np.zeros(len(goal.loss), dtype=np.bool_)
    kept = []
    for limit in goal.limits:
        forbidden_loss |= limit.loss > limit.most
        forbidden_stop |= limit.loss + limit.stop > limit.most
        if ((limit.loss + limit.stop > 0) & (limit.loss + limit.stop <= limit.most)).any():
            kept.append(limit)
    may_stop = ~forbidden_stop[tier]
    type_of = relaxation.type_of[relaxation.host]
    evictable = relaxation.evictable & may_stop[relaxation.kind]
    columns = np.stack([relaxation.kind, type_of, evictable, relaxation.movable, relaxation.counted]).astype(np.int64)
    groups, number = np.unique(columns, axis=1, return_counts=True)
    load = relaxation.loads(relaxation.floor, backed)
    full = load if goal.shrink is None else relaxation.loads(relaxation.upper, backed)
    return RelaxedProblem(
        relaxation=relaxation,
        goal=goal,
        backed=backed,
        load=load,
        full=full,
        room=_rooms(relaxation, load, goal.shrink is None),
        # one that fits nowhere is down whatever the limits say
        may_wait=~forbidden_loss[tier] | ~relaxation.mask.any(axis=1),
        transient=transient,
        may_stop=may_stop,
        kind=groups[0].astype(np.int32),
        type=groups[1].astype(np.int32),
        evictable=groups[2].astype(np.bool_),
        movable=groups[3].astype(np.bool_),
        counted=groups[4].astype(np.bool_),
        number=number.astype(np.int64),
        limits=tuple(kept),
    )


def _rooms(relaxation: Relaxation, load: Ints, rigid: bool) -> Ints:
    """Room of all hosts of a type [T, R]; of each host only a multiple of what every load is a multiple of counts."""
    room = np.zeros(load.shape[1:], dtype=np.int64)
    unit = np.ones_like(room)
    if rigid and relaxation.is_exact:
        present = relaxation.mask.copy()
        present[relaxation.kind, relaxation.type_of[relaxation.host]] = True
        for t in range(relaxation.type_count):
            unit[t] = np.maximum(np.gcd.reduce(load[present[:, t], t], axis=0, initial=0), 1)
    np.add.at(room, relaxation.type_of, relaxation.room // unit[relaxation.type_of])
    return room * unit
