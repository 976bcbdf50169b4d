"""What tiers permit in the present event, as rows for engines."""

from __future__ import annotations

import numpy as np

from ..policy.selection import Selection
from ..primitives.encoding import Bools, Index, Ints
from ..problem import TierRow
from ..rules.tier import Availability, EvictionAction, ranked_tiers


def tier_rows(selection: Selection, resources: tuple[str, ...]) -> tuple[TierRow, ...]:
    """One row per tier, in the order of `ranked_tiers`."""
    return tuple(
        TierRow(
            name=document.name,
            rank=spec.rank,
            value=spec.value,
            must_run=spec.availability is Availability.MUST_RUN,
            evictable=spec.evict is not None and selection.holds(document, "spec.evict.when", spec.evict.when),
            suspends=spec.evict is not None and spec.evict.action is EvictionAction.SUSPEND,
            shrink_cost=spec.resize.cost if spec.resize else 1,
            backed=tuple(r in spec.no_overcommit for r in resources),
        )
        for document, spec in ranked_tiers(selection)
    )


def floor_percent(selection: Selection, resources: tuple[str, ...]) -> Ints:
    """The share of the request that stays, per tier and resource [T, R]; 100 where it does not shrink now."""
    tiers = ranked_tiers(selection)
    percent = np.full((len(tiers), len(resources)), 100, dtype=np.int64)
    for t, (document, spec) in enumerate(tiers):
        if spec.resize is not None and selection.holds(document, "spec.resize.when", spec.resize.when):
            percent[t] = [spec.resize.floor_percent(r) for r in resources]
    return percent


def cold_rights(selection: Selection) -> Bools:
    """Per tier [T], whether its running guests may be moved cold."""
    return np.array([spec.allow_cold_migration for _, spec in ranked_tiers(selection)], dtype=np.bool_)


def evictable(rows: tuple[TierRow, ...], tier: Index, running: Bools, fixed: Bools) -> Bools:
    """Guests [V] that may be evicted now."""
    return np.array([row.evictable for row in rows], dtype=np.bool_)[tier] & running & ~fixed
