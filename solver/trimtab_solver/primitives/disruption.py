"""Disruption: what it costs to move a guest or to boot a spare host."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .encoding import Bools, Index, Ints

COLD_FACTOR = 4
"""A cold migration weighs as much as so many live ones."""
BOOT_COST = 4096
"""Booting a cold spare weighs as much as moving a guest of 4 GiB."""


@dataclass(frozen=True, slots=True)
class Disruption:
    """Move costs and rights. Shapes: `move_cost` [V], `live` and `cold` [V] (rights), `generation` and `spare` [H]."""

    move_cost: Ints
    live: Bools
    cold: Bools
    generation: Index
    spare: Bools

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

    def reaches_live(self, guests: Ints, sources: Index, targets: Index) -> Bools:
        """Element by element, whether the guest can migrate live between the hosts; False where it does not run."""
        fits = self.generation[targets] >= self.generation[sources]
        return np.asarray(self.live[guests] & (sources >= 0) & fits)

    def is_live(self, v: int, source: int, target: int) -> bool:
        """Whether the move is a live one; it is a cold one otherwise."""
        return bool(self.live[v] and self.generation[target] >= self.generation[source])

    def cost(self, v: int, source: int, target: int) -> int:
        """What the move costs."""
        if source == target:
            return 0
        return int(self.move_cost[v]) * (1 if self.is_live(v, source, target) else COLD_FACTOR)
