"""The parts of a cluster that fail: hosts, failure domains, and storage pools that are one part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...execution.parts import POOL, Parts
from ...snapshot import HostState, PoolKind, Snapshot
from ...topology import HOST_KIND
from .failure_rates import SITE, FailureRates, Reliability

_KINDS_OF_ONE_PART = (PoolKind.SHARED, PoolKind.LOCAL)


@dataclass(frozen=True, slots=True)
class FailingPart:
    """A part named as kind:id, with the ids of the hosts and storage pools within it."""

    name: str
    hosts: frozenset[str]
    pools: frozenset[str]
    reliability: Reliability
    is_site: bool = False


def failing_parts(snapshot: Snapshot, rates: FailureRates, site_kind: str = SITE) -> tuple[FailingPart, ...]:
    """Every part that may fail: hosts first, then failure domains by kind, then storage pools.

    Parts whose hosts are all down already are left out, and so are kinds of domains that hold sites, and storage pools
    that are mirrored or that no wanted guest names.
    """
    parts, down = Parts(snapshot), {host.id for host in snapshot.hosts if host.state is HostState.DOWN}
    above = _kinds_above(snapshot, site_kind)
    kinds = [HOST_KIND, *sorted(parts.kinds - {HOST_KIND, POOL} - above)]
    found = []
    for kind in kinds:
        for name in parts.of_kind(kind):
            hosts = parts.hosts[name]
            if not hosts <= down:
                found.append(FailingPart(name, hosts, frozenset(), rates.of(name), kind == site_kind))
    named = {vm.storage_pool_id for vm in snapshot.vms if vm.is_wanted}
    for pool in snapshot.storage_pools:
        if pool.id in named and pool.kind in _KINDS_OF_ONE_PART:
            name = f"{POOL}:{pool.id}"
            found.append(FailingPart(name, frozenset(), frozenset({pool.id}), rates.of(name)))
    return tuple(found)


def without_nested(names: Iterable[str], parts: Mapping[str, FailingPart]) -> tuple[str, ...]:
    """The parts in the order in which they failed, without those that had failed before with others."""
    kept: list[str] = []
    hosts: set[str] = set()
    pools: set[str] = set()
    for name in names:
        part = parts[name]
        if not (part.hosts <= hosts and part.pools <= pools):
            kept.append(name)
            hosts |= part.hosts
            pools |= part.pools
    return tuple(kept)


def by_name(parts: Sequence[FailingPart]) -> dict[str, FailingPart]:
    """The parts by their names."""
    return {part.name: part for part in parts}


def _kinds_above(snapshot: Snapshot, site_kind: str) -> frozenset[str]:
    """Kinds of domains that hold sites."""
    domains = {domain.id: domain for domain in snapshot.domains}
    found = set()
    for domain in snapshot.domains:
        at = domains.get(domain.parent_id) if domain.kind == site_kind else None
        seen: set[str] = set()
        while at is not None and at.id not in seen:
            found.add(at.kind)
            seen.add(at.id)
            at = domains.get(at.parent_id)
    return frozenset(found) - {site_kind}
