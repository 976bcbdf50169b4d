"""Counts every scope of a case in the snapshot; after an event only those that it can have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .scope import Key, Scope, ScopeTally


@dataclass(frozen=True, slots=True)
class Count:
    """How many members of one scope run in each cell, and the amount of every key that is broken by that."""

    tally: ScopeTally
    amounts: Mapping[Key, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """The count of each of `scopes`, in their order, and by guest the indices of those it is a member of."""

    scopes: Sequence[Scope]
    of: Sequence[Count]
    by_vm: Mapping[str, Sequence[int]]

    def after(self, scopes: Sequence[Scope], place: Mapping[str, str], vm_ids: Collection[str]) -> Counts:
        """What is counted in these scopes when guests run in `place`: those not in `vm_ids` as they did."""
        by_vm = self.by_vm if self._has_members_of(scopes) else index_members(scopes)
        stale = {index for vm_id in vm_ids for index in by_vm.get(vm_id, ())}
        known = self.scopes
        of = [
            self.of[i] if i < len(known) and known[i] is scope and i not in stale else count(scope, place)
            for i, scope in enumerate(scopes)
        ]
        return Counts(scopes, of, by_vm)

    def _has_members_of(self, scopes: Sequence[Scope]) -> bool:
        """Whether at every index is a scope with the same members."""
        return len(scopes) == len(self.scopes) and all(
            one is other or one.members == other.members for one, other in zip(self.scopes, scopes, strict=True)
        )


def count_all(scopes: Sequence[Scope], also: Sequence[Mapping[str, str]], place: Mapping[str, str]) -> Counts:
    """What is counted when guests run in `place`, and in each scope the guests of `also` too."""
    of = [count(scope, {**place, **more} if more else place) for scope, more in zip(scopes, also, strict=True)]
    return Counts(scopes, of, index_members(scopes))


def count(scope: Scope, place: Mapping[str, str]) -> Count:
    """The scope when guests run in `place` (guest id to host id)."""
    tally = scope.tally(place)
    return Count(tally, scope.amounts_of(tally))


def index_members(scopes: Sequence[Scope]) -> Mapping[str, Sequence[int]]:
    """By guest, the indices of the scopes it is a member of."""
    found: dict[str, list[int]] = {}
    for vm_id, index in _memberships(scopes):
        found.setdefault(vm_id, []).append(index)
    return found


def _memberships(scopes: Sequence[Scope]) -> Iterator[tuple[str, int]]:
    return ((vm_id, index) for index, scope in enumerate(scopes) for vm_id in scope.members)
