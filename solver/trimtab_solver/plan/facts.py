"""What plans need to know of guests and hosts beyond the arrays of a problem, by its indices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..actions import ActionKind
from ..problem import Problem
from ..snapshot import FencingState, Host, HostState, Snapshot, Vm, VmState


@dataclass(frozen=True)
class Facts:
    """The guests [V] and hosts [H] of a problem, as the snapshot has them."""

    vms: tuple[Vm, ...]
    hosts: tuple[Host, ...]

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
    # presences of guests in quarantine are no guests of the snapshot
    guests = tuple(vms.get(vm_id) or Vm(vm_id) for vm_id in problem.vm_ids)
    return Facts(guests, tuple(hosts[host_id] for host_id in problem.host_ids))
