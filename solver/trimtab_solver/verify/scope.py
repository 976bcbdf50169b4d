"""The smallest thing a rule is about: some guests, counted by where they run.

A rule yields one scope per group (or pair of sets and partner value). A running member falls into a *cell* that
depends on its host; the scope turns the number of members per cell into an *amount* per *key*. Each cell counts for one
key only, so a moved guest changes at most two amounts of a scope. A member that falls into no cell does not count.

What keeps a must scope safe in every order of a plan (docs/concepts.md, "Plans") it says by its class: a `CountedScope`
by sums that must not get too large, an `OrderedScope` by which changes raise a key and which lower it, and by sums that
keep it whatever the order. Any other scope is about each member alone, and no order makes a difference.
"""

from __future__ import annotations

import abc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ..placement import Placement
from ..policy.documents import Level

Cell = str | tuple[str, int]
Key = str
Part = tuple[Key, int]
"""A key, and which of its parts: what raises one part need not wait for what lowers another."""


class Change(NamedTuple):
    """An event: a member no longer counts in the cell `left` and now does in `entered`; None stands for no cell.

    `step` is the id of the action. They are told in list order; a cold migration makes two of them.
    """

    step: int
    left: Cell | None
    entered: Cell | None


class Sum(NamedTuple):
    """Something that members add up to, and that breaks the scope at `key` when it exceeds `limit`.

    A member adds the weight of its cell, `elsewhere` in a cell that has none, and nothing while it does not run.
    `start` is the sum in the snapshot.
    """

    key: Key
    weights: Mapping[Cell, int]
    elsewhere: int
    start: int
    limit: int

    def weight(self, cell: Cell | None) -> int:
        """What a member in the cell adds."""
        return 0 if cell is None else self.weights.get(cell, self.elsewhere)


class Safeguard(NamedTuple):
    """Sums that keep a key: it is safe if at least so many of them stay within their limits."""

    least: int
    sums: Sequence[Sum]


class Effect(NamedTuple):
    """The parts of keys that a change raises and those that it lowers."""

    raised: Collection[Part]
    lowered: Collection[Part]


class ScopeTally:
    """How many running members fall into each cell; empty cells are not held."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts: dict[Cell, int] = {}
        self.total = 0

    def copy(self) -> ScopeTally:
        """A tally that changes apart from this one."""
        other = ScopeTally()
        other.counts = dict(self.counts)
        other.total = self.total
        return other

    def add(self, cell: Cell) -> None:
        """One more member in the cell."""
        self.counts[cell] = self.counts.get(cell, 0) + 1
        self.total += 1

    def remove(self, cell: Cell) -> None:
        """One member fewer in the cell."""
        left = self.counts[cell] - 1
        if left:
            self.counts[cell] = left
        else:
            del self.counts[cell]
        self.total -= 1


@dataclass(frozen=True, slots=True, eq=False)
class Scope(abc.ABC):
    """One group of one rule. `label` tells it from the rule's other scopes in messages."""

    rule: str
    level: Level
    weight: int
    label: str
    members: Sequence[str]

    @property
    def is_must(self) -> bool:
        """Whether its amounts may never grow."""
        return self.level is Level.MUST

    @abc.abstractmethod
    def cell(self, vm_id: str, host_id: str) -> Cell | None:
        """Where the member counts when it runs on the host."""

    @abc.abstractmethod
    def key(self, cell: Cell) -> Key:
        """The key whose amount depends on the cell."""

    @abc.abstractmethod
    def amount(self, tally: ScopeTally, key: Key) -> int:
        """How far the scope is broken at the key; zero when it holds."""

    def refuses(self, vm_id: str, host_id: str) -> bool:
        """Whether no action may bring the member to the host, whatever else runs there."""
        return False

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """What is broken at the key, in words, when members run in `place` (guest id to host id)."""
        return " / ".join(part for part in (self.label, key) if part) or "its only key"

    def members_in(self, cell: Cell, place: Mapping[str, str]) -> str:
        """How many members run in the cell, with the group that they are of: ``2 guests of db``."""
        return self.count_members(self.tally(place).counts.get(cell, 0))

    def count_members(self, number: int) -> str:
        """So many members, with the group that they are of."""
        return f"{number} guest{'' if number == 1 else 's'}" + (f" of {self.label}" if self.label else "")

    def tally(self, place: Mapping[str, str]) -> ScopeTally:
        """Counts the members that run in `place` (guest id to host id)."""
        tally = ScopeTally()
        for vm_id in self.members:
            host_id = place.get(vm_id)
            if host_id is not None and (cell := self.cell(vm_id, host_id)) is not None:
                tally.add(cell)
        return tally

    def amounts_of(self, tally: ScopeTally) -> dict[Key, int]:
        """The amount of every broken key."""
        amounts: dict[Key, int] = {}
        for key in self._keys(tally):
            if amount := self.amount(tally, key):
                amounts[key] = amount
        return amounts

    def amounts(self, place: Mapping[str, str]) -> dict[Key, int]:
        """The amount of every key that is broken in `place`."""
        return self.amounts_of(self.tally(place))

    def breaches(self, placement: Placement) -> dict[Key, int]:
        """The amount of every key that is broken in `placement`; for most rules sizes do not matter."""
        return self.amounts(placement.hosts)

    def _keys(self, tally: ScopeTally) -> Iterable[Key]:
        return {self.key(cell) for cell in tally.counts}


