"""The largest and the smallest size of every guest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..primitives.encoding import Ints
from ..primitives.size_floor import SizeFloor
from .guests import Doings, Guests


def size_limits(guests: Guests, doings: Doings, percent: Ints, kept: Sequence[SizeFloor]) -> tuple[Ints, Ints]:
    """Largest and smallest sizes, each [V, R]; `percent` [T, R] is what tiers leave, `kept` what rules leave."""
    requested = guests.requested
    share = percent[guests.tier]
    # the request itself where the tier does not resize, whatever the guest guarantees
    floor = np.where(share == 100, requested, np.maximum(-(-requested * share // 100), guests.guaranteed))
    for rule in kept:
        floor = rule.raised(floor, requested, guests.resources)
    floor = np.where(doings.running[:, None], np.minimum(floor, doings.allocated), floor)
    migrating = doings.migrating[:, None]
    return np.where(migrating, doings.allocated, requested), np.where(migrating, doings.allocated, floor)
