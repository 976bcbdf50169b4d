"""Counting hardware failures: root causes, not victims."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from .snapshot import HostState, Snapshot, VmState


@dataclass(frozen=True, slots=True)
class Event:
    """What has happened to the cluster, as eviction and resize rights see it (``event`` in CEL)."""

    hardware_failures: int
    failed_hosts: int
    failed_domains: tuple[str, ...]
    displaced_vms: int


def event_of(snapshot: Snapshot) -> Event:
    """What the snapshot shows: a failed domain counts once, plus each failed host outside it.

    A domain has failed when at least two of its hosts are DOWN and none shows a sign of life. Cold spares show none,
    nor do hosts in maintenance that run nothing: they may be switched off. Failed domains are taken by the number of
    their DOWN hosts, the largest first (of equal ones by id); each is a cause if at least two of those have none yet.
    `Snapshot.hardware_failures`, when stated, wins over the count.
    """
    down = {host.id for host in snapshot.hosts if host.state is HostState.DOWN}
    parent = {domain.id: domain.parent_id for domain in snapshot.domains}
    members: defaultdict[str, set[str]] = defaultdict(set)
    silent = _silent_hosts(snapshot)
    for host in snapshot.hosts:
        if host.id in silent:
            continue
        seen: set[str] = set()
        for leaf in host.domain_ids:
            at = leaf
            while at in parent and at not in seen:
                seen.add(at)
                members[at].add(host.id)
                at = parent[at]
    failed = [domain for domain, hosts in members.items() if len(hosts) > 1 and hosts <= down]
    unexplained = set(down)
    causes: list[str] = []
    for domain in sorted(failed, key=lambda d: (-len(members[d]), d)):
        # a domain explains something only if at least two hosts still lack a cause
        if len(members[domain] & unexplained) > 1:
            causes.append(domain)
            unexplained -= members[domain]
    counted = len(causes) + len(unexplained)
    return Event(
        hardware_failures=counted if snapshot.hardware_failures is None else snapshot.hardware_failures,
        failed_hosts=len(down),
        failed_domains=tuple(sorted(causes)),
        displaced_vms=[vm.state for vm in snapshot.vms].count(VmState.DISPLACED),
    )


def _silent_hosts(snapshot: Snapshot) -> set[str]:
    """Hosts that do not tell whether their domain is alive: cold spares, and those in maintenance that run nothing."""
    maintained = {host.id for host in snapshot.hosts if host.state is HostState.MAINTENANCE}
    for vm in snapshot.vms if maintained else ():
        if vm.is_running:
            maintained -= {vm.host_id, vm.target_host_id}
    return maintained.union(host.id for host in snapshot.hosts if host.state is HostState.STANDBY)
