"""Groups counted all together, next to each counted alone by its tally."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from trimtab_solver.primitives.domain_count import DomainCount
from trimtab_solver.primitives.domain_dependency import DomainDependency
from trimtab_solver.primitives.domain_exclusion import DomainExclusion
from trimtab_solver.primitives.domain_limit import DomainLimit
from trimtab_solver.primitives.domain_map import DomainMap
from trimtab_solver.primitives.domain_quorum import DomainQuorum
from trimtab_solver.primitives.domain_skew import DomainSkew
from trimtab_solver.primitives.encoding import Index
from trimtab_solver.primitives.group import GroupPrimitive
from trimtab_solver.primitives.headroom import Headroom

GUESTS, HOSTS = 12, 5
KINDS = (DomainLimit, DomainCount, DomainExclusion, DomainDependency, DomainQuorum, DomainSkew, Headroom)


class _Draw:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        sites = [self.chance.randrange(2) for _ in range(HOSTS)]
        self.topologies = [
            DomainMap(key, np.array(of_host, dtype=np.int32), HOSTS)
            for key, of_host in enumerate((range(HOSTS), sites))
        ]

    def place(self) -> Index:
        return np.array([self.chance.randrange(-1, HOSTS) for _ in range(GUESTS)], dtype=np.int32)

    def members(self, least: int = 1) -> Index:
        return np.array(sorted(self.chance.sample(range(GUESTS), self.chance.randint(least, GUESTS))), dtype=np.int32)

    def group(self, kind: type[GroupPrimitive]) -> GroupPrimitive:
        domains = self.chance.choice(self.topologies)
        common: dict[str, Any] = {
            "rule": "r",
            "key": "",
            "must": True,
            "weight": 0,
            "domains": domains,
        }
        if kind is DomainLimit:
            return DomainLimit(**common, members=self.members(), limit=self.chance.randint(1, 2))
        if kind is DomainCount:
            limits: dict[str, Any] = {"least": self.chance.randint(2, 3)} if self.chance.random() < 0.5 else {"most": 1}
            return DomainCount(**common, members=self.members(), **limits)
        if kind is DomainExclusion:
            both = self.members(2)
            return DomainExclusion(**common, left=both[::2], right=both[1::2])
        if kind is DomainQuorum:
            return DomainQuorum(
                **common,
                members=self.members(),
                least=self.chance.randint(1, 6),
                survives=self.chance.random() < 0.5,
            )
        if kind is DomainSkew:
            eligible = np.unique(self.chance.choices(domains.of_host.tolist(), k=3)).astype(np.int32)
            return DomainSkew(**common, members=self.members(), skew=self.chance.randint(1, 2), eligible=eligible)
        if kind is Headroom:
            members = self.members()
            return Headroom(
                **common,
                members=members,
                demand=np.array([self.chance.randint(1, 4) for _ in members]),
                usable=np.array([self.chance.randint(0, 4) for _ in range(HOSTS)]),
                total=np.array([self.chance.randint(1, 9) for _ in range(HOSTS)]),
            )
        return DomainDependency(**common, members=self.members(), providers=self.members())


@pytest.mark.parametrize("kind", KINDS)
def test_a_stack_counts_what_each_tally_counts(kind: type[GroupPrimitive]) -> None:
    """The amounts of many groups in one pass are those of each group's own tally."""
    for seed in range(200):
        draw = _Draw(seed)
        groups = [draw.group(kind) for _ in range(draw.chance.randrange(6))]
        place = draw.place()
        expected = [group.tally(place).amount() for group in groups]
        assert kind.stack(groups).amounts(place).tolist() == expected, seed


@pytest.mark.parametrize("kind", KINDS)
def test_a_tally_foresees_what_an_arrival_changes(kind: type[GroupPrimitive]) -> None:
    """`penalty` is the growth of the amount; `admits` says where no amount is beyond that of the start.

    `admits` may take it that without the guest all is within that already, except where the guest serves others.
    """
    for seed in range(200):
        draw = _Draw(seed)
        group = draw.group(kind)
        start, place = draw.place(), draw.place()
        tally = group.tally(start)
        tolerated = _amounts(group, start)
        for v in group.guests.tolist():
            if start[v] >= 0:
                tally.leave(v, int(start[v]))
            if place[v] >= 0:
                tally.enter(v, int(place[v]))
        v = draw.chance.choice(group.guests.tolist())
        if place[v] >= 0:
            tally.leave(v, int(place[v]))
        place[v] = -1
        before = tally.amount()
        assert before == group.tally(place).amount(), seed
        is_fine = _within(_amounts(group, place), tolerated)
        assert tally.admits_absence() == is_fine, seed
        growth, admitted = tally.penalty(v), tally.admits(v)
        for h in range(HOSTS):
            place[v] = h
            assert tally.admits_at(v, h) == (admitted is None or admitted[h]), (seed, h)
            assert (growth[h] if growth is not None else 0) == group.tally(place).amount() - before, (seed, h)
            assert tally.admits_at(v, h) == (admitted is None or admitted[h]), (seed, h)
            if is_fine or kind is DomainDependency:
                assert (admitted is None or admitted[h]) == _within(_amounts(group, place), tolerated), (seed, h)


def _amounts(group: GroupPrimitive, place: Index) -> dict[int, int]:
    """The amount per key: per domain, as if it were alone in the world, or for the group as a whole."""
    if isinstance(group, (DomainCount, DomainQuorum, DomainSkew)):
        return {0: group.tally(place).amount()}
    return {
        d: group.tally(np.where((place >= 0) & (group.domain[place] == d), place, -1).astype(np.int32)).amount()
        for d in range(HOSTS)
    }


def _within(amounts: dict[int, int], tolerated: dict[int, int]) -> bool:
    return all(amount <= tolerated[key] for key, amount in amounts.items())


def test_no_primitive_is_left_out() -> None:
    """A new group primitive is drawn here too."""
    # by name: a class with slots is made twice
    assert {kind.__name__ for kind in GroupPrimitive.__subclasses__()} == {kind.__name__ for kind in KINDS}
