"""What a cluster loses for good, or until it is given back: hosts that are taken out, storage that nobody reaches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..snapshot import Snapshot, Vm, VmState


def remove_hosts(snapshot: Snapshot, host_ids: Collection[str]) -> Snapshot:
    """The cluster without the hosts. Guests that ran there, or were displaced from there, wait to be started."""
    hosts = tuple(host for host in snapshot.hosts if host.id not in host_ids)
    return replace(snapshot, hosts=hosts, vms=tuple(_without_hosts(vm, host_ids) for vm in snapshot.vms))


def cut_off_pools(snapshot: Snapshot, pool_ids: Collection[str]) -> Snapshot:
    """The cluster when no host reaches the storage pools any more: guests that need one wait until one does."""
    hosts = tuple(
        host
        if frozenset(host.storage_pool_ids).isdisjoint(pool_ids)
        else replace(host, storage_pool_ids=tuple(pool for pool in host.storage_pool_ids if pool not in pool_ids))
        for host in snapshot.hosts
    )
    return replace(snapshot, hosts=hosts, vms=tuple(_without_pools(vm, pool_ids) for vm in snapshot.vms))


def _without_hosts(vm: Vm, gone: Collection[str]) -> Vm:
    if vm.home_host_id in gone:
        vm = replace(vm, home_host_id="")
    if vm.host_id in gone:
        is_lost = vm.is_running or vm.state is VmState.DISPLACED
        state = VmState.PENDING if is_lost else vm.state
        return replace(vm, state=state, host_id="", target_host_id="", allocated={} if is_lost else vm.allocated)
    if vm.target_host_id in gone:
        return replace(vm, state=VmState.RUNNING, target_host_id="")
    return vm


def _without_pools(vm: Vm, gone: Collection[str]) -> Vm:
    if vm.storage_pool_id not in gone or not vm.is_running:
        return vm
    return replace(vm, state=VmState.PENDING, host_id="", target_host_id="", allocated={})
