"""A sum that must not get too large: what is free, and what earlier steps have given back and nobody has drawn yet."""

from __future__ import annotations

import heapq
from collections.abc import Collection


class Account:
    """Every step that adds to the sum draws what it adds, each unit once, and waits for those it draws from.

    That is enough: in any set of events that holds with an event all that it waits for, whatever was added was free at
    the start or was taken from the sum by events of the set.
    """

    def __init__(self, free: int) -> None:
        self._free = free
        self._left: dict[int, int] = {}
        """What is left of what each step has given."""
        self._givers: list[tuple[int, int]] = []
        """Pairs of end and step, a heap; some have nothing left."""

    def give(self, step: int, amount: int, end: int) -> None:
        """Step `step`, which ends at `end`, takes the amount from the sum."""
        self._left[step] = amount
        heapq.heappush(self._givers, (end, step))

    def draw(self, amount: int, awaited: Collection[int]) -> list[int]:
        """The steps from which a step draws what it adds beyond what was free: those that end first.

        What steps gave that it waits for anyway (`awaited`) is drawn before all else. What is missing in the end the
        list itself has too much, and no waiting could mend it.
        """
        wanted = amount
        for giver in awaited:
            wanted = self._draw_from(giver, wanted)
        free = min(self._free, wanted)
        self._free -= free
        wanted -= free
        drawn = list[int]()
        while wanted and self._givers:
            giver = self._givers[0][1]
            rest = self._draw_from(giver, wanted)
            if rest < wanted:
                drawn.append(giver)
            if rest:
                heapq.heappop(self._givers)
            wanted = rest
        return drawn

    def _draw_from(self, giver: int, wanted: int) -> int:
        """Draws from what one step gave; returns what is still wanted."""
        left = self._left.get(giver, 0)
        drawn = min(left, wanted)
        if drawn:
            self._left[giver] = left - drawn
        return wanted - drawn
