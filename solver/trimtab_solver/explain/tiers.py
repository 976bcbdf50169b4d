"""What a plan does to the guests of each tier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ..actions import ActionKind, Plan
from ..outcome import TierCount
from ..problem import Problem
from ..snapshot import Snapshot, Vm, VmState


def count_tiers(problem: Problem, snapshot: Snapshot, plan: Plan) -> tuple[TierCount, ...]:
    """The counts of every tier that has guests, in the order of `problem.tiers`: highest rank first."""
    place, sizes, taken_down = _carry_out(snapshot, plan)
    counts: list[Counter[str]] = [Counter() for _ in problem.tiers]
    wanted = (vm for vm in snapshot.vms if vm.is_wanted)
    for vm, t in zip(wanted, problem.tier.tolist(), strict=True):
        counts[t].update(_facts(vm, place.get(vm.id, ""), sizes.get(vm.id, {}), taken_down.get(vm.id)))
    return tuple(TierCount(tier.name, **count) for tier, count in zip(problem.tiers, counts, strict=True) if count)


def _carry_out(
    snapshot: Snapshot, plan: Plan
) -> tuple[dict[str, str], dict[str, Mapping[str, int]], dict[str, ActionKind]]:
    """Where guests run after the plan, what they hold there, and how they were last taken down."""
    place = {vm.id: vm.place for vm in snapshot.vms if vm.is_running}
    sizes: dict[str, Mapping[str, int]] = {vm.id: vm.allocated for vm in snapshot.vms if vm.is_running}
    taken_down: dict[str, ActionKind] = {}
    for action in plan.actions:
        if action.kind.arrives:
            place[action.vm_id], sizes[action.vm_id] = action.host_id, action.size
        elif action.kind.departs:
            place.pop(action.vm_id, None)
            taken_down[action.vm_id] = action.kind
        elif action.kind.moves:
            place[action.vm_id] = action.target_host_id
        elif action.kind.traits.carries_size:
            sizes[action.vm_id] = action.size
    return place, sizes, taken_down


def _facts(vm: Vm, host: str, size: Mapping[str, int], taken_down: ActionKind | None) -> Iterator[str]:
    """The fields of `TierCount` that the guest counts in."""
    yield "wanted"
    if vm.is_running or vm.state is VmState.DISPLACED:
        yield "ran_before"
    if vm.state is VmState.DISPLACED:
        yield "displaced"
    yield from _facts_of_running(vm, host, size, taken_down) if host else _facts_of_down(vm, taken_down)


def _facts_of_down(vm: Vm, taken_down: ActionKind | None) -> Iterator[str]:
    yield "stays_down"
    if vm.is_running and taken_down is not None:
        yield "suspended" if taken_down is ActionKind.SUSPEND else "stopped"


def _facts_of_running(vm: Vm, host: str, size: Mapping[str, int], taken_down: ActionKind | None) -> Iterator[str]:
    yield "runs_after"
    if vm.state is VmState.DISPLACED:
        yield "restarted"
    if vm.state in (VmState.PENDING, VmState.SUSPENDED):
        yield "started"
    if vm.is_running and taken_down is not None:
        yield "interrupted"
    if vm.is_running and host != vm.place:
        yield "moved"
    if any(size.get(name, amount) < amount for name, amount in vm.requested.items()):
        yield "shrunk"
