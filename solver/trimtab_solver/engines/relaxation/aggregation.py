"""The problem with guests counted by kind and hosts by type: what bounds are computed on.

Everything left out makes the relaxation easier than the problem, never harder: rules about groups are ignored, hosts of
one type share what they may run, and where kinds would be too many, sizes are rounded down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...primitives.encoding import Bools, Index, Ints
from ...problem import NOWHERE, Problem

_MAX_CELLS = 20_000_000
"""Kinds x hosts up to which every distinct size is a kind of its own."""
_MAX_COLUMNS = 60_000
"""Kinds x types up to which a linear program over them takes well below a second."""
_FINEST_BITS = 16
"""Leading bits of a size that are kept at least at first, when sizes have to be rounded."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Guests by kind and hosts by type.

    A kind is what guests have in common when they arrive somewhere: tier, sizes, and the hosts where they may arrive.
    Shapes: `type_of` [H], `factor` [T, R, 2] as in `Capacity`, `room` [H, R] for all guests that are not pinned down
    (floors of the others are taken off), `tier` [K], `floor` and `upper` [K, R], `mask` [K, T] (some host of the type
    takes the kind), `waiting` [K] (guests that do not run now), `kind_of` [V].
    `resident` [M] are the guests that run now and are not pinned down: `kind` and `host`, `evictable`, `movable` and
    `counted` (the move counts against the budget), all [M].
    """

    type_of: Index
    factor: Ints
    room: Ints
    tier: Index
    floor: Ints
    upper: Ints
    mask: Bools
    waiting: Ints
    kind_of: Index
    resident: Ints
    kind: Index
    host: Index
    evictable: Bools
    movable: Bools
    counted: Bools
    is_exact: bool
    """Whether sizes are the guests' own, not rounded down."""

    @property
    def type_count(self) -> int:
        """T."""
        return len(self.factor)

    def loads(self, sizes: Ints, backed: Bools) -> Ints:
        """What kinds of `sizes` [K, R] need on hosts of each type [K, T, R]; `backed` [K, R]."""
        factors = np.where(backed[:, None, :], self.factor[None, :, :, 1], self.factor[None, :, :, 0])
        return np.asarray(factors * sizes[:, None, :])


def relax(problem: Problem, *, elastic: bool = False, tolerant: bool = True) -> Relaxation:
    """The relaxation of a problem.

    With `elastic` guests of a kind have the same largest size too, and residents are all that have a size to choose.
    Unless it is `tolerant`, hosts that lack room now have no more of it than any other.
    """
    disruption, running = problem.disruption, problem.running
    anywhere = problem.evictable | disruption.cold
    leaves = running & ~problem.fixed & (anywhere | disruption.live)
    # a guest that only migrates live needs a host of at least this generation
    oldest = disruption.generation.min(initial=0)
    generation = np.where(leaves & ~anywhere, disruption.generation[problem.current], oldest)
    starts = np.where(running | problem.startable, problem.allowed.class_of, -1)
    bits = None
    while True:
        floor = problem.floor if bits is None else _rounded(problem.floor, bits)
        columns = [problem.tier, starts, generation, *floor.T, *(problem.upper.T if elastic else ())]
        kind_of, first = _grouped(columns, problem.vm_count)
        if len(first) * problem.host_count <= _MAX_CELLS or bits == 1:
            break
        bits = _FINEST_BITS if bits is None else bits - 1
    tier, sizes = problem.tier[first], floor[first]
    backed = np.array([row.backed for row in problem.tiers], dtype=np.bool_).reshape(
        len(problem.tiers), sizes.shape[1]
    )[tier]
    limit = problem.capacity.ceiling if tolerant else problem.capacity.limit
    rigid = running & ~problem.evictable
    if elastic:
        rigid &= (problem.floor == problem.upper).all(axis=1)
    stays = np.where(rigid & ~leaves, problem.current, NOWHERE)
    room = np.maximum(limit - problem.capacity.usage(stays, problem.floor), 0)
    arrivals = _arrivals(problem, starts[first], generation[first], sizes, backed, room)
    opens = np.asarray(arrivals.any(axis=1))
    movable = leaves & opens[kind_of]
    stays = np.where(rigid & ~movable, problem.current, NOWHERE)
    room = np.maximum(limit - problem.capacity.usage(stays, problem.floor), 0)
    resident = np.flatnonzero(running & (stays == NOWHERE))
    type_of, mask, factor = _typed(problem, arrivals, np.bincount(kind_of, minlength=len(first)))
    return Relaxation(
        type_of=type_of,
        factor=factor,
        room=room,
        tier=tier,
        floor=sizes,
        upper=problem.upper[first],
        mask=mask,
        waiting=np.bincount(kind_of[~running], minlength=len(first)).astype(np.int64),
        kind_of=kind_of.astype(np.int32),
        resident=resident,
        kind=kind_of[resident].astype(np.int32),
        host=problem.current[resident],
        evictable=problem.evictable[resident],
        movable=movable[resident],
        counted=~disruption.exempt[resident],
        is_exact=bits is None,
    )


