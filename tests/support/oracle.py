"""Brute force on tiny clusters: the best of all targets, reachable or not (see `tests.support.reach`).

What is allowed and what it costs is said by a reading of its own (`tests.support.reading`); what is found to be best is
shown to the verifier as well. Cost grows as (hosts + 1) to the power of guests: meant for up to 4 hosts and 6 guests
with sizes of a few units.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from tests.support.reading.case import Reading
from tests.support.reading.levels import MEASURES, Levels, balance, disruption, in_order, running, stop_cost
from tests.support.reading.world import room, running_on, size_now
from trimtab_solver.placement import Placement
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot, Vm, VmState
from trimtab_solver.verify.placement import judge_placement

NOWHERE = ""
Size = dict[str, int]
Sizes = list[tuple[str, str, int]]
"""Guest, resource and amount."""


def best_levels(snapshot: Snapshot, policy: Policy, *, restarts: bool = True) -> tuple[Levels, Placement]:
    """The lexicographically smallest levels of all targets, and a target that has them.

    A target moves a running guest live or cold, as its rights say; with `restarts` also by evicting it and starting it
    elsewhere, which counts as a stop (or suspension).

    Raises
    ------
    AssertionError
        When the verifier has another opinion of that target.
    """
    oracle = Oracle(Reading(snapshot, policy), restarts)
    levels, placement = oracle.best()
    taken_down = oracle.taken_down(placement.hosts)
    asleep = {vm_id for vm_id in taken_down if stop_cost(oracle.reading, vm_id) == 1}
    verdict = judge_placement(snapshot, policy, None, placement, stopped=taken_down - asleep, suspended=asleep)
    assert verdict.is_valid, verdict.violations
    assert list(verdict.levels) == levels, (verdict.levels, levels)
    return levels, placement


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
    def __init__(self, reading: Reading, restarts: bool) -> None:
        self.reading = reading
        self.restarts = restarts
        self.guests = [self._guest(vm) for vm in reading.wanted]
        self.most = reading.most()
        self.sources = reading.loads({}, {})
        for vm in reading.wanted:
            if vm.state is VmState.MIGRATING:
                _add(self.sources[vm.host_id], reading.load(vm.id, vm.host_id, size_now(vm)))
        self.floors = {(g.vm.id, h): reading.load(g.vm.id, h, g.floor) for g in self.guests for h in reading.hosts}
        self.kept = {(g.vm.id, h): reading.kept(g.vm.id, h) for g in self.guests for h in reading.hosts}

    def _guest(self, vm: Vm) -> Guest:
        reading = self.reading
        limits = reading.limits(vm)
        floor = {resource: least for resource, (least, _) in limits.items()}
        hosts = [host_id for host_id in reading.hosts if reading.may_arrive(vm, host_id)]
        here = running_on(vm)
        if vm.state is VmState.MIGRATING:
            return Guest(vm, (here,), frozenset(), limits, floor)
        if vm.state is not VmState.RUNNING:
            options = (NOWHERE, *(hosts if reading.may_start(vm) else ()))
            return Guest(vm, options, frozenset(), limits, floor)
        evictable = reading.eviction(vm) is not None
        moves = {h for h in hosts if h != here and reading.may_move(vm, here, h)}
        others = frozenset(hosts) - moves - {here} if self.restarts and evictable else frozenset[str]()
        options = (here, *sorted(moves | others), *((NOWHERE,) if evictable else ()))
        return Guest(vm, options, others, limits, floor)

    def best(self) -> tuple[Levels, Placement]:
        """Tries the sets of running guests, best first, until one has a feasible assignment."""
        ranked: dict[tuple[int, ...], list[tuple[bool, ...]]] = {}
        choices = [sorted({bool(option) for option in guest.options}) for guest in self.guests]
        for runs in product(*choices):
            up = {guest.vm.id for guest, does in zip(self.guests, runs, strict=True) if does}
            ranked.setdefault(tuple(value for _, value in running(self.reading, up)), []).append(runs)
        for values in sorted(ranked):
            found: tuple[tuple[int, ...], Placement] | None = None
            for runs in ranked[values]:
                found = self._improve(found, runs)
            if found is not None:
                names = [
                    name for name, _ in (*running(self.reading, ()), *in_order(self.reading, (0,) * len(MEASURES)))
                ]
                return list(zip(names, (*values, *found[0]), strict=True)), found[1]
        raise AssertionError("the present placement is always feasible")

    def can_run(self, vm_ids: Collection[str]) -> bool:
        """Whether there is a target in which all these guests run."""
        choices = [
            sorted({bool(option) for option in g.options if option or g.vm.id not in vm_ids}) for g in self.guests
        ]
        # the set of choices of a guest that has to run and has nowhere to is empty, and so is the product
        return any(next(self._assignments(runs), None) is not None for runs in product(*choices))

    def _improve(
        self, found: tuple[tuple[int, ...], Placement] | None, runs: tuple[bool, ...]
    ) -> tuple[tuple[int, ...], Placement] | None:
        """The better of `found` and the best assignment in which exactly the guests of `runs` run."""
        for place, inherited, should in self._assignments(runs):
            broken = self.broken_rooms(place)
            stops = sum(stop_cost(self.reading, vm_id) for vm_id in self.taken_down(place))
            if found is not None and inherited + broken > found[0][0]:
                continue
            shrinkage, options = self.sizes_within_room(place)
            measures = (inherited + broken, stops, shrinkage, should, disruption(self.reading, place))
            if found is not None and self.in_order((*measures, 0)) >= found[0]:
                continue
            cost, sizes = self.best_balance(place, options)
            values = self.in_order((*measures, cost))
            if found is None or values < found[0]:
                found = values, Placement(dict(place), sizes)
        return found

    def in_order(self, measures: tuple[int, ...]) -> tuple[int, ...]:
        """The values of the levels after those of running guests, from the measures in their usual order."""
        return tuple(value for _, value in in_order(self.reading, measures))

    def best_balance(self, place: Mapping[str, str], options: list[list[Sizes]]) -> tuple[int, dict[str, Size]]:
        """The smallest balance with one of the options for each host and resource, and the sizes that give it."""
        best: tuple[int, dict[str, Size]] | None = None
        for chosen in product(*options):
            sizes: dict[str, Size] = {vm_id: {} for vm_id in place}
            for part in chosen:
                for vm_id, resource, amount in part:
                    sizes[vm_id][resource] = amount
            cost = balance(self.reading, place, sizes)
            if best is None or cost < best[0]:
                best = cost, sizes
        assert best is not None
        return best

    def taken_down(self, place: Mapping[str, str]) -> set[str]:
        """Guests running now that do not run in `place`, or run where only a restart can bring them."""
        return {
            guest.vm.id
            for guest in self.guests
            if running_on(guest.vm) and (guest.vm.id not in place or place[guest.vm.id] in guest.restarts)
        }

    def _assignments(self, runs: tuple[bool, ...]) -> Iterator[tuple[dict[str, str], int, int]]:
        """Every assignment that rules and floors allow, with its inherited and should amounts but for room."""
        up = [guest for guest, does in zip(self.guests, runs, strict=True) if does]
        place: dict[str, str] = {}
        loads = {host_id: dict(load) for host_id, load in self.sources.items()}

        def descend(depth: int, inherited: int, should: int) -> Iterator[tuple[dict[str, str], int, int]]:
            if depth == len(up):
                if not self._is_affordable(place):
                    return
                if (amounts := self.group_amounts(place)) is not None:
                    yield place, inherited + amounts[0], should + amounts[1]
                return
            vm_id = up[depth].vm.id
            for host_id in up[depth].options:
                if not host_id:
                    continue
                floor, load = self.floors[vm_id, host_id], loads[host_id]
                first, kept = self.reading.place.get(vm_id, host_id), self.kept[vm_id, host_id]
                if self._is_full(host_id, load, floor) or self._is_full(first, loads[first], kept):
                    continue
                _add(load, floor)
                _add(loads[first], kept)
                place[vm_id] = host_id
                cell = self.reading.cell[vm_id, host_id]
                yield from descend(depth + 1, inherited + cell.broken, should + cell.cost)
                del place[vm_id]
                _add(load, floor, -1)
                _add(loads[first], kept, -1)

        yield from descend(0, 0, 0)

    def _is_full(self, host_id: str, load: Size, more: Mapping[str, int]) -> bool:
        """Whether the host may not hold so much more."""
        return any(load.get(r, 0) + amount > self.most[host_id, r] for r, amount in more.items())

    def has_room(self, place: Mapping[str, str]) -> bool:
        """Whether every host may hold the guests of `place` at their floors."""
        loads = self._floor_loads(place)
        return not any(self._is_full(host_id, {}, load) for host_id, load in loads.items())

    def _is_affordable(self, place: Mapping[str, str]) -> bool:
        """Whether no more guests end up on another host than may, in all or of one application."""
        reading = self.reading
        moved = {vm_id for vm_id, host_id in reading.place.items() if place.get(vm_id, host_id) != host_id}
        return reading.moves.permits(moved - reading.exempt)

    def group_amounts(self, place: Mapping[str, str]) -> tuple[int, int] | None:
        """Inherited and should amounts of the rules about groups; None if a must is worse than now."""
        inherited = should = 0
        for rule in self.reading.rules:
            amounts = rule.amounts(place)
            if rule.is_worse(amounts):
                return None
            if rule.must:
                inherited += sum(amounts.values())
            else:
                should += rule.weight * sum(amounts.values())
        return inherited, should

    def _floor_loads(self, place: Mapping[str, str]) -> dict[str, Size]:
        loads = {host_id: dict(load) for host_id, load in self.sources.items()}
        for vm_id, host_id in place.items():
            _add(loads[host_id], self.floors[vm_id, host_id])
            _add(loads[self.reading.place.get(vm_id, host_id)], self.kept[vm_id, host_id])
        return loads

    def broken_rooms(self, place: Mapping[str, str]) -> int:
        """Hosts and resources without room even at the floors."""
        return sum(
            amount > room(self.reading.hosts[host_id], resource)
            for host_id, load in self._floor_loads(place).items()
            for resource, amount in load.items()
        )

    def sizes_within_room(self, place: Mapping[str, str]) -> tuple[int, list[list[Sizes]]]:
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
                most = room(self.reading.hosts[host_id], resource)
                if load[resource] > most:
                    most = self.most[host_id, resource]
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
        reached: dict[int, tuple[int, tuple[int, ...]]] = {base: (0, ())}
        for guest in here:
            resize = self.reading.tier[guest.vm.id].resize
            price = resize.cost if resize is not None else 1
            least, largest = guest.limits.get(resource, (0, 0))
            unit = self.reading.load(guest.vm.id, host_id, {resource: 1})[resource]
            request = guest.vm.requested.get(resource, 0)
            further: dict[int, tuple[int, tuple[int, ...]]] = {}
            for load, (cost, sizes) in reached.items():
                for size in range(least, largest + 1):
                    total = load + unit * size
                    option = cost + (request - size) * price, (*sizes, size)
                    if total <= most and (total not in further or option < further[total]):
                        further[total] = option
            reached = further
        cheapest = min(cost for cost, _ in reached.values())
        return cheapest, [sizes for cost, sizes in reached.values() if cost == cheapest]


def _add(load: Size, more: Mapping[str, int], sign: int = 1) -> None:
    for resource, amount in more.items():
        load[resource] = load.get(resource, 0) + sign * amount
