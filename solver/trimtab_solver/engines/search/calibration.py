"""How hot a search has to be: measured on the changes that it would propose."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .chance import below
from .kernels.compiled import compiled
from .moves import shift_change
from .state import State
from .tables import Tables

INFINITY = float("inf")


def sample_changes(tables: Tables, state: State, tries: int) -> npt.NDArray[np.float64]:
    """The energies of those of `tries` random shifts that are permitted."""
    found = np.zeros(tries)
    return found[: _sample(tables, state, found)]


@compiled
def _sample(T, S, found) -> int:  # type: ignore[no-untyped-def]
    count = 0
    for _ in range(found.shape[0]):
        change = shift_change(T, S, below(S.random, S.guest.shape[0]), below(S.random, S.load.shape[0]))
        if change != INFINITY:
            found[count] = change
            count += 1
    return count
