"""How long actions take, and an estimate of when slots are free."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import assert_never

from ..actions import ActionKind
from ..snapshot import Vm
from .facts import Facts
from .steps import Step

LONGEST_S, LATEST_S = 10_000_000, 2_000_000_000
"""Estimates end there: the sum of both fits into 32 bits."""
SWITCH_S = 15
"""Fencing a host, or shutting it down."""
STOP_S = 5
RESIZE_S = 1
_BITS_PER_MIB = 8_388_608
_BITS_PER_MBIT = 1_000_000
_SLOWEST = 10
"""A live migration whose guest dirties memory nearly as fast as the link copies it is cut over after so many rounds."""


def durations_of(facts: Facts, steps: Sequence[Step]) -> list[int]:
    """Seconds per step (docs/concepts.md)."""
    return [min(_duration_s(facts, step), LONGEST_S) for step in steps]


def _duration_s(facts: Facts, step: Step) -> int:
    match step.kind:
        case ActionKind.FENCE_HOST | ActionKind.SHUTDOWN_HOST:
            return SWITCH_S
        case ActionKind.BOOT_HOST:
            return facts.hosts[step.host].boot_s
        case ActionKind.START:
            return _restart_s(facts.vms[step.v])
        case ActionKind.STOP:
            return STOP_S
        case ActionKind.RESIZE:
            return RESIZE_S
        case ActionKind.SUSPEND | ActionKind.RESUME:
            return max(1, _copy_s(facts.vms[step.v], _link_mbps(facts, step)))
        case ActionKind.MIGRATE_LIVE:
            vm, link = facts.vms[step.v], _link_mbps(facts, step)
            # in tenths of Mbit/s, to stay with integers
            return max(1, _copy_s(vm, max(_SLOWEST * (link - vm.dirty_rate_mbps), link), _SLOWEST))
        case ActionKind.MIGRATE_COLD:
            vm = facts.vms[step.v]
            return STOP_S + _copy_s(vm, _link_mbps(facts, step)) + _restart_s(vm)
        case _:
            assert_never(step.kind)


def _restart_s(vm: Vm) -> int:
    return max(1, vm.restart_s)


def _copy_s(vm: Vm, rate: int, units_per_mbps: int = 1) -> int:
    """Seconds to copy what the guest requests at `rate`, to the nearest one, halves up."""
    bits = vm.requested.get("memory_mib", 0) * _BITS_PER_MIB * units_per_mbps
    per_s = rate * _BITS_PER_MBIT
    return (2 * bits + per_s) // (2 * per_s)


def _link_mbps(facts: Facts, step: Step) -> int:
    ends = (step.host, step.goal) if step.is_migration else (step.host,)
    return max(1, min(facts.hosts[h].migration_bandwidth_mbps for h in ends))


class Slots:
    """When the migration slots of each host are free again, were steps to take them in list order: an estimate."""

    def __init__(self, facts: Facts) -> None:
        self._free_at = [[0] * max(1, host.migration_slots) for host in facts.hosts]

    def take(self, step: Step, ready: int, duration: int) -> int:
        """The begin of a step that may begin at `ready`; a migration takes a slot at both ends."""
        ready = min(ready, LATEST_S)
        if not step.is_migration:
            return ready
        ends = self._free_at[step.host], self._free_at[step.goal]
        start = min(max(ready, ends[0][0], ends[1][0]), LATEST_S)
        for slots in ends:
            heapq.heapreplace(slots, start + duration)
        return start
