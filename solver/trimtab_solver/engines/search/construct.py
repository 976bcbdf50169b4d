"""Greedy construction: by rank, each guest that is down goes to the best room there is, else to room made by evicting.

One pass, so that an answer exists at once; what it leaves to be desired is the search's business.
"""

from __future__ import annotations

import numpy as np

from ...primitives.encoding import Bools, Ints
from ...problem import Problem
from .kernels.compiled import compiled
from .kernels.guests import may_be_at
from .kernels.hosts import has_room
from .moves import INFINITY, shift_change, try_shift
from .rows import BACKED, CEILING, FLOOR, FULL, LEFT, LIMIT, SHARED, UPPER, USED, Floats, State, Tables, Whole
from .state import relocate

_SCRATCH = 8
"""How many guests are evicted for one, at the most; so much longer than [H] the scratch arrays are."""
_HOSTS_COMPARED = 400
"""How many hosts that are permitted are compared for one guest."""
_HOSTS_TRIED = 64
"""How many hosts are looked at closely when room has to be made."""


def bring_up(problem: Problem, tables: Tables, state: State, who: Bools, offenders: Ints) -> None:
    """Constructs with the guests `who` [V] in order of rank, value and bulk, most first."""
    totals = np.maximum(problem.upper.sum(axis=0), 1)
    bulk = (problem.upper / totals).max(axis=1, initial=0.0)
    by = (np.arange(problem.vm_count), -bulk, -problem.tier_values("value"), -problem.tier_values("rank"))
    order = np.lexsort(by).astype(np.int64)
    hosts = np.zeros(problem.host_count + _SCRATCH, dtype=np.int64)
    construct(tables, state, order[who[order]], offenders, hosts, np.zeros(len(hosts)))


@compiled
def construct(T: Tables, S: State, order: Ints, offenders: Ints, hosts: Ints, lacking: Floats) -> None:
    """Brings up guests in `order` [n], then moves `offenders` [m] to where they cost less.

    `hosts` and `lacking` [H + _SCRATCH] are scratch.
    """
    cheapest = _cheapest_victim(T)
    for i in range(order.shape[0]):
        v = order[i]
        if S.guest[v].place < 0 and T.guests[v].may_move:
            h = _best_host(T, S, v)
            if h >= 0:
                relocate(T, S, v, h)
            elif T.guests[v].down_cost > cheapest:
                _make_room(T, S, v, hosts, lacking)
    for i in range(offenders.shape[0]):
        v = offenders[i]
        if S.guest[v].place >= 0 and T.guests[v].may_move:
            h = _best_host(T, S, v)
            if h >= 0 and shift_change(T, S, v, h) < 0.0:
                relocate(T, S, v, h)


@compiled
def adopt(T: Tables, S: State, preferred: Ints) -> None:
    """Takes all to where `preferred` [V] has them, if they may be there: first those that go down, then all twice."""
    for v in range(preferred.shape[0]):
        if preferred[v] < 0 and S.guest[v].place >= 0:
            try_shift(T, S, v, np.int64(-1))
    for _ in range(2):
        for v in range(preferred.shape[0]):
            if preferred[v] >= 0 and S.guest[v].place != preferred[v]:
                try_shift(T, S, v, preferred[v])


@compiled
def _room_left(T: Tables, S: State, v: Whole, h: Whole) -> float:
    """Shares of the host that stay free with the guest at full size, all resources together; the less the tighter."""
    left = 0.0
    for r in range(S.load.shape[2]):
        limit = T.rooms[h, LIMIT, r]
        if limit > 0:
            need = T.rooms[h, SHARED + T.sizes[v, BACKED, r], r] * T.sizes[v, UPPER, r]
            left += (limit - S.load[h, FULL, r] - S.load[h, LEFT, r] - need) / limit
    return left


@compiled
def _best_host(T: Tables, S: State, v: Whole) -> Whole:
    """The cheapest permitted host of many, the tightest fit among equals; -1 if there is none at all."""
    best, best_change, best_left = np.int64(-1), INFINITY, INFINITY
    hosts = S.load.shape[0]
    compared: Whole = 0
    for i in range(hosts):
        # every guest begins elsewhere, so that those it does not get to are not always the same
        h = (v * 7919 + i) % hosts if hosts > _HOSTS_COMPARED else i
        if not may_be_at(T, v, h) or not has_room(T, S, v, h):
            continue
        change = shift_change(T, S, v, h)
        if change == INFINITY:
            continue
        if change <= best_change:
            left = _room_left(T, S, v, h)
            if change < best_change or left < best_left:
                best, best_change, best_left = np.int64(h), change, left
        compared += 1
        if compared == _HOSTS_COMPARED:
            break
    return best


