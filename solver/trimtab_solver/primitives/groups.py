"""All group primitives of a problem, with the indices that are built once for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .encoding import Index, Ints
from .group import GroupPrimitive, Stack
from .sealing import seal


@dataclass(frozen=True, slots=True)
class Groups:
    """`of_guest` maps a guest to the indices of the groups that concern it; guests without any are left out.

    `stacks` are all groups of one primitive together, with their indices.
    """

    all: tuple[GroupPrimitive, ...]
    of_guest: Mapping[int, tuple[int, ...]]
    stacks: tuple[tuple[Ints, Stack], ...]
    most_must: int
    """What the amounts of all must groups cannot exceed together."""
    most_should: int
    """The same of the others, by weight."""

    @classmethod
    def of(cls, groups: Iterable[GroupPrimitive]) -> Groups:
        """These groups, in this order."""
        listed = tuple(groups)
        must = sum(group.greatest for group in listed if group.must)
        should = sum(group.weight * group.greatest for group in listed if not group.must)
        return cls(listed, _of_guest(listed), _stacks(listed), must, should)

    def amounts(self, place: Index) -> Ints:
        """The amount of breach of each group [G] with guests at `place` [V]."""
        amounts = np.zeros(len(self.all), dtype=np.int64)
        for indices, stack in self.stacks:
            amounts[indices] = stack.amounts(place)
        return amounts


def _of_guest(groups: tuple[GroupPrimitive, ...]) -> dict[int, tuple[int, ...]]:
    if not groups:
        return {}
    members = [group.guests for group in groups]
    guest = np.concatenate(members)
    order = np.argsort(guest, kind="stable")
    group_of = np.repeat(np.arange(len(groups)), [len(some) for some in members])[order].tolist()
    guests, starts = np.unique(guest[order], return_index=True)
    ends = [*starts[1:].tolist(), len(group_of)]
    return {v: tuple(group_of[a:b]) for v, a, b in zip(guests.tolist(), starts.tolist(), ends, strict=True)}


def _stacks(groups: tuple[GroupPrimitive, ...]) -> tuple[tuple[Ints, Stack], ...]:
    found: defaultdict[type[GroupPrimitive], list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        found[type(group)].append(i)
    return tuple(_stack(kind, indices, groups) for kind, indices in found.items())


def _stack(kind: type[GroupPrimitive], indices: list[int], groups: tuple[GroupPrimitive, ...]) -> tuple[Ints, Stack]:
    stack = kind.stack([groups[i] for i in indices])
    seal(stack)
    places = np.array(indices, dtype=np.int64)
    places.setflags(write=False)
    return places, stack
