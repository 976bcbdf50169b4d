"""Orders steps: whatever is safe now is done now, and when nothing is, the ways out are tried in turn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ...actions import ActionKind
from ...occupancy import Occupancy
from ...problem import NOWHERE, Problem, Target
from ...sizing import fit_sizes
from ..steps import Step
from .agenda import Agenda
from .drop import drop_all
from .interrupt import Interruption
from .park import Parking
from .retarget import retarget_one
from .shrink import PendingShrinks, grow_back
from .squeeze import squeeze_for_one
from .walk import Walk

_RERUNS = 3


@dataclass(frozen=True, slots=True)
class Ordering:
    """Steps, the target they really reach, what stops on the way weigh, and what had to be dropped.

    `dropped` says in words what the guests in `stuck` could not do.
    """

    steps: tuple[Step, ...]
    reached: Target
    interrupted: int
    dropped: tuple[str, ...]
    stuck: tuple[int, ...]


def order_steps(problem: Problem, target: Target, start_kinds: dict[int, ActionKind]) -> Ordering:
    """Orders the way from the present placement to `target`.

    `start_kinds` says for guests that do not run whether they START (the default) or RESUME. Where the way there
    interrupts guests that run at both ends, dropping moves instead is tried too, and the better end state wins.
    """
    ordering = _order(problem, target, start_kinds, may_interrupt=True)
    if not ordering.interrupted:
        return ordering
    gentle = _order(problem, target, start_kinds, may_interrupt=False)
    values = [problem.evaluate(o.reached, o.interrupted) for o in (ordering, gentle)]
    return ordering if values[0] <= values[1] else gentle


def _order(problem: Problem, target: Target, kinds: dict[int, ActionKind], *, may_interrupt: bool) -> Ordering:
    ordering = _Orderer(problem, target, kinds, may_interrupt).run()
    dropped, stuck = ordering.dropped, ordering.stuck
    for _ in range(_RERUNS):
        kept = _spare_the_evicted(problem, ordering.reached) if ordering.dropped else None
        if kept is None:
            break
        ordering = _Orderer(problem, kept, kinds, may_interrupt).run()
    return Ordering(ordering.steps, ordering.reached, ordering.interrupted, dropped, stuck)


def _spare_the_evicted(problem: Problem, reached: Target) -> Target | None:
    """The reached target with guests kept whose eviction turned out to be in vain; None if there are none."""
    state = Occupancy(problem, problem.floor)
    state.go_to(reached.place)
    evicted = np.flatnonzero(problem.running & (reached.place == NOWHERE)).tolist()
    ranks = problem.tier_values("rank")
    spared = False
    for v in sorted(evicted, key=lambda v: (-ranks[v], v)):
        h = int(problem.current[v])
        if state.fits(v, h, problem.floor[v]) and state.admits_at(v, h):
            state.put(v, h)
            spared = True
    return Target(state.place, fit_sizes(problem, state.place)) if spared else None


class _Orderer:
    """One attempt."""

    def __init__(self, problem: Problem, target: Target, kinds: dict[int, ActionKind], may_interrupt: bool) -> None:
        self._problem = problem
        self._may_interrupt = may_interrupt
        self._walk = Walk(problem, np.where(problem.running[:, None], problem.allocated, target.size), kinds)
        self._agenda = Agenda(self._walk, target)
        self._shrinking = PendingShrinks(self._agenda)
        self._interruption = Interruption(self._agenda)
        open_hosts = ~problem.disruption.spare
        open_hosts[target.place[target.place >= 0]] = True
        self._parking = Parking(self._walk, self._agenda.watchers, open_hosts)

    def run(self) -> Ordering:
        walk, agenda = self._walk, self._agenda
        dropped: list[tuple[int, str]] = []
        self._start_with_room()
        while agenda.waiting:
            if agenda.sweep(self._advance) or self._shrinking.shrink_all() or self._find_way_out():
                continue
            dropped += drop_all(agenda)
        self._shrinking.shrink_all()
        grow_back(agenda)
        place = walk.state.place
        return Ordering(
            tuple(walk.steps),
            Target(place, np.where((place >= 0)[:, None], walk.state.sizes, self._problem.upper)),
            self._interruption.cost(),
            tuple(words for _, words in dropped),
            tuple(v for v, _ in dropped),
        )

    def _find_way_out(self) -> bool:
        """Makes one guest able to go on; whether there was a way to."""
        return (
            squeeze_for_one(self._agenda)
            or self._park_one()
            or (self._may_interrupt and self._interruption.interrupt_one())
            or retarget_one(self._agenda)
        )

    def _park_one(self) -> bool:
        agenda = self._agenda
        return any(self._parking.park(v, int(agenda.goal[v])) for v in agenda.blocked_moves())

    def _advance(self, v: int) -> bool:
        """Takes a waiting guest where it belongs, if that is safe now."""
        walk, goal = self._walk, int(self._agenda.goal[v])
        if walk.is_away(v):
            return walk.start(v, goal)
        if goal == NOWHERE:
            return walk.stop(v)
        if self._restarts(v):
            return self._interruption.take_down(v) and walk.start(v, goal)
        self._shrinking.shrink(v)
        return walk.move(v, goal)

    def _restarts(self, v: int) -> bool:
        """Whether the guest still runs where it began and its goal can only be reached by evicting and starting it."""
        problem, at = self._problem, self._walk.host_of(v)
        return at == int(problem.current[v]) != NOWHERE and problem.needs_restart(v, int(self._agenda.goal[v]))

    def _start_with_room(self) -> None:
        """Restarts by rank; for each, what leaves its host goes first, as far as it is needed and safe."""
        agenda, walk = self._agenda, self._walk
        leaving = self._leaving()
        for v in agenda.waiting:
            goal = int(agenda.goal[v])
            if walk.is_away(v) and goal != NOWHERE and not walk.start(v, goal):
                self._clear(goal, v, leaving[goal])
                walk.start(v, goal)
        agenda.forget_those_at_their_goal()

    def _leaving(self) -> defaultdict[int, list[int]]:
        """Per host the guests that will be gone from it."""
        problem = self._problem
        found: defaultdict[int, list[int]] = defaultdict(list)
        for v in np.flatnonzero(problem.running & (self._agenda.goal != problem.current)).tolist():
            found[int(problem.current[v])].append(v)
        return found

    def _clear(self, h: int, v: int, leaving: list[int]) -> None:
        """Shrinks, stops and moves away what leaves `h` anyway until `v` fits there."""
        state = self._walk.state
        for u in self._shrinking.on(h):
            if state.fits(v, h, state.sizes[v]):
                return
            self._shrinking.shrink(u)
        for u in leaving:
            if state.fits(v, h, state.sizes[v]):
                return
            if state.place[u] == h:
                self._advance(u)
