"""When each step may begin at the earliest: list scheduling with migration slots."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence

from .facts import Facts
from .steps import Step
from .timing import LATEST_S


def earliest_starts(
    facts: Facts,
    steps: Sequence[Step],
    dependencies: Sequence[Sequence[int]],
    durations: Sequence[int],
) -> list[int]:
    """Earliest begin of each step in seconds: after its dependencies, and with a free migration slot at both ends.

    List scheduling (Graham 1966): a free slot goes to the first migration in list order that could begin now.
    """
    return [min(start, LATEST_S) for start in _Schedule(facts, steps, dependencies, durations).starts()]


class _Schedule:
    """Goes from one moment at which steps end to the next, and begins whatever can begin then."""

    def __init__(
        self, facts: Facts, steps: Sequence[Step], dependencies: Sequence[Sequence[int]], durations: Sequence[int]
    ) -> None:
        self._steps, self._durations = steps, durations
        self._free = [max(1, host.migration_slots) for host in facts.hosts]
        self._waiting: defaultdict[int, list[int]] = defaultdict(list)
        """Per host the migrations that are ready and have not begun, in list order."""
        self._open = [len(needed) for needed in dependencies]
        """Per step, how many of those it waits for have not ended."""
        self._behind: list[list[int]] = [[] for _ in steps]
        for i, needed in enumerate(dependencies):
            for before in needed:
                self._behind[before].append(i)
        self._ends: list[tuple[int, int]] = []
        """Pairs of end and step of all that runs, a heap."""
        self._starts = [0] * len(steps)

    def starts(self) -> list[int]:
        """The begin of each step in seconds."""
        touched: set[int] = set()
        for i, count in enumerate(self._open):
            if not count:
                self._ready(i, 0, touched)
        now = 0
        while self._ends or touched:
            # what takes no time ends at once, and others may be ready before slots are given away
            while self._ends and self._ends[0][0] == now:
                self._end(heapq.heappop(self._ends)[1], now, touched)
            self._fill(now, touched)
            touched = set()
            now = self._ends[0][0] if self._ends else now
        return self._starts

    def _ready(self, i: int, now: int, touched: set[int]) -> None:
        """All that the step waits for has ended."""
        step = self._steps[i]
        if not step.is_migration:
            self._begin(i, now)
            return
        for host in (step.host, step.goal):
            insort(self._waiting[host], i)
            touched.add(host)

    def _begin(self, i: int, now: int) -> None:
        self._starts[i] = now
        heapq.heappush(self._ends, (now + self._durations[i], i))

    def _end(self, i: int, now: int, touched: set[int]) -> None:
        step = self._steps[i]
        if step.is_migration:
            for host in (step.host, step.goal):
                self._free[host] += 1
                touched.add(host)
        for later in self._behind[i]:
            self._open[later] -= 1
            if not self._open[later]:
                self._ready(later, now, touched)

    def _fill(self, now: int, touched: set[int]) -> None:
        """Begins the migrations for which there are slots now, in list order; those at other hosts still have none."""
        begun, free = list[int](), self._free
        for i in heapq.merge(*(self._candidates(host) for host in touched)):
            source, goal = self._steps[i].host, self._steps[i].goal
            if free[source] and free[goal] and begun[-1:] != [i]:
                free[source] -= 1
                free[goal] -= 1
                self._begin(i, now)
                begun.append(i)
        for i in begun:
            for host in (self._steps[i].host, self._steps[i].goal):
                waiting = self._waiting[host]
                del waiting[bisect_left(waiting, i)]

    def _candidates(self, host: int) -> Iterator[int]:
        """Who waits at the host, as long as it has slots."""
        for i in self._waiting[host]:
            if not self._free[host]:
                return
            yield i
