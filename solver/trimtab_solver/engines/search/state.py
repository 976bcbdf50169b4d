"""The changing part of a search: who runs where, and every count that a kernel needs to price the next change."""

from __future__ import annotations

import numpy as np

from ...primitives.encoding import Index, Ints
from ...problem import Problem
from .kernels.compiled import compiled
from .kernels.groups import breach_of, count_groups, groups_change
from .kernels.guests import guest_energy
from .kernels.hosts import fill_mille, host_energy
from .rows import (
    BACKED,
    DOWN,
    FLOOR,
    FULL,
    GROUP_STATE,
    GUEST_STATE,
    HOLD,
    HOST_STATE,
    LEFT,
    MOST_MILLE,
    MOVED,
    NOWHERE,
    PEAK,
    SHARED,
    TOTALS,
    UPPER,
    USED,
    Prices,
    State,
    Tables,
    Whole,
)


def new_state(problem: Problem, tables: Tables, place: Index | Ints, seed: int, prices: Prices | None = None) -> State:
    """The state of a placement [V]. `seed` starts its random numbers; without `prices` the levels' weights hold."""
    hosts, resources, guests = problem.host_count, len(problem.resources), problem.vm_count
    app = tables.guests["app"]
    is_rigid = bool(tables.options["is_rigid"][0])
    has_peaks = bool(tables.options["has_peaks"][0])
    if prices is None:
        prices = Prices(tables.guests["move_cost"], tables.guests["stop_cost"], 0.0, np.zeros(resources))
    guest = np.zeros(guests, dtype=GUEST_STATE)
    guest["move_price"], guest["stop_price"] = prices.move, prices.stop
    for name in ("place", "after", "before"):
        guest[name] = NOWHERE
    host = np.zeros(hosts, dtype=HOST_STATE)
    host["head"] = NOWHERE
    state = State(
        guest=guest,
        host=host,
        load=np.stack([tables.held, tables.held, np.zeros_like(tables.held)], axis=1),
        slack=np.zeros((1, 1, 1) if is_rigid else (hosts, len(problem.tiers), resources), dtype=np.int64),
        counts=np.zeros(len(tables.start), dtype=np.int32),
        group=np.zeros(len(tables.groups), dtype=GROUP_STATE),
        asked=np.zeros(len(tables.shares), dtype=np.int64),
        lists=np.zeros((2, guests), dtype=np.int64),
        listed=np.full((2, guests), NOWHERE, dtype=np.int64),
        lengths=np.zeros(2, dtype=np.int64),
        app_moved=np.zeros(int(app.max(initial=-1)) + 1, dtype=np.int64),
        app_counted=np.zeros(int(app.max(initial=-1)) + 1, dtype=np.int64),
        app_sizes=np.zeros(int(np.bincount(app[app >= 0], minlength=1).max(initial=0)) + 2, dtype=np.int64),
        peak_counts=np.zeros((len(tables.terms) if has_peaks else 0, MOST_MILLE + 1), dtype=np.int64),
        peak_most=np.zeros(len(tables.terms), dtype=np.int64),
        totals=np.zeros(1, dtype=TOTALS),
        wanted=np.array(prices.wanted, dtype=np.float64),
        scratch=np.zeros((3, resources), dtype=np.int64),
        random=np.array([(seed * 0x9E3779B97F4A7C15 + 0x1234567) % 2**64 | 1], dtype=np.uint64),
    )
    state.totals["room_price"] = prices.room
    _fill(tables, state, np.ascontiguousarray(place, dtype=np.int64))
    return state


def prices_of(state: State) -> Prices:
    """The prices of a state, for another one to begin with."""
    guest, room = state.guest, float(state.totals["room_price"][0])
    return Prices(guest["move_price"].copy(), guest["stop_price"].copy(), room, state.wanted.copy())


