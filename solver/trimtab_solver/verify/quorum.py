"""Judges Quorum: running guests that are missing, per group, with the worst domain lost if that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.quorum import Quorum
from .domains import DomainMaps
from .scope import Cell, Coupling, Key, Scope, ScopeTally


@dataclass(frozen=True, slots=True, eq=False)
class QuorumGroup(Scope):
    """At least `least` running members; without those in any one of the domains, if there is a map of them."""

    least: int
    domains: Mapping[str, str] | None

    @property
    def coupling(self) -> Coupling:
        """Whether one may stop depends on who else runs, and where."""
        return Coupling.ORDER

    def cell(self, vm_id: str, host_id: str) -> Cell | None:
        """The domain, if it matters."""
        return self.zone(host_id)

    def zone(self, host_id: str) -> str:
        """The domain, if it matters."""
        return "" if self.domains is None else self.domains[host_id]

    def key(self, cell: Cell) -> Key:
        """The group has one key."""
        return ""

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """Members missing."""
        lost = 0 if self.domains is None else max(tally.counts.values(), default=0)
        return max(0, self.least - (tally.total - lost))

    def _keys(self, tally: ScopeTally) -> Iterable[Key]:
        return ("",)


def scopes(document: Document, spec: Quorum, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope per group with wanted guests."""
    members = selection.vms(document, "spec.select", spec.select)
    where = None if spec.survives is None else domains.of(spec.survives)
    for group, vm_ids in selection.groups(document, "spec.groupBy", members, spec.group_by).items():
        wanted = sum(vm_id in selection.wanted for vm_id in vm_ids)
        if wanted:
            yield QuorumGroup(document.name, spec.level, spec.weight or 1, group, vm_ids, spec.least(wanted), where)
