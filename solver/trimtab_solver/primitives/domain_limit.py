"""DomainLimit: at most `limit` running members of a group in each failure domain."""

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
from .transits import CountedKey, Transit, count_by_domain, somebody_leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainLimit(GroupPrimitive):
    """The amount of breach in a domain is the number of members above `limit`."""

    is_sum_over_domains: ClassVar[bool] = True

    members: Index
    limit: int

    @property
    def guests(self) -> Index:
        """The members."""
        return self.members

    def counts(self, place: Index) -> Ints:
        """Running members per domain [D]."""
        return self.count(self.members, place)

    def keys(self, place: Index, transits: Sequence[Transit]) -> Iterator[CountedKey]:
        """Per domain the members in it."""
        if not somebody_leaves(transits):
            return
        now = self.used(self.members, place)
        for d, changes in count_by_domain(transits).items():
            free = max(0, self.limit - now.get(d, 0))
            yield CountedKey(free, [(transit.step, count) for transit, count in changes])

    @classmethod
    def stack(cls, groups: Sequence[DomainLimit]) -> DomainLimitStack:
        """Many limits, counted together."""
        members = Members.of([g.members for g in groups], [g.domains for g in groups])
        return DomainLimitStack(members, np.array([g.limit for g in groups], dtype=np.int64))

    def tally(self, place: Index) -> DomainLimitTally:
        """A tally that tolerates what `place` already breaks."""
        return DomainLimitTally(self, self.used(self.members, place))

    def encode(
        self,
        model: ModelWriter,
        variables: PlacementVariables,
        start: Index,
        breaches: Breaches,
    ) -> None:
        """Per domain: members - excess <= limit."""
        now = self.counts(start)
        for d, literals in variables.by_domain(self.members, self.domain):
            if len(literals) <= self.limit:
                continue
            most = int(now[d]) - self.limit if self.must else len(literals) - self.limit
            if most > 0:
                excess = model.add_int(0, most)
                breaches.add(self.must, excess, self.weight)
                model.add_linear(
                    [*literals, excess],
                    [1] * len(literals) + [-1],
                    -UNBOUNDED,
                    self.limit,
                )
            elif self.limit == 1:
                model.add_at_most_one(literals)
            else:
                model.add_linear(literals, [1] * len(literals), -UNBOUNDED, self.limit)


@dataclass(frozen=True, slots=True)
class DomainLimitStack:
    """`limit` [G] per domain."""

    members: Members
    limit: Ints

    def amounts(self, place: Index) -> Ints:
        """Members above the limits."""
        cells, counts = self.members.cells(place)
        excess = counts - self.limit[cells // self.members.width]
        return self.members.per_group(cells, np.maximum(excess, 0))


class DomainLimitTally:
    """Members per domain, against the ceiling: the limit, or what was there at the start where that is more."""

    def __init__(self, primitive: DomainLimit, counts: dict[int, int]) -> None:
        self._primitive = primitive
        self._counts = counts
        limit = primitive.limit
        self._raised = {d: count for d, count in counts.items() if count > limit}
        """Ceilings above the limit."""
        self._full = set(range(primitive.domain_count)) if limit <= 0 else {d for d, n in counts.items() if n >= limit}
        """Domains with no member short of the limit."""

    def _ceiling(self, d: int) -> int:
        return self._raised.get(d, self._primitive.limit)

    def _set(self, d: int, count: int) -> None:
        self._counts[d] = count
        if count >= self._primitive.limit:
            self._full.add(d)
        else:
            self._full.discard(d)

    def enter(self, v: int, h: int) -> None:
        d = int(self._primitive.domain[h])
        self._set(d, self._counts.get(d, 0) + 1)

    def leave(self, v: int, h: int) -> None:
        d = int(self._primitive.domain[h])
        self._set(d, self._counts[d] - 1)

    def admits(self, v: int) -> Bools | None:
        return self._primitive.outside([d for d in self._full if self._counts.get(d, 0) >= self._ceiling(d)])

    def admits_at(self, v: int, h: int) -> bool:
        d = int(self._primitive.domain[h])
        return self._counts.get(d, 0) < self._ceiling(d)

    def admits_absence(self) -> bool:
        return all(self._counts.get(d, 0) <= self._ceiling(d) for d in self._full)

    def penalty(self, v: int) -> Ints | None:
        free = self._primitive.outside(self._full)
        return None if free is None else (~free).astype(np.int64)

    def amount(self) -> int:
        limit = self._primitive.limit
        return sum(max(0, self._counts.get(d, 0) - limit) for d in self._full)
