"""Judges Quorum: running guests that are missing, per group, with the worst domain lost if that is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.quorum import Quorum
from .domains import DomainMaps
from .scope import Cell, Change, CountedScope, Key, Scope, ScopeTally, Sum


@dataclass(frozen=True, slots=True, eq=False)
class QuorumGroup(CountedScope):
    """At least `least` running members; without those in any one of the domains, if there is a map of them."""

    least: int
    domains: Mapping[str, str] | None

    def sums(self, tally: ScopeTally, changes: Sequence[Change], tolerated: Mapping[Key, int]) -> Iterator[Sum]:
        """Minus the members; with domains, minus those outside of each that is touched, and of the fullest other."""
        most = tolerated.get("", 0) - self.least
        if self.domains is None:
            yield Sum("", {}, -1, -tally.total, most)
            return
        entered, left = Counter(change.entered for change in changes), Counter(change.left for change in changes)
        still = [cell for cell in tally.counts if cell not in entered and cell not in left]
        fullest = [max(still, key=lambda cell: tally.counts[cell])] if still else []
        stops = entered[None]
        for cell in (*dict.fromkeys((*entered, *left)), *fullest):
            start = tally.counts.get(cell, 0) - tally.total if cell is not None else 0
            if cell is not None and start + stops + entered[cell] > most:
                yield Sum("", {cell: 0}, -1, start, most)

    def cell(self, vm_id: str, host_id: str) -> Cell | None:
        """The domain, if it matters."""
        return "" if self.domains is None else self.domains[host_id]

    def key(self, cell: Cell) -> Key:
        """The group has one key."""
        return ""

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """Members missing."""
        lost = 0 if self.domains is None else max(tally.counts.values(), default=0)
        return max(0, self.least - (tally.total - lost))

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """How many run, or would without the worst domain, and how many must."""
        tally = self.tally(place)
        if self.domains is None:
            return f"{self.count_members(tally.total)} run, at least {self.least}"
        worst = max(tally.counts, key=lambda cell: tally.counts[cell], default="any domain")
        left = tally.total - tally.counts.get(worst, 0)
        return f"{self.count_members(left)} would run without {worst}, at least {self.least}"

    def _keys(self, tally: ScopeTally) -> Iterable[Key]:
        return ("",)


def scopes(document: Document, spec: Quorum, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope per group with wanted guests."""
    members = selection.vms(document, "spec.select", spec.select)
    where = None if spec.survives is None else domains.of(spec.survives)
    expected = selection.expected
    for group, vm_ids in selection.groups(document, "spec.groupBy", members, spec.group_by).items():
        if not selection.wanted.isdisjoint(vm_ids):
            wanted = sum(vm_id in expected for vm_id in vm_ids)
            yield QuorumGroup(document.name, spec.level, spec.weight or 1, group, vm_ids, spec.least(wanted), where)
