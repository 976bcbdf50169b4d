"""Allowed, Attraction and Disruption: what it costs that one guest runs on a host, and whether it may."""

from __future__ import annotations

from ....primitives.disruption import COLD_FACTOR
from ..rows import State, Tables, Whole
from .compiled import compiled


@compiled
def guest_energy(T: Tables, S: State, v: Whole, h: Whole) -> float:
    """Energy of guest `v` on host `h` (-1: down) that depends on nothing else."""
    origin = T.guests[v].current
    if h < 0:
        return T.guests[v].down_cost + S.guest[v].stop_price
    energy = 0.0
    row = T.guests[v].unary_row
    if row >= 0:
        energy += T.unary[row, h]
    if T.guests[v].wish_cost != 0.0:
        energy += wish_energy(T, v, h)
    if origin >= 0 and origin != h:
        if T.guests[v].live and T.hosts[h].generation >= T.hosts[origin].generation:
            energy += S.guest[v].move_price
        elif T.guests[v].cold:
            energy += COLD_FACTOR * S.guest[v].move_price
        else:
            energy += COLD_FACTOR * S.guest[v].move_price + S.guest[v].stop_price
        energy += T.pair[T.hosts[origin].pair_class, T.hosts[h].pair_class]
    return energy


@compiled
def wish_energy(T: Tables, v: Whole, h: Whole) -> float:
    """Energy of guest `v` on host `h` that wishes make."""
    low, high = T.guests[v].first_wish, T.guests[v].last_wish
    while low < high:
        middle = (low + high) // 2
        if T.wishes[middle].host < h:
            low = middle + 1
        else:
            high = middle
    if low < T.guests[v].last_wish and T.wishes[low].host == h:
        return float(T.wishes[low].energy)
    return float(T.guests[v].wish_cost)


@compiled
def may_be_at(T: Tables, v: Whole, h: Whole) -> bool:
    """Whether guest `v` may end on host `h` (-1: down) as far as it alone is concerned."""
    origin = T.guests[v].current
    if h == origin:
        return True
    if not T.guests[v].may_move:
        return False
    if h < 0:
        return T.guests[v].may_be_down == 1
    if not T.mask[T.guests[v].kind, h]:
        return False
    if origin < 0 or T.guests[v].cold or T.guests[v].may_be_down:
        return True
    return T.guests[v].live == 1 and T.hosts[h].generation >= T.hosts[origin].generation
