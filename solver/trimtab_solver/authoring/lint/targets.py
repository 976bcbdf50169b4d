"""What tiers promise of availability and their own documents, or the guests of a cluster, contradict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ...actions import Action, ActionKind
from ...failures import Event
from ...policy.documents import Document, Policy
from ...policy.expressions import compile_expression
from ...policy.omissions import count, named
from ...policy.selection import Selection
from ...policy.subjects import event_data
from ...policy.variables import ExpressionScope, Returns
from ...rules.quorum import Quorum
from ...rules.tier import Tier, guest_tiers, ranked_tiers
from ...verify.durations import seconds_of
from ..findings import Finding, Severity, finding_at

_NO_FAILURE: Final = Event(0, 0, (), 0)


def target_findings(policy: Policy) -> Iterator[Finding]:
    """Targets that the documents themselves contradict."""
    above: list[tuple[Document, Tier]] = []
    """Tiers with a target, of higher ranks first."""
    for document, tier in sorted(policy.of(Tier), key=lambda item: -item[1].rank):
        allowed = tier.allowed_unavailability
        if allowed is None:
            continue
        if tier.evict is not None and _holds_without_failure(tier.evict.when):
            message = "has an availabilityTarget, yet may be stopped while nothing has failed"
            fix = "let evict.when ask for failures, such as event.hardware_failures >= 1, or remove the target"
            yield finding_at(document, "spec.evict", Severity.WARNING, "target-evictable", message, fix)
        for other, higher in above:
            if higher.rank > tier.rank and allowed < (higher.allowed_unavailability or 0):
                message = f"is to serve {tier.availability_target}, {other.name} only {higher.availability_target}"
                fix = f"compare targets and ranks: room goes to {other.name} first"
                path = "spec.availabilityTarget"
                yield finding_at(document, path, Severity.WARNING, "target-above-higher-tier", message, fix)
                break
        above.append((document, tier))


def restart_findings(selection: Selection) -> Iterator[Finding]:
    """Tiers with guests that no plan brings back in time after the failure of their host.

    Guests of a Quorum are passed over: their application may serve without them.

    Raises
    ------
    PolicyRefusedError
        As `guest_tiers`, or when a Quorum cannot be evaluated.
    """
    tiers = [(document, tier) for document, tier in ranked_tiers(selection) if tier.max_restart_s is not None]
    if not tiers:
        return
    tier_of = guest_tiers(selection)
    spared = {
        vm_id
        for document, quorum in selection.policy.of(Quorum)
        for vm_id in selection.vms(document, "spec.select", quorum.select)
    }
    vms = {vm.id: vm for vm in selection.snapshot.vms if vm.is_wanted and vm.id not in spared}
    host = selection.snapshot.hosts[0]
    fence = Action(1, ActionKind.FENCE_HOST, host_id=host.id)
    fencing = seconds_of(fence, vms, {host.id: host}) or 0
    starts = {
        vm_id: seconds_of(Action(1, ActionKind.START, vm_id, host.id), vms, {host.id: host}) or 0 for vm_id in vms
    }
    for document, tier in tiers:
        most = tier.max_restart_s or 0
        slow = [vm_id for vm_id in vms if tier_of.get(vm_id) is document and fencing + starts[vm_id] > most]
        if slow:
            message = (
                f"no plan has {count(len(slow), 'guest')} back within {tier.max_restart_time} when their host fails: "
                f"{named(slow)}; fencing takes {fencing} s, and a start their restart_s"
            )
            fix = "allow more time, or compare restart_s of these guests"
            yield finding_at(document, "spec.maxRestartTime", Severity.WARNING, "restart-too-slow", message, fix)


def _holds_without_failure(condition: str) -> bool:
    expression = compile_expression(condition, ExpressionScope.EVENT, Returns.BOOL)
    return expression.evaluate(event_data(_NO_FAILURE)) is True
