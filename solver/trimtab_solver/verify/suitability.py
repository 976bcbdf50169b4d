"""Judges suitability: one for each guest that runs on a host that cannot (or should no longer) run it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ..policy.documents import Level
from ..snapshot import HostState, Snapshot
from .scope import HostScope, Scope

SUITABILITY = "(suitability)"
"""Stands for a rule name where no document is the reason."""

RECEIVING = frozenset({HostState.UP, HostState.DEGRADED, HostState.STANDBY})


def scopes(snapshot: Snapshot) -> Iterator[Scope]:
    """One scope for all guests with the same storage pool and device needs."""
    alike: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for vm in snapshot.vms:
        if vm.is_wanted:
            alike[vm.storage_pool_id, vm.device_needs].append(vm.id)
    receiving = [
        (host.id, frozenset(host.storage_pool_ids), frozenset(host.capabilities))
        for host in snapshot.hosts
        if host.state in RECEIVING
    ]
    for (pool, needs), members in alike.items():
        hosts = frozenset(
            host_id
            for host_id, pools, capabilities in receiving
            if (not pool or pool in pools) and capabilities.issuperset(needs)
        )
        yield HostScope(SUITABILITY, Level.MUST, 1, pool, members, hosts)
