"""What a plan does to the guests of each tier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..actions import ActionKind, Plan
from ..execution.carry_out import after_plan
from ..outcome import TierCount
from ..problem import Problem
from ..snapshot import RUNNING_STATES, Snapshot, Vm, VmState


def count_tiers(problem: Problem, snapshot: Snapshot, plan: Plan) -> tuple[TierCount, ...]:
    """The counts of every tier that has guests, in the order of `problem.tiers`: highest rank first."""
    taken_down = {action.vm_id: action.kind for action in plan.actions if action.kind.departs}
    afterwards = zip(snapshot.vms, after_plan(snapshot, plan).vms, strict=True)
    wanted = ((vm, after) for vm, after in afterwards if vm.is_wanted)
    # most guests of a large cluster are alike in all that counts
    alike = Counter(
        (
            t,
            vm.state,
            after.state,
            after is not vm and after.place != vm.place,
            _is_shrunk(after),
            taken_down.get(vm.id),
        )
        # presences of guests in quarantine come after all others
        for (vm, after), t in zip(wanted, problem.tier.tolist(), strict=False)
    )
    counts: list[Counter[str]] = [Counter() for _ in problem.tiers]
    for (t, before, after, is_moved, is_shrunk, down_by), number in alike.items():
        for fact in _facts(before, after, down_by, is_moved=is_moved, is_shrunk=is_shrunk):
            counts[t][fact] += number
    return tuple(TierCount(tier.name, **count) for tier, count in zip(problem.tiers, counts, strict=True) if count)


def _is_shrunk(vm: Vm) -> bool:
    """Whether the guest has less than it requests, of any resource."""
    held, requested = vm.allocated, vm.requested
    # most guests name nothing that they hold, or all that they request
    if not held or held == requested:
        return False
    return any(held.get(name, amount) < amount for name, amount in requested.items())


def _facts(
    before: VmState, after: VmState, taken_down: ActionKind | None, *, is_moved: bool, is_shrunk: bool
) -> Iterator[str]:
    """The fields of `TierCount` that the guest counts in."""
    yield "wanted"
    if before in RUNNING_STATES or before is VmState.DISPLACED:
        yield "ran_before"
    if before is VmState.DISPLACED:
        yield "displaced"
    if after not in RUNNING_STATES:
        yield from _facts_of_down(before, taken_down)
        return
    yield from _facts_of_running(before, taken_down)
    if before in RUNNING_STATES and is_moved:
        yield "moved"
    if is_shrunk:
        yield "shrunk"


def _facts_of_down(before: VmState, taken_down: ActionKind | None) -> Iterator[str]:
    yield "stays_down"
    if before in RUNNING_STATES and taken_down is not None:
        yield "suspended" if taken_down is ActionKind.SUSPEND else "stopped"


def _facts_of_running(before: VmState, taken_down: ActionKind | None) -> Iterator[str]:
    yield "runs_after"
    if before is VmState.DISPLACED:
        yield "restarted"
    if before in (VmState.PENDING, VmState.SUSPENDED):
        yield "started"
    if before in RUNNING_STATES and taken_down is not None:
        yield "interrupted"
