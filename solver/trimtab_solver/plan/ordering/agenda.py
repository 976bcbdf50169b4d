"""Who still has to get where while steps are put in order, and whose turn it is."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from ...primitives.encoding import Index, Ints
from ...problem import NOWHERE, Target
from .walk import Walk
from .watchers import Watchers
from .worklist import Worklist


class Agenda:
    """The guests that are not where they belong.

    `goal` [V] and `size` [V, R] are the target's, but for guests that were redirected or given up (`is_changed`);
    `waiting` holds the guests in the order of their turns, `rank` [V] those of their tiers.
    """

    def __init__(self, walk: Walk, target: Target) -> None:
        problem = walk.problem
        self.walk = walk
        self.goal: Index = target.place.copy()
        self.size: Ints = target.size.copy()
        self.rank = problem.tier_values("rank")
        self.is_changed = False
        self.waiting = dict.fromkeys(self._movers())
        self.watchers = Watchers(problem)
        for v in self.waiting:
            self.watchers.add(v, int(self.goal[v]))
        self._worklist = Worklist(list(self.waiting))
        self._noticed = 0
        """How many steps the waiting guests have been told of."""

    def _movers(self) -> list[int]:
        """Guests to start, then guests to move or stop; highest rank first."""
        problem = self.walk.problem
        moving = np.flatnonzero(problem.current != self.goal)
        value, runs = problem.tier_values("value")[moving], problem.running[moving]
        order: list[int] = moving[np.lexsort((moving, -value, -self.rank[moving], runs))].tolist()
        return order

    def forget_those_at_their_goal(self) -> None:
        """They wait no more."""
        self.waiting = {v: None for v in self.waiting if self.walk.host_of(v) != int(self.goal[v])}

    def sweep(self, advance: Callable[[int], bool]) -> bool:
        """Advances every waiting guest that can, as far as something has changed for it; whether any could."""
        before = len(self.waiting)
        self._notice()
        for v in self._worklist.round():
            if v in self.waiting:
                if advance(v):
                    del self.waiting[v]
                self._notice()
        return len(self.waiting) < before

    def _notice(self) -> None:
        """Wakes those whom the latest steps concern."""
        steps = self.walk.steps
        for step in steps[self._noticed :]:
            for v in self.watchers.of(step):
                self._worklist.wake(v)
        self._noticed = len(steps)

    def redirect(self, v: int, h: int) -> None:
        """The guest is to get to another host than planned."""
        self.goal[v] = h
        self.is_changed = True
        self.watchers.add(v, h)
        self._worklist.wake(v)

    def give_up(self, v: int) -> None:
        """The guest stays where it is."""
        self.goal[v] = self.walk.host_of(v)
        self.is_changed = True
        del self.waiting[v]

    def blocked_moves(self) -> list[int]:
        """Waiting migrations, those first that stand where somebody wants to be; lowest rank first."""
        wanted = {int(self.goal[v]) for v in self.waiting}
        moves = [v for v in self.waiting if not self.walk.is_away(v) and self.goal[v] != NOWHERE]
        return sorted(moves, key=lambda v: (self.walk.host_of(v) not in wanted, self.rank[v], v))

    def blocked_in_turn(self) -> Iterator[int]:
        """The blocked moves, the next one always the first of `blocked_moves` when those before it wait no more."""
        wanted = Counter(int(self.goal[v]) for v in self.waiting)
        queue = [(wanted[self.walk.host_of(v)] == 0, int(self.rank[v]), v) for v in self.blocked_moves()]
        heapq.heapify(queue)
        while queue:
            is_last, rank, v = heapq.heappop(queue)
            if not is_last and wanted[self.walk.host_of(v)] == 0:
                heapq.heappush(queue, (True, rank, v))
                continue
            wanted[int(self.goal[v])] -= 1
            yield v
