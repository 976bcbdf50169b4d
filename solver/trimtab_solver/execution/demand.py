"""Guests that request more or less, and hosts that offer less."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ..snapshot import Host, Snapshot
from .events import resized


def scale_requests(snapshot: Snapshot, vm_ids: Collection[str], percent: Mapping[str, int]) -> Snapshot:
    """The cluster when the guests request so many percent of what they did, rounded up.

    Running guests hold what they held, but no more than they request.
    """
    return replace(
        snapshot,
        vms=tuple(
            resized(vm, {**vm.requested, **_scaled(vm.requested, percent)}) if vm.id in vm_ids else vm
            for vm in snapshot.vms
        ),
    )


def degrade_hosts(
    snapshot: Snapshot, host_ids: Collection[str], percent: Mapping[str, int], whole: Mapping[str, Host]
) -> Snapshot:
    """The cluster when of what the hosts offer so many percent are left, rounded down; `whole` says of how much."""
    hosts = tuple(
        _degraded(host, percent, whole.get(host.id, host)) if host.id in host_ids else host for host in snapshot.hosts
    )
    return replace(snapshot, hosts=hosts)


def _scaled(requested: Mapping[str, int], percent: Mapping[str, int]) -> dict[str, int]:
    return {name: -(-requested[name] * share // 100) for name, share in percent.items() if name in requested}


def _degraded(host: Host, percent: Mapping[str, int], whole: Host) -> Host:
    left = {name: whole.capacity[name] * share // 100 for name, share in percent.items() if name in whole.capacity}
    capacity = {**host.capacity, **left}
    # what is reserved is no more than there is
    reserved = {name: min(amount, capacity.get(name, amount)) for name, amount in host.reserved.items()}
    return replace(host, capacity=capacity, reserved=reserved)
