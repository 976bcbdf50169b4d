"""What a plan does to the guests, counted by tier, and what a cluster runs, counted by site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trimtab_solver.actions import ActionKind, Plan
from trimtab_solver.outcome import Answer
from trimtab_solver.policy.documents import Policy
from trimtab_solver.policy.selection import Selection
from trimtab_solver.rules.tier import guest_tiers
from trimtab_solver.snapshot import HostState, Snapshot, Vm, VmState
from trimtab_solver.topology import Topology


@dataclass(slots=True)
class TierCount:
    """The guests of one tier: before the failure, now, and after the plan."""

    tier: str
    wanted: int = 0
    ran_before: int = 0
    """Running now, or displaced by the failure."""
    displaced: int = 0
    restarted: int = 0
    """Displaced, and running after the plan."""
    started: int = 0
    """Waiting or suspended before, and running after the plan."""
    moved: int = 0
    shrunk: int = 0
    """Running after the plan with less than requested."""
    suspended: int = 0
    stopped: int = 0
    interrupted: int = 0
    """Stopped or suspended on the way, and running after the plan."""
    stays_down: int = 0
    runs_after: int = 0


def tiers_of(snapshot: Snapshot, policy: Policy | None) -> dict[str, str]:
    """The tier of every guest: as the policy says, or as the guest itself says where the policy is not known."""
    if policy is None:
        return {vm.id: vm.tier for vm in snapshot.vms}
    return {vm_id: document.name for vm_id, document in guest_tiers(Selection(policy, snapshot)).items()}


def tier_order(answer: Answer, tiers: Iterable[str]) -> list[str]:
    """The tiers, highest rank first, as the levels of the answer name them."""
    ranked = [tier for level in answer.levels for tier in _tiers_in(level.name)]
    found = set(tiers)
    return [tier for tier in ranked if tier in found] + sorted(found.difference(ranked))


def count_tiers(snapshot: Snapshot, plan: Plan, tiers: Mapping[str, str]) -> dict[str, TierCount]:
    """What the plan does to every tier that has guests."""
    place, sizes, last = _carry_out(snapshot, plan)
    counts: dict[str, TierCount] = {}
    for vm in snapshot.vms:
        if vm.is_wanted:
            tier = tiers[vm.id]
            _count(counts.setdefault(tier, TierCount(tier)), vm, place.get(vm.id, ""), sizes.get(vm.id), last)
    return counts


def _tiers_in(level: str) -> list[str]:
    kind, _, names = level.partition(":")
    return names.split("+") if kind == "running" else []


def _carry_out(
    snapshot: Snapshot, plan: Plan
) -> tuple[dict[str, str], dict[str, Mapping[str, int]], dict[str, ActionKind]]:
    """Where guests are after the plan, what they hold if that changed, and how they were last taken down."""
    place = {vm.id: vm.place for vm in snapshot.vms if vm.is_running}
    sizes: dict[str, Mapping[str, int]] = {vm.id: vm.allocated for vm in snapshot.vms if vm.is_running}
    last: dict[str, ActionKind] = {}
    for action in plan.actions:
        if action.kind.arrives:
            place[action.vm_id], sizes[action.vm_id] = action.host_id, action.size
        elif action.kind.departs:
            place.pop(action.vm_id, None)
            last[action.vm_id] = action.kind
        elif action.kind.moves:
            place[action.vm_id] = action.target_host_id
        elif action.kind is ActionKind.RESIZE:
            sizes[action.vm_id] = action.size
    return place, sizes, last


def _count(count: TierCount, vm: Vm, host: str, size: Mapping[str, int] | None, last: Mapping[str, ActionKind]) -> None:
    count.wanted += 1
    count.ran_before += vm.is_running or vm.state is VmState.DISPLACED
    count.displaced += vm.state is VmState.DISPLACED
    if not host:
        count.stays_down += 1
        if vm.is_running:
            count.suspended += last.get(vm.id) is ActionKind.SUSPEND
            count.stopped += last.get(vm.id) is ActionKind.STOP
        return
    count.runs_after += 1
    count.restarted += vm.state is VmState.DISPLACED
    count.started += vm.state in (VmState.PENDING, VmState.SUSPENDED)
    count.interrupted += vm.is_running and vm.id in last
    count.moved += vm.is_running and host != vm.place
    count.shrunk += any((size or {}).get(name, amount) < amount for name, amount in vm.requested.items())


# --- sites ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class SiteCount:
    """What one site has and runs."""

    site: str
    hosts: int = 0
    down: int = 0
    running: dict[str, int] | None = None
    memory_used: int = 0
    memory_room: int = 0

    @property
    def load(self) -> float:
        """The share of the memory of working hosts that is given to guests."""
        return self.memory_used / self.memory_room if self.memory_room else 0.0


def count_sites(snapshot: Snapshot, tiers: Mapping[str, str], names: Sequence[str]) -> list[SiteCount]:
    """Hosts, running guests by tier, and memory of every site; last, the whole cluster under the name "all"."""
    topology = Topology(snapshot)
    whole = SiteCount("all", running=dict.fromkeys(names, 0))
    sites: dict[str, SiteCount] = {}
    of_host: dict[str, SiteCount] = {}
    for host in snapshot.hosts:
        name = topology.domain(host.id, "site")
        of_host[host.id] = sites.setdefault(name, SiteCount(name, running=dict.fromkeys(names, 0)))
        for count in (of_host[host.id], whole):
            count.hosts += 1
            count.down += host.state is HostState.DOWN
            if host.state not in (HostState.DOWN, HostState.STANDBY):
                count.memory_room += host.capacity.get("memory_mib", 0) - host.reserved.get("memory_mib", 0)
    for vm in snapshot.vms:
        if not vm.is_running:
            continue
        for count in (of_host[vm.place], whole):
            assert count.running is not None
            count.running[tiers[vm.id]] += 1
            count.memory_used += vm.allocated.get("memory_mib", vm.requested.get("memory_mib", 0))
    return [*(sites[name] for name in sorted(sites)), whole]
