"""DomainSkew: by how much more than permitted the fullest domain differs from the emptiest eligible one."""

from __future__ import annotations

from ..rows import State, Tables, Whole
from .breach import REFUSED
from .compiled import compiled


@compiled
def skew_breach(T: Tables, S: State, g: Whole, left: Whole, entered: Whole) -> Whole:
    """The amount of breach after a member has gone from domain `left` to `entered` (-1: none)."""
    offset, width = T.groups[g].offset, T.groups[g].width
    most, fewest = 0, -1
    for d in range(width):
        count = S.counts[offset + d]
        if d == entered:
            count += 1
        if d == left:
            count -= 1
        most = max(most, count)
        if T.start[offset + width + d] and (fewest < 0 or count < fewest):
            fewest = count
    return max(0, most - max(0, fewest) - T.groups[g].number)


@compiled
def skew_change(T: Tables, S: State, g: Whole, left: Whole, entered: Whole) -> Whole:
    """Units of breach that a member adds by going from domain `left` to `entered` (-1: none)."""
    after = skew_breach(T, S, g, left, entered)
    if T.groups[g].must and after > T.groups[g].at_start:
        return REFUSED
    return after - S.group[g].breach
