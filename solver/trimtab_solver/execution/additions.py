"""What is added to a cluster: hosts and guests like those it has, after the others."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import count, islice

from ..snapshot import FencingState, Host, HostState, PoolKind, Snapshot, Vm, VmState


def add_hosts(snapshot: Snapshot, like: Host, number: int) -> Snapshot:
    """The cluster with so many more hosts like one: in the same failure domains, up, with ids of their own.

    They do not reach the disks that are local to that one.
    """
    ids = islice(_free_ids(like.id, {host.id for host in snapshot.hosts}), number)
    local = {pool.id for pool in snapshot.storage_pools if pool.kind is PoolKind.LOCAL}
    reached = tuple(pool for pool in like.storage_pool_ids if pool not in local)
    new = replace(like, state=HostState.UP, fencing=FencingState.UNFENCED, storage_pool_ids=reached)
    return replace(snapshot, hosts=(*snapshot.hosts, *(replace(new, id=name) for name in ids)))


def add_guests(snapshot: Snapshot, like: Vm, number: int) -> Snapshot:
    """The cluster with so many more guests like one, with ids of their own: wanted, and never started yet."""
    ids = islice(_free_ids(like.id, {vm.id for vm in snapshot.vms}), number)
    new = _never_started(like)
    return replace(snapshot, vms=(*snapshot.vms, *(replace(new, id=name) for name in ids)))


def add_group(snapshot: Snapshot, like: Collection[Vm], number: int) -> Snapshot:
    """The cluster with so many more application groups whose guests are like these, which are all of one group."""
    names = _free_ids(next(iter(like)).group, {vm.group for vm in snapshot.vms})
    for name in islice(names, number):
        for vm in like:
            snapshot = add_guests(snapshot, replace(vm, group=name), 1)
    return snapshot


def _never_started(vm: Vm) -> Vm:
    return replace(vm, state=VmState.PENDING, host_id="", target_host_id="", allocated={}, used={})


def _free_ids(stem: str, taken: Collection[str]) -> Iterator[str]:
    return (name for n in count(2) if (name := f"{stem}-{n}") not in taken)
