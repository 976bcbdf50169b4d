"""From a target to a list of steps of which every prefix is safe.

Event-driven: whatever is safe now is done now, restarts of high ranks first, each with the room it needs. When nothing is
safe any more, a cycle is broken by shrinking guests for a while, else by parking one on a third host, else by stopping
and starting one whose tier allows it; else a move is dropped and said so.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ..sizing import fit_sizes
from ..occupancy import Occupancy
from ..primitives.encoding import Index, Ints
from ..problem import NOWHERE, STOP_COST, Problem, Target
from .actions import ActionKind
from .steps import Step

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


def order_steps(
    problem: Problem, target: Target, startable_kinds: dict[int, ActionKind]
) -> Ordering:
    """Orders the way from the present placement to `target`.

    `startable_kinds` says for guests that do not run whether they START (the default) or RESUME. Where the way there
    interrupts guests that run at both ends, dropping moves instead is tried too, and the better end state wins.
    """
    ordering = _order(problem, target, startable_kinds, may_interrupt=True)
    if not ordering.interrupted:
        return ordering
    gentle = _order(problem, target, startable_kinds, may_interrupt=False)
    values = [problem.evaluate(o.reached, o.interrupted) for o in (ordering, gentle)]
    return ordering if values[0] <= values[1] else gentle


def _order(
    problem: Problem,
    target: Target,
    startable_kinds: dict[int, ActionKind],
    *,
    may_interrupt: bool,
) -> Ordering:
    ordering = _Orderer(problem, target, startable_kinds, may_interrupt).run()
    dropped, stuck = ordering.dropped, ordering.stuck
    for _ in range(_RERUNS):
        kept = (
            _spare_the_evicted(problem, ordering.reached) if ordering.dropped else None
        )
        if kept is None:
            break
        ordering = _Orderer(problem, kept, startable_kinds, may_interrupt).run()
    return Ordering(
        ordering.steps, ordering.reached, ordering.interrupted, dropped, stuck
    )


def _spare_the_evicted(problem: Problem, reached: Target) -> Target | None:
    """The reached target with guests kept whose eviction turned out to be in vain; None if there are none."""
    state = Occupancy(problem, problem.floor)
    for v in np.flatnonzero(
        problem.running & (reached.place != problem.current)
    ).tolist():
        state.take(v)
    for v in np.flatnonzero(
        (reached.place >= 0) & (reached.place != problem.current)
    ).tolist():
        state.put(v, int(reached.place[v]))
    evicted = np.flatnonzero(problem.running & (reached.place == NOWHERE)).tolist()
    ranks = problem.tier_values("rank")
    spared = False
    for v in sorted(evicted, key=lambda v: (-ranks[v], v)):
        h = int(problem.current[v])
        admitted = state.admits(v)
        if state.fits(v, h, problem.floor[v]) and (admitted is None or admitted[h]):
            state.put(v, h)
            spared = True
    return Target(state.place, fit_sizes(problem, state.place)) if spared else None


class _Orderer:
    def __init__(
        self,
        problem: Problem,
        target: Target,
        startable_kinds: dict[int, ActionKind],
        may_interrupt: bool,
    ) -> None:
        self._problem = problem
        self._kinds = startable_kinds
        self._may_interrupt = may_interrupt
        self._goal: Index = target.place.copy()
        self._size: Ints = target.size.copy()
        sizes = np.where(problem.running[:, None], problem.allocated, target.size)
        self._state = Occupancy(problem, sizes)
        self._steps: list[Step] = []
        self._dropped: list[str] = []
        self._stuck: list[int] = []
        self._parked: set[int] = set()
        self._replanned = False
        self._booted = np.zeros(problem.host_count, dtype=np.bool_)
        self._booted[target.place[target.place >= 0]] = True
        self._interrupted: dict[int, int] = {}
        self._waiting: list[int] = []
        self._shrinking: dict[int, list[int]] = defaultdict(list)

    def run(self) -> Ordering:
        problem = self._problem
        running = problem.running
        place = problem.current
        ranks, values = problem.tier_values("rank"), problem.tier_values("value")
        moving = np.flatnonzero(place != self._goal)
        self._waiting = sorted(
            moving.tolist(),
            key=lambda v: (place[v] != NOWHERE, -ranks[v], -values[v], v),
        )
        smaller = (
            running & (self._goal >= 0) & (self._size < problem.allocated).any(axis=1)
        )
        for v in np.flatnonzero(smaller).tolist():
            self._shrinking[int(place[v])].append(v)
        self._leaving: dict[int, list[int]] = defaultdict(list)
        for v in self._waiting:
            if place[v] != NOWHERE:
                self._leaving[int(place[v])].append(v)
        self._start_with_room()
        while self._waiting:
            if self._sweep() or self._shrink_everywhere():
                continue
            if not (
                self._squeeze() or self._park() or self._interrupt() or self._retarget()
            ):
                self._drop()
        self._shrink_everywhere()
        self._grow()
        return Ordering(
            tuple(self._steps),
            Target(
                self._state.place,
                np.where(
                    (self._state.place >= 0)[:, None], self._state.sizes, problem.upper
                ),
            ),
            sum(
                cost
                for v, cost in self._interrupted.items()
                if self._state.place[v] != NOWHERE
            ),
            tuple(self._dropped),
            tuple(self._stuck),
        )

    # -- what is safe now -------------------------------------------------------------------------------------------

    def _may_arrive(self, v: int, h: int) -> bool:
        """Whether the absent guest may run on `h` at its size in the state."""
        if not self._state.fits(v, h, self._state.sizes[v]):
            return False
        admitted = self._state.admits(v)
        return admitted is None or bool(admitted[h])

    def _try_start(self, v: int) -> bool:
        h = int(self._goal[v])
        if not self._may_arrive(v, h):
            return False
        self._state.put(v, h)
        kind = self._kinds.get(v, ActionKind.START)
        self._steps.append(Step(kind, v, h, size=self._state.sizes[v].copy()))
        return True

    def _try_stop(self, v: int) -> bool:
        h = self._state.take(v)
        if not self._state.admits_absence(v):
            self._state.put(v, h)
            return False
        suspends = self._problem.tiers[self._problem.tier[v]].suspends
        kind = (
            ActionKind.SUSPEND
            if suspends and self._problem.evictable[v]
            else ActionKind.STOP
        )
        self._steps.append(Step(kind, v, h, before=self._state.sizes[v].copy()))
        return True

    def _try_move(self, v: int, goal: int) -> bool:
        """A migration: room is held at both ends, so the target must have it while the source is still taken."""
        state, problem = self._state, self._problem
        source = int(state.place[v])
        if not problem.disruption.move_targets(v, source)[goal]:
            return False
        if not state.fits(v, goal, state.sizes[v]):
            return False
        state.take(v)
        admitted = state.admits(v)
        if admitted is not None and not admitted[goal]:
            state.put(v, source)
            return False
        state.put(v, goal)
        live = problem.disruption.is_live(v, source, goal)
        kind = ActionKind.MIGRATE_LIVE if live else ActionKind.MIGRATE_COLD
        self._steps.append(Step(kind, v, source, goal))
        return True

    def _shrink(self, v: int) -> None:
        """Gives up at once what the guest will not have at the end."""
        before = self._state.sizes[v].copy()
        size = np.minimum(before, self._size[v])
        if (size < before).any():
            self._state.resize(v, size)
            self._steps.append(
                Step(
                    ActionKind.RESIZE,
                    v,
                    int(self._state.place[v]),
                    size=size,
                    before=before,
                )
            )

    def _advance(self, v: int) -> bool:
        """Takes a waiting guest where it belongs, if that is safe now."""
        if self._state.place[v] == NOWHERE:
            return self._try_start(v)
        if self._goal[v] == NOWHERE:
            return self._try_stop(v)
        self._shrink_at(int(self._state.place[v]), only=v)
        return self._try_move(v, int(self._goal[v]))

    # -- order ------------------------------------------------------------------------------------------------------

    def _start_with_room(self) -> None:
        """Restarts by rank; for each, what leaves its host goes first, as far as it is needed and safe."""
        left = []
        for v in self._waiting:
            if self._state.place[v] != NOWHERE or self._goal[v] == NOWHERE:
                left.append(v)
                continue
            if not self._try_start(v):
                self._clear(int(self._goal[v]), v)
                if not self._try_start(v):
                    left.append(v)
        self._waiting = [v for v in left if self._state.place[v] != self._goal[v]]

    def _clear(self, h: int, v: int) -> None:
        """Shrinks, stops and moves away what leaves `h` anyway until `v` fits there."""
        for u in list(self._shrinking.get(h, ())):
            if self._state.fits(v, h, self._state.sizes[v]):
                return
            self._shrink_at(h, only=u)
        for u in self._leaving.get(h, ()):
            if self._state.fits(v, h, self._state.sizes[v]):
                return
            if self._state.place[u] == h:
                self._advance(u)

    def _shrink_at(self, h: int, only: int) -> None:
        if only in self._shrinking.get(h, ()) and self._state.place[only] == h:
            self._shrinking[h].remove(only)
            self._shrink(only)

    def _shrink_everywhere(self) -> bool:
        """All shrinking that is left; whether there was any."""
        before = len(self._steps)
        for h in sorted(self._shrinking):
            for v in list(self._shrinking[h]):
                self._shrink_at(h, only=v)
        return len(self._steps) > before

    def _sweep(self) -> bool:
        """Advances every waiting guest that can; whether any could."""
        before = len(self._waiting)
        self._waiting = [
            v
            for v in self._waiting
            if self._state.place[v] == self._goal[v] or not self._advance(v)
        ]
        self._waiting = [
            v for v in self._waiting if self._state.place[v] != self._goal[v]
        ]
        return len(self._waiting) < before

    def _blocked_moves(self) -> list[int]:
        """Waiting migrations, those first that stand where somebody wants to be; lowest rank first."""
        wanted = {int(self._goal[v]) for v in self._waiting}
        ranks = self._problem.tier_values("rank")
        moves = [
            v
            for v in self._waiting
            if self._state.place[v] != NOWHERE and self._goal[v] != NOWHERE
        ]
        return sorted(
            moves, key=lambda v: (int(self._state.place[v]) not in wanted, ranks[v], v)
        )

    def _squeeze(self) -> bool:
        """Shrinks guests on the host where a waiting guest wants to be, for as long as it takes; they grow back last."""
        problem, state = self._problem, self._state
        for v in self._waiting:
            h = int(self._goal[v])
            if h == NOWHERE:
                continue
            lacking = (
                state.usage[h]
                + problem.capacity.load_at(v, h, state.sizes[v])
                - state.ceiling[h]
            )
            guests = np.flatnonzero((state.place == h) & ~problem.fixed)
            slack = np.maximum(state.sizes[guests] - problem.floor[guests], 0)
            factors = np.where(
                problem.capacity.backed[guests],
                problem.capacity.factor[h, :, 1],
                problem.capacity.factor[h, :, 0],
            )
            if (
                not (lacking > 0).any()
                or ((slack * factors).sum(axis=0) < lacking).any()
            ):
                continue
            for i in np.lexsort(
                (
                    guests,
                    -(slack * factors / np.maximum(state.ceiling[h], 1)).sum(axis=1),
                )
            ).tolist():
                before = state.sizes[guests[i]].copy()
                cut = np.minimum(slack[i], -(-np.maximum(lacking, 0) // factors[i]))
                if not (cut > 0).any():
                    continue
                state.resize(int(guests[i]), before - cut)
                self._steps.append(
                    Step(
                        ActionKind.RESIZE,
                        int(guests[i]),
                        h,
                        size=before - cut,
                        before=before,
                    )
                )
                lacking = lacking - cut * factors[i]
            return True
        return False

    def _park(self) -> bool:
        """Moves one blocked guest to a third host from where it can go on."""
        problem, state = self._problem, self._state
        for v in self._blocked_moves():
            if v in self._parked:
                continue
            goal, source = int(self._goal[v]), int(state.place[v])
            via = problem.allowed.mask[
                problem.allowed.class_of[v]
            ] & problem.disruption.move_targets(v, source)
            via = via & (~problem.disruption.spare | self._booted)
            for c in np.flatnonzero(via).tolist():
                if (
                    c in (goal, source)
                    or not problem.disruption.move_targets(v, c)[goal]
                ):
                    continue
                if self._try_move(v, c):
                    self._parked.add(v)
                    return True
        return False

    def _interrupt(self) -> bool:
        """Stops (or suspends) one blocked guest whose tier allows it; it is started at its target later."""
        problem = self._problem
        for v in self._blocked_moves() if self._may_interrupt else ():
            if not (problem.evictable[v] or problem.disruption.cold[v]):
                continue
            if self._try_stop(v):
                suspended = self._steps[-1].kind is ActionKind.SUSPEND
                self._kinds = {
                    **self._kinds,
                    v: ActionKind.RESUME if suspended else ActionKind.START,
                }
                self._interrupted[v] = (
                    problem.tiers[problem.tier[v]].eviction_cost
                    if suspended
                    else STOP_COST
                )
                return True
        return False

    def _retarget(self) -> bool:
        """Starts a waiting guest on another host than planned, at its floor if need be."""
        problem, state = self._problem, self._state
        for v in self._waiting:
            if state.place[v] != NOWHERE:
                continue
            hosts = problem.allowed.mask[problem.allowed.class_of[v]]
            if not problem.running[v] and not problem.startable[v]:
                continue
            for size in (self._size[v], problem.floor[v]):
                state.sizes[v] = size
                for h in np.flatnonzero(hosts).tolist():
                    if self._may_arrive(v, h):
                        self._goal[v] = h
                        self._replanned = True
                        return True
            state.sizes[v] = self._size[v]
        return False

    def _drop(self) -> None:
        """Gives up one waiting guest: a move if there is one, else the start of lowest rank."""
        problem = self._problem
        ranks = problem.tier_values("rank")
        moves = self._blocked_moves()
        v = moves[0] if moves else min(self._waiting, key=lambda v: (ranks[v], -v))
        here = int(self._state.place[v])
        name, goal = problem.vm_ids[v], self._goal[v]
        self._stuck.append(v)
        if here == NOWHERE:
            self._dropped.append(
                f"{name} cannot be started on {problem.host_ids[goal]}: no safe order frees its room"
            )
        elif goal == NOWHERE:
            self._dropped.append(f"{name} cannot be stopped without breaking a rule")
        else:
            self._dropped.append(
                f"{name} cannot be moved from {problem.host_ids[here]} to {problem.host_ids[goal]}: "
                "no safe order, no host to park it on, and its tier allows no stop"
            )
        self._goal[v] = here
        self._replanned = True
        self._waiting.remove(v)

    def _grow(self) -> None:
        """Gives back size last, as far as the room reached allows."""
        problem, state = self._problem, self._state
        wanted = fit_sizes(problem, state.place) if self._replanned else self._size
        for v in np.flatnonzero((state.place >= 0) & ~problem.fixed).tolist():
            before = state.sizes[v].copy()
            h = int(state.place[v])
            room = state.ceiling[h] - state.usage[h]
            unit = problem.capacity.load_at(v, h, np.ones_like(before))
            more = np.minimum(
                np.maximum(wanted[v] - before, 0), np.maximum(room // unit, 0)
            )
            if (more > 0).any():
                state.resize(v, before + more)
                self._steps.append(
                    Step(ActionKind.RESIZE, v, h, size=before + more, before=before)
                )
