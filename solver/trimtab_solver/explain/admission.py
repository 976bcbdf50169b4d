"""Where a guest could run now, and what speaks against it on each other host."""

from __future__ import annotations

import numpy as np

from ..occupancy import Occupancy
from ..policy.documents import Policy
from ..prepared import Prepared, prepare_lazily
from ..primitives.encoding import Ints
from ..problem import NOWHERE
from ..rules.tier import guest_tiers
from ..snapshot import Host, HostState, Migratability, Snapshot, Vm, VmState
from ..suitability import unsuitable
from ..suitability.fencing import stranded
from .amounts import describe_amount
from .explanation import Admission, Condition, GuestExplanation, Objection
from .names import find_guest, find_host
from .why_down import refusals

_ROOM = "room:"


def explain_guest(snapshot: Snapshot, policy: Policy, vm_id: str, host_id: str | None = None) -> GuestExplanation:
    """Hold a guest against one host, or against all of them: others where they are, shrunk to their floors at need.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        The input is wrong; every fault found is listed.
    RefusedError
        The snapshot holds no such guest or host.
    """
    prepared = prepare_lazily(snapshot, policy)
    vm = find_guest(snapshot, vm_id)
    hosts = snapshot.hosts if host_id is None else (find_host(snapshot, host_id),)
    tier = guest_tiers(prepared.selection)[vm.id].name
    if (objection := _untouched(vm)) is not None:
        return GuestExplanation(vm.id, tier, tuple(_left_alone(vm, host, objection) for host in hosts))
    examination = _Examination(prepared, vm)
    return GuestExplanation(vm.id, tier, tuple(examination.of(host) for host in hosts))


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
            *(self._short(h, name.removeprefix(_ROOM)) for name in names if name.startswith(_ROOM)),
        )
        return Admission(host.id, objections, () if objections else self._remarks(host, h))

    def _without_it(self, sizes: Ints) -> Occupancy:
        state = Occupancy(self._problem, sizes)
        if self._problem.current[self._v] != NOWHERE:
            state.take(self._v)
        return state

    def _unmovable(self, host: Host, h: int) -> tuple[Objection, ...]:
        problem, vm, v = self._problem, self._vm, self._v
        if problem.disruption.move_targets(v, int(problem.current[v]))[h]:
            return ()
        cold = f"tier {problem.tiers[problem.tier[v]].name} does not allow cold migration"
        if vm.migratability is Migratability.NONE:
            message = "it cannot be migrated while it runs (migratability NONE)"
        elif vm.migratability is Migratability.COLD:
            message = f"it cannot be migrated live (migratability COLD), and {cold}"
        else:
            source = self._generation[vm.host_id]
            message = f"CPU generation {host.cpu_generation} is lower than {source} of {vm.host_id}, and {cold}"
        return (Objection(Condition.MOVE, message),)

    def _unstartable(self) -> tuple[Objection, ...]:
        if self._problem.startable[self._v]:
            return ()
        return (Objection(Condition.FENCING, stranded(self._vm)),)

    def _rule(self, name: str) -> Objection:
        document = next(document for document in self._policy.documents if document.name == name)
        about = f": {document.metadata.description}" if document.metadata.description else ""
        message = f"rule {name} ({document.kind}, {document.source}) refuses it{about}"
        return Objection(Condition.RULE, message, name)

    def _short(self, h: int, resource: str) -> Objection:
        problem, state, v = self._problem, self._at_floor, self._v
        r = problem.resources.index(resource)
        # room is counted in units that depend on whether the guest's tier is overcommitted
        unit = int(problem.capacity.factor[h, r, 1 if problem.capacity.backed[v, r] else 0])
        free = max(0, int(state.ceiling[h, r] - state.usage[h, r]) // unit)
        needs, asks = int(problem.floor[v, r]), int(problem.requested[v, r])
        least = "needs" if needs == asks else "needs at least"
        message = (
            f"too full: it {least} {describe_amount(resource, needs)}, and {describe_amount(resource, free)} "
            "would be free with every guest there at its floor"
        )
        return Objection(Condition.ROOM, message)

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
