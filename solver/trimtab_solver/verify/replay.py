"""Replays a plan on the snapshot, action by action, under the policy. Nothing of what made the plan is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import assert_never

from ..actions import Action, ActionKind, Plan
from ..placement import Placement
from ..policy.documents import Policy
from ..policy.selection import Selection
from ..rules.tier import EvictionAction
from ..snapshot import Host, Snapshot, Vm, VmState
from .case import Case
from .dependencies import Dependencies
from .durations import duration_faults
from .events import Events
from .kinds import BringingUp, Moving, Sizing, TakingDown, is_migration
from .levels import Levels
from .placement import budget_violations, room_violations, size_violations
from .power import Power
from .rights import move_kind
from .room import Load
from .slots import slot_faults
from .state import ReplayState, Touched
from .undo import undo_fault
from .violation import END_STATE, Code, Violation

MAX_VIOLATIONS = 1000
"""A plan with more is hopeless; the rest is not listed."""

_EVICTIONS: Mapping[TakingDown, EvictionAction] = {
    ActionKind.STOP: EvictionAction.STOP,
    ActionKind.SUSPEND: EvictionAction.SUSPEND,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the replay found. `levels` and `placement` describe the state it ended in."""

    violations: tuple[Violation, ...]
    levels: Levels
    placement: Placement

    @property
    def is_valid(self) -> bool:
        """Whether the plan is safe in every order it permits."""
        return not self.violations


def verify_plan(
    snapshot: Snapshot,
    policy: Policy,
    plan: Plan,
    selection: Selection | None = None,
    *,
    case: Case | None = None,
) -> Verdict:
    """Judges a plan. A `selection` or `case` that is already at hand saves building it.

    An action that cannot be carried out (an unknown guest, a guest that is elsewhere) is reported and left out; any
    other faulty action is reported and carried out, so that all that follows from it is reported too.

    Raises
    ------
    PolicyRefusedError
        When the policy cannot be evaluated on the snapshot. A plan never raises, however malformed.
    """
    return _Replay(Case(snapshot, policy, selection) if case is None else case, plan).run()


