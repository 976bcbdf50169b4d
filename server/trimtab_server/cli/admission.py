"""Whether one host may take one guest now, and in words why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab_solver.compilation import compile_problem
from trimtab_solver.explain.why_down import refusals
from trimtab_solver.failures import event_of
from trimtab_solver.occupancy import Occupancy
from trimtab_solver.policy.documents import Policy
from trimtab_solver.policy.selection import Selection
from trimtab_solver.problem import NOWHERE, Problem
from trimtab_solver.snapshot import Host, HostState, Migratability, Snapshot, Vm, VmState

from .quantities import describe_amount

_ROOM = "room:"
_CLOSED = {
    HostState.DOWN: "it is down",
    HostState.DRAINING: "it is draining: it keeps what it runs and takes nothing new",
    HostState.MAINTENANCE: "it is in maintenance: it keeps what it runs and takes nothing new",
}


@dataclass(frozen=True, slots=True)
class Admission:
    """What speaks against the guest on the host now, and what is worth knowing. Nothing against it: it may go there."""

    against: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def examine(snapshot: Snapshot, policy: Policy, vm: Vm, host: Host) -> Admission:
    """Hold the guest against the host, everybody else where they are, shrunk to their floors where allowed.

    Raises
    ------
    PolicyRefusedError
        The policy cannot be evaluated on the snapshot.
    """
    if vm.state is VmState.STOPPED:
        return Admission((f"{vm.id} is switched off on purpose; plans never start it",))
    if vm.place == host.id:
        verb = "is on its way there" if vm.state is VmState.MIGRATING else "runs there now"
        return Admission((), (f"{vm.id} {verb}",))
    if vm.state is VmState.MIGRATING:
        return Admission((f"{vm.id} is migrating from {vm.host_id} to {vm.target_host_id}, and left alone",))
    problem = compile_problem(snapshot, policy, Selection(policy, snapshot, event_of(snapshot)))
    v, h = problem.vm_ids.index(vm.id), problem.host_ids.index(host.id)
    against = _unmovable(problem, snapshot, vm, host, v, h) if vm.is_running else _unstartable(problem, vm, v)
    state = Occupancy(problem, problem.floor)
    if vm.is_running:
        state.take(v)
    names = refusals(problem, state, v).on(h)
    against += _unsuitable(vm, host)
    against += [_rule(policy, name) for name in names if ":" not in name]
    against += [_short(problem, state, v, h, name.removeprefix(_ROOM)) for name in names if name.startswith(_ROOM)]
    remarks = [] if against else _remarks(problem, vm, host, v, h)
    return Admission(tuple(against), tuple(remarks))


def _unmovable(problem: Problem, snapshot: Snapshot, vm: Vm, host: Host, v: int, h: int) -> list[str]:
    if problem.disruption.move_targets(v, int(problem.current[v]))[h]:
        return []
    if vm.migratability is Migratability.NONE:
        return ["it cannot be migrated while it runs (migratability NONE)"]
    tier = problem.tiers[problem.tier[v]].name
    cold = f"tier {tier} does not allow cold migration"
    if vm.migratability is Migratability.COLD:
        return [f"it cannot be migrated live (migratability COLD), and {cold}"]
    source = next(other for other in snapshot.hosts if other.id == vm.host_id)
    return [f"CPU generation {host.cpu_generation} is lower than {source.cpu_generation} of {source.id}, and {cold}"]


def _unstartable(problem: Problem, vm: Vm, v: int) -> list[str]:
    if problem.startable[v]:
        return []
    return [f"its failed host {vm.host_id} cannot be fenced: started elsewhere, the guest could run twice"]


def _unsuitable(vm: Vm, host: Host) -> list[str]:
    found = []
    if host.state in _CLOSED:
        found.append(_CLOSED[host.state])
    if vm.storage_pool_id and vm.storage_pool_id not in host.storage_pool_ids:
        reached = ", ".join(sorted(host.storage_pool_ids)) or "none"
        found.append(f"it does not reach storage pool {vm.storage_pool_id} (it reaches {reached})")
    lacking = sorted(set(vm.device_needs).difference(host.capabilities))
    if lacking:
        found.append(f"it lacks what the guest needs: {', '.join(lacking)}")
    return found


def _rule(policy: Policy, name: str) -> str:
    document = next(document for document in policy.documents if document.name == name)
    about = f": {document.metadata.description}" if document.metadata.description else ""
    return f"rule {name} ({document.kind}, {document.source}) refuses it{about}"


def _short(problem: Problem, state: Occupancy, v: int, h: int, resource: str) -> str:
    r = problem.resources.index(resource)
    # room is counted in units that depend on whether the guest's tier is overcommitted
    unit = int(problem.capacity.factor[h, r, 1 if problem.capacity.backed[v, r] else 0])
    free = max(0, int(state.ceiling[h, r] - state.usage[h, r]) // unit)
    needs, asks = int(problem.floor[v, r]), int(problem.requested[v, r])
    least = "needs" if needs == asks else "needs at least"
    return (
        f"too full: it {least} {describe_amount(resource, needs)}, and {describe_amount(resource, free)} "
        "would be free with every guest there at its floor"
    )


def _remarks(problem: Problem, vm: Vm, host: Host, v: int, h: int) -> list[str]:
    remarks = []
    if host.state is HostState.STANDBY:
        remarks.append(f"{host.id} is a cold spare and takes {host.boot_s} s to boot")
    as_they_are = Occupancy(problem, np.where(problem.running[:, None], problem.allocated, problem.requested))
    if problem.current[v] != NOWHERE:
        as_they_are.take(v)
    if not as_they_are.fits(v, h, problem.requested[v]):
        remarks.append("guests there, or the guest itself, must shrink for it")
    broken = [rule.rule for rule in problem.allowed.rules_of(v) if not rule.must and not rule.mask[h]]
    if broken:
        remarks.append(f"it would break {', '.join(broken)} (level should)")
    if vm.is_running:
        source = int(problem.current[v])
        remarks.append("it would migrate live" if problem.disruption.is_live(v, source, h) else "it would migrate cold")
    return remarks
