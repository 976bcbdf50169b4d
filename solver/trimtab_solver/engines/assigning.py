"""Which guest gets which slot: from numbers of guests on hosts to guests with names.

Guests are at their floors in the state, and every one is put only where must rules admit it and its floor has room.
"""

from __future__ import annotations

import numpy as np

from ..occupancy import Occupancy
from ..problem import NOWHERE


def _may_be(state: Occupancy, v: int, h: int) -> bool:
    problem = state.problem
    return bool(problem.possible_hosts(v)[h]) and state.admits_at(v, h) and state.fits(v, h, problem.floor[v])


def take_slot(state: Occupancy, v: int, slots: list[int]) -> bool:
    """Puts a guest on the first host among `slots` that rules admit, and takes the slot away."""
    for i, h in enumerate(slots):
        if _may_be(state, v, h):
            state.put(v, h)
            del slots[i]
            return True
    return False


def trade_slots(state: Occupancy, v: int, slots: list[int], arrived: list[int]) -> bool:
    """Puts a guest in the place of one of its kind that can have a slot which this one cannot."""
    for u in arrived if slots else ():
        h = state.take(u)
        if _may_be(state, v, h):
            state.put(v, h)
            if take_slot(state, u, slots):
                return True
            state.take(v)
        state.put(u, h)
    return False


def displace(state: Occupancy, v: int) -> int | None:
    """Puts a guest in the place of the smallest one of a lower rank that may be down; returns that one."""
    problem = state.problem
    if problem.rank_of(v) == problem.ranks[-1]:
        return None
    ranks = problem.tier_values("rank")
    hosts = problem.possible_hosts(v)
    at = np.maximum(state.place, 0)
    weak = (state.place >= 0) & (ranks < ranks[v]) & (~problem.running | problem.evictable) & hosts[at]
    lacks = state.usage[at] + problem.capacity.load_of(v, problem.floor[v])[at] - state.ceiling[at]
    backed = problem.capacity.backed
    factors = problem.capacity.factor[at]
    frees = np.where(backed, factors[:, :, 1], factors[:, :, 0]) * problem.floor
    victims = np.flatnonzero(weak & (frees >= lacks).all(axis=1))
    for victim in victims[np.lexsort((victims, frees[victims].sum(axis=1), ranks[victims]))].tolist():
        h = state.take(victim)
        if state.admits_absence(victim) and _may_be(state, v, h):
            state.put(v, h)
            return int(victim)
        state.put(victim, h)
    return None


def return_home(state: Occupancy, v: int) -> bool:
    """Puts a guest back where it was, if it ran."""
    h = int(state.problem.current[v])
    if h == NOWHERE or not _may_be(state, v, h):
        return False
    state.put(v, h)
    return True
