"""What plans need to know of guests and hosts beyond the arrays of a problem, by its indices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..actions import ActionKind
from ..problem import Problem
from ..snapshot import FencingState, Host, HostState, PoolKind, Snapshot, Vm, VmState


@dataclass(frozen=True)
class Facts:
    """The guests [V] and hosts [H] of a problem, as the snapshot has them; of V the first `guest_count` are guests.

    The others are presences of guests in quarantine.
    """

    vms: tuple[Vm, ...]
    hosts: tuple[Host, ...]
    guest_count: int
    local_pools: frozenset[str]
    """Ids of storage pools that are the disks of one host."""

    @cached_property
    def start_kinds(self) -> dict[int, ActionKind]:
        """Guests that come back by RESUME because they are suspended; all others START."""
        suspended = VmState.SUSPENDED
        return {v: ActionKind.RESUME for v, vm in enumerate(self.vms) if vm.state is suspended}

    @cached_property
    def failed_host(self) -> dict[int, int]:
        """Displaced guest -> the failed host that must be fenced before it starts elsewhere."""
        unfenced = {
            host.id: h
            for h, host in enumerate(self.hosts)
            if host.state is HostState.DOWN and host.fencing is not FencingState.FENCED
        }
        displaced = VmState.DISPLACED
        return {
            v: unfenced[vm.host_id] for v, vm in enumerate(self.vms) if vm.state is displaced and vm.host_id in unfenced
        }


def facts_of(snapshot: Snapshot, problem: Problem) -> Facts:
    """The facts about the guests and hosts of the problem that the snapshot compiled to."""
    vms = {vm.id: vm for vm in snapshot.vms}
    hosts = {host.id: host for host in snapshot.hosts}
    known = sum(vm_id in vms for vm_id in problem.vm_ids)
    guests = tuple(vms.get(vm_id) or Vm(vm_id) for vm_id in problem.vm_ids)
    local = frozenset(pool.id for pool in snapshot.storage_pools if pool.kind is PoolKind.LOCAL)
    return Facts(guests, tuple(hosts[host_id] for host_id in problem.host_ids), known, local)
