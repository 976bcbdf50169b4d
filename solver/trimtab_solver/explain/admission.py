"""Where a guest could run now, and what speaks against it on each other host."""

from __future__ import annotations

import numpy as np

from ..amounts import describe_amount
from ..occupancy import Occupancy
from ..policy.documents import Policy
from ..prepared import Prepared, prepare_lazily
from ..primitives.encoding import Ints
from ..problem import NOWHERE
from ..rules.tier import guest_tiers
from ..snapshot import Host, HostState, Migratability, Snapshot, Vm, VmState
from ..suitability import unsuitable
from ..suitability.fencing import stranded
from .explanation import Admission, Condition, GuestExplanation, Objection
from .names import find_guest, find_host
from .refusals import ROOM, SMALL, refusals
from .words import why_frozen, why_immobile


def explain_guest(snapshot: Snapshot, policy: Policy, vm_id: str, host_id: str | None = None) -> GuestExplanation:
    """Hold a guest against one host, or against all of them: others where they are, shrunk to their floors at need.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        The input is wrong; every fault found is listed.
    RefusedError
        The snapshot holds no such guest or host.
    """
    prepared = prepare_lazily(snapshot, policy, is_strict=False)
    vm = find_guest(snapshot, vm_id)
    hosts = snapshot.hosts if host_id is None else (find_host(snapshot, host_id),)
    document = guest_tiers(prepared.selection).get(vm.id)
    tier = document.name if document is not None else vm.tier
    if (objection := _quarantine(vm, prepared)) is not None:
        return GuestExplanation(vm.id, tier, tuple(Admission(host.id, (objection,)) for host in hosts))
    if (objection := _untouched(vm)) is not None:
        return GuestExplanation(vm.id, tier, tuple(_left_alone(vm, host, objection) for host in hosts))
    examination = _Examination(prepared, vm)
    return GuestExplanation(vm.id, tier, tuple(examination.of(host) for host in hosts))


def _quarantine(vm: Vm, prepared: Prepared) -> Objection | None:
    """Why plans leave a guest alone whose record makes no sense."""
    for record in prepared.quarantined:
        if record.vm_id == vm.id:
            faults = "; ".join(fault.message for fault in record.faults)
            return Objection(Condition.STATE, f"the record of {vm.id} makes no sense, and it is left alone: {faults}")
    return None


def _untouched(vm: Vm) -> Objection | None:
    """Why plans leave the guest alone whatever the host."""
    if vm.state is VmState.STOPPED:
        return Objection(Condition.STATE, f"{vm.id} is switched off on purpose; plans never start it")
    if vm.state is VmState.MIGRATING:
        message = f"{vm.id} is migrating from {vm.host_id} to {vm.target_host_id}, and left alone"
        return Objection(Condition.STATE, message)
    return None


def _left_alone(vm: Vm, host: Host, objection: Objection) -> Admission:
    if vm.place == host.id:
        return Admission(host.id, remarks=(f"{vm.id} is on its way there",))
    return Admission(host.id, (objection,))


