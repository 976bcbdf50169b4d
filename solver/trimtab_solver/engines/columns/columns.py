"""Columns: all that one host may hold at once, as the cutting patterns of Gilmore and Gomory (see `master`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...primitives.encoding import Bools, Ints


@dataclass(frozen=True, slots=True)
class Columns:
    """What hosts may hold, number n on host ``host[n]`` [N].

    Arrivals: `arrival_of` [A] says in which column, then `kind` and `number`. Residents that do not stay: `leaver_of`
    [G], `leaver` (their places in the knapsacks), and whether they are `stopped` or go elsewhere.
    """

    host: Ints
    arrival_of: Ints
    kind: Ints
    number: Ints
    leaver_of: Ints
    leaver: Ints
    stopped: Bools

    def only(self, chosen: Bools) -> Columns:
        """Some of these columns, in the same order."""
        place = np.cumsum(chosen) - 1
        arrivals, leavers = chosen[self.arrival_of], chosen[self.leaver_of]
        return Columns(
            self.host[chosen],
            place[self.arrival_of[arrivals]],
            self.kind[arrivals],
            self.number[arrivals],
            place[self.leaver_of[leavers]],
            self.leaver[leavers],
            self.stopped[leavers],
        )


def join(parts: list[Columns]) -> Columns:
    """All columns of all parts, one after the other."""
    before = np.cumsum([0, *(len(part.host) for part in parts)])
    return Columns(
        np.concatenate([part.host for part in parts]),
        np.concatenate([part.arrival_of + n for part, n in zip(parts, before, strict=False)]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.number for part in parts]),
        np.concatenate([part.leaver_of + n for part, n in zip(parts, before, strict=False)]),
        np.concatenate([part.leaver for part in parts]),
        np.concatenate([part.stopped for part in parts]),
    )
