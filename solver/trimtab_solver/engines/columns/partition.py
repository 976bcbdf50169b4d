"""A market dealt out in equal shares: parts of the hosts, each with its part of who waits and of what is allowed.

Hosts by the thousand differ little from share to share, so the best prices of one share are nearly those of all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...primitives.encoding import Ints
from ..relaxation.pricing import Floats, Market, open_market


@dataclass(frozen=True, slots=True)
class Share:
    """A market of some of the `hosts` [h] of a larger one, whose numbers they are."""

    market: Market
    hosts: Ints


def deal(market: Market, count: int) -> list[Share]:
    """So many shares: every host, every guest that waits and every move allowed is in one of them."""
    relaxation, goal = market.relaxation, market.goal
    # like teams that choose in turn, and back again: every share gets the same mix of types and of free room
    turn = np.arange(len(relaxation.room))
    back = turn // count % 2 == 1
    share_of = np.empty(len(turn), dtype=np.int64)
    share_of[np.lexsort((_free(market), relaxation.type_of))] = np.where(back, count - 1 - turn % count, turn % count)
    waiting = _dealt(relaxation.waiting, count)
    moves = _dealt(np.array([goal.moves or 0]), count)[:, 0]
    most = _dealt(np.array([limit.most for limit in goal.limits], dtype=np.int64), count)
    number = np.zeros(len(share_of), dtype=np.int32)
    shares = []
    for s in range(count):
        hosts = np.flatnonzero(share_of == s)
        number[hosts] = np.arange(len(hosts))
        here = share_of[relaxation.host] == s
        part = replace(
            relaxation,
            type_of=relaxation.type_of[hosts],
            room=relaxation.room[hosts],
            waiting=waiting[s],
            resident=relaxation.resident[here],
            kind=relaxation.kind[here],
            host=number[relaxation.host[here]],
            evictable=relaxation.evictable[here],
            movable=relaxation.movable[here],
            counted=relaxation.counted[here],
        )
        limits = tuple(replace(limit, most=int(n)) for limit, n in zip(goal.limits, most[s], strict=True))
        allowed = None if goal.moves is None else int(moves[s])
        wanted = replace(goal, limits=limits, moves=allowed)
        shares.append(Share(open_market(part, wanted, market.backed, market.transient), hosts))
    return shares


def _free(market: Market) -> Floats:
    """How much of each host is free, in shares of the largest [H]: of the resource that is scarcest there."""
    relaxation = market.relaxation
    held = np.zeros_like(relaxation.room)
    np.add.at(held, relaxation.host, market.load[relaxation.kind, relaxation.type_of[relaxation.host]])
    most = np.maximum(relaxation.room.max(axis=0, initial=1), 1)
    return np.asarray(((relaxation.room - held) / most).min(axis=1, initial=1.0))


def _dealt(numbers: Ints, count: int) -> Ints:
    """Each number in `count` parts that differ by one at the most [count, N]; who gets one more goes round."""
    before = np.cumsum(numbers) - numbers
    every = np.arange(count)[:, None]
    # cards are dealt one by one, all numbers one after the other
    return np.asarray((before + numbers - every + count - 1) // count - (before - every + count - 1) // count)
