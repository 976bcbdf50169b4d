"""Quorum: running members that are missing, also when the domain with most of them is lost."""

from __future__ import annotations

from ..rows import State, Tables, Whole
from .breach import REFUSED
from .compiled import compiled


@compiled
def quorum_breach(T: Tables, S: State, g: Whole, left: Whole, entered: Whole) -> Whole:
    """The amount of breach after a member has gone from domain `left` to `entered` (-1: none)."""
    running = S.group[g].running + (1 if entered >= 0 else 0) - (1 if left >= 0 else 0)
    most = 0
    if T.groups[g].survives:
        for d in range(T.groups[g].width):
            count = S.counts[T.groups[g].offset + d]
            if d == entered:
                count += 1
            if d == left:
                count -= 1
            most = max(most, count)
    return max(0, T.groups[g].number - running + most)


@compiled
def quorum_change(T: Tables, S: State, g: Whole, left: Whole, entered: Whole) -> Whole:
    """Units of breach that a member adds by going from domain `left` to `entered` (-1: none)."""
    after = quorum_breach(T, S, g, left, entered)
    if T.groups[g].must and after > T.groups[g].at_start:
        return REFUSED
    return after - S.group[g].breach
