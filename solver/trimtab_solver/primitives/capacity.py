"""Capacity: what fits on a host, with overcommit for some guests and without for others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .encoding import Bools, Index, Ints


@dataclass(frozen=True, slots=True)
class Capacity:
    """Room per host and resource, in units that make both kinds of guests integers.

    A guest whose resource is backed by hardware (`backed` [V, R]) counts ``factor[h, r, 1]`` per unit, another
    ``factor[h, r, 0]``; the sum must stay within `limit` [H, R]. Where the start already needs more (`start` [H, R]),
    that is tolerated: `ceiling` is the larger of the two. `held` [H, R] is room that guests on their way still hold at
    their source; it counts in `start` too.
    """

    limit: Ints
    factor: Ints
    backed: Bools
    held: Ints
    start: Ints

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

    def usage(self, place: Index, sizes: Ints) -> Ints:
        """What guests at `place` [V] (-1: nowhere) with `sizes` [V, R] need per host [H, R], `held` included."""
        total = self.held.copy()
        running = np.flatnonzero(place >= 0)
        at = place[running]
        factors = self.factor[at]
        loads = np.where(self.backed[running], factors[:, :, 1], factors[:, :, 0]) * sizes[running]
        np.add.at(total, at, loads)
        return total
