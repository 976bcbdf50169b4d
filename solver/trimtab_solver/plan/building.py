"""From ordered steps to the plan: preparation of hosts, dependencies, times, reasons and undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..actions import Action, ActionKind, Plan, Undo
from ..failures import Event
from ..primitives.encoding import Ints
from ..problem import NOWHERE, Problem
from ..snapshot import FencingState, HostState, Snapshot, VmState
from .dependencies import find_dependencies
from .reasons import Reasons
from .schedule import durations_of, earliest_starts
from .steps import NO_VM, Step


def start_kinds(snapshot: Snapshot, problem: Problem) -> dict[int, ActionKind]:
    """Guests that come back by RESUME because they are suspended."""
    suspended = {vm.id for vm in snapshot.vms if vm.state is VmState.SUSPENDED}
    return {v: ActionKind.RESUME for v, vm_id in enumerate(problem.vm_ids) if vm_id in suspended}


def build_plan(snapshot: Snapshot, problem: Problem, ordered: Sequence[Step], event: Event) -> Plan:
    """The plan that executes `ordered`, hosts fenced and booted first."""
    failed_host = _failed_hosts(snapshot, problem)
    steps = [*_preparations(problem, ordered, failed_host), *ordered]
    dependencies = find_dependencies(problem, steps, failed_host)
    durations = durations_of(snapshot, problem, steps)
    starts = earliest_starts(snapshot, steps, dependencies, durations)
    reasons = Reasons(snapshot, problem, steps, dependencies, event)
    asked = {vm.id: vm.requested for vm in snapshot.vms}
    actions = []
    for i, step in enumerate(steps):
        actions.append(
            Action(
                id=i + 1,
                kind=step.kind,
                vm_id="" if step.v == NO_VM else problem.vm_ids[step.v],
                host_id=problem.host_ids[step.host],
                target_host_id=problem.host_ids[step.goal] if step.is_migration else "",
                size=_named(problem, asked, step.v, step.size),
                depends_on=tuple(d + 1 for d in dependencies[i]),
                phase=reasons.phase(i),
                earliest_start_s=starts[i],
                duration_s=durations[i],
                reason=reasons.text(i),
                rules=reasons.rules(i),
                undo=_undo(problem, asked, step),
            )
        )
    return Plan(tuple(actions))


def _failed_hosts(snapshot: Snapshot, problem: Problem) -> dict[int, int]:
    """Displaced guest -> the failed host that must be fenced before it starts elsewhere."""
    index = {host_id: h for h, host_id in enumerate(problem.host_ids)}
    unfenced = {
        host.id for host in snapshot.hosts if host.state is HostState.DOWN and host.fencing is not FencingState.FENCED
    }
    states = {vm.id: vm for vm in snapshot.vms}
    found = {}
    for v, vm_id in enumerate(problem.vm_ids):
        vm = states[vm_id]
        if vm.state is VmState.DISPLACED and vm.host_id in unfenced:
            found[v] = index[vm.host_id]
    return found


def _preparations(problem: Problem, ordered: Sequence[Step], failed_host: dict[int, int]) -> list[Step]:
    """Fencing for every failed host whose guests start elsewhere, booting for every cold spare that is used."""
    starting = {step.v for step in ordered if step.kind.arrives}
    fenced = sorted({h for v, h in failed_host.items() if v in starting})
    entered = sorted({step.enters for step in ordered if step.enters != NOWHERE})
    booted = [h for h in entered if problem.disruption.spare[h]]
    return [
        *(Step(ActionKind.FENCE_HOST, NO_VM, h) for h in fenced),
        *(Step(ActionKind.BOOT_HOST, NO_VM, h) for h in booted),
    ]


def _named(problem: Problem, asked: Mapping[str, Mapping[str, int]], v: int, size: Ints | None) -> dict[str, int]:
    """A size by resource name; resources the guest does not ask for are left out."""
    if size is None:
        return {}
    names = asked[problem.vm_ids[v]]
    return {r: int(size[i]) for i, r in enumerate(problem.resources) if r in names}


def _undo(problem: Problem, asked: Mapping[str, Mapping[str, int]], step: Step) -> Undo | None:
    """The inverse right after the step; fencing has none, nor has a migration that cannot be made backwards."""
    kind = step.kind.traits.undone_by
    if kind is None:
        return None
    host = problem.host_ids[step.host]
    if step.v == NO_VM:
        return Undo(kind, host_id=host)
    vm_id = problem.vm_ids[step.v]
    if step.is_migration:
        if not problem.disruption.reaches(step.v, step.goal, step.host):
            return None
        live = problem.disruption.is_live(step.v, step.goal, step.host)
        back = ActionKind.MIGRATE_LIVE if live else ActionKind.MIGRATE_COLD
        return Undo(back, vm_id, problem.host_ids[step.goal], host)
    size = _named(problem, asked, step.v, step.before) if kind.traits.carries_size else {}
    return Undo(kind, vm_id, host, size=size)
