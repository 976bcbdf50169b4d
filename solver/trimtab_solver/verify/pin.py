"""Judges Pin: one for each selected guest that runs on a host that is not selected."""

from __future__ import annotations

from collections.abc import Iterator

from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.pin import Pin
from .domains import DomainMaps
from .scope import HostScope, Scope


def scopes(document: Document, spec: Pin, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope for all selected guests."""
    members = selection.vms(document, "spec.select", spec.select)
    hosts = selection.hosts(document, "spec.hosts", spec.hosts)
    yield HostScope(document.name, spec.level, spec.weight or 1, "", members, hosts)
