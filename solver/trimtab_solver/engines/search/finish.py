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
from .rows import BACKED, FULL, LEFT, LIMIT, SHARED, UPPER, Floats, State, Tables, Whole
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


def spread_arrivals(tables: Tables, state: State) -> None:
    """Guests that start or move go to the emptiest host of those that cost the same.

    Empty is the host whose scarcest resource is used least with the guest at full size (`_fullness`). Of very many
    pairs a part is looked at, spread evenly.
    """
    limit = tables.rooms[:, LIMIT, :].T
    loads = tables.rooms[:, SHARED : SHARED + 2, :].transpose(1, 2, 0)
    per_unit = np.divide(loads, limit, out=np.zeros(loads.shape), where=limit > 0)
    spread(tables, state, np.zeros(limit.shape), per_unit)


@compiled
def spread(T: Tables, S: State, used: Floats, per_unit: Floats) -> None:
    """As `spread_arrivals`. `used` [R, H] is scratch: what share of each resource is used before anyone comes.

    `per_unit` [2, R, H]: the share that one unit of demand takes, firm and backed.
    """
    arrivals, hosts = 0, S.load.shape[0]
    for v in range(S.guest.shape[0]):
        arrivals += 1 if _arrives(T, S, v) else 0
    if arrivals == 0:
        return
    for h in range(hosts):
        _note_used(T, S, h, used)
    step = 1 + arrivals * hosts // _MOST_PAIRS
    for _ in range(_ROUNDS):
        changes = 0
        for v in range(S.guest.shape[0]):
            if _arrives(T, S, v):
                place = S.guest[v].place
                best = _emptiest(T, S, v, used, per_unit, step)
                if best != place:
                    relocate(T, S, v, best)
                    _note_used(T, S, place, used)
                    _note_used(T, S, best, used)
                    changes += 1
        if changes == 0:
            return


@compiled
def _emptiest(T: Tables, S: State, v: Whole, used: Floats, per_unit: Floats, step: Whole) -> Whole:
    """The emptiest host for guest `v` of every `step`-th, or its place if no other is emptier and costs as little."""
    place = S.guest[v].place
    best, least = place, _fullness(T, S, v, place, False) - _LEAST_GAIN
    scarcest = _scarcest(T, S, v, place)
    if scarcest < 0:
        return place
    size = float(T.sizes[v, UPPER, scarcest])
    shares, per_one = used[scarcest], per_unit[T.sizes[v, BACKED, scarcest], scarcest]
    for h in range(v % step, S.load.shape[0], step):
        # nearly all hosts end here: one resource alone is used more
        if shares[h] + size * per_one[h] >= least + _LEAST_GAIN or h == place:
            continue
        if (T.hosts[h].boot_cost > 0.0 and S.host[h].guests == 0) or not may_be_at(T, v, h):
            continue
        fullness = _fullness(T, S, v, h, True)
        if fullness < least and has_room(T, S, v, h) and shift_change(T, S, v, np.int64(h)) <= 0.0:
            best, least = np.int64(h), fullness
    return best


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
        need = _need(T, v, h, r)
        if need > 0:
            most = max(most, _used_share(T, S, h, r, need if is_coming else 0))
    return most


@compiled
def _scarcest(T: Tables, S: State, v: Whole, h: Whole) -> Whole:
    """Of the resources that guest `v` needs the one that host `h` has least left of; -1 if it needs none."""
    scarcest, most = -1, -1.0
    for r in range(S.load.shape[2]):
        if _need(T, v, h, r) > 0 and _used_share(T, S, h, r, 0) > most:
            scarcest, most = r, _used_share(T, S, h, r, 0)
    return scarcest


@compiled
def _note_used(T: Tables, S: State, h: Whole, used: Floats) -> None:
    """Writes what share of each resource of host `h` is used into `used` [R, H]."""
    for r in range(S.load.shape[2]):
        used[r, h] = _used_share(T, S, h, r, 0)


@compiled
def _need(T: Tables, v: Whole, h: Whole, r: Whole) -> Whole:
    """What guest `v` at full size takes of resource `r` on host `h`."""
    return T.rooms[h, SHARED + T.sizes[v, BACKED, r], r] * T.sizes[v, UPPER, r]


@compiled
def _used_share(T: Tables, S: State, h: Whole, r: Whole, more: Whole) -> float:
    """The share of resource `r` of host `h` that is used with so much `more`; 0 where there is none of it."""
    limit = T.rooms[h, LIMIT, r]
    return 0.0 if limit <= 0 else (S.load[h, FULL, r] + S.load[h, LEFT, r] + more) / limit
