"""What a plan does, in the order of execution: its waves, and every action with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from trimtab_solver.actions import Action, Phase, Plan
from trimtab_solver.outcome import Answer

from .model import Cell, Column, Row, Section, Table, Tone, Value, line, listed, number
from .phrases import PHASES, describe_action
from .quantities import plural, spell_seconds
from .summary import describe_arrivals
from .waves import Wave, count_done, waves_of

_AWAITED = 3
"""So many actions are named that one waits for, where lists are limited."""


def plan_sections(answer: Answer) -> Iterator[Section]:
    """What each wave does, where there are several, and every action in the order of execution."""
    plan = answer.plan
    waves = waves_of(plan.actions)
    if len(waves) > 1:
        yield Section(
            plural(len(waves), "wave"),
            (wave_table(waves, [count.tier for count in answer.tiers]),),
            "a wave waits for earlier ones only",
        )
    title = f"{plural(len(plan.actions), 'action')}, done after about {spell_seconds(plan.makespan_s)}"
    how = "Begin an action once those in `after` are complete; times are estimates."
    numbers = {action.id: wave.number for wave in waves for action in wave.actions}
    ordered = [action for wave in waves for action in wave.actions]
    yield Section(title, (line(how, tone=Tone.QUIET, indent=2), action_table(ordered, waves=numbers)))


def wave_table(waves: Sequence[Wave], tiers: Sequence[str]) -> Table:
    """What each wave does, from when to when, and how many of which of the `tiers` it brings back."""
    columns = (
        Column("wave", is_number=True),
        Column("from", is_number=True, unit="s"),
        Column("until", is_number=True, unit="s"),
        Column("what is done", wrap=True, key="done"),
        Column("back", wrap=True),
    )
    rows = tuple(
        (
            number(wave.number),
            Cell(spell_seconds(wave.start_s), value=wave.start_s),
            Cell(spell_seconds(wave.end_s), value=wave.end_s),
            Cell(count_done(wave.actions)),
            Cell(describe_arrivals(wave.actions, tiers), value=tuple(a.vm_id for a in wave.actions if a.kind.arrives)),
        )
        for wave in waves
    )
    return Table(columns, rows, is_list=True, noun="wave", name="waves")


def phase_sections(plan: Plan, shown: Sequence[Action] | None = None) -> Iterator[Section]:
    """The actions of each phase; `shown` are those of the plan that have rows, None for all."""
    for phase in Phase:
        of_phase = [action for action in plan.actions if action.phase is phase]
        rows = [action for action in of_phase if shown is None or action in shown]
        if of_phase:
            title = f"{phase} - {PHASES[phase]} ({plural(len(of_phase), 'action')})"
            yield Section(title, (action_table(rows, len(of_phase) - len(rows)),))


def action_table(actions: Sequence[Action], left_out: int = 0, waves: Mapping[int, int] | None = None) -> Table:
    """What is done, when, after what, and why; with `waves` in which of them."""
    columns = (
        *((Column("wave", is_number=True),) if waves is not None else ()),
        Column("no.", is_number=True, key="id"),
        Column("from", is_number=True, unit="s"),
        Column("after", wrap=True),
        Column("action", wrap=True, most=44),
        Column("reason", wrap=True),
    )
    rows = tuple(
        (*((number(waves[action.id]),) if waves is not None else ()), *_action_row(action)) for action in actions
    )
    return Table(columns, rows, is_list=True, left_out=left_out, name="actions")


def _action_row(action: Action) -> Row:
    start = action.earliest_start_s
    return (
        number(action.id),
        Cell(spell_seconds(start), value=start),
        listed(list(map(str, action.depends_on)), _AWAITED, action.depends_on),
        Cell(describe_action(action), value=_action_value(action)),
        Cell(action.reason),
    )


def _action_value(action: Action) -> dict[str, Value]:
    return {
        "kind": action.kind.value,
        "vmId": action.vm_id,
        "hostId": action.host_id,
        "targetHostId": action.target_host_id,
        "size": dict(action.size),
    }
