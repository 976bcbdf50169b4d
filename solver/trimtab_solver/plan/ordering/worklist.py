"""Whose turn it is among guests that wait: in a fixed order, round by round, but only where something has changed."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence


class Worklist:
    """At first everybody has a turn; later only those who were woken since their last one."""

    def __init__(self, guests: Sequence[int]) -> None:
        self._guests = guests
        self._position = {v: i for i, v in enumerate(guests)}
        self._now: list[int] = []
        self._next = list(range(len(guests)))
        self._queued = set(self._next)
        self._at = len(guests)
        """Position whose turn it is; behind the last one between rounds."""

    def wake(self, v: int) -> None:
        """Gives the guest a turn: in this round if it stands behind the one whose turn it is, else in the next."""
        position = self._position[v]
        if position in self._queued:
            return
        self._queued.add(position)
        if position > self._at:
            heapq.heappush(self._now, position)
        else:
            self._next.append(position)

    def round(self) -> Iterator[int]:
        """One round, in order."""
        self._now, self._next = self._next, []
        heapq.heapify(self._now)
        while self._now:
            self._at = heapq.heappop(self._now)
            self._queued.discard(self._at)
            yield self._guests[self._at]
        self._at = len(self._guests)
