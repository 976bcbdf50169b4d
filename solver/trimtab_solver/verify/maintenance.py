"""Judges Maintenance: one for each guest that runs on a host that is being worked on."""

from __future__ import annotations

from collections.abc import Iterator

from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.maintenance import Maintenance
from .domains import DomainMaps
from .scope import HostScope, Scope


def scopes(document: Document, spec: Maintenance, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope for all guests, if any host is selected."""
    closed = selection.hosts(document, "spec.hosts", spec.hosts)
    if closed:
        snapshot = selection.reading("vm.id", "host.id")
        members = tuple(vm.id for vm in snapshot.vms if vm.is_wanted)
        others = frozenset(host.id for host in snapshot.hosts) - closed
        yield HostScope(document.name, spec.level, spec.weight or 1, "", members, others)
