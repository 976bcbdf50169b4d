"""Search for good targets. Engines see a `Problem` and know no rule kinds."""

from __future__ import annotations

from .annealing import RoomPricing, Search
from .column_generation import ColumnGeneration
from .engine import Engine
from .exact import Exact
from .greedy import Earlier, Greedy
from .neighbourhoods import Neighbourhoods
from .tightening import Tightening

ENGINES: tuple[Engine, ...] = (
    Earlier(),
    Greedy(),
    Search(),
    RoomPricing(),
    ColumnGeneration(),
    Neighbourhoods(),
    Exact(),
    Tightening(),
)
"""All engines. `strategy` says who works when, and for how long."""
