"""Where guests are, in which failure domain, what has failed, and how much room there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trimtab_solver.snapshot import FailureDomain, Host, HostState, Migratability, Snapshot, Vm, VmState

RECEIVING = (HostState.UP, HostState.DEGRADED, HostState.STANDBY)


def is_wanted(vm: Vm) -> bool:
    """Every guest that is not stopped on purpose."""
    return vm.state is not VmState.STOPPED


def running_on(vm: Vm) -> str:
    """The host on which it counts as running, empty for none: a guest on its way counts on its target."""
    match vm.state:
        case VmState.RUNNING:
            return vm.host_id
        case VmState.MIGRATING:
            return vm.target_host_id
        case _:
            return ""


def size_now(vm: Vm) -> dict[str, int]:
    """What it has now: what is allocated, else what it requests."""
    return {resource: vm.allocated.get(resource, vm.requested.get(resource, 0)) for resource in _named(vm)}


def _named(vm: Vm) -> list[str]:
    return list(dict.fromkeys((*vm.requested, *vm.allocated)))


# --- failure domains --------------------------------------------------------------------------------------------------


def domain_of(snapshot: Snapshot, host: Host, kind: str) -> str:
    """The host's domain of a kind, found by following parents; a domain by itself where there is none."""
    if kind == "host":
        return host.id
    inside = [domain.id for domain in _around(snapshot, host) if domain.kind == kind]
    return inside[0] if inside else f"{host.id} alone"


def _around(snapshot: Snapshot, host: Host) -> Iterator[FailureDomain]:
    """All domains the host lies in."""
    domains = {domain.id: domain for domain in snapshot.domains}
    for leaf in host.domain_ids:
        at = domains.get(leaf)
        while at is not None:
            yield at
            at = domains.get(at.parent_id)


def hardware_failures(snapshot: Snapshot) -> int:
    """Root causes: a domain of two or more hosts, all of them down, counts once; so does each host outside such.

    Of a failed domain in a failed domain only the outer one is a cause. Cold spares, and hosts in maintenance where
    nobody runs, are as good as absent.
    """
    if snapshot.hardware_failures is not None:
        return snapshot.hardware_failures
    down = {host.id for host in snapshot.hosts if host.state is HostState.DOWN}
    in_use = {vm.host_id for vm in snapshot.vms if running_on(vm)} | {running_on(vm) for vm in snapshot.vms}
    hosts = [
        host
        for host in snapshot.hosts
        if host.state is not HostState.STANDBY and (host.state is not HostState.MAINTENANCE or host.id in in_use)
    ]
    members = [frozenset(host.id for host in hosts if domain in _around(snapshot, host)) for domain in snapshot.domains]
    failed = {those for those in members if len(those) >= 2 and those <= down}
    causes = [those for those in failed if not any(those < other for other in failed)]
    return len(causes) + len(down.difference(*causes))


# --- rights and room --------------------------------------------------------------------------------------------------


def is_suitable(host: Host, vm: Vm) -> bool:
    """Whether the host receives guests, reaches the guest's storage and has its devices."""
    reaches = not vm.storage_pool_id or vm.storage_pool_id in host.storage_pool_ids
    return host.state in RECEIVING and reaches and set(vm.device_needs) <= set(host.capabilities)


def moves_live(vm: Vm, source: Host, target: Host) -> bool:
    """Whether it can move between the hosts while it runs."""
    return vm.migratability is Migratability.LIVE and target.cpu_generation >= source.cpu_generation


def room(host: Host, resource: str) -> int:
    """The right side of the rule about room: p * (capacity - reserved)."""
    return _percent(host, resource) * (host.capacity.get(resource, 0) - host.reserved.get(resource, 0))


def load(host: Host, single: tuple[str, ...], size: Mapping[str, int]) -> dict[str, int]:
    """What a guest adds to the left side; `single` are the resources in which it is not overcommitted."""
    return {r: (_percent(host, r) if r in single else 100) * amount for r, amount in size.items()}


def _percent(host: Host, resource: str) -> int:
    return host.overcommit_percent.get(resource, 100)


def share_up(share: str, amount: int) -> int:
    """A percentage of an amount, rounded up."""
    return (amount * int(share.rstrip("%")) + 99) // 100
