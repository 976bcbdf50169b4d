"""Brute force on tiny clusters: the best of all targets, reachable or not (see `tests.support.reach`).

Everything is judged by the verifier's scopes and rooms; no engine code is used. Cost grows as (hosts + 1) to the power
of guests: meant for up to 4 hosts and 6 guests with sizes of a few units.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from trimtab_solver.placement import Placement
from trimtab_solver.policy.documents import Policy
from trimtab_solver.rules.objectives import LevelSum, Objectives
from trimtab_solver.rules.tier import EvictionAction
from trimtab_solver.snapshot import Migratability, Snapshot, Vm, VmState
from trimtab_solver.verify.balance import balance
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.levels import disruption, running_levels
from trimtab_solver.verify.placement import judge_placement
from trimtab_solver.verify.rights import move_kind, size_now
from trimtab_solver.verify.room import held, room
from trimtab_solver.verify.scope import HostScope

NOWHERE = ""
MEASURES = ("inherited", "stops", "shrinkage", "should", "disruption", "balance")
Size = dict[str, int]
Sizes = list[tuple[str, str, int]]
"""Guest, resource and amount."""


def best_levels(
    snapshot: Snapshot, policy: Policy, *, restarts: bool = True
) -> tuple[list[tuple[str, int]], Placement]:
    """The lexicographically smallest levels of all targets, and a target that has them.

    A target moves a running guest live or cold, as its rights say; with `restarts` also by evicting it and starting it
    elsewhere, which counts as a stop (or suspension).
    """
    return Oracle(Case(snapshot, policy), restarts).best()


@dataclass(frozen=True, slots=True)
class Guest:
    """A wanted guest.

    `options` lists where it may run in the end, NOWHERE for not at all; `restarts` those of them that it can reach
    only by being taken down.
    """

    vm: Vm
    options: tuple[str, ...]
    restarts: frozenset[str]
    limits: Mapping[str, tuple[int, int]]
    floor: Mapping[str, int]


class Oracle:
    def __init__(self, case: Case, restarts: bool) -> None:
        self.case = case
        self.restarts = restarts
        self.rooms = case.rooms()
        self.guests = [self._guest(vm) for vm in case.snapshot.vms if vm.is_wanted]
        self.limits = {
            host.id: {r: self.rooms.limit(host.id, r) for guest in self.guests for r in guest.limits}
            for host in case.snapshot.hosts
        }
        self.sources: dict[str, Size] = {host.id: {} for host in case.snapshot.hosts}
        for vm in case.snapshot.vms:
            if vm.state is VmState.MIGRATING:
                _add(self.sources[vm.host_id], held(case.hosts[vm.host_id], case.tier[vm.id], size_now(vm)))
        self.kept = {
            vm.id: {r: a for r, a in size_now(vm).items() if r in case.moves.held}
            for vm in case.snapshot.vms
            if vm.state is VmState.RUNNING
        }
        self.groups = [i for i, scope in enumerate(case.scopes) if not isinstance(scope, HostScope)]
        self.unary = {(g.vm.id, h): self._unary(g.vm.id, h) for g in self.guests for h in case.hosts}
        self.floors = {
            (g.vm.id, h): held(host, case.tier[g.vm.id], g.floor) for g in self.guests for h, host in case.hosts.items()
        }

    def _guest(self, vm: Vm) -> Guest:
        case, tier = self.case, self.case.tier[vm.id]
        limits = case.size_limits(vm)
        floor = {resource: least for resource, (least, _) in limits.items()}
        hosts = [host.id for host in case.snapshot.hosts if not case.arrival_faults(0, vm, host.id)]
        if vm.state is VmState.MIGRATING:
            return Guest(vm, (vm.place,), frozenset(), limits, floor)
        if vm.state is not VmState.RUNNING:
            options = (NOWHERE, *(() if case.start_fault(vm) else hosts))
            return Guest(vm, options, frozenset(), limits, floor)
        here, evictable = case.hosts[vm.place], tier.eviction is not None
        moves = {h for h in hosts if h != vm.place and move_kind(vm, tier, here, case.hosts[h]) is not None}
        others = frozenset(hosts) - moves - {vm.place} if self.restarts and evictable else frozenset[str]()
        options = (vm.place, *sorted(moves | others), *((NOWHERE,) if evictable else ()))
        return Guest(vm, options, others, limits, floor)

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
            if found is not None and inherited + broken > found[0][0]:
                continue
            shrinkage, options = self._sizes(place)
            measures = (inherited + broken, stops, shrinkage, should, disruption(self.case, place))
            if found is not None and self.in_order((*measures, 0)) >= found[0]:
                continue
            cost, sizes = self._best_balance(place, options)
            values = self.in_order((*measures, cost))
            if found is None or values < found[0]:
                found = values, Placement(dict(place), sizes)
        return found

    def in_order(self, measures: tuple[int, ...]) -> tuple[int, ...]:
        """The levels after those of running guests, from the measures in their usual order."""
        named = dict(zip(MEASURES, measures, strict=True))
        wanted = next((spec for _, spec in self.case.selection.policy.of(Objectives)), None)
        if wanted is None:
            return measures
        sums = [
            sum(named[m] * w for m, w in level.measures.items()) if isinstance(level, LevelSum) else named[level]
            for level in wanted.levels
        ]
        return (named["inherited"], *sums)

    def _best_balance(self, place: Mapping[str, str], options: list[list[Sizes]]) -> tuple[int, dict[str, Size]]:
        """The smallest balance with one of the options for each host and resource, and the sizes that give it."""
        best: tuple[int, dict[str, Size]] | None = None
        for chosen in product(*options):
            sizes: dict[str, Size] = {vm_id: {} for vm_id in place}
            for part in chosen:
                for vm_id, resource, amount in part:
                    sizes[vm_id][resource] = amount
            cost = balance(self.case, place, sizes)
            if best is None or cost < best[0]:
                best = cost, sizes
        assert best is not None
        return best

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
                if self._exceeds_budget(place):
                    return
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
                first, kept = self._left_behind(running[depth].vm, host_id)
                if any(loads[first].get(r, 0) + amount > self.limits[first][r] for r, amount in kept.items()):
                    continue
                _add(load, floor)
                _add(loads[first], kept)
                place[vm_id] = host_id
                more, wish = self.unary[vm_id, host_id]
                yield from descend(depth + 1, inherited + more, should + wish)
                del place[vm_id]
                _add(load, floor, -1)
                _add(loads[first], kept, -1)

        yield from descend(0, 0, 0)

    def _left_behind(self, vm: Vm, host_id: str) -> tuple[str, Size]:
        """What the guest still takes of its first host when it runs on another one; of its new host nothing more."""
        kept = self.kept.get(vm.id)
        if not kept or vm.place == host_id:
            return host_id, {}
        return vm.place, held(self.case.hosts[vm.place], self.case.tier[vm.id], kept)

    def _exceeds_budget(self, place: Mapping[str, str]) -> bool:
        """Whether more guests end up on another host than may, in all or of one application."""
        case = self.case
        moved = [
            vm
            for vm in case.snapshot.vms
            if vm.is_running and place.get(vm.id, vm.place) != vm.place and vm.id not in case.exempt
        ]
        if len(moved) > case.moves.most:
            return True
        per_application = Counter(case.moves.application.get(vm.id) for vm in moved)
        most = case.moves.most_each
        return most is not None and any(n > most for name, n in per_application.items() if name is not None)

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
            first, kept = self._left_behind(self.case.vms[vm_id], host_id)
            _add(loads[first], kept)
        return loads

    def _broken_rooms(self, place: Mapping[str, str]) -> int:
        """Hosts and resources without room even at the floors."""
        return sum(
            amount > room(self.case.hosts[host_id], resource)
            for host_id, load in self._floor_loads(place).items()
            for resource, amount in load.items()
        )

    def _sizes(self, place: Mapping[str, str]) -> tuple[int, list[list[Sizes]]]:
        """Shrinkage when as little as possible is broken, then as little as possible is shrunk.

        For each host and resource the sizes with which it is: one choice for each load of the host that they add up to.
        """
        shrinkage = 0
        options: list[list[Sizes]] = []
        loads = self._floor_loads(place)
        by_id = {guest.vm.id: guest for guest in self.guests}
        for host_id, load in loads.items():
            here = [by_id[vm_id] for vm_id, at in place.items() if at == host_id]
            for resource in {r for guest in here for r in guest.limits}:
                most = room(self.case.hosts[host_id], resource)
                if load[resource] > most:
                    most = self.limits[host_id][resource]
                base = load[resource] - sum(self.floors[g.vm.id, host_id].get(resource, 0) for g in here)
                cost, choices = self._least_shrinkage(host_id, resource, here, base, most)
                shrinkage += cost
                sized = [guest.vm.id if resource in guest.limits else "" for guest in here]
                options.append(
                    [
                        [(vm_id, resource, amount) for vm_id, amount in zip(sized, sizes, strict=True) if vm_id]
                        for sizes in choices
                    ]
                )
        return shrinkage, options

    def _least_shrinkage(
        self, host_id: str, resource: str, here: list[Guest], base: int, most: int
    ) -> tuple[int, list[tuple[int, ...]]]:
        """The cheapest sizes of one resource on one host within `most`, of which others take `base`.

        All totals are tried, guest by guest; for each of the cheapest one choice of sizes.
        """
        host = self.case.hosts[host_id]
        reached: dict[int, tuple[int, tuple[int, ...]]] = {base: (0, ())}
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
        cheapest = min(cost for cost, _ in reached.values())
        return cheapest, [sizes for cost, sizes in reached.values() if cost == cheapest]


def stop_cost(case: Case, vm_id: str) -> int:
    """What it counts at the level of stops to take the guest down."""
    return 1 if case.tier[vm_id].eviction is EvictionAction.SUSPEND else 2


def may_pause(case: Case, vm: Vm) -> bool:
    """Whether the guest may be stopped if it is started again, as in a cold migration."""
    return case.tier[vm.id].cold and vm.migratability is not Migratability.NONE


def _add(load: Size, more: Mapping[str, int], sign: int = 1) -> None:
    for resource, amount in more.items():
        load[resource] = load.get(resource, 0) + sign * amount
