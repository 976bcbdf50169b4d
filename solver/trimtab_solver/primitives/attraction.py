"""Attraction: few hosts on which single guests would rather run, and what it costs to be elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .allowed import HostRule
from .encoding import Index, Ints
from .sealing import seal


@dataclass(frozen=True, slots=True)
class Wish:
    """One unary should rule that lists its few `hosts` [k]: each of `guests` [n] costs `weight` anywhere else."""

    rule: str
    weight: int
    guests: Index
    hosts: Index
    must: ClassVar[bool] = False

    def __post_init__(self) -> None:
        seal(self)

    def serves(self, h: int) -> bool:
        """Whether a guest on the host keeps the rule."""
        return bool((self.hosts == h).any())


Unary = HostRule | Wish
"""A rule about single guests and the hosts that they run on."""


@dataclass(frozen=True, slots=True)
class Attraction:
    """All wishes, per guest: it costs ``base[v]`` that guest v runs, less the gain of the host if that is listed.

    A guest and a host make a *cell*, numbered ``guest * host_count + host``. Shapes: `base` [V], `cell` [N] (those with
    a gain, ascending), `gain` [N], `start` [V+1] (where the cells of each guest begin), `wish` [M] (numbers of wishes,
    ordered by guest) and `wish_start` [V+1].
    """

    host_count: int
    base: Ints
    start: Ints
    cell: Ints
    gain: Ints
    wishes: tuple[Wish, ...]
    wish_start: Ints
    wish: Index

    def __post_init__(self) -> None:
        seal(self)

    @classmethod
    def of(cls, guest_count: int, host_count: int, wishes: Sequence[Wish]) -> Attraction:
        """The wishes of so many guests; several of one guest add up."""
        none = np.zeros(0, dtype=np.int64)
        weights = np.array([wish.weight for wish in wishes], dtype=np.int64)
        number = np.repeat(np.arange(len(wishes)), [len(wish.guests) for wish in wishes]).astype(np.int32)
        guest = np.concatenate([none, *(wish.guests for wish in wishes)])
        cells = np.concatenate([none, *(_cells(wish, host_count) for wish in wishes)])
        gains = np.repeat(weights, [len(wish.guests) * len(wish.hosts) for wish in wishes])
        cell, position = np.unique(cells, return_inverse=True)
        every = np.arange(guest_count + 1)
        return cls(
            host_count=host_count,
            base=_sums(guest, weights[number], guest_count),
            start=np.searchsorted(cell, every * host_count),
            cell=cell,
            gain=_sums(position, gains, len(cell)),
            wishes=tuple(wishes),
            wish_start=np.searchsorted(np.sort(guest), every),
            wish=number[np.argsort(guest, kind="stable")],
        )

    @property
    def guest(self) -> Ints:
        """The guest of each cell [N]."""
        return self.cell // max(1, self.host_count)

    @property
    def host(self) -> Ints:
        """The host of each cell [N]."""
        return self.cell % max(1, self.host_count)

    def cost(self, guests: Ints | Index, hosts: Ints | Index) -> Ints:
        """Element by element, what it costs that the guest runs on the host."""
        total: Ints = self.base[guests]
        if len(self.cell):
            cells = guests.astype(np.int64) * self.host_count + hosts
            at = np.minimum(np.searchsorted(self.cell, cells), len(self.cell) - 1)
            total -= np.where(self.cell[at] == cells, self.gain[at], 0)
        return total

    def row(self, v: int) -> Ints:
        """Per host [H], what it costs that the guest runs there."""
        row = np.full(self.host_count, self.base[v])
        own = slice(self.start[v], self.start[v + 1])
        row[self.cell[own] - v * self.host_count] -= self.gain[own]
        return row

    def rules_of(self, v: int) -> list[Wish]:
        """The wishes that select a guest."""
        return [self.wishes[i] for i in self.wish[self.wish_start[v] : self.wish_start[v + 1]].tolist()]


def _cells(wish: Wish, host_count: int) -> Ints:
    return np.add.outer(wish.guests.astype(np.int64) * host_count, wish.hosts).ravel()


def _sums(at: Ints, amounts: Ints, count: int) -> Ints:
    """The sum of the amounts at each of so many places."""
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, at, amounts)
    return total
