"""DomainDependency: every failure domain with a running member has a running provider as well."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .encoding import (
    Bools,
    Breaches,
    Index,
    Ints,
    ModelWriter,
    PlacementVariables,
)
from .group import GroupPrimitive
from .members import Members
from .transits import CountedKey, Key, Transit, count_by_domain, directed, least, without_outages


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainDependency(GroupPrimitive):
    """The amount of breach in a domain is 1 if it has members but no provider; a guest may be both."""

    members: Index
    providers: Index

    @property
    def guests(self) -> Index:
        """Members and providers."""
        return np.union1d(self.members, self.providers).astype(np.int32)

    def counts(self, place: Index) -> Ints:
        """Running members and providers per domain [2, D]."""
        return np.stack([self.count(side, place) for side in (self.members, self.providers)])

    def keys(self, place: Index, transits: Sequence[Transit]) -> Iterator[Key]:
        """Per domain: one of the providers stays; else who enters waits for providers, and they for those who leave.

        A provider that is a member as well counts as a provider. Nothing waits where a domain has no members, or has
        had some without providers from the start.
        """
        providers = frozenset(self.providers.tolist())
        served = self.count(self.providers, place)
        members = self.count(np.setdiff1d(self.members, self.providers), place)
        for d, changes in count_by_domain(without_outages(transits, providers)).items():
            serving = [(transit.step, count) for transit, count in changes if transit.v in providers]
            others = [(transit.step, count) for transit, count in changes if transit.v not in providers]
            is_alone = members[d] and not served[d]
            if is_alone or not (members[d] or any(count > 0 for _, count in others)):
                continue
            if least(int(served[d]), (count for _, count in serving)) > 0:
                yield CountedKey(int(served[d]) - 1, [(step, -count) for step, count in serving])
                continue
            yield directed(
                (transit.step, count > 0 and transit.v not in providers, count > 0 and transit.v in providers)
                for transit, count in changes
            )
            yield directed(
                (transit.step, count < 0 and transit.v in providers, (count > 0) == (transit.v in providers))
                for transit, count in changes
            )

    @classmethod
    def stack(cls, groups: Sequence[DomainDependency]) -> DomainDependencyStack:
        """Many dependencies, counted together."""
        domains = [g.domains for g in groups]
        return DomainDependencyStack(
            Members.of([g.members for g in groups], domains), Members.of([g.providers for g in groups], domains)
        )

    def tally(self, place: Index) -> DomainDependencyTally:
        """A tally that tolerates what `place` already breaks."""
        return DomainDependencyTally(self, self.used(self.members, place), self.used(self.providers, place))

    def encode(
        self,
        model: ModelWriter,
        variables: PlacementVariables,
        start: Index,
        breaches: Breaches,
    ) -> None:
        """Per domain a member implies a provider, or the breach if that is tolerated."""
        members, providers = self.counts(start)
        tolerated = (members > 0) & (providers == 0)
        providers_of = dict(variables.by_domain(self.providers, self.domain))
        for d, present in variables.by_domain(self.members, self.domain):
            served = list(providers_of.get(d, []))
            if not self.must or tolerated[d]:
                breach = model.add_bool()
                breaches.add(self.must, breach, self.weight)
                served.append(breach)
            if len(present) > 1 and len(served) > 1:
                serves = model.add_bool()
                model.add_clause([-serves - 1, *served])
                served = [serves]
            for literal in present:
                model.add_clause([-literal - 1, *served])


@dataclass(frozen=True, slots=True)
class DomainDependencyStack:
    """Members and providers of every dependency, with the same cells."""

    members: Members
    providers: Members

    def amounts(self, place: Index) -> Ints:
        """Domains with members and no provider."""
        used, _ = self.members.cells(place)
        served, _ = self.providers.cells(place)
        alone = np.setdiff1d(used, served, assume_unique=True)
        return self.members.per_group(alone, np.ones_like(alone))


class DomainDependencyTally:
    """Members and providers per domain."""

    def __init__(self, primitive: DomainDependency, members: dict[int, int], providers: dict[int, int]) -> None:
        self._primitive = primitive
        self._members = members
        self._providers = providers
        self._is_member = frozenset(primitive.members.tolist())
        self._is_provider = frozenset(primitive.providers.tolist())
        self._alone = {d for d in members if d not in providers}
        """Domains with members and no provider."""
        self._tolerated = frozenset(self._alone)

    def _add(self, v: int, h: int, sign: int) -> None:
        d = int(self._primitive.domain[h])
        if v in self._is_member:
            self._members[d] = self._members.get(d, 0) + sign
        if v in self._is_provider:
            self._providers[d] = self._providers.get(d, 0) + sign
        if self._members.get(d, 0) and not self._providers.get(d, 0):
            self._alone.add(d)
        else:
            self._alone.discard(d)

    def enter(self, v: int, h: int) -> None:
        self._add(v, h, 1)

    def leave(self, v: int, h: int) -> None:
        self._add(v, h, -1)

    def _open(self, v: int) -> Collection[int] | None:
        """The domains that `v` may enter; None: all."""
        broken = self._alone - self._tolerated
        if v in self._is_provider:
            # it serves the domain that it enters; what is broken elsewhere stays so
            return (broken if len(broken) == 1 else ()) if broken else None
        return () if broken else {d for d, count in self._providers.items() if count} | self._tolerated

    def admits(self, v: int) -> Bools | None:
        domains = self._open(v)
        if domains is None:
            return None
        closed = self._primitive.outside(domains)
        return np.zeros(len(self._primitive.domain), dtype=np.bool_) if closed is None else ~closed

    def admits_at(self, v: int, h: int) -> bool:
        domains = self._open(v)
        return domains is None or int(self._primitive.domain[h]) in domains

    def admits_absence(self) -> bool:
        return self._alone <= self._tolerated

    def penalty(self, v: int) -> Ints | None:
        if v in self._is_provider:
            served = self._primitive.outside(self._alone)
            return None if served is None else served.astype(np.int64) - 1
        used = [d for counts in (self._members, self._providers) for d, count in counts.items() if count]
        unused = self._primitive.outside(used)
        return np.ones(len(self._primitive.domain), dtype=np.int64) if unused is None else unused.astype(np.int64)

    def amount(self) -> int:
        return len(self._alone)
