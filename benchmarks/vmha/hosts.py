"""The hosts of an instance as arrays: where they stand, what they are, which of them fail, how large they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.vmha.guests import DrawnGuests
from benchmarks.vmha.recipe import (
    CPU_SLACK,
    HOST_CLASSES,
    HOSTS_PER_RACK,
    PARTS,
    ROOMS_ABOVE,
    SITES,
    SMALL_CLUSTER,
    Recipe,
)
from trimtab_solver.primitives.encoding import Bools, Index, Ints

_CPU_STEP = 500
_MEMORY_STEP = 256


@dataclass(frozen=True, slots=True)
class BuiltHosts:
    """Where each host stands and what it is.

    Shapes: `site`, `room` (all NO_ROOM in clusters without rooms), `rack`, `kind` (index into HOST_CLASSES), `cpu`,
    `memory` and `failed` are [H]; `offers` [H, needs] says which capabilities it has.
    """

    site: Index
    room: Index
    rack: Index
    kind: Index
    offers: Bools
    failed: Bools
    cpu: Ints
    memory: Ints


NO_ROOM = -1


def build_hosts(recipe: Recipe, guests: DrawnGuests) -> BuiltHosts:
    """The hosts, so large that the guests load what survives as the recipe says."""
    count = recipe.size.hosts
    number = np.arange(count, dtype=np.int64)
    parts = PARTS // 2 if count <= SMALL_CLUSTER else PARTS
    part = number * parts // count
    site = part * SITES // parts
    if count > ROOMS_ABOVE:
        room = part
        racks_in_room = -(-count // (parts * HOSTS_PER_RACK))
        first = np.searchsorted(part, np.arange(parts))
        sizes = np.bincount(part, minlength=parts)
        rack = part * racks_in_room + (number - first[part]) * racks_in_room // sizes[part]
    else:
        room, rack = np.full(count, NO_ROOM), part
    random = np.random.RandomState([recipe.seed, count, recipe.size.vms, 1])
    lost = random.randint(SITES), random.randint(parts), random.randint(count)
    if recipe.failure == "site":
        failed = site == lost[0]
    elif count > SMALL_CLUSTER:
        failed = part == lost[1]
    else:
        failed = number == lost[2]
    kind = rack % len(HOST_CLASSES)
    return BuiltHosts(
        site=site.astype(np.int32),
        room=room.astype(np.int32),
        rack=rack.astype(np.int32),
        kind=kind.astype(np.int32),
        offers=np.stack([kind == 1, number % 4 == 0], axis=1),
        failed=failed,
        cpu=_capacity([c.cpu for c in HOST_CLASSES], kind, failed, guests.cpu, recipe.load * CPU_SLACK, _CPU_STEP),
        memory=_capacity([c.memory for c in HOST_CLASSES], kind, failed, guests.memory, recipe.load, _MEMORY_STEP),
    )


def _capacity(relative: list[float], kind: Ints, failed: Bools, demand: Ints, load: float, step: int) -> Ints:
    """Capacity per host [H], in whole steps, so that the demand is `load` times what the surviving hosts have."""
    share = np.array(relative)
    unit = demand.sum() / (load * share[kind[~failed]].sum())
    return np.asarray(np.rint(unit * share / step).astype(np.int64) * step)[kind]
