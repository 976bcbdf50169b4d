"""The reports of what a plan does on a host, and of one of its actions."""

from __future__ import annotations

from collections.abc import Iterator

from trimtab_solver.actions import Action
from trimtab_solver.amounts import describe_size
from trimtab_solver.execution.carry_out import after_plan
from trimtab_solver.outcome import Answer
from trimtab_solver.snapshot import Host, Snapshot

from .action_tables import action_table
from .answer import blockers_table, broken_rules_table
from .model import Block, Report, Section, Tone, Value, line
from .phrases import PHASES, describe_action
from .quantities import plural, some, spell_seconds
from .verdict import headline

_NAMED = 12


def host_report(host: Host, snapshot: Snapshot, answer: Answer) -> Report:
    """What the plan does on the host, and what is not as it should be there afterwards."""
    actions = [one for one in answer.plan.actions if host.id in (one.host_id, one.target_host_id)]
    before = [vm.id for vm in snapshot.vms if vm.is_running and vm.place == host.id]
    after = [vm.id for vm in after_plan(snapshot, answer.plan).vms if vm.is_running and vm.place == host.id]
    title = f"{host.id}: {host.state.value.lower()} in the snapshot, has {describe_size(host.capacity)}."
    blocks: list[Block] = [
        line(f"Plan: {headline(answer)}."),
        line(f"Before: {_named(before)}."),
        line(f"After: {_named(after)}."),
        action_table(actions) if actions else line("The plan does nothing on it."),
    ]
    facts = {"hostId": host.id, "state": host.state.value, "before": tuple(before), "after": tuple(after)}
    return Report(line(title, is_strong=True), tuple(blocks), tuple(_flaws(host, answer)), facts=facts)


def _flaws(host: Host, answer: Answer) -> Iterator[Section]:
    if blockers := [one for one in answer.blockers if one.host_id == host.id]:
        yield Section("Stays although the host is to be emptied", (blockers_table(blockers),))
    if broken := [one for one in answer.broken_rules if one.host_id == host.id]:
        yield Section("What remains broken on it", (broken_rules_table(broken),))


def _named(guests: list[str]) -> str:
    return f"{plural(len(guests), 'guest')} ({some(guests, _NAMED)})" if guests else "nobody runs there"


def action_report(action: Action, answer: Answer) -> Report:
    """Why the action is in the plan, what it waits for, what waits for it, and how it is taken back."""
    by_id = {one.id: one for one in answer.plan.actions}
    awaited = [by_id[one] for one in action.depends_on if one in by_id]
    waiting = [one for one in answer.plan.actions if action.id in one.depends_on]
    start = f"from {spell_seconds(action.earliest_start_s)} on, for {spell_seconds(action.duration_s)}"
    blocks = [
        line(f"Why: {action.reason}."),
        line(f"Phase: {action.phase} ({PHASES[action.phase]}); {start}."),
        line(f"Waits for: {_listed(awaited)}."),
        line(f"Waiting for it: {_listed(waiting)}."),
    ]
    if action.rules:
        blocks.append(line(f"Documents involved: {', '.join(action.rules)}."))
    if action.undo is None:
        blocks.append(line("It cannot be taken back.", tone=Tone.DOUBTFUL))
    else:
        undo = action.undo
        goal = f" to {undo.target_host_id}" if undo.target_host_id else ""
        blocks.append(line(f"Taken back by: {undo.kind} {undo.vm_id or undo.host_id} on {undo.host_id}{goal}."))
    facts: dict[str, Value] = {
        "id": action.id,
        "reason": action.reason,
        "rules": action.rules,
        "dependsOn": action.depends_on,
        "waiting": tuple(one.id for one in waiting),
    }
    return Report(line(f"Action {action.id}: {describe_action(action)}.", is_strong=True), tuple(blocks), facts=facts)


def _listed(actions: list[Action]) -> str:
    return some([f"{one.id} ({describe_action(one)})" for one in actions], _NAMED) or "nothing"
