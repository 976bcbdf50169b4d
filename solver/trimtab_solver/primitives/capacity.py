"""Capacity: what fits on a host, with overcommit for some guests and without for others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .encoding import Bools, Index, Ints
from .sealing import seal


@dataclass(frozen=True, slots=True)
class Capacity:
    """Room per host and resource, in units that make both kinds of guests integers.

    A guest whose resource is backed by hardware (`backed` [V, R]) counts ``factor[h, r, 1]`` per unit, another
    ``factor[h, r, 0]``; the sum must stay within `limit` [H, R]. Where the start already needs more (`start` [H, R]),
    that is tolerated: `ceiling` is the larger of the two. `held` [H, R] is room that guests on their way still hold at
    their source; it counts in `start` too.

    A guest that runs now, on host `origin` [V] (-1: it does not), and is placed on another host still holds the
    `transient` [R] resources at its origin as well, as much as it has there now (`allocated` [V, R]).
    """

    limit: Ints
    factor: Ints
    backed: Bools
    held: Ints
    start: Ints
    transient: Bools
    origin: Index
    allocated: Ints

    def __post_init__(self) -> None:
        seal(self)

    @property
    def ceiling(self) -> Ints:
        """What must never be exceeded [H, R]."""
        return np.maximum(self.limit, self.start)

    def load_of(self, v: int, size: Ints) -> Ints:
        """What guest `v` at `size` [R] needs on every host [H, R]."""
        return np.where(self.backed[v], self.factor[:, :, 1], self.factor[:, :, 0]) * size

    def load_at(self, v: int, h: int, size: Ints) -> Ints:
        """What guest `v` at `size` [R] needs on host `h` [R]."""
        return np.where(self.backed[v], self.factor[h, :, 1], self.factor[h, :, 0]) * size

    def left_behind(self, v: int) -> Ints:
        """What guest `v` holds at its origin while it runs elsewhere [R]; it must run now."""
        return np.where(self.transient, self.load_at(v, int(self.origin[v]), self.allocated[v]), 0)

    def usage(self, place: Index, sizes: Ints) -> Ints:
        """What guests at `place` [V] (-1: nowhere) with `sizes` [V, R] need per host [H, R] until the plan is over.

        `held` and what moved guests hold at their origin are included.
        """
        total = self.final_usage(place, sizes)
        transient = np.flatnonzero(self.transient)
        if len(transient):
            away = np.flatnonzero((place >= 0) & (self.origin >= 0) & (self.origin != place))
            total += self._sum(away, self.origin[away], self.allocated, transient.tolist())
        return total

    def final_usage(self, place: Index, sizes: Ints) -> Ints:
        """As `usage`, without what moved guests hold at their origin: what remains when the plan is over [H, R]."""
        up = np.flatnonzero(place >= 0)
        return self._sum(up, place[up], sizes, range(len(self.transient))) + self.held

    def _sum(self, guests: Ints, at: Index, sizes: Ints, resources: range | list[int]) -> Ints:
        """What `guests` [n] need on the hosts `at` [n], of these resources only [H, R]."""
        counted = np.zeros((*self.limit.shape, 2), dtype=np.int64)
        for r in resources:
            cells = np.zeros(2 * len(self.limit), dtype=np.int64)
            np.add.at(cells, 2 * at + self.backed[guests, r], sizes[guests, r])
            counted[:, r] = cells.reshape(-1, 2)
        return np.asarray((counted * self.factor).sum(axis=2))
