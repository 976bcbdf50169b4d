"""Brute force on tiny clusters: the best that any target can reach, and what safe single actions can reach.

Everything is judged by the verifier's scopes and rooms; no engine code is used. Cost grows as (hosts + 1) to the power of
guests: meant for up to 4 hosts and 6 guests with sizes of a few units.
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


def best_levels(snapshot: Snapshot, policy: Policy) -> tuple[list[tuple[str, int]], Placement]:
    """The lexicographically smallest levels of all targets, and a target that has them.

    A target moves a running guest only live or cold, as its rights say; taking it down and starting it elsewhere in the
    name of an eviction is not considered.
    """
    return _Oracle(Case(snapshot, policy)).best()


@dataclass(frozen=True, slots=True)
class _Guest:
    """A wanted guest. `options` lists where it may run in the end, NOWHERE for not at all."""

    vm: Vm
    options: tuple[str, ...]
    limits: Mapping[str, tuple[int, int]]
    floor: Mapping[str, int]


class _Oracle:
    def __init__(self, case: Case) -> None:
        self.case = case
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
        self.unary = {(g.vm.id, h): self._unary(g.vm.id, h) for g in self.guests for h in g.options if h}
        self.floors = {
            (g.vm.id, h): held(case.hosts[h], case.tier[g.vm.id], g.floor) for g in self.guests for h in g.options if h
        }

    def _guest(self, vm: Vm) -> _Guest:
        case, tier = self.case, self.case.tier[vm.id]
        limits = size_limits(vm, tier)
        floor = {resource: least for resource, (least, _) in limits.items()}
        hosts = [host.id for host in case.snapshot.hosts if not case.arrival_faults(0, vm, host.id)]
        if vm.state is VmState.MIGRATING:
            return _Guest(vm, (vm.place,), limits, floor)
        if vm.state is VmState.RUNNING:
            here = case.hosts[vm.place]
            others = [h for h in hosts if h != vm.place and move_kind(vm, tier, here, case.hosts[h]) is not None]
            return _Guest(vm, (vm.place, *others, *((NOWHERE,) if tier.eviction else ())), limits, floor)
        return _Guest(vm, (NOWHERE, *(() if case.start_fault(vm) else hosts)), limits, floor)

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
        verdict = judge_placement(case.snapshot, case.selection.policy, None, placement, case=case)
        assert verdict.is_valid, verdict.violations
        assert tuple(value for _, value in verdict.levels) == values, (verdict.levels, values)
        return list(verdict.levels), placement

    def _improve(
        self, found: tuple[tuple[int, ...], Placement] | None, runs: tuple[bool, ...]
    ) -> tuple[tuple[int, ...], Placement] | None:
        """The better of `found` and the best assignment in which exactly the guests of `runs` run."""
        stops = sum(self._stop_cost(guest) for guest, does in zip(self.guests, runs, strict=True) if not does)
        for place, inherited, should in self._assignments(runs):
            broken = self._broken_rooms(place)
            if found is not None and (inherited + broken, stops) > found[0][:2]:
                continue
            shrinkage, sizes = self._sizes(place)
            values = (inherited + broken, stops, shrinkage, should, disruption(self.case, place))
            if found is None or values < found[0]:
                found = values, Placement(dict(place), sizes)
        return found

    def _stop_cost(self, guest: _Guest) -> int:
        if not guest.vm.is_running:
            return 0
        return 1 if self.case.tier[guest.vm.id].eviction is EvictionAction.SUSPEND else 2

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


def _add(load: Size, more: Mapping[str, int], sign: int = 1) -> None:
    for resource, amount in more.items():
        load[resource] = load.get(resource, 0) + sign * amount


def reachable(snapshot: Snapshot, policy: Policy, placement: Placement, *, max_states: int = 20_000) -> bool:
    """Whether some order of single safe actions leads from the snapshot to `placement`; see `find_plan`."""
    return find_plan(snapshot, policy, placement, max_states=max_states) is not None


def find_plan(snapshot: Snapshot, policy: Policy, placement: Placement, *, max_states: int = 20_000) -> Plan | None:
    """A plan to `placement` in which each action waits for the one before it; None if there is none.

    Sizes need no search: a guest takes least room at its floor, so all shrink to it first, and grow at the end. Guests may
    be parked on any host and taken down in between as far as their rights go.

    Raises
    ------
    RuntimeError
        When more than `max_states` placements were visited without an answer.
    """
    case = Case(snapshot, policy)
    if not judge_placement(snapshot, policy, None, placement, case=case, stopped=case.vms).is_valid:
        return None
    return _Search(case, placement, max_states).run()


class _Search:
    def __init__(self, case: Case, placement: Placement, max_states: int) -> None:
        self.case = case
        self.placement = placement
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
                returns = tier.cold and vm.migratability is not Migratability.NONE and vm.id in self.placement.hosts
                if tier.eviction is not None or returns:
                    options.append(NOWHERE)
            for option in options:
                yield (*here[:i], option, *here[i + 1 :])

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
