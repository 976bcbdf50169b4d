"""Lets steps of a scenario happen to a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property

from ..errors import Fault, Reason, SnapshotRefusedError
from ..execution.additions import add_group, add_guests, add_hosts
from ..execution.demand import degrade_hosts, scale_requests
from ..execution.events import after_draining, after_failure, hosts_become
from ..execution.parts import POOL, Parts
from ..execution.removals import cut_off_pools, remove_hosts
from ..failures import event_of
from ..policy.documents import Selector
from ..policy.durations import seconds_in
from ..policy.likeness import suggestion
from ..snapshot import Host, HostState, Snapshot, Vm
from .scenario import Degradation, Demand, MoreGuests, MoreHosts, ScenarioStep

_POOLS = f"{POOL}:"

Select = Callable[[Snapshot, Selector, str], Iterable[str]]
"""Ids of the guests of a cluster that a selector, which stands at a path, picks under the policy in force."""


class Happenings:
    """What happens to one cluster, step by step; `start` is how it was before all of them.

    Remembers what cannot be seen of a state: which storage pools have failed, and what was there at the start.
    """

    def __init__(self, start: Snapshot) -> None:
        self._start = start
        self._failed_pools: set[str] = set()

    @cached_property
    def _whole(self) -> dict[str, Host]:
        return {host.id: host for host in self._start.hosts}

    @cached_property
    def _told(self) -> int:
        """How many more failures the monitor knew of at the start than the state of the hosts shows."""
        known = self._start.hardware_failures
        return 0 if known is None else known - _counted(self._start)

    def happen(self, snapshot: Snapshot, step: ScenarioStep, path: str, select: Select) -> Snapshot:
        """The cluster after what the step, found at `path`, says; its policy is for the caller to change.

        Raises
        ------
        SnapshotRefusedError
            When it names parts, guests or groups that the cluster does not have, or goes by a time that is not known.
        """
        state = self._later(snapshot, step, path)
        state = self._recover(state, step, path)
        state = self._remove(state, step, path)
        for i, more_hosts in enumerate(step.add_hosts):
            state = _add_hosts(state, more_hosts, _field(path, f"add_hosts[{i}]"))
        for i, more_guests in enumerate(step.add_guests):
            state = _add_guests(state, more_guests, _field(path, f"add_guests[{i}]"))
        for i, demand in enumerate(step.scale):
            state = _scale(state, demand, _field(path, f"scale[{i}]"), select)
        for i, degradation in enumerate(step.degrade):
            state = self._degrade(state, degradation, _field(path, f"degrade[{i}]"))
        state = after_draining(state, step.drain, _field(path, "drain")) if step.drain else state
        state = after_failure(state, step.fail, _field(path, "fail")) if step.fail else state
        self._failed_pools.update(part.removeprefix(_POOLS) for part in step.fail if part.startswith(_POOLS))
        return self._count(state, step)

    def _later(self, state: Snapshot, step: ScenarioStep, path: str) -> Snapshot:
        if step.after is None:
            return state
        if not state.taken_at:
            fix = "send taken_at in the snapshot, or leave out after"
            message = f"happens {step.after} later, and the snapshot does not tell its time"
            raise SnapshotRefusedError([Fault(Reason.INVALID_REQUEST, _field(path, "after"), message, fix)])
        return replace(state, taken_at=state.taken_at + seconds_in(step.after))

    def _recover(self, state: Snapshot, step: ScenarioStep, path: str) -> Snapshot:
        if not step.recover:
            return state
        back = Parts(state).within(step.recover, _field(path, "recover"))
        self._failed_pools -= back.pools
        state = hosts_become(state, back.hosts, HostState.UP) if back.hosts else state
        return replace(state, hosts=tuple(self._recovered(host, back.hosts, back.pools) for host in state.hosts))

    def _recovered(self, host: Host, whole: frozenset[str], pools: frozenset[str]) -> Host:
        """The host with the capacity it had, if it is `whole` again, and the paths to the pools that are back."""
        before = self._whole.get(host.id)
        if before is None:
            return host
        if host.id in whole and host.capacity != before.capacity:
            host = replace(host, capacity=before.capacity, reserved=before.reserved)
        reached = {*host.storage_pool_ids, *pools}
        paths = tuple(pool for pool in before.storage_pool_ids if pool in reached)
        return host if paths == host.storage_pool_ids else replace(host, storage_pool_ids=paths)

    def _remove(self, state: Snapshot, step: ScenarioStep, path: str) -> Snapshot:
        if not step.remove:
            return state
        gone = Parts(state).within(step.remove, _field(path, "remove"))
        return cut_off_pools(remove_hosts(state, gone.hosts), gone.pools)

    def _degrade(self, state: Snapshot, degradation: Degradation, path: str) -> Snapshot:
        where = Parts(state).within(degradation.parts, _field(path, "parts"), only_hosts=True)
        return degrade_hosts(state, where.hosts, degradation.capacity, self._whole)

    def _count(self, state: Snapshot, step: ScenarioStep) -> Snapshot:
        """With the number of root causes: left to be counted where counting hosts says it all."""
        failures = step.hardware_failures
        beside = len(self._failed_pools) + self._told
        if failures is None and beside:
            failures = max(0, _counted(state) + beside)
        return state if failures == state.hardware_failures else replace(state, hardware_failures=failures)


def _field(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _counted(snapshot: Snapshot) -> int:
    """Root causes that the state of the hosts shows."""
    return event_of(replace(snapshot, hardware_failures=None)).hardware_failures


def _add_hosts(state: Snapshot, more: MoreHosts, path: str) -> Snapshot:
    like = next((host for host in state.hosts if host.id == more.like), None)
    if like is None:
        raise _unknown("host", more.like, _field(path, "like"), (host.id for host in state.hosts))
    if more.domains is not None:
        known = {domain.id for domain in state.domains}
        for i, name in enumerate(more.domains):
            if name not in known:
                raise _unknown("failure domain", name, _field(path, f"domains[{i}]"), known)
        like = replace(like, domain_ids=more.domains)
    return add_hosts(state, like, more.number)


def _add_guests(state: Snapshot, more: MoreGuests, path: str) -> Snapshot:
    if more.group is not None:
        like = [_of_tier(vm, more.tier) for vm in state.vms if vm.group == more.group]
        if not more.group or not like:
            raise _unknown("application group", more.group, _field(path, "group"), (vm.group for vm in state.vms))
        return add_group(state, like, more.number)
    vm = next((vm for vm in state.vms if vm.id == more.like), None)
    if vm is None:
        raise _unknown("guest", more.like or "", _field(path, "like"), (vm.id for vm in state.vms))
    return add_guests(state, _of_tier(vm, more.tier), more.number)


def _of_tier(vm: Vm, tier: str | None) -> Vm:
    return vm if tier is None else replace(vm, tier=tier)


def _scale(state: Snapshot, demand: Demand, path: str, select: Select) -> Snapshot:
    chosen = frozenset(select(state, demand.select, _field(path, "select")))
    if not chosen:
        fix = "select guests that the cluster has"
        raise SnapshotRefusedError([Fault(Reason.UNKNOWN_REFERENCE, _field(path, "select"), "selects no guest", fix)])
    return scale_requests(state, chosen, demand.percent)


def _unknown(noun: str, name: str, path: str, known: Iterable[str]) -> SnapshotRefusedError:
    message = f'the cluster has no {noun} "{name}"'
    return SnapshotRefusedError([Fault(Reason.UNKNOWN_REFERENCE, path, message, suggestion(name, known))])
