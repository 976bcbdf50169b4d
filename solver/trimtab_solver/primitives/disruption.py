"""Disruption: what it costs to move guests or to boot spare hosts, and how many may move."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from .encoding import UNBOUNDED, Bools, Index, Ints
from .sealing import seal

COLD_FACTOR = 4
"""A cold migration weighs as much as so many live ones."""
BOOT_COST = 4096
"""Booting a cold spare weighs as much as moving a guest of 4 GiB."""
NO_BUDGET = UNBOUNDED
"""A budget that never binds."""


@dataclass(frozen=True, slots=True)
class Disruption:
    """Move costs, rights and limits.

    Shapes: `move_cost` [V], `live` and `cold` [V] (rights), `generation` and `spare` [H]. A guest has *moved* when it
    runs at both ends on different hosts, whether it migrates or is taken down and started there.

    A move between hosts of classes a and b (`pair_class` [H]) costs ``pair_cost[a, b]`` [K, K] more. `group` [V] is the
    application of a guest (-1: none); `group_weight` times the largest number of moved members of one application is a
    cost too. At most `group_limit` members of an application (0: no limit) and at most `budget` guests in all may move,
    not counting those that are `exempt` [V]: a must rule, or the state of their host, makes them leave.
    """

    move_cost: Ints
    live: Bools
    cold: Bools
    generation: Index
    spare: Bools
    pair_class: Index
    pair_cost: Ints
    group: Index
    group_weight: int
    group_limit: int
    budget: int
    exempt: Bools

    def __post_init__(self) -> None:
        seal(self)

    def live_targets(self, v: int, source: int) -> Bools:
        """Hosts [H] that `v` can reach by live migration from `source`."""
        if not self.live[v]:
            return np.zeros(len(self.generation), dtype=np.bool_)
        return np.asarray(self.generation >= self.generation[source])

    def move_targets(self, v: int, source: int) -> Bools:
        """Hosts [H] that `v` can reach at all from `source`."""
        if self.cold[v]:
            return np.ones(len(self.generation), dtype=np.bool_)
        return self.live_targets(v, source)

    def reaches(self, v: int, source: int, target: int) -> bool:
        """Whether `v` can move between the hosts at all."""
        return bool(self.cold[v]) or self.is_live(v, source, target)

    def reaches_live(self, guests: Ints, sources: Index, targets: Index) -> Bools:
        """Element by element, whether the guest can migrate live between the hosts; False where it does not run."""
        fits = self.generation[targets] >= self.generation[sources]
        return np.asarray(self.live[guests] & (sources >= 0) & fits)

    def is_live(self, v: int, source: int, target: int) -> bool:
        """Whether the move is a live one; it is a cold one otherwise."""
        return bool(self.live[v] and self.generation[target] >= self.generation[source])

    def costs(self, guests: Ints, sources: Index, targets: Index) -> Ints:
        """Element by element, what it costs that the guest runs on the target instead of the source, another host."""
        factor = np.where(self.reaches_live(guests, sources, targets), 1, COLD_FACTOR)
        return factor * self.move_cost[guests] + self.pair_cost[self.pair_class[sources], self.pair_class[targets]]

    def group_moves(self, moved: Ints) -> Ints:
        """How many of the `moved` guests each application has; empty when none has any."""
        groups = self.group[moved]
        return np.bincount(groups[groups >= 0])

    def group_cost(self, moved: Ints) -> int:
        """What it costs that applications are disturbed by all these moves."""
        return self.group_weight * int(self.group_moves(moved).max(initial=0)) if self.group_weight else 0

    def permits(self, moved: Ints) -> bool:
        """Whether budget and group limit allow that exactly the `moved` guests move."""
        counted = moved[~self.exempt[moved]]
        if len(counted) > self.budget:
            return False
        return not self.group_limit or int(self.group_moves(counted).max(initial=0)) <= self.group_limit


class MoveTally:
    """Moved guests, counted while they come and go."""

    def __init__(self, disruption: Disruption) -> None:
        self._disruption = disruption
        self._moved = 0
        self._per_group: Counter[int] = Counter()

    def admits(self, v: int) -> bool:
        """Whether one that is not counted yet may move as well."""
        disruption = self._disruption
        if disruption.exempt[v]:
            return True
        if self._moved >= disruption.budget:
            return False
        group = int(disruption.group[v])
        return not disruption.group_limit or group < 0 or self._per_group[group] < disruption.group_limit

    def add(self, v: int, sign: int = 1) -> None:
        """Counts a guest, or with a negative sign no longer."""
        if not self._disruption.exempt[v]:
            self._moved += sign
            self._per_group[int(self._disruption.group[v])] += sign
