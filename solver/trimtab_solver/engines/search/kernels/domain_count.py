"""DomainCount: domains missing below `least`, or domains used above `most`."""

from __future__ import annotations

from ..rows import State, Tables, Whole
from .breach import REFUSED
from .compiled import compiled


@compiled
def count_change(T: Tables, S: State, g: Whole, is_least: bool, left: Whole, entered: Whole) -> Whole:
    """Units of breach that a member adds by going from domain `left` to `entered` (-1: none)."""
    offset = T.groups[g].offset
    number = T.groups[g].number
    runs, domains = S.group[g].running, S.group[g].used
    runs_after, domains_after = runs, domains
    if entered >= 0:
        runs_after += 1
        if S.counts[offset + entered] == 0:
            domains_after += 1
    if left >= 0:
        runs_after -= 1
        if S.counts[offset + left] == 1:
            domains_after -= 1
    if is_least:
        before = max(0, min(number, runs) - domains)
        after = max(0, min(number, runs_after) - domains_after)
    else:
        before = max(0, domains - number)
        after = max(0, domains_after - number)
    if T.groups[g].must and after > T.groups[g].at_start:
        return REFUSED
    return after - before
