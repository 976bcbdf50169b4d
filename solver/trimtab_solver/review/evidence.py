"""What one state of a cluster shows about the rules: which are broken by how much, which rights hold."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from ..placement import Placement, placement_of
from ..prepared import Prepared
from ..rules.tier import Tier, guest_tiers, ranked_tiers
from ..snapshot import Vm
from ..verify.case import Case
from ..verify.rights import size_now
from ..verify.room import ROOM, Rooms


class Point(enum.StrEnum):
    """What a test can show of a rule or a right."""

    USED = "used"
    """Guests of the tier were there."""
    SATISFIED = "satisfied"
    """Guests ran that the rule concerns, and it held for a group of them."""
    VIOLATED = "violated"
    """The rule was broken."""
    BINDING = "binding"
    """A plan would have been another without the rule."""
    GRANTED = "granted"
    """The condition of the right held."""
    WITHHELD = "withheld"
    """The condition of the right did not hold."""


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One thing to cover: a point of the field at `path` of a document."""

    rule: str
    path: str
    point: Point


class Evidence:
    """A snapshot under a policy, judged.

    Raises
    ------
    PolicyRefusedError
        When the policy cannot be evaluated on the snapshot.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.case = prepared.case
        self.now = placement_of(prepared.snapshot)

    def amounts(self, placement: Placement) -> dict[str, int]:
        """By rule name, how far it is broken in `placement`; rules that hold are left out."""
        amounts: dict[str, int] = {}
        for scope in self.case.scopes:
            if amount := sum(scope.breaches(placement).values()):
                amounts[scope.rule] = amounts.get(scope.rule, 0) + amount
        rooms = Rooms(self.case.snapshot, self.case.hosts, self.case.tier)
        rooms.hold(placement.hosts, placement.sizes)
        if breaches := rooms.breaches():
            amounts[ROOM] = breaches
        return amounts

    def shown(self, placement: Placement) -> Iterator[Item]:
        """What `placement` shows of the rules."""
        for scope in self.case.scopes:
            if any(scope.breaches(placement).values()):
                yield Item(scope.rule, "spec", Point.VIOLATED)
            elif any(vm_id in placement.hosts for vm_id in scope.members):
                yield Item(scope.rule, "spec", Point.SATISFIED)

    def rights(self) -> Iterator[Item]:
        """What the event shows of the tiers."""
        used = {document.name for document in guest_tiers(self.case.selection).values()}
        for document, tier in ranked_tiers(self.case.selection):
            if document.name in used:
                yield Item(document.name, "spec", Point.USED)
            for path, condition in conditions_of(tier):
                holds = self.case.selection.holds(document, path, condition)
                yield Item(document.name, path, Point.GRANTED if holds else Point.WITHHELD)


def conditions_of(tier: Tier) -> Iterator[tuple[str, str]]:
    """(field path, condition) of every right of the tier."""
    if tier.evict is not None:
        yield "spec.evict.when", tier.evict.when
    if tier.resize is not None:
        yield "spec.resize.when", tier.resize.when


def evictable(case: Case) -> tuple[str, ...]:
    """Running guests that may be stopped or suspended now, sorted."""
    return tuple(
        sorted(
            vm.id for vm in case.snapshot.vms if vm.is_running and not vm.target_host_id and case.tier[vm.id].eviction
        )
    )


def shrinkable(case: Case) -> tuple[str, ...]:
    """Running guests that may get less than they have now, sorted."""
    return tuple(sorted(vm.id for vm in case.snapshot.vms if vm.is_running and _may_shrink(case, vm)))


def _may_shrink(case: Case, vm: Vm) -> bool:
    size = size_now(vm)
    return any(least < size.get(name, 0) for name, (least, _) in case.size_limits(vm).items())
