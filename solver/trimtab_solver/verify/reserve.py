"""Judges Reserve: how much of the reserve of a domain protected guests use up, in percent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.reserve import Reserve
from .domains import DomainMaps
from .room import UNIT, room
from .scope import Cell, Coupling, Key, Scope, ScopeTally
from .suitability import RECEIVING


@dataclass(frozen=True, slots=True, eq=False)
class ReservedResource(Scope):
    """One resource. A member counts in its domain with what it requests; `requests` are all amounts that occur."""

    domains: Mapping[str, str]
    requested: Mapping[str, int]
    requests: tuple[int, ...]
    usable: Mapping[str, int]
    total: Mapping[str, int]

    @property
    def coupling(self) -> Coupling:
        """The reserve may not be used before it has been given back."""
        return Coupling.CROWDING

    def cell(self, vm_id: str, host_id: str) -> Cell | None:
        """The domain and the amount."""
        return self.domains[host_id], self.requested[vm_id]

    def key(self, cell: Cell) -> Key:
        """The domain."""
        return cell[0]

    def zone(self, host_id: str) -> str:
        """The domain of the host."""
        return self.domains[host_id]

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """Percent of what the domain offers, or if that is nothing of all requests, that are used and should not be."""
        used = sum(amount * tally.counts.get((key, amount), 0) for amount in self.requests)
        excess = max(0, used - self.usable.get(key, 0))
        return -(-100 * excess // (self.total.get(key, 0) or sum(self.requested.values())))


def scopes(document: Document, spec: Reserve, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope per resource that protected guests request."""
    snapshot = selection.snapshot
    where = dict.fromkeys((host.id for host in snapshot.hosts), "")
    if spec.within is not None:
        where = dict(domains.of(spec.within))
    protected = set(selection.vms(document, "spec.protects", spec.protects)) & selection.wanted
    vms = [vm for vm in snapshot.vms if vm.id in protected]
    for resource in sorted({resource for vm in vms for resource in vm.requested}):
        if spec.resources is not None and resource not in spec.resources:
            continue
        requested = {vm.id: vm.requested[resource] for vm in vms if vm.requested.get(resource, 0)}
        offers: defaultdict[str, list[int]] = defaultdict(list)
        for host in snapshot.hosts:
            if host.state in RECEIVING:
                offers[where[host.id]].append(room(host, resource) // UNIT)
        usable: dict[str, int] = {}
        for name, each in offers.items():
            if spec.share is not None:
                # what stays free is rounded up
                usable[name] = sum(each) - -(-sum(each) * int(spec.share.rstrip("%")) // 100)
            else:
                kept = sorted(each, reverse=True)[spec.hosts or 0 :]
                usable[name] = sum(kept)
        total = {name: sum(each) for name, each in offers.items()}
        yield ReservedResource(
            document.name,
            spec.level,
            spec.weight or 1,
            resource,
            tuple(requested),
            where,
            requested,
            tuple(sorted(set(requested.values()))),
            usable,
            total,
        )
