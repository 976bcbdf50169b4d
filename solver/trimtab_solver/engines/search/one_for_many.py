"""Exchanges of one large guest for several small ones that are down, when guests count by heads."""

from __future__ import annotations

import numpy as np

from ...primitives.encoding import Ints
from .kernels.compiled import compiled
from .kernels.guests import may_be_at
from .kernels.hosts import has_room
from .moves import try_shift
from .rows import BACKED, CEILING, FLOOR, LEFT, SHARED, USED, Floats, State, Tables, Whole
from .state import relocate

MOST_COMING = 64
"""How many guests may take the room of one at the most."""
_MOST_LOOKS = 20_000_000
"""How many pairs of a guest that may leave and one that may come are looked at: a fraction of a second."""

_MOST_TRIED = 500_000
"""How many guests come in one call at the most, those included that leave again: about a second."""


@compiled
def exchange_one_for_many(
    T: Tables,
    S: State,
    large: Ints,
    small: Ints,
    worth: Floats,
    filled: float,
    promise: Floats,
    came: Ints,
    room: Ints,
) -> None:
    """Lets each guest of `large` [n] that runs go down if then so many others come up that the energy falls.

    Those that come are guests of `small` [m], in this order, worth half of the leaving one each at the most, and all
    together at least `filled` of it. `came` [MOST_COMING] and `room` [R] are scratch. Of very many, each leaving one
    sees its share, and the last ones of `large` are left out where too many have come already.

    `promise` [V] is how much of its worth came, or by room alone would have come, in the place of a guest when that was
    last looked at, negative if too little to gain by it; infinite at first. Who promises less than `filled` is passed
    over until somebody comes or goes on the same host.
    """
    tried: Whole = 0
    step = 1 + large.shape[0] * small.shape[0] // _MOST_LOOKS
    for i in range(large.shape[0]):
        w = large[i]
        h = S.guest[w].place
        if h < 0 or promise[w] < filled:
            continue
        promise[w] = _value_room(T, S, w, small, i % step, step, worth, room)
        before = S.totals[0].energy
        if promise[w] < filled or not try_shift(T, S, w, np.int64(-1)):
            continue
        number: Whole = 0
        gained = 0.0
        for j in range(i % step, small.shape[0], step):
            v = small[j]
            if S.guest[v].place >= 0 or 2.0 * worth[v] > worth[w] or not has_room(T, S, v, h):
                continue
            if try_shift(T, S, v, h):
                came[number] = v
                number += 1
                gained += worth[v]
                if number == MOST_COMING:
                    break
        tried += number
        is_cheaper = S.totals[0].energy < before
        if is_cheaper and gained >= filled * worth[w]:
            v = S.host[h].head
            while v >= 0:
                promise[v] = np.inf
                v = S.guest[v].after
        else:
            promise[w] = gained / worth[w] if is_cheaper else -1.0
            for n in range(number - 1, -1, -1):
                relocate(T, S, came[n], np.int64(-1))
            relocate(T, S, w, h)
            S.totals[0].energy = before
        if tried > _MOST_TRIED:
            return


@compiled
def _value_room(
    T: Tables, S: State, w: Whole, small: Ints, first: Whole, step: Whole, worth: Floats, room: Ints
) -> float:
    """How much of the worth of `w` would come in its place if only room counted; negative if not for less."""
    h = S.guest[w].place
    for r in range(room.shape[0]):
        own = T.rooms[h, SHARED + T.sizes[w, BACKED, r], r] * T.sizes[w, FLOOR, r]
        room[r] = T.rooms[h, CEILING, r] - S.load[h, USED, r] - S.load[h, LEFT, r] + own
    number: Whole = 0
    gained, saved = 0.0, 0.0
    for j in range(first, small.shape[0], step):
        v = small[j]
        if S.guest[v].place >= 0 or 2.0 * worth[v] > worth[w]:
            continue
        fits = True
        for r in range(room.shape[0]):
            need = T.rooms[h, SHARED + T.sizes[v, BACKED, r], r] * T.sizes[v, FLOOR, r]
            if need > 0 and need > room[r]:
                fits = False
                break
        if not fits or not may_be_at(T, v, h):
            continue
        for r in range(room.shape[0]):
            room[r] -= T.rooms[h, SHARED + T.sizes[v, BACKED, r], r] * T.sizes[v, FLOOR, r]
        number += 1
        gained += worth[v]
        saved += T.guests[v].down_cost
        if number == MOST_COMING:
            break
    return gained / worth[w] if saved > T.guests[w].down_cost else -1.0
