"""From a target to a list of steps of which every prefix is safe.

Event-driven: whatever is safe now is done now, restarts of high ranks first, each with the room it needs. When nothing
is safe any more, a cycle is broken by shrinking guests for a while, else by parking one on a third host, else by
stopping and starting one whose tier allows it; else a move is dropped and said so.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..actions import ActionKind
from ..occupancy import Occupancy
from ..primitives.encoding import Index, Ints
from ..problem import NOWHERE, STOP_COST, Problem, Target
from ..sizing import fit_sizes
from .concerns import Concerns
from .parking import Parking
from .steps import Step
from .turns import Turns
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


def order_steps(problem: Problem, target: Target, startable_kinds: dict[int, ActionKind]) -> Ordering:
    """Orders the way from the present placement to `target`.

    `startable_kinds` says for guests that do not run whether they START (the default) or RESUME. Where the way there
    interrupts guests that run at both ends, dropping moves instead is tried too, and the better end state wins.
    """
    ordering = _order(problem, target, startable_kinds, may_interrupt=True)
    # stopped for the sake of a move that then failed, although their tier lets nobody stop them
    stranded = problem.running & ~problem.evictable & (ordering.reached.place == NOWHERE)
    if not ordering.interrupted and not stranded.any():
        return ordering
    gentle = _order(problem, target, startable_kinds, may_interrupt=False)
    if stranded.any():
        return gentle
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
    """One attempt. `_waiting` holds the guests that are not where they belong."""

    def __init__(self, problem: Problem, target: Target, kinds: dict[int, ActionKind], may_interrupt: bool) -> None:
        self._problem = problem
        self._may_interrupt = may_interrupt
        self._goal: Index = target.place.copy()
        self._size: Ints = target.size.copy()
        self._walk = Walk(problem, np.where(problem.running[:, None], problem.allocated, target.size), kinds)
        self._ranks = problem.tier_values("rank")
        self._dropped: list[str] = []
        self._stuck: list[int] = []
        self._replanned = False
        self._interrupted: dict[int, int] = {}
        self._shrinking, self._leaving = self._departures()
        self._waiting = dict.fromkeys(self._movers())
        self._turns = Turns(list(self._waiting))
        self._concerns = Concerns(problem)
        for v in self._waiting:
            self._concerns.add(v, int(self._goal[v]))
        open_hosts = ~problem.disruption.spare
        open_hosts[target.place[target.place >= 0]] = True
        self._parking = Parking(problem, self._walk, self._concerns, open_hosts)
        self._noticed = 0
        """How many steps the waiting guests have been told of."""

    def _departures(self) -> tuple[defaultdict[int, list[int]], defaultdict[int, list[int]]]:
        """Per host the guests that will be smaller, and those that will be gone."""
        problem = self._problem
        shrinking: defaultdict[int, list[int]] = defaultdict(list)
        leaving: defaultdict[int, list[int]] = defaultdict(list)
        smaller = problem.running & (self._goal >= 0) & (self._size < problem.allocated).any(axis=1)
        for v in np.flatnonzero(smaller).tolist():
            shrinking[int(problem.current[v])].append(v)
        for v in np.flatnonzero(problem.running & (self._goal != problem.current)).tolist():
            leaving[int(problem.current[v])].append(v)
        return shrinking, leaving

    def _movers(self) -> list[int]:
        """Guests to start, then guests to move or stop; highest rank first."""
        problem, values = self._problem, self._problem.tier_values("value")
        moving = np.flatnonzero(problem.current != self._goal).tolist()
        return sorted(moving, key=lambda v: (problem.current[v] != NOWHERE, -self._ranks[v], -values[v], v))

    def run(self) -> Ordering:
        problem, walk = self._problem, self._walk
        self._start_with_room()
        while self._waiting:
            if self._sweep() or self._shrink_everywhere():
                continue
            if not (self._squeeze() or self._park() or self._interrupt() or self._retarget()):
                self._give_up()
        self._shrink_everywhere()
        self._grow()
        place = walk.state.place
        return Ordering(
            tuple(walk.steps),
            Target(place, np.where((place >= 0)[:, None], walk.state.sizes, problem.upper)),
            sum(cost for v, cost in self._interrupted.items() if not self._had_to_stop(v)),
            tuple(self._dropped),
            tuple(self._stuck),
        )

    def _had_to_stop(self, v: int) -> bool:
        """Whether an interrupted guest is down in the end, or where it could not have moved."""
        return self._walk.is_away(v) or self._problem.needs_restart(v, self._walk.host_of(v))

    def _settled(self, v: int) -> bool:
        return self._walk.host_of(v) == int(self._goal[v])

    def _advance(self, v: int) -> bool:
        """Takes a waiting guest where it belongs, if that is safe now."""
        walk, goal = self._walk, int(self._goal[v])
        if walk.is_away(v):
            return walk.start(v, goal)
        if goal == NOWHERE:
            return walk.stop(v)
        if self._restarts(v):
            return self._take_down(v) and walk.start(v, goal)
        self._shrink_now(v)
        return walk.move(v, goal)

    def _start_with_room(self) -> None:
        """Restarts by rank; for each, what leaves its host goes first, as far as it is needed and safe."""
        for v in self._waiting:
            goal = int(self._goal[v])
            if self._walk.is_away(v) and goal != NOWHERE and not self._walk.start(v, goal):
                self._clear(goal, v)
                self._walk.start(v, goal)
        self._waiting = {v: None for v in self._waiting if not self._settled(v)}

    def _clear(self, h: int, v: int) -> None:
        """Shrinks, stops and moves away what leaves `h` anyway until `v` fits there."""
        state = self._walk.state
        for u in list(self._shrinking[h]):
            if state.fits(v, h, state.sizes[v]):
                return
            self._shrink_now(u)
        for u in self._leaving[h]:
            if state.fits(v, h, state.sizes[v]):
                return
            if state.place[u] == h:
                self._advance(u)

    def _shrink_now(self, v: int) -> None:
        """Lets a guest give up at once what it will not have at the end, if that is still to do where it began."""
        h = int(self._problem.current[v])
        if v in self._shrinking[h]:
            self._shrinking[h].remove(v)
            if self._walk.host_of(v) == h:
                self._walk.shrink(v, self._size[v])

    def _shrink_everywhere(self) -> bool:
        """All shrinking that is left; whether there was any."""
        before = len(self._walk.steps)
        for h in sorted(self._shrinking):
            for v in list(self._shrinking[h]):
                self._shrink_now(v)
        return len(self._walk.steps) > before

    def _sweep(self) -> bool:
        """Advances every waiting guest that can, as far as something has changed for it; whether any could."""
        before = len(self._waiting)
        self._notice()
        for v in self._turns.round():
            if v in self._waiting:
                if self._advance(v):
                    del self._waiting[v]
                self._notice()
        return len(self._waiting) < before

    def _notice(self) -> None:
        """Wakes those whom the latest steps concern."""
        steps = self._walk.steps
        for step in steps[self._noticed :]:
            for v in self._concerns.of(step):
                self._turns.wake(v)
        self._noticed = len(steps)

    def _restarts(self, v: int) -> bool:
        """Whether the guest still runs where it began and its goal can only be reached by evicting and starting it."""
        at = self._walk.host_of(v)
        return at == int(self._problem.current[v]) != NOWHERE and self._problem.needs_restart(v, int(self._goal[v]))

    def _blocked_moves(self) -> list[int]:
        """Waiting migrations, those first that stand where somebody wants to be; lowest rank first."""
        wanted = {int(self._goal[v]) for v in self._waiting}
        moves = [v for v in self._waiting if not self._walk.is_away(v) and self._goal[v] != NOWHERE]
        return sorted(moves, key=lambda v: (self._walk.host_of(v) not in wanted, self._ranks[v], v))

    def _squeeze(self) -> bool:
        """Makes room for one waiting guest by shrinking others for as long as it takes; they grow back last."""
        sizes = self._walk.state.sizes
        if not (sizes > self._problem.floor).any():
            return False
        return any(self._goal[v] != NOWHERE and self._walk.squeeze(v, int(self._goal[v])) for v in self._waiting)

    def _park(self) -> bool:
        """Moves one blocked guest to a third host from where it can go on; no spare is booted for that."""
        return any(self._parking.park(v, int(self._goal[v])) for v in self._blocked_moves())

    def _interrupt(self) -> bool:
        """Stops (or suspends) one blocked guest whose tier allows it; it is started at its target later."""
        problem = self._problem
        for v in self._blocked_moves() if self._may_interrupt else ():
            if (problem.evictable[v] or problem.disruption.cold[v]) and self._take_down(v):
                return True
        return False

    def _take_down(self, v: int) -> bool:
        """Stops or suspends a guest that is to run again; it comes back at its final size."""
        problem, walk = self._problem, self._walk
        if not walk.stop(v):
            return False
        suspended = walk.steps[-1].kind is ActionKind.SUSPEND
        self._interrupted[v] = problem.tiers[int(problem.tier[v])].eviction_cost if suspended else STOP_COST
        walk.state.sizes[v] = self._size[v]
        return True

    def _retarget(self) -> bool:
        """Finds another host than planned for a guest that waits to start, at its floor if need be."""
        problem, state = self._problem, self._walk.state
        for v in self._waiting:
            if not self._walk.is_away(v):
                continue
            allowed = problem.allowed.mask[problem.allowed.class_of[v]]
            admitted = state.admits(v)
            if admitted is not None:
                allowed = allowed & admitted
            for size in (self._size[v], problem.floor[v]):
                state.sizes[v] = size
                for h in np.flatnonzero(allowed & state.hosts_with_room(v, size)).tolist():
                    if self._walk.may_arrive(v, h):
                        self._goal[v] = h
                        self._replanned = True
                        self._concerns.add(v, h)
                        self._turns.wake(v)
                        return True
            state.sizes[v] = self._size[v]
        return False

    def _give_up(self) -> None:
        """Drops all who wait, because nothing can be done for anybody: moves first, then the starts of lowest rank."""
        moves = list(self._blocked_in_turn())
        rest = self._waiting.keys() - set(moves)
        for v in (*moves, *sorted(rest, key=lambda v: (self._ranks[v], -v))):
            self._drop(v)

    def _blocked_in_turn(self) -> Iterator[int]:
        """The blocked moves, the next one always the first of `_blocked_moves` when those before it wait no more."""
        wanted = Counter(int(self._goal[v]) for v in self._waiting)
        queue = [(wanted[self._walk.host_of(v)] == 0, int(self._ranks[v]), v) for v in self._blocked_moves()]
        heapq.heapify(queue)
        while queue:
            is_last, rank, v = heapq.heappop(queue)
            if not is_last and wanted[self._walk.host_of(v)] == 0:
                heapq.heappush(queue, (True, rank, v))
                continue
            wanted[int(self._goal[v])] -= 1
            yield v

    def _drop(self, v: int) -> None:
        """Gives up one waiting guest."""
        problem = self._problem
        here, goal, name = self._walk.host_of(v), int(self._goal[v]), problem.vm_ids[v]
        if here == NOWHERE:
            self._dropped.append(f"{name} cannot be started on {problem.host_ids[goal]}: no safe order frees its room")
        elif goal == NOWHERE:
            self._dropped.append(f"{name} cannot be stopped without breaking a rule")
        else:
            self._dropped.append(
                f"{name} cannot be moved from {problem.host_ids[here]} to {problem.host_ids[goal]}: no safe order, no "
                "room to be made by shrinking, no host to park it on, and its tier allows no stop"
            )
        self._stuck.append(v)
        self._goal[v] = here
        self._replanned = True
        del self._waiting[v]

    def _grow(self) -> None:
        """Gives back size last, as far as the room reached allows."""
        state = self._walk.state
        wanted = fit_sizes(self._problem, state.place) if self._replanned else self._size
        smaller = (state.sizes < wanted).any(axis=1) & (state.place >= 0) & ~self._problem.fixed
        for v in np.flatnonzero(smaller).tolist():
            self._walk.grow(v, wanted[v])