class _Replay:
    def __init__(self, case: Case, plan: Plan) -> None:
        self._case = case
        self._plan = plan
        self._state = ReplayState(case)
        self._dependencies = Dependencies(plan)
        self._events = Events(case, self._state.rooms, self._dependencies)
        self._power = Power(case, self._dependencies)
        suspended = VmState.SUSPENDED
        self._asleep = {vm.id for vm in case.snapshot.vms if vm.state is suspended}
        self._stopped: set[str] = set()
        self._suspended: set[str] = set()
        self._restarted: set[str] = set()
        """Guests that have been started or resumed: their first host no longer matters."""
        self._moved: set[str] = set()
        """Guests that have been brought to another host and are not exempt from the budget."""
        self._moved_of: Counter[str] = Counter()

    def run(self) -> Verdict:
        """Replays the list."""
        case, plan = self._case, self._plan
        violations = [*self._dependencies.faults, *duration_faults(case, plan), *slot_faults(case, plan)]
        for place, action in enumerate(plan.actions, 1):
            if action.id != place:
                violations.append(Violation(place, Code.MALFORMED, f"has id {action.id} at place {place}"))
            violations.extend(self._perform(place, action))
            if len(violations) >= MAX_VIOLATIONS:
                break
        violations.extend(islice(self._events.faults(), MAX_VIOLATIONS))
        if len(violations) >= MAX_VIOLATIONS:
            del violations[MAX_VIOLATIONS - 1 :]
            violations.append(Violation(END_STATE, Code.TRUNCATED, f"more than {len(violations)} violations"))
        levels = self._state.levels(self._stopped, self._suspended)
        return Verdict(tuple(violations), levels, self._state.placement())

    def _perform(self, place: int, action: Action) -> Iterator[Violation]:
        host = self._case.hosts.get(action.host_id)
        if host is None:
            yield _fault(
                place,
                Code.MALFORMED,
                action,
                f"host {action.host_id or '(none)'} is not in the snapshot",
            )
            return
        if bool(action.target_host_id) != is_migration(action.kind):
            yield _fault(
                place,
                Code.MALFORMED,
                action,
                "migrations, and only they, have a target host",
            )
        match action.kind:
            case ActionKind.FENCE_HOST | ActionKind.BOOT_HOST | ActionKind.SHUTDOWN_HOST:
                if fault := undo_fault(self._case, action, {}):
                    yield _fault(place, Code.UNDO, action, fault)
                yield from self._power.perform(place, action.kind, host, self._state.guests[host.id])
            case ActionKind.START | ActionKind.RESUME | ActionKind.STOP | ActionKind.SUSPEND:
                yield from self._perform_on_guest(place, action, action.kind, host)
            case ActionKind.MIGRATE_LIVE | ActionKind.MIGRATE_COLD | ActionKind.RESIZE:
                yield from self._perform_on_guest(place, action, action.kind, host)
            case _:
                assert_never(action.kind)

    def _perform_on_guest(
        self, place: int, action: Action, kind: BringingUp | TakingDown | Moving | Sizing, host: Host
    ) -> Iterator[Violation]:
        vm = self._case.vms.get(action.vm_id)
        if vm is None:
            yield _fault(
                place,
                Code.MALFORMED,
                action,
                f"guest {action.vm_id or '(none)'} is not in the snapshot",
            )
            return
        if vm.id in self._case.quarantined:
            yield _fault(place, Code.RIGHT, action, f"{vm.id} is in quarantine and must be left alone")
            return
        if vm.state in (VmState.STOPPED, VmState.MIGRATING):
            yield _fault(
                place,
                Code.RIGHT,
                action,
                f"{vm.id} is {vm.state} and must be left alone",
            )
            return
        yield from self._dependencies.guest(place, vm.id)
        match kind:
            case ActionKind.START | ActionKind.RESUME:
                yield from self._bring_up(place, action, vm, host)
            case ActionKind.STOP | ActionKind.SUSPEND | ActionKind.MIGRATE_LIVE | ActionKind.MIGRATE_COLD:
                yield from self._change(place, action, kind, vm, host)
            case ActionKind.RESIZE:
                yield from self._change(place, action, kind, vm, host)
            case _:
                assert_never(kind)

    def _change(
        self, place: int, action: Action, kind: TakingDown | Moving | Sizing, vm: Vm, host: Host
    ) -> Iterator[Violation]:
        """Takes down, moves or resizes a guest, which must run on the host."""
        where = self._state.place.get(vm.id)
        if where != host.id:
            message = f"{vm.id} runs on {where}, not on {host.id}" if where else f"{vm.id} does not run"
            yield _fault(place, Code.PRECONDITION, action, message)
            return
        if fault := undo_fault_of_guest(self._case, action, self._state):
            yield _fault(place, Code.UNDO, action, fault)
        match kind:
            case ActionKind.MIGRATE_LIVE | ActionKind.MIGRATE_COLD:
                yield from self._migrate(place, action, vm, host)
            case ActionKind.RESIZE:
                yield from self._resize(place, action, vm, host)
            case ActionKind.STOP | ActionKind.SUSPEND:
                yield from self._take_down(place, action, kind, vm, host)
            case _:
                assert_never(kind)

    def _bring_up(self, place: int, action: Action, vm: Vm, host: Host) -> Iterator[Violation]:
        if vm.id in self._state.place:
            yield _fault(
                place,
                Code.PRECONDITION,
                action,
                f"{vm.id} runs on {self._state.place[vm.id]} already",
            )
            return
        if (action.kind is ActionKind.RESUME) is not (vm.id in self._asleep):
            yield _fault(
                place,
                Code.PRECONDITION,
                action,
                "RESUME is for suspended guests, START for all others",
            )
        if fault := undo_fault(self._case, action, {}):
            yield _fault(place, Code.UNDO, action, fault)
        if vm.id not in self._restarted:
            yield from self._power.restart(place, vm)
        yield from size_violations(place, self._case, vm, action.size)
        yield from self._admit(place, vm, host)
        self._asleep.discard(vm.id)
        self._restarted.add(vm.id)
        before = self._loads(place, vm.id, host.id)
        entered = self._state.arrive(vm.id, host.id, dict(action.size))
        yield from self._worsened(place, [], entered, before)

    def _take_down(self, place: int, action: Action, kind: TakingDown, vm: Vm, host: Host) -> Iterator[Violation]:
        tier = self._case.tier[vm.id]
        if tier.eviction is not _EVICTIONS[kind]:
            yield _fault(place, Code.RIGHT, action, f"tier {tier.name} gives no right to {action.kind} {vm.id} now")
        if action.kind is ActionKind.SUSPEND:
            self._asleep.add(vm.id)
            self._suspended.add(vm.id)
        else:
            self._stopped.add(vm.id)
        before = self._loads(place, vm.id, host.id)
        left = self._state.depart(vm.id)
        yield from self._worsened(place, left, [], before)

    def _migrate(self, place: int, action: Action, vm: Vm, source: Host) -> Iterator[Violation]:
        target = self._case.hosts.get(action.target_host_id)
        if target is None or target is source:
            message = f"{action.target_host_id or '(none)'} is not another host of the snapshot"
            yield _fault(place, Code.MALFORMED, action, message)
            return
        kind = move_kind(vm, self._case.tier[vm.id], source, target)
        if kind is not action.kind:
            message = f"{vm.id} may move from {source.id} to {target.id} by {kind or 'nothing'}, not by {action.kind}"
            yield _fault(place, Code.RIGHT, action, message)
        yield from self._admit(place, vm, target)
        size = self._state.size(vm.id)
        before = self._loads(place, vm.id, source.id, target.id)
        left = self._state.depart(vm.id)
        if action.kind is ActionKind.MIGRATE_COLD:
            # an outage: what rules count without the guest may be worse than before and after
            yield from self._worsened(place, left, [], {})
            left = []
        entered = self._state.arrive(vm.id, target.id, size)
        yield from self._worsened(place, left, entered, before)

    def _resize(self, place: int, action: Action, vm: Vm, host: Host) -> Iterator[Violation]:
        size, now = dict(action.size), self._state.size(vm.id)
        yield from size_violations(place, self._case, vm, size)
        grows = any(amount > now.get(resource, 0) for resource, amount in size.items())
        shrinks = any(amount > size.get(resource, 0) for resource, amount in now.items())
        if grows and shrinks:
            yield _fault(
                place,
                Code.SIZE,
                action,
                "grows one resource and shrinks another; it must be split in two",
            )
        before = self._loads(place, vm.id, host.id)
        self._state.resize(vm.id, size)
        yield from self._worsened(place, [], [], before)

    def _admit(self, place: int, vm: Vm, host: Host) -> Iterator[Violation]:
        yield from self._power.arrival(place, host)
        yield from self._case.arrival_faults(place, vm, host.id)
        if vm.is_running and host.id != vm.place and not (vm.id in self._moved or vm.id in self._case.exempt):
            faults = self._case.moves.faults_of_next(self._moved, self._moved_of, vm.id)
            yield from budget_violations(place, self._case, faults)

    def _loads(self, place: int, vm_id: str, *host_ids: str) -> dict[str, Load]:
        """What hosts hold that an action on the guest may change: its first host too if it keeps anything there."""
        rooms = self._state.rooms
        first = rooms.first_host(vm_id)
        found = {host_id: dict(rooms.loads[host_id]) for host_id in (*host_ids, *((first,) if first else ()))}
        for host_id in found:
            self._dependencies.use(place, host_id)
        return found

    def _worsened(
        self, place: int, left: list[Touched], entered: list[Touched], before: Mapping[str, Load]
    ) -> Iterator[Violation]:
        """What is worse after an event than in the snapshot; `before` is what the hosts held that it may concern."""
        self._events.change(place, left, entered)
        yield from self._state.growths(place, [*left, *entered])
        for host_id in self._events.hold(place, before):
            yield from room_violations(place, self._state.rooms, host_id)


def undo_fault_of_guest(case: Case, action: Action, state: ReplayState) -> str:
    """What is wrong with the undo of an action on a running guest."""
    if is_migration(action.kind) and action.target_host_id not in case.hosts:
        return ""
    return undo_fault(case, action, state.size(action.vm_id))


def _fault(place: int, code: Code, action: Action, message: str) -> Violation:
    return Violation(place, code, message, host_id=action.host_id, vm_id=action.vm_id)
