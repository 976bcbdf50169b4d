"""What a plan and what happens to a cluster do to its snapshot."""

from __future__ import annotations

from dataclasses import replace

from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.snapshot import FencingState, Host, HostState, Snapshot, Vm, VmState


def execute(snapshot: Snapshot, plan: Plan) -> Snapshot:
    """The cluster after every action of the plan was carried out, in order of the list."""
    hosts = {host.id: host for host in snapshot.hosts}
    vms = {vm.id: vm for vm in snapshot.vms}
    for action in plan.actions:
        if action.vm_id:
            vms[action.vm_id] = _changed(vms[action.vm_id], action)
        else:
            hosts[action.host_id] = _switched(hosts[action.host_id], action.kind)
    return replace(snapshot, hosts=tuple(hosts.values()), vms=tuple(vms.values()))


def _switched(host: Host, kind: ActionKind) -> Host:
    match kind:
        case ActionKind.FENCE_HOST:
            return replace(host, fencing=FencingState.FENCED)
        case ActionKind.BOOT_HOST:
            return replace(host, state=HostState.UP)
        case ActionKind.SHUTDOWN_HOST:
            return replace(host, state=HostState.STANDBY)
    raise AssertionError(f"{kind} is about a guest")


def _changed(vm: Vm, action: Action) -> Vm:
    match action.kind:
        case ActionKind.START | ActionKind.RESUME:
            return replace(vm, state=VmState.RUNNING, host_id=action.host_id, allocated=dict(action.size))
        case ActionKind.STOP:
            return replace(vm, state=VmState.PENDING, host_id="", allocated={})
        case ActionKind.SUSPEND:
            return replace(vm, state=VmState.SUSPENDED, host_id="", allocated={})
        case ActionKind.MIGRATE_LIVE | ActionKind.MIGRATE_COLD:
            return replace(vm, host_id=action.target_host_id)
        case ActionKind.RESIZE:
            return replace(vm, allocated=dict(action.size))
    raise AssertionError(f"{action.kind} is about a host")


def after_event(snapshot: Snapshot, host_ids: set[str], state: HostState) -> Snapshot:
    """The cluster after the hosts went into a state: down displaces what they run, up again forgets what they ran."""
    hosts = (
        replace(host, state=state, fencing=FencingState.UNFENCED) if host.id in host_ids else host
        for host in snapshot.hosts
    )
    vms = (_after_event(vm, state) if vm.host_id in host_ids else vm for vm in snapshot.vms)
    return replace(snapshot, hosts=tuple(hosts), vms=tuple(vms))


def _after_event(vm: Vm, state: HostState) -> Vm:
    if state is HostState.DOWN and vm.state is VmState.RUNNING:
        return replace(vm, state=VmState.DISPLACED, allocated={})
    if state is not HostState.DOWN and vm.state is VmState.DISPLACED:
        return replace(vm, state=VmState.PENDING, host_id="")
    return vm
