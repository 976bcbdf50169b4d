"""Brute force on tiny clusters: the best that any target can reach, and what safe single actions can reach.

Everything is judged by the verifier's scopes and rooms; no engine code is used. Cost grows as (hosts + 1) to the power
of guests: meant for up to 4 hosts and 6 guests with sizes of a few units.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product

from trimtab_solver.placement import Placement
from trimtab_solver.plan.actions import Action, ActionKind, Plan
from trimtab_solver.policy.documents import Policy
from trimtab_solver.rules.tier import EvictionAction
from trimtab_solver.snapshot import FencingState, HostState, Migratability, Snapshot, Vm, VmState
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.levels import disruption, running_levels
from trimtab_solver.verify.placement import judge_placement
from trimtab_solver.verify.rights import move_kind, size_limits, size_now
from trimtab_solver.verify.room import Rooms, held, room
from trimtab_solver.verify.scope import HostScope

NOWHERE = ""
Size = dict[str, int]


def best_levels(
    snapshot: Snapshot, policy: Policy, *, restarts: bool = True
) -> tuple[list[tuple[str, int]], Placement]:
    """The lexicographically smallest levels of all targets, and a target that has them.

    A target moves a running guest live or cold, as its rights say; with `restarts` also by evicting it and starting it
    elsewhere, which counts as a stop (or suspension).
    """
    return _Oracle(Case(snapshot, policy), restarts).best()


@dataclass(frozen=True, slots=True)
class _Guest:
    """A wanted guest.

    `options` lists where it may run in the end, NOWHERE for not at all; `restarts` those of them that it can reach
    only by being taken down.
    """

    vm: Vm
    options: tuple[str, ...]
    restarts: frozenset[str]
    limits: Mapping[str, tuple[int, int]]
    floor: Mapping[str, int]


class _Oracle:
    def __init__(self, case: Case, restarts: bool) -> None:
        self.case = case
        self.restarts = restarts
        self.rooms = Rooms(case.snapshot, case.hosts, case.tier)
        self.guests = [self._guest(vm) for vm in case.snapshot.vms if vm.is_wanted]
        self.limits = {
            host.id: {r: self.rooms.limit(host.id, r) for guest in self.guests for r in guest.limits}
            for host in case.snapshot.hosts
        }
        self.sources: dict[str, Size] = {host.id: {} for host in case.snapshot.hosts}
        for vm in case.snapshot.vms:
            if vm.state is VmState.MIGRATING:
                _add(self.sources[vm.host_id], held(case.hosts[vm.host_id], case.tier[vm.id], size_now(vm)))
        self.groups = [i for i, scope in enumerate(case.scopes) if not isinstance(scope, HostScope)]
        self.unary = {(g.vm.id, h): self._unary(g.vm.id, h) for g in self.guests for h in case.hosts}
        self.floors = {
            (g.vm.id, h): held(host, case.tier[g.vm.id], g.floor) for g in self.guests for h, host in case.hosts.items()
        }

    def _guest(self, vm: Vm) -> _Guest:
        case, tier = self.case, self.case.tier[vm.id]
        limits = size_limits(vm, tier)
        floor = {resource: least for resource, (least, _) in limits.items()}
        hosts = [host.id for host in case.snapshot.hosts if not case.arrival_faults(0, vm, host.id)]
        if vm.state is VmState.MIGRATING:
            return _Guest(vm, (vm.place,), frozenset(), limits, floor)
        if vm.state is not VmState.RUNNING:
            options = (NOWHERE, *(() if case.start_fault(vm) else hosts))
            return _Guest(vm, options, frozenset(), limits, floor)
        here, evictable = case.hosts[vm.place], tier.eviction is not None
        moves = {h for h in hosts if h != vm.place and move_kind(vm, tier, here, case.hosts[h]) is not None}
        others = frozenset(hosts) - moves - {vm.place} if self.restarts and evictable else frozenset[str]()
        options = (vm.place, *sorted(moves | others), *((NOWHERE,) if evictable else ()))
        return _Guest(vm, options, others, limits, floor)

    def _unary(self, vm_id: str, host_id: str) -> tuple[int, int]:
        """Inherited and should amounts of the rules about the guest alone."""
        inherited = should = 0
        for index in self.case.scopes_by_vm[vm_id]:
            scope = self.case.scopes[index]
            if isinstance(scope, HostScope) and scope.cell(vm_id, host_id) is not None:
                inherited += scope.is_must
                should += 0 if scope.is_must else scope.weight
        return inherited, should

    def best(self) -> tuple[list[tuple[str, int]], Placement]:
        """Tries the sets of running guests, best first, until one has a feasible assignment."""
        ranked: dict[tuple[int, ...], list[tuple[bool, ...]]] = {}
        choices = [sorted({bool(option) for option in guest.options}) for guest in self.guests]
        for runs in product(*choices):
            ids = {guest.vm.id for guest, does in zip(self.guests, runs, strict=True) if does}
            values = tuple(value for _, value in running_levels(self.case, ids))
            ranked.setdefault(values, []).append(runs)
        for values in sorted(ranked):
            found: tuple[tuple[int, ...], Placement] | None = None
            for runs in ranked[values]:
                found = self._improve(found, runs)
            if found is not None:
                return self._checked(found[1], (*values, *found[0]))
        raise AssertionError("the present placement is always feasible")

    def _checked(self, placement: Placement, values: tuple[int, ...]) -> tuple[list[tuple[str, int]], Placement]:
        case = self.case
        taken_down = self._taken_down(placement.hosts)
        asleep = {vm_id for vm_id in taken_down if case.tier[vm_id].eviction is EvictionAction.SUSPEND}
        verdict = judge_placement(
            case.snapshot,
            case.selection.policy,
            None,
            placement,
            stopped=taken_down - asleep,
            suspended=asleep,
            case=case,
        )
        assert verdict.is_valid, verdict.violations
        assert tuple(value for _, value in verdict.levels) == values, (verdict.levels, values)
        return list(verdict.levels), placement

    def _improve(
        self, found: tuple[tuple[int, ...], Placement] | None, runs: tuple[bool, ...]
    ) -> tuple[tuple[int, ...], Placement] | None:
        """The better of `found` and the best assignment in which exactly the guests of `runs` run."""
        for place, inherited, should in self._assignments(runs):
            broken = self._broken_rooms(place)
            stops = sum(stop_cost(self.case, vm_id) for vm_id in self._taken_down(place))
            if found is not None and (inherited + broken, stops) > found[0][:2]:
                continue
            shrinkage, sizes = self._sizes(place)
            values = (inherited + broken, stops, shrinkage, should, disruption(self.case, place))
            if found is None or values < found[0]:
                found = values, Placement(dict(place), sizes)
        return found

    def _taken_down(self, place: Mapping[str, str]) -> set[str]:
        """Guests running now that do not run in `place`, or run where only a restart can bring them."""
        return {
            guest.vm.id
            for guest in self.guests
            if guest.vm.is_running and (guest.vm.id not in place or place[guest.vm.id] in guest.restarts)
        }

    def _assignments(self, runs: tuple[bool, ...]) -> Iterator[tuple[dict[str, str], int, int]]:
        """Every assignment that rules and floors allow, with its inherited and should amounts but for room."""
        running = [guest for guest, does in zip(self.guests, runs, strict=True) if does]
        place: dict[str, str] = {}
        loads = {host_id: dict(load) for host_id, load in self.sources.items()}

        def descend(depth: int, inherited: int, should: int) -> Iterator[tuple[dict[str, str], int, int]]:
            if depth == len(running):
                if (amounts := self._group_amounts(place)) is not None:
                    yield place, inherited + amounts[0], should + amounts[1]
                return
            vm_id = running[depth].vm.id
            for host_id in running[depth].options:
                if not host_id:
                    continue
                floor, load, limits = self.floors[vm_id, host_id], loads[host_id], self.limits[host_id]
                if any(load.get(r, 0) + amount > limits[r] for r, amount in floor.items()):
                    continue
                _add(load, floor)
                place[vm_id] = host_id
                more, wish = self.unary[vm_id, host_id]
                yield from descend(depth + 1, inherited + more, should + wish)
                del place[vm_id]
                _add(load, floor, -1)

        yield from descend(0, 0, 0)

    def _group_amounts(self, place: Mapping[str, str]) -> tuple[int, int] | None:
        """Inherited and should amounts of the rules about groups; None if a must is worse than now."""
        inherited = should = 0
        for index in self.groups:
            scope = self.case.scopes[index]
            amounts = scope.amounts(place)
            if scope.is_must:
                if any(amount > self.case.tolerated[index].get(key, 0) for key, amount in amounts.items()):
                    return None
                inherited += sum(amounts.values())
            else:
                should += scope.weight * sum(amounts.values())
        return inherited, should

    def _floor_loads(self, place: Mapping[str, str]) -> dict[str, Size]:
        loads = {host_id: dict(load) for host_id, load in self.sources.items()}
        for vm_id, host_id in place.items():
            _add(loads[host_id], self.floors[vm_id, host_id])
        return loads

    def _broken_rooms(self, place: Mapping[str, str]) -> int:
        """Hosts and resources without room even at the floors."""
        return sum(
            amount > room(self.case.hosts[host_id], resource)
            for host_id, load in self._floor_loads(place).items()
            for resource, amount in load.items()
        )

    def _sizes(self, place: Mapping[str, str]) -> tuple[int, dict[str, Size]]:
        """Shrinkage and sizes when as little as possible is broken, then as little as possible is shrunk."""
        sizes: dict[str, Size] = {vm_id: {} for vm_id in place}
        shrinkage = 0
        loads = self._floor_loads(place)
        by_id = {guest.vm.id: guest for guest in self.guests}
        for host_id, load in loads.items():
            here = [by_id[vm_id] for vm_id, at in place.items() if at == host_id]
            for resource in {r for guest in here for r in guest.limits}:
                most = room(self.case.hosts[host_id], resource)
                if load[resource] > most:
                    most = self.limits[host_id][resource]
                cost, chosen = self._least_shrinkage(host_id, resource, here, most)
                shrinkage += cost
                for guest, amount in zip(here, chosen, strict=True):
                    if resource in guest.limits:
                        sizes[guest.vm.id][resource] = amount
        return shrinkage, sizes

    def _least_shrinkage(
        self, host_id: str, resource: str, here: list[_Guest], most: int
    ) -> tuple[int, tuple[int, ...]]:
        """The cheapest sizes of one resource on one host within `most`: all totals are tried, guest by guest."""
        host = self.case.hosts[host_id]
        reached: dict[int, tuple[int, tuple[int, ...]]] = {self.sources[host_id].get(resource, 0): (0, ())}
        for guest in here:
            tier = self.case.tier[guest.vm.id]
            least, largest = guest.limits.get(resource, (0, 0))
            unit = held(host, tier, {resource: 1})[resource]
            request = guest.vm.requested.get(resource, 0)
            further: dict[int, tuple[int, tuple[int, ...]]] = {}
            for load, (cost, sizes) in reached.items():
                for size in range(least, largest + 1):
                    total = load + unit * size
                    option = cost + (request - size) * tier.shrink_cost, (*sizes, size)
                    if total <= most and (total not in further or option < further[total]):
                        further[total] = option
            reached = further
        return min(reached.values())


def stop_cost(case: Case, vm_id: str) -> int:
    """What it counts at the level of stops to take the guest down."""
    return 1 if case.tier[vm_id].eviction is EvictionAction.SUSPEND else 2


def may_pause(case: Case, vm: Vm) -> bool:
    """Whether the guest may be stopped if it is started again, as in a cold migration."""
    return case.tier[vm.id].cold and vm.migratability is not Migratability.NONE


def _add(load: Size, more: Mapping[str, int], sign: int = 1) -> None:
    for resource, amount in more.items():
        load[resource] = load.get(resource, 0) + sign * amount


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
    may be parked on any host, and with `restarts` be taken down in between as far as their rights go (which counts as
    a
    stop).

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
            vm.id: {r: least for r, (least, _) in size_limits(vm, case.tier[vm.id]).items()}
            for vm in case.snapshot.vms
            if vm.is_wanted
        }
        self.rooms = Rooms(case.snapshot, case.hosts, case.tier)
        self.goals = {
            vm.id: [host.id for host in case.snapshot.hosts if not case.arrival_faults(0, vm, host.id)]
            for vm in self.movable
        }

    def run(self) -> Plan | None:
        start = tuple(vm.place for vm in self.movable)
        goal = tuple(self.placement.hosts.get(vm.id, NOWHERE) for vm in self.movable)
        came_from: dict[tuple[str, ...], tuple[str, ...]] = {start: start}
        queue = deque([start])
        while queue and goal not in came_from:
            here = queue.popleft()
            for there in self._neighbours(here):
                if there not in came_from and self._is_safe(there):
                    came_from[there] = here
                    queue.append(there)
            if len(came_from) > self.max_states:
                raise RuntimeError(f"more than {self.max_states} placements visited")
        if goal not in came_from:
            return None
        path = [goal]
        while path[-1] != start:
            path.append(came_from[path[-1]])
        return self._plan(path[::-1])

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
        oracle = _Oracle(self.case, True)
        names = ("inherited", "stops", "shrinkage", "should", "disruption")
        values = min(self._values(oracle, there, stops) for there, stops in ranked[running].items())
        return [*running, *zip(names, values, strict=True)]

    def _values(self, oracle: _Oracle, there: tuple[str, ...], stops: int) -> tuple[int, ...]:
        place = {**self.fixed, **{vm.id: at for vm, at in zip(self.movable, there, strict=True) if at}}
        unary = [oracle.unary[item] for item in place.items()]
        groups = oracle._group_amounts(place)
        assert groups is not None
        inherited = groups[0] + sum(more for more, _ in unary) + oracle._broken_rooms(place)
        should = groups[1] + sum(wish for _, wish in unary)
        return inherited, stops, oracle._sizes(place)[0], should, disruption(self.case, place)

    def _ends(self) -> dict[tuple[str, ...], int]:
        """The fewest stops with which each state can be reached in which a plan may end."""
        start = tuple(vm.place for vm in self.movable), frozenset[str]()
        seen = {start}
        queue = deque([start])
        safe: dict[tuple[str, ...], bool] = {}
        ends: dict[tuple[str, ...], int] = {}
        while queue:
            here, down = queue.popleft()
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
                state = there, down.union(left)
                if state not in seen:
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
