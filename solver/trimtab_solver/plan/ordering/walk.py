"""A walk of safe steps: each is taken only if room and must rules hold right after it."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

import numpy as np

from ...actions import ActionKind
from ...occupancy import Occupancy
from ...primitives.disruption import MoveTally
from ...primitives.encoding import Ints
from ...problem import NOWHERE, Problem
from ..steps import Step


class Walk:
    """The state reached so far and the steps that led there.

    Steps that are not safe now return False and change nothing. `kinds` says for guests that do not run whether they
    START (the default) or RESUME.
    """

    def __init__(self, problem: Problem, sizes: Ints, kinds: dict[int, ActionKind]) -> None:
        self.problem = problem
        self.state = Occupancy(problem, sizes)
        self.steps: list[Step] = []
        self.kinds = dict(kinds)
        self._moves = MoveTally(problem.disruption)
        self._moved: set[int] = set()
        """Guests that run at the start and have been on another host."""
        self._came: defaultdict[int, list[int]] = defaultdict(list)
        """By host, the guests that have come there on the way, whether they are still there or not."""

    def host_of(self, v: int) -> int:
        """Where the guest runs now, or NOWHERE."""
        return int(self.state.place[v])

    def residents(self, h: int) -> Ints:
        """The guests that run on the host now, ascending."""
        guests, first = self._at_first
        been = np.union1d(guests[first[h] : first[h + 1]], np.array(self._came[h], dtype=np.int64))
        return np.asarray(been[self.state.place[been] == h])

    @cached_property
    def _at_first(self) -> tuple[Ints, Ints]:
        """The guests that run at the start, host by host, and where among them each host begins [H + 1].

        Few walks ask for residents, and none before it is stuck.
        """
        running = np.flatnonzero(self.problem.running)
        hosts = self.problem.current[running]
        order = np.argsort(hosts, kind="stable")
        return running[order], np.searchsorted(hosts[order], np.arange(self.problem.host_count + 1))

    def may_arrive(self, v: int, h: int) -> bool:
        """Whether the absent guest may run on `h` at the size it has in the state."""
        state = self.state
        return self._may_count(v, h) and state.fits(v, h, state.sizes[v]) and state.admits_at(v, h)

    def _may_count(self, v: int, h: int) -> bool:
        """Whether the budget lets the guest be on `h`: once moved, it counts for good."""
        return self.problem.current[v] in (NOWHERE, h) or v in self._moved or self._moves.admits(v)

    def _count(self, v: int, h: int) -> None:
        if self.problem.current[v] not in (NOWHERE, h) and v not in self._moved:
            self._moved.add(v)
            self._moves.add(v)

    def start(self, v: int, h: int) -> bool:
        """Starts or resumes an absent guest."""
        if not self.may_arrive(v, h):
            return False
        self._count(v, h)
        self.state.put(v, h)
        self._came[h].append(v)
        kind = self.kinds.get(v, ActionKind.START)
        self.steps.append(Step(kind, v, h, size=self.state.sizes[v].copy()))
        return True

    def stop(self, v: int) -> bool:
        """Stops or suspends a running guest, as its tier evicts; a later start undoes it."""
        problem = self.problem
        h = self.state.take(v)
        if not self.state.admits_absence(v):
            self.state.put(v, h)
            return False
        suspends = problem.tiers[int(problem.tier[v])].suspends
        kind = ActionKind.SUSPEND if suspends else ActionKind.STOP
        self.steps.append(Step(kind, v, h, before=self.state.sizes[v].copy()))
        self.kinds[v] = ActionKind.RESUME if suspends else ActionKind.START
        return True

    def move(self, v: int, goal: int) -> bool:
        """Migrates a running guest. Room is held at both ends, so the goal must have it before the source is free."""
        state, disruption = self.state, self.problem.disruption
        source = self.host_of(v)
        if not disruption.reaches(v, source, goal) or not self._may_count(v, goal):
            return False
        if goal != self.problem.current[v] and not state.has_room(v, goal, state.sizes[v]):
            return False
        # taking it off the source frees no room at the goal (but what it keeps there, if that is its first host)
        state.take(v)
        live = disruption.is_live(v, source, goal)
        # on its way a guest that moves cold runs nowhere
        if not self.may_arrive(v, goal) or not (live or state.admits_absence(v)):
            state.put(v, source)
            return False
        self._count(v, goal)
        state.put(v, goal)
        self._came[goal].append(v)
        kind = ActionKind.MIGRATE_LIVE if live else ActionKind.MIGRATE_COLD
        self.steps.append(Step(kind, v, source, goal))
        return True

    def shrink(self, v: int, size: Ints) -> None:
        """Takes from a running guest whatever it has beyond `size`; always safe."""
        self._resize(v, np.minimum(self.state.sizes[v], size))

    def grow(self, v: int, wanted: Ints) -> None:
        """Gives a running guest as much of `wanted` as there is room for."""
        h = self.host_of(v)
        size = self.state.sizes[v]
        room = np.maximum(self.state.ceiling[h] - self.state.usage[h], 0)
        unit = self.problem.capacity.load_at(v, h, np.ones_like(size))
        self._resize(v, size + np.minimum(np.maximum(wanted - size, 0), room // unit))

    def _resize(self, v: int, size: Ints) -> None:
        before = self.state.sizes[v].copy()
        if (size != before).any():
            self.state.resize(v, size)
            self.steps.append(Step(ActionKind.RESIZE, v, self.host_of(v), size=size, before=before))

    def is_away(self, v: int) -> bool:
        """Whether the guest does not run."""
        return self.host_of(v) == NOWHERE
