"""Judges Spread: members above the limit per domain, domains missing per group, and skew between domains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.spread import Spread
from .domains import DomainMaps
from .scope import Cell, Coupling, DomainScope, Key, Scope, ScopeTally
from .suitability import RECEIVING


@dataclass(frozen=True, slots=True, eq=False)
class SpreadLimit(DomainScope):
    """At most `limit` running members in one domain."""

    limit: int

    @property
    def coupling(self) -> Coupling:
        """A domain may not be entered before those who leave it have left."""
        return Coupling.CROWDING

    def key(self, cell: Cell) -> Key:
        """The domain."""
        return str(cell)

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """Members above the limit."""
        return max(0, tally.counts.get(key, 0) - self.limit)


@dataclass(frozen=True, slots=True, eq=False)
class SpreadMinimum(DomainScope):
    """At least `minimum` domains used, or as many as there are running members if those are fewer."""

    minimum: int

    @property
    def coupling(self) -> Coupling:
        """What one member more, or one less, does to the amount depends on where all the others are."""
        return Coupling.ORDER

    def key(self, cell: Cell) -> Key:
        """The group has one key."""
        return ""

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """Domains missing."""
        return max(0, min(self.minimum, tally.total) - len(tally.counts))

    def _keys(self, tally: ScopeTally) -> Iterable[Key]:
        return ("",)


@dataclass(frozen=True, slots=True, eq=False)
class SpreadSkew(DomainScope):
    """At most `skew` between the fullest domain and the emptiest of the `open_domains`."""

    skew: int
    open_domains: frozenset[str]

    @property
    def coupling(self) -> Coupling:
        """Which domain is the fullest, and which the emptiest, depends on where all the others are."""
        return Coupling.ORDER

    def key(self, cell: Cell) -> Key:
        """The group has one key."""
        return ""

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """What the skew is beyond the permitted one."""
        inside = [count for domain, count in tally.counts.items() if domain in self.open_domains]
        emptiest = min(inside) if len(inside) == len(self.open_domains) else 0
        return max(0, max(tally.counts.values(), default=0) - emptiest - self.skew)

    def _keys(self, tally: ScopeTally) -> Iterable[Key]:
        return ("",)


def scopes(document: Document, spec: Spread, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope per group and limit, if the group has enough wanted members to break it."""
    members = selection.vms(document, "spec.select", spec.select)
    where = domains.of(spec.topology)
    weight = spec.weight or 1
    open_domains = frozenset(where[host.id] for host in selection.snapshot.hosts if host.state in RECEIVING)
    for group, vm_ids in selection.groups(document, "spec.groupBy", members, spec.group_by).items():
        count = sum(vm_id in selection.wanted for vm_id in vm_ids)
        if spec.max_per_domain is not None and count > spec.max_per_domain:
            yield SpreadLimit(
                document.name,
                spec.level,
                weight,
                group,
                vm_ids,
                where,
                spec.max_per_domain,
            )
        if spec.min_domains is not None and count > 1:
            yield SpreadMinimum(
                document.name,
                spec.level,
                weight,
                group,
                vm_ids,
                where,
                spec.min_domains,
            )
        if spec.max_skew is not None and count > spec.max_skew and open_domains:
            yield SpreadSkew(
                document.name,
                spec.level,
                weight,
                group,
                vm_ids,
                where,
                spec.max_skew,
                open_domains,
            )
