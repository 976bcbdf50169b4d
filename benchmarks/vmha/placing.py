"""The healthy cluster: every guest on a host that may run it, hosts unevenly but never overly full."""

from __future__ import annotations

import numpy as np

from benchmarks.vmha.guests import LEVELS, NONE, DrawnGuests
from benchmarks.vmha.hosts import BuiltHosts
from benchmarks.vmha.recipe import Recipe
from trimtab_solver.primitives.encoding import Index

_TRIES = 6
"""Random hosts compared for each guest."""
_UNEVENNESS = 0.8
"""A host's usual load lies up to this share of what is free on average above or below the average."""


def place_guests(recipe: Recipe, hosts: BuiltHosts, guests: DrawnGuests) -> Index:
    """A host for each guest [V].

    Guests with needs come first, then groups, then the others, large ones before small ones. Each goes to the one of a
    few random hosts that is fullest below its usual load, in relation to it; if none of them will do, to the host of
    all with the most room.

    Raises
    ------
    ValueError
        When some guest fits nowhere; cannot happen with a recipe of the benchmark.
    """
    count = len(hosts.site)
    random = np.random.RandomState([recipe.seed, count, recipe.size.vms, 2])
    average = recipe.load * float(np.mean(~hosts.failed))
    usual = (average + (1 - average) * _UNEVENNESS * (2 * random.random_sample(count) - 1)).tolist()
    eligible = [np.arange(count), *(np.flatnonzero(offered) for offered in hosts.offers.T)]
    tried = random.random_sample((len(guests.tier), _TRIES))
    order = np.lexsort((np.arange(len(guests.tier)), -guests.memory, guests.group == NONE, guests.need == NONE))
    domains = [
        {"host": list(range(count)), "rack": hosts.rack.tolist(), "site": hosts.site.tolist()}[k] for k in LEVELS
    ]
    cpu_left, memory_left = hosts.cpu.tolist(), hosts.memory.tolist()
    cpu_all, memory_all = hosts.cpu.tolist(), hosts.memory.tolist()
    taken: list[set[int]] = [set() for _ in guests.level]
    place = np.full(len(guests.tier), NONE, dtype=np.int32)
    group_of, level_of, need_of = guests.group.tolist(), guests.level.tolist(), guests.need.tolist()
    cpu_of, memory_of = guests.cpu.tolist(), guests.memory.tolist()
    for v in order.tolist():
        cpu, memory, group = cpu_of[v], memory_of[v], group_of[v]
        used = taken[group] if group != NONE else ()
        domain = domains[level_of[group]] if group != NONE else domains[0]
        pool = eligible[need_of[v] + 1]
        best, best_load = NONE, 2.0
        for h in pool[(tried[v] * len(pool)).astype(np.int64)].tolist():
            if cpu_left[h] < cpu or memory_left[h] < memory or domain[h] in used:
                continue
            load = (1 - min(cpu_left[h] / cpu_all[h], memory_left[h] / memory_all[h])) / usual[h]
            if load < best_load:
                best, best_load = h, load
        if best == NONE:
            fitting = [
                h for h in pool.tolist() if cpu_left[h] >= cpu and memory_left[h] >= memory and domain[h] not in used
            ]
            if not fitting:
                raise ValueError(f"{recipe.name}: guest {v} fits on no host")
            best = max(fitting, key=memory_left.__getitem__)
        cpu_left[best] -= cpu
        memory_left[best] -= memory
        place[v] = best
        if group != NONE:
            taken[group].add(domain[best])
    return place
