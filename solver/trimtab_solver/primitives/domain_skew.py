"""DomainSkew: the failure domains hold about as many running members of a group each."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from .transits import ABSENT, FEW_DOMAINS, CountedKey, Key, Transit, count_by_domain, keys_of_sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSkew(GroupPrimitive):
    """The amount of breach is the most members in a domain - the fewest in one of `eligible` - `skew`, if positive.

    `eligible` are the domains [n] that can take guests at all; there is at least one.
    """

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

    def keys(self, place: Index, transits: Sequence[Transit]) -> Iterator[Key]:
        """Per two domains, the second of them eligible, the members in the first minus those in the second.

        Where that would be too many pairs of domains, stretches of steps follow each other instead.
        """
        now = self.counts(place)
        most = self.skew + self.breach(now)
        changes = count_by_domain(transits)
        if len(changes) > FEW_DOMAINS:
            yield from keys_of_sequence(self._stretches(now, most, transits))
        else:
            yield from self._pairs(now, most, changes)

    def _pairs(
        self, now: Ints, most: int, changes: Mapping[int, Sequence[tuple[Transit, int]]]
    ) -> Iterator[CountedKey]:
        """Of the domains in which nothing happens those with the most and the fewest members stand for all."""
        firsts, seconds = self._compared(now, list(changes))
        enters = {d: sum(count > 0 for _, count in changes.get(d, ())) for d in firsts}
        leaves = {d: sum(count < 0 for _, count in changes.get(d, ())) for d in seconds}
        for a in firsts:
            for b in seconds:
                free = most - int(now[a] - now[b])
                if a != b and enters[a] + leaves[b] > free:
                    yield CountedKey(max(0, free), _difference(changes.get(a, ()), changes.get(b, ())))

    def _compared(self, now: Ints, changing: list[int]) -> tuple[list[int], list[int]]:
        """The domains that can be the first and the second of two."""
        still = np.setdiff1d(np.arange(self.domain_count), changing)
        still_eligible = np.setdiff1d(self.eligible, changing)
        firsts = sorted(changing) + ([int(still[now[still].argmax()])] if len(still) else [])
        seconds = np.intersect1d(self.eligible, changing).tolist()
        return firsts, seconds + ([int(still_eligible[now[still_eligible].argmin()])] if len(still_eligible) else [])

    def _stretches(self, now: Ints, most: int, transits: Sequence[Transit]) -> Iterator[list[int]]:
        """Stretches of steps, as long as can be, in which no skew is too large whichever of the steps are carried out.

        At worst all who enter a domain in the stretch have come, and all who leave another one have left.
        """
        counts, high, low, stretch = now.copy(), now.copy(), now.copy(), list[int]()
        for step, events in itertools.groupby(transits, key=lambda transit: transit.step):
            of_step = list(events)
            _count(of_step, high, low)
            if stretch and high.max() - low[self.eligible].min() > most:
                yield stretch
                stretch, high, low = [], counts.copy(), counts.copy()
                _count(of_step, high, low)
            stretch.append(step)
            _count(of_step, counts, counts)
        yield stretch

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


def _difference(first: Iterable[tuple[Transit, int]], second: Iterable[tuple[Transit, int]]) -> list[tuple[int, int]]:
    """The changes of a difference of two counts in list order; what one event does to both is added up."""
    merged = heapq.merge(first, ((transit, -count) for transit, count in second), key=_in_list_order)
    return [
        (transit.step, sum(count for _, count in same))
        for transit, same in itertools.groupby(merged, key=lambda change: change[0])
    ]


def _count(transits: Iterable[Transit], entered: Ints, left: Ints) -> None:
    """Adds to one count of members per domain [D] those who enter, takes from the other those who leave."""
    for transit in transits:
        if transit.entered != ABSENT:
            entered[transit.entered] += 1
        if transit.left != ABSENT:
            left[transit.left] -= 1


def _in_list_order(change: tuple[Transit, int]) -> tuple[int, bool]:
    """A guest that moves cold leaves before it enters."""
    transit, _ = change
    return transit.step, transit.left == ABSENT


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
