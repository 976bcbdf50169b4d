"""The problem: policy x snapshot as arrays. Engines see nothing else.

Guests are numbered 0..V-1 (wanted ones only), hosts 0..H-1, resources 0..R-1. At every level of the objective smaller
is better; `Problem.evaluate` is the engines' common yardstick (the verifier has its own).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .measures import Key, Measure, PerMeasure, Value, keys_of
from .primitives.allowed import Allowed
from .primitives.attraction import Attraction, Unary
from .primitives.capacity import Capacity
from .primitives.disruption import BOOT_COST, Disruption
from .primitives.encoding import Bools, Index, Ints
from .primitives.group import GroupPrimitive
from .primitives.groups import Groups
from .primitives.imbalance import Imbalance
from .primitives.sealing import seal

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
class ObjectiveLevel:
    """One level of the objective: the sum of ``weight * measures[key]`` over ``parts`` of (key, weight)."""

    name: str
    parts: tuple[tuple[Key, int], ...]

    def value(self, measures: PerMeasure[int]) -> int:
        """The level's value for these measures."""
        return sum(weight * measures[key] for key, weight in self.parts)

    @property
    def counts_losses(self) -> bool:
        """Whether guests that do not run are part of it."""
        return any(key.measure is Measure.RUNNING for key, _ in self.parts)


@dataclass(frozen=True, slots=True)
class Target:
    """Where each guest should run (`NOWHERE`: not at all) and how large. Shapes: [V], [V, R]."""

    place: Index
    size: Ints


