"""From ordered steps to the plan: preparation of hosts, dependencies, times, reasons and undo."""

from __future__ import annotations

from collections.abc import Sequence

from ..actions import Action, ActionKind, Plan, Undo
from ..failures import Event
from ..primitives.encoding import Ints
from ..problem import NOWHERE, Problem
from .facts import Facts
from .precedence.waiting import find_precedence
from .reasons import Reasons
from .schedule import earliest_starts
from .steps import NO_VM, Step
from .timing import durations_of


def build_plan(facts: Facts, problem: Problem, ordered: Sequence[Step], event: Event) -> Plan:
    """The plan that executes `ordered`, hosts fenced and booted first."""
    steps = [*_preparations(problem, ordered, facts.failed_host), *ordered]
    durations = durations_of(facts, steps)
    needs = find_precedence(facts, problem, steps, durations)
    starts = earliest_starts(facts, steps, needs, durations)
    reasons = Reasons(facts, problem, steps, event)
    return Plan(
        tuple(
            Action(
                id=i + 1,
                kind=step.kind,
                vm_id="" if step.v == NO_VM else problem.vm_ids[step.v],
                host_id=problem.host_ids[step.host],
                target_host_id=problem.host_ids[step.goal] if step.is_migration else "",
                size=_named(problem, facts, step.v, step.size),
                depends_on=tuple(d + 1 for d in needs[i]),
                phase=reasons.phase(i),
                earliest_start_s=starts[i],
                duration_s=durations[i],
                reason=reasons.text(i),
                rules=reasons.rules(i),
                undo=_undo(problem, facts, step),
            )
            for i, step in enumerate(steps)
        )
    )


def _preparations(problem: Problem, ordered: Sequence[Step], failed_host: dict[int, int]) -> list[Step]:
    """Fencing for every failed host whose guests start elsewhere, booting for every cold spare that is used."""
    starting = {step.v for step in ordered if step.kind.arrives}
    fenced = sorted({h for v, h in failed_host.items() if v in starting})
    entered = sorted({step.enters for step in ordered if step.enters != NOWHERE})
    booted = [h for h in entered if problem.disruption.spare[h]]
    return [
        *(Step(ActionKind.FENCE_HOST, NO_VM, h) for h in fenced),
        *(Step(ActionKind.BOOT_HOST, NO_VM, h) for h in booted),
    ]


def _named(problem: Problem, facts: Facts, v: int, size: Ints | None) -> dict[str, int]:
    """A size by resource name; resources the guest does not ask for are left out."""
    if size is None:
        return {}
    names = facts.vms[v].requested
    return {r: int(size[i]) for i, r in enumerate(problem.resources) if r in names}


def _undo(problem: Problem, facts: Facts, step: Step) -> Undo | None:
    """The inverse right after the step; fencing has none, nor has a migration that cannot be made backwards."""
    kind = step.kind.traits.undone_by
    if kind is None:
        return None
    host = problem.host_ids[step.host]
    if step.v == NO_VM:
        return Undo(kind, host_id=host)
    vm_id = problem.vm_ids[step.v]
    if step.is_migration:
        if not problem.disruption.reaches(step.v, step.goal, step.host):
            return None
        live = problem.disruption.is_live(step.v, step.goal, step.host)
        back = ActionKind.MIGRATE_LIVE if live else ActionKind.MIGRATE_COLD
        return Undo(back, vm_id, problem.host_ids[step.goal], host)
    size = _named(problem, facts, step.v, step.before) if kind.traits.carries_size else {}
    return Undo(kind, vm_id, host, size=size)
