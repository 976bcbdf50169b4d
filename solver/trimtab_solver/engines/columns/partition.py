"""Hosts in equal parts, each with its part of who waits and of what is allowed.

Hosts by the thousand differ little from part to part, so the best prices of one part are nearly those of all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...primitives.encoding import Ints
from ..relaxation.lagrangian import Floats
from ..relaxation.relaxed_problem import RelaxedProblem, relaxed_problem


@dataclass(frozen=True, slots=True)
class Part:
    """The relaxed problem of some of the `hosts` [h] of a larger one, whose numbers they are."""

    relaxed: RelaxedProblem
    hosts: Ints


def partition(relaxed: RelaxedProblem, count: int) -> list[Part]:
    """So many parts: every host, every guest that waits and every move allowed is in one of them."""
    relaxation, goal = relaxed.relaxation, relaxed.goal
    # like teams that choose in turn, and back again: every part gets the same mix of types and of free room
    turn = np.arange(len(relaxation.room))
    back = turn // count % 2 == 1
    part_of = np.empty(len(turn), dtype=np.int64)
    part_of[np.lexsort((_free(relaxed), relaxation.type_of))] = np.where(back, count - 1 - turn % count, turn % count)
    waiting = _divided(relaxation.waiting, count)
    moves = _divided(np.array([goal.moves or 0]), count)[:, 0]
    most = _divided(np.array([limit.most for limit in goal.limits], dtype=np.int64), count)
    number = np.zeros(len(part_of), dtype=np.int32)
    parts = []
    for p in range(count):
        hosts = np.flatnonzero(part_of == p)
        number[hosts] = np.arange(len(hosts))
        here = part_of[relaxation.host] == p
        within = replace(
            relaxation,
            type_of=relaxation.type_of[hosts],
            room=relaxation.room[hosts],
            waiting=waiting[p],
            resident=relaxation.resident[here],
            kind=relaxation.kind[here],
            host=number[relaxation.host[here]],
            evictable=relaxation.evictable[here],
            movable=relaxation.movable[here],
            counted=relaxation.counted[here],
        )
        limits = tuple(replace(limit, most=int(n)) for limit, n in zip(goal.limits, most[p], strict=True))
        allowed = None if goal.moves is None else int(moves[p])
        wanted = replace(goal, limits=limits, moves=allowed)
        parts.append(Part(relaxed_problem(within, wanted, relaxed.backed, relaxed.transient), hosts))
    return parts


def _free(relaxed: RelaxedProblem) -> Floats:
    """How much of each host is free, in shares of the largest [H]: of the resource that is scarcest there."""
    relaxation = relaxed.relaxation
    held = np.zeros_like(relaxation.room)
    np.add.at(held, relaxation.host, relaxed.load[relaxation.kind, relaxation.type_of[relaxation.host]])
    most = np.maximum(relaxation.room.max(axis=0, initial=1), 1)
    return np.asarray(((relaxation.room - held) / most).min(axis=1, initial=1.0))


def _divided(numbers: Ints, count: int) -> Ints:
    """Each number in `count` parts that differ by one at the most [count, N]; who gets one more goes round."""
    before = np.cumsum(numbers) - numbers
    every = np.arange(count)[:, None]
    # given out one by one, all numbers one after the other
    return np.asarray((before + numbers - every + count - 1) // count - (before - every + count - 1) // count)
