"""Prices of room: what guests are worth by the room that they need, where there is too little of it.

A loss counts heads, so nothing is gained until all the room for one more guest is there. Prices on room from the dual
of the aggregated relaxation (`relaxation.dual`) make it smooth: a guest is worth what its room would sell for, and
by how much those that are down are worth more than the bound is just the room that is left unused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..problem import Problem
from .bounds.bound import Bounds
from .relaxation.dual import find_prices

Floats = npt.NDArray[np.float64]

_LOWER_RANKS = 0.05
"""What guests count for that are of lower rank than those that are lost too often, of what they are worth."""


@dataclass(frozen=True, slots=True)
class RoomPrices:
    """What the room for each guest is worth, in units of the loss at `rank`: `worth` [V]."""

    rank: int
    worth: Floats


def price_room(problem: Problem, bounds: Bounds, values: tuple[int, ...]) -> RoomPrices | None:
    """What guests are worth at the first level that is not proven at these values.

    None where that is not the loss of one rank, or no room is scarce.
    """
    scarcity = bounds.scarcity(values)
    if scarcity is None:
        return None
    rank, relaxed = scarcity
    prices, relaxation = find_prices(relaxed), relaxed.relaxation
    room = (relaxed.load * (prices.room / prices.scale)[None, :, :]).sum(axis=2)
    # one that may arrive nowhere takes no room from others
    cheapest = np.where(relaxation.mask, room, np.inf).min(axis=1, initial=np.inf)
    worth = np.where(np.isfinite(cheapest), cheapest, 0.0)[relaxation.kind_of]
    worth = np.where(problem.tier_values("rank") < rank, _LOWER_RANKS * worth, worth)
    return RoomPrices(rank, worth) if (worth > 0).any() else None
