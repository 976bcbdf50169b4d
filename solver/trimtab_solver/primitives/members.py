"""The members of many groups in one array, so that all groups are counted in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .domain_map import DomainMap
from .encoding import Index, Ints
from .sealing import seal


@dataclass(frozen=True, slots=True)
class Members:
    """Members of G groups: ``guest[i]`` belongs to group ``owner[i]``.

    Shapes: `owner` and `guest` [n], `topology` [G] (which row of `domains` a group counts by), `domains` [T, H].
    A group and one of its domains make a *cell*, numbered ``group * width + domain``.
    """

    group_count: int
    owner: Index
    guest: Index
    topology: Index
    domains: Index
    width: int

    def __post_init__(self) -> None:
        seal(self)

    @classmethod
    def of(cls, members: Sequence[Index], domains: Sequence[DomainMap]) -> Members:
        """Groups with these `members` each, counted by these `domains` each."""
        rows = {one.key: one.of_host for one in domains}
        numbers = {key: i for i, key in enumerate(rows)}
        table = np.stack(list(rows.values())) if rows else np.zeros((0, 0), dtype=np.int32)
        lengths = [len(group) for group in members]
        return cls(
            group_count=len(members),
            owner=np.repeat(np.arange(len(members), dtype=np.int32), lengths),
            guest=np.concatenate([np.zeros(0, dtype=np.int32), *members]),
            topology=np.array([numbers[one.key] for one in domains], dtype=np.int32),
            domains=table,
            width=int(table.max(initial=0)) + 1,
        )

    def cells(self, place: Index) -> tuple[Ints, Ints]:
        """The cells with running members, ascending, and how many each has, with guests at ``place`` [V]."""
        at = place[self.guest]
        up = at >= 0
        owner = self.owner[up].astype(np.int64)
        domain = self.domains[self.topology[owner], at[up]]
        return np.unique(owner * self.width + domain, return_counts=True)

    def per_group(self, cells: Ints, amounts: Ints) -> Ints:
        """The sum of ``amounts[i]`` over the cells of each group [G]."""
        total = np.zeros(self.group_count, dtype=np.int64)
        np.add.at(total, cells // self.width, amounts)
        return total
