"""Every state that safe steps can reach, for small clusters: the proof that a better target cannot be reached.

Ordering works with rules of thumb and may miss a way. Where it does, and the cluster is small, this search looks at all
placements reachable by single safe steps (best first, nearest to the wanted target first). If it runs dry before it
gets there, the target is unreachable, and the best state seen is the best that any safe plan can do.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...actions import ActionKind
from ...occupancy import Occupancy
from ...primitives.disruption import NO_BUDGET
from ...problem import NOWHERE, Problem, Target
from ...sizing import fit_sizes
from ..steps import Step
from .orderer import Ordering

MAX_CELLS = 64
"""Guests times hosts up to which the search is worth its time."""
_MAX_STATES = 6000

_State = tuple[tuple[int, ...], frozenset[int], frozenset[int]]
"""Host of every guest; guests that were interrupted; guests that were elsewhere."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The way to the best state seen; `is_complete` when no reachable state was left out."""

    ordering: Ordering
    is_complete: bool


def search_reach(
    problem: Problem,
    target: Target,
    wanted: tuple[int, ...],
    start_kinds: dict[int, ActionKind],
) -> Reach:
    """Looks for a state with the level values `wanted` (those of `target`) or the best there is.

    `start_kinds` as for `order_steps`. Guests are at their floors on the way, which never makes a step unsafe that
    would be safe otherwise.
    """
    return _Search(problem, target, wanted, start_kinds).run()


