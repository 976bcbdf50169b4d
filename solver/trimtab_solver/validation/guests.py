"""Whether guests make sense: where they are, what they ask for, what they name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..errors import Reason
from ..snapshot import Host, HostState, StoragePool, Vm, VmState
from .fault_list import FaultList
from .ranges import MAX_AMOUNT, MAX_MBPS, MAX_SECONDS, check_amounts, check_range, check_within

_POWERED = frozenset({HostState.UP, HostState.DEGRADED, HostState.DRAINING, HostState.MAINTENANCE})


def check_guests(
    vms: Sequence[Vm],
    hosts: Mapping[str, Host],
    pools: Mapping[str, StoragePool],
    faults: FaultList,
) -> None:
    """Faults of guests."""
    resources = frozenset(resource for host in hosts.values() for resource in host.capacity)
    powered = frozenset(name for name, host in hosts.items() if host.state in _POWERED)
    sizes: dict[tuple[int, ...], bool] = {}
    running = VmState.RUNNING
    for i, vm in enumerate(vms):
        # guests share mappings, and nearly every guest is right: each size is looked at once
        size = (id(vm.requested), id(vm.guaranteed), id(vm.allocated))
        is_right = sizes.get(size)
        if is_right is None:
            is_right = sizes[size] = _is_right(vm, resources)
        if not is_right:
            _check_size(i, vm, resources, faults)
        if vm.used:
            _check_used(i, vm, faults)
        if vm.state is not running or vm.host_id not in powered or vm.target_host_id:
            _check_state(i, vm, hosts, faults)
        if vm.storage_pool_id and vm.storage_pool_id not in pools:
            path = f"snapshot.vms[{i}].storage_pool_id"
            faults.add_unknown(path, _subject(vm), "storage pool", vm.storage_pool_id, pools)
        if vm.home_host_id and vm.home_host_id not in hosts:
            faults.add_unknown(
                f"snapshot.vms[{i}].home_host_id",
                _subject(vm),
                "host",
                vm.home_host_id,
                hosts,
            )
        if not 0 <= vm.restart_s <= MAX_SECONDS:
            check_range(
                f"snapshot.vms[{i}].restart_s",
                _subject(vm),
                vm.restart_s,
                0,
                MAX_SECONDS,
                faults,
            )
        if not 0 <= vm.dirty_rate_mbps <= MAX_MBPS:
            check_range(
                f"snapshot.vms[{i}].dirty_rate_mbps",
                _subject(vm),
                vm.dirty_rate_mbps,
                0,
                MAX_MBPS,
                faults,
            )


def sum_requests(vms: Sequence[Vm]) -> dict[str, int]:
    """The sum of all requests per resource."""
    total: dict[str, int] = {}
    # guests share mappings: each is added up once
    requests = [vm.requested for vm in vms]
    one_of = dict(zip(map(id, requests), requests, strict=True))
    for which, number in Counter(map(id, requests)).items():
        for resource, amount in one_of[which].items():
            total[resource] = total.get(resource, 0) + number * amount
    return total


def _is_right(vm: Vm, resources: frozenset[str]) -> bool:
    faults = FaultList()
    _check_size(0, vm, resources, faults)
    return not faults.all()


def _check_size(i: int, vm: Vm, resources: frozenset[str], faults: FaultList) -> None:
    """Faults of what the guest asks for and of what it must have or has of that."""
    _check_requested(i, vm, resources, faults)
    _check_held(i, vm, faults)


def _subject(vm: Vm) -> str:
    return f'guest "{vm.id}"'


def _check_requested(i: int, vm: Vm, resources: frozenset[str], faults: FaultList) -> None:
    path, subject = f"snapshot.vms[{i}].requested", _subject(vm)
    check_amounts(path, subject, vm.requested, faults)
    for resource, amount in vm.requested.items():
        if amount > 0 and resource not in resources:
            message_path = f'{path}["{resource}"]'
            faults.add_unknown(message_path, subject, "resource", resource, resources)


def _check_held(i: int, vm: Vm, faults: FaultList) -> None:
    path, subject = f"snapshot.vms[{i}]", _subject(vm)
    requested = vm.requested
    for name, amounts in (("guaranteed", vm.guaranteed), ("allocated", vm.allocated)):
        for resource, amount in amounts.items():
            if not 0 <= amount <= MAX_AMOUNT or not resource:
                check_amounts(f"{path}.{name}", subject, {resource: amount}, faults)
            else:
                check_within(f"{path}.{name}", subject, {resource: amount}, "request", requested, faults)


def _check_used(i: int, vm: Vm, faults: FaultList) -> None:
    # what a guest uses is measured and may exceed what it asked for
    for resource, amount in vm.used.items():
        if not 0 <= amount <= MAX_AMOUNT or not resource:
            check_amounts(f"snapshot.vms[{i}].used", _subject(vm), {resource: amount}, faults)


def _check_state(i: int, vm: Vm, hosts: Mapping[str, Host], faults: FaultList) -> None:
    path, subject, state = f"snapshot.vms[{i}]", _subject(vm), vm.state
    if vm.host_id and vm.host_id not in hosts:
        faults.add_unknown(f"{path}.host_id", subject, "host", vm.host_id, hosts)
    if vm.target_host_id and vm.target_host_id not in hosts:
        faults.add_unknown(f"{path}.target_host_id", subject, "host", vm.target_host_id, hosts)
    if vm.target_host_id and state is not VmState.MIGRATING:
        message = f'target_host_id of {subject} is "{vm.target_host_id}" but its state is {state}'
        fix = "only MIGRATING guests have a target; clear it or correct the state"
        faults.add(Reason.INCONSISTENT_STATE, f"{path}.target_host_id", message, fix)
    if vm.is_running and not vm.host_id:
        message, fix = (
            f"{subject} is {state} but names no host",
            "send host_id or correct the state",
        )
        faults.add(Reason.INCONSISTENT_STATE, f"{path}.host_id", message, fix)
    if state is VmState.MIGRATING:
        _check_migration(path, vm, hosts, faults)
    host = hosts.get(vm.host_id)
    if host is None:
        return
    if vm.is_running and host.state not in _POWERED:
        message = f'{subject} is {state} on host "{host.id}", which is {host.state}'
        fix = "mark it DISPLACED if its host failed, or correct the state of the host"
        faults.add(Reason.INCONSISTENT_STATE, f"{path}.host_id", message, fix)
    if state is VmState.DISPLACED and host.state is not HostState.DOWN:
        message = f'{subject} is DISPLACED from host "{host.id}", which is {host.state}'
        fix = "mark the host DOWN, or the guest RUNNING (PENDING if it runs nowhere)"
        faults.add(Reason.INCONSISTENT_STATE, f"{path}.host_id", message, fix)


def _check_migration(path: str, vm: Vm, hosts: Mapping[str, Host], faults: FaultList) -> None:
    subject = _subject(vm)
    if not vm.target_host_id:
        message, fix = (
            f"{subject} is MIGRATING but names no target",
            "send target_host_id or correct the state",
        )
        faults.add(Reason.INCONSISTENT_STATE, f"{path}.target_host_id", message, fix)
    elif vm.target_host_id == vm.host_id:
        message = f'{subject} is MIGRATING from host "{vm.host_id}" to the same host'
        faults.add(
            Reason.INCONSISTENT_STATE,
            f"{path}.target_host_id",
            message,
            "correct the target or the state",
        )
    else:
        target = hosts.get(vm.target_host_id)
        if target is not None and target.state not in _POWERED:
            message = f'{subject} is MIGRATING to host "{target.id}", which is {target.state}'
            fix = "mark it RUNNING on its source, or correct the state of the host"
            faults.add(Reason.INCONSISTENT_STATE, f"{path}.target_host_id", message, fix)
