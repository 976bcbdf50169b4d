"""Judges Spread: members above the limit per domain, domains missing per group, and skew between domains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.spread import Spread
from .domains import DomainMaps
from .scope import Cell, Change, CountedScope, DomainScope, Effect, Key, OrderedScope, Safeguard, Scope, ScopeTally, Sum
from .suitability import RECEIVING


@dataclass(frozen=True, slots=True, eq=False)
class SpreadLimit(DomainScope, CountedScope):
    """At most `limit` running members in one domain."""

    limit: int

    def sums(self, tally: ScopeTally, changes: Sequence[Change], tolerated: Mapping[Key, int]) -> Iterator[Sum]:
        """Members in each domain that is entered."""
        for domain in dict.fromkeys(change.entered for change in changes):
            if domain is not None:
                name = self.key(domain)
                most = self.limit + tolerated.get(name, 0)
                yield Sum(name, {domain: 1}, 0, tally.counts.get(domain, 0), most)

    def key(self, cell: Cell) -> Key:
        """The domain."""
        return str(cell)

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """Members above the limit."""
        return max(0, tally.counts.get(key, 0) - self.limit)

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """How many are in the domain, and how many may be."""
        return f"{self.members_in(key, place)} in {key}, at most {self.limit}"


@dataclass(frozen=True, slots=True, eq=False)
class SpreadMinimum(DomainScope, OrderedScope):
    """At least `minimum` domains used, or as many as there are running members if those are fewer."""

    minimum: int

    def effects(self, tally: ScopeTally, changes: Sequence[Change]) -> Iterator[Effect]:
        """Who enters a domain with members raises, who opens one of those that are needed lowers.

        Where anybody leaves each change does both.
        """
        part = (("", 0),)
        if any(change.left is not None for change in changes):
            yield from (Effect(part, part) for _ in changes)
            return
        used, enough = set(tally.counts), self.minimum - self.amount(tally, "")
        for change in changes:
            assert change.entered is not None, "nobody leaves"
            opens = change.entered not in used
            yield Effect(() if opens else part, part if opens and len(used) < enough else ())
            used.add(change.entered)

    def safeguards(self, tally: ScopeTally, changes: Sequence[Change], key: Key) -> Iterator[Safeguard]:
        """Enough domains keep a member, or none has two."""
        counts = tally.counts
        yield Safeguard(
            self.minimum - self.amount(tally, key),
            [Sum(key, {cell: -1}, 0, -count, -1) for cell, count in counts.items()],
        )
        cells = {*counts, *(change.entered for change in changes if change.entered is not None)}
        yield Safeguard(len(cells), [Sum(key, {cell: 1}, 0, counts.get(cell, 0), 1) for cell in cells])

    def key(self, cell: Cell) -> Key:
        """The group has one key."""
        return ""

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """Domains missing."""
        return max(0, min(self.minimum, tally.total) - len(tally.counts))

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """How many domains are used, and how many should be."""
        tally = self.tally(place)
        least, used = min(self.minimum, tally.total), len(tally.counts)
        return f"{self.count_members(tally.total)} in {used} domain{'s' if used > 1 else ''}, at least {least}"

    def _keys(self, tally: ScopeTally) -> Iterable[Key]:
        return ("",)


@dataclass(frozen=True, slots=True, eq=False)
class SpreadSkew(DomainScope, CountedScope):
    """At most `skew` between the fullest domain and the emptiest of the `open_domains`."""

    skew: int
    open_domains: frozenset[str]

    def sums(self, tally: ScopeTally, changes: Sequence[Change], tolerated: Mapping[Key, int]) -> Iterator[Sum]:
        """Members in one domain beyond those in an open one, for each two domains that could differ by too much.

        Of those where nothing changes only the fullest and the emptiest matter.
        """
        most = self.skew + tolerated.get("", 0)
        counts = tally.counts
        entered, left = Counter(change.entered for change in changes), Counter(change.left for change in changes)
        touched = {cell for cell in (*entered, *left) if cell is not None}
        still = [cell for cell in counts if cell not in touched]
        full = sorted(touched, key=lambda cell: counts.get(cell, 0) + entered[cell], reverse=True)
        full += [max(still, key=lambda cell: counts[cell])] if still else []
        still_open = [cell for cell in self.open_domains if cell not in touched]
        low = [cell for cell in touched if cell in self.open_domains]
        low += [min(still_open, key=lambda cell: counts.get(cell, 0))] if still_open else []
        low.sort(key=lambda cell: counts.get(cell, 0) - left[cell])
        for one in full:
            for other in low:
                start = counts.get(one, 0) - counts.get(other, 0)
                if start + entered[one] + left[other] <= most:
                    break
                if one != other:
                    yield Sum("", {one: 1, other: -1}, 0, start, most)

    def key(self, cell: Cell) -> Key:
        """The group has one key."""
        return ""

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """What the skew is beyond the permitted one."""
        inside = [count for domain, count in tally.counts.items() if domain in self.open_domains]
        emptiest = min(inside) if len(inside) == len(self.open_domains) else 0
        return max(0, max(tally.counts.values(), default=0) - emptiest - self.skew)

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """The fullest domain, and by how much the emptiest has fewer."""
        tally = self.tally(place)
        fullest = max(tally.counts, key=lambda cell: tally.counts[cell])
        skew = self.amount(tally, key) + self.skew
        where = f"{self.members_in(fullest, place)} in {fullest}"
        return f"{where}, {skew} more than in the emptiest domain, at most {self.skew} more"

    def _keys(self, tally: ScopeTally) -> Iterable[Key]:
        return ("",)


def scopes(document: Document, spec: Spread, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope per group and limit, if the group has enough wanted members to break it."""
    members = selection.vms(document, "spec.select", spec.select)
    where = domains.of(spec.topology)
    weight = spec.weight or 1
    open_domains = _open_domains(where, selection) if spec.max_skew is not None else frozenset()
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


def _open_domains(where: Mapping[str, str], selection: Selection) -> frozenset[str]:
    """Those that have a host which takes guests."""
    hosts = selection.reading("host.state").hosts
    return frozenset(where[host.id] for host in hosts if host.state in RECEIVING)
