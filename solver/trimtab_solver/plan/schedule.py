"""How long actions take and when each may begin at the earliest."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import assert_never

from ..actions import ActionKind
from ..problem import Problem
from ..snapshot import Host, Snapshot, Vm
from .steps import NO_VM, Step

FENCE_S = 15
STOP_S = 5
RESIZE_S = 1
_BITS_PER_MIB = 8_388_608
_BITS_PER_MBIT = 1_000_000
_SLOWEST = 10
"""A live migration whose guest dirties memory nearly as fast as the link copies it is cut over after so many rounds."""


def durations_of(snapshot: Snapshot, problem: Problem, steps: Sequence[Step]) -> list[int]:
    """Estimated seconds per step."""
    vms = {vm.id: vm for vm in snapshot.vms}
    return [
        _on_host_s(step.kind, snapshot.hosts[step.host])
        if step.v == NO_VM
        else _on_guest_s(step.kind, vms[problem.vm_ids[step.v]], _link_mbps(snapshot.hosts, step))
        for step in steps
    ]


def _on_host_s(kind: ActionKind, host: Host) -> int:
    return host.boot_s if kind is ActionKind.BOOT_HOST else FENCE_S


def _on_guest_s(kind: ActionKind, vm: Vm, link_mbps: int) -> int:
    match kind:
        case ActionKind.START:
            return max(1, vm.restart_s)
        case ActionKind.STOP:
            return STOP_S
        case ActionKind.SUSPEND | ActionKind.RESUME:
            return max(1, _copy_s(vm, link_mbps))
        case ActionKind.RESIZE:
            return RESIZE_S
        case ActionKind.MIGRATE_LIVE:
            # in units of a tenth of the link, to stay with integers
            return max(1, _copy_s(vm, max(_SLOWEST * (link_mbps - vm.dirty_rate_mbps), link_mbps), _SLOWEST))
        case ActionKind.MIGRATE_COLD:
            return STOP_S + _copy_s(vm, link_mbps) + max(1, vm.restart_s)
        case ActionKind.FENCE_HOST | ActionKind.BOOT_HOST | ActionKind.SHUTDOWN_HOST:
            raise AssertionError(f"{kind} acts on a host")
        case _:
            assert_never(kind)


def _copy_s(vm: Vm, rate: int, units_per_mbps: int = 1) -> int:
    """Seconds to copy what the guest requests at `rate`, to the nearest one, halves up."""
    bits = vm.requested.get("memory_mib", 0) * _BITS_PER_MIB * units_per_mbps
    per_s = rate * _BITS_PER_MBIT
    return (2 * bits + per_s) // (2 * per_s)


def _link_mbps(hosts: Sequence[Host], step: Step) -> int:
    ends = (step.host, step.goal) if step.is_migration else (step.host,)
    return max(1, min(hosts[h].migration_bandwidth_mbps for h in ends))


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
