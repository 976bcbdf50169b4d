"""Group primitives as rows of numbers: one kernel per primitive reads them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...primitives.domain_count import DomainCount
from ...primitives.domain_dependency import DomainDependency
from ...primitives.domain_exclusion import DomainExclusion
from ...primitives.domain_limit import DomainLimit
from ...primitives.domain_quorum import DomainQuorum
from ...primitives.domain_skew import DomainSkew
from ...primitives.encoding import Index, Ints
from ...primitives.group import GroupPrimitive
from ...primitives.headroom import Headroom
from ...problem import Problem
from .rows import GROUP, MEMBER
from .weights import Weights

LIMIT, EXCLUSION, LEAST, MOST, DEPENDENCY, QUORUM, SKEW, HEADROOM = range(8)
FIRST, SECOND, BOTH = range(3)
"""Which of a group's two sets a guest belongs to; groups with one set know FIRST only."""


class GroupRows(NamedTuple):
    """All groups of a problem.

    `groups` GROUP [G]: `number` is its limit, least or most, `weight` the energy per unit of breach, `level` its row
    of `domain` [L, H], `offset` where its first set's counts begin in `start`, `width` (domains) how many they are; the
    second set's counts follow. `start` holds the counts in the present placement, and for SKEW behind them a 1 for each
    eligible domain. `at_start` is the amount of breach in the present placement, `survives` says that a QUORUM must
    stand the loss of a domain. For HEADROOM `offset` is its first row of `shares` [., 3]: what may be asked for in the
    domain, what that is a share of, and the amount of breach at the start.

    `members` MEMBER, those of guest v at ``pointer[v]:pointer[v + 1]``.
    """

    groups: npt.NDArray[Any]
    domain: Ints
    start: npt.NDArray[np.int32]
    pointer: Ints
    members: npt.NDArray[Any]
    shares: Ints

    def fellows(self) -> Ints:
        """For each guest [V] the next member of the first group that it is in, all in a ring; -1: it is in none."""
        first, last = self.pointer[:-1], self.pointer[1:]
        joined = np.flatnonzero(first < last)
        group = self.members["group"][first[joined]]
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        following = np.roll(order, -1)
        # the last one of each group is followed by its first
        following[np.append(starts[1:], len(order))[: len(starts)] - 1] = order[starts]
        fellows = np.full(len(first), -1, dtype=np.int64)
        fellows[joined[order]] = joined[following]
        return fellows


class GroupLayout(NamedTuple):
    """What of the rows of all groups depends on the groups alone, and so is the same for all states of a cluster.

    `groups`, `domain`, `pointer` and `members` are those of `GroupRows`, but that `weight` is that of the policy and
    `at_start` is not known; `of_group`, `guests` and `sides` are the memberships by group; `eligible` are the places of
    eligible domains in `start`, which has `length`.
    """

    groups: npt.NDArray[Any]
    domain: Ints
    pointer: Ints
    members: npt.NDArray[Any]
    guests: Ints
    of_group: Ints
    sides: Ints
    eligible: Ints
    length: int


def lay_out(problem: Problem) -> GroupLayout:
    """The layout of the groups of a problem."""
    groups = problem.groups
    levels: dict[int, int] = {}
    domains: list[Index] = []
    for group in groups:
        if group.domains.key not in levels:
            levels[group.domains.key] = len(domains)
            domains.append(group.domain)
    rows = [_row(group) for group in groups]
    width = np.array([group.domain_count for group in groups], dtype=np.int64)
    offset = _offsets(width * np.array([row.blocks for row in rows], dtype=np.int64))
    in_shares = np.array([row.kind == HEADROOM for row in rows], dtype=np.bool_)
    share_offset = _offsets(np.where(in_shares, width, 0))
    guests, of_group, sides, demand = _members(rows)
    records = np.zeros(len(groups), dtype=GROUP)
    records["kind"] = [row.kind for row in rows]
    records["level"] = [levels[group.domains.key] for group in groups]
    records["number"] = [row.number for row in rows]
    records["must"] = [group.must for group in groups]
    records["weight"] = [group.weight for group in groups]
    records["offset"] = np.where(in_shares, share_offset[:-1], offset[:-1])
    records["width"] = width
    records["survives"] = [isinstance(group, DomainQuorum) and group.survives for group in groups]
    order = np.lexsort((of_group, guests))
    members = np.zeros(len(guests), dtype=MEMBER)
    members["group"], members["side"], members["demand"] = of_group[order], sides[order], demand[order]
    none = np.zeros(0, dtype=np.int64)
    skewed = [(i, group.eligible) for i, group in enumerate(groups) if isinstance(group, DomainSkew)]
    return GroupLayout(
        groups=records,
        domain=np.array(domains, dtype=np.int64).reshape(len(domains), problem.host_count),
        pointer=np.searchsorted(guests[order], np.arange(problem.vm_count + 1)).astype(np.int64),
        members=members,
        guests=guests,
        of_group=of_group,
        sides=sides,
        eligible=np.concatenate([none, *(records["offset"][i] + records["width"][i] + at for i, at in skewed)]),
        length=int(offset[-1]),
    )


