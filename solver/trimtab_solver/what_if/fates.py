"""Counts what becomes of guests, tier by tier."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from statistics import median_low

from ..actions import Plan
from ..placement import Placement
from ..policy.documents import Document
from ..prepared import Prepared
from ..rules.tier import guest_tiers, ranked_tiers
from ..snapshot import Snapshot, Vm
from .verdicts import TierFate

_Counts = defaultdict[str, Counter[str]]


class Fates:
    """Guests as they were before a scenario, which is counted once for all scenarios."""

    def __init__(self, start: Prepared) -> None:
        self._vms = start.snapshot.vms
        self._tier_of = guest_tiers(start.selection)
        self._as_before = self._count_each(self._vms)

    def ceased(self, state: Snapshot, plan: Plan) -> frozenset[str]:
        """Guests that ran before and do not run in the state, or that the plan takes down."""
        pairs = ((old, new) for old, new in self._pairs(state) if old is not new and old is not None)
        down = (old.id for old, new in pairs if old.is_running and not new.is_running)
        return frozenset(down).union(action.vm_id for action in plan.actions if action.kind.departs)

    def count(self, state: Prepared, ceased: frozenset[str], plan: Plan, end: Placement) -> tuple[TierFate, ...]:
        """What has become of everybody when `state`, the cluster after a step, has gone on to `end` by the plan.

        `ceased` are guests that did not run at some time on the way.
        """
        tier_of, counts = guest_tiers(state.selection), _Counts(Counter)
        pairs: Iterable[tuple[Vm | None, Vm]] = self._pairs(state.snapshot)
        if tier_of is self._tier_of:
            for tier, before in self._as_before.items():
                counts[tier].update(before)
            touched = {action.vm_id for action in plan.actions}
            pairs = [(old, new) for old, new in pairs if old is not new or new.id in touched]
            for tier, before in self._count_each(old for old, _ in pairs if old is not None).items():
                counts[tier].subtract(before)
        down = {action.vm_id for action in plan.actions if action.kind.departs}
        for old, new in pairs:
            if new.is_wanted:
                facts = _facts(old, end.hosts.get(new.id, ""), new.id in ceased, new.id in down)
                is_short = new.id in end.hosts and _is_short(new, end.sizes[new.id])
                counts[tier_of[new.id].name].update((*facts, "shrunk") if is_short else facts)
        times = _times(plan, tier_of)
        names = [document.name for document, _ in ranked_tiers(state.selection)]
        return tuple(TierFate(name, **{**counts[name], **times[name]}) for name in names if counts[name]["wanted"])

    def _pairs(self, state: Snapshot) -> Iterator[tuple[Vm | None, Vm]]:
        """Each guest of the state, and what it was before; None for one that was not there."""
        # no step removes a guest: they keep their places, and those that are added come last
        yield from zip(self._vms, state.vms, strict=False)
        yield from ((None, vm) for vm in state.vms[len(self._vms) :])

    def _count_each(self, vms: Iterable[Vm]) -> _Counts:
        """The guests as if nothing had happened to them."""
        counts = _Counts(Counter)
        for vm in vms:
            if vm.is_wanted:
                facts = _facts(vm, vm.place, has_ceased=False, is_stopped=False)
                is_short = vm.is_running and _is_short(vm, vm.allocated)
                counts[self._tier_of[vm.id].name].update((*facts, "shrunk") if is_short else facts)
        return counts


def _facts(before: Vm | None, host_id: str, has_ceased: bool, is_stopped: bool) -> tuple[str, ...]:
    """The fields of `TierFate` in which a guest counts that is on the host in the end, or nowhere."""
    if before is None or not before.is_running:
        return ("wanted", "started" if host_id else "waiting")
    if not host_id:
        return ("wanted", "ran_before", "lost", "stopped") if is_stopped else ("wanted", "ran_before", "lost")
    if has_ceased:
        return ("wanted", "ran_before", "restarted")
    return ("wanted", "ran_before", "kept" if host_id == before.place else "moved")


def _is_short(vm: Vm, held: Mapping[str, int]) -> bool:
    """Whether the guest has less than it requests, of any resource; what is not named it has as requested."""
    requested = vm.requested
    if not held or held is requested:
        return False
    return any(held.get(name, amount) < amount for name, amount in requested.items())


def _times(plan: Plan, tier_of: Mapping[str, Document]) -> defaultdict[str, dict[str, int]]:
    """By tier, when those that the plan starts or resumes serve again."""
    ends: defaultdict[str, list[int]] = defaultdict(list)
    for action in plan.actions:
        if action.kind.arrives:
            ends[tier_of[action.vm_id].name].append(action.earliest_start_s + action.duration_s)
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for tier, seconds in ends.items():
        found[tier] = {"back_median_s": median_low(seconds), "back_last_s": max(seconds)}
    return found