@compiled
def _load(T: Tables, S: State, v: Whole, h: Whole, sign: Whole) -> None:
    """Adds (sign 1) or takes (-1) what the guest uses of the host, and chains it there."""
    for r in range(S.load.shape[2]):
        factor = T.rooms[h, SHARED + T.sizes[v, BACKED, r], r]
        S.load[h, USED, r] += sign * factor * T.sizes[v, FLOOR, r]
        S.load[h, FULL, r] += sign * factor * T.sizes[v, UPPER, r]
        if not T.options[0].is_rigid:
            S.slack[h, T.guests[v].tier, r] += sign * factor * (T.sizes[v, UPPER, r] - T.sizes[v, FLOOR, r])
    S.host[h].guests += sign
    if sign > 0:
        first = S.host[h].head
        S.guest[v].after = first
        S.guest[v].before = -1
        if first >= 0:
            S.guest[first].before = v
        S.host[h].head = v
    else:
        if S.guest[v].before >= 0:
            S.guest[S.guest[v].before].after = S.guest[v].after
        else:
            S.host[h].head = S.guest[v].after
        if S.guest[v].after >= 0:
            S.guest[S.guest[v].after].before = S.guest[v].before


@compiled
def _hold(T: Tables, S: State, v: Whole, sign: Whole) -> None:
    """Adds or takes what a moved guest keeps where it ran."""
    h = T.guests[v].current
    for r in range(S.load.shape[2]):
        if T.transient[r]:
            S.load[h, LEFT, r] += sign * T.rooms[h, SHARED + T.sizes[v, BACKED, r], r] * T.sizes[v, HOLD, r]


@compiled
def _refresh(T: Tables, S: State, h: Whole) -> None:
    """Prices host `h` anew."""
    energy = host_energy(T, S, h, np.int64(-1), np.int64(-1))
    S.totals[0].energy += energy - S.host[h].energy
    S.host[h].energy = energy


@compiled
def refresh_all(T: Tables, S: State) -> None:
    """Prices all hosts anew, after what they are priced by has changed."""
    for h in range(S.load.shape[0]):
        _refresh(T, S, h)


@compiled
def refresh_guests(T: Tables, S: State) -> None:
    """Prices all guests anew, after what they are priced by has changed."""
    for v in range(S.guest.shape[0]):
        energy = guest_energy(T, S, v, S.guest[v].place)
        S.totals[0].energy += energy - S.guest[v].energy
        S.guest[v].energy = energy


@compiled
def count_peak(T: Tables, S: State, h: Whole, sign: Whole) -> None:
    """Counts how full host `h` is among all hosts; call `host_energy` for it first."""
    for b in range(T.terms.shape[0]):
        if T.terms[b].kind != PEAK:
            continue
        fill = fill_mille(T, S, h, T.terms[b].left)
        if fill < 0:
            continue
        S.peak_counts[b, fill] += sign
        before = S.peak_most[b]
        most = max(before, fill) if sign > 0 else before
        while most > 0 and S.peak_counts[b, most] == 0:
            most -= 1
        if most != before:
            S.peak_most[b] = most
            S.totals[0].energy += T.terms[b].weight * (most - before)


@compiled
def _toggle(S: State, row: Whole, v: Whole) -> None:
    """Puts the guest on a list (DOWN or MOVED), or takes it off if it is there; the last one fills its place."""
    length, at = S.lengths[row], S.listed[row, v]
    if at < 0:
        S.lists[row, length] = v
        S.listed[row, v] = length
        S.lengths[row] = length + 1
        return
    last = S.lists[row, length - 1]
    S.lists[row, at] = last
    S.listed[row, last] = at
    S.listed[row, v] = -1
    S.lengths[row] = length - 1


@compiled
def _count_moved(T: Tables, S: State, v: Whole, sign: Whole) -> None:
    """Counts one moved guest more or fewer, of its application too; the most moved application costs."""
    counted = 0 if T.guests[v].exempt else sign
    S.totals[0].counted += counted
    app = T.guests[v].app
    if app < 0:
        return
    S.app_counted[app] += counted
    moved = S.app_moved[app]
    S.app_sizes[moved] -= 1
    moved += sign
    S.app_moved[app] = moved
    S.app_sizes[moved] += 1
    most = S.totals[0].app_most
    before = most
    most = max(most, moved)
    while most > 0 and S.app_sizes[most] == 0:
        most -= 1
    if most != before:
        S.totals[0].app_most = most
        S.totals[0].energy += T.options[0].app_weight * (most - before)


