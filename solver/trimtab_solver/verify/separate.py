"""Judges Separate: members of two sets in one domain count as many as the smaller side has there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ..errors import Fault, PolicyRefusedError, Reason
from ..policy.documents import Document
from ..policy.selection import Selection
from ..rules.separate import Separate
from .domains import DomainMaps
from .scope import Cell, Change, Effect, Key, OrderedScope, Part, Safeguard, Scope, ScopeTally, Sum, outages


@dataclass(frozen=True, slots=True, eq=False)
class SeparatePair(OrderedScope):
    """Two sets and one partner value. `sides` gives 0 or 1 for each member: the set it belongs to."""

    sides: Mapping[str, int]
    domains: Mapping[str, str]

    def effects(self, tally: ScopeTally, changes: Sequence[Change]) -> Iterator[Effect]:
        """Who enters a domain raises it, who leaves it lowers it: for the other set alone if it is not broken."""
        idle = outages(changes)

        def parts(cell: Cell | None, of_other: int) -> tuple[Part, ...]:
            if cell is None:
                return ()
            domain, side = str(cell[0]), int(cell[1])
            return ((domain, 0 if self.amount(tally, domain) else side ^ of_other),)

        for i, (_, left, entered) in enumerate(changes):
            yield Effect((), ()) if i in idle else Effect(parts(entered, 0), parts(left, 1))

    def safeguards(self, tally: ScopeTally, changes: Sequence[Change], key: Key) -> Iterator[Safeguard]:
        """One of the sets has no more members there than would have to leave in the snapshot."""
        most = self.amount(tally, key)
        yield Safeguard(1, [Sum(key, {(key, side): 1}, 0, tally.counts.get((key, side), 0), most) for side in (0, 1)])

    def cell(self, vm_id: str, host_id: str) -> Cell | None:
        """The domain and the side."""
        return self.domains[host_id], self.sides[vm_id]

    def key(self, cell: Cell) -> Key:
        """The domain."""
        return cell[0]

    def amount(self, tally: ScopeTally, key: Key) -> int:
        """The fewest guests that would have to leave the domain."""
        return min(tally.counts.get((key, 0), 0), tally.counts.get((key, 1), 0))

    def describe(self, key: Key, place: Mapping[str, str]) -> str:
        """How many of each side are in the domain."""
        counts = self.tally(place).counts
        return f"{self.label} in {key}: {counts.get((key, 0), 0)} of one, {counts.get((key, 1), 0)} of the other"


def scopes(document: Document, spec: Separate, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    """One scope per pair of sets and partner value that wanted guests of both sides have: others cannot be broken.

    Raises
    ------
    PolicyRefusedError
        When a guest is in two of the sets.
    """
    sets: list[dict[str, tuple[str, ...]]] = []
    first_set: dict[str, int] = {}
    for position, selector in enumerate(spec.between):
        path = f"spec.between[{position}]"
        members = selection.vms(document, path, selector)
        for vm_id in members:
            if vm_id in first_set:
                raise PolicyRefusedError([_in_two_sets(document, path, vm_id, first_set[vm_id])])
        first_set.update(dict.fromkeys(members, position))
        sets.append(selection.groups(document, "spec.partnersBy", members, spec.partners_by))
    where, wanted = domains.of(spec.topology), selection.wanted
    found = [(number, partners) for number, partners in enumerate(sets) if any(partners.values())]
    for (one, left), (two, right) in combinations(found, 2):
        for partner in left.keys() & right.keys():
            sides = {vm_id: 0 for vm_id in left[partner] if vm_id in wanted}
            first = len(sides)
            sides |= {vm_id: 1 for vm_id in right[partner] if vm_id in wanted}
            if not 0 < first < len(sides):
                continue
            label = f"sets {one} and {two}" + (f" of {partner}" if partner else "")
            yield SeparatePair(
                document.name,
                spec.level,
                spec.weight or 1,
                label,
                tuple(sides),
                sides,
                where,
            )


def _in_two_sets(document: Document, path: str, vm_id: str, other: int) -> Fault:
    return Fault(
        Reason.POLICY_CONFLICT,
        f"{document.position(path)} {path}",
        f"guest {vm_id} is also in spec.between[{other}]",
        "make the sets disjoint",
    )
