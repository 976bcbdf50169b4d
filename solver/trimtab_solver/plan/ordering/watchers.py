"""Which waiting guests a step may matter to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ...problem import NOWHERE, Problem
from ..steps import Step


class Watchers:
    """Waiting guests by the hosts where they need room and by the must groups that must admit them.

    What keeps a guest from a step is a lack of room at its goal, or at the host where it began if it keeps something
    there, or a must group; and the budget, which is never given back. A step of its own changes where it stands.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._keeps = bool(problem.capacity.transient.any())
        self._by_host: defaultdict[int, list[int]] = defaultdict(list)
        self._by_group: defaultdict[int, list[int]] = defaultdict(list)
        self._guests: set[int] = set()

    def add(self, v: int, goal: int) -> None:
        """The guest waits to get to `goal` (NOWHERE: to stop)."""
        self._guests.add(v)
        if goal != NOWHERE:
            self._by_host[goal].append(v)
        first = int(self._problem.current[v])
        if self._keeps and first != NOWHERE:
            self._by_host[first].append(v)
        for g in self._must_groups(v):
            self._by_group[g].append(v)

    def _must_groups(self, v: int) -> Iterator[int]:
        problem = self._problem
        return (g for g in problem.groups_of.get(v, ()) if problem.groups[g].must)

    def of(self, step: Step) -> Iterator[int]:
        """Guests that may be able to do what they could not before the step, some of them more than once."""
        if step.v in self._guests:
            yield step.v
        if step.departure_host != NOWHERE:
            yield from self._by_host[step.departure_host]
        first = int(self._problem.current[step.v])
        if self._keeps and first != NOWHERE:
            yield from self._by_host[first]
        if step.enters != NOWHERE or step.leaves != NOWHERE:
            for g in self._must_groups(step.v):
                yield from self._by_group[g]

    def touches(self, step: Step, v: int) -> bool:
        """Whether the step, apart from the room it frees, may change where the guest can go."""
        problem = self._problem
        if step.v == v or (self._keeps and problem.current[v] in (problem.current[step.v], step.departure_host)):
            return True
        groups = problem.groups_of.get(v, ())
        return any(g in groups and problem.groups[g].must for g in problem.groups_of.get(step.v, ()))
