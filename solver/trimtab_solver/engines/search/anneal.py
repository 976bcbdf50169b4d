"""Simulated annealing over all kinds of changes, in one compiled loop."""

from __future__ import annotations

import math

import numpy as np

from ...primitives.encoding import Ints
from .chance import below, unit
from .kernels.compiled import compiled
from .kernels.guests import may_be_at
from .kernels.hosts import has_room_without, host_energy
from .moves import shift_change, swap_change, try_shift
from .rows import BRING_UP, CHAIN, CROWDED, DOWN, FELLOW, HOME, MOVED, PEER, SWAP, TRADE, Floats, State, Tables, Whole
from .state import relocate, swap

INFINITY = float("inf")
_HOSTS_COMPARED = 3
_FELLOWS_PASSED = 8
_PEERS = 10
"""How far a guest's peers are from it in the order of size, at the most."""
_HOME_BY_SWAP = 0.5
"""Where a moved guest finds no room at home: how often it changes places with somebody there, else a chain begins."""
_CHAIN_ANYWHERE = 0.5
"""How often a guest that makes way in a chain goes anywhere, though it might go home."""
_PLACES_TRIED = 3
"""How many hosts a guest that makes way is offered before it goes down."""


@compiled
def keep_best(S: State, best: Ints, best_energy: Floats) -> None:
    """Copies the placement if it is the best so far."""
    if S.totals[0].energy < best_energy[0]:
        best_energy[0] = S.totals[0].energy
        for v in range(S.guest.shape[0]):
            best[v] = S.guest[v].place


@compiled
def anneal(T: Tables, S: State, best: Ints, best_energy: Floats, mix: Floats, steps: Whole, temperature: float) -> None:
    """`steps` proposals at one temperature; at 0 no loss is taken.

    `best` [V] and `best_energy` [1] are updated. `mix` [8] are shares: BRING_UP (a guest that is down) and HOME (a
    moved one) of all proposals; SWAP and CHAIN of the others, and CROWDED (beginning with a guest of the dearest of a
    few hosts); TRADE of those that bring one up; FELLOW (with a member of the same group) and PEER (with one of about
    the same size, which fits more often) of the swaps.
    """
    guests, hosts = S.guest.shape[0], S.load.shape[0]
    saved = 0
    for i in range(steps):
        patience = -math.log(unit(S.random)) * temperature
        if i - saved > guests >> 2 and S.totals[0].energy < best_energy[0]:
            saved = i
            keep_best(S, best, best_energy)
        x = unit(S.random)
        if x < mix[BRING_UP]:
            if S.lengths[DOWN] > 0:
                v = S.lists[DOWN, below(S.random, S.lengths[DOWN])]
                if unit(S.random) < mix[TRADE]:
                    _trade(T, S, v, below(S.random, hosts), patience)
                else:
                    _bring_up(T, S, v, patience)
                continue
        elif x < mix[BRING_UP] + mix[HOME]:
            if S.lengths[MOVED] > 0:
                _go_home(T, S, S.lists[MOVED, below(S.random, S.lengths[MOVED])], patience)
                continue
        v = _crowded_guest(S) if unit(S.random) < mix[CROWDED] else below(S.random, guests)
        x = unit(S.random)
        if x < mix[SWAP]:
            u = _partner(T, S, v, mix)
            if S.guest[v].place >= 0 and u >= 0 and S.guest[u].place >= 0:
                _swap(T, S, v, u, patience)
        elif x < mix[SWAP] + mix[CHAIN]:
            _chain(T, S, v, below(S.random, hosts), patience)
        else:
            _shift(T, S, v, below(S.random, hosts), patience)
    keep_best(S, best, best_energy)


@compiled
def _crowded_guest(S: State) -> Whole:
    """A random guest of the dearest of a few random hosts, or of any host if nobody is there."""
    hosts = S.load.shape[0]
    dearest = below(S.random, hosts)
    for _ in range(_HOSTS_COMPARED - 1):
        h = below(S.random, hosts)
        if S.host[h].energy > S.host[dearest].energy:
            dearest = h
    return _any_guest(S, dearest) if S.host[dearest].guests > 0 else below(S.random, S.guest.shape[0])


@compiled
def _partner(T: Tables, S: State, v: Whole, mix: Floats) -> Whole:
    """Whom guest `v` should change places with; -1: nobody."""
    x = unit(S.random)
    if x < mix[FELLOW]:
        return _fellow(T, S, v)
    if x < mix[FELLOW] + mix[PEER]:
        at = T.guests[v].by_size + below(S.random, np.int64(2 * _PEERS + 1)) - _PEERS
        return T.guests[at].sized if 0 <= at < T.guests.shape[0] else -1
    return below(S.random, S.guest.shape[0])


