"""DomainDependency: every failure domain with a running member has a running provider as well."""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainDependency(GroupPrimitive):
    """The amount of breach in a domain is 1 if it has members but no provider; a guest may be both."""

    is_ordered = True

    members: Index
    providers: Index

    @property
    def guests(self) -> Index:
        """Members and providers."""
        return np.union1d(self.members, self.providers).astype(np.int32)

    def counts(self, place: Index) -> Ints:
        """Running members and providers per domain [2, D]."""
        return np.stack([self.count(side, place) for side in (self.members, self.providers)])

    @classmethod
    def stack(cls, groups: Sequence[DomainDependency]) -> DomainDependencyStack:
        """Many dependencies, counted together."""
        domains = [g.domain for g in groups]
        return DomainDependencyStack(
            Members.of([g.members for g in groups], domains), Members.of([g.providers for g in groups], domains)
        )

    def tally(self, place: Index) -> DomainDependencyTally:
        """A tally that tolerates what `place` already breaks."""
        return DomainDependencyTally(self, self.counts(place))

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

    def __init__(self, primitive: DomainDependency, counts: Ints) -> None:
        self._primitive = primitive
        self._counts = counts
        self._sides = {v: [0] for v in primitive.members.tolist()}
        for v in primitive.providers.tolist():
            self._sides.setdefault(v, []).append(1)
        self._tolerated = self._alone()

    def _alone(self) -> Bools:
        """Domains [D] with members and no provider."""
        return np.asarray((self._counts[0] > 0) & (self._counts[1] == 0))

    def enter(self, v: int, h: int) -> None:
        self._counts[self._sides[v], self._primitive.domain[h]] += 1

    def leave(self, v: int, h: int) -> None:
        self._counts[self._sides[v], self._primitive.domain[h]] -= 1

    def admits(self, v: int) -> Bools | None:
        broken = self._alone() & ~self._tolerated
        if 1 in self._sides[v]:
            # it serves the domain that it enters; what is broken elsewhere stays so
            open_domains = broken.sum() - broken == 0
        else:
            served = (self._counts[1] > 0) | self._tolerated
            open_domains = served & (not broken.any())
        return None if open_domains.all() else np.asarray(open_domains[self._primitive.domain])

    def admits_absence(self) -> bool:
        return not (self._alone() & ~self._tolerated).any()

    def penalty(self, v: int) -> Ints | None:
        if 1 in self._sides[v]:
            growth = -self._alone().astype(np.int64)
        else:
            growth = (self._counts.sum(axis=0) == 0).astype(np.int64)
        return np.asarray(growth[self._primitive.domain]) if growth.any() else None

    def amount(self) -> int:
        return int(self._alone().sum())
