"""Judges HostRequirement: one for each selected guest that runs on a host without what it requires."""

from __future__ import annotations

from collections.abc import Iterator

from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.host_requirement import HostRequirement
from .domains import DomainMaps
from .scope import HostScope, Scope


def scopes(document: Document, spec: HostRequirement, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope for all selected guests."""
    members = selection.vms(document, "spec.select", spec.select)
    hosts = selection.hosts_where(document, "spec.require", spec.require)
    yield HostScope(document.name, spec.level, spec.weight or 1, "", members, hosts)
