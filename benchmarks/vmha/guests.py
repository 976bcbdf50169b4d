"""The guests of an instance as arrays: tier, flavour, group and need of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.vmha.recipe import (
    FLAVOURS,
    GROUP_SHARES,
    GROUP_SIZES,
    GROUPED_SHARE,
    NEEDS,
    NEEDY_SHARE,
    TIER_SHARES,
    Recipe,
)
from trimtab_solver.primitives.encoding import Index, Ints

NONE = -1
TIERS = tuple(TIER_SHARES)
LEVELS = tuple(GROUP_SHARES)


@dataclass(frozen=True, slots=True)
class DrawnGuests:
    """What each guest is.

    Shapes: `tier` (index into TIERS), `cpu`, `memory`, `group` (NONE: in none) and `need` (index into NEEDS, or NONE)
    are [V]; `level` (index into LEVELS) is [G].
    """

    tier: Index
    cpu: Ints
    memory: Ints
    group: Index
    level: Index
    need: Index


def draw_guests(recipe: Recipe) -> DrawnGuests:
    """The guests; the same for every load and failure.

    All draws come from `numpy.random.RandomState`, whose streams never change (NEP 19).
    """
    size = recipe.size
    random = np.random.RandomState([recipe.seed, size.hosts, size.vms])
    group, level = _groups(size.vms, random)
    tier = _tiers(size.vms, group, len(level), random)
    weights = np.array([flavour.weight for flavour in FLAVOURS])
    own = _by_weight(weights, random.random_sample(size.vms))
    shared = _by_weight(weights, random.random_sample(len(level)))
    flavour = np.where(group == NONE, own, shared[group] if len(level) else own)
    need = np.full(size.vms, NONE, dtype=np.int32)
    free = np.flatnonzero(group == NONE)
    needy = free[np.argsort(random.random_sample(len(free)), kind="stable")][: round(NEEDY_SHARE * size.vms)]
    need[needy] = np.arange(len(needy)) % len(NEEDS)
    return DrawnGuests(
        tier=tier,
        cpu=np.array([one.cpu_milli for one in FLAVOURS], dtype=np.int64)[flavour],
        memory=np.array([one.memory_mib for one in FLAVOURS], dtype=np.int64)[flavour],
        group=group,
        level=level,
        need=need,
    )


def _groups(vms: int, random: np.random.RandomState) -> tuple[Index, Index]:
    """Group of each guest, and level of each group; members are spread over the numbering of the guests."""
    sizes, levels = [], []
    grouped = round(GROUPED_SHARE * vms)
    for index, name in enumerate(LEVELS):
        left = round(GROUP_SHARES[name] * grouped)
        least, most = GROUP_SIZES[name]
        while left >= least:
            size = min(left, random.randint(least, most + 1))
            sizes.append(size)
            levels.append(index)
            left -= size
    group = np.full(vms, NONE, dtype=np.int32)
    members = np.argsort(random.random_sample(vms), kind="stable")[: sum(sizes)]
    group[members] = np.repeat(np.arange(len(sizes)), sizes)
    return group, np.array(levels, dtype=np.int32)


def _tiers(vms: int, group: Index, groups: int, random: np.random.RandomState) -> Index:
    """Tiers in their exact shares; all members of a group have the same."""
    shares = np.array([round(100 * share) for share in TIER_SHARES.values()])
    tier = np.full(vms, NONE, dtype=np.int32)
    of_group = _by_weight(shares, random.random_sample(groups))
    tier[group != NONE] = of_group[group[group != NONE]]
    free = np.flatnonzero(group == NONE)
    free = free[np.argsort(random.random_sample(len(free)), kind="stable")]
    taken = np.bincount(tier[tier != NONE], minlength=len(TIERS))
    wanted = [max(0, round(share * vms) - int(count)) for share, count in zip(TIER_SHARES.values(), taken, strict=True)]
    rest = np.repeat(np.arange(len(TIERS)), wanted)[: len(free)]
    tier[free[: len(rest)]] = rest
    tier[tier == NONE] = len(TIERS) - 1
    return tier


def _by_weight(weights: Ints, fractions: npt.NDArray[np.float64]) -> Index:
    """One index per fraction, as often as its weight says."""
    found: Ints = np.searchsorted(np.cumsum(weights), fractions * weights.sum(), side="right")
    return found.astype(np.int32)
