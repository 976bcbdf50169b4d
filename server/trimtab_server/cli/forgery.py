"""A plan with one action changed, as a mistake or an attacker would, to show that the verifier sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import HostState, Snapshot, Vm
from trimtab_solver.topology import Topology
from trimtab_solver.verify.replay import Verdict, verify_plan
from trimtab_solver.verify.violation import Code

_TRIED = 60
"""Replays before any forgery that is refused will do."""


@dataclass(frozen=True, slots=True)
class Forgery:
    """The action as it was and as it is now, and what the verifier says about the plan with it."""

    before: Action
    after: Action
    verdict: Verdict


def forge(snapshot: Snapshot, policy: Policy, plan: Plan) -> Forgery | None:
    """Sends a restarted guest to another host; best one where a must rule about its partners forbids it.

    None if the plan starts nobody.
    """
    any_refused: Forgery | None = None
    for tried, (before, after) in enumerate(_changes(snapshot, plan)):
        forged = replace(plan, actions=tuple(after if action is before else action for action in plan.actions))
        forgery = Forgery(before, after, verify_plan(snapshot, policy, forged))
        if any(violation.code is Code.RULE for violation in forgery.verdict.violations):
            return forgery
        if any_refused is None and not forgery.verdict.is_valid:
            any_refused = forgery
        if tried >= _TRIED:
            break
    return any_refused


def _changes(snapshot: Snapshot, plan: Plan) -> Iterator[tuple[Action, Action]]:
    topology = Topology(snapshot)
    guests = {vm.id: vm for vm in snapshot.vms}
    working = [host.id for host in snapshot.hosts if host.state is HostState.UP]
    failed = [host.id for host in snapshot.hosts if host.state is HostState.DOWN]
    starts = [action for action in plan.actions if action.kind is ActionKind.START]
    for before in starts:
        partners = {
            topology.domain(vm.place, "site") for vm in guests.values() if _are_partners(vm, guests[before.vm_id])
        }
        for host in working:
            if topology.domain(host, "site") in partners:
                yield before, _moved(before, host)
    if failed:
        yield from ((before, _moved(before, failed[0])) for before in starts[:1])


def _are_partners(one: Vm, other: Vm) -> bool:
    return one.is_running and one.group == other.group and one.labels.get("zone") != other.labels.get("zone")


def _moved(start: Action, host_id: str) -> Action:
    undo = None if start.undo is None else replace(start.undo, host_id=host_id)
    return replace(start, host_id=host_id, undo=undo)