@dataclass(frozen=True, slots=True)
class Problem:
    """All arrays of one request.

    Shapes: `tier`, `current` (host index or NOWHERE), `fixed` (must stay exactly as it is), `startable`, `evictable`
    are [V]; `requested`, `upper`, `floor`, `allocated` are [V, R]; `receiving` is [H]. `levels` says how measures make
    up the objective; without it each is a level, in the order of `keys_of`. No array can be written to.
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
    attraction: Attraction
    disruption: Disruption
    imbalance: Imbalance
    grouping: Groups
    levels: tuple[ObjectiveLevel, ...] = ()
    warnings: tuple[str, ...] = ()
    frozen_by: Mapping[int, str] = field(default_factory=dict)
    """Guest -> the must rule that keeps it as it is, because too little is known of others that the rule counts."""
    ranks: tuple[int, ...] = field(init=False)
    """Ranks with at least one guest, highest first."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranks", ranks_of(self.tiers, self.tier))
        seal(self)
        if not self.levels:
            levels = tuple(
                ObjectiveLevel(name, ((key, 1),)) for key, name in name_measures(self.tiers, self.tier).items()
            )
            object.__setattr__(self, "levels", levels)

    @property
    def vm_count(self) -> int:
        """V."""
        return len(self.vm_ids)

    @property
    def host_count(self) -> int:
        """H."""
        return len(self.host_ids)

    @property
    def groups(self) -> tuple[GroupPrimitive, ...]:
        """The primitives that relate several guests."""
        return self.grouping.all

    @property
    def groups_of(self) -> Mapping[int, tuple[int, ...]]:
        """Guest -> indices into `groups`."""
        return self.grouping.of_guest

    @property
    def unary_rules(self) -> tuple[Unary, ...]:
        """The rules about single guests and the hosts that they run on."""
        return (*self.allowed.rules, *self.attraction.wishes)

    def rules_of(self, v: int) -> list[Unary]:
        """The unary rules that select a guest."""
        return [*self.allowed.rules_of(v), *self.attraction.rules_of(v)]

    def penalties(self, guests: Ints, hosts: Index) -> Ints:
        """Element by element, the weight of the unary should rules that the guest breaks on the host."""
        return self.allowed.penalty[self.allowed.class_of[guests], hosts] + self.attraction.cost(guests, hosts)

    @property
    def running(self) -> Bools:
        """Guests that hold room now [V]."""
        return self.current >= 0

    @property
    def level_names(self) -> tuple[str, ...]:
        """The levels in order."""
        return tuple(level.name for level in self.levels)

    def level_index(self, key: Key) -> int:
        """Which level, counted from 0, a measure is a part of.

        Raises
        ------
        KeyError
            When no level counts it.
        """
        for i, level in enumerate(self.levels):
            if any(part == key for part, _ in level.parts):
                return i
        raise KeyError(key)

    def losses(self, values: Sequence[Value]) -> dict[int, Value]:
        """Of something that is known per level, what is known of the loss at each rank, highest rank first."""
        return {rank: values[self.level_index(Key(Measure.RUNNING, rank))] for rank in self.ranks}

    @property
    def loss_levels(self) -> int:
        """How many leading levels there are up to the last that counts guests which do not run."""
        return max((i + 1 for i, level in enumerate(self.levels) if level.counts_losses), default=0)

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
        return h != source and not self.disruption.reaches(v, source, h)

    def possible_hosts(self, v: int) -> Bools:
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
        """The value of every level, in the order of `level_names`; `interrupted` as for `measure`."""
        return self.fold(self.measure(target, interrupted))

    def fold(self, measures: PerMeasure[int]) -> tuple[int, ...]:
        """The levels that these measures make up."""
        return tuple(level.value(measures) for level in self.levels)

    def measure(self, target: Target, interrupted: int = 0) -> PerMeasure[int]:
        """The value of every measure.

        `interrupted` is what stops on the way, of guests that could have moved instead, add to the stops.
        """
        place = target.place
        up = place >= 0
        value = self.tier_values("value")
        rank = self.tier_values("rank")
        running = {r: int(value[~up & (rank == r)].sum()) for r in self.ranks}

        at, classes = place[up], self.allowed.class_of[up]
        usage = self.capacity.usage(place, target.size)
        inherited = int(self.allowed.breach[classes, at].sum()) + int((usage > self.capacity.limit).sum())
        should = int(self.penalties(np.flatnonzero(up), at).sum())
        amounts = self.group_amounts(place)
        for i in np.flatnonzero(amounts).tolist():
            if self.groups[i].must:
                inherited += int(amounts[i])
            else:
                should += int(amounts[i]) * self.groups[i].weight
        cost = self.tier_values("eviction_cost")
        moved = np.flatnonzero(self.moved(place))
        sources, targets = self.current[moved], place[moved]
        live = self.disruption.reaches_live(moved, sources, targets)
        restarted = moved[~live & ~self.disruption.cold[moved]]
        stops = int(cost[self.running & ~up].sum() + cost[restarted].sum()) + interrupted
        shrunk = ((self.requested - target.size) * self.tier_values("shrink_cost")[:, None])[up]
        disruption = int(self.disruption.costs(moved, sources, targets).sum()) + self.disruption.group_cost(moved)
        disruption += BOOT_COST * int(np.unique(at[self.disruption.spare[at]]).size)
        balance = self.imbalance.cost(self.capacity, self.capacity.final_usage(place, target.size))
        return PerMeasure(
            running=running,
            inherited=inherited,
            stops=stops,
            shrinkage=int(shrunk.sum()),
            should=should,
            disruption=disruption,
            balance=balance,
        )

    def moved(self, place: Index) -> Bools:
        """Guests [V] that run now and in `place` [V], on different hosts."""
        return np.asarray((self.current >= 0) & (place >= 0) & (place != self.current))

    def group_amounts(self, place: Index) -> Ints:
        """The amount of breach of each group [G] with guests at `place` [V]."""
        return self.grouping.amounts(place)


def ranks_of(tiers: Sequence[TierRow], tier: Index) -> tuple[int, ...]:
    """The ranks that have guests, of `tier` [V], highest first."""
    return tuple(sorted({tiers[t].rank for t in np.flatnonzero(np.bincount(tier)).tolist()}, reverse=True))


def name_measures(tiers: Sequence[TierRow], tier: Index) -> dict[Key, str]:
    """What the levels are called that count one measure each, for guests of `tier` [V]."""
    return {
        key: key.measure.value
        if key.rank is None
        else f"{key.measure.value}:" + "+".join(sorted(row.name for row in tiers if row.rank == key.rank))
        for key in keys_of(ranks_of(tiers, tier))
    }
