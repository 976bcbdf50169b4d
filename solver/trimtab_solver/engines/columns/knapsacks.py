"""Hosts as knapsacks: which two resources each packs, in which units, who runs there and what may arrive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...primitives.encoding import Bools, Index, Ints
from ..relaxation.lagrangian import DualPrices
from ..relaxation.relaxed_problem import RelaxedProblem
from .dynamic_program import solve_knapsacks

MOST_UNITS = 1024
"""Into so many parts the room of a host is divided at most; sizes are rounded down to them, so nothing is lost."""


@dataclass(frozen=True, slots=True)
class KnapsackSolution:
    """The best columns of all hosts at some prices.

    `total` reward; on hosts `host` [A] arrive `number` [A] guests of offer `offer` [A]; residents that stay: `stays`
    [M].
    """

    total: int
    host: Ints
    offer: Ints
    number: Ints
    stays: Bools


@dataclass(frozen=True, slots=True)
class Knapsacks:
    """What does not change with the prices.

    Shapes: `packed` and `unit` [T, 2] (resources that are packed on hosts of a type, and in what), `priced` [T, R] (the
    others, which cost their price instead), `type_start` [T + 1] into `type_host` [H], `units` [H, 2] of room.
    Offers, by type and size: `offer_start` [T + 1], `offer_type`, `offer_kind` and `offer_number` [N], `offer_size`
    [N, 2]. Residents, by host: `resident_start` [H + 1], `resident` (their places in the relaxation), `kind`, `type`,
    `movable`, `counted`, `evictable` [M], `resident_size` [M, 2].
    """

    packed: Index
    unit: Ints
    priced: Bools
    type_start: Ints
    type_host: Ints
    units: Ints
    offer_start: Ints
    offer_type: Ints
    offer_kind: Ints
    offer_size: Ints
    offer_number: Ints
    resident_start: Ints
    resident: Ints
    kind: Index
    type: Index
    movable: Bools
    counted: Bools
    evictable: Bools
    resident_size: Ints

    def solve(self, reward: Ints, stay: Ints, forced: Bools) -> KnapsackSolution:
        """The best columns when offers have a `reward` [N] and residents one for staying [M]."""
        stays = np.zeros(len(self.resident), dtype=np.bool_)
        total = 0
        found = []
        for t in range(len(self.packed)):
            hosts = self.type_host[self.type_start[t] : self.type_start[t + 1]]
            offers = slice(self.offer_start[t], self.offer_start[t + 1])
            arrivals = np.zeros((len(hosts), offers.stop - offers.start), dtype=np.int64)
            total += solve_knapsacks(
                hosts,
                self.units,
                self.offer_size[offers],
                reward[offers],
                self.offer_number[offers],
                self.resident_start,
                self.resident_size,
                stay,
                forced,
                arrivals,
                stays,
            )
            at, offer = np.nonzero(arrivals)
            found.append(np.stack([hosts[at], offer + offers.start, arrivals[at, offer]]))
        host, offer, number = np.concatenate(found, axis=1)
        return KnapsackSolution(total, host, offer, number, stays)


def build_knapsacks(relaxed: RelaxedProblem, prices: DualPrices) -> Knapsacks:
    """Knapsacks in the two resources that are dearest at `prices`; among those that cost nothing, the fullest."""
    relaxation = relaxed.relaxation
    types, resources = relaxed.room.shape
    held = np.zeros(relaxed.room.shape)
    np.add.at(held, relaxed.type, relaxed.load[relaxed.kind, relaxed.type] * relaxed.number[:, None])
    worth = relaxed.room * prices.room.astype(np.float64)
    packed = np.lexsort((-held / np.maximum(relaxed.room, 1), -worth), axis=1)[:, [0, min(1, resources - 1)]]
    every = np.arange(types)
    priced = np.ones(relaxed.room.shape, dtype=np.bool_)
    priced[every[:, None], packed] = False

    size = relaxed.load[:, every[:, None], packed]
    room = np.take_along_axis(relaxation.room, packed[relaxation.type_of], axis=1)
    type_host = np.argsort(relaxation.type_of, kind="stable")
    type_start = np.searchsorted(relaxation.type_of[type_host], np.arange(types + 1))
    unit = _units(relaxed, size, room, type_host, type_start)

    supply = relaxation.waiting + np.bincount(relaxation.kind[relaxation.movable], minlength=len(relaxation.tier))
    offer_kind, offer_type = np.nonzero(relaxation.mask & (supply > 0)[:, None])
    offer_size = size[offer_kind, offer_type] // unit[offer_type]
    order = np.lexsort((offer_kind, offer_size[:, 1], offer_size[:, 0], offer_type))
    resident = np.argsort(relaxation.host, kind="stable")
    kind, host = relaxation.kind[resident], relaxation.host[resident]
    at = relaxation.type_of[host]
    return Knapsacks(
        packed=packed.astype(np.int32),
        unit=unit,
        priced=priced,
        type_start=type_start.astype(np.int64),
        type_host=type_host.astype(np.int64),
        units=room // unit[relaxation.type_of],
        offer_start=np.searchsorted(offer_type[order], np.arange(types + 1)).astype(np.int64),
        offer_type=offer_type[order],
        offer_kind=offer_kind[order],
        offer_size=offer_size[order],
        offer_number=supply[offer_kind[order]],
        resident_start=np.searchsorted(host, np.arange(len(room) + 1)).astype(np.int64),
        resident=resident,
        kind=kind,
        type=at,
        # what a leaving guest keeps of packed resources is not looked at: its room may be needed for another resource
        movable=relaxation.movable[resident],
        counted=relaxation.counted[resident],
        evictable=relaxation.evictable[resident] & relaxed.may_stop[kind],
        resident_size=size[kind, at] // unit[at],
    )


def warm_up() -> None:
    """Compiles the kernel, or loads it from its cache on disk."""
    none, flags = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
    pairs, start = np.zeros((0, 2), dtype=np.int64), np.zeros(1, dtype=np.int64)
    solve_knapsacks(none, pairs, pairs, none, none, start, pairs, none, flags, pairs, flags)


def _units(relaxed: RelaxedProblem, size: Ints, room: Ints, type_host: Ints, type_start: Ints) -> Ints:
    """What every load on hosts of a type is a multiple of, or more where that would be too fine [T, 2]."""
    relaxation = relaxed.relaxation
    present = relaxation.mask.copy()
    present[relaxation.kind, relaxation.type_of[relaxation.host]] = True
    unit = np.ones((relaxation.type_count, 2), dtype=np.int64)
    for t in range(relaxation.type_count):
        natural = np.gcd.reduce(size[present[:, t], t], axis=0, initial=0)
        most = room[type_host[type_start[t] : type_start[t + 1]]].max(axis=0, initial=0)
        unit[t] = np.maximum(np.maximum(natural, -(-most // MOST_UNITS)), 1)
    return unit
