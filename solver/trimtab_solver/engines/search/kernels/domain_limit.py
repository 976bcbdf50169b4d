"""DomainLimit: members above the limit, per domain."""

from __future__ import annotations

from ..rows import State, Tables, Whole
from .breach import REFUSED
from .compiled import compiled


@compiled
def limit_change(T: Tables, S: State, g: Whole, left: Whole, entered: Whole) -> Whole:
    """Units of breach that a member adds by going from domain `left` to `entered` (-1: none)."""
    units = 0
    limit = T.groups[g].number
    offset = T.groups[g].offset
    if entered >= 0:
        present = S.counts[offset + entered]
        if present >= limit:
            units += 1
            if T.groups[g].must and present + 1 > max(limit, T.start[offset + entered]):
                return REFUSED
    if left >= 0 and S.counts[offset + left] > limit:
        units -= 1
    return units
