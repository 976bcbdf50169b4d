"""What a tier permits while the present event lasts: who may be stopped, moved, shrunk, and how far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..actions import ActionKind
from ..policy.selection import Selection
from ..rules.tier import EvictionAction, Shrinking, ranked_tiers
from ..snapshot import Host, Migratability, Vm, VmState


@dataclass(frozen=True, slots=True, eq=False)
class TierRights:
    """A tier with its conditions already evaluated. `eviction` and `resize` are None where the right does not hold."""

    name: str
    rank: int
    value: int
    eviction: EvictionAction | None
    resize: Shrinking | None
    shrink_cost: int
    no_overcommit: frozenset[str]
    cold: bool


def tier_rights(selection: Selection) -> dict[str, TierRights]:
    """The rights of every tier, by name, highest rank first."""
    rights: dict[str, TierRights] = {}
    for document, tier in ranked_tiers(selection):
        evict, resize = tier.evict, tier.resize
        may_evict = evict is not None and selection.holds(document, "spec.evict.when", evict.when)
        may_resize = resize is not None and selection.holds(document, "spec.resize.when", resize.when)
        rights[document.name] = TierRights(
            name=document.name,
            rank=tier.rank,
            value=tier.value,
            eviction=evict.action if evict is not None and may_evict else None,
            resize=resize if may_resize else None,
            shrink_cost=resize.cost if resize is not None else 1,
            no_overcommit=frozenset(tier.no_overcommit),
            cold=tier.allow_cold_migration,
        )
    return rights


def size_now(vm: Vm) -> Mapping[str, int]:
    """What the guest has (or had, if it does not run)."""
    return {**vm.requested, **vm.allocated} if vm.allocated else vm.requested


def size_limits(vm: Vm, tier: TierRights, kept: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """The least and the most the guest may have of each resource; `kept` is what rules leave it at least.

    A running guest that is outside of what these grant may stay as it is, so its present size widens the limits.
    """
    limits: dict[str, tuple[int, int]] = {}
    for resource, request in vm.requested.items():
        floor = request
        if tier.resize is not None:
            share = -(-request * tier.resize.floor_percent(resource) // 100)
            floor = min(request, max(share, vm.guaranteed.get(resource, 0), kept.get(resource, 0)))
        limits[resource] = floor, request
    if vm.is_running:
        for resource, amount in vm.allocated.items():
            floor, request = limits.get(resource, (0, 0))
            limits[resource] = min(floor, amount), max(request, amount)
    if vm.state is VmState.MIGRATING:
        return {resource: (amount, amount) for resource, amount in size_now(vm).items()}
    return limits


def size_faults(limits: Mapping[str, tuple[int, int]], size: Mapping[str, int]) -> list[tuple[str, int, int]]:
    """Resource, size and the bound it breaks; a resource that is not named counts as zero."""
    faults: list[tuple[str, int, int]] = []
    for resource in limits.keys() | size.keys():
        least, most = limits.get(resource, (0, 0))
        amount = size.get(resource, 0)
        if amount < least:
            faults.append((resource, amount, least))
        elif amount > most:
            faults.append((resource, amount, most))
    return sorted(faults)


def move_kind(vm: Vm, tier: TierRights, source: Host, target: Host) -> ActionKind | None:
    """How the guest may move between the hosts: live when it can be, else cold; None when it must stay."""
    if vm.migratability is Migratability.LIVE and target.cpu_generation >= source.cpu_generation:
        return ActionKind.MIGRATE_LIVE
    if tier.cold and vm.migratability is not Migratability.NONE:
        return ActionKind.MIGRATE_COLD
    return None