def _rounded(sizes: Ints, bits: int) -> Ints:
    """Sizes rounded down to so many leading bits."""
    shift = np.maximum(np.frexp(np.maximum(sizes, 1).astype(np.float64))[1].astype(np.int64) - bits, 0)
    return np.asarray((sizes >> shift) << shift)


def _grouped(columns: list[Ints], count: int) -> tuple[Ints, Ints]:
    """The group of each row, numbered from 0, where rows are equal in all columns; and the first row of each group."""
    group = np.zeros(count, dtype=np.int64)
    for column in columns:
        values, inverse = np.unique(column, return_inverse=True)
        _, group = np.unique(group * len(values) + inverse, return_inverse=True)
    _, first = np.unique(group, return_index=True)
    return group, first


def _arrivals(problem: Problem, classes: Ints, generation: Ints, sizes: Ints, backed: Bools, room: Ints) -> Bools:
    """Where guests of each kind may arrive and would fit if nobody else were there that may leave [K, H]."""
    open_hosts = problem.allowed.mask[classes] & (classes >= 0)[:, None]
    open_hosts &= problem.disruption.generation[None, :] >= generation[:, None]
    for r in range(sizes.shape[1]):
        factor = problem.capacity.factor[:, r, :]
        load = np.where(backed[:, None, r], factor[None, :, 1], factor[None, :, 0]) * sizes[:, None, r]
        open_hosts &= (load <= room[None, :, r]) | (load == 0)
    return np.asarray(open_hosts)


def _typed(problem: Problem, arrivals: Bools, size: Ints) -> tuple[Index, Bools, Ints]:
    """Hosts that take the same kinds, and count them alike, are of one type: type [H], mask [K, T], factor [T, R, 2].

    Where types would be too many, only what the most frequent kinds may do tells hosts apart.
    """
    hosts = problem.host_count
    factors = problem.capacity.factor.reshape(hosts, -1)
    order = np.argsort(-size, kind="stable")
    telling = len(order)
    while True:
        bits = np.packbits(arrivals[order[:telling]], axis=0).T
        rows = np.ascontiguousarray(np.concatenate([factors.view(np.uint8).reshape(hosts, -1), bits], axis=1))
        _, first, type_of = np.unique(
            rows.view(np.dtype((np.void, rows.shape[1]))).ravel(), return_index=True, return_inverse=True
        )
        if len(first) * len(order) <= _MAX_COLUMNS or telling <= 1:
            break
        telling //= 2
    mask = np.zeros((len(order), len(first)), dtype=np.bool_)
    for t in range(len(first)):
        mask[:, t] = arrivals[:, type_of == t].any(axis=1)
    return type_of.astype(np.int32), mask, problem.capacity.factor[first]
