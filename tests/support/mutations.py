"""Ways to damage a plan: each is a function from a verified plan to all its mutants of one kind.

Plans lose their undos first and mutants get new times, so that a mutant is never rejected for a detail of those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.execution.carry_out import after_plan
from trimtab_solver.snapshot import VmState
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.rights import move_kind

_OTHER_MIGRATION = {
    ActionKind.MIGRATE_LIVE: ActionKind.MIGRATE_COLD,
    ActionKind.MIGRATE_COLD: ActionKind.MIGRATE_LIVE,
}


def bare(plan: Plan) -> Plan:
    """The plan without undos."""
    return Plan(tuple(replace(action, undo=None) for action in plan.actions))


def _numbered(actions: Sequence[Action]) -> Plan:
    """A plan of these actions in this order, each with its old dependencies under their new numbers."""
    new = {action.id: number for number, action in enumerate(actions, 1)}
    return Plan(
        tuple(
            replace(action, id=number, depends_on=tuple(sorted(new[d] for d in action.depends_on if d in new)))
            for number, action in enumerate(actions, 1)
        )
    )


def _with(plan: Plan, action: Action) -> Plan:
    """The plan with the action in place of the one that has its number."""
    return Plan(tuple(action if old.id == action.id else old for old in plan.actions))


def _without(plan: Plan, gone: Action) -> Plan:
    """The plan without an action; who waited for it waits for what it waited for."""
    kept = [
        replace(a, depends_on=tuple({*a.depends_on, *gone.depends_on} - {gone.id})) if gone.id in a.depends_on else a
        for a in plan.actions
        if a is not gone
    ]
    return _numbered(kept)


def _added(plan: Plan, action: Action) -> Plan:
    """The plan with one more action, after all others."""
    return Plan((*plan.actions, replace(action, id=len(plan.actions) + 1, depends_on=_all(plan))))


def _all(plan: Plan) -> tuple[int, ...]:
    return tuple(action.id for action in plan.actions)


def action_dropped(_: Case, plan: Plan) -> Iterator[Plan]:
    """Any one guest's action is missing."""
    yield from (_without(plan, action) for action in plan.actions if action.vm_id)


def dependent_actions_swapped(_: Case, plan: Plan) -> Iterator[Plan]:
    """An action stands before one that it must wait for."""
    for action in plan.actions:
        for before in action.depends_on:
            actions = list(plan.actions)
            actions[action.id - 1], actions[before - 1] = actions[before - 1], actions[action.id - 1]
            yield _numbered(actions)


def retargeted(case: Case, plan: Plan) -> Iterator[Plan]:
    """A guest goes to another host."""
    for action in plan.actions:
        for host_id in case.hosts:
            if action.kind.arrives and host_id != action.host_id:
                yield _with(plan, replace(action, host_id=host_id))
            elif action.kind.moves and host_id not in (action.host_id, action.target_host_id):
                yield _with(plan, replace(action, target_host_id=host_id))


def resized_below_the_floor(case: Case, plan: Plan) -> Iterator[Plan]:
    """A guest gets one unit less than its floor."""
    for action in plan.actions:
        if action.size:
            vm = case.vms[action.vm_id]
            for resource, (least, _most) in case.size_limits(vm).items():
                yield _with(plan, replace(action, size={**action.size, resource: least - 1}))


def fencing_dropped(case: Case, plan: Plan) -> Iterator[Plan]:
    """Displaced guests start although nobody fenced their host."""
    yield from (_without(plan, action) for action in plan.actions if action.kind is ActionKind.FENCE_HOST)


def fencing_too_late(_: Case, plan: Plan) -> Iterator[Plan]:
    """Their host is fenced after displaced guests have started."""
    for action in plan.actions:
        if action.kind is ActionKind.FENCE_HOST:
            yield _added(_without(plan, action), replace(action, depends_on=()))


def boot_dropped(_: Case, plan: Plan) -> Iterator[Plan]:
    """Guests go to a cold spare that nobody booted."""
    yield from (_without(plan, action) for action in plan.actions if action.kind is ActionKind.BOOT_HOST)


