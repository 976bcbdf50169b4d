"""Slots: places for so many guests of a kind on a host, whoever of that kind may take them."""

from __future__ import annotations

import numpy as np

from ...primitives.encoding import Ints
from .construct import evict_for
from .kernels.compiled import compiled
from .kernels.groups import groups_change
from .moves import INFINITY, try_shift
from .rows import State, Tables, Whole
from .state import relocate

_MOST_ASKED = 64
"""How many guests of its kind a slot is offered to at the most."""


def fill_slots(tables: Tables, state: State, host: Ints, kind: Ints, start: Ints, pool: Ints) -> None:
    """Brings up guests on the `host` of each slot [n], of the slot's `kind` [n], the first of its pool that may.

    The guests of kind k are ``pool[start[k]]`` to ``pool[start[k + 1]]``. A slot that nobody may take stays empty.
    """
    _fill(tables, state, host, kind, start, pool, start.copy())


@compiled
def _fill(T: Tables, S: State, host: Ints, kind: Ints, start: Ints, pool: Ints, front: Ints) -> None:
    """`front` [K] is scratch: at first `start`."""
    for n in range(host.shape[0]):
        k = kind[n]
        asked: Whole = 0
        for i in range(front[k], start[k + 1]):
            v = pool[i]
            if S.guest[v].place >= 0:
                # those at the front go first: the next slots need not look at them
                if i == front[k]:
                    front[k] += 1
                continue
            if try_shift(T, S, v, host[n]):
                break
            asked += 1
            if asked == _MOST_ASKED:
                break


@compiled
def leave(T: Tables, S: State, guests: Ints) -> None:
    """Takes guests down, also those that may not stay down; but nobody who would break a rule about groups by going."""
    for v in guests:
        here = S.guest[v].place
        if T.groups.shape[0] and groups_change(T, S, v, here, np.int64(-1), np.int64(-1)) == INFINITY:
            continue
        relocate(T, S, v, np.int64(-1))


@compiled
def send_home(T: Tables, S: State, guests: Ints) -> None:
    """Brings guests that are down back to where they ran; if they may not be down, others make room for them."""
    for v in guests:
        if S.guest[v].place >= 0:
            continue
        home = np.int64(T.guests[v].current)
        if not try_shift(T, S, v, home) and not T.guests[v].may_be_down:
            evict_for(T, S, v, home)
