"""Judges Together: domains used beyond the first, per group; with `near`, domains without those to be near to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..policy.documents import Document, Selector
from ..policy.selection import Selection
from ..rules.together import Together
from .domains import DomainMaps
from .scope import (
    Cell,
    Change,
    DomainScope,
    Effect,
    Key,
    OrderedScope,
    Part,
    Safeguard,
    Scope,
    ScopeTally,
    Sum,
    outages,
)

_SELECTED, _NEAR = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class TogetherGroup(DomainScope, OrderedScope):
    """All running members in one domain."""

    def effects(self, tally: ScopeTally, changes: Sequence[Change]) -> Iterator[Effect]:
        """Who enters a domain raises, who leaves one lowers."""
        idle = outages(changes)
        for i, (_, left, entered) in enumerate(changes):
            raised, lowered = entered is not None and i not in idle, left is not None and i not in idle
            yield Effect((("", 0),) if raised else (), (("", 0),) if lowered else ())

    def safeguards(self, tally: ScopeTally, changes: Sequence[Change], key: Key) -> Iterator[Safeguard]:
        """No member is in any domain but so many."""
        cells = {*tally.counts, *(change.entered for change in changes if change.entered is not None)}
        least = len(cells) - 1 - self.amount(tally, key)
        yield Safeguard(least, [Sum(key, {cell: 1}, 0, tally.counts.get(cell, 0), 0) for cell in cells])

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
        """Who must be near raises a domain by entering it; whoever others must be near to raises it by leaving.

        Those who enter wait for others to be near to alone, those who leave for those who must be near as well.
        """
        idle = outages(changes)
        for i, change in enumerate(changes):
            raised: list[Part] = []
            lowered: list[Part] = []
            for cell, enters in ((change.left, False), (change.entered, True)):
                if cell is None or (i in idle and cell[1] == _SELECTED):
                    continue
                coming, going = (self.key(cell), 0), (self.key(cell), 1)
                if cell[1] == _SELECTED:
                    (raised if enters else lowered).append(coming if enters else going)
                elif enters:
                    lowered += [coming, going]
                else:
                    raised.append(going)
            yield Effect(raised, lowered)

    def safeguards(self, tally: ScopeTally, changes: Sequence[Change], key: Key) -> Iterator[Safeguard]:
        """Somebody to be near to is there, or nobody who must be near; or it cannot be broken further."""
        near: dict[Cell, int] = {(key, _NEAR): -1, (key, _SELECTED | _NEAR): -1}
        there = sum(tally.counts.get(cell, 0) for cell in near)
        lonely = (key, _SELECTED)
        least = 1 - self.amount(tally, key)
        yield Safeguard(
            least, [Sum(key, near, 0, -there, -1), Sum(key, {lonely: 1}, 0, tally.counts.get(lonely, 0), 0)]
        )

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
