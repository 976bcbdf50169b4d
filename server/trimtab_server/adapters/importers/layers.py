"""Many small sets as few labels: sets that do not overlap share a layer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar

MemberT = TypeVar("MemberT", int, str)


def layers_of(groups: Iterable[Collection[MemberT]]) -> list[int]:
    """For each group the number of its layer, from 1: the first in which none of its members has a group yet."""
    taken: dict[MemberT, int] = {}
    numbers: list[int] = []
    for group in groups:
        used = 0
        for member in group:
            used |= taken.get(member, 0)
        layer = (~used & (used + 1)).bit_length() - 1
        for member in group:
            taken[member] = taken.get(member, 0) | 1 << layer
        numbers.append(layer + 1)
    return numbers
