"""DomainCount: the running members of a group use at least so many, or at most so many, failure domains."""

from __future__ import annotations

from collections import Counter
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
from .group import GroupPrimitive
from .members import Members
from .transits import ABSENT, DirectedEvent, DirectedKey, Transit, somebody_leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCount(GroupPrimitive):
    """The amount of breach is min(`least`, running members) - domains used, or domains used - `most`, if positive.

    Exactly one of `least` and `most` is not zero.
    """

    members: Index
    least: int = 0
    most: int = 0

    @property
    def guests(self) -> Index:
        """The members."""
        return self.members

    def counts(self, place: Index) -> Ints:
        """Running members per domain [D]."""
        return self.count(self.members, place)

    def breach(self, running: int, used: int) -> int:
        """The amount with so many running members in so many domains."""
        return max(0, min(self.least, running) - used) if self.least else max(0, used - self.most)

    def keys(self, place: Index, transits: Sequence[Transit]) -> Iterator[DirectedKey]:
        """For `most`, who enters a domain raises and who leaves one lowers.

        For `least`, while nobody leaves, whoever enters a domain with members raises and whoever enters another one
        lowers; as soon as somebody leaves, everybody does both. None where no more domains than now can be in use, or
        enough of them stay in use whoever leaves.
        """
        if self._is_safe(place, transits):
            return
        if self.most:
            yield DirectedKey([DirectedEvent(t.step, t.entered != ABSENT, t.left != ABSENT) for t in transits])
        elif somebody_leaves(transits):
            yield DirectedKey([DirectedEvent(t.step, raises=True, lowers=True) for t in transits])
        else:
            used, effects = set(self.used(self.members, place)), []
            for t in transits:
                effects.append(DirectedEvent(t.step, raises=t.entered in used, lowers=t.entered not in used))
                used.add(t.entered)
            yield DirectedKey(effects)

    def _is_safe(self, place: Index, transits: Sequence[Transit]) -> bool:
        """Whether no choice of the events makes the breach larger."""
        counts = self.used(self.members, place)
        now = self.breach(sum(counts.values()), len(counts))
        if self.most:
            return len({*counts, *(t.entered for t in transits if t.entered != ABSENT)}) - self.most <= now
        left = Counter(t.left for t in transits)
        return sum(count > left[domain] for domain, count in counts.items()) >= self.least - now

    @classmethod
    def stack(cls, groups: Sequence[DomainCount]) -> DomainCountStack:
        """Many counts, taken together."""
        return DomainCountStack(
            Members.of([g.members for g in groups], [g.domains for g in groups]),
            np.array([g.least for g in groups], dtype=np.int64),
            np.array([g.most for g in groups], dtype=np.int64),
        )

    def tally(self, place: Index) -> DomainCountTally:
        """A tally that tolerates what `place` already breaks."""
        return DomainCountTally(self, self.used(self.members, place))

    def encode(
        self,
        model: ModelWriter,
        variables: PlacementVariables,
        start: Index,
        breaches: Breaches,
    ) -> None:
        """One Boolean per domain says that it is used."""
        now = self.counts(start)
        tolerated = self.breach(int(now.sum()), int((now > 0).sum()))
        by_domain = variables.by_domain(self.members, self.domain)
        used = []
        literals: list[int] = []
        for _, present in by_domain:
            flag = model.add_bool()
            used.append(flag)
            literals.extend(present)
            for literal in present:
                model.add_clause([-literal - 1, flag])
            if self.least:
                model.add_clause([-flag - 1, *present])
        ceiling = tolerated if self.must else max(self.least, len(used))
        breach = model.add_int(0, ceiling)
        if ceiling:
            breaches.add(self.must, breach, self.weight)
        ones = [1] * len(used)
        if self.most:
            model.add_linear([*used, breach], [*ones, -1], -UNBOUNDED, self.most)
            return
        # used + breach >= min(least, running): one of the two holds, `few` says which
        few = model.add_bool()
        members = len(self.members)
        model.add_linear([*used, breach, few], [*ones, 1, self.least], self.least, UNBOUNDED)
        model.add_linear(
            [*used, breach, few, *literals],
            [*ones, 1, -members] + [-1] * len(literals),
            -members,
            UNBOUNDED,
        )


@dataclass(frozen=True, slots=True)
class DomainCountStack:
    """`least` and `most` [G] domains; 0 where the other one holds."""

    members: Members
    least: Ints
    most: Ints

    def amounts(self, place: Index) -> Ints:
        """Domains missing, or too many."""
        cells, counts = self.members.cells(place)
        used = self.members.per_group(cells, np.ones_like(cells))
        running = self.members.per_group(cells, counts)
        breach = np.where(self.least > 0, np.minimum(self.least, running) - used, used - self.most)
        return np.maximum(breach, 0)


class DomainCountTally:
    """Members per domain that has any."""

    def __init__(self, primitive: DomainCount, counts: dict[int, int]) -> None:
        self._primitive = primitive
        self._counts = counts
        self._running = sum(counts.values())
        self._tolerated = self.amount()

    def enter(self, v: int, h: int) -> None:
        d = int(self._primitive.domain[h])
        self._counts[d] = self._counts.get(d, 0) + 1
        self._running += 1

    def leave(self, v: int, h: int) -> None:
        d = int(self._primitive.domain[h])
        if self._counts[d] == 1:
            del self._counts[d]
        else:
            self._counts[d] -= 1
        self._running -= 1

    def _with(self) -> tuple[int, int]:
        """The amount with one more member in a domain already used, and in a new one."""
        running, used = self._running + 1, len(self._counts)
        return self._primitive.breach(running, used), self._primitive.breach(running, used + 1)

    def _per_host(self, old: int, new: int) -> Ints:
        unused = self._primitive.outside(self._counts)
        if unused is None:
            return np.full(len(self._primitive.domain), new, dtype=np.int64)
        return np.where(unused, new, old).astype(np.int64)

    def admits(self, v: int) -> Bools | None:
        old, new = self._with()
        if max(old, new) <= self._tolerated:
            return None
        return self._per_host(old, new) <= self._tolerated

    def admits_at(self, v: int, h: int) -> bool:
        old, new = self._with()
        return (old if int(self._primitive.domain[h]) in self._counts else new) <= self._tolerated

    def admits_absence(self) -> bool:
        return self.amount() <= self._tolerated

    def penalty(self, v: int) -> Ints | None:
        old, new = self._with()
        before = self.amount()
        return None if old == new == before else self._per_host(old - before, new - before)

    def amount(self) -> int:
        return self._primitive.breach(self._running, len(self._counts))
