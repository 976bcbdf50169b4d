"""Prices of changes: one guest goes elsewhere, two guests change places, one makes room for another."""

from __future__ import annotations

import numpy as np

from .kernels.compiled import compiled
from .kernels.groups import count_groups, groups_change
from .kernels.guests import guest_energy, may_be_at
from .kernels.hosts import host_energy
from .rows import CEILING, LEFT, USED, State, Tables, Whole
from .state import relocate, swap

INFINITY = float("inf")


@compiled
def moved_change(T: Tables, S: State, v: Whole, goal: Whole) -> Whole:
    """By how much the number of moved guests changes."""
    origin, source = T.guests[v].current, S.guest[v].place
    if origin < 0:
        return 0
    was = 1 if source >= 0 and source != origin else 0
    now = 1 if goal >= 0 and goal != origin else 0
    return now - was


@compiled
def counted_change(T: Tables, v: Whole, change: Whole) -> Whole:
    """By how much the number of moved guests that count against budget and limit changes."""
    return 0 if T.guests[v].exempt else change


@compiled
def app_change(T: Tables, S: State, v: Whole, change: Whole) -> float:
    """Energy of one moved guest more or fewer of its application; infinite above the limit."""
    app = T.guests[v].app
    if change == 0 or app < 0:
        return 0.0
    moved, most = S.app_moved[app], S.totals[0].app_most
    if change > 0:
        if S.app_counted[app] + counted_change(T, v, change) > T.options[0].app_limit:
            return INFINITY
        return T.options[0].app_weight if moved + 1 > most else 0.0
    return -T.options[0].app_weight if moved == most and S.app_sizes[most] == 1 else 0.0


@compiled
def is_intricate(T: Tables, S: State, v: Whole, goal: Whole) -> bool:
    """Whether a change touches more than two hosts or all of them, so that it is priced by trying it."""
    if T.options[0].has_peaks:
        return True
    return T.options[0].has_transient and T.guests[v].current >= 0 and (goal < 0) != (S.guest[v].place < 0)


@compiled
def shift_change(T: Tables, S: State, v: Whole, goal: Whole) -> float:
    """Energy that guest `v` adds by going to host `goal` (-1: down); infinite if it may not."""
    source = S.guest[v].place
    if goal == source or not may_be_at(T, v, goal):
        return INFINITY
    change = moved_change(T, S, v, goal)
    if counted_change(T, v, change) > 0 and S.totals[0].counted >= T.options[0].budget:
        return INFINITY
    energy = 0.0
    if goal >= 0:
        there = host_energy(T, S, goal, v, np.int64(-1))
        if there == INFINITY:
            return INFINITY
        energy += there - S.host[goal].energy
    if T.groups.shape[0]:
        groups = groups_change(T, S, v, source, goal, np.int64(-1))
        if groups == INFINITY:
            return INFINITY
        energy += groups
    app = app_change(T, S, v, change)
    if app == INFINITY:
        return INFINITY
    if is_intricate(T, S, v, goal):
        return _tried(T, S, v, goal)
    if source >= 0:
        energy += host_energy(T, S, source, np.int64(-1), v) - S.host[source].energy
    return energy + app + guest_energy(T, S, v, goal) - S.guest[v].energy


@compiled
def _tried(T: Tables, S: State, v: Whole, goal: Whole) -> float:
    """The energy of a permitted change, by doing it and taking it back."""
    before, source, origin = S.totals[0].energy, S.guest[v].place, T.guests[v].current
    relocate(T, S, v, goal)
    energy = S.totals[0].energy - before
    if T.options[0].has_transient and origin >= 0:
        for r in range(S.load.shape[2]):
            if S.load[origin, USED, r] + S.load[origin, LEFT, r] > T.rooms[origin, CEILING, r]:
                energy = INFINITY
    relocate(T, S, v, source)
    S.totals[0].energy = before
    return energy


@compiled
def try_shift(T: Tables, S: State, v: Whole, goal: Whole) -> bool:
    """Takes a guest to `goal` if it may go there, whatever that costs."""
    if shift_change(T, S, v, goal) == INFINITY:
        return False
    relocate(T, S, v, goal)
    return True


@compiled
def swap_change(T: Tables, S: State, v: Whole, u: Whole) -> float:
    """Energy of two running guests changing places; infinite if they may not."""
    here, there = S.guest[v].place, S.guest[u].place
    if here == there or not may_be_at(T, v, there) or not may_be_at(T, u, here):
        return INFINITY
    change_v, change_u = moved_change(T, S, v, there), moved_change(T, S, u, here)
    counted = counted_change(T, v, change_v) + counted_change(T, u, change_u)
    if counted > 0 and S.totals[0].counted + counted > T.options[0].budget:
        return INFINITY
    energy = host_energy(T, S, here, u, v)
    if energy == INFINITY:
        return INFINITY
    there_energy = host_energy(T, S, there, v, u)
    if there_energy == INFINITY:
        return INFINITY
    energy += there_energy - S.host[here].energy - S.host[there].energy
    energy += guest_energy(T, S, v, there) - S.guest[v].energy + guest_energy(T, S, u, here) - S.guest[u].energy
    if T.groups.shape[0]:
        groups = groups_change(T, S, v, here, there, u)
        if groups == INFINITY:
            return INFINITY
        count_groups(T, S, v, here, there, u)
        others = groups_change(T, S, u, there, here, v)
        count_groups(T, S, v, there, here, u)
        if others == INFINITY:
            return INFINITY
        energy += groups + others
    if T.options[0].has_peaks:
        return _tried_swap(T, S, v, u)
    if change_v or change_u:
        if (
            counted == 2
            and T.guests[v].app == T.guests[u].app >= 0
            and S.app_counted[T.guests[v].app] + 2 > T.options[0].app_limit
        ):
            return INFINITY
        app_v, app_u = app_change(T, S, v, change_v), app_change(T, S, u, change_u)
        if app_v == INFINITY or app_u == INFINITY:
            return INFINITY
        # both may change how many the most moved application has: then an estimate, put right when the swap is made
        energy += app_v + app_u
    return energy


@compiled
def _tried_swap(T: Tables, S: State, v: Whole, u: Whole) -> float:
    """The energy of a permitted swap, by doing it and taking it back."""
    before = S.totals[0].energy
    swap(T, S, v, u)
    energy = S.totals[0].energy - before
    swap(T, S, u, v)
    S.totals[0].energy = before
    return energy
