"""Judges Together: domains used beyond the first, per group; with `near`, domains without those to be near to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..policy.documents import Document, Selector
from ..policy.selection import Selection
from ..rules.together import Together
from .domains import DomainMaps
from .scope import Cell, Change, DomainScope, Effect, Key, OrderedScope, Scope, ScopeTally

_SELECTED, _NEAR = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class TogetherGroup(DomainScope, OrderedScope):
    """All running members in one domain."""

    def effects(self, tally: ScopeTally, changes: Sequence[Change]) -> Iterator[Effect]:
        """Who enters a domain raises, who leaves one lowers; if there are no more domains than before, nothing does."""
        domains = {*tally.counts, *(change.entered for change in changes if change.entered is not None)}
        is_safe = len(domains) - 1 <= self.amount(tally, "")
        for change in changes:
            raised, lowered = change.entered is not None, change.left is not None
            yield Effect(("",) if raised and not is_safe else (), ("",) if lowered and not is_safe else ())

    def key(self, cell: Cell) -> Key:
        """The group has one key."""
        return ""

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """Domains beyond the first."""
        return max(0, len(tally.counts) - 1)

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """How many domains the group is in."""
        tally = self.tally(place)
        return f"{self.count_members(tally.total)} in {len(tally.counts)} domains instead of one"

    def _keys(self, tally: ScopeTally) -> Iterable[Key]:
        return ("",)


@dataclass(frozen=True, slots=True, eq=False)
class NearGroup(DomainScope, OrderedScope):
    """No domain holds selected guests alone: `roles` says of each member whether it is selected, near, or both."""

    roles: Mapping[str, int]

    def effects(self, tally: ScopeTally, changes: Sequence[Change]) -> Iterator[Effect]:
        """Who must be near raises a domain by entering it; whoever others must be near to raises it by leaving."""
        for change in changes:
            raised: list[Key] = []
            lowered: list[Key] = []
            for cell, enters in ((change.left, False), (change.entered, True)):
                if cell is not None:
                    (raised if enters is (cell[1] == _SELECTED) else lowered).append(self.key(cell))
            yield Effect(raised, lowered)

    def cell(self, vm_id: str, host_id: str) -> Cell | None:
        """The domain and the role."""
        return self.domains[host_id], self.roles[vm_id]

    def key(self, cell: Cell) -> Key:
        """The domain."""
        return cell[0]

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """1 if there are guests and none of those they must be near to."""
        lonely = tally.counts.get((key, _SELECTED), 0)
        return int(bool(lonely) and not any(tally.counts.get((key, role)) for role in (_NEAR, _SELECTED | _NEAR)))

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """The domain, and how many are there alone."""
        return f"{self.members_in((key, _SELECTED), place)} in {key} without those they must be near to"


def scopes(document: Document, spec: Together, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope per group."""
    members = selection.vms(document, "spec.select", spec.select)
    where = domains.of(spec.topology)
    if spec.near is not None:
        yield from _near_scopes(document, spec, spec.near, selection, where)
        return
    for group, vm_ids in selection.groups(document, "spec.groupBy", members, spec.group_by).items():
        yield TogetherGroup(document.name, spec.level, spec.weight or 1, group, vm_ids, where)


def _near_scopes(
    document: Document, spec: Together, near: Selector, selection: Selection, where: Mapping[str, str]
) -> Iterator[Scope]:
    """One scope per group that has wanted guests among those selected: others cannot be broken."""
    selected = selection.vms(document, "spec.select", spec.select)
    others = selection.vms(document, "spec.near", near)
    groups = selection.groups(document, "spec.groupBy", others, spec.group_by)
    for group, vm_ids in selection.groups(document, "spec.groupBy", selected, spec.group_by).items():
        roles = {vm_id: _SELECTED for vm_id in vm_ids if vm_id in selection.wanted}
        if not roles:
            continue
        for vm_id in groups.get(group, ()):
            roles[vm_id] = roles.get(vm_id, 0) | _NEAR
        yield NearGroup(document.name, spec.level, spec.weight or 1, group, tuple(roles), where, roles)