@compiled
def _make_room(T: Tables, S: State, v: Whole, hosts: Ints, lacking: Floats) -> bool:
    """Evicts cheaper guests from one host and puts `v` there, if that is worth it."""
    count = 0
    for h in range(S.load.shape[0]):
        if may_be_at(T, v, h) and S.host[h].guests > 0:
            lack = 0.0
            for r in range(S.load.shape[2]):
                need = T.rooms[h, SHARED + T.sizes[v, BACKED, r], r] * T.sizes[v, FLOOR, r]
                over = S.load[h, USED, r] + S.load[h, LEFT, r] + need - T.rooms[h, CEILING, r]
                if over > 0:
                    lack += over / max(1, T.rooms[h, LIMIT, r])
            lacking[count] = lack
            hosts[count] = h
            count += 1
    best_host, best_cost = np.int64(-1), T.guests[v].down_cost
    tried = 0
    while tried < _HOSTS_TRIED and tried < count:
        # the hosts that lack least first; a few of very many are wanted, so no sort
        least = tried
        for i in range(tried + 1, count):
            if lacking[i] < lacking[least]:
                least = i
        h = hosts[least]
        lacking[least], hosts[least] = lacking[tried], hosts[tried]
        tried += 1
        before = S.totals[0].energy
        cost = _cost_of_room(T, S, v, h, hosts, count)
        if cost < best_cost:
            best_cost, best_host = cost, h
        S.totals[0].energy = before
    if best_host < 0:
        return False
    return evict_for(T, S, v, best_host)


@compiled
def _cheapest_victim(T: Tables) -> float:
    """What the guest costs that may be evicted most cheaply: nobody makes way for who is not worth more."""
    cheapest = INFINITY
    for v in range(T.guests.shape[0]):
        if T.guests[v].may_move and T.guests[v].may_be_down:
            cheapest = min(cheapest, T.guests[v].down_cost)
    return cheapest


@compiled
def _next_victim(T: Tables, S: State, v: Whole, h: Whole) -> Whole:
    """The cheapest guest on `h` that may go, is worth less than `v`, and frees what lacks; the largest among equals."""
    chosen, cheapest, largest = np.int64(-1), INFINITY, -1.0
    w = S.host[h].head
    while w >= 0:
        if T.guests[w].may_move and T.guests[w].may_be_down and T.guests[w].down_cost < T.guests[v].down_cost:
            freed = 0.0
            for r in range(S.load.shape[2]):
                need = T.rooms[h, SHARED + T.sizes[v, BACKED, r], r] * T.sizes[v, FLOOR, r]
                over = S.load[h, USED, r] + S.load[h, LEFT, r] + need - T.rooms[h, CEILING, r]
                if over > 0:
                    gives = T.rooms[h, SHARED + T.sizes[w, BACKED, r], r] * T.sizes[w, FLOOR, r]
                    freed += min(over, gives) / over
            cost = T.guests[w].down_cost
            if freed > 0.0 and (cost < cheapest or (cost == cheapest and freed > largest)):
                chosen, cheapest, largest = w, cost, freed
        w = S.guest[w].after
    return chosen


@compiled
def _cost_of_room(T: Tables, S: State, v: Whole, h: Whole, hosts: Ints, count: Whole) -> float:
    """What making room for `v` on `h` costs; the state is as before afterwards. Infinite if it cannot be done."""
    cost = 0.0
    victims = 0
    while shift_change(T, S, v, h) == INFINITY and victims < _SCRATCH:
        w = _next_victim(T, S, v, h)
        if w < 0 or not try_shift(T, S, w, np.int64(-1)):
            break
        hosts[count + victims] = w
        victims += 1
        cost += T.guests[w].down_cost + S.guest[w].stop_price
    if shift_change(T, S, v, h) == INFINITY:
        cost = INFINITY
    for i in range(victims - 1, -1, -1):
        relocate(T, S, hosts[count + i], h)
    return cost


@compiled
def evict_for(T: Tables, S: State, v: Whole, h: Whole) -> bool:
    """Evicts cheaper guests from `h` until `v` may go there, and takes it there; whether that was enough."""
    for _ in range(_SCRATCH):
        if try_shift(T, S, v, h):
            return True
        w = _next_victim(T, S, v, h)
        if w < 0 or not try_shift(T, S, w, np.int64(-1)):
            return False
    return try_shift(T, S, v, h)
