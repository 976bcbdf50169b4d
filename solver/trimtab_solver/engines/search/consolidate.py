"""Exchanges of one large guest for several small ones that are down, when guests count by heads."""

from __future__ import annotations

import numpy as np

from ...primitives.encoding import Ints
from .kernels.compiled import compiled
from .kernels.hosts import has_room
from .moves import try_shift
from .rows import Floats, State, Tables, Whole
from .state import relocate

MOST_COMING = 64
"""How many guests may take the room of one at the most."""
_MOST_LOOKS = 20_000_000
"""How many pairs of a guest that may leave and one that may come are looked at: a fraction of a second."""

_MOST_TRIED = 500_000
"""How many guests come in one call at the most, those included that leave again: about a second."""


@compiled
def consolidate(T: Tables, S: State, large: Ints, small: Ints, worth: Floats, filled: float, came: Ints) -> None:
    """Lets each guest of `large` [n] that runs go down if then so many others come up that the energy falls.

    Those that come are guests of `small` [m], in this order, worth half of the leaving one each at the most, and all
    together at least `filled` of it. `came` [MOST_COMING] is scratch. Of very many, each leaving one sees its share,
    and the last ones of `large` are left out where too many have come already.
    """
    tried: Whole = 0
    step = 1 + large.shape[0] * small.shape[0] // _MOST_LOOKS
    for i in range(large.shape[0]):
        w = large[i]
        h = S.guest[w].place
        before = S.totals[0].energy
        if h < 0 or not try_shift(T, S, w, np.int64(-1)):
            continue
        number: Whole = 0
        gained = 0.0
        for j in range(i % step, small.shape[0], step):
            v = small[j]
            if S.guest[v].place >= 0 or 2.0 * worth[v] > worth[w] or not has_room(T, S, v, h):
                continue
            if try_shift(T, S, v, h):
                came[number] = v
                number += 1
                gained += worth[v]
                if number == MOST_COMING:
                    break
        tried += number
        if gained < filled * worth[w] or S.totals[0].energy >= before:
            for n in range(number - 1, -1, -1):
                relocate(T, S, came[n], np.int64(-1))
            relocate(T, S, w, h)
            S.totals[0].energy = before
        if tried > _MOST_TRIED:
            return
