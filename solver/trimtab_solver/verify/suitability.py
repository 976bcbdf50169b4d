"""Judges suitability: one for each guest that runs on a host that cannot (or should no longer) run it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..policy.documents import Level
from ..policy.selection import Selection
from ..snapshot import Host, HostState
from .scope import HostScope, Key, Scope

SUITABILITY = "(suitability)"
"""Stands for a rule name where no document is the reason."""

RECEIVING = frozenset({HostState.UP, HostState.DEGRADED, HostState.STANDBY})


@dataclass(frozen=True, slots=True, eq=False)
class SuitableHosts(HostScope):
    """All guests with the same storage pool and device needs; `every` are all hosts by id."""

    pool: str
    needs: tuple[str, ...]
    every: Mapping[str, Host]

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """The guest, where it runs, and why it should not."""
        return f"{key} on {place[key]}, which {self._lack(self.every[place[key]])}"

    def _lack(self, host: Host) -> str:
        if host.state not in RECEIVING:
            return "is in maintenance" if host.state is HostState.MAINTENANCE else f"is {host.state.lower()}"
        if self.pool and self.pool not in host.storage_pool_ids:
            return f"does not reach storage pool {self.pool}"
        return f"lacks {', '.join(need for need in self.needs if need not in host.capabilities)}"


def scopes(selection: Selection) -> Iterator[Scope]:
    """One scope for all guests with the same storage pool and device needs."""
    # pools and devices of guests and hosts do not change while a cluster is followed
    snapshot = selection.reading("vm.id", "host.state")
    alike: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for vm in snapshot.vms:
        if vm.is_wanted:
            alike[vm.storage_pool_id, vm.device_needs].append(vm.id)
    receiving = [host for host in snapshot.hosts if host.state in RECEIVING]
    reaching, capable = _owners(receiving, "storage_pool_ids"), _owners(receiving, "capabilities")
    everyone = frozenset(host.id for host in receiving)
    every = {host.id: host for host in snapshot.hosts}
    for (pool, needs), members in alike.items():
        hosts = everyone & reaching[pool] if pool else everyone
        for need in needs:
            hosts &= capable[need]
        yield SuitableHosts(SUITABILITY, Level.MUST, 1, pool, members, hosts, pool, needs, every)


def _owners(hosts: list[Host], field: str) -> defaultdict[str, set[str]]:
    """By name, the hosts that have it among the names in the field."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for host in hosts:
        for name in getattr(host, field):
            owners[name].add(host.id)
    return owners
