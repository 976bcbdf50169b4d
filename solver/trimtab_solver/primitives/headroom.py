"""Headroom: what members of a group ask for leaves part of each failure domain free."""

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
from .transits import CountedKey, Transit, count_by_domain, somebody_leaves

PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom(GroupPrimitive):
    """One resource. The amount of breach in a domain is what running members ask for beyond `usable` [D].

    It is counted in percent of `total` [D], which is positive, a part of one as a whole. ``demand[i]`` is what
    ``members[i]`` asks for; none is zero.
    """

    is_sum_over_domains: ClassVar[bool] = True

    members: Index
    demand: Ints
    usable: Ints
    total: Ints

    @property
    def guests(self) -> Index:
        """The members."""
        return self.members

    @property
    def greatest(self) -> int:
        """What all ask for, of the smallest part of a domain; each domain rounds up."""
        offers = [total for total in self.total.tolist() if total > 0]
        shares = PERCENT * sum(self.demand.tolist()) // min(offers) if offers else 0
        return int(shares) + self.domain_count

    def loads(self, place: Index) -> Ints:
        """What running members ask for per domain [D]."""
        at = place[self.members]
        up = at >= 0
        loads = np.zeros(self.domain_count, dtype=np.int64)
        np.add.at(loads, self.domain[at[up]], self.demand[up])
        return loads

    def breach(self, loads: Ints) -> Ints:
        """The amount per domain [D] with these loads."""
        return np.asarray(-(-PERCENT * np.maximum(loads - self.usable, 0) // self.total))

    def keys(self, place: Index, transits: Sequence[Transit]) -> Iterator[CountedKey]:
        """Per domain what the members in it ask for. An amount at the start leaves part of `total` beyond `usable`."""
        if not somebody_leaves(transits):
            return
        now = self.loads(place)
        most = self.usable + self.breach(now) * np.maximum(self.total, 1) // PERCENT
        demand = dict(zip(self.members.tolist(), self.demand.tolist(), strict=True))
        for d, changes in count_by_domain(transits).items():
            free = max(0, int(most[d] - now[d]))
            yield CountedKey(free, [(transit.step, count * demand[transit.v]) for transit, count in changes])

    @classmethod
    def stack(cls, groups: Sequence[Headroom]) -> HeadroomStack:
        """There are few of these: each is counted by itself."""
        return HeadroomStack(tuple(groups))

    def tally(self, place: Index) -> HeadroomTally:
        """A tally that tolerates what `place` already breaks."""
        return HeadroomTally(self, self.loads(place))

    def encode(
        self,
        model: ModelWriter,
        variables: PlacementVariables,
        start: Index,
        breaches: Breaches,
    ) -> None:
        """Per domain: 100 * (load - usable) <= total * breach."""
        now = self.breach(self.loads(start))
        demand = np.zeros(len(variables.start) - 1, dtype=np.int64)
        demand[self.members] = self.demand
        of_variable = np.repeat(demand, np.diff(variables.start))
        for d, present in variables.by_domain(self.members, self.domain):
            asked = of_variable[present].tolist()
            worst = int(self.breach(np.where(np.arange(self.domain_count) == d, sum(asked), 0))[d])
            most = min(int(now[d]), worst) if self.must else worst
            if not worst:
                continue
            breach = model.add_int(0, most)
            if most:
                breaches.add(self.must, breach, self.weight)
            model.add_linear(
                [*present, breach],
                [*(PERCENT * amount for amount in asked), -int(self.total[d])],
                -UNBOUNDED,
                PERCENT * int(self.usable[d]),
            )


@dataclass(frozen=True, slots=True)
class HeadroomStack:
    """All of them."""

    groups: tuple[Headroom, ...]

    def amounts(self, place: Index) -> Ints:
        """Percent too much, over all domains."""
        return np.array([int(g.breach(g.loads(place)).sum()) for g in self.groups], dtype=np.int64)


class HeadroomTally:
    """Demand per domain."""

    def __init__(self, primitive: Headroom, loads: Ints) -> None:
        self._primitive = primitive
        self._loads = loads
        self._tolerated = primitive.breach(loads)
        self._demand = dict(zip(primitive.members.tolist(), primitive.demand.tolist(), strict=True))

    def enter(self, v: int, h: int) -> None:
        self._loads[self._primitive.domain[h]] += self._demand[v]

    def leave(self, v: int, h: int) -> None:
        self._loads[self._primitive.domain[h]] -= self._demand[v]

    def _with(self, v: int) -> Ints:
        return self._primitive.breach(self._loads + self._demand[v])

    def admits(self, v: int) -> Bools | None:
        open_domains = self._with(v) <= self._tolerated
        return None if open_domains.all() else np.asarray(open_domains[self._primitive.domain])

    def admits_at(self, v: int, h: int) -> bool:
        d = int(self._primitive.domain[h])
        return bool(self._with(v)[d] <= self._tolerated[d])

    def admits_absence(self) -> bool:
        return bool((self._primitive.breach(self._loads) <= self._tolerated).all())

    def penalty(self, v: int) -> Ints | None:
        growth: Ints = self._with(v) - self._primitive.breach(self._loads)
        return np.asarray(growth[self._primitive.domain]) if growth.any() else None

    def amount(self) -> int:
        return int(self._primitive.breach(self._loads).sum())