def dependency_removed(_: Case, plan: Plan) -> Iterator[Plan]:
    """An action does not wait for one of those it waited for."""
    for action in plan.actions:
        for before in action.depends_on:
            yield _with(plan, replace(action, depends_on=tuple(d for d in action.depends_on if d != before)))


def protected_guest_stopped(case: Case, plan: Plan) -> Iterator[Plan]:
    """A guest whose tier gives no right to it is stopped in the end."""
    for vm in after_plan(case.snapshot, plan).vms:
        if vm.is_running and case.tier[vm.id].eviction is None:
            yield _added(plan, Action(0, ActionKind.STOP, vm.id, vm.place))


def wrong_source(case: Case, plan: Plan) -> Iterator[Plan]:
    """What happens to a running guest is said to happen on a host where it is not."""
    for action in plan.actions:
        if action.vm_id and not action.kind.arrives:
            yield from (_with(plan, replace(action, host_id=h)) for h in case.hosts if h != action.host_id)


def started_twice(_: Case, plan: Plan) -> Iterator[Plan]:
    """A guest is started again right after it was started."""
    for action in plan.actions:
        if action.kind.arrives:
            again = [replace(action, id=0, depends_on=(action.id,))]
            yield _numbered([*plan.actions[: action.id], *again, *plan.actions[action.id :]])


def migration_kind_changed(_: Case, plan: Plan) -> Iterator[Plan]:
    """A guest that can move live moves cold, or the other way round."""
    for action in plan.actions:
        if action.kind.moves:
            yield _with(plan, replace(action, kind=_OTHER_MIGRATION[action.kind]))


def one_more_guest_moved(case: Case, plan: Plan) -> Iterator[Plan]:
    """The budget is spent, and then another guest is moved."""
    moved = moved_in(case, plan)
    if len(moved) < case.moves.most:
        return
    for vm in case.snapshot.vms:
        if vm.state is VmState.RUNNING and vm.id not in moved | case.exempt:
            for host in case.snapshot.hosts:
                if host.id != vm.place and (kind := move_kind(vm, case.tier[vm.id], case.hosts[vm.place], host)):
                    yield _added(plan, Action(0, kind, vm.id, vm.place, host.id))


def duration_changed(_: Case, plan: Plan) -> Iterator[Plan]:
    """An action takes a second more or less than it should, no time, or ten times as long."""
    for action in plan.actions:
        for duration_s in {action.duration_s + 1, action.duration_s - 1, 0, 10 * action.duration_s}:
            if duration_s != action.duration_s:
                yield _with(plan, replace(action, duration_s=duration_s))


def all_at_once(_: Case, plan: Plan) -> Iterator[Plan]:
    """Everything happens in the first second and takes no time."""
    yield Plan(tuple(replace(action, earliest_start_s=0, duration_s=0) for action in plan.actions))


def moved_in(case: Case, plan: Plan) -> set[str]:
    """The guests that count against the budget."""
    hosts = {(action.vm_id, action.target_host_id or action.host_id) for action in plan.actions if action.vm_id}
    places = {vm.id: vm.place for vm in case.snapshot.vms if vm.is_running}
    return {vm_id for vm_id, host_id in hosts if places.get(vm_id, host_id) != host_id} - case.exempt


Mutation = Callable[[Case, Plan], Iterator[Plan]]

ALWAYS_WRONG: tuple[Mutation, ...] = (
    dependent_actions_swapped,
    resized_below_the_floor,
    fencing_dropped,
    fencing_too_late,
    boot_dropped,
    protected_guest_stopped,
    wrong_source,
    started_twice,
    migration_kind_changed,
    one_more_guest_moved,
)
"""No mutant of these is ever a plan."""

SOMETIMES_RIGHT: tuple[Mutation, ...] = (action_dropped, retargeted, dependency_removed)
"""A mutant of these may be safe: another host may do as well, a dependency may follow from others."""

WRONG_IN_TIME: tuple[Mutation, ...] = (duration_changed, all_at_once)
"""Mutants of these are never right; they keep the times they have."""
