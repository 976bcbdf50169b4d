"""The levels of docs/concepts.md, from where guests run, how large they are and who was taken down."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tests.support.reading.case import Reading
from tests.support.reading.rules import Place
from tests.support.reading.world import moves_live, room
from trimtab_solver.rules.balance import Balance
from trimtab_solver.rules.objectives import LevelSum, Objectives
from trimtab_solver.rules.tier import EvictionAction
from trimtab_solver.snapshot import HostState

MEASURES = ("inherited", "stops", "shrinkage", "should", "disruption", "balance")
Levels = list[tuple[str, int]]


def running(reading: Reading, up: Collection[str]) -> Levels:
    """Per rank with wanted guests, highest first: the value of those that do not run."""
    ranks = sorted({reading.tier[vm.id].rank for vm in reading.wanted}, reverse=True)
    found = []
    for rank in ranks:
        names = sorted(name for name, tier in reading.tiers.items() if tier.rank == rank)
        lost = [reading.tier[vm.id] for vm in reading.wanted if vm.id not in up and reading.tier[vm.id].rank == rank]
        found.append((f"running:{'+'.join(names)}", sum(tier.value for tier in lost)))
    return found


def stop_cost(reading: Reading, vm_id: str) -> int:
    """What it counts to take the guest down: 1 if it is suspended."""
    return 1 if reading.eviction(reading.vms[vm_id]) is EvictionAction.SUSPEND else 2


def disruption(reading: Reading, place: Place) -> int:
    """What moves cost, what they cost applications, and what cold spares cost that run a guest."""
    moved = [vm_id for vm_id, host_id in reading.place.items() if place.get(vm_id, host_id) != host_id]
    cost = reading.moves.weight * reading.moves.disturbed(moved)
    for vm_id in moved:
        vm, source, target = reading.vms[vm_id], reading.place[vm_id], place[vm_id]
        live = moves_live(vm, reading.hosts[source], reading.hosts[target])
        cost += (1 if live else 4) * max(1, vm.requested.get("memory_mib", 0))
        cost += reading.moves.crossings(source, target)
    return cost + 4096 * sum(reading.hosts[host_id].state is HostState.STANDBY for host_id in set(place.values()))


def shrinkage(reading: Reading, sizes: Mapping[str, Mapping[str, int]]) -> int:
    """What running guests lack of their requests, at the cost of their tiers."""
    total = 0
    for vm_id, size in sizes.items():
        resize = reading.tier[vm_id].resize
        lacks = sum(amount - size[resource] for resource, amount in reading.vms[vm_id].requested.items())
        total += lacks * (resize.cost if resize is not None else 1)
    return total


def balance(reading: Reading, place: Place, sizes: Mapping[str, Mapping[str, int]]) -> int:
    """The costs of all Balance documents; nothing is held on former hosts any more."""
    specs = [spec for _, spec in reading.specs if isinstance(spec, Balance)]
    loads = reading.loads(place, sizes) if specs else {}
    total = 0
    for spec in specs:
        for above in spec.above:
            threshold = int(above.threshold.rstrip("%"))
            for host_id, load in loads.items():
                beyond = 100 * load.get(above.resource, 0) - threshold * room(reading.hosts[host_id], above.resource)
                total += above.weight * max(0, -(-beyond // 10_000))
        for ratio in spec.ratios:
            for host_id, load in loads.items():
                left, right = (
                    (room(reading.hosts[host_id], resource) - load.get(resource, 0)) // 100
                    for resource in (ratio.left, ratio.right)
                )
                total += ratio.weight * max(0, ratio.target * left - right)
        for peak in spec.peaks:
            rooms = {host_id: room(reading.hosts[host_id], peak.resource) for host_id in loads}
            full = [1000 * loads[h].get(peak.resource, 0) // most for h, most in rooms.items() if most > 0]
            total += peak.weight * max(full, default=0)
    return total


def in_order(reading: Reading, measures: tuple[int, ...]) -> Levels:
    """Name and value of the levels after those of running guests, from the measures in their usual order."""
    named = dict(zip(MEASURES, measures, strict=True))
    wanted = next((spec for _, spec in reading.specs if isinstance(spec, Objectives)), None)
    if wanted is None:
        return list(named.items())
    found = [("inherited", named["inherited"])]
    for level in wanted.levels:
        if isinstance(level, LevelSum):
            found.append((level.name, sum(named[measure] * weight for measure, weight in level.measures.items())))
        else:
            found.append((str(level), named[level]))
    return found
