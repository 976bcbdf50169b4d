"""Balance: how evenly the final usage lies on the hosts. Everything here is a cost, nothing is a limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .capacity import Capacity
from .encoding import Ints

PER_MILLE = 1000


@dataclass(frozen=True, slots=True)
class AboveThreshold:
    """`weight` for each unit of `resource` a host uses above `threshold` [H] (in load units, as `Capacity.limit`).

    A unit is a load of ``factor[h, resource, 0]``; a part of one counts as a whole.
    """

    resource: int
    threshold: Ints
    weight: int

    def cost(self, capacity: Capacity, usage: Ints) -> int:
        """The cost of a `usage` [H, R]."""
        excess = np.maximum(usage[:, self.resource] - self.threshold, 0)
        return self.weight * int((-(-excess // capacity.factor[:, self.resource, 0])).sum())


@dataclass(frozen=True, slots=True)
class Ratio:
    """Each unit of `left` that is free on a host should come with `target` units of `right`; `weight` per unit lacking.

    Free is ``(limit - usage) // factor[h, r, 0]``, which is negative where a host holds more than its limit.
    """

    left: int
    right: int
    target: int
    weight: int

    def cost(self, capacity: Capacity, usage: Ints) -> int:
        """The cost of a `usage` [H, R]."""
        free = (capacity.limit - usage) // capacity.factor[:, :, 0]
        return self.weight * int(np.maximum(self.target * free[:, self.left] - free[:, self.right], 0).sum())


@dataclass(frozen=True, slots=True)
class Peak:
    """`weight` for each per mille of its limit that the fullest host uses of `resource`, rounded down."""

    resource: int
    weight: int

    def cost(self, capacity: Capacity, usage: Ints) -> int:
        """The cost of a `usage` [H, R]; hosts without the resource do not count."""
        limit = capacity.limit[:, self.resource]
        has = limit > 0
        if not has.any():
            return 0
        return self.weight * int((PER_MILLE * usage[has, self.resource] // limit[has]).max())


@dataclass(frozen=True, slots=True)
class Balance:
    """The sum of all its parts."""

    above: tuple[AboveThreshold, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    peaks: tuple[Peak, ...] = ()

    def cost(self, capacity: Capacity, usage: Ints) -> int:
        """The cost of a usage [H, R] when the plan is over (`Capacity.final_usage`)."""
        parts: tuple[AboveThreshold | Ratio | Peak, ...] = (*self.above, *self.ratios, *self.peaks)
        return sum(part.cost(capacity, usage) for part in parts)