@compiled
def relocate(T: Tables, S: State, v: Whole, goal: Whole) -> None:
    """Takes guest `v` to host `goal` (-1: down), where it may be, and keeps every count and energy up to date."""
    _replace(T, S, v, goal, np.int64(NOWHERE))


@compiled
def swap(T: Tables, S: State, v: Whole, u: Whole) -> None:
    """Two running guests change places, `v` first; ``swap(T, S, u, v)`` takes it back through the same states."""
    here, there = S.guest[v].place, S.guest[u].place
    _replace(T, S, v, there, u)
    _replace(T, S, u, here, v)


@compiled
def _replace(T: Tables, S: State, v: Whole, goal: Whole, u: Whole) -> None:
    """Takes guest `v` to `goal`, from where guest `u` (-1: nobody) takes its place before or after."""
    source = S.guest[v].place
    origin = T.guests[v].current
    peaks = T.options[0].has_peaks
    was_moved = origin >= 0 and source >= 0 and source != origin
    is_moved = origin >= 0 and goal >= 0 and goal != origin
    holds = T.options[0].has_transient and was_moved != is_moved
    if T.groups.shape[0]:
        S.totals[0].energy += groups_change(T, S, v, source, goal, u)
        count_groups(T, S, v, source, goal, u)
    if peaks:
        if source >= 0:
            _uncount(T, S, source)
        if goal >= 0:
            _uncount(T, S, goal)
        if holds and origin != source and origin != goal:
            _uncount(T, S, origin)
    if source >= 0:
        _load(T, S, v, source, np.int64(-1))
    if goal >= 0:
        _load(T, S, v, goal, np.int64(1))
    if holds:
        _hold(T, S, v, np.int64(1) if is_moved else np.int64(-1))
    if source >= 0:
        _refresh(T, S, source)
        if peaks:
            count_peak(T, S, source, np.int64(1))
    if goal >= 0:
        _refresh(T, S, goal)
        if peaks:
            count_peak(T, S, goal, np.int64(1))
    if holds and origin != source and origin != goal:
        _refresh(T, S, origin)
        if peaks:
            count_peak(T, S, origin, np.int64(1))
    energy = guest_energy(T, S, v, goal)
    S.totals[0].energy += energy - S.guest[v].energy
    S.guest[v].energy = energy
    if (goal < 0) != (source < 0):
        _toggle(S, np.int64(DOWN), v)
    if is_moved != was_moved:
        _toggle(S, np.int64(MOVED), v)
        _count_moved(T, S, v, np.int64(1) if is_moved else np.int64(-1))
    S.guest[v].place = goal


@compiled
def _uncount(T: Tables, S: State, h: Whole) -> None:
    host_energy(T, S, h, np.int64(-1), np.int64(-1))
    count_peak(T, S, h, np.int64(-1))


@compiled
def _fill(T: Tables, S: State, place: Ints) -> None:
    """Builds every count from nothing."""
    for g in range(T.groups.shape[0]):
        S.group[g].breach = breach_of(T, S, g)
    hosts = S.load.shape[0]
    S.app_sizes[0] = S.app_moved.shape[0]
    for v in range(place.shape[0]):
        h = place[v]
        S.guest[v].place = h
        S.guest[v].energy = guest_energy(T, S, v, h)
        S.totals[0].energy += S.guest[v].energy
        if T.groups.shape[0]:
            count_groups(T, S, v, np.int64(NOWHERE), h, np.int64(NOWHERE))
        if h < 0:
            _toggle(S, np.int64(DOWN), v)
            continue
        _load(T, S, v, h, np.int64(1))
        origin = T.guests[v].current
        if origin >= 0 and origin != h:
            _toggle(S, np.int64(MOVED), v)
            if T.options[0].has_transient:
                _hold(T, S, v, np.int64(1))
            _count_moved(T, S, v, np.int64(1))
    for h in range(hosts):
        _refresh(T, S, h)
        if T.options[0].has_peaks:
            count_peak(T, S, h, np.int64(1))
    for g in range(T.groups.shape[0]):
        S.totals[0].energy += breach_of(T, S, g) * T.groups[g].weight
