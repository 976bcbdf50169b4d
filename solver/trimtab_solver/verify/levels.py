"""Computes every level of the objective from the final state alone. Smaller is better, the first level counts first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import assert_never

from ..actions import ActionKind
from ..measures import Measure
from ..snapshot import HostState, Vm
from .balance import balance
from .case import Case
from .objectives import in_order
from .rights import move_kind
from .room import Rooms

STOP_COST = 2
SUSPEND_COST = 1
COLD_FACTOR = 4
BOOT_COST = 4096

Levels = tuple[tuple[str, int], ...]


def levels(
    case: Case,
    place: Mapping[str, str],
    sizes: Mapping[str, Mapping[str, int]],
    totals: Sequence[int],
    rooms: Rooms,
    stopped: Collection[str],
    suspended: Collection[str],
) -> Levels:
    """Name and value of every level.

    `totals` (the sum of amounts per scope) and `rooms` count what runs in `place`; `stopped` and `suspended` name the
    guests running now that are stopped or suspended at any time.
    """
    inherited = rooms.breaches()
    should = 0
    for scope, amount in zip(case.scopes, totals, strict=True):
        if not amount:
            continue
        if scope.is_must:
            inherited += amount
        else:
            should += amount * scope.weight
    stops = STOP_COST * len(case.place.keys() & set(stopped))
    stops += SUSPEND_COST * len((case.place.keys() & set(suspended)) - set(stopped))

    def count(measure: Measure) -> int:
        match measure:
            case Measure.RUNNING:
                raise AssertionError("who does not run is counted per rank")
            case Measure.INHERITED:
                return inherited
            case Measure.STOPS:
                return stops
            case Measure.SHRINKAGE:
                return shrinkage(case, sizes)
            case Measure.SHOULD:
                return should
            case Measure.DISRUPTION:
                return disruption(case, place)
            case Measure.BALANCE:
                return balance(case, place, sizes)
            case _:
                assert_never(measure)

    others = {measure.value: count(measure) for measure in Measure if measure is not Measure.RUNNING}
    return in_order(case.selection, {**dict(running_levels(case, place)), **others})


def running_levels(case: Case, place: Collection[str]) -> Levels:
    """Per rank that has wanted guests, highest first: the value of those that are not in `place`."""
    lost = dict.fromkeys({case.tier[vm_id].rank for vm_id in case.wanted}, 0)
    for vm_id in case.wanted:
        if vm_id not in place:
            tier = case.tier[vm_id]
            lost[tier.rank] += tier.value
    return tuple((_running_level(case, rank), lost[rank]) for rank in sorted(lost, reverse=True))


def _running_level(case: Case, rank: int) -> str:
    return "running:" + "+".join(sorted(tier.name for tier in case.tiers.values() if tier.rank == rank))


def shrinkage(case: Case, sizes: Mapping[str, Mapping[str, int]]) -> int:
    """What running guests lack of their requests, each unit at its tier's cost."""
    total = 0
    for vm_id, size in sizes.items():
        request = case.vms[vm_id].requested
        if size is not request:
            lacking = sum(amount - size.get(resource, 0) for resource, amount in request.items())
            total += lacking * case.tier[vm_id].shrink_cost
    return total


def move_cost(case: Case, vm: Vm, target: str) -> int:
    """What it costs that a guest running now runs on `target` in the end."""
    if vm.place == target:
        return 0
    live = max(1, vm.requested.get("memory_mib", 0))
    kind = move_kind(vm, case.tier[vm.id], case.hosts[vm.place], case.hosts[target])
    cost = live if kind is ActionKind.MIGRATE_LIVE else COLD_FACTOR * live
    return cost + case.moves.crossing_cost(vm.place, target)


def disruption(case: Case, place: Mapping[str, str]) -> int:
    """Move costs, what moves cost applications, and the cost of every cold spare that runs a guest in the end."""
    moved = [case.vms[vm_id] for vm_id, host_id in case.place.items() if place.get(vm_id, host_id) != host_id]
    cost = sum(move_cost(case, vm, place[vm.id]) for vm in moved) + case.moves.group_cost([vm.id for vm in moved])
    used = set(place.values())
    booted = sum(host.state is HostState.STANDBY and host.id in used for host in case.snapshot.hosts)
    return cost + BOOT_COST * booted
