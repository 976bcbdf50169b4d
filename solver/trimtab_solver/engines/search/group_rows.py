"""Group primitives as rows of numbers: one kernel per primitive reads them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...primitives.domain_count import DomainCount
from ...primitives.domain_dependency import DomainDependency
from ...primitives.domain_exclusion import DomainExclusion
from ...primitives.domain_limit import DomainLimit
from ...primitives.encoding import Index, Ints
from ...primitives.group import GroupPrimitive
from ...problem import Problem
from .rows import GROUP, MEMBER
from .weights import Weights

LIMIT, EXCLUSION, LEAST, MOST, DEPENDENCY = range(5)
FIRST, SECOND, BOTH = range(3)
"""Which of a group's two sets a guest belongs to; groups with one set know FIRST only."""


class GroupRows(NamedTuple):
    """All groups of a problem.

    `groups` GROUP [G]: `number` is its limit, least or most, `weight` the energy per unit of breach, `level` its row
    of `domain` [L, H], `offset` where its first set's counts begin in `start`, `width` (domains) how many they are; the
    second set's counts follow. `start` holds the counts in the present placement.

    `members` MEMBER, those of guest v at ``pointer[v]:pointer[v + 1]``.
    """

    groups: npt.NDArray[Any]
    domain: Ints
    start: npt.NDArray[np.int32]
    pointer: Ints
    members: npt.NDArray[Any]


def group_rows(problem: Problem, weights: Weights) -> GroupRows:
    """The rows of all groups of a problem."""
    groups = problem.groups
    levels: dict[int, int] = {}
    domains: list[Index] = []
    for group in groups:
        if id(group.domain) not in levels:
            levels[id(group.domain)] = len(domains)
            domains.append(group.domain)
    rows = [_row(group) for group in groups]
    width = np.array([group.domain_count for group in groups], dtype=np.int64)
    sets = np.array([len(row.sets) for row in rows], dtype=np.int64)
    offset = np.concatenate([[0], np.cumsum(width * sets)]).astype(np.int64)
    start = np.zeros(int(offset[-1]), dtype=np.int32)
    guests, of_group, sides = _members(rows)
    at = problem.current[guests]
    level_of = np.array([levels[id(group.domain)] for group in groups], dtype=np.int64)
    domain = np.array(domains, dtype=np.int64).reshape(len(domains), problem.host_count)
    runs = at >= 0
    cell = offset[of_group[runs]] + domain[level_of[of_group[runs]], at[runs]]
    second = sides[runs] == SECOND
    both = sides[runs] == BOTH
    shifted = cell + width[of_group[runs]]
    np.add.at(start, np.where(second, shifted, cell), 1)
    np.add.at(start, shifted[both], 1)
    first = sides[runs] != SECOND
    running = np.bincount(of_group[runs][first], minlength=len(groups))
    used = np.array([np.count_nonzero(start[o : o + w]) for o, w in zip(offset, width, strict=False)], dtype=np.int64)
    order = np.lexsort((of_group, guests))
    records = np.zeros(len(groups), dtype=GROUP)
    records["kind"] = [row.kind for row in rows]
    records["level"] = level_of
    records["number"] = [row.number for row in rows]
    records["must"] = [group.must for group in groups]
    records["weight"] = [weights.inherited if g.must else g.weight * weights.should for g in groups]
    records["offset"] = offset[:-1]
    records["width"] = width
    records["start_used"] = used
    records["start_running"] = running
    members = np.zeros(len(guests), dtype=MEMBER)
    members["group"] = of_group[order]
    members["side"] = sides[order]
    pointer = np.searchsorted(guests[order], np.arange(problem.vm_count + 1)).astype(np.int64)
    return GroupRows(records, domain, start, pointer, members)


class _Row(NamedTuple):
    kind: int
    number: int
    sets: tuple[Index, ...]


def _row(group: GroupPrimitive) -> _Row:
    match group:
        case DomainLimit():
            return _Row(LIMIT, group.limit, (group.members,))
        case DomainExclusion():
            return _Row(EXCLUSION, 0, (group.left, group.right))
        case DomainCount() if group.least:
            return _Row(LEAST, group.least, (group.members,))
        case DomainCount():
            return _Row(MOST, group.most, (group.members,))
        case DomainDependency():
            return _Row(DEPENDENCY, 0, (group.members, group.providers))
        case _:
            raise NotImplementedError(f"the search has no kernel for {type(group).__name__}")


def _members(rows: list[_Row]) -> tuple[Ints, Ints, Ints]:
    """Guest, group and side of every membership; a guest in both sets of a group has one membership."""
    guests: list[Ints] = []
    of_group: list[Ints] = []
    sides: list[Ints] = []
    for g, row in enumerate(rows):
        if len(row.sets) == 1:
            parts = [(row.sets[0], FIRST)]
        else:
            left, right = row.sets
            shared = np.intersect1d(left, right)
            parts = [(np.setdiff1d(left, shared), FIRST), (np.setdiff1d(right, shared), SECOND), (shared, BOTH)]
            if not len(shared):
                parts = [(left, FIRST), (right, SECOND)]
        for members, side in parts:
            guests.append(members.astype(np.int64))
            of_group.append(np.full(len(members), g, dtype=np.int64))
            sides.append(np.full(len(members), side, dtype=np.int64))
    if not guests:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, empty
    return (
        np.concatenate(guests),
        np.concatenate(of_group),
        np.concatenate(sides),
    )
