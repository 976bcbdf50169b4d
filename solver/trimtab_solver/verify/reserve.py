"""Judges Reserve: how much of the reserve of a domain protected guests use up, in percent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..amounts import describe_amount
from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.reserve import Reserve
from .domains import DomainMaps
from .room import UNIT, room
from .scope import Cell, Change, CountedScope, Key, Scope, ScopeTally, Sum
from .suitability import RECEIVING


@dataclass(frozen=True, slots=True, eq=False)
class ReservedResource(CountedScope):
    """One resource. A member counts in its domain with what it requests; `requests` are all amounts that occur."""

    domains: Mapping[str, str]
    requested: Mapping[str, int]
    requests: tuple[int, ...]
    usable: Mapping[str, int]
    total: Mapping[str, int]

    def sums(self, tally: ScopeTally, changes: Sequence[Change], tolerated: Mapping[Key, int]) -> Iterator[Sum]:
        """What is requested in each domain that is entered."""
        for domain in dict.fromkeys(self.key(change.entered) for change in changes if change.entered is not None):
            weights: dict[Cell, int] = {(domain, amount): amount for amount in self.requests}
            share = tolerated.get(domain, 0) * self._whole(domain) // 100
            yield Sum(domain, weights, 0, self._used(tally, domain), self.usable.get(domain, 0) + share)

    def cell(self, vm_id: str, host_id: str) -> Cell | None:
        """The domain and the amount."""
        return self.domains[host_id], self.requested[vm_id]

    def key(self, cell: Cell) -> Key:
        """The domain."""
        return cell[0]

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """Percent of what the domain offers, or if that is nothing of all requests, that are used and should not be."""
        excess = max(0, self._used(tally, key) - self.usable.get(key, 0))
        return -(-100 * excess // self._whole(key))

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """How much is requested of what may be, and where."""
        used = describe_amount(self.label, self._used(self.tally(place), key))
        usable = describe_amount(self.label, self.usable.get(key, 0))
        return f"{used} requested{f' in {key}' if key else ''}, at most {usable} for the reserve to stay free"

    def _whole(self, key: Key) -> int:
        """What a hundred percent are."""
        return self.total.get(key, 0) or sum(self.requested.values())

    def _used(self, tally: ScopeTally, key: Key) -> int:
        """What is requested in the domain."""
        return sum(amount * tally.counts.get((key, amount), 0) for amount in self.requests)


def scopes(document: Document, spec: Reserve, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope per resource that protected guests request."""
    snapshot = selection.reading("host.state", "host.capacity", "vm.requested")
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
