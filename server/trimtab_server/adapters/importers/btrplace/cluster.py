"""Builds the snapshot of a BtrPlace instance."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab_solver.errors import Fault, Reason
from trimtab_solver.snapshot import (
    FailureDomain,
    FencingState,
    Host,
    HostState,
    Migratability,
    Snapshot,
    Vm,
    VmState,
)

from ..imported import TIER, ImportRefusedError, Notes
from .constraints import Wishes
from .instance import SLOTS, BtrPlaceInstance
from .json_reader import as_amount


def build_snapshot(instance: BtrPlaceInstance, wishes: Wishes, notes: Notes) -> Snapshot:
    """Hosts, guests and the partitions of among constraints as failure domains."""
    if not instance.host_names:
        raise ImportRefusedError(
            [Fault(Reason.EMPTY_CLUSTER, "model.mapping", "there are no nodes", "export a model with nodes")]
        )
    requests = {vm: _request(instance, wishes, vm) for vm in instance.vm_names}
    slotted = _slotted(instance, wishes, requests, notes)
    domains, parts_of = _domains(wishes)
    hosts = tuple(
        _host(instance, wishes, node, parts_of.get(node, ()), len(slotted), notes)
        for node in sorted(instance.host_names)
    )
    vms = tuple(
        _vm(instance, wishes, vm, {**requests[vm], **({SLOTS: 1} if vm in slotted else {})}, notes)
        for vm in sorted(instance.vm_names)
    )
    return Snapshot(hosts, vms, domains)


def _request(instance: BtrPlaceInstance, wishes: Wishes, vm: int) -> dict[str, int]:
    amounts = {
        resource.name: max(resource.takes(vm), wishes.preserved.get((vm, known), 0))
        for known, resource in instance.resources.items()
    }
    return {name: amount for name, amount in amounts.items() if amount}


def _slotted(
    instance: BtrPlaceInstance, wishes: Wishes, requests: Mapping[int, Mapping[str, int]], notes: Notes
) -> frozenset[int]:
    """VMs that take a slot: all if the number of running VMs is limited somewhere, else those that take nothing."""
    empty = [vm for vm, request in requests.items() if not request]
    for vm in empty:
        notes.add(f"VMs that consume nothing request one of a made-up resource, {SLOTS}", instance.vm_names[vm])
    if wishes.running_caps:
        notes.add(f"runningCapacity limits a made-up resource, {SLOTS}, of which each VM requests one")
        return frozenset(requests)
    return frozenset(empty)


def _domains(wishes: Wishes) -> tuple[tuple[FailureDomain, ...], dict[int, tuple[str, ...]]]:
    domains: list[FailureDomain] = []
    parts_of: dict[int, tuple[str, ...]] = {}
    for kind, partition in wishes.translation.partitions.items():
        for number, part in enumerate(partition, 1):
            domain = FailureDomain(f"{kind}.{number}", kind)
            domains.append(domain)
            for node in part:
                parts_of[node] = (*parts_of.get(node, ()), domain.id)
    return tuple(domains), parts_of


def _host(
    instance: BtrPlaceInstance, wishes: Wishes, node: int, parts: tuple[str, ...], slots: int, notes: Notes
) -> Host:
    capacity = {}
    for known, resource in instance.resources.items():
        capacity[resource.name] = min(resource.has(node), wishes.node_caps.get((node, known), resource.has(node)))
    if slots:
        capacity[SLOTS] = min(slots, wishes.running_caps.get(node, slots))
    boot = as_amount(instance.node_attributes.get(node, {}).get("boot", 180), f"model.attributes.nodes.{node}.boot")
    return Host(
        id=instance.host_names[node],
        domain_ids=parts,
        capacity=capacity,
        overcommit_percent={
            resource.name: wishes.overbooking[node, known]
            for known, resource in instance.resources.items()
            if (node, known) in wishes.overbooking
        },
        state=_host_state(instance, wishes, node, notes),
        fencing=FencingState.FENCED if node in instance.offline else FencingState.UNFENCED,
        migration_bandwidth_mbps=instance.link_mbps.get(node, 10_000),
        boot_s=boot,
    )


def _host_state(instance: BtrPlaceInstance, wishes: Wishes, node: int, notes: Notes) -> HostState:
    wish = wishes.node_states.get(node)
    name = instance.host_names[node]
    if node in instance.offline:
        if wish == "online":
            notes.add("nodes that are off and to be online are cold spares", name)
            return HostState.STANDBY
        notes.add("nodes that are off are taken as failed and fenced", name)
        return HostState.DOWN
    if wish == "offline":
        notes.add("nodes that are online and to be offline are draining", name)
        return HostState.DRAINING
    return HostState.UP


def _vm(instance: BtrPlaceInstance, wishes: Wishes, vm: int, requested: dict[str, int], notes: Notes) -> Vm:
    state = _vm_state(instance, wishes, vm, notes)
    node = instance.running.get(vm)
    name = instance.vm_names[vm]
    allocated = {}
    if state is VmState.RUNNING:
        for resource in instance.resources.values():
            held = resource.takes(vm)
            if held < requested.get(resource.name, 0):
                allocated[resource.name] = held
                notes.add("preserve raises requests; running VMs grow to them where there is room", name)
    boot = as_amount(instance.vm_attributes.get(vm, {}).get("boot", 30), f"model.attributes.vms.{vm}.boot")
    host = instance.host_names[node] if node is not None else ""
    return Vm(
        id=name,
        tier=TIER,
        labels=wishes.translation.labels.get(vm, {}),
        requested=requested,
        allocated=allocated,
        state=state,
        host_id=host,
        home_host_id=host,
        migratability=Migratability.NONE if vm in wishes.rooted else Migratability.LIVE,
        restart_s=boot,
    )


def _vm_state(instance: BtrPlaceInstance, wishes: Wishes, vm: int, notes: Notes) -> VmState:
    wish = wishes.vm_states.get(vm)
    name = instance.vm_names[vm]
    if vm in instance.running:
        if wish not in (None, "running"):
            notes.add(f"running VMs that are to be {wish} keep running: a plan stops nobody on request", name)
        return VmState.RUNNING
    if vm in instance.sleeping:
        if wish == "running":
            return VmState.SUSPENDED
        notes.add("sleeping VMs that need not run count as stopped", name)
        return VmState.STOPPED
    if wish == "running":
        return VmState.PENDING
    notes.add("ready VMs that need not run count as stopped", name)
    return VmState.STOPPED
