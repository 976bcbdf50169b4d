"""What happens to a cluster from outside: parts fail, are drained, come back; guests are moved, or ask for more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from ..errors import Fault, Reason, SnapshotRefusedError
from ..snapshot import FencingState, HostState, Snapshot, Vm, VmState
from .parts import Parts
from .removals import cut_off_pools


def hosts_become(snapshot: Snapshot, host_ids: Collection[str], state: HostState) -> Snapshot:
    """The cluster after the hosts went into a state; what they run is displaced when they are down.

    A host that is down is not fenced yet. A guest on its way falls back to its source when its target fails, and is
    displaced when its source fails. Of a host that was down and is so no more, displaced guests wait to be started.
    """
    is_down = state is HostState.DOWN
    hosts = tuple(
        replace(host, state=state, fencing=FencingState.UNFENCED if is_down else host.fencing)
        if host.id in host_ids
        else host
        for host in snapshot.hosts
    )
    change = _without if is_down else _given_back
    return replace(snapshot, hosts=hosts, vms=tuple(change(vm, host_ids) for vm in snapshot.vms))


def after_failure(snapshot: Snapshot, parts: Iterable[str], path: str = "fail") -> Snapshot:
    """The cluster after `parts`, each as kind:id, have failed.

    Of a storage pool that has failed no host knows any more, and guests that need it wait for it. Failures of storage
    pools are not counted here.

    Raises
    ------
    SnapshotRefusedError
        If a part is no kind:id, or there is none of that kind and id; `path` says where the parts are named.
    """
    lost = Parts(snapshot).within(parts, path)
    state = hosts_become(snapshot, lost.hosts, HostState.DOWN) if lost.hosts else snapshot
    return cut_off_pools(state, lost.pools) if lost.pools else state


def after_draining(snapshot: Snapshot, parts: Iterable[str], path: str = "drain") -> Snapshot:
    """The cluster when the hosts within `parts` are to be emptied. Raises as `after_failure`."""
    hosts = Parts(snapshot).within(parts, path, only_hosts=True).hosts
    return hosts_become(snapshot, hosts, HostState.DRAINING) if hosts else snapshot


def move_guest(snapshot: Snapshot, vm_id: str, host_id: str) -> Snapshot:
    """The cluster when somebody has brought the guest to a host: it runs there, wherever it was, as large as it was.

    Raises
    ------
    SnapshotRefusedError
        If there is no such guest or host.
    """
    if all(host.id != host_id for host in snapshot.hosts):
        raise _unknown("host", "host_id", host_id)
    return _with_guest(
        snapshot, vm_id, lambda vm: replace(vm, state=VmState.RUNNING, host_id=host_id, target_host_id="")
    )


def resize_guest(snapshot: Snapshot, vm_id: str, requested: Mapping[str, int]) -> Snapshot:
    """The cluster when the guest requests so much of these resources, and of others as before.

    It is guaranteed no more than it requests. While it runs it holds what it held, but no more than it requests: more
    it is given by a plan. Raises as `move_guest`.
    """
    return _with_guest(snapshot, vm_id, lambda vm: resized(vm, {**vm.requested, **requested}))


def resized(vm: Vm, requested: Mapping[str, int]) -> Vm:
    """The guest when this is all that it requests; as `resize_guest`."""
    guaranteed = {name: min(amount, requested[name]) for name, amount in vm.guaranteed.items()}
    held = {**vm.requested, **vm.allocated} if vm.is_running else {}
    allocated = {name: min(amount, requested[name]) for name, amount in held.items()}
    return replace(vm, requested=requested, guaranteed=guaranteed, allocated=allocated)


def _with_guest(snapshot: Snapshot, vm_id: str, change: Callable[[Vm], Vm]) -> Snapshot:
    if all(vm.id != vm_id for vm in snapshot.vms):
        raise _unknown("guest", "vm_id", vm_id)
    return replace(snapshot, vms=tuple(change(vm) if vm.id == vm_id else vm for vm in snapshot.vms))


def _unknown(noun: str, path: str, name: str) -> SnapshotRefusedError:
    fault = Fault(Reason.UNKNOWN_REFERENCE, path, f'the cluster has no {noun} "{name}"', f"name a {noun} that it has")
    return SnapshotRefusedError([fault])


def _without(vm: Vm, failed: Collection[str]) -> Vm:
    """The guest after the hosts failed."""
    if not vm.is_running:
        return vm
    if vm.host_id in failed:
        return replace(vm, state=VmState.DISPLACED, target_host_id="", allocated={})
    if vm.target_host_id in failed:
        return replace(vm, state=VmState.RUNNING, target_host_id="")
    return vm


def _given_back(vm: Vm, returned: Collection[str]) -> Vm:
    """The guest after hosts that may have been down are so no more."""
    if vm.state is VmState.DISPLACED and vm.host_id in returned:
        return replace(vm, state=VmState.PENDING, host_id="")
    return vm
