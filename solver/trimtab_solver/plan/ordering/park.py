"""Parking: a guest whose way is blocked moves to a third host from where it can go on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...primitives.encoding import Bools
from ...problem import NOWHERE
from .walk import Walk
from .watchers import Watchers


class Parking:
    """Finds hosts for parking; `open_hosts` [H] are those that may be used for it.

    What has been looked at in vain is looked at again only where something has changed.
    """

    def __init__(self, walk: Walk, watchers: Watchers, open_hosts: Bools) -> None:
        self._problem = walk.problem
        self._walk = walk
        self._watchers = watchers
        self._open = open_hosts
        self._parked: set[int] = set()
        self._in_vain: dict[int, int] = {}
        """Guest -> number of steps after which there was no host for it."""

    def park(self, v: int, goal: int) -> bool:
        """Moves a running guest to the first host that can take it and from where it can reach `goal`; once at most."""
        if v in self._parked:
            return False
        for c in self._hosts(v):
            if c != goal and self._problem.disruption.reaches(v, c, goal) and self._walk.move(v, c):
                self._parked.add(v)
                return True
        self._in_vain[v] = len(self._walk.steps)
        return False

    def _hosts(self, v: int) -> Iterable[int]:
        """Hosts that may do, ascending."""
        allowed: Bools = self._problem.allowed.mask[self._problem.allowed.class_of[v]] & self._open
        allowed[self._walk.host_of(v)] = False
        freed = self._freed(v)
        if freed is None:
            return np.flatnonzero(allowed & self._admitting(v)).tolist()
        return [c for c in sorted(freed) if allowed[c]]

    def _freed(self, v: int) -> set[int] | None:
        """Hosts that may have got room since there was none for the guest; None: anything may have changed for it."""
        begin = self._in_vain.get(v)
        if begin is None:
            return None
        steps = self._walk.steps[begin:]
        if any(self._watchers.touches(step, v) for step in steps):
            return None
        return {step.departure_host for step in steps if step.departure_host != NOWHERE}

    def _admitting(self, v: int) -> Bools:
        """Hosts [H] with room that must groups do not close."""
        problem, state = self._problem, self._walk.state
        source = self._walk.host_of(v)
        roomy = state.hosts_with_room(v, state.sizes[v])
        if problem.current[v] != NOWHERE:
            # what it keeps where it began may be room enough
            roomy[problem.current[v]] = True
        state.take(v)
        admitted = state.admits(v)
        state.put(v, source)
        return roomy if admitted is None else roomy & admitted
