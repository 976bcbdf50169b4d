"""SizeFloor: guests that may not shrink below a share of what they request.

Engines see it as the floor of each guest: `raised` is all there is to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .encoding import Index, Ints
from .sealing import seal


@dataclass(frozen=True, slots=True, eq=False)
class SizeFloor:
    """The guests keep at least `percent` of each resource named."""

    rule: str
    guests: Index
    percent: Mapping[str, int]

    def __post_init__(self) -> None:
        seal(self)

    def raised(self, floor: Ints, requested: Ints, resources: Sequence[str]) -> Ints:
        """The floors [V, R] with these guests at no less than their shares, rounded up."""
        share = np.array([self.percent.get(resource, 0) for resource in resources], dtype=np.int64)
        least = -(-requested[self.guests] * share // 100)
        raised = floor.copy()
        raised[self.guests] = np.maximum(floor[self.guests], least)
        return raised
