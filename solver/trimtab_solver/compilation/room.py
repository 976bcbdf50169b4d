"""Room: what hosts offer, and what is held there now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..primitives.capacity import Capacity
from ..primitives.encoding import Bools, Ints
from ..problem import TierRow
from ..snapshot import Host
from .guests import Doings, Guests


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """What stays: the fields of `Capacity` of the same names."""

    limit: Ints
    factor: Ints
    backed: Bools


def read_offer(hosts: Sequence[Host], guests: Guests, rows: tuple[TierRow, ...]) -> Offer:
    """What the hosts offer these guests."""
    resources = guests.resources
    limit = np.zeros((len(hosts), len(resources)), dtype=np.int64)
    factor = np.ones((len(hosts), len(resources), 2), dtype=np.int64)
    for h, host in enumerate(hosts):
        for r, resource in enumerate(resources):
            percent = host.overcommit_percent.get(resource, 100)
            unit = math.gcd(percent, 100)
            free = host.capacity.get(resource, 0) - host.reserved.get(resource, 0)
            limit[h, r] = free * (percent // unit)
            factor[h, r] = (100 // unit, percent // unit)
    backed = np.array([row.backed for row in rows], dtype=np.bool_).reshape(len(rows), len(resources))[guests.tier]
    return Offer(limit, factor, backed)


def room(offer: Offer, doings: Doings, transient: Bools) -> Capacity:
    """The room with what is held now; `transient` [R] resources are held at both ends of a move."""
    nothing = np.zeros_like(offer.limit)
    empty = Capacity(
        offer.limit, offer.factor, offer.backed, nothing, nothing, transient, doings.place, doings.allocated
    )
    held = np.zeros_like(offer.limit)
    for v in np.flatnonzero(doings.migrating).tolist():
        source = int(doings.source[v])
        held[source] += empty.load_at(v, source, doings.allocated[v])
    return replace(empty, held=held, start=empty.usage(doings.place, doings.allocated) + held)
