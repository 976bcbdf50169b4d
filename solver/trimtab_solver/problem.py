"""The problem: policy x snapshot as arrays. Engines see nothing else.

Guests are numbered 0..V-1 (wanted ones only), hosts 0..H-1, resources 0..R-1. At every level of the objective smaller
is better; `Problem.evaluate` is the engines' common yardstick (the verifier has its own).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from .primitives.allowed import Allowed
from .primitives.capacity import Capacity
from .primitives.disruption import BOOT_COST, Disruption
from .primitives.encoding import Bools, Index, Ints
from .primitives.group import GroupPrimitive

NOWHERE = -1
STOP_COST = 2
SUSPEND_COST = 1


@dataclass(frozen=True, slots=True)
class TierRow:
    """What engines need of a tier. `evictable`: its guests may be evicted in the present event."""

    name: str
    rank: int
    value: int
    must_run: bool
    evictable: bool
    suspends: bool
    shrink_cost: int
    backed: tuple[bool, ...]

    @property
    def eviction_cost(self) -> int:
        """What one eviction counts at the level of stops."""
        return SUSPEND_COST if self.suspends else STOP_COST


@dataclass(frozen=True, slots=True)
class Target:
    """Where each guest should run (`NOWHERE`: not at all) and how large. Shapes: [V], [V, R]."""

    place: Index
    size: Ints


@dataclass(frozen=True, slots=True)
class Problem:
    """All arrays of one request.

    Shapes: `tier`, `current` (host index or NOWHERE), `fixed` (must stay exactly as it is), `startable`, `evictable`
    are [V]; `requested`, `upper`, `floor`, `allocated` are [V, R]; `receiving` is [H].
    """

    vm_ids: tuple[str, ...]
    host_ids: tuple[str, ...]
    resources: tuple[str, ...]
    tiers: tuple[TierRow, ...]
    tier: Index
    current: Index
    fixed: Bools
    startable: Bools
    evictable: Bools
    requested: Ints
    upper: Ints
    floor: Ints
    allocated: Ints
    receiving: Bools
    capacity: Capacity
    allowed: Allowed
    disruption: Disruption
    groups: tuple[GroupPrimitive, ...]
    warnings: tuple[str, ...] = ()
    ranks: tuple[int, ...] = field(default=())
    """Ranks with at least one guest, highest first."""
    groups_of: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Guest -> indices into `groups`."""

    @property
    def vm_count(self) -> int:
        """V."""
        return len(self.vm_ids)

    @property
    def host_count(self) -> int:
        """H."""
        return len(self.host_ids)

    @property
    def running(self) -> Bools:
        """Guests that hold room now [V]."""
        return self.current >= 0

    @property
    def level_names(self) -> tuple[str, ...]:
        """The levels in order."""
        names = []
        for rank in self.ranks:
            tiers = sorted(tier.name for tier in self.tiers if tier.rank == rank)
            names.append("running:" + "+".join(tiers))
        return (*names, "inherited", "stops", "shrinkage", "should", "disruption")

    def rank_of(self, v: int) -> int:
        """The rank of a guest's tier."""
        return self.tiers[int(self.tier[v])].rank

    def tier_values(self, attribute: str) -> Ints:
        """One integer attribute of every guest's tier [V]."""
        return np.array([getattr(tier, attribute) for tier in self.tiers], dtype=np.int64)[self.tier]

    def arrivals(self, v: int) -> Bools:
        """Hosts [H] where the guest may arrive: by a start, by a move from where it runs, or by eviction and start."""
        mask = self.allowed.mask[self.allowed.class_of[v]]
        source = int(self.current[v])
        if source == NOWHERE:
            return mask if self.startable[v] else np.zeros_like(mask)
        if self.fixed[v]:
            return np.zeros_like(mask)
        return mask if self.evictable[v] else np.asarray(mask & self.disruption.move_targets(v, source))

    def needs_restart(self, v: int, h: int) -> bool:
        """Whether a running guest gets to host `h` only by an eviction and a start there."""
        source = int(self.current[v])
        return h != source and not bool(self.disruption.move_targets(v, source)[h])

    def candidates(self, v: int) -> Bools:
        """Hosts [H] where the guest may end up: arrivals, and where it is."""
        mask = self.arrivals(v)
        if self.current[v] != NOWHERE:
            mask = mask.copy()
            mask[self.current[v]] = True
        return mask

    def stay(self) -> Target:
        """Everything as it is now."""
        return Target(
            self.current.copy(),
            np.where(self.running[:, None], self.allocated, self.upper),
        )

    def evaluate(self, target: Target, interrupted: int = 0) -> tuple[int, ...]:
        """The value of every level, in the order of `level_names`.

        `interrupted` is what stops on the way, of guests that could have moved instead, add to the level of stops.
        """
        place = target.place
        up = place >= 0
        value = self.tier_values("value")
        rank = self.tier_values("rank")
        levels = [int(value[~up & (rank == r)].sum()) for r in self.ranks]

        at, classes = place[up], self.allowed.class_of[up]
        usage = self.capacity.usage(place, target.size)
        inherited = int(self.allowed.breach[classes, at].sum()) + int((usage > self.capacity.limit).sum())
        should = int(self.allowed.penalty[classes, at].sum())
        for group in self.groups:
            amount = group.tally(place).amount()
            if group.must:
                inherited += amount
            else:
                should += amount * group.weight
        cost = self.tier_values("eviction_cost")
        moved = np.flatnonzero(self.running & up & (place != self.current)).tolist()
        restarted = [v for v in moved if self.needs_restart(v, int(place[v]))]
        stops = int(cost[self.running & ~up].sum() + cost[restarted].sum()) + interrupted
        shrunk = ((self.requested - target.size) * self.tier_values("shrink_cost")[:, None])[up]
        disruption = sum(self.disruption.cost(v, int(self.current[v]), int(place[v])) for v in moved)
        disruption += BOOT_COST * int(np.unique(at[self.disruption.spare[at]]).size)
        return (*levels, inherited, stops, int(shrunk.sum()), should, disruption)


def index_groups(groups: tuple[GroupPrimitive, ...]) -> dict[int, tuple[int, ...]]:
    """Guest -> indices of the groups that concern it."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        for v in group.guests.tolist():
            found[v].append(i)
    return {v: tuple(indices) for v, indices in found.items()}