def group_rows(problem: Problem, weights: Weights, layout: GroupLayout | None = None) -> GroupRows:
    """The rows of all groups of a problem; `layout` is that of its groups, if it is at hand."""
    layout = layout or lay_out(problem)
    records = layout.groups.copy()
    records["weight"] = np.where(records["must"], weights.inherited, records["weight"] * weights.should)
    records["at_start"] = problem.group_amounts(problem.current)
    start = _start(problem, layout)
    return GroupRows(records, layout.domain, start, layout.pointer, layout.members, _shares(problem))


def _offsets(sizes: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _start(problem: Problem, layout: GroupLayout) -> npt.NDArray[np.int32]:
    """Counts in the present placement."""
    records, guests, of_group, sides = layout.groups, layout.guests, layout.of_group, layout.sides
    start = np.zeros(layout.length, dtype=np.int32)
    counted = (problem.current[guests] >= 0) & (records["kind"][of_group] != HEADROOM)
    g, side = of_group[counted], sides[counted]
    cell = records["offset"][g] + layout.domain[records["level"][g], problem.current[guests[counted]]]
    np.add.at(start, np.where(side == SECOND, cell + records["width"][g], cell), 1)
    np.add.at(start, (cell + records["width"][g])[side == BOTH], 1)
    start[layout.eligible] = 1
    return start


def _shares(problem: Problem) -> Ints:
    """Usable, total and present breach of each domain of each headroom."""
    parts = [
        np.stack([g.usable, np.maximum(g.total, 1), g.breach(g.loads(problem.current))], axis=1)
        for g in problem.groups
        if isinstance(g, Headroom)
    ]
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros((0, 3), dtype=np.int64)


class _Row(NamedTuple):
    kind: int
    number: int
    sets: tuple[Index, ...]
    blocks: int = 1
    """How many rows of counts, one per domain each, it needs; a HEADROOM needs none."""
    demand: Ints | None = None


def _row(group: GroupPrimitive) -> _Row:
    match group:
        case DomainLimit():
            return _Row(LIMIT, group.limit, (group.members,))
        case DomainExclusion():
            return _Row(EXCLUSION, 0, (group.left, group.right), 2)
        case DomainCount() if group.least:
            return _Row(LEAST, group.least, (group.members,))
        case DomainCount():
            return _Row(MOST, group.most, (group.members,))
        case DomainDependency():
            return _Row(DEPENDENCY, 0, (group.members, group.providers), 2)
        case DomainQuorum():
            return _Row(QUORUM, group.least, (group.members,))
        case DomainSkew():
            return _Row(SKEW, group.skew, (group.members,), 2)
        case Headroom():
            return _Row(HEADROOM, 0, (group.members,), 0, group.demand)
        case _:
            raise TypeError(f"no kernel for {type(group).__name__}: add one below engines/search/kernels")


def _members(rows: list[_Row]) -> tuple[Ints, Ints, Ints, Ints]:
    """Guest, group, side and demand of every membership; a guest in both sets of a group has one membership."""
    parts: list[tuple[Index, int, int, Ints | None]] = []
    for g, row in enumerate(rows):
        if len(row.sets) == 1:
            parts.append((row.sets[0], g, FIRST, row.demand))
            continue
        left, right = row.sets
        shared = np.intersect1d(left, right)
        parts += [
            (np.setdiff1d(left, shared), g, FIRST, None),
            (np.setdiff1d(right, shared), g, SECOND, None),
            (shared, g, BOTH, None),
        ]
    none = np.zeros(0, dtype=np.int64)
    return (
        np.concatenate([none, *(members.astype(np.int64) for members, _, _, _ in parts)]),
        np.concatenate([none, *(np.full(len(members), g) for members, g, _, _ in parts)]),
        np.concatenate([none, *(np.full(len(members), side) for members, _, side, _ in parts)]),
        np.concatenate(
            [none, *(np.zeros(len(m), np.int64) if demand is None else demand for m, _, _, demand in parts)]
        ),
    )
