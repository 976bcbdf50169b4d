"""Judges Resize: one for each guest that has less of a resource than it is left."""

from __future__ import annotations

from collections.abc import Iterator

from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.resize import Resize
from .domains import DomainMaps
from .scope import Scope, SizeScope


def scopes(document: Document, spec: Resize, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope for all selected guests, while the condition holds."""
    if not selection.holds(document, "spec.when", spec.when):
        return
    chosen = set(selection.vms(document, "spec.select", spec.select)) & selection.wanted
    floors = {
        vm.id: {
            name: (amount * int(spec.floor[name].rstrip("%")) + 99) // 100
            for name, amount in vm.requested.items()
            if name in spec.floor
        }
        for vm in selection.reading("vm.requested").vms
        if vm.id in chosen
    }
    if floors:
        yield SizeScope(document.name, spec.level, spec.weight or 1, "", tuple(floors), floors)
