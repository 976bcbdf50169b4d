"""Brute force on tiny clusters: which placements safe single actions lead to, and the best of them.

Judged by the verifier alone, like `tests.support.oracle`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import pairwise

from tests.support.oracle import MEASURES, NOWHERE, Oracle, may_pause, stop_cost
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.placement import Placement
from trimtab_solver.policy.documents import Policy
from trimtab_solver.rules.tier import EvictionAction
from trimtab_solver.snapshot import FencingState, HostState, Snapshot, Vm, VmState
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.levels import disruption, running_levels
from trimtab_solver.verify.objectives import in_order
from trimtab_solver.verify.placement import judge_placement
from trimtab_solver.verify.rights import move_kind, size_now


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
    case = Case(snapshot, policy)
    if not judge_placement(snapshot, policy, None, placement, case=case, stopped=case.vms).is_valid:
        return None
    return _Search(case, placement, restarts, max_states).run()


def best_reachable_levels(
    snapshot: Snapshot, policy: Policy, *, restarts: bool = True, max_states: int = 50_000
) -> list[tuple[str, int]]:
    """The smallest levels of all states that safe single actions reach, stops on the way included.

    Without `restarts` a guest that is taken down comes back only where it may move to (or where it was).

    Raises
    ------
    RuntimeError
        When more than `max_states` states were visited.
    """
    return _Reach(Case(snapshot, policy), restarts, max_states).best()


class _Search:
    def __init__(self, case: Case, placement: Placement, restarts: bool, max_states: int) -> None:
        self.case = case
        self.placement = placement
        self.restarts = restarts
        self.max_states = max_states
        self.movable = [vm for vm in case.snapshot.vms if vm.is_wanted and vm.state is not VmState.MIGRATING]
        self.fixed = {vm.id: vm.place for vm in case.snapshot.vms if vm.state is VmState.MIGRATING}
        self.floors = {
            vm.id: {r: least for r, (least, _) in case.size_limits(vm).items()}
            for vm in case.snapshot.vms
            if vm.is_wanted
        }
        self.rooms = case.rooms()
        self.has_budget = case.moves.most < len(self.movable) or case.moves.most_each is not None
        self.goals = {
            vm.id: [host.id for host in case.snapshot.hosts if not case.arrival_faults(0, vm, host.id)]
            for vm in self.movable
        }

    def run(self) -> Plan | None:
        start = tuple(vm.place for vm in self.movable), frozenset[str]()
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
        away = (vm.id for vm, at in zip(self.movable, there, strict=True) if vm.is_running and at not in ("", vm.place))
        return moved.union(away) - self.case.exempt

    def _is_affordable(self, moved: frozenset[str]) -> bool:
        return not any(self.case.moves.faults(moved))

    def _neighbours(self, here: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for i, vm in enumerate(self.movable):
            tier, at = self.case.tier[vm.id], here[i]
            options: list[str] = []
            if not at:
                options = [] if self.case.start_fault(vm) else self.goals[vm.id]
            else:
                source = self.case.hosts[at]
                options = [
                    h
                    for h in self.goals[vm.id]
                    if h != at and move_kind(vm, tier, source, self.case.hosts[h]) is not None
                ]
                if self._may_go_down(vm):
                    options.append(NOWHERE)
            for option in options:
                yield (*here[:i], option, *here[i + 1 :])

    def _may_go_down(self, vm: Vm) -> bool:
        """Whether the guest may be taken down, given that the way ends in the placement asked for."""
        returns = vm.id in self.placement.hosts
        if returns and vm.is_running and not self.restarts:
            return False
        return self.case.tier[vm.id].eviction is not None or (returns and may_pause(self.case, vm))

    def _is_safe(self, there: tuple[str, ...]) -> bool:
        place = {**self.fixed, **{vm.id: at for vm, at in zip(self.movable, there, strict=True) if at}}
        self.rooms.refill(place, self.floors)
        if any(self.rooms.excess(host_id) for host_id in self.case.hosts):
            return False
        return all(
            amount <= self.case.tolerated[index].get(key, 0)
            for index, scope in enumerate(self.case.scopes)
            if scope.is_must
            for key, amount in scope.amounts(place).items()
        )

    # --- the plan ----------------------------------------------------------------------------------------------------

    def _plan(self, path: list[tuple[str, ...]]) -> Plan:
        actions: list[Action] = []

        def act(
            kind: ActionKind, vm_id: str, host_id: str, target: str = "", size: Mapping[str, int] | None = None
        ) -> None:
            number = len(actions) + 1
            before = (number - 1,) if actions else ()
            actions.append(Action(number, kind, vm_id, host_id, target, size or {}, before, earliest_start_s=number))

        for host in self.case.snapshot.hosts:
            if host.state is HostState.DOWN and host.fencing is FencingState.UNFENCED:
                act(ActionKind.FENCE_HOST, "", host.id)
            elif host.state is HostState.STANDBY:
                act(ActionKind.BOOT_HOST, "", host.id)
        for vm in self.movable:
            if vm.is_running and dict(size_now(vm)) != self.floors[vm.id]:
                act(ActionKind.RESIZE, vm.id, vm.place, size=self.floors[vm.id])
        asleep = {vm.id for vm in self.movable if vm.state is VmState.SUSPENDED}
        for here, there in pairwise(path):
            ((vm, source, target),) = ((vm, a, b) for vm, a, b in zip(self.movable, here, there, strict=True) if a != b)
            tier = self.case.tier[vm.id]
            if not source:
                kind = ActionKind.RESUME if vm.id in asleep else ActionKind.START
                asleep.discard(vm.id)
                act(kind, vm.id, target, size=self.floors[vm.id])
            elif not target:
                suspends = tier.eviction is EvictionAction.SUSPEND
                if suspends:
                    asleep.add(vm.id)
                act(ActionKind.SUSPEND if suspends else ActionKind.STOP, vm.id, source)
            else:
                move = move_kind(vm, tier, self.case.hosts[source], self.case.hosts[target])
                assert move is not None
                act(move, vm.id, source, target)
        for vm in self.movable:
            size = self.placement.sizes.get(vm.id)
            if size is not None and dict(size) != self.floors[vm.id]:
                act(ActionKind.RESIZE, vm.id, self.placement.hosts[vm.id], size=size)
        return Plan(tuple(actions))


class _Reach(_Search):
    """Visits every state that can be reached; a state is who runs where and who was taken down on the way."""

    def __init__(self, case: Case, restarts: bool, max_states: int) -> None:
        super().__init__(case, Placement({}, {}), restarts, max_states)

    def _may_go_down(self, vm: Vm) -> bool:
        return self.case.tier[vm.id].eviction is not None or may_pause(self.case, vm)

    def best(self) -> list[tuple[str, int]]:
        """The levels of the best end. What runs is compared first, so that few ends need to be sized."""
        ranked: dict[tuple[tuple[str, int], ...], dict[tuple[str, ...], int]] = {}
        for there, stops in self._ends().items():
            place = {vm.id: at for vm, at in zip(self.movable, there, strict=True) if at}
            ranked.setdefault(running_levels(self.case, {*place, *self.fixed}), {})[there] = stops
        running = min(ranked, key=lambda levels: [value for _, value in levels])
        oracle = Oracle(self.case, True)
        values = min(self._values(oracle, there, stops) for there, stops in ranked[running].items())
        return [*running, *zip(self._names(running), values, strict=True)]

    def _names(self, running: tuple[tuple[str, int], ...]) -> list[str]:
        """What the levels after those of running guests are called."""
        nothing = dict.fromkeys((*dict(running), *MEASURES), 0)
        return [name for name, _ in in_order(self.case.selection, nothing)][len(running) :]

    def _values(self, oracle: Oracle, there: tuple[str, ...], stops: int) -> tuple[int, ...]:
        place = {**self.fixed, **{vm.id: at for vm, at in zip(self.movable, there, strict=True) if at}}
        unary = [oracle.unary[item] for item in place.items()]
        groups = oracle._group_amounts(place)
        assert groups is not None
        inherited = groups[0] + sum(more for more, _ in unary) + oracle._broken_rooms(place)
        should = groups[1] + sum(wish for _, wish in unary)
        shrinkage, options = oracle._sizes(place)
        balance, _ = oracle._best_balance(place, options)
        return oracle.in_order((inherited, stops, shrinkage, should, disruption(self.case, place), balance))

    def _ends(self) -> dict[tuple[str, ...], int]:
        """The fewest stops with which each state can be reached in which a plan may end."""
        start = tuple(vm.place for vm in self.movable), frozenset[str](), frozenset[str]()
        seen = {start}
        queue = deque([start])
        safe: dict[tuple[str, ...], bool] = {}
        ends: dict[tuple[str, ...], int] = {}
        while queue:
            here, down, moved = queue.popleft()
            if self._may_end(here, down):
                stops = sum(stop_cost(self.case, vm_id) for vm_id in down)
                ends[here] = min(stops, ends.get(here, stops))
            for there in self._neighbours(here):
                if there not in safe:
                    safe[there] = self._is_safe(there)
                if not safe[there]:
                    continue
                left = (
                    vm.id for vm, a, b in zip(self.movable, here, there, strict=True) if vm.is_running and a and not b
                )
                state = there, down.union(left), self._moved(moved, there)
                if state not in seen and self._is_affordable(state[2]):
                    seen.add(state)
                    queue.append(state)
            if len(seen) > self.max_states:
                raise RuntimeError(f"more than {self.max_states} states visited")
        return ends

    def _may_end(self, here: tuple[str, ...], down: frozenset[str]) -> bool:
        for vm, at in zip(self.movable, here, strict=True):
            if vm.id not in down:
                continue
            tier = self.case.tier[vm.id]
            if not at:
                may_end = tier.eviction is not None
            else:
                source, target = self.case.hosts[vm.place], self.case.hosts[at]
                may_end = self.restarts or source is target or move_kind(vm, tier, source, target) is not None
            if not may_end:
                return False
        return True
