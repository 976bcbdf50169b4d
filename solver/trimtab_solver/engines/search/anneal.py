"""Simulated annealing over all kinds of changes, in one compiled loop."""

from __future__ import annotations

import numpy as np

import math

from .chance import below, draw, unit
from .kernels.compiled import compiled
from .moves import relocate, shift_change, swap_change, try_shift
from .kernels.guests import may_be_at
from .kernels.hosts import host_energy
from .rows import DOWN, MOVED

INFINITY = float("inf")
_STEP = 1024
TRIED, TAKEN = 0, 1
SHIFT, SWAP, CHAIN, HOME, PLACE, EXCHANGE = range(6)


@compiled
def keep_best(S, best, best_energy) -> None:  # type: ignore[no-untyped-def]
    """Copies the placement if it is the best so far."""
    if S.totals[0].energy < best_energy[0]:
        best_energy[0] = S.totals[0].energy
        for v in range(S.guest.shape[0]):
            best[v] = S.guest[v].place


@compiled
def anneal(T, S, best, best_energy, stats, iterations: int, hot: float, cold: float, down_share: float, swap_share: float, chain_share: float) -> None:  # type: ignore[no-untyped-def]
    """`iterations` proposals while the temperature falls from `hot` to `cold` by a constant factor.

    `best` [V] and `best_energy` [1] are updated; `stats` [6, 2] counts proposals that could be priced, and those taken.
    """
    guests, hosts = S.guest.shape[0], S.load.shape[0]
    temperature = hot
    cooling = (cold / hot) ** (_STEP / iterations) if hot > 0 and iterations > _STEP else 1.0
    saved = 0
    for i in range(iterations):
        if i % _STEP == _STEP - 1:
            temperature *= cooling
        patience = -math.log(unit(S.random)) * temperature
        x = unit(S.random)
        before = S.totals[0].energy
        if before < best_energy[0] and i - saved > guests >> 3:
            saved = i
            keep_best(S, best, best_energy)
        if S.totals[0].down > 0 and x < down_share:
            v = S.lists[DOWN, below(S.random, S.totals[0].down)]
            _bring_up(T, S, stats, v, patience)
            continue
        if S.totals[0].moved > 0 and draw(S.random) & 15 == 0:
            v = S.lists[MOVED, below(S.random, S.totals[0].moved)]
            _shift(T, S, stats, HOME, v, T.guests[v].current, patience)
            continue
        v = below(S.random, guests)
        x = unit(S.random)
        if x < swap_share:
            u = below(S.random, guests)
            if S.guest[v].place >= 0 and S.guest[u].place >= 0:
                _swap(T, S, stats, v, u, patience)
        elif x < swap_share + chain_share:
            _chain(T, S, stats, v, below(S.random, hosts), patience)
        else:
            goal = below(S.random, hosts)
            _shift(T, S, stats, SHIFT, v, goal, patience)
    keep_best(S, best, best_energy)


@compiled
def _shift(T, S, stats, kind: int, v: int, goal: int, patience: float) -> None:  # type: ignore[no-untyped-def]
    change = shift_change(T, S, v, goal)
    if change == INFINITY:
        return
    stats[kind, TRIED] += 1
    if change <= patience:
        stats[kind, TAKEN] += 1
        relocate(T, S, v, goal)


@compiled
def _swap(T, S, stats, v: int, u: int, patience: float) -> None:  # type: ignore[no-untyped-def]
    change = swap_change(T, S, v, u)
    if change == INFINITY:
        return
    stats[SWAP, TRIED] += 1
    if change <= patience:
        stats[SWAP, TAKEN] += 1
        here, there = S.guest[v].place, S.guest[u].place
        relocate(T, S, v, there)
        relocate(T, S, u, here)


@compiled
def _chain(T, S, stats, v: int, h: int, patience: float) -> None:  # type: ignore[no-untyped-def]
    """Guest `v` goes to `h`, from where another one goes to a third host."""
    source = S.guest[v].place
    if h == source or not may_be_at(T, v, h) or S.host[h].guests == 0:
        return
    w = S.host[h].head
    for _ in range(below(S.random, S.host[h].guests)):
        w = S.guest[w].after
    third = below(S.random, S.load.shape[0])
    if third == h or third == source:
        return
    if host_energy(T, S, h, v, w) == INFINITY:
        return
    before = S.totals[0].energy
    if not try_shift(T, S, w, third):
        return
    change = shift_change(T, S, v, h)
    if change == INFINITY or S.totals[0].energy - before + change > patience:
        stats[CHAIN, TRIED] += 1
        relocate(T, S, w, h)
        return
    stats[CHAIN, TRIED] += 1
    stats[CHAIN, TAKEN] += 1
    relocate(T, S, v, h)


@compiled
def _bring_up(T, S, stats, v: int, patience: float) -> None:  # type: ignore[no-untyped-def]
    """Places a guest that is down; where there is no room, somebody on the host goes elsewhere or down for it."""
    h = below(S.random, S.load.shape[0])
    if not may_be_at(T, v, h):
        return
    change = shift_change(T, S, v, h)
    if change != INFINITY:
        stats[PLACE, TRIED] += 1
        if change <= patience:
            stats[PLACE, TAKEN] += 1
            relocate(T, S, v, h)
            return
    if S.host[h].guests == 0:
        return
    w = S.host[h].head
    skip = below(S.random, S.host[h].guests)
    for _ in range(skip):
        w = S.guest[w].after
    for _ in range(S.host[h].guests):
        if T.guests[w].may_move and host_energy(T, S, h, v, w) != INFINITY:
            if _exchange(T, S, stats, v, w, h, patience):
                return
        w = S.guest[w].after
        if w < 0:
            w = S.host[h].head


@compiled
def _exchange(T, S, stats, v: int, w: int, h: int, patience: float) -> bool:  # type: ignore[no-untyped-def]
    """Guest `w` leaves host `h` for `v`: to another host if one of a few has room, else down. True if it was tried."""
    before = S.totals[0].energy
    gone = False
    for _ in range(3):
        other = below(S.random, S.load.shape[0])
        if other != h and try_shift(T, S, w, other):
            gone = True
            break
    if not gone and not try_shift(T, S, w, np.int64(-1)):
        return False
    stats[EXCHANGE, TRIED] += 1
    change = shift_change(T, S, v, h)
    if change == INFINITY or S.totals[0].energy - before + change > patience:
        relocate(T, S, w, h)
        return change != INFINITY
    stats[EXCHANGE, TAKEN] += 1
    relocate(T, S, v, h)
    return True
