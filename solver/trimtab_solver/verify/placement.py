"""Judges a target: a final placement, whatever the way that leads to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ..placement import Placement
from ..policy.documents import Policy
from ..policy.selection import Selection
from ..rules.tier import EvictionAction
from ..snapshot import Snapshot, Vm, VmState
from .action_budget import Excess
from .case import Case
from .levels import Levels, levels
from .quarantine import unclear
from .rights import move_kind, size_faults
from .room import Rooms
from .scope import HostScope
from .violation import END_STATE, Code, Violation


@dataclass(frozen=True, slots=True)
class PlacementVerdict:
    """What is wrong with a target, and its levels. Levels are empty when the target names unknown guests or hosts."""

    violations: tuple[Violation, ...]
    levels: Levels

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.violations


def judge_placement(
    snapshot: Snapshot,
    policy: Policy,
    selection: Selection | None,
    placement: Placement,
    *,
    stopped: Collection[str] = (),
    suspended: Collection[str] = (),
    case: Case | None = None,
) -> PlacementVerdict:
    """Judges a target.

    Guests that run now and not in the target count as stopped or suspended, as their tier says. `stopped` and
    `suspended` name running guests that the plan takes down for a while although they run in the end. A `case` that
    is already at hand saves building one from the other arguments.

    Raises
    ------
    PolicyRefusedError
        When the policy cannot be evaluated on the snapshot.
    """
    case = Case(snapshot, policy, selection) if case is None else case
    unknown = list(_unknown(case, placement))
    if unknown:
        return PlacementVerdict(tuple(unknown), ())
    down, asleep = set(stopped), set(suspended)
    violations: list[Violation] = []
    for vm in snapshot.vms:
        host_id = placement.hosts.get(vm.id)
        if host_id is None:
            if vm.is_running:
                violations.extend(_evicted(case, vm, down, asleep))
            continue
        if not vm.is_running or vm.place != host_id:
            violations.extend(_moved(case, vm, host_id, vm.id in down or vm.id in asleep))
        violations.extend(_sized(case, vm, placement.sizes[vm.id]))
    totals = []
    for index, scope in enumerate(case.scopes):
        also = case.also[index]
        amounts = scope.amounts({**placement.hosts, **also} if also else placement.hosts)
        if case.is_frozen[index] and scope.tally(placement.hosts).counts != case.tallies[index].counts:
            violations.append(unclear(END_STATE, scope))
        totals.append(0 if case.is_frozen[index] else sum(amounts.values()))
        # a HostScope cannot grow without an arrival that it refuses, which `_moved` reports
        if scope.is_must and not isinstance(scope, HostScope):
            for key, amount in amounts.items():
                if grown := case.growth(END_STATE, index, key, amount):
                    violations.append(grown)
    moved = {
        vm.id for vm in snapshot.vms if vm.is_running and placement.hosts.get(vm.id, vm.place) != vm.place
    } - case.exempt
    violations.extend(budget_violations(END_STATE, case, case.moves.faults(moved)))
    rooms = case.rooms()
    rooms.hold(placement.hosts, placement.sizes)
    for host in snapshot.hosts:
        violations.extend(room_violations(END_STATE, rooms, host.id))
    return PlacementVerdict(
        tuple(violations),
        levels(case, placement.hosts, placement.sizes, totals, rooms, down, asleep),
    )


def budget_violations(step: int, case: Case, faults: Iterator[Excess]) -> Iterator[Violation]:
    """What the budget says against moves, as violations."""
    for message, amount, limit in faults:
        yield Violation(step, Code.BUDGET, message, rule=case.moves.rule, amount=amount, limit=limit)


def room_violations(step: int, rooms: Rooms, host_id: str) -> Iterator[Violation]:
    """One violation per resource of which the host holds more than it may."""
    for resource, load, limit in rooms.excess(host_id):
        amount, available = -(-load // 100), limit // 100
        yield Violation(
            step,
            Code.ROOM,
            f"{host_id} would hold {amount} {resource}, it may hold {available}",
            host_id=host_id,
            resource=resource,
            amount=amount,
            limit=available,
        )


def size_violations(step: int, case: Case, vm: Vm, size: Mapping[str, int]) -> Iterator[Violation]:
    """One violation per resource of which the guest has less or more than it may."""
    for resource, amount, bound in size_faults(case.size_limits(vm), size):
        side = "below its floor" if amount < bound else "above its request"
        rule = next(iter(case.keepers(vm, resource, amount)), "")
        yield Violation(
            step,
            Code.SIZE,
            f"{vm.id} would have {amount} {resource}, {side} of {bound}" + (case.words(rule, vm.id) if rule else ""),
            vm_id=vm.id,
            resource=resource,
            rule=rule,
            amount=amount,
            limit=bound,
        )


def _unknown(case: Case, placement: Placement) -> Iterator[Violation]:
    for vm_id, host_id in placement.hosts.items():
        if vm_id not in case.vms:
            yield Violation(
                END_STATE,
                Code.MALFORMED,
                f"guest {vm_id} is not in the snapshot",
                vm_id=vm_id,
            )
        elif host_id not in case.hosts:
            message = f"host {host_id} is not in the snapshot"
            yield Violation(END_STATE, Code.MALFORMED, message, host_id=host_id, vm_id=vm_id)
        elif vm_id not in placement.sizes:
            yield Violation(END_STATE, Code.MALFORMED, f"guest {vm_id} has no size", vm_id=vm_id)
    for vm_id in placement.sizes.keys() - placement.hosts.keys():
        yield Violation(
            END_STATE,
            Code.MALFORMED,
            f"guest {vm_id} has a size but no host",
            vm_id=vm_id,
        )


def _evicted(case: Case, vm: Vm, down: set[str], asleep: set[str]) -> Iterator[Violation]:
    eviction = case.tier[vm.id].eviction
    (asleep if eviction is EvictionAction.SUSPEND else down).add(vm.id)
    if vm.state is VmState.MIGRATING:
        yield Violation(
            END_STATE,
            Code.RIGHT,
            f"{vm.id} is MIGRATING and must be left alone",
            vm_id=vm.id,
        )
    elif eviction is None:
        message = f"{vm.id} must keep running: tier {case.tier[vm.id].name} may not be evicted now"
        yield Violation(END_STATE, Code.RIGHT, message, vm_id=vm.id)


def _moved(case: Case, vm: Vm, host_id: str, interrupted: bool) -> Iterator[Violation]:
    if vm.state is VmState.MIGRATING:
        yield Violation(
            END_STATE,
            Code.RIGHT,
            f"{vm.id} is MIGRATING and must be left alone",
            vm_id=vm.id,
        )
        return
    if vm.is_running:
        tier = case.tier[vm.id]
        may_restart = interrupted and tier.eviction is not None
        if not may_restart and move_kind(vm, tier, case.hosts[vm.place], case.hosts[host_id]) is None:
            message = f"{vm.id} may not move from {vm.place} to {host_id}, neither live nor cold"
            yield Violation(END_STATE, Code.RIGHT, message, host_id=host_id, vm_id=vm.id)
    elif fault := case.start_fault(vm):
        yield Violation(END_STATE, Code.RIGHT, fault, host_id=host_id, vm_id=vm.id)
    if vm.is_wanted:
        yield from case.arrival_faults(END_STATE, vm, host_id)


def _sized(case: Case, vm: Vm, size: Mapping[str, int]) -> Iterator[Violation]:
    if vm.is_wanted:
        yield from size_violations(END_STATE, case, vm, size)
