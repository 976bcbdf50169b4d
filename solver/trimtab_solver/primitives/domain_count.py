"""DomainCount: the running members of a group use at least so many, or at most so many, failure domains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
from .transits import (
    ABSENT,
    CountedKey,
    Key,
    Transit,
    count_by_domain,
    directed,
    least,
    somebody_leaves,
    without_outages,
)


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

    def keys(self, place: Index, transits: Sequence[Transit]) -> Iterator[Key]:
        """For `most`, who enters a domain raises and who leaves one lowers; none where no more than now can be in use.

        For `least`, see `_keys_of_least`.
        """
        counts = self.used(self.members, place)
        now = self.breach(sum(counts.values()), len(counts))
        if not self.most:
            yield from self._keys_of_least(place, counts, self.least - now, transits)
        elif len({*counts, *(t.entered for t in transits if t.entered != ABSENT)}) - self.most > now:
            moving = without_outages(transits)
            yield directed((t.step, t.entered != ABSENT, t.left != ABSENT) for t in moving)

    def _keys_of_least(
        self, place: Index, counts: Mapping[int, int], enough: int, transits: Sequence[Transit]
    ) -> Iterator[Key]:
        """A member stays in each of enough domains; while nobody leaves, who opens one of these goes first.

        Else each waits for the one before. None where no domain ever has two members.
        """
        most = Counter(counts)
        most.update(d for v, d in {(t.v, t.entered) for t in transits} if d not in (ABSENT, self._domain_of(v, place)))
        if max(most.values(), default=0) <= 1:
            return
        lasting = self._lasting(counts, transits)
        if len(lasting) >= enough:
            yield from (key for _, key in lasting[: max(0, enough)])
        elif somebody_leaves(transits):
            yield directed((t.step, True, True) for t in transits)
        else:
            used, effects = set(counts), []
            for t in transits:
                opens = t.entered not in used
                effects.append((t.step, not opens, opens and len(used) < enough))
                used.add(t.entered)
            yield directed(effects)

    def _domain_of(self, v: int, place: Index) -> int:
        return int(self.domain[place[v]]) if place[v] >= 0 else ABSENT

    def _lasting(self, counts: Mapping[int, int], transits: Sequence[Transit]) -> list[tuple[int, CountedKey]]:
        """The keys of domains that always have a member in list order, those first in which fewest have to wait."""
        by_domain, found = count_by_domain(transits), list[tuple[int, CountedKey]]()
        for domain, count in counts.items():
            changes = [(t.step, by) for t, by in by_domain.get(domain, ())]
            if least(count, (by for _, by in changes)) > 0:
                waiting = max(0, sum(by < 0 for _, by in changes) - count + 1)
                found.append((waiting, CountedKey(count - 1, [(step, -by) for step, by in changes])))
        return sorted(found, key=lambda one: one[0])

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
