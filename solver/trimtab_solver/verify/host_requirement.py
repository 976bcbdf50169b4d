"""Judges HostRequirement: one for each selected guest that runs on a host without what it requires."""

from __future__ import annotations

from collections.abc import Iterator

from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.host_requirement import HostRequirement
from .domains import DomainMaps
from .scope import HostScope, Scope


def scopes(document: Document, spec: HostRequirement, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope for all selected guests that may run on the same hosts."""
    members = selection.vms(document, "spec.select", spec.select)
    hosts = selection.reading("host.storage_pools").hosts
    offering = frozenset(host.id for host in hosts)
    if spec.require is not None:
        offering = selection.hosts_where(document, "spec.require", spec.require)
    if spec.storage is None:
        yield HostScope(document.name, spec.level, spec.weight or 1, "", members, offering)
        return
    fit = selection.pools(document, "spec.storage", spec.storage)
    own_pool = {vm.id: vm.storage_pool_id for vm in selection.reading("vm.storage_pool").vms}
    for pool_id in sorted({own_pool[vm_id] for vm_id in members}):
        reaching = frozenset(
            host.id
            for host in hosts
            if host.id in offering and any(pool in fit and pool_id in ("", pool) for pool in host.storage_pool_ids)
        )
        alike = tuple(vm_id for vm_id in members if own_pool[vm_id] == pool_id)
        yield HostScope(document.name, spec.level, spec.weight or 1, "", alike, reaching)