class _Examination:
    """One guest, held against one host after the other."""

    def __init__(self, prepared: Prepared, vm: Vm) -> None:
        problem = prepared.problem
        self._problem, self._vm, self._policy = problem, vm, prepared.policy
        self._v = problem.vm_ids.index(vm.id)
        self._index = {host_id: h for h, host_id in enumerate(problem.host_ids)}
        self._generation = {host.id: host.cpu_generation for host in prepared.snapshot.hosts}
        self._at_floor = self._without_it(problem.floor)
        self._as_they_are = self._without_it(
            np.where(problem.running[:, None], problem.allocated, problem.requested).astype(np.int64)
        )
        self._refusals = refusals(problem, self._at_floor, self._v)

    def of(self, host: Host) -> Admission:
        """What the host says to the guest."""
        vm = self._vm
        if vm.place == host.id:
            return Admission(host.id, remarks=(f"{vm.id} runs there now",))
        h = self._index[host.id]
        names = self._refusals.on(h)
        objections = (
            *(self._unmovable(host, h) if vm.is_running else self._unstartable()),
            *(Objection(Condition(condition.name), reason) for condition, reason in unsuitable(vm, host)),
            *(self._rule(name) for name in names if ":" not in name),
            *(self._small(h, name.removeprefix(SMALL)) for name in names if name.startswith(SMALL)),
            *(self._short(h, name.removeprefix(ROOM)) for name in names if name.startswith(ROOM)),
        )
        return Admission(host.id, objections, () if objections else self._remarks(host, h))

    def _without_it(self, sizes: Ints) -> Occupancy:
        state = Occupancy(self._problem, sizes)
        if self._problem.current[self._v] != NOWHERE:
            state.take(self._v)
        return state

    def _unmovable(self, host: Host, h: int) -> tuple[Objection, ...]:
        problem, vm, v = self._problem, self._vm, self._v
        if rule := problem.frozen_by.get(v):
            return (Objection(Condition.RULE, why_frozen(rule), rule),)
        if problem.disruption.move_targets(v, int(problem.current[v]))[h]:
            return ()
        tier = problem.tiers[problem.tier[v]].name
        if vm.migratability is Migratability.LIVE:
            source = self._generation[vm.host_id]
            lower = f"CPU generation {host.cpu_generation} is lower than {source} of {vm.host_id}"
            message = f"{lower}, and tier {tier} does not allow cold migration"
        else:
            message = why_immobile(vm, tier)
        return (Objection(Condition.MOVE, message),)

    def _unstartable(self) -> tuple[Objection, ...]:
        if rule := self._problem.frozen_by.get(self._v):
            return (Objection(Condition.RULE, why_frozen(rule), rule),)
        if self._problem.startable[self._v]:
            return ()
        return (Objection(Condition.FENCING, stranded(self._vm)),)

    def _rule(self, name: str) -> Objection:
        document = next(document for document in self._policy.documents if document.name == name)
        about = f": {document.metadata.description}" if document.metadata.description else ""
        message = f"rule {name} ({document.kind}, {document.source}) refuses it{about}"
        return Objection(Condition.RULE, message, name)

    def _small(self, h: int, resource: str) -> Objection:
        has = describe_amount(resource, self._free(h, resource, np.zeros_like(self._at_floor.usage)))
        return Objection(Condition.ROOM, f"larger than the host: it {self._needs(resource)}, and the host has {has}")

    def _short(self, h: int, resource: str) -> Objection:
        free = describe_amount(resource, self._free(h, resource, self._at_floor.usage))
        message = f"too full: it {self._needs(resource)}, and {free} would be free with every guest there at its floor"
        return Objection(Condition.ROOM, message)

    def _needs(self, resource: str) -> str:
        r = self._problem.resources.index(resource)
        needs, asks = int(self._problem.floor[self._v, r]), int(self._problem.requested[self._v, r])
        return f"{'needs' if needs == asks else 'needs at least'} {describe_amount(resource, needs)}"

    def _free(self, h: int, resource: str, usage: Ints) -> int:
        """What the host has for the guest beside `usage` [H, R]."""
        problem, v = self._problem, self._v
        r = problem.resources.index(resource)
        # room is counted in units that depend on whether the guest's tier is overcommitted
        unit = int(problem.capacity.factor[h, r, 1 if problem.capacity.backed[v, r] else 0])
        return max(0, int(self._at_floor.ceiling[h, r] - usage[h, r]) // unit)

    def _remarks(self, host: Host, h: int) -> tuple[str, ...]:
        """The price of going there."""
        problem, v = self._problem, self._v
        remarks = []
        if host.state is HostState.STANDBY:
            remarks.append(f"{host.id} is a cold spare and takes {host.boot_s} s to boot")
        if not self._as_they_are.fits(v, h, problem.requested[v]):
            remarks.append("guests there, or the guest itself, must shrink for it")
        broken = [rule.rule for rule in problem.rules_of(v) if not rule.must and not rule.serves(h)]
        if broken:
            remarks.append(f"it would break {', '.join(broken)} (level should)")
        if self._vm.is_running:
            is_live = problem.disruption.is_live(v, int(problem.current[v]), h)
            remarks.append("it would migrate live" if is_live else "it would migrate cold")
        return tuple(remarks)
