"""The best column of every host at given prices: bounded knapsacks, solved exactly by dynamic programming in numba.

A host packs two resources. What arrives is chosen from the same offers on all hosts of a type, so the table of the best
arrivals is made once per type; per host remain the guests that run there now. First only one resource is looked at;
where that column does not fit the other one, guests that certainly stay or leave are set aside, and both are looked
at. All numbers are integers: costs in the units of the prices, room in units that every load is rounded down to.
"""

from __future__ import annotations

import numpy as np

from ...jit import jit
from ...primitives.encoding import Bools, Ints

MOST_CELLS = 120_000
"""Cells (units of one resource x units of the other) up to which a host is looked at in both."""
_MOST_PARTS = 41
"""Powers of two that a number of guests is split into at most."""
_PLENTY = 2**40
_compiled = jit()


@_compiled
def _offers(reward: Ints, size: Ints, number: Ints, room: Ints, pairs: bool, items: Ints) -> int:
    """Items (so many guests of one kind at once) among which the best arrivals are found; returns how many.

    Of kinds of one size (in the first resource, or with `pairs` in both) only the most rewarding are offered, as many
    as `room` [2] has place for; numbers are split into powers of two. Kinds come ordered by size [K, 2]. In `items` is
    written: size, other size, reward, kind, number.
    """
    made, i, kinds = 0, 0, len(size)
    while i < kinds:
        j = i
        while j < kinds and size[j, 0] == size[i, 0] and (not pairs or size[j, 1] == size[i, 1]):
            j += 1
        left = _PLENTY
        if size[i, 0] > 0:
            left = min(left, int(room[0] // size[i, 0]))
        if pairs and size[i, 1] > 0:
            left = min(left, int(room[1] // size[i, 1]))
        for k in np.argsort(-reward[i:j]) + i:
            if reward[k] <= 0 or left <= 0:
                break
            rest = min(int(number[k]), left)
            left -= rest
            part = 1
            while rest > 0:
                taken = min(part, rest)
                items[made, 0], items[made, 1] = taken * size[k, 0], taken * size[k, 1]
                items[made, 2], items[made, 3], items[made, 4] = taken * reward[k], k, taken
                made += 1
                rest -= taken
                part *= 2
        i = j
    return made


@_compiled
def _add_line(best: Ints, kept: Bools, size: int, reward: int) -> None:
    """One more item in a table over one resource; `kept` says where it is taken."""
    for u in range(len(best) - 1, size - 1, -1):
        if best[u - size] + reward > best[u]:
            best[u] = best[u - size] + reward
            kept[u] = True


@_compiled
def _add_area(best: Ints, kept: Bools, first: int, second: int, reward: int) -> None:
    """One more item in a table over two resources."""
    for u in range(best.shape[0] - 1, first - 1, -1):
        for w in range(best.shape[1] - 1, second - 1, -1):
            if best[u - first, w - second] + reward > best[u, w]:
                best[u, w] = best[u - first, w - second] + reward
                kept[u, w] = True


@_compiled
def _density(reward: Ints, size: Ints) -> int:
    """The most that any offer is worth per unit, rounded up; -1 when an offer takes no room at all."""
    most = 0
    for k in range(len(reward)):
        if reward[k] > 0:
            if size[k] == 0:
                return -1
            most = max(most, int(-(-reward[k] // size[k])))
    return most


@_compiled
def _decide(size: Ints, stay: Ints, room: int, density: int, choice: Ints) -> None:
    """Marks in `choice` who stays (1) or leaves (2) in every best column, of those where it is open (0).

    No offer is worth more than `density` per unit. Keeping whom staying is worth more than that, and filling the rest
    at `density`, is no less than the best; keeping them and nothing else is no more. Who would lose more than the
    difference by deciding otherwise has no choice.
    """
    held = 0
    for i in range(len(size)):
        if choice[i] == 0 and stay[i] - density * size[i] > 0:
            held += int(size[i])
    if held > room:
        return
    slack = density * (room - held)
    for i in range(len(size)):
        if choice[i] == 0:
            worth = stay[i] - density * size[i]
            if worth > slack:
                choice[i] = 1
            elif -worth > slack:
                choice[i] = 2


@_compiled
def _room_left(room: Ints, size: Ints, choice: Ints) -> Ints:
    """Room [2] that those who stay in any case leave."""
    left = room.copy()
    for i in range(len(size)):
        if choice[i] == 1:
            left -= size[i]
    return np.maximum(left, 0)


@_compiled
def _best_line(
    room: int, size: Ints, stay: Ints, choice: Ints, items: Ints, line: Ints, taken: Bools, keeps: Bools, chosen: Ints
) -> tuple[int, int]:
    """The best column of one host when only the first resource counts: its reward, and what it needs of the second.

    `line` [U] and `taken` [items, U] are the table of arrivals; who stays is written to `keeps`, arrivals to `chosen`.
    """
    staying = np.zeros(room + 1, np.int64)
    kept = np.zeros((len(size), room + 1), np.bool_)
    for i in range(len(size)):
        if choice[i] == 0 and stay[i] > 0:
            _add_line(staying, kept[i], size[i, 0], stay[i])
    best, split = -1, 0
    for u in range(room + 1):
        if staying[u] + line[room - u] > best:
            best, split = int(staying[u] + line[room - u]), u
    other, u = 0, split
    for i in range(len(size) - 1, -1, -1):
        if kept[i, u]:
            keeps[i] = True
            u -= int(size[i, 0])
            other += int(size[i, 1])
    u = room - split
    for e in range(len(taken) - 1, -1, -1):
        if taken[e, u]:
            chosen[items[e, 3]] += items[e, 4]
            u -= int(items[e, 0])
            other += int(items[e, 1])
    return best, other


@_compiled
def _best_area(
    room: Ints, size: Ints, stay: Ints, choice: Ints, items: Ints, area: Ints, taken: Bools, keeps: Bools, chosen: Ints
) -> int:
    """The best column of one host in both resources: its reward; otherwise as `_best_line`."""
    rows, columns = int(room[0]) + 1, int(room[1]) + 1
    staying = np.zeros((rows, columns), np.int64)
    kept = np.zeros((len(size), rows, columns), np.bool_)
    for i in range(len(size)):
        if choice[i] == 0 and stay[i] > 0:
            _add_area(staying, kept[i], size[i, 0], size[i, 1], stay[i])
    best, u, w = -1, 0, 0
    for x in range(rows):
        for y in range(columns):
            if staying[x, y] + area[rows - 1 - x, columns - 1 - y] > best:
                best, u, w = int(staying[x, y] + area[rows - 1 - x, columns - 1 - y]), x, y
    x, y = rows - 1 - u, columns - 1 - w
    for i in range(len(size) - 1, -1, -1):
        if kept[i, u, w]:
            keeps[i] = True
            u -= int(size[i, 0])
            w -= int(size[i, 1])
    for e in range(len(taken) - 1, -1, -1):
        if taken[e, x, y]:
            chosen[items[e, 3]] += items[e, 4]
            x -= int(items[e, 0])
            y -= int(items[e, 1])
    return best


@_compiled
def solve_knapsacks(
    hosts: Ints,
    units: Ints,
    size: Ints,
    reward: Ints,
    number: Ints,
    start: Ints,
    resident_size: Ints,
    resident_stay: Ints,
    resident_forced: Bools,
    arrivals: Ints,
    stays: Bools,
) -> int:
    """The largest total reward of the `hosts` of one type.

    Hosts have room for `units` [H, 2]. Offers have a `size` [K, 2], by which they are ordered, a `reward` and a
    `number` [K]. The residents of host h are ``start[h]`` to ``start[h + 1]``: size [M, 2], reward for staying, and
    whether they stay in any case; all of them together have room there. Adds to `arrivals` [K] and marks in `stays`
    [M] who stays.
    """
    most = np.zeros(2, np.int64)
    for h in hosts:
        most = np.maximum(most, units[h])
    items = np.zeros((_MOST_PARTS * len(size) + 1, 5), np.int64)
    made = _offers(reward, size, number, most, False, items)
    line = np.zeros(most[0] + 1, np.int64)
    taken = np.zeros((made, most[0] + 1), np.bool_)
    for e in range(made):
        _add_line(line, taken[e], items[e, 0], items[e, 2])
    density = np.array([_density(reward, size[:, 0]), _density(reward, size[:, 1])])

    total = 0
    crowded = np.zeros(len(hosts), np.bool_)
    choices = np.zeros(len(resident_size), np.int8)
    area_room = np.zeros(2, np.int64)
    for n, h in enumerate(hosts):
        low, high = start[h], start[h + 1]
        choice = np.where(resident_forced[low:high], 1, 0)
        room = _room_left(units[h], resident_size[low:high], choice)
        keeps, chosen = resident_forced[low:high].copy(), np.zeros(len(size), np.int64)
        best, other = _best_line(
            int(room[0]), resident_size[low:high], resident_stay[low:high], choice, items, line, taken, keeps, chosen
        )
        if other > room[1]:
            for r in range(2):
                if density[r] >= 0:
                    left = _room_left(units[h], resident_size[low:high], choice)
                    _decide(resident_size[low:high, r], resident_stay[low:high], left[r], density[r], choice)
            room = _room_left(units[h], resident_size[low:high], choice)
            if (room[0] + 1) * (room[1] + 1) <= MOST_CELLS:
                crowded[n] = True
                choices[low:high] = choice
                area_room = np.maximum(area_room, room)
                continue
        total += best
        for i in range(low, high):
            if resident_forced[i]:
                total += int(resident_stay[i])
        stays[low:high] = keeps
        arrivals[n] += chosen
    if not crowded.any():
        return total
    made = _offers(reward, size, number, area_room, True, items)
    area = np.zeros((area_room[0] + 1, area_room[1] + 1), np.int64)
    took = np.zeros((made, area_room[0] + 1, area_room[1] + 1), np.bool_)
    for e in range(made):
        _add_area(area, took[e], items[e, 0], items[e, 1], items[e, 2])
    for n, h in enumerate(hosts):
        if not crowded[n]:
            continue
        low, high = start[h], start[h + 1]
        choice = choices[low:high].astype(np.int64)
        room = _room_left(units[h], resident_size[low:high], choice)
        keeps = choice == 1
        total += int((resident_stay[low:high] * keeps).sum())
        total += _best_area(
            room, resident_size[low:high], resident_stay[low:high], choice, items, area, took, keeps, arrivals[n]
        )
        stays[low:high] = keeps
    return total
