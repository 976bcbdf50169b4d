"""What a plan does to the guests of each tier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..actions import ActionKind, Plan
from ..execution.carry_out import after_plan
from ..outcome import TierCount
from ..problem import Problem
from ..snapshot import Snapshot, Vm, VmState


def count_tiers(problem: Problem, snapshot: Snapshot, plan: Plan) -> tuple[TierCount, ...]:
    """The counts of every tier that has guests, in the order of `problem.tiers`: highest rank first."""
    taken_down = {action.vm_id: action.kind for action in plan.actions if action.kind.departs}
    counts: list[Counter[str]] = [Counter() for _ in problem.tiers]
    afterwards = zip(snapshot.vms, after_plan(snapshot, plan).vms, strict=True)
    wanted = ((vm, after) for vm, after in afterwards if vm.is_wanted)
    for (vm, after), t in zip(wanted, problem.tier.tolist(), strict=True):
        counts[t].update(_facts(vm, after, taken_down.get(vm.id)))
    return tuple(TierCount(tier.name, **count) for tier, count in zip(problem.tiers, counts, strict=True) if count)


def _facts(vm: Vm, after: Vm, taken_down: ActionKind | None) -> Iterator[str]:
    """The fields of `TierCount` that the guest counts in."""
    yield "wanted"
    if vm.is_running or vm.state is VmState.DISPLACED:
        yield "ran_before"
    if vm.state is VmState.DISPLACED:
        yield "displaced"
    yield from _facts_of_running(vm, after, taken_down) if after.is_running else _facts_of_down(vm, taken_down)


def _facts_of_down(vm: Vm, taken_down: ActionKind | None) -> Iterator[str]:
    yield "stays_down"
    if vm.is_running and taken_down is not None:
        yield "suspended" if taken_down is ActionKind.SUSPEND else "stopped"


def _facts_of_running(vm: Vm, after: Vm, taken_down: ActionKind | None) -> Iterator[str]:
    yield "runs_after"
    if vm.state is VmState.DISPLACED:
        yield "restarted"
    if vm.state in (VmState.PENDING, VmState.SUSPENDED):
        yield "started"
    if vm.is_running and taken_down is not None:
        yield "interrupted"
    if vm.is_running and after.place != vm.place:
        yield "moved"
    if any(after.allocated.get(name, amount) < amount for name, amount in vm.requested.items()):
        yield "shrunk"
