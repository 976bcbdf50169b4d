"""Guests that must stay down because a rule leaves too few failure domains for their group: a bound by counting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from ...primitives.domain_count import DomainCount
from ...primitives.domain_dependency import DomainDependency
from ...primitives.domain_exclusion import DomainExclusion
from ...primitives.domain_limit import DomainLimit
from ...primitives.domain_map import DomainMap
from ...primitives.domain_quorum import DomainQuorum
from ...primitives.domain_skew import DomainSkew
from ...primitives.encoding import Bools, Index, Ints
from ...primitives.group import GroupPrimitive
from ...primitives.headroom import Headroom
from ...problem import Problem
from .caps import Caps, rank_caps
from .relaxations import Relaxations


def crowded_out(relaxations: Relaxations, caps: Caps, rank: int) -> int:
    """What must be lost at `rank` for the sake of must rules about groups.

    Each group counts by itself; of groups that share guests only one counts.
    """
    problem = relaxations.problem
    counting = _Counting(problem, rank, rank_caps(caps))
    found = []
    for i, group in enumerate(problem.groups):
        if not group.must:
            continue
        count = COUNTED.get(type(group))
        if count is not None and (loss := count(counting, group)):
            found.append((-loss, i))
    taken = np.zeros(problem.vm_count, dtype=np.bool_)
    total = 0
    for loss, i in sorted(found):
        guests = problem.groups[i].guests
        if not taken[guests].any():
            taken[guests] = True
            total -= loss
    return total


class _Counting:
    def __init__(self, problem: Problem, rank: int, caps: Mapping[int, int]) -> None:
        self._problem = problem
        self._rank, self._value = problem.tier_values("rank"), problem.tier_values("value")
        self._of = rank
        self._caps = caps
        self._may_be_down = ~problem.running | problem.evictable
        for r, most in caps.items():
            self._may_be_down &= (self._rank != r) | (self._value <= most)
        self._reach: dict[tuple[int, int], Bools] = {}

    def over_limit(self, group: DomainLimit) -> int:
        """At most so many members run per domain, or as many as do now."""
        members = group.members
        if len(members) <= group.limit:
            return 0
        domains = self._domains(members, group.domains, len(members) // group.limit + 1)
        if domains is None:
            return 0
        room = np.maximum(group.limit, group.counts(self._problem.current))
        return self._least(members, len(members) - int(room[domains].sum()))

    def excluded(self, group: DomainExclusion) -> int:
        """With a single domain left for both sets, all of one set stay down but as many as are tolerated."""
        domains = self._domains(group.guests, group.domains, 2)
        if domains is None or domains.sum() != 1:
            return 0
        tolerated = int(group.counts(self._problem.current).min(axis=0)[domains].sum())
        return min(self._least(side, len(side) - tolerated) for side in (group.left, group.right))

    def _domains(self, members: Index, domains: DomainMap, enough: int) -> Bools | None:
        """Domains [D] that some member may run in; None when they are `enough` for no rule to bind."""
        problem, domain, count = self._problem, domains.of_host, domains.count
        found = np.zeros(count, dtype=np.bool_)
        for c in np.unique(problem.allowed.class_of[members]).tolist():
            key = domains.key, c
            if key not in self._reach:
                reach = np.zeros(count, dtype=np.bool_)
                reach[domain[problem.allowed.mask[c]]] = True
                self._reach[key] = reach
            found |= self._reach[key]
            if found.sum() >= enough:
                return None
        now = problem.current[members]
        found[domain[now[now >= 0]]] = True
        return None if found.sum() >= enough else found

    def _least(self, members: Index, down: int) -> int:
        """The least loss at the rank when so many of the members are down."""
        rank, value = self._rank[members], self._value[members]
        may = self._may_be_down[members]
        mine = (rank == self._of) & may
        others = down
        for r in np.unique(rank[(rank != self._of) & may]).tolist():
            of_rank = may & (rank == r)
            number = int(of_rank.sum())
            if r in self._caps:
                number = min(number, self._caps[r] // max(1, int(value[of_rank].min())))
            others -= number
        cheapest: Ints = np.sort(value[mine])
        return int(cheapest[: max(0, others)].sum())


COUNTED: Final[dict[type[GroupPrimitive], Callable[[_Counting, Any], int]]] = {
    DomainLimit: _Counting.over_limit,
    DomainExclusion: _Counting.excluded,
}
"""What a primitive makes stay down at least, whatever the room."""

RELAXED: Final[dict[type[GroupPrimitive], str]] = {
    DomainCount: "guests that run in too few domains could run in more wherever there are more",
    DomainDependency: "guests run wherever those run that they depend on",
    DomainSkew: "what one domain may hold depends on what runs in the others",
    Headroom: "what must stay free depends on which protected guests run where",
    DomainQuorum: "asks for more guests that run, not for fewer",
}
"""Primitives that bounds leave out, and why: a relaxation without them is easier, so its bounds hold."""
