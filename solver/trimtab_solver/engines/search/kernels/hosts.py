"""Capacity, shrinkage, Balance and booting: what one host costs with a guest more, a guest less, or both."""

from __future__ import annotations

from ..rows import (
    ABOVE,
    BACKED,
    CEILING,
    FLOOR,
    FULL,
    HOLD,
    LEFT,
    LIMIT,
    MOST_MILLE,
    RATIO,
    SHARED,
    UPPER,
    USED,
    State,
    Tables,
    Whole,
)
from .compiled import compiled

INFINITY = float("inf")


@compiled
def has_room(T: Tables, S: State, v: Whole, h: Whole) -> bool:
    """Whether host `h` has room for guest `v` at all: cheaper than a full price, and enough to pass over most hosts."""
    for r in range(S.load.shape[2]):
        need = T.rooms[h, SHARED + T.sizes[v, BACKED, r], r] * T.sizes[v, FLOOR, r]
        if need > 0 and S.load[h, USED, r] + S.load[h, LEFT, r] + need > T.rooms[h, CEILING, r]:
            return False
    return True


@compiled
def has_room_without(T: Tables, S: State, v: Whole, h: Whole, w: Whole) -> bool:
    """Whether host `h` has room for guest `v` once guest `w` there is down: who goes down leaves nothing behind."""
    for r in range(S.load.shape[2]):
        need = T.rooms[h, SHARED + T.sizes[v, BACKED, r], r] * T.sizes[v, FLOOR, r]
        need -= T.rooms[h, SHARED + T.sizes[w, BACKED, r], r] * T.sizes[w, FLOOR, r]
        if need > 0 and S.load[h, USED, r] + S.load[h, LEFT, r] + need > T.rooms[h, CEILING, r]:
            return False
    return True


@compiled
def host_energy(T: Tables, S: State, h: Whole, coming: Whole, going: Whole) -> float:
    """Energy of host `h` with guest `coming` (-1: none) and without `going`; infinite where there is no room.

    Guests count at their floors for room, and so does what moved guests leave behind until the plan is over. What then
    lacks for full sizes is shrunk away, cheapest tiers first, as in `sizing.fit_sizes`: sizes are a function of the
    placement, so no move changes sizes alone.
    """
    energy = 0.0
    for r in range(S.load.shape[2]):
        used = S.load[h, USED, r]
        full = S.load[h, FULL, r]
        left = S.load[h, LEFT, r]
        before = used + left
        if coming >= 0:
            factor = T.rooms[h, SHARED + T.sizes[coming, BACKED, r], r]
            used += factor * T.sizes[coming, FLOOR, r]
            full += factor * T.sizes[coming, UPPER, r]
            if T.transient[r] and T.guests[coming].current == h:
                left -= factor * T.sizes[coming, HOLD, r]
        if going >= 0:
            factor = T.rooms[h, SHARED + T.sizes[going, BACKED, r], r]
            used -= factor * T.sizes[going, FLOOR, r]
            full -= factor * T.sizes[going, UPPER, r]
            if T.transient[r] and T.guests[going].current == h:
                left += factor * T.sizes[going, HOLD, r]
        if used + left > T.rooms[h, LIMIT, r]:
            if used + left > T.rooms[h, CEILING, r] and used + left > before:
                return INFINITY
            energy += T.options[0].inherited_weight
        S.scratch[USED, r] = used
        S.scratch[FULL, r] = full
        S.scratch[LEFT, r] = left
    if not T.options[0].is_rigid:
        energy += _shrinkage(T, S, h, coming, going)
    for b in range(T.terms.shape[0]):
        left = T.terms[b].left
        if T.terms[b].kind == ABOVE:
            excess = S.scratch[FULL, left] - T.threshold[b, h]
            if excess > 0:
                unit = T.rooms[h, SHARED, left]
                energy += T.terms[b].weight * ((excess + unit - 1) // unit)
        elif T.terms[b].kind == RATIO:
            right = T.terms[b].right
            missing = (T.rooms[h, LIMIT, left] - S.scratch[FULL, left]) // T.rooms[h, SHARED, left]
            missing *= T.terms[b].target
            missing -= (T.rooms[h, LIMIT, right] - S.scratch[FULL, right]) // T.rooms[h, SHARED, right]
            if missing > 0:
                energy += T.terms[b].weight * missing
    if T.hosts[h].boot_cost > 0.0 and S.host[h].guests + (coming >= 0) - (going >= 0) > 0:
        energy += T.hosts[h].boot_cost
    if S.totals[0].room_price > 0.0 and T.hosts[h].receives:
        energy -= S.totals[0].room_price * _usefulness(T, S, h)
    return energy


@compiled
def _usefulness(T: Tables, S: State, h: Whole) -> float:
    """The square of the share of a wanted guest that would fit: the same free room is worth more in one piece."""
    share = 1.0
    for r in range(S.load.shape[2]):
        if S.wanted[r] > 0.0:
            free = T.rooms[h, LIMIT, r] - S.scratch[USED, r] - S.scratch[LEFT, r]
            share = min(share, free / (S.wanted[r] * T.rooms[h, SHARED, r]))
    return share * share if share > 0.0 else 0.0


@compiled
def _shrinkage(T: Tables, S: State, h: Whole, coming: Whole, going: Whole) -> float:
    """What shrinking costs until everything fits; lowers the scratch row of full sizes to what then is used."""
    energy = 0.0
    for r in range(S.load.shape[2]):
        used = S.scratch[USED, r]
        left = S.scratch[LEFT, r]
        room = T.rooms[h, LIMIT, r] if used + left <= T.rooms[h, LIMIT, r] else T.rooms[h, CEILING, r]
        room -= left
        excess = S.scratch[FULL, r] - room
        if excess <= 0:
            continue
        S.scratch[FULL, r] = max(room, used)
        unit = T.rooms[h, SHARED, r]
        for i in range(T.shrink.shape[0]):
            t = T.shrink[i].tier
            given = S.slack[h, t, r]
            if coming >= 0 and T.guests[coming].tier == t:
                factor = T.rooms[h, SHARED + T.sizes[coming, BACKED, r], r]
                given += factor * (T.sizes[coming, UPPER, r] - T.sizes[coming, FLOOR, r])
            if going >= 0 and T.guests[going].tier == t:
                factor = T.rooms[h, SHARED + T.sizes[going, BACKED, r], r]
                given -= factor * (T.sizes[going, UPPER, r] - T.sizes[going, FLOOR, r])
            cut = min(given, excess)
            if cut > 0:
                energy += T.shrink[i].weight * ((cut + unit - 1) // unit)
                excess -= cut
                if excess <= 0:
                    break
    return energy


@compiled
def fill_mille(T: Tables, S: State, h: Whole, r: Whole) -> Whole:
    """How full host `h` is after the last `host_energy` of it, per mille; -1 if it has no room at all."""
    limit = T.rooms[h, LIMIT, r]
    if limit <= 0:
        return -1
    return min(MOST_MILLE, max(0, (1000 * S.scratch[FULL, r]) // limit))
