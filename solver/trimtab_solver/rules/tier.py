"""Tier: how much a guest matters, and what may be done to it when there is not enough room."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from ..errors import Fault, PolicyRefusedError, Reason
from ..policy.documents import Document, Spec, Strict
from ..policy.durations import Duration, seconds_in
from ..policy.fields import EventCondition, ResourceName, VmSelector
from ..policy.omissions import count, named
from ..policy.precedence import Precedence
from ..policy.selection import Selection
from .policy_set import default_tier
from .shares import Floor, Percentage, percent, unavailable_share


class Availability(enum.StrEnum):
    """What it means when a guest of the tier cannot run."""

    MUST_RUN = "must-run"
    """The answer is INFEASIBLE once that is proven."""
    BEST_EFFORT = "best-effort"


class EvictionAction(enum.StrEnum):
    """How a running guest is taken off its host to make room."""

    STOP = "stop"
    SUSPEND = "suspend"


class Eviction(Strict):
    """The right to stop running guests of the tier while `when` holds (CEL over ``event``, returns bool)."""

    when: EventCondition
    action: EvictionAction = Field(default=EvictionAction.STOP, strict=False)


class Shrinking(Strict):
    """The right to shrink guests of the tier while `when` holds.

    `floor` gives, per resource, the share of the request that always stays ("75%"); resources not named never shrink.
    A guest's own `guaranteed` amount is a floor too, and so is what a `Resize` leaves it: the highest one counts.
    """

    when: EventCondition = "true"
    floor: Floor
    cost: Annotated[int, Field(ge=1, le=1000)] = 1
    """Weight of one unit of shrinkage at the shrinkage level."""

    def floor_percent(self, resource: str) -> int:
        """The share of the request of `resource` that stays, 0 to 100."""
        return percent(self.floor.get(resource, "100%"))


class Tier(Spec):
    """A service level. Without `select` it holds the guests whose ``tier`` field is the document's name."""

    select: VmSelector | None = None
    overrides: tuple[str, ...] = Field(default=(), strict=False)
    """Names of tiers. A guest that one of them selects as well belongs to this tier; else that is an error."""
    rank: Annotated[int, Field(ge=0, le=1000)]
    """Higher ranks are served first: no number of guests of a lower rank outweighs one of a higher."""
    value: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """What one running guest counts within its rank."""
    availability: Availability = Field(default=Availability.BEST_EFFORT, strict=False)
    evict: Eviction | None = None
    """Absent: its running guests are never stopped."""
    resize: Shrinking | None = None
    """Absent: its guests always have what they request."""
    no_overcommit: tuple[ResourceName, ...] = Field(default=(), strict=False)
    """Resources that are backed one to one by hardware for guests of this tier."""
    allow_cold_migration: bool = False
    """Whether a running guest may be stopped and started again elsewhere for the sake of a move."""
    availability_target: Percentage | None = None
    """The share of all time in which its applications are to serve, such as "99.99%". No plan depends on it."""
    max_restart_time: Duration | None = None
    """How long its applications may be down after the failure of one component, such as "5m". No plan depends on it."""

    @property
    def allowed_unavailability(self) -> Fraction | None:
        """The share of all time in which its applications may be down; None without a target."""
        return None if self.availability_target is None else unavailable_share(self.availability_target)

    @property
    def max_restart_s(self) -> int | None:
        """`max_restart_time` in seconds."""
        return None if self.max_restart_time is None else seconds_in(self.max_restart_time)


def ranked_tiers(selection: Selection) -> tuple[tuple[Document, Tier], ...]:
    """Every tier with its document: highest rank first, then by name."""
    return selection.derived(_ranked)


def guest_tiers(selection: Selection) -> Mapping[str, Document]:
    """The tier's document of every guest, stopped ones included; of those in quarantine where they have one.

    Raises
    ------
    PolicyRefusedError
        If guests have no tier (NO_TIER) or more than one (AMBIGUOUS_TIER), or a tier's selector fails.
    """
    return selection.derived(_find_tiers)


def _ranked(selection: Selection) -> tuple[tuple[Document, Tier], ...]:
    return tuple(sorted(selection.policy.of(Tier), key=lambda item: (-item[1].rank, item[0].name)))


