"""How long actions take and when each may begin at the earliest."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from ..actions import ActionKind
from ..problem import Problem
from ..snapshot import Snapshot, Vm
from .steps import NO_VM, Step

FENCE_S = 15
STOP_S = 5
RESIZE_S = 1
_MBIT_PER_MIB = 8.388608
_SLOWEST = 10
"""A live migration whose guest dirties memory nearly as fast as the link copies it is cut over after so many rounds."""


def durations_of(snapshot: Snapshot, problem: Problem, steps: Sequence[Step]) -> list[int]:
    """Estimated seconds per step."""
    vms = {vm.id: vm for vm in snapshot.vms}
    hosts = snapshot.hosts
    found = []
    for step in steps:
        if step.v == NO_VM:
            found.append(hosts[step.host].boot_s if step.kind is ActionKind.BOOT_HOST else FENCE_S)
            continue
        vm = vms[problem.vm_ids[step.v]]
        link = hosts[step.host].migration_bandwidth_mbps
        if step.is_migration:
            link = min(link, hosts[step.goal].migration_bandwidth_mbps)
        copy_s = _copy_s(vm, link)
        match step.kind:
            case ActionKind.START:
                found.append(max(1, vm.restart_s))
            case ActionKind.STOP:
                found.append(STOP_S)
            case ActionKind.RESIZE:
                found.append(RESIZE_S)
            case ActionKind.MIGRATE_LIVE:
                slowdown = _SLOWEST if vm.dirty_rate_mbps >= link else min(_SLOWEST, link / (link - vm.dirty_rate_mbps))
                found.append(max(1, round(copy_s * slowdown)))
            case ActionKind.MIGRATE_COLD:
                found.append(STOP_S + round(copy_s) + max(1, vm.restart_s))
            case _:
                found.append(max(1, round(copy_s)))
    return found


def _copy_s(vm: Vm, link_mbps: int) -> float:
    return vm.requested.get("memory_mib", 0) * _MBIT_PER_MIB / max(1, link_mbps)


def earliest_starts(
    snapshot: Snapshot,
    steps: Sequence[Step],
    dependencies: Sequence[Sequence[int]],
    durations: Sequence[int],
) -> list[int]:
    """Earliest begin of each step in seconds: after its dependencies, and with a free migration slot at both ends.

    List scheduling in plan order (Graham 1966): a slot goes to the migration that stands first in the plan.
    """
    slots = [[0] * max(1, host.migration_slots) for host in snapshot.hosts]
    starts: list[int] = []
    for i, step in enumerate(steps):
        start = max((starts[d] + durations[d] for d in dependencies[i]), default=0)
        if step.is_migration:
            start = max(start, slots[step.host][0], slots[step.goal][0])
            for h in (step.host, step.goal):
                heapq.heapreplace(slots[h], start + durations[i])
        starts.append(start)
    return starts
