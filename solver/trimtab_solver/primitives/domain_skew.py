"""DomainSkew: the failure domains hold about as many running members of a group each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .encoding import (
    UNBOUNDED,
    Breaches,
    Index,
    Ints,
    ModelWriter,
    PlacementVariables,
)
from .group import CountTally, GroupPrimitive
from .members import Members


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSkew(GroupPrimitive):
    """The amount of breach is the most members in a domain - the fewest in one of `eligible` - `skew`, if positive.

    `eligible` are the domains [n] that can take guests at all; there is at least one.
    """

    is_ordered = True

    members: Index
    skew: int
    eligible: Index

    @property
    def guests(self) -> Index:
        """The members."""
        return self.members

    def counts(self, place: Index) -> Ints:
        """Running members per domain [D]."""
        return self.count(self.members, place)

    def breach(self, counts: Ints) -> int:
        """The amount with so many members per domain [D]."""
        return max(0, int(counts.max()) - int(counts[self.eligible].min()) - self.skew)

    @classmethod
    def stack(cls, groups: Sequence[DomainSkew]) -> DomainSkewStack:
        """Many groups, counted together."""
        return DomainSkewStack(
            Members.of([g.members for g in groups], [g.domains for g in groups]),
            np.array([g.skew for g in groups], dtype=np.int64),
            tuple(g.eligible for g in groups),
        )

    def tally(self, place: Index) -> DomainSkewTally:
        """A tally that tolerates what `place` already breaks."""
        return DomainSkewTally(self, self.counts(place))

    def encode(
        self,
        model: ModelWriter,
        variables: PlacementVariables,
        start: Index,
        breaches: Breaches,
    ) -> None:
        """No domain has more than `high`, none of the eligible fewer than `low`; high - low - breach <= skew."""
        most = self.breach(self.counts(start)) if self.must else len(self.members)
        low, high = (model.add_int(0, len(self.members)) for _ in range(2))
        breach = model.add_int(0, most)
        if most:
            breaches.add(self.must, breach, self.weight)
        by_domain = dict(variables.by_domain(self.members, self.domain))
        for present in by_domain.values():
            model.add_linear([*present, high], [1] * len(present) + [-1], -UNBOUNDED, 0)
        for d in self.eligible.tolist():
            present = by_domain.get(d, [])
            model.add_linear([*present, low], [1] * len(present) + [-1], 0, UNBOUNDED)
        model.add_linear([high, low, breach], [1, -1, -1], -UNBOUNDED, self.skew)


@dataclass(frozen=True, slots=True)
class DomainSkewStack:
    """`skew` [G] and the eligible domains of each group."""

    members: Members
    skew: Ints
    eligible: tuple[Index, ...]

    def amounts(self, place: Index) -> Ints:
        """Most minus fewest minus skew."""
        cells, counts = self.members.cells(place)
        group = cells // self.members.width
        most, least = np.zeros_like(self.skew), np.zeros_like(self.skew)
        np.maximum.at(most, group, counts)
        bounds = np.searchsorted(group, np.arange(len(self.skew) + 1))
        for g, eligible in enumerate(self.eligible):
            used = cells[bounds[g] : bounds[g + 1]] - g * self.members.width
            inside = np.isin(used, eligible)
            # a domain without members is the emptiest there can be
            if np.count_nonzero(inside) == len(eligible):
                least[g] = counts[bounds[g] : bounds[g + 1]][inside].min()
        return np.asarray(np.maximum(most - least - self.skew, 0))


class DomainSkewTally(CountTally):
    """Members per domain."""

    def __init__(self, primitive: DomainSkew, counts: Ints) -> None:
        self._primitive = primitive
        super().__init__(primitive.domain, counts)

    def _with(self) -> Ints:
        counts, eligible = self._counts, self._primitive.eligible
        inside = np.sort(counts[eligible])
        fewest, second = int(inside[0]), int(inside[1]) if len(inside) > 1 else int(inside[0]) + 1
        low = np.full_like(counts, fewest)
        alone = eligible[counts[eligible] == fewest]
        if len(alone) == 1:
            # the only emptiest domain fills up
            low[alone[0]] = min(second, fewest + 1)
        return np.asarray(np.maximum(np.maximum(counts + 1, counts.max()) - low - self._primitive.skew, 0))

    def amount(self) -> int:
        return self._primitive.breach(self._counts)
