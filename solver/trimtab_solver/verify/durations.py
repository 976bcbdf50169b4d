"""Judges durations: each action takes as long as docs/concepts.md says, to the second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import floor
from typing import assert_never

from ..actions import Action, ActionKind, Plan
from ..snapshot import Host, Vm
from .case import Case
from .kinds import BringingUp, Moving, Sizing, TakingDown
from .violation import Code, Violation

LONGEST_S = 10_000_000
"""No action is said to take longer."""
LATEST_S = 2_000_000_000
"""No action is said to begin later."""
_MBIT_PER_MIB = Fraction(8_388_608, 1_000_000)
_HALF = Fraction(1, 2)


def duration_faults(case: Case, plan: Plan) -> Iterator[Violation]:
    """A violation for each action that takes another time than it should."""
    for place, action in enumerate(plan.actions, 1):
        seconds = seconds_of(action, case.vms, case.hosts)
        if seconds is not None and action.duration_s != seconds:
            message = (
                f"takes {action.duration_s} s; {action.kind} of {action.vm_id or action.host_id} takes {seconds} s"
            )
            yield Violation(
                place,
                Code.TIMING,
                message,
                host_id=action.host_id,
                vm_id=action.vm_id,
                amount=action.duration_s,
                limit=seconds,
            )


def seconds_of(action: Action, vms: Mapping[str, Vm], hosts: Mapping[str, Host]) -> int | None:
    """How long the action takes; None when it names a guest or host that is not there, which others report."""
    host = hosts.get(action.host_id)
    if host is None:
        return None
    match action.kind:
        case ActionKind.FENCE_HOST | ActionKind.SHUTDOWN_HOST:
            return 15
        case ActionKind.BOOT_HOST:
            return host.boot_s
        case ActionKind.START | ActionKind.RESUME | ActionKind.STOP | ActionKind.SUSPEND | ActionKind.RESIZE:
            vm = vms.get(action.vm_id)
            return None if vm is None else min(_on_guest_s(action.kind, vm, _rate(host, host)), LONGEST_S)
        case ActionKind.MIGRATE_LIVE | ActionKind.MIGRATE_COLD:
            vm, target = vms.get(action.vm_id), hosts.get(action.target_host_id)
            if vm is None or target is None:
                return None
            return min(_on_guest_s(action.kind, vm, _rate(host, target)), LONGEST_S)
        case _:
            assert_never(action.kind)


def _rate(one: Host, other: Host) -> int:
    """Mbit/s between two hosts."""
    return max(1, min(one.migration_bandwidth_mbps, other.migration_bandwidth_mbps))


def _on_guest_s(kind: BringingUp | TakingDown | Moving | Sizing, vm: Vm, rate_mbps: int) -> int:
    match kind:
        case ActionKind.START:
            return max(1, vm.restart_s)
        case ActionKind.STOP:
            return 5
        case ActionKind.RESIZE:
            return 1
        case ActionKind.SUSPEND | ActionKind.RESUME:
            return max(1, _copy_s(vm, Fraction(rate_mbps)))
        case ActionKind.MIGRATE_LIVE:
            left = max(Fraction(rate_mbps - vm.dirty_rate_mbps), Fraction(rate_mbps, 10))
            return max(1, _copy_s(vm, left))
        case ActionKind.MIGRATE_COLD:
            return 5 + _copy_s(vm, Fraction(rate_mbps)) + max(1, vm.restart_s)
        case _:
            assert_never(kind)


def _copy_s(vm: Vm, rate_mbps: Fraction) -> int:
    return floor(vm.requested.get("memory_mib", 0) * _MBIT_PER_MIB / rate_mbps + _HALF)
