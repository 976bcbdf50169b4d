"""Free room counts for more in one piece.

Whether a large guest can be brought up shows in the levels only when all its room is there. So while guests are down, a
search is also drawn towards hosts with free room of about the size that they need (as bin packing by annealing prefers
uneven fillings: Falkenauer, "A hybrid grouping genetic algorithm for bin packing", J. of Heuristics 1996, section 3).
"""

from __future__ import annotations

import numpy as np

from .rows import FLOOR, State, Tables
from .state import refresh_all


def price_whole_room(tables: Tables, state: State, price: float) -> None:
    """Draws the search towards room for the guests that are down in `state`, or not at all if there are none.

    `price` is what room for one of them is worth. The wanted size is their mean, each weighed by its size.
    """
    down = state.guest["place"] < 0
    sizes = tables.sizes[down, FLOOR, :].astype(np.float64)
    total = sizes.sum(axis=0)
    state.wanted[:] = (sizes**2).sum(axis=0) / np.maximum(total, 1.0)
    state.totals["room_price"] = price if down.any() else 0.0
    refresh_all(tables, state)
