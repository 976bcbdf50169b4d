"""DomainExclusion: running guests of two sets never share a failure domain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .encoding import (
    UNBOUNDED,
    Bools,
    Breaches,
    Index,
    Ints,
    ModelWriter,
    PlacementVariables,
)
from .group import GroupPrimitive
from .members import Members
from .transits import DirectedKey, Transit, count_by_domain, directed, without_outages


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainExclusion(GroupPrimitive):
    """The amount of breach in a domain is the smaller of the two sets' member counts: what would have to leave."""

    is_sum_over_domains: ClassVar[bool] = True

    left: Index
    right: Index

    @property
    def guests(self) -> Index:
        """Both sets."""
        return np.concatenate([self.left, self.right])

    def counts(self, place: Index) -> Ints:
        """Running members per set and domain [2, D]."""
        return np.stack([self.count(side, place) for side in (self.left, self.right)])

    def keys(self, place: Index, transits: Sequence[Transit]) -> Iterator[DirectedKey]:
        """Per domain: who enters it raises, who leaves it lowers; none where too few of one set ever are.

        Where it is not broken who enters waits for those of the other set alone.
        """
        is_left = np.zeros(len(place), dtype=np.bool_)
        is_left[self.left] = True
        before = self.counts(place)
        for domain, changes in count_by_domain(without_outages(transits)).items():
            most = [int(before[0, domain]), int(before[1, domain])]
            for v in {transit.v for transit, count in changes if count > 0}:
                most[0 if is_left[v] else 1] += place[v] < 0 or self.domain[place[v]] != domain
            amount = int(before[:, domain].min())
            if min(most) <= amount:
                continue
            if amount:
                yield directed((transit.step, count > 0, count < 0) for transit, count in changes)
                continue
            for side in (True, False):
                yield directed(
                    (transit.step, count > 0 and is_left[transit.v] == side, count < 0 and is_left[transit.v] != side)
                    for transit, count in changes
                )

    @classmethod
    def stack(cls, groups: Sequence[DomainExclusion]) -> DomainExclusionStack:
        """Many exclusions, counted together."""
        domains = [g.domains for g in groups]
        return DomainExclusionStack(
            Members.of([g.left for g in groups], domains), Members.of([g.right for g in groups], domains)
        )

    def tally(self, place: Index) -> DomainExclusionTally:
        """A tally that tolerates what `place` already breaks."""
        return DomainExclusionTally(self, self.used(self.left, place), self.used(self.right, place))

    def encode(
        self,
        model: ModelWriter,
        variables: PlacementVariables,
        start: Index,
        breaches: Breaches,
    ) -> None:
        """Per domain one Boolean says which set must stay out; the other may be there, up to the tolerated breach."""
        now = self.counts(start).min(axis=0)
        right_of = dict(variables.by_domain(self.right, self.domain))
        for d, left in variables.by_domain(self.left, self.domain):
            right = right_of.get(d)
            if not right:
                continue
            most = int(now[d]) if self.must else min(len(left), len(right))
            if most == 0 and len(left) == 1 and len(right) == 1:
                model.add_at_most_one([left[0], right[0]])
                continue
            left_may_be = model.add_bool()
            if most == 0:
                for literal in left:
                    model.add_clause([-literal - 1, left_may_be])
                for literal in right:
                    model.add_clause([-literal - 1, -left_may_be - 1])
                continue
            breach = model.add_int(0, most)
            breaches.add(self.must, breach, self.weight)
            # left <= breach + |left| * left_may_be;  right <= breach + |right| * (1 - left_may_be)
            model.add_linear(
                [*left, breach, left_may_be],
                [1] * len(left) + [-1, -len(left)],
                -UNBOUNDED,
                0,
            )
            model.add_linear(
                [*right, breach, left_may_be],
                [1] * len(right) + [-1, len(right)],
                -UNBOUNDED,
                len(right),
            )


@dataclass(frozen=True, slots=True)
class DomainExclusionStack:
    """Both sets of every exclusion, with the same cells."""

    left: Members
    right: Members

    def amounts(self, place: Index) -> Ints:
        """The smaller count, in domains where both sets are."""
        one, left = self.left.cells(place)
        other, right = self.right.cells(place)
        both, i, j = np.intersect1d(one, other, assume_unique=True, return_indices=True)
        return self.left.per_group(both, np.minimum(left[i], right[j]))


class DomainExclusionTally:
    """Members of both sets per domain."""

    def __init__(self, primitive: DomainExclusion, left: dict[int, int], right: dict[int, int]) -> None:
        self._primitive = primitive
        self._counts = (left, right)
        self._tolerated = {d: min(left[d], right[d]) for d in left.keys() & right.keys()}
        self._side = dict.fromkeys(primitive.left.tolist(), 0) | dict.fromkeys(primitive.right.tolist(), 1)

    def enter(self, v: int, h: int) -> None:
        counts, d = self._counts[self._side[v]], int(self._primitive.domain[h])
        counts[d] = counts.get(d, 0) + 1

    def leave(self, v: int, h: int) -> None:
        counts, d = self._counts[self._side[v]], int(self._primitive.domain[h])
        counts[d] -= 1

    def _admits(self, side: int, d: int) -> bool:
        """Whether the domain may have one member more of that side."""
        own, other = self._counts[side].get(d, 0), self._counts[1 - side].get(d, 0)
        return min(own + 1, other) <= self._tolerated.get(d, 0)

    def admits(self, v: int) -> Bools | None:
        side = self._side[v]
        return self._primitive.outside([d for d in self._counts[1 - side] if not self._admits(side, d)])

    def admits_at(self, v: int, h: int) -> bool:
        return self._admits(self._side[v], int(self._primitive.domain[h]))

    def admits_absence(self) -> bool:
        left, right = self._counts
        return all(min(count, right.get(d, 0)) <= self._tolerated.get(d, 0) for d, count in left.items())

    def penalty(self, v: int) -> Ints | None:
        side = self._side[v]
        own, other = self._counts[side], self._counts[1 - side]
        free = self._primitive.outside([d for d, count in other.items() if own.get(d, 0) < count])
        return None if free is None else (~free).astype(np.int64)

    def amount(self) -> int:
        left, right = self._counts
        return sum(min(count, right.get(d, 0)) for d, count in left.items())
