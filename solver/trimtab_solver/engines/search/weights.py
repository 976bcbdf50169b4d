"""How the levels weigh against each other in one number while a search runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...problem import Problem


@dataclass(frozen=True, slots=True)
class Weights:
    """Energy of one unit of each measure; `running` per rank, highest first."""

    running: tuple[float, ...]
    inherited: float
    stops: float
    shrinkage: float
    should: float
    disruption: float
    balance: float

    @property
    def vector(self) -> tuple[float, ...]:
        """In the order of `Problem.measures`."""
        return (*self.running, self.inherited, self.stops, self.shrinkage, self.should, self.disruption, self.balance)
