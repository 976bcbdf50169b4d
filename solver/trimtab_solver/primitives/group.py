"""The common part of primitives that relate several guests through the failure domains they run in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np

from .domain_map import DomainMap
from .encoding import Bools, Breaches, Index, Ints, ModelWriter, PlacementVariables
from .sealing import seal
from .transits import Key, Transit


class GroupTally(Protocol):
    """A primitive's running count while guests come and go.

    `admits` and `penalty` look at guest `v` as absent (call `leave` first when it is placed).
    """

    def enter(self, v: int, h: int) -> None:
        """Guest `v` now runs on host `h`."""
        ...

    def leave(self, v: int, h: int) -> None:
        """Guest `v` no longer runs on host `h`."""
        ...

    def admits(self, v: int) -> Bools | None:
        """Per host [H], whether a must primitive stays within what it tolerates with `v` there; None: everywhere."""
        ...

    def admits_at(self, v: int, h: int) -> bool:
        """What `admits` says of one host."""
        ...

    def admits_absence(self) -> bool:
        """Whether a must primitive stays within what it tolerates as the tally stands."""
        ...

    def penalty(self, v: int) -> Ints | None:
        """Per host [H], how much the amount of breach grows with `v` there (may be negative); None: nowhere."""
        ...

    def amount(self) -> int:
        """The total amount of breach as the tally stands."""
        ...


class Stack(Protocol):
    """Many groups of one primitive, counted together."""

    def amounts(self, place: Index) -> Ints:
        """The amount of breach of each group [G], with guests at ``place`` [V] (-1: not running)."""
        ...


class CountTally(ABC):
    """The tally of a group with one amount of breach, by its members per domain [D]; what they come to is abstract."""

    def __init__(self, domain: Index, counts: Ints) -> None:
        self._domain = domain
        self._counts = counts
        self._tolerated = self.amount()

    @abstractmethod
    def amount(self) -> int:
        """The amount of breach as the tally stands."""

    @abstractmethod
    def _with(self) -> Ints:
        """The amount with one more member, per domain that it enters [D]."""

    def enter(self, v: int, h: int) -> None:
        self._counts[self._domain[h]] += 1

    def leave(self, v: int, h: int) -> None:
        self._counts[self._domain[h]] -= 1

    def admits(self, v: int) -> Bools | None:
        open_domains = self._with() <= self._tolerated
        return None if open_domains.all() else np.asarray(open_domains[self._domain])

    def admits_at(self, v: int, h: int) -> bool:
        return bool(self._with()[self._domain[h]] <= self._tolerated)

    def admits_absence(self) -> bool:
        return self.amount() <= self._tolerated

    def penalty(self, v: int) -> Ints | None:
        growth: Ints = self._with() - self.amount()
        return np.asarray(growth[self._domain]) if growth.any() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPrimitive(ABC):
    """Fields that every group primitive has.

    `rule` and `key` name the policy document and the group; `must` primitives never get worse than they are at the
    start, others cost `weight` per unit. `domain` [H] numbers the failure domain of each host, as `domains` says.
    """

    rule: str
    key: str
    must: bool
    weight: int
    domains: DomainMap
    domain: Index = field(init=False, repr=False)
    domain_count: int = field(init=False, repr=False)
    is_sum_over_domains: ClassVar[bool] = False
    """Whether the amount is a sum over domains, of amounts that depend on the members in each alone."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", self.domains.of_host)
        object.__setattr__(self, "domain_count", self.domains.count)
        seal(self)

    @property
    def greatest(self) -> int:
        """What the amount of breach cannot exceed, in any placement."""
        return len(self.guests)

    def count(self, members: Index, place: Index) -> Ints:
        """How many of the members run per domain [D], with guests at ``place`` [V]."""
        at = place[members]
        return np.bincount(self.domain[at[at >= 0]], minlength=self.domain_count)

    def used(self, members: Index, place: Index) -> dict[int, int]:
        """How many of the members run in each domain that has any, with guests at ``place`` [V]."""
        at = place[members]
        found: dict[int, int] = {}
        for d in self.domain[at[at >= 0]].tolist():
            found[d] = found.get(d, 0) + 1
        return found

    def outside(self, domains: Collection[int]) -> Bools | None:
        """Hosts [H] that lie in none of the domains; None: all, because there are no such domains."""
        if not domains:
            return None
        outside = np.ones(self.domain_count, dtype=np.bool_)
        outside[list(domains)] = False
        return np.asarray(outside[self.domain])

    @property
    @abstractmethod
    def guests(self) -> Index:
        """Every guest concerned."""

    @abstractmethod
    def keys(self, place: Index, transits: Sequence[Transit]) -> Iterator[Key]:
        """What can break while the transits of its guests, which are in list order, begin at `place` [V]."""

    @classmethod
    @abstractmethod
    def stack(cls, groups: Sequence[Any]) -> Stack:
        """All of `groups`, which are of this very class."""

    @abstractmethod
    def tally(self, place: Index) -> GroupTally:
        """A tally of guests at ``place`` [V] (-1: not running)."""

    @abstractmethod
    def encode(
        self,
        model: ModelWriter,
        variables: PlacementVariables,
        start: Index,
        breaches: Breaches,
    ) -> None:
        """Posts the primitive; ``start`` [V] is the present placement, which fixes what is tolerated."""