@compiled
def _fellow(T: Tables, S: State, v: Whole) -> Whole:
    """A member of the same group as guest `v`, a few places further in the ring; -1 if it is in none."""
    u = T.guests[v].fellow
    if u >= 0:
        for _ in range(below(S.random, np.int64(_FELLOWS_PASSED))):
            u = T.guests[u].fellow
    return u


@compiled
def _shift(T: Tables, S: State, v: Whole, goal: Whole, patience: float) -> None:
    """One guest goes elsewhere."""
    # a forbidden change costs infinitely much, which is beyond any patience
    if shift_change(T, S, v, goal) <= patience:
        relocate(T, S, v, goal)


@compiled
def _go_home(T: Tables, S: State, v: Whole, patience: float) -> None:
    """A moved guest goes back to where it ran; where there is no room, somebody there goes elsewhere for it."""
    home = T.guests[v].current
    if S.host[home].guests == 0 or host_energy(T, S, home, v, np.int64(-1)) != INFINITY:
        _shift(T, S, v, home, patience)
    elif unit(S.random) < _HOME_BY_SWAP:
        _swap(T, S, v, _any_guest(S, home), patience)
    else:
        _chain(T, S, v, home, patience)


@compiled
def _swap(T: Tables, S: State, v: Whole, u: Whole, patience: float) -> None:
    """Two guests change places."""
    if swap_change(T, S, v, u) <= patience:
        swap(T, S, v, u)


@compiled
def _any_guest(S: State, h: Whole) -> Whole:
    """A random guest of host `h`, which has some."""
    w = S.host[h].head
    for _ in range(below(S.random, S.host[h].guests)):
        w = S.guest[w].after
    return w


@compiled
def _chain(T: Tables, S: State, v: Whole, h: Whole, patience: float) -> None:
    """Guest `v` goes to `h`, from where another one goes home or to a third host."""
    source = S.guest[v].place
    if h == source or S.host[h].guests == 0 or not may_be_at(T, v, h):
        return
    w = _any_guest(S, h)
    third = T.guests[w].current
    if third == h or third < 0 or unit(S.random) < _CHAIN_ANYWHERE:
        third = below(S.random, S.load.shape[0])
    if third == h or third == source or host_energy(T, S, h, v, w) == INFINITY:
        return
    before = S.totals[0].energy
    if not try_shift(T, S, w, third):
        return
    if S.totals[0].energy - before + shift_change(T, S, v, h) <= patience:
        relocate(T, S, v, h)
    else:
        relocate(T, S, w, h)


@compiled
def _trade(T: Tables, S: State, v: Whole, h: Whole, patience: float) -> None:
    """Places a guest that is down on `h`; where there is no room, a random guest there goes down for it."""
    if not may_be_at(T, v, h) or S.host[h].guests == 0:
        return
    if host_energy(T, S, h, v, np.int64(-1)) != INFINITY:
        _shift(T, S, v, h, patience)
        return
    w = _any_guest(S, h)
    if not T.guests[w].may_move or not T.guests[w].may_be_down or not has_room_without(T, S, v, h, w):
        return
    before = S.totals[0].energy
    if not try_shift(T, S, w, np.int64(-1)):
        return
    if S.totals[0].energy - before + shift_change(T, S, v, h) <= patience:
        relocate(T, S, v, h)
    else:
        relocate(T, S, w, h)


@compiled
def _bring_up(T: Tables, S: State, v: Whole, patience: float) -> None:
    """Places a guest that is down; where there is no room, somebody on the host goes elsewhere or down for it."""
    h = below(S.random, S.load.shape[0])
    if not may_be_at(T, v, h):
        return
    change = shift_change(T, S, v, h)
    if change != INFINITY:
        if change <= patience:
            relocate(T, S, v, h)
        return
    if S.host[h].guests == 0:
        return
    w = _any_guest(S, h)
    for _ in range(S.host[h].guests):
        if T.guests[w].may_move and has_room_without(T, S, v, h, w) and _exchange(T, S, v, w, h, patience):
            return
        w = S.guest[w].after
        if w < 0:
            w = S.host[h].head


@compiled
def _exchange(T: Tables, S: State, v: Whole, w: Whole, h: Whole, patience: float) -> bool:
    """Guest `w` leaves host `h` for `v`: to another host if one of a few has room, else down. True if it was tried."""
    before = S.totals[0].energy
    gone = False
    for _ in range(_PLACES_TRIED):
        other = below(S.random, S.load.shape[0])
        if other != h and try_shift(T, S, w, other):
            gone = True
            break
    if not gone and not try_shift(T, S, w, np.int64(-1)):
        return False
    change = shift_change(T, S, v, h)
    if S.totals[0].energy - before + change <= patience:
        relocate(T, S, v, h)
        return True
    relocate(T, S, w, h)
    return change != INFINITY
