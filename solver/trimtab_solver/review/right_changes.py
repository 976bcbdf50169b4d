"""Rights that a change of policy gives or takes away: who may be stopped, shrunk or moved cold at how many failures."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ..policy.documents import Policy
from ..policy.selection import Selection
from ..rules.resize import Resize
from ..rules.shares import percent
from ..rules.tier import Tier, guest_tiers
from ..snapshot import Snapshot, Vm
from ..verify.rights import TierRights, tier_rights

TRIED_FAILURES: Final = range(17)
"""The numbers of hardware failures at which rights are compared."""
_WHOLE: Final = 100
_FOLLOWED: Final = frozenset({"event.hardware_failures", "event.failed_hosts"})


class Right(enum.StrEnum):
    """What may be done to a running guest for the sake of others."""

    EVICT = "evict"
    RESIZE = "resize"
    MOVE_COLD = "move-cold"


@dataclass(frozen=True, slots=True)
class RightChange:
    """One right that guests of a tier have at some numbers of hardware failures under one policy in another way.

    `old` and `new` say how: ``stop`` or ``suspend``, ``cold``, or the share of the request that stays, such as ``80%``;
    empty where there is no such right. `resource` is that of a share. `vm_ids` are empty without a cluster.
    """

    right: Right
    resource: str
    tier: str
    old: str
    new: str
    failures: tuple[int, ...]
    vm_ids: tuple[str, ...] = ()


_Values = Mapping[tuple[Right, str], str]
"""By right and resource, in which way it is given; a right that is not given is left out."""
_Kind = tuple[str, tuple[str, ...]]
"""What the rights of a guest depend on: its tier, and the Resize rules that leave it something."""
_Where = tuple[Right, str, str, str, str]
"""Right, resource, tier, old and new way."""


def tier_right_changes(old: Policy, new: Policy) -> tuple[RightChange, ...]:
    """Changes of the tiers that both policies have, whatever the cluster; what Resize rules leave is not looked at."""
    found: defaultdict[_Where, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    one, other = _without_cluster(old), _without_cluster(new)
    for failures in TRIED_FAILURES:
        before, after = tier_rights(_at(one, failures)), tier_rights(_at(other, failures))
        for tier in before.keys() & after.keys():
            for where in _differences(tier, _values(before[tier], ()), _values(after[tier], ())):
                found[where][""].add(failures)
    return _grouped(found)


def guest_right_changes(old: Selection, new: Selection) -> tuple[RightChange, ...]:
    """Changes for the wanted guests of a cluster, each in its tier under the new policy.

    The event is that of the snapshot, but with so many hardware failures, and with no fewer failed hosts.

    Raises
    ------
    PolicyRefusedError
        When a policy cannot be evaluated on the cluster.
    """
    found: defaultdict[_Where, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    guests = {vm.id: vm for vm in old.snapshot.vms if vm.is_wanted}
    for failures in TRIED_FAILURES:
        one, other = _Rights.of(_at(old, failures)), _Rights.of(_at(new, failures))
        pairs: defaultdict[tuple[_Kind, _Kind], list[str]] = defaultdict(list)
        for vm_id in guests:
            pairs[one.kinds[vm_id], other.kinds[vm_id]].append(vm_id)
        for (before, after), members in pairs.items():
            for where in _differences(after[0], one.values(before), other.values(after)):
                for vm_id in members:
                    if _is_felt(guests[vm_id], where):
                        found[where][vm_id].add(failures)
    return _grouped(found)


@dataclass(frozen=True, slots=True)
class _Rights:
    """A policy on a cluster in one event."""

    tiers: Mapping[str, TierRights]
    kinds: Mapping[str, _Kind]
    floors: Mapping[str, Resize]

    @classmethod
    def of(cls, selection: Selection) -> _Rights:
        floors: dict[str, Resize] = {}
        rules: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for document, spec in selection.policy.of(Resize):
            if selection.holds(document, "spec.when", spec.when):
                floors[document.name] = spec
                for vm_id in selection.vms(document, "spec.select", spec.select):
                    rules[vm_id] += (document.name,)
        tiers = guest_tiers(selection)
        kinds = {vm_id: (document.name, rules.get(vm_id, ())) for vm_id, document in tiers.items()}
        return cls(tier_rights(selection), kinds, floors)

    def values(self, kind: _Kind) -> _Values:
        """The rights of guests of that kind."""
        tier, rules = kind
        return _values(self.tiers[tier], [self.floors[name] for name in rules])


def _values(tier: TierRights, rules: Iterable[Resize]) -> _Values:
    values: dict[tuple[Right, str], str] = {}
    if tier.eviction is not None:
        values[Right.EVICT, ""] = tier.eviction.value
    if tier.cold:
        values[Right.MOVE_COLD, ""] = "cold"
    for resource in tier.resize.floor if tier.resize is not None else ():
        assert tier.resize is not None
        kept = [percent(rule.floor[resource]) for rule in rules if resource in rule.floor]
        share = max([tier.resize.floor_percent(resource), *kept])
        if share < _WHOLE:
            values[Right.RESIZE, resource] = f"{share}%"
    return values


def _differences(tier: str, old: _Values, new: _Values) -> Iterator[_Where]:
    for right, resource in old.keys() | new.keys():
        before, after = old.get((right, resource), ""), new.get((right, resource), "")
        if before != after:
            yield right, resource, tier, before, after


def _is_felt(vm: Vm, where: _Where) -> bool:
    """Whether the guest gets another floor: it may not ask for the resource, or be guaranteed more anyway."""
    right, resource, _, old, new = where
    if right is not Right.RESIZE:
        return True
    request, guaranteed = vm.requested.get(resource, 0), vm.guaranteed.get(resource, 0)
    one, other = (max(-(-request * percent(share or "100%") // _WHOLE), guaranteed) for share in (old, new))
    return one != other


def _without_cluster(policy: Policy) -> Selection:
    tiers = tuple(document for document in policy.documents if isinstance(document.spec, Tier))
    return Selection(replace(policy, documents=tiers), Snapshot((), ()))


def _at(selection: Selection, failures: int) -> Selection:
    """The same cluster with so many failures."""
    hosts = max(selection.event.failed_hosts, failures)
    event = replace(selection.event, hardware_failures=failures, failed_hosts=hosts)
    return selection.after(selection.snapshot, event, _FOLLOWED)


def _grouped(found: Mapping[_Where, Mapping[str, set[int]]]) -> tuple[RightChange, ...]:
    """One change for all guests that it concerns at the same numbers of failures."""
    groups: defaultdict[tuple[_Where, tuple[int, ...]], list[str]] = defaultdict(list)
    for where, guests in found.items():
        for vm_id, failures in guests.items():
            groups[where, tuple(sorted(failures))].append(vm_id)
    return tuple(
        RightChange(*where, failures, tuple(sorted(filter(None, guests))))
        for (where, failures), guests in sorted(groups.items())
    )
