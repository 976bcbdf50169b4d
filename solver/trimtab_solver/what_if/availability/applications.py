"""Applications, and what it means that one serves."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...policy.selection import Selection
from ...prepared import Prepared
from ...rules.quorum import Quorum
from ...rules.tier import guest_tiers, ranked_tiers

_HALF = 2


class Criterion(enum.StrEnum):
    """How many guests of an application must run for it to serve."""

    EACH_GUEST = "each-guest"
    HALF = "half"
    """At least half, rounded up."""
    QUORUM = "quorum"
    """As many as every Quorum says that selects guests of it."""


@dataclass(frozen=True, slots=True)
class Need:
    """At least so many of these guests must run."""

    members: tuple[str, ...]
    least: int

    @property
    def spare(self) -> int:
        """How many may be down."""
        return len(self.members) - self.least


@dataclass(frozen=True, slots=True)
class ServiceNeeds:
    """What must run for an application to serve by a criterion: all of `needs` are met."""

    criterion: Criterion
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Application:
    """The wanted guests of a group, or a guest without a group, which is named after itself."""

    name: str
    is_group: bool
    guests: tuple[str, ...]
    tiers: tuple[str, ...]
    """Names of the tiers of its guests, highest rank first."""
    services: tuple[ServiceNeeds, ...]
    """Each guest, half, and the quorum where there is one."""

    @property
    def promised(self) -> Criterion:
        """By what targets are judged."""
        return self.services[-1].criterion if len(self.services) > _HALF else Criterion.EACH_GUEST


def applications_of(prepared: Prepared) -> tuple[Application, ...]:
    """Every application of the cluster, in the order of their first guests.

    Raises
    ------
    PolicyRefusedError
        When tiers or a Quorum cannot be evaluated.
    """
    selection = prepared.selection
    tier_of = guest_tiers(selection)
    order = [document.name for document, _ in ranked_tiers(selection)]
    members: dict[tuple[bool, str], list[str]] = {}
    for vm in prepared.snapshot.vms:
        if vm.is_wanted:
            members.setdefault((bool(vm.group), vm.group or vm.id), []).append(vm.id)
    quorums = _quorums(selection)
    found = []
    for (is_group, name), guests in members.items():
        own = {tier_of[vm_id].name for vm_id in guests}
        tiers = tuple(tier for tier in order if tier in own)
        found.append(Application(name, is_group, tuple(guests), tiers, tuple(_services(tuple(guests), quorums))))
    return tuple(found)


def _services(guests: tuple[str, ...], quorums: Mapping[str, list[Need]]) -> Iterator[ServiceNeeds]:
    yield ServiceNeeds(Criterion.EACH_GUEST, (Need(guests, len(guests)),))
    yield ServiceNeeds(Criterion.HALF, (Need(guests, -(-len(guests) // _HALF)),))
    found = dict.fromkeys(need for vm_id in guests for need in quorums.get(vm_id, ()))
    if found:
        yield ServiceNeeds(Criterion.QUORUM, tuple(found))


def _quorums(selection: Selection) -> dict[str, list[Need]]:
    """By guest, what each Quorum that selects it asks of its group."""
    found: dict[str, list[Need]] = {}
    for document, quorum in selection.policy.of(Quorum):
        chosen = selection.vms(document, "spec.select", quorum.select)
        for ids in selection.groups(document, "spec.groupBy", chosen, quorum.group_by).values():
            wanted = tuple(vm_id for vm_id in ids if vm_id in selection.wanted)
            need = Need(wanted, quorum.least(sum(vm_id in selection.expected for vm_id in ids)))
            for vm_id in wanted:
                found.setdefault(vm_id, []).append(need)
    return found
