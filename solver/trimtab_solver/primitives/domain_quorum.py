"""Quorum: at least so many members of a group run, also when any one failure domain is lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
from .group import CountTally, GroupPrimitive
from .members import Members
from .transits import ABSENT, FEW_DOMAINS, CountedKey, Transit, count_by_domain, greatest, somebody_leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainQuorum(GroupPrimitive):
    """The amount of breach is `least` minus the members that run, if positive.

    With `survives` those in the domain that holds most of them do not count: it is the one whose loss hurts most.
    """

    members: Index
    least: int
    survives: bool

    @property
    def guests(self) -> Index:
        """The members."""
        return self.members

    @property
    def greatest(self) -> int:
        """All that are wanted, and all members in a domain that may be lost."""
        return self.least + len(self.members)

    def counts(self, place: Index) -> Ints:
        """Running members per domain [D]."""
        return self.count(self.members, place)

    def breach(self, running: int, largest: int) -> int:
        """The amount with so many running members, so many of them in the largest domain."""
        return max(0, self.least - running + (largest if self.survives else 0))

    def keys(self, place: Index, transits: Sequence[Transit]) -> Iterator[CountedKey]:
        """Those that run, minus; with `survives` per domain those outside of it.

        Of the domains in which nothing happens the one with the most members stands for all. Where there are many
        others, enough run to lose as many as any of them may have.
        """
        if not somebody_leaves(transits):
            return
        now = self.counts(place)
        running = int(now.sum())
        needed = self.least - self.breach(running, int(now.max(initial=0)))
        lost, largest, small = [ABSENT], 0, list[int]()
        if self.survives:
            lost, small, largest = self._split(now, needed, transits)
        if small:
            yield _key(running - needed - largest, ABSENT, transits)
            changes = count_by_domain(transits)
            for d in small:
                yield CountedKey(largest - int(now[d]), [(transit.step, by) for transit, by in changes.get(d, ())])
        for d in lost:
            yield _key(running - needed - (int(now[d]) if d != ABSENT else 0), d, transits)

    def _split(self, now: Ints, needed: int, transits: Sequence[Transit]) -> tuple[list[int], list[int], int]:
        """The domains to look at one by one, all others, and the most members that one of these may have.

        When there are many domains, those are not looked at that in list order never have more members than could be
        lost from all: so many run in all that each of them may be lost with the most members any of them has.
        """
        lost = self._lost(now, transits)
        if len(lost) <= FEW_DOMAINS:
            return lost, [], 0
        running = int(now.sum()) + min(itertools.accumulate((transit.growth for transit in transits), initial=0))
        changes = count_by_domain(transits)
        peaks = {d: int(now[d]) + greatest(by for _, by in changes.get(d, ())) for d in lost}
        small = [d for d in lost if peaks[d] <= running - needed]
        return [d for d in lost if peaks[d] > running - needed], small, max((peaks[d] for d in small), default=0)

    def _lost(self, now: Ints, transits: Sequence[Transit]) -> list[int]:
        """The domains whose loss can hurt most."""
        changing = {d for transit in transits for d in (transit.left, transit.entered)} - {ABSENT}
        still = np.setdiff1d(np.arange(self.domain_count), list(changing))
        return sorted(changing) + ([int(still[now[still].argmax()])] if len(still) else [])

    @classmethod
    def stack(cls, groups: Sequence[DomainQuorum]) -> DomainQuorumStack:
        """Many quorums, counted together."""
        return DomainQuorumStack(
            Members.of([g.members for g in groups], [g.domains for g in groups]),
            np.array([g.least for g in groups], dtype=np.int64),
            np.array([g.survives for g in groups], dtype=np.bool_),
        )

    def tally(self, place: Index) -> DomainQuorumTally:
        """A tally that tolerates what `place` already breaks."""
        return DomainQuorumTally(self, self.counts(place))

    def encode(
        self,
        model: ModelWriter,
        variables: PlacementVariables,
        start: Index,
        breaches: Breaches,
    ) -> None:
        """Those outside of each domain that members may enter, and the breach, are enough."""
        now = self.counts(start)
        most = self.breach(int(now.sum()), int(now.max(initial=0))) if self.must else self.least
        breach = model.add_int(0, most)
        if most:
            breaches.add(self.must, breach, self.weight)
        by_domain = variables.by_domain(self.members, self.domain)
        everybody = [literal for _, present in by_domain for literal in present]
        lost = [set(present) for _, present in by_domain] if self.survives else []
        for domain in lost or [set[int]()]:
            left = [literal for literal in everybody if literal not in domain]
            model.add_linear([*left, breach], [1] * (len(left) + 1), self.least, UNBOUNDED)


def _key(free: int, lost: int, transits: Sequence[Transit]) -> CountedKey:
    """Those that run outside of the domain `lost`, minus."""
    inside = (ABSENT, lost)
    changes = ((t.step, (t.left not in inside) - (t.entered not in inside)) for t in transits)
    return CountedKey(max(0, free), [change for change in changes if change[1]])


@dataclass(frozen=True, slots=True)
class DomainQuorumStack:
    """`least` [G] members, and whether they must be enough without the largest domain [G]."""

    members: Members
    least: Ints
    survives: Bools

    def amounts(self, place: Index) -> Ints:
        """Members missing."""
        cells, counts = self.members.cells(place)
        running = self.members.per_group(cells, counts)
        largest = np.zeros_like(running)
        np.maximum.at(largest, cells // self.members.width, counts)
        return np.asarray(np.maximum(self.least - running + np.where(self.survives, largest, 0), 0))


class DomainQuorumTally(CountTally):
    """Members per domain."""

    def __init__(self, primitive: DomainQuorum, counts: Ints) -> None:
        self._primitive = primitive
        super().__init__(primitive.domain, counts)

    def _with(self) -> Ints:
        running, largest = int(self._counts.sum()) + 1, int(self._counts.max(initial=0))
        lost = np.maximum(self._counts + 1, largest) if self._primitive.survives else np.zeros_like(self._counts)
        return np.maximum(self._primitive.least - running + lost, 0)

    def amount(self) -> int:
        return self._primitive.breach(int(self._counts.sum()), int(self._counts.max(initial=0)))
