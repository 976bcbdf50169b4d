"""Judges Together: domains used beyond the first, per group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.together import Together
from .domains import DomainMaps
from .scope import Cell, Coupling, DomainScope, Key, Scope, Tally


@dataclass(frozen=True, slots=True, eq=False)
class TogetherGroup(DomainScope):
    """All running members in one domain."""

    @property
    def coupling(self) -> Coupling:
        """Each change may decide which domain is the group's, so they happen one after another."""
        return Coupling.ORDER

    def key(self, cell: Cell) -> Key:
        """The group has one key."""
        return ""

    def amount(self, tally: Tally, key: Key) -> int:
        """Domains beyond the first."""
        return max(0, len(tally.counts) - 1)

    def _keys(self, tally: Tally) -> Iterable[Key]:
        return ("",)


def scopes(document: Document, spec: Together, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope per group."""
    members = selection.vms(document, "spec.select", spec.select)
    where = domains.of(spec.topology)
    for group, vm_ids in selection.groups(document, "spec.groupBy", members, spec.group_by).items():
        yield TogetherGroup(document.name, spec.level, spec.weight or 1, group, vm_ids, where)
