"""DomainExclusion: the smaller of two sets' member counts, per domain."""

from __future__ import annotations

from ..rows import State, Tables, Whole
from .breach import REFUSED
from .compiled import compiled


@compiled
def exclusion_change(T: Tables, S: State, g: Whole, side: Whole, left: Whole, entered: Whole) -> Whole:
    """Units of breach that a guest of set `side` adds by going from domain `left` to `entered` (-1: none)."""
    units = 0
    own = T.groups[g].offset + (T.groups[g].width if side == 1 else 0)
    other = T.groups[g].offset + (0 if side == 1 else T.groups[g].width)
    if entered >= 0:
        before = min(S.counts[own + entered], S.counts[other + entered])
        after = min(S.counts[own + entered] + 1, S.counts[other + entered])
        units += after - before
        if T.groups[g].must and after > min(T.start[own + entered], T.start[other + entered]):
            return REFUSED
    if left >= 0:
        before = min(S.counts[own + left], S.counts[other + left])
        units += min(S.counts[own + left] - 1, S.counts[other + left]) - before
    return units