def _find_tiers(selection: Selection) -> dict[str, Document]:
    tiers = ranked_tiers(selection)
    documents = {document.name: document for document, _ in tiers}
    claimed, rivals = selection.derived(_claims)
    tier_of = dict(claimed)
    precedence = Precedence({document.name: tier.overrides for document, tier in tiers})
    alike: dict[tuple[str, ...], list[str]] = {}
    for vm_id, names in rivals.items():
        alike.setdefault(tuple(names), []).append(vm_id)
    twice: dict[tuple[str, str], list[str]] = {}
    for claimants, vm_ids in alike.items():
        if (pair := precedence.undecided(claimants)) is not None:
            twice.setdefault(pair, []).extend(vm_ids)
        elif (winner := precedence.prevailing(claimants)) is not None:
            tier_of.update(dict.fromkeys(vm_ids, documents[winner]))
    faults = [_ambiguous(documents[a], documents[b], ids) for (a, b), ids in twice.items()]
    vms = selection.reading("vm.id").vms
    spared = {record.vm_id for record in selection.quarantined}
    homeless = [i for i, vm in enumerate(vms) if vm.id not in tier_of] if len(tier_of) < len(vms) else []
    default = default_tier(selection.policy)
    if default is not None and default in documents:
        tier_of.update((vms[i].id, documents[default]) for i in homeless)
    elif homeless := [i for i in homeless if vms[i].id not in spared]:
        faults.append(_no_tier(selection, homeless))
    if faults:
        raise PolicyRefusedError(faults)
    return {vm.id: tier_of[vm.id] for vm in vms if vm.id in tier_of}


def tierless(selection: Selection) -> list[Fault]:
    """A fault for each guest that no tier selects, where there is no default tier; none if that is true of all.

    Raises
    ------
    PolicyRefusedError
        If a tier's selector fails.
    """
    default = default_tier(selection.policy)
    if any(document.name == default for document, _ in ranked_tiers(selection)):
        return []
    tier_of, _ = selection.derived(_claims)
    spared = {record.vm_id for record in selection.quarantined}
    vms = selection.reading("vm.id").vms
    homeless = [i for i, vm in enumerate(vms) if vm.id not in tier_of and vm.id not in spared]
    return [_no_tier(selection, [i]) for i in homeless] if tier_of else []


def _claims(selection: Selection) -> tuple[dict[str, Document], dict[str, list[str]]]:
    """The first tier that selects each guest, and all of them where there are several."""
    first_of: dict[str, Document] = {}
    rivals: dict[str, list[str]] = {}
    faults: list[Fault] = []
    for document, tier in ranked_tiers(selection):
        try:
            members = _members(selection, document, tier)
        except PolicyRefusedError as refusal:
            faults += refusal.faults
            continue
        claimed = dict.fromkeys(members, document)
        twice = claimed.keys() & first_of.keys()
        for vm_id in [vm_id for vm_id in members if vm_id in twice] if twice else ():
            rivals.setdefault(vm_id, [first_of[vm_id].name]).append(document.name)
            del claimed[vm_id]
        first_of |= claimed
    if faults:
        raise PolicyRefusedError(faults)
    return first_of, rivals


def _members(selection: Selection, document: Document, tier: Tier) -> tuple[str, ...]:
    if tier.select is not None:
        return selection.vms(document, "spec.select", tier.select)
    return selection.derived(_by_field).get(document.name, ())


def _by_field(selection: Selection) -> dict[str, tuple[str, ...]]:
    """The guests by their tier field."""
    found: dict[str, list[str]] = {}
    for vm in selection.reading("vm.tier").vms:
        found.setdefault(vm.tier, []).append(vm.id)
    return {name: tuple(members) for name, members in found.items()}


def _no_tier(selection: Selection, homeless: list[int]) -> Fault:
    vms = selection.reading("vm.tier").vms
    first = vms[homeless[0]]
    names = [document.name for document, _ in ranked_tiers(selection)]
    close = difflib.get_close_matches(first.tier, names, n=1)
    guess = f'did you mean "{close[0]}"? ' if close else ""
    return Fault(
        Reason.NO_TIER,
        f"snapshot.vms[{homeless[0]}].tier",
        f"{count(len(homeless), 'guest')} of no tier: {named(vms[i].id for i in homeless)}; "
        f'the tier field of {first.id} is "{first.tier}"',
        f"{guess}give each guest a tier that a Tier document selects ({', '.join(sorted(names))}), "
        "or set defaultTier in the PolicySet",
    )


def _ambiguous(first: Document, second: Document, ids: list[str]) -> Fault:
    if "spec.select" not in second.positions:
        first, second = second, first  # the fault stands where there is something to change
    return Fault(
        Reason.AMBIGUOUS_TIER,
        f"{second.position('spec.select')} spec.select",
        f"{count(len(ids), 'guest')} of two tiers, {first.name} ({first.source}) and {second.name}: {named(ids)}",
        f"change the select of {first.name} or {second.name} so that each guest has one tier, or name one in overrides "
        "of the other",
    )
