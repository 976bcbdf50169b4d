"""All group primitives of one guest: what a change of place costs, and counting it."""

from __future__ import annotations

import numpy as np

from ..group_rows import BOTH, DEPENDENCY, EXCLUSION, HEADROOM, LEAST, LIMIT, MOST, QUORUM, SECOND, SKEW
from ..rows import State, Tables, Whole
from .breach import REFUSED
from .compiled import compiled
from .domain_count import count_change
from .domain_dependency import dependency_change
from .domain_exclusion import exclusion_change
from .domain_limit import limit_change
from .domain_quorum import quorum_breach, quorum_change
from .domain_skew import skew_breach, skew_change
from .headroom import headroom_breach, headroom_change

INFINITY = float("inf")


@compiled
def _is_shared(T: Tables, i: Whole, u: Whole) -> bool:
    """Whether guest `u` (-1: nobody) counts in the group of membership `i` as the guest of that membership does."""
    if u < 0:
        return False
    for j in range(T.guests[u].first_member, T.guests[u].last_member):
        if T.members[j].group == T.members[i].group:
            return T.members[j].side == T.members[i].side and T.members[j].demand == T.members[i].demand
    return False


@compiled
def groups_change(T: Tables, S: State, v: Whole, source: Whole, goal: Whole, u: Whole) -> float:
    """Energy that guest `v` adds by going from host `source` to `goal` (-1: nowhere); infinite if a rule forbids it.

    `u` is who goes the other way (-1: nobody): what both belong to in the same way stays as it is, and is left out.
    """
    energy = 0.0
    for i in range(T.guests[v].first_member, T.guests[v].last_member):
        g = T.members[i].group
        level = T.groups[g].level
        left = T.domain[level, source] if source >= 0 else -1
        entered = T.domain[level, goal] if goal >= 0 else -1
        if left == entered or _is_shared(T, i, u):
            continue
        kind = T.groups[g].kind
        if kind == LIMIT:
            units = limit_change(T, S, g, left, entered)
        elif kind == EXCLUSION:
            units = exclusion_change(T, S, g, T.members[i].side, left, entered)
        elif kind == DEPENDENCY:
            units = dependency_change(T, S, g, T.members[i].side, left, entered)
        elif kind == QUORUM:
            units = quorum_change(T, S, g, left, entered)
        elif kind == SKEW:
            units = skew_change(T, S, g, left, entered)
        elif kind == HEADROOM:
            units = headroom_change(T, S, g, T.members[i].demand, left, entered)
        else:
            units = count_change(T, S, g, kind == LEAST, left, entered)
        if units == REFUSED:
            return INFINITY
        energy += units * T.groups[g].weight
    return energy


@compiled
def count_groups(T: Tables, S: State, v: Whole, source: Whole, goal: Whole, u: Whole) -> None:
    """Counts guest `v` on `goal` instead of `source`, except where `u` (-1: nobody) takes its place."""
    for i in range(T.guests[v].first_member, T.guests[v].last_member):
        g = T.members[i].group
        level = T.groups[g].level
        left = T.domain[level, source] if source >= 0 else -1
        entered = T.domain[level, goal] if goal >= 0 else -1
        if left == entered or _is_shared(T, i, u):
            continue
        kind = T.groups[g].kind
        if kind == HEADROOM:
            if left >= 0:
                S.asked[T.groups[g].offset + left] -= T.members[i].demand
            if entered >= 0:
                S.asked[T.groups[g].offset + entered] += T.members[i].demand
            continue
        if kind == QUORUM:
            S.group[g].breach = quorum_breach(T, S, g, left, entered)
        elif kind == SKEW:
            S.group[g].breach = skew_breach(T, S, g, left, entered)
        offset = T.groups[g].offset
        side = T.members[i].side
        if side == SECOND:
            offset += T.groups[g].width
        if left >= 0:
            S.counts[offset + left] -= 1
            if S.counts[offset + left] == 0 and side != SECOND:
                S.group[g].used -= 1
            if side == BOTH:
                S.counts[offset + T.groups[g].width + left] -= 1
        if entered >= 0:
            S.counts[offset + entered] += 1
            if S.counts[offset + entered] == 1 and side != SECOND:
                S.group[g].used += 1
            if side == BOTH:
                S.counts[offset + T.groups[g].width + entered] += 1
        if side != SECOND:
            S.group[g].running += (1 if entered >= 0 else 0) - (1 if left >= 0 else 0)


@compiled
def breach_of(T: Tables, S: State, g: Whole) -> Whole:
    """The amount of breach of a group as it is counted now."""
    kind, number = T.groups[g].kind, T.groups[g].number
    if kind == LEAST:
        return max(0, min(number, S.group[g].running) - S.group[g].used)
    if kind == MOST:
        return max(0, S.group[g].used - number)
    if kind == QUORUM:
        return quorum_breach(T, S, g, np.int64(-1), np.int64(-1))
    if kind == SKEW:
        return skew_breach(T, S, g, np.int64(-1), np.int64(-1))
    amount: Whole = 0
    for d in range(T.groups[g].width):
        if kind == HEADROOM:
            amount += headroom_breach(T, S, T.groups[g].offset + d, np.int64(0))
            continue
        first = S.counts[T.groups[g].offset + d]
        if kind == LIMIT:
            amount += max(0, first - number)
            continue
        second = S.counts[T.groups[g].offset + T.groups[g].width + d]
        if kind == EXCLUSION:
            amount += min(first, second)
        elif first > 0 and second == 0:
            amount += 1
    return amount