class _Search:
    def __init__(
        self,
        problem: Problem,
        target: Target,
        wanted: tuple[int, ...],
        start_kinds: dict[int, ActionKind],
    ) -> None:
        self._problem = problem
        self._kinds = start_kinds
        self._goal = target
        self._wanted = wanted
        self._state = Occupancy(problem, problem.floor)
        self._has_budget = problem.disruption.budget < NO_BUDGET or problem.disruption.group_limit > 0
        start: _State = (tuple(problem.current.tolist()), frozenset(), frozenset())
        self._came: dict[_State, tuple[_State, Step] | None] = {start: None}
        self._open: list[tuple[int, int, int, _State]] = [(0, 0, 0, start)]
        self._pushed = 0

    def run(self) -> Reach:
        best: tuple[tuple[int, ...], _State] | None = None
        expanded = 0
        while self._open and expanded < _MAX_STATES:
            state = heapq.heappop(self._open)[-1]
            expanded += 1
            values = self._values(state)
            if best is None or values < best[0]:
                best = (values, state)
                if values <= self._wanted:
                    break
            for following, step in self._steps(state):
                if following not in self._came:
                    self._came[following] = (state, step)
                    self._push(following)
        assert best is not None, "the present state is one that can be reached"
        return Reach(self._way(best[1]), is_complete=not self._open)

    def _push(self, state: _State) -> None:
        place, interrupted, _ = state
        distance = sum(a != b for a, b in zip(place, self._goal.place.tolist(), strict=True))
        self._pushed += 1
        heapq.heappush(self._open, (distance, len(interrupted), self._pushed, state))

    def _interruption_cost(self, state: _State) -> int:
        place, interrupted, _ = state
        problem = self._problem
        return sum(
            problem.tiers[problem.tier[v]].eviction_cost
            for v in interrupted
            if place[v] != NOWHERE and not problem.needs_restart(v, place[v])
        )

    def _values(self, state: _State) -> tuple[int, ...]:
        """Levels if the plan ended here."""
        problem = self._problem
        place = np.array(state[0], dtype=np.int32)
        return problem.evaluate(Target(place, fit_sizes(problem, place)), self._interruption_cost(state))

    def _steps(self, state: _State) -> Iterator[tuple[_State, Step]]:
        place = state[0]
        problem = self._problem
        self._state.go_to(np.array(place, dtype=np.int32))
        for v in range(problem.vm_count):
            if problem.fixed[v]:
                continue
            if place[v] == NOWHERE:
                yield from self._starts(v, state)
            else:
                yield from self._moves(v, state)
                yield from self._stops(v, state)

    def _admitted(self, v: int, moved: frozenset[int]) -> list[int]:
        """Hosts where the absent guest may be by must rules and budget, allowed and with room."""
        problem, state = self._problem, self._state
        mask = problem.allowed.mask[problem.allowed.class_of[v]]
        admitted = state.admits(v)
        if admitted is not None:
            mask = mask & admitted
        hosts = [h for h in np.flatnonzero(mask).tolist() if state.fits(v, h, problem.floor[v])]
        if not self._has_budget or v in moved or not problem.running[v]:
            return hosts
        may_move = problem.disruption.permits(np.array([*moved, v], dtype=np.int64))
        return hosts if may_move else [h for h in hosts if h == problem.current[v]]

    def _moved(self, v: int, h: int, moved: frozenset[int]) -> frozenset[int]:
        """The guests that were elsewhere when `v` gets to `h`; nobody is kept in mind where that does not matter."""
        if not self._has_budget or self._problem.current[v] in (NOWHERE, h):
            return moved
        return moved | {v}

    def _starts(self, v: int, state: _State) -> Iterator[tuple[_State, Step]]:
        place, interrupted, moved = state
        if not self._problem.running[v] and not self._problem.startable[v]:
            return
        suspended = v in interrupted and self._suspends(v)
        kind = ActionKind.RESUME if suspended else self._kinds.get(v, ActionKind.START)
        for h in self._admitted(v, moved):
            yield (
                (_at(place, v, h), interrupted, self._moved(v, h, moved)),
                Step(kind, v, h, size=self._problem.floor[v]),
            )

    def _moves(self, v: int, state: _State) -> Iterator[tuple[_State, Step]]:
        place, interrupted, moved = state
        problem, source = self._problem, place[v]
        reachable = problem.disruption.move_targets(v, source)
        self._state.take(v)
        hosts = [h for h in self._admitted(v, moved) if h != source and reachable[h]]
        may_be_down = self._state.admits_absence(v)
        self._state.put(v, source)
        for h in hosts:
            live = problem.disruption.is_live(v, source, h)
            if not live and not may_be_down:
                continue
            kind = ActionKind.MIGRATE_LIVE if live else ActionKind.MIGRATE_COLD
            yield (_at(place, v, h), interrupted, self._moved(v, h, moved)), Step(kind, v, source, h)

    def _stops(self, v: int, state: _State) -> Iterator[tuple[_State, Step]]:
        """A guest that ran at the start may be evicted once if its tier says so."""
        place, interrupted, moved = state
        problem = self._problem
        if not problem.running[v] or not problem.evictable[v] or v in interrupted:
            return
        h = self._state.take(v)
        fine = self._state.admits_absence(v)
        self._state.put(v, h)
        if fine:
            kind = ActionKind.SUSPEND if self._suspends(v) else ActionKind.STOP
            yield (_at(place, v, NOWHERE), interrupted | {v}, moved), Step(kind, v, h, before=problem.floor[v])

    def _suspends(self, v: int) -> bool:
        """Whether the guest is suspended where it is taken down."""
        return self._problem.tiers[int(self._problem.tier[v])].suspends

    def _way(self, state: _State) -> Ordering:
        """The steps to a state: everybody shrinks to the floor first if that was needed, and grows at the end."""
        steps: list[Step] = []
        at = state
        while (came := self._came[at]) is not None:
            at, step = came
            steps.append(step)
        steps.reverse()
        problem = self._problem
        place = np.array(state[0], dtype=np.int32)
        final = fit_sizes(problem, place)
        start = np.where(problem.running[:, None], problem.allocated, problem.floor)
        shrunk = [
            Step(
                ActionKind.RESIZE,
                v,
                int(problem.current[v]),
                size=problem.floor[v],
                before=start[v],
            )
            for v in np.flatnonzero(problem.running & (problem.floor < start).any(axis=1)).tolist()
        ]
        grown = [
            Step(
                ActionKind.RESIZE,
                v,
                int(place[v]),
                size=final[v],
                before=problem.floor[v],
            )
            for v in np.flatnonzero((place >= 0) & (problem.floor < final).any(axis=1)).tolist()
        ]
        reached = Target(place, np.where((place >= 0)[:, None], final, problem.upper))
        return Ordering((*shrunk, *steps, *grown), reached, self._interruption_cost(state), (), ())


def _at(place: tuple[int, ...], v: int, h: int) -> tuple[int, ...]:
    return (*place[:v], h, *place[v + 1 :])
