"""Puts records of guests that make no sense in quarantine, so that all others can be planned for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from ..errors import Fault
from ..quarantine import Quarantined
from ..snapshot import Host, HostState, Snapshot, Vm, VmState
from .ranges import MAX_AMOUNT

_RECORD = re.compile(r"snapshot\.vms\[(\d+)\]\.(?!id$)")
"""The path of a fault that concerns one guest alone; an id that is missing or stands twice concerns others too."""
_OFF = frozenset({HostState.DOWN, HostState.STANDBY})
"""What hosts say of themselves is believed: nothing runs on these."""


def quarantine(snapshot: Snapshot, faults: Iterable[Fault]) -> tuple[Snapshot, tuple[Quarantined, ...]]:
    """The snapshot without what its faulty records say, and what they may mean, in the order of the snapshot.

    Faults that do not concern one guest are left out. A guest in quarantine keeps its place among the others, and its
    labels, tier and group; it counts as switched off, so that nobody plans for it.
    """
    faults_of: dict[int, list[Fault]] = {}
    for fault in faults:
        if found := _RECORD.match(fault.path):
            faults_of.setdefault(int(found[1]), []).append(fault)
    if not faults_of:
        return snapshot, ()
    hosts = {host.id: host for host in snapshot.hosts}
    pools = {pool.id for pool in snapshot.storage_pools}
    resources = frozenset(resource for host in snapshot.hosts for resource in host.capacity)
    vms = list(snapshot.vms)
    records = []
    for i, why in sorted(faults_of.items()):
        vm = vms[i]
        size, unknown = _largest(vm, resources)
        is_wanted = vm.state is not VmState.STOPPED
        records.append(Quarantined(vm.id, tuple(why), is_wanted, _hosts(vm, hosts, pools), size, unknown))
        vms[i] = _cleared(vm, unknown, resources, hosts, pools)
    return replace(snapshot, vms=tuple(vms)), tuple(records)


def _largest(vm: Vm, resources: frozenset[str]) -> tuple[dict[str, int], frozenset[str]]:
    """The most that it may hold by any of its amounts, and the resources of which no amount can be believed."""
    stated = [*vm.requested.items(), *vm.guaranteed.items(), *vm.allocated.items()]
    if any(not name for name, _ in stated):
        return {}, resources  # an amount without a name may be of any resource
    unknown = frozenset(name for name, amount in stated if not 0 <= amount <= MAX_AMOUNT)
    size: dict[str, int] = {}
    for name, amount in stated:
        if name not in unknown and name in resources:
            size[name] = max(size.get(name, 0), amount)
    return size, unknown & resources


def _hosts(vm: Vm, hosts: Mapping[str, Host], pools: Collection[str]) -> tuple[str, ...]:
    """Where it may run: on the hosts that it names, anywhere if one of them is unknown."""
    if not (vm.is_running or vm.target_host_id or (vm.state is VmState.DISPLACED and vm.host_id in hosts)):
        return ()
    named = [vm.host_id]
    if vm.target_host_id or vm.state is VmState.MIGRATING:
        named.append(vm.target_host_id)
    found = {name for name in named if name in hosts and hosts[name].state not in _OFF}
    if any(name not in hosts for name in named):
        needed = set(vm.device_needs)
        found |= {
            host.id
            for host in hosts.values()
            if host.state not in _OFF
            and needed.issubset(host.capabilities)
            and (vm.storage_pool_id not in pools or vm.storage_pool_id in host.storage_pool_ids)
        }
    return tuple(host_id for host_id in hosts if host_id in found)


def _cleared(
    vm: Vm, unknown: frozenset[str], resources: frozenset[str], hosts: Mapping[str, Host], pools: Collection[str]
) -> Vm:
    """The guest as it is planned with: switched off, with what can be believed of the rest."""
    believed = {r: amount for r, amount in vm.requested.items() if r in resources - unknown}
    return Vm(
        id=vm.id,
        tenant=vm.tenant,
        tier=vm.tier,
        labels=vm.labels,
        group=vm.group,
        requested=believed,
        state=VmState.STOPPED,
        home_host_id=vm.home_host_id if vm.home_host_id in hosts else "",
        storage_pool_id=vm.storage_pool_id if vm.storage_pool_id in pools else "",
        migratability=vm.migratability,
        device_needs=vm.device_needs,
    )
