"""Shrinking on the way: guests that will be smaller at the end give up room when it is needed, and grow back last."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from ...sizing import fit_sizes
from .agenda import Agenda


class PendingShrinks:
    """Guests that will be smaller where they run now, and have not shrunk yet."""

    def __init__(self, agenda: Agenda) -> None:
        self._walk, self._size = agenda.walk, agenda.size
        problem = agenda.walk.problem
        self._on: defaultdict[int, list[int]] = defaultdict(list)
        """By the host where they began, ascending."""
        smaller = problem.running & (agenda.goal >= 0) & (agenda.size < problem.allocated).any(axis=1)
        for v in np.flatnonzero(smaller).tolist():
            self._on[int(problem.current[v])].append(v)

    def on(self, h: int) -> list[int]:
        """The guests that are still to shrink on the host."""
        return list(self._on[h])

    def shrink(self, v: int) -> None:
        """Lets a guest give up at once what it will not have at the end, if that is still to do where it began."""
        h = int(self._walk.problem.current[v])
        if v in self._on[h]:
            self._on[h].remove(v)
            if self._walk.host_of(v) == h:
                self._walk.shrink(v, self._size[v])

    def shrink_all(self) -> bool:
        """All shrinking that is left; whether there was any."""
        before = len(self._walk.steps)
        for h in sorted(self._on):
            for v in self.on(h):
                self.shrink(v)
        return len(self._walk.steps) > before


def grow_back(agenda: Agenda) -> None:
    """Gives back size, as far as the room reached allows."""
    walk, state = agenda.walk, agenda.walk.state
    wanted = fit_sizes(walk.problem, state.place) if agenda.is_changed else agenda.size
    smaller = (state.sizes < wanted).any(axis=1) & (state.place >= 0) & ~walk.problem.fixed
    for v in np.flatnonzero(smaller).tolist():
        walk.grow(v, wanted[v])
