"""DomainDependency: domains with members and no provider."""

from __future__ import annotations

from ..rows import State, Tables, Whole
from .breach import REFUSED
from .compiled import compiled


@compiled
def dependency_change(T: Tables, S: State, g: Whole, side: Whole, left: Whole, entered: Whole) -> Whole:
    """Units of breach that a member (side 0), provider (1) or both (2) adds by going from `left` to `entered`."""
    units = 0
    members = T.groups[g].offset
    providers = members + T.groups[g].width
    is_member = 0 if side == 1 else 1
    is_provider = 0 if side == 0 else 1
    if entered >= 0:
        before = S.counts[members + entered] > 0 and S.counts[providers + entered] == 0
        after = S.counts[members + entered] + is_member > 0 and S.counts[providers + entered] + is_provider == 0
        if after and not before:
            units += 1
            if T.groups[g].must and not (T.start[members + entered] > 0 and T.start[providers + entered] == 0):
                return REFUSED
        elif before and not after:
            units -= 1
    if left >= 0:
        before = S.counts[members + left] > 0 and S.counts[providers + left] == 0
        after = S.counts[members + left] - is_member > 0 and S.counts[providers + left] - is_provider == 0
        if after and not before:
            units += 1
            if T.groups[g].must and not (T.start[members + left] > 0 and T.start[providers + left] == 0):
                return REFUSED
        elif before and not after:
            units -= 1
    return units
