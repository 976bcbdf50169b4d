"""The last touches to a placement: moves that bring nothing are taken back, and of hosts as good the emptiest is taken.

Whatever an engine was doing when its time was up, its target goes through this. Nothing becomes worse at any level: a
guest goes home only where that lowers the energy under strict weights, and elsewhere only where it changes nothing.
"""

from __future__ import annotations

import numpy as np

from .kernels.compiled import compiled
from .kernels.guests import may_be_at
from .kernels.hosts import has_room
from .moves import shift_change
from .rows import BACKED, FULL, LEFT, LIMIT, SHARED, UPPER, State, Tables, Whole
from .state import relocate

_ROUNDS = 8
"""How often all guests are looked at, at the most; each change makes later ones possible."""
_MOST_PAIRS = 10_000_000
"""How many pairs of a guest and a host are compared in a round: about a second."""
_LEAST_GAIN = 1e-9


@compiled
def send_home(T: Tables, S: State) -> None:
    """Takes back every move, one guest after the other, that costs more than it gains."""
    for _ in range(_ROUNDS):
        changes = 0
        for v in range(S.guest.shape[0]):
            if _has_moved(T, S, v) and shift_change(T, S, v, T.guests[v].current) < 0.0:
                relocate(T, S, v, T.guests[v].current)
                changes += 1
        if changes == 0:
            return


@compiled
def spread_arrivals(T: Tables, S: State) -> None:
    """Guests that start or move go to the emptiest host of those that cost the same.

    Empty is the host whose scarcest resource is used least with the guest at full size (`_fullness`). Of very many
    pairs a part is looked at, spread evenly.
    """
    arrivals, hosts = 0, S.load.shape[0]
    for v in range(S.guest.shape[0]):
        arrivals += 1 if _arrives(T, S, v) else 0
    step = 1 + arrivals * hosts // _MOST_PAIRS
    for _ in range(_ROUNDS):
        changes = 0
        for v in range(S.guest.shape[0]):
            if not _arrives(T, S, v):
                continue
            place = S.guest[v].place
            best, least = place, _fullness(T, S, v, place, False) - _LEAST_GAIN
            for h in range(v % step, hosts, step):
                if h == place or (T.hosts[h].boot_cost > 0.0 and S.host[h].guests == 0) or not may_be_at(T, v, h):
                    continue
                fullness = _fullness(T, S, v, h, True)
                if fullness < least and has_room(T, S, v, h) and shift_change(T, S, v, np.int64(h)) <= 0.0:
                    best, least = h, fullness
            if best != place:
                relocate(T, S, v, np.int64(best))
                changes += 1
        if changes == 0:
            return


@compiled
def _has_moved(T: Tables, S: State, v: Whole) -> bool:
    """Whether guest `v` runs, and elsewhere than at the start."""
    home, place = T.guests[v].current, S.guest[v].place
    return home >= 0 and place >= 0 and place != home and T.guests[v].may_move == 1


@compiled
def _arrives(T: Tables, S: State, v: Whole) -> bool:
    """Whether guest `v` starts or moves."""
    place = S.guest[v].place
    return place >= 0 and place != T.guests[v].current and T.guests[v].may_move == 1


@compiled
def _fullness(T: Tables, S: State, v: Whole, h: Whole, is_coming: bool) -> float:
    """The used share of the scarcest resource of host `h`, with guest `v` there (`is_coming`: it is not yet)."""
    most = 0.0
    for r in range(S.load.shape[2]):
        limit = T.rooms[h, LIMIT, r]
        need = T.rooms[h, SHARED + T.sizes[v, BACKED, r], r] * T.sizes[v, UPPER, r]
        if limit <= 0 or need == 0:
            continue
        used = S.load[h, FULL, r] + S.load[h, LEFT, r] + (need if is_coming else 0)
        most = max(most, used / limit)
    return most
