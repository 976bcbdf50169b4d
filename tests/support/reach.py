"""Brute force on tiny clusters: which placements safe single actions lead to, and the best of them.

Judged by the reading of the tests, like `tests.support.oracle`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import pairwise

from tests.support.oracle import NOWHERE, Oracle
from tests.support.reading.case import Reading
from tests.support.reading.levels import MEASURES, Levels, disruption, in_order, running, stop_cost
from tests.support.reading.world import moves_live, running_on, size_now
from tests.support.timing import timed
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.placement import Placement
from trimtab_solver.policy.documents import Policy
from trimtab_solver.rules.tier import EvictionAction
from trimtab_solver.snapshot import FencingState, HostState, Snapshot, Vm, VmState
from trimtab_solver.verify.placement import judge_placement


def reachable(
    snapshot: Snapshot, policy: Policy, placement: Placement, *, restarts: bool = True, max_states: int = 20_000
) -> bool:
    """Whether some order of single safe actions leads from the snapshot to `placement`; see `find_plan`."""
    return find_plan(snapshot, policy, placement, restarts=restarts, max_states=max_states) is not None


def find_plan(
    snapshot: Snapshot, policy: Policy, placement: Placement, *, restarts: bool = True, max_states: int = 20_000
) -> Plan | None:
    """A plan to `placement` in which each action waits for the one before it; None if there is none.

    Sizes need no search: a guest takes least room at its floor, so all shrink to it first, and grow at the end. Guests
    may be parked on any host, and with `restarts` be taken down in between as far as their rights go (which
    counts as a stop).

    Raises
    ------
    RuntimeError
        When more than `max_states` placements were visited without an answer.
    """
    reading = Reading(snapshot, policy)
    if not judge_placement(snapshot, policy, None, placement, stopped=reading.vms).is_valid:
        return None
    plan = _Search(reading, placement, restarts, max_states).run()
    return None if plan is None else timed(snapshot, plan)


def best_reachable_levels(
    snapshot: Snapshot, policy: Policy, *, restarts: bool = True, max_states: int = 50_000
) -> Levels:
    """The smallest levels of all states that safe single actions reach, stops on the way included.

    Without `restarts` a guest that is taken down comes back only where it may move to (or where it was).

    Raises
    ------
    RuntimeError
        When more than `max_states` states were visited.
    """
    return _Reach(Reading(snapshot, policy), restarts, max_states).best()


class _Search:
    def __init__(self, reading: Reading, placement: Placement, restarts: bool, max_states: int) -> None:
        self.reading = reading
        self.placement = placement
        self.restarts = restarts
        self.max_states = max_states
        self.oracle = Oracle(reading, restarts=True)
        self.movable = [vm for vm in reading.wanted if vm.state is not VmState.MIGRATING]
        self.fixed = {vm.id: running_on(vm) for vm in reading.wanted if vm.state is VmState.MIGRATING}
        self.floors = {guest.vm.id: guest.floor for guest in self.oracle.guests}
        self.has_budget = reading.moves.most < len(self.movable) or reading.moves.most_each is not None
        self.goals = {vm.id: [h for h in reading.hosts if reading.may_arrive(vm, h)] for vm in self.movable}

    def run(self) -> Plan | None:
        start = tuple(map(running_on, self.movable)), frozenset[str]()
        goal = tuple(self.placement.hosts.get(vm.id, NOWHERE) for vm in self.movable)
        came_from = {start: start}
        queue = deque([start])
        reached = start if start[0] == goal else None
        while queue and reached is None:
            here, moved = queue.popleft()
            for there in self._neighbours(here):
                state = there, self._moved(moved, there)
                if state not in came_from and self._is_safe(there) and self._is_affordable(state[1]):
                    came_from[state] = here, moved
                    queue.append(state)
                    if there == goal:
                        reached = state
            if len(came_from) > self.max_states:
                raise RuntimeError(f"more than {self.max_states} placements visited")
        if reached is None:
            return None
        path = [reached]
        while path[-1] != start:
            path.append(came_from[path[-1]])
        return self._plan([there for there, _ in path[::-1]])

    def _moved(self, moved: frozenset[str], there: tuple[str, ...]) -> frozenset[str]:
        """The guests that count as moved once the cluster was `there`; none where there is no need to count."""
        if not self.has_budget:
            return moved
        now = self.reading.place
        away = (vm.id for vm, at in zip(self.movable, there, strict=True) if at and at != now.get(vm.id, at))
        return moved.union(away) - self.reading.exempt

    def _is_affordable(self, moved: frozenset[str]) -> bool:
        return self.reading.moves.permits(moved)

    def _neighbours(self, here: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for i, vm in enumerate(self.movable):
            at = here[i]
            options: list[str] = []
            if not at:
                options = self.goals[vm.id] if self.reading.may_start(vm) else []
            else:
                options = [h for h in self.goals[vm.id] if h != at and self.reading.may_move(vm, at, h)]
                if not self._is_safe((*here[:i], NOWHERE, *here[i + 1 :])):
                    # a cold move is an outage on its way
                    options = [h for h in options if moves_live(vm, self.reading.hosts[at], self.reading.hosts[h])]
                if self._may_go_down(vm):
                    options.append(NOWHERE)
            for option in options:
                yield (*here[:i], option, *here[i + 1 :])

    def _may_go_down(self, vm: Vm) -> bool:
        """Whether the guest may be taken down, given that the way ends in the placement asked for."""
        if vm.id in self.placement.hosts and running_on(vm) and not self.restarts:
            return False
        return self.reading.eviction(vm) is not None

    def _is_safe(self, there: tuple[str, ...]) -> bool:
        place = self._place(there)
        return self.oracle.has_room(place) and self.oracle.group_amounts(place) is not None

    def _place(self, there: tuple[str, ...]) -> dict[str, str]:
        return {**self.fixed, **{vm.id: at for vm, at in zip(self.movable, there, strict=True) if at}}

    # --- the plan ----------------------------------------------------------------------------------------------------

    def _plan(self, path: list[tuple[str, ...]]) -> Plan:
        actions: list[Action] = []

        def act(
            kind: ActionKind, vm_id: str, host_id: str, target: str = "", size: Mapping[str, int] | None = None
        ) -> None:
            number = len(actions) + 1
            before = (number - 1,) if actions else ()
            actions.append(Action(number, kind, vm_id, host_id, target, size or {}, before))

        for host in self.reading.hosts.values():
            if host.state is HostState.DOWN and host.fencing is FencingState.UNFENCED:
                act(ActionKind.FENCE_HOST, "", host.id)
            elif host.state is HostState.STANDBY:
                act(ActionKind.BOOT_HOST, "", host.id)
        for vm in self.movable:
            if running_on(vm) and size_now(vm) != self.floors[vm.id]:
                act(ActionKind.RESIZE, vm.id, running_on(vm), size=self.floors[vm.id])
        asleep = {vm.id for vm in self.movable if vm.state is VmState.SUSPENDED}
        for here, there in pairwise(path):
            ((vm, source, target),) = ((vm, a, b) for vm, a, b in zip(self.movable, here, there, strict=True) if a != b)
            if not source:
                kind = ActionKind.RESUME if vm.id in asleep else ActionKind.START
                asleep.discard(vm.id)
                act(kind, vm.id, target, size=self.floors[vm.id])
            elif not target:
                suspends = self.reading.eviction(vm) is EvictionAction.SUSPEND
                if suspends:
                    asleep.add(vm.id)
                act(ActionKind.SUSPEND if suspends else ActionKind.STOP, vm.id, source)
            else:
                live = moves_live(vm, self.reading.hosts[source], self.reading.hosts[target])
                act(ActionKind.MIGRATE_LIVE if live else ActionKind.MIGRATE_COLD, vm.id, source, target)
        for vm in self.movable:
            size = self.placement.sizes.get(vm.id)
            if size is not None and dict(size) != self.floors[vm.id]:
                act(ActionKind.RESIZE, vm.id, self.placement.hosts[vm.id], size=size)
        return Plan(tuple(actions))


class _Reach(_Search):
    """Visits every state that can be reached; a state is who runs where and who was taken down on the way."""

    def __init__(self, reading: Reading, restarts: bool, max_states: int) -> None:
        super().__init__(reading, Placement({}, {}), restarts, max_states)

    def _may_go_down(self, vm: Vm) -> bool:
        return self.reading.eviction(vm) is not None

    def best(self) -> Levels:
        """The levels of the best end. What runs is compared first, so that few ends need to be sized."""
        ranked: dict[tuple[int, ...], dict[tuple[str, ...], int]] = {}
        for there, stops in self._ends().items():
            up = running(self.reading, self._place(there))
            ranked.setdefault(tuple(value for _, value in up), {})[there] = stops
        fewest = min(ranked)
        values = min(self._values(there, stops) for there, stops in ranked[fewest].items())
        nothing = (0,) * len(MEASURES)
        names = [name for name, _ in (*running(self.reading, ()), *in_order(self.reading, nothing))]
        return list(zip(names, (*fewest, *values), strict=True))

    def _values(self, there: tuple[str, ...], stops: int) -> tuple[int, ...]:
        place, oracle = self._place(there), self.oracle
        cells = [self.reading.cell[item] for item in place.items()]
        groups = oracle.group_amounts(place)
        assert groups is not None
        inherited = groups[0] + sum(cell.broken for cell in cells) + oracle.broken_rooms(place)
        should = groups[1] + sum(cell.cost for cell in cells)
        shrinkage, options = oracle.sizes_within_room(place)
        balance, _ = oracle.best_balance(place, options)
        return oracle.in_order((inherited, stops, shrinkage, should, disruption(self.reading, place), balance))

    def _ends(self) -> dict[tuple[str, ...], int]:
        """The fewest stops with which each state can be reached in which a plan may end."""
        start = tuple(map(running_on, self.movable)), frozenset[str](), frozenset[str]()
        seen = {start}
        queue = deque([start])
        safe: dict[tuple[str, ...], bool] = {}
        ends: dict[tuple[str, ...], int] = {}
        while queue:
            here, down, moved = queue.popleft()
            if self._may_end(here, down):
                stops = sum(stop_cost(self.reading, vm_id) for vm_id in down)
                ends[here] = min(stops, ends.get(here, stops))
            for there in self._neighbours(here):
                if there not in safe:
                    safe[there] = self._is_safe(there)
                if not safe[there]:
                    continue
                left = (
                    vm.id for vm, a, b in zip(self.movable, here, there, strict=True) if running_on(vm) and a and not b
                )
                state = there, down.union(left), self._moved(moved, there)
                if state not in seen and self._is_affordable(state[2]):
                    seen.add(state)
                    queue.append(state)
            if len(seen) > self.max_states:
                raise RuntimeError(f"more than {self.max_states} states visited")
        return ends

    def _may_end(self, here: tuple[str, ...], down: frozenset[str]) -> bool:
        """Whether nobody was taken down only to come back where it could not have moved, unless that is asked for."""
        back = [(vm, at) for vm, at in zip(self.movable, here, strict=True) if vm.id in down and at]
        return self.restarts or all(
            running_on(vm) == at or self.reading.may_move(vm, running_on(vm), at) for vm, at in back
        )