class CountedScope(Scope):
    """A scope that is broken when a sum gets too large."""

    __slots__ = ()

    @abc.abstractmethod
    def sums(self, tally: ScopeTally, changes: Sequence[Change], tolerated: Mapping[Key, int]) -> Iterator[Sum]:
        """The sums that may exceed their limits with some of the changes; those that cannot may be left out.

        `tally` and `tolerated`, the amounts that may stay, are the snapshot's.
        """


class OrderedScope(Scope):
    """A scope whose amounts depend on counts of members in other ways; what raises a key waits for what lowers it."""

    __slots__ = ()

    @abc.abstractmethod
    def effects(self, tally: ScopeTally, changes: Sequence[Change]) -> Iterator[Effect]:
        """What each change does; `tally` is the snapshot's."""

    @abc.abstractmethod
    def safeguards(self, tally: ScopeTally, changes: Sequence[Change], key: Key) -> Iterator[Safeguard]:
        """Each of which keeps the key, whoever waits for whom; `tally` is the snapshot's."""


def outages(changes: Sequence[Change]) -> set[int]:
    """The positions of both changes of every cold migration that ends in the cell where it began."""
    found: set[int] = set()
    for i, (stop, start) in enumerate(pairwise(changes)):
        if stop.step == start.step and stop.entered is None and start.left is None and stop.left == start.entered:
            found |= {i, i + 1}
    return found


@dataclass(frozen=True, slots=True, eq=False)
class DomainScope(Scope):
    """A scope whose cells are failure domains. `domains` maps each host to its domain of the rule's kind."""

    domains: Mapping[str, str]

    def cell(self, vm_id: str, host_id: str) -> Cell | None:
        """The domain of the host."""
        return self.domains[host_id]


@dataclass(frozen=True, slots=True, eq=False)
class HostScope(Scope):
    """A scope that is broken once for each member that runs on a host outside `hosts`."""

    hosts: frozenset[str]

    def tally(self, place: Mapping[str, str]) -> ScopeTally:
        """Counts the members that run where they should not: of all guests of a cluster mostly none."""
        tally = ScopeTally()
        hosts = self.hosts
        for vm_id in self.members:
            host_id = place.get(vm_id)
            if host_id is not None and host_id not in hosts:
                tally.add(vm_id)
        return tally

    def cell(self, vm_id: str, host_id: str) -> Cell | None:
        """The guest itself, if it runs where it should not."""
        return None if host_id in self.hosts else vm_id

    def key(self, cell: Cell) -> Key:
        """The guest."""
        return str(cell)

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """1 if the guest runs where it should not."""
        return tally.counts.get(key, 0)

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """The guest and where it runs."""
        return f"{key} on {place[key]}"

    def refuses(self, vm_id: str, host_id: str) -> bool:
        """Whether the rule is a must and the host is outside `hosts`."""
        return self.level is Level.MUST and host_id not in self.hosts


@dataclass(frozen=True, slots=True, eq=False)
class SizeScope(Scope):
    """A scope about sizes: members have at least `floors`, by guest and resource. Where they run does not matter."""

    floors: Mapping[str, Mapping[str, int]]

    def cell(self, vm_id: str, host_id: str) -> Cell | None:
        """None: no place is better than another."""
        return None

    def key(self, cell: Cell) -> Key:
        """The guest."""
        return str(cell)

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """0: no place breaks it."""
        return 0

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """The guest, and where it runs."""
        return f"{key} on {place[key]} has less than the rule leaves it"

    def breaches(self, placement: Placement) -> dict[Key, int]:
        """1 for every running member that has less of some resource than its floor."""
        return {vm_id: 1 for vm_id in self.members if vm_id in placement.hosts and self._lacks(vm_id, placement)}

    def _lacks(self, vm_id: str, placement: Placement) -> bool:
        size = placement.sizes[vm_id]
        return any(size.get(resource, 0) < least for resource, least in self.floors[vm_id].items())
