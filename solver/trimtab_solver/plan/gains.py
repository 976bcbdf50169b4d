"""What the end of a plan would lose if one guest had been left as it was: the facts that reasons are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from ..occupancy import Occupancy
from ..primitives.encoding import Bools, Index, Ints
from ..problem import NOWHERE, Problem, Target
from .steps import NO_VM, Step


class Gains:
    """Compares the state that `steps` lead to with the same state, one guest back on the host where it ran."""

    def __init__(self, problem: Problem, steps: Sequence[Step]) -> None:
        self._problem = problem
        self._end = _end_of(problem, steps)

    @property
    def place(self) -> Index:
        """Where guests run in the end [V]."""
        return self._end.place

    def is_cyclic(self, v: int) -> bool:
        """Whether guests that change hosts close a cycle of hosts through the two of this guest."""
        return self._problem.current[v] in self._reached_from(int(self.place[v]))

    def overfull(self, v: int) -> list[str]:
        """Resources that its host lacked room for in the snapshot, and would lack again with the guest there."""
        capacity, h = self._problem.capacity, int(self._problem.current[v])
        lacking = (capacity.start[h] > capacity.limit[h]) & self._exceeds(v, capacity.limit[h], self._usage[h])
        return [self._problem.resources[r] for r in np.flatnonzero(lacking)]

    def needs_room_of(self, v: int, arrivals: Iterable[int]) -> bool:
        """Whether these arrivals on its host and the guest do not fit together, and without them it would fit."""
        capacity, h = self._problem.capacity, int(self._problem.current[v])
        loads = (capacity.load_at(u, h, self._end.size[u]) for u in arrivals if self.place[u] == h)
        without = self._usage[h] - sum(loads, start=np.zeros_like(self._usage[h]))
        crowded = self._exceeds(v, capacity.ceiling[h], self._usage[h])
        return bool((crowded & ~self._exceeds(v, capacity.ceiling[h], without)).any())

    def needs_shrinking(self, v: int, h: int, before: Ints, arrivals: Iterable[int] = ()) -> bool:
        """Whether the host would lack room if the guest there, in the end, were as large as `before` [R].

        With `arrivals`: only because of these.
        """
        capacity = self._problem.capacity
        more = np.maximum(capacity.load_at(v, h, before - self._end.size[v]), 0)
        limit, usage = capacity.limit[h], self._usage[h]
        lacking = (more > 0) & (usage + more > limit)
        there = [capacity.load_at(u, h, self._end.size[u]) for u in arrivals if self.place[u] == h]
        if there:
            lacking &= usage + more - sum(there) <= limit
        return bool(lacking.any())

    def has_no_room(self, v: int) -> bool:
        """Whether its host, with all as large as in the end, would lack room with the guest there."""
        h = int(self._problem.current[v])
        return bool(self._exceeds(v, self._problem.capacity.limit[h], self._usage[h]).any())

    def outgrows(self, v: int) -> bool:
        """Whether the guest has more in the end than now, and more than its host would have room for."""
        size, now = self._end.size[v], self._problem.allocated[v]
        limit, usage = (each[int(self._problem.current[v])] for each in (self._problem.capacity.limit, self._usage))
        return bool(((size > now) & self._exceeds(v, limit, usage, size)).any())

    def grown(self, h: int) -> list[int]:
        """Guests that stay on the host and have more in the end than now."""
        problem = self._problem
        stays = np.flatnonzero((problem.current == h) & (self.place == h))
        has_more = (self._end.size[stays] > problem.allocated[stays]).any(axis=1)
        return [int(v) for v in stays[has_more]]

    def shrinkable(self, h: int) -> list[int]:
        """Guests on the host that have more in the end than their floors."""
        there = np.flatnonzero(self.place == h)
        has_more = (self._end.size[there] > self._problem.floor[there]).any(axis=1)
        return [int(v) for v in there[has_more]]

    def mended_groups(self, v: int) -> tuple[list[str], list[str]]:
        """Rules about several guests that would be broken further: those broken in the snapshot, and the others."""
        mended: dict[str, None] = {}
        kept: dict[str, None] = {}
        for g in self._worse_groups(v):
            (mended if self._amounts[g] else kept)[self._problem.groups[g].rule] = None
        return list(mended), [rule for rule in kept if rule not in mended]

    def evens_out(self, v: int) -> bool:
        """Whether the costs of Balance would be larger."""
        problem, h = self._problem, int(self._problem.current[v])
        before = problem.imbalance.cost(problem.capacity, self._final)
        usage = self._final.copy()
        usage[h] += problem.capacity.load_at(v, h, problem.allocated[v])
        if self.place[v] != NOWHERE:
            usage[self.place[v]] -= problem.capacity.load_at(v, int(self.place[v]), self._end.size[v])
        return problem.imbalance.cost(problem.capacity, usage) > before

    def worse_level(self, v: int) -> str:
        """The first level that would be worse; empty if one would be better before that, or none is worse."""
        problem = self._problem
        place, size = self._end.place.copy(), self._end.size.copy()
        place[v], size[v] = problem.current[v], problem.allocated[v]
        pairs = zip(problem.evaluate(Target(place, size)), problem.evaluate(self._end), strict=True)
        for name, (without, reached) in zip(problem.level_names, pairs, strict=True):
            if without != reached:
                return name if without > reached else ""
        return ""

    def _exceeds(self, v: int, limit: Ints, usage: Ints, size: Ints | None = None) -> Bools:
        """The resources [R] of which the guest, as it was or of that size, and this usage exceed the limit."""
        capacity, h = self._problem.capacity, int(self._problem.current[v])
        load = capacity.load_at(v, h, self._problem.allocated[v] if size is None else size)
        if self.place[v] not in (NOWHERE, h):
            # what it holds there until the plan is over it would hold anyway
            usage = usage - capacity.left_behind(v)
        return np.asarray((load > 0) & (usage + load > limit))

    def _worse_groups(self, v: int) -> list[int]:
        """The groups that would be broken further."""
        state, source = self._occupancy, int(self._problem.current[v])
        goal = state.take(v) if self.place[v] != NOWHERE else NOWHERE
        found = []
        for g, penalty in state.group_penalties(v):
            here = int(penalty[goal]) if goal != NOWHERE else 0
            if penalty[source] > here:
                found.append(g)
        if goal != NOWHERE:
            state.put(v, goal)
        return found

    @cached_property
    def _occupancy(self) -> Occupancy:
        state = Occupancy(self._problem, self._problem.floor)
        state.go_to(self._end.place)
        return state

    @cached_property
    def _amounts(self) -> Ints:
        """The amount of each group in the snapshot [G]."""
        return self._problem.group_amounts(self._problem.current)

    @cached_property
    def _final(self) -> Ints:
        """What hosts hold when the plan is over [H, R]."""
        return self._problem.capacity.final_usage(self._end.place, self._end.size)

    @cached_property
    def _usage(self) -> Ints:
        """What hosts hold at the end of the plan [H, R]."""
        return self._problem.capacity.usage(self._end.place, self._end.size)

    @cached_property
    def _goals(self) -> dict[int, set[int]]:
        """Host -> the hosts that its guests go to."""
        goals: defaultdict[int, set[int]] = defaultdict(set)
        for v in np.flatnonzero(self._problem.moved(self._end.place)).tolist():
            goals[int(self._problem.current[v])].add(int(self.place[v]))
        return goals

    def _reached_from(self, h: int) -> set[int]:
        """The hosts that one gets to from `h` by following guests that change hosts."""
        seen, left = {h}, [h]
        while left:
            new = self._goals.get(left.pop(), set()) - seen
            seen |= new
            left += new
        return seen


def _end_of(problem: Problem, steps: Sequence[Step]) -> Target:
    """Where the steps leave guests, and how large."""
    place = problem.current.copy()
    size = np.where(problem.running[:, None], problem.allocated, problem.requested)
    for step in steps:
        if step.v == NO_VM:
            continue
        if step.leaves != NOWHERE:
            place[step.v] = NOWHERE
        if step.enters != NOWHERE:
            place[step.v] = step.enters
        if step.size is not None:
            size[step.v] = step.size
    return Target(place, size)
