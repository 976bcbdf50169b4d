"""From the plan of a scenario to who is down when, and why."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from ...actions import Plan
from ...execution.carry_out import places_after
from ...snapshot import HostState, PoolKind, Snapshot, Vm

_ON = (HostState.UP, HostState.DEGRADED, HostState.STANDBY)


class Cause(enum.Enum):
    """Why a guest is down."""

    FAILURE = enum.auto()
    SHORTAGE = enum.auto()
    """It was taken down to make room, or some host could take it if there were room."""


@dataclass(frozen=True, slots=True)
class GuestOutage:
    """A guest is down from `start` to `end`, in seconds after what happened; infinite if it is so in the end."""

    start: float
    end: float
    cause: Cause


Outages = Mapping[str, tuple[GuestOutage, ...]]
"""By guest; those that run all the time are left out."""


class Course:
    """One cluster as parts fail one after the other, with the plan carried out in between.

    A guest on its way counts as one on its source. What is lost with a part stays lost.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.vms: Mapping[str, Vm] = {vm.id: vm for vm in snapshot.vms if vm.is_wanted}
        self._local = {pool.id for pool in snapshot.storage_pools if pool.kind is PoolKind.LOCAL}
        self._places = {vm.id: vm.host_id for vm in self.vms.values() if vm.is_running}
        self._failed = {host.id for host in snapshot.hosts if host.state is HostState.DOWN}
        self._pools: set[str] = set()
        self.without_data: set[str] = set()
        """Guests whose data is gone with what failed."""

    def fail(self, hosts: Collection[str], pools: Collection[str]) -> None:
        """Hosts and storage pools fail."""
        for vm_id, vm in self.vms.items():
            at = self._places.get(vm_id)
            if vm.storage_pool_id in pools or (vm.storage_pool_id in self._local and at in hosts):
                self.without_data.add(vm_id)
            if at is not None and (at in hosts or vm.storage_pool_id in pools):
                del self._places[vm_id]
        self._failed.update(hosts)
        self._pools.update(pools)

    def carry_out(self, plan: Plan, emptied: Collection[str] = ()) -> Outages:
        """Who is down while the plan is carried out, and after it; hosts that are `emptied` run nobody then."""
        moments: dict[str, list[tuple[float, bool]]] = {vm_id: [] for vm_id in self.vms if vm_id not in self._places}
        for action in plan.actions:
            begin, end = action.earliest_start_s, action.earliest_start_s + action.duration_s
            if action.vm_id not in self.vms or action.vm_id in self.without_data:
                continue
            own = moments.setdefault(action.vm_id, [])
            if action.kind.arrives:
                own.append((end, True))
            elif action.kind.departs:
                own.append((begin, False))
            elif action.kind.traits.is_down:
                own += ((begin, False), (end, True))
        ran = frozenset(self._places)
        for vm_id, place in places_after(plan).items():
            if place and vm_id not in self.without_data:
                self._places[vm_id] = place
            else:
                self._places.pop(vm_id, None)
        for vm_id, place in self._places.items():
            if place in emptied:
                moments.setdefault(vm_id, []).append((plan.makespan_s, False))
        could_run = self._could_run()
        found = ((vm_id, _intervals(own, vm_id in ran, partial(could_run, vm_id))) for vm_id, own in moments.items())
        return {vm_id: intervals for vm_id, intervals in found if intervals}

    def _could_run(self) -> Callable[[str], bool]:
        """Whether some host that is on reaches the guest's pool and has its devices."""
        hosts = [host for host in self._snapshot.hosts if host.state in _ON and host.id not in self._failed]
        known: dict[tuple[str, tuple[str, ...]], bool] = {}

        def ask(vm_id: str) -> bool:
            vm = self.vms[vm_id]
            if vm_id in self.without_data or vm.storage_pool_id in self._pools:
                return False
            key = vm.storage_pool_id, vm.device_needs
            if key not in known:
                known[key] = any(
                    (not vm.storage_pool_id or vm.storage_pool_id in host.storage_pool_ids)
                    and set(vm.device_needs) <= set(host.capabilities)
                    for host in hosts
                )
            return known[key]

        return ask


def _intervals(
    moments: Iterable[tuple[float, bool]], ran: bool, could_run: Callable[[], bool]
) -> tuple[GuestOutage, ...]:
    """When a guest is down that begins or ceases to run at these moments; `ran`: it runs at first."""
    found = []
    runs, since, cause = ran, 0.0, Cause.FAILURE
    for at, is_up in sorted(moments):
        if runs and not is_up:
            runs, since, cause = False, at, Cause.SHORTAGE
        elif not runs and is_up:
            found.append(GuestOutage(since, at, cause))
            runs = True
    if not runs:
        found.append(GuestOutage(since, math.inf, Cause.SHORTAGE if could_run() else cause))
    return tuple(outage for outage in found if outage.end > outage.start)
