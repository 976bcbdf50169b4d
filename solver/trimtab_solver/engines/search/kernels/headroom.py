"""Headroom: what members ask for beyond what may be used, in percent of each domain."""

from __future__ import annotations

from ....primitives.headroom import PERCENT
from ..rows import State, Tables, Whole
from .breach import REFUSED
from .compiled import compiled


@compiled
def headroom_breach(T: Tables, S: State, row: Whole, more: Whole) -> Whole:
    """The amount of breach in the domain of a row of shares when so much more is asked for."""
    excess = S.asked[row] + more - T.shares[row, 0]
    if excess <= 0:
        return 0
    return (PERCENT * excess + T.shares[row, 1] - 1) // T.shares[row, 1]


@compiled
def headroom_change(T: Tables, S: State, g: Whole, demand: Whole, left: Whole, entered: Whole) -> Whole:
    """Units of breach that a member with this demand adds by going from domain `left` to `entered` (-1: none)."""
    units: Whole = 0
    if entered >= 0:
        row = T.groups[g].offset + entered
        after = headroom_breach(T, S, row, demand)
        if T.groups[g].must and after > T.shares[row, 2]:
            return REFUSED
        units += after - headroom_breach(T, S, row, 0 * demand)
    if left >= 0:
        row = T.groups[g].offset + left
        units += headroom_breach(T, S, row, -demand) - headroom_breach(T, S, row, 0 * demand)
    return units
