"""Carries out actions and plans on a snapshot."""

from __future__ import annotations

from dataclasses import replace

from ..actions import Action, Motion, Plan
from ..snapshot import Host, Snapshot, Vm
from .progress import ActionProgress, guest_at, host_at


class UnfitActionError(ValueError):
    """An action that the state of the cluster does not permit; the message names action, guest or host, and state."""


class Execution:
    """A cluster on which actions begin, end and fail, one record after another; each costs the same in any cluster."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._hosts = {host.id: host for host in snapshot.hosts}
        self._vms = {vm.id: vm for vm in snapshot.vms}
        self._hosts_before: dict[int, Host] = {}
        self._vms_before: dict[int, Vm] = {}
        """What the guests of actions that have begun and not ended were before, by id of the action."""

    def record(self, action: Action, progress: ActionProgress = ActionProgress.DONE) -> None:
        """The action has begun, is done or has failed; one that is done or has failed need not have begun before.

        Raises
        ------
        UnfitActionError
            When the cluster has no such guest or host, or the guest does not run where the action wants it to.
        """
        if action.kind.acts_on_host:
            self._record_on_host(action, progress)
        else:
            self._record_on_guest(action, progress)

    def snapshot(self) -> Snapshot:
        """The cluster as it is now."""
        return replace(self._snapshot, hosts=tuple(self._hosts.values()), vms=tuple(self._vms.values()))

    def _record_on_host(self, action: Action, progress: ActionProgress) -> None:
        before = self._hosts_before.pop(action.id, None) or self._host(action, action.host_id)
        if progress is ActionProgress.BEGUN:
            self._hosts_before[action.id] = before
        self._hosts[before.id] = host_at(before, action.kind, progress)

    def _record_on_guest(self, action: Action, progress: ActionProgress) -> None:
        before = self._vms_before.pop(action.id, None) or self._guest(action)
        if progress is ActionProgress.BEGUN:
            self._vms_before[action.id] = before
        self._vms[before.id] = guest_at(before, action, progress)

    def _host(self, action: Action, host_id: str) -> Host:
        host = self._hosts.get(host_id)
        if host is None:
            raise UnfitActionError(f'action {action.id} ({action.kind}): the cluster has no host "{host_id}"')
        return host

    def _guest(self, action: Action) -> Vm:
        self._host(action, place_after(action) or action.host_id)
        vm = self._vms.get(action.vm_id)
        if vm is None:
            raise UnfitActionError(f'action {action.id} ({action.kind}): the cluster has no guest "{action.vm_id}"')
        expected = "" if action.kind.arrives else action.host_id
        if vm.place != expected:
            where, wanted = (f'runs on "{place}"' if place else "does not run" for place in (vm.place, expected))
            message = (
                f'action {action.id} ({action.kind}): guest "{vm.id}" {where}; the action is for one that {wanted}'
            )
            raise UnfitActionError(message)
        return vm


def after_action(snapshot: Snapshot, action: Action, progress: ActionProgress = ActionProgress.DONE) -> Snapshot:
    """The cluster when the action has begun, is done or has failed. Raises as `Execution.record`."""
    execution = Execution(snapshot)
    execution.record(action, progress)
    return execution.snapshot()


def after_plan(snapshot: Snapshot, plan: Plan) -> Snapshot:
    """The cluster after every action was carried out, in order of the list. Raises as `Execution.record`."""
    execution = Execution(snapshot)
    for action in plan.actions:
        execution.record(action)
    return execution.snapshot()


def places_after(plan: Plan) -> dict[str, str]:
    """Where the guests that the plan starts, stops or moves are after it: guest id -> host id, empty for one down."""
    return {a.vm_id: place_after(a) for a in plan.actions if a.kind.traits.motion is not Motion.STAYS}


def place_after(action: Action) -> str:
    """The host where the action's guest runs after it; empty for a guest that is down, and for an action on a host."""
    if action.kind.departs or action.kind.acts_on_host:
        return ""
    return action.target_host_id if action.kind.moves else action.host_id
