"""Reports of what a change of policy does: as lines, as Markdown for a pull request, as JSON, and with tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .json_report import records_of
from .json_text import json_text
from .model import Block, Cell, Column, Digest, Items, Report, Row, Section, Table, Tone, cells, line
from .quantities import plural, some

if TYPE_CHECKING:
    from trimtab_solver.actions import Action
    from trimtab_solver.review.diff import DocumentChange, PlanChange, PlanSide, PolicyDiff, SelectionChange

_DIGITS = 12
_NAMED = 8
"""So many guests, hosts or actions are listed in lines before they are only counted."""
_DOCUMENT_COLUMNS = ("document", "change", "field", "old", "new")


def diff_report(diff: PolicyDiff) -> Report:
    """Documents, selections and plans that differ."""
    counts = f"{plural(len(diff.documents), 'document')}, {plural(len(diff.selections), 'selection')}"
    verdict = line("Policy change: ", "no differences" if diff.is_empty else counts)
    digests = line("From policy ", Digest(diff.old_digest), " to ", Digest(diff.new_digest), ".", tone=Tone.QUIET)
    facts = {"oldDigest": diff.old_digest, "newDigest": diff.new_digest}
    return Report(verdict, sections=tuple(_sections(diff)), basis=(digests,), facts=facts)


def _sections(diff: PolicyDiff) -> Iterator[Section]:
    if diff.documents:
        rows = tuple(row for change in diff.documents for row in _document_rows(change))
        yield Section("Documents", (Table(tuple(map(Column, _DOCUMENT_COLUMNS)), rows, name="documents"),))
    if diff.selections:
        yield Section("Selections", (selection_table(diff.selections),))
    for plan in diff.plans:
        yield Section(f"Plan, {plan.scenario}", tuple(_plan_blocks(plan)))


def _plan_blocks(plan: PlanChange) -> Iterator[Block]:
    yield line("the same plan" if plan.is_empty else _outcomes(plan))
    if levels := tuple(_level_changes(plan)):
        columns = (Column("level"), Column("old", is_number=True), Column("new", is_number=True))
        rows = tuple((Cell(name), *(Cell(_value(value), value=value) for value in values)) for name, *values in levels)
        yield Table(columns, rows, name="levels")
    if facts := tuple(_guest_facts(plan, sys.maxsize)):
        yield Items(facts)
    if plan.added or plan.removed:
        rows = tuple(cells(*row) for row in _action_changes(plan))
        yield Table((Column("change"), Column("action", wrap=True)), rows, name="actions")


def _action_changes(plan: PlanChange) -> Iterator[tuple[str, str]]:
    yield from (("more", _action(action)) for action in plan.added)
    yield from (("fewer", _action(action)) for action in plan.removed)


def selection_table(changes: Sequence[SelectionChange]) -> Table:
    """Which guests each selector picks now, and no longer."""
    columns = (Column("rule"), Column("selects", key="path"), Column("gained", wrap=True), Column("lost", wrap=True))
    rows = (
        (*cells(one.name, one.path), *(Cell(", ".join(guests), value=guests) for guests in (one.gained, one.lost)))
        for one in changes
    )
    return Table(columns, tuple(rows), name="selections")


def _document_rows(change: DocumentChange) -> Iterator[Row]:
    name = f"{change.kind} {change.name}"
    yield cells(name, f"{_verb(change)} ({change.new or change.old})", "", "", "")
    for field in change.fields:
        yield cells(name, "", field.path, _value(field.old), _value(field.new))


def diff_lines(diff: PolicyDiff) -> Iterator[str]:
    """For a terminal."""
    if diff.is_empty:
        yield "no differences"
        return
    for change in diff.documents:
        yield f"{_verb(change)} {change.kind} {change.name} ({change.new or change.old})"
        for field in change.fields:
            yield f"    {field.path}: {_value(field.old)} -> {_value(field.new)}"
    for selection in diff.selections:
        yield f"{selection.name} {selection.path}: {_moves(selection)}"
    for plan in diff.plans:
        yield f"plan, {plan.scenario}: {'the same' if plan.is_empty else _outcomes(plan)}"
        for fact in _plan_facts(plan):
            yield f"    {fact}"


def diff_markdown(diff: PolicyDiff) -> Iterator[str]:
    """For a pull request."""
    yield f"### Policy change `{diff.old_digest[:_DIGITS]}` to `{diff.new_digest[:_DIGITS]}`"
    if diff.is_empty:
        yield from ("", "No differences.")
        return
    if diff.documents:
        yield from ("", "| document | change |", "|---|---|")
        for change in diff.documents:
            fields = "<br>".join(
                f"`{_cell(field.path)}`: {_cell(_value(field.old))} → {_cell(_value(field.new))}"
                for field in change.fields
            )
            yield f"| {change.kind} `{_cell(change.name)}` | {fields or _verb(change)} |"
    if diff.selections:
        yield from ("", "| rule | selects | gained | lost |", "|---|---|---|---|")
        for one in diff.selections:
            gained, lost = (_cell(some(guests, _NAMED)) for guests in (one.gained, one.lost))
            yield f"| `{_cell(one.name)}` | `{one.path}` | {gained} | {lost} |"
    for plan in diff.plans:
        yield from (
            "",
            f"**{_cell(plan.scenario)}**: {'the same plan' if plan.is_empty else _cell(_outcomes(plan))}",
            "",
        )
        for fact in _plan_facts(plan):
            yield f"- {_cell(fact)}"


def diff_json(diff: PolicyDiff) -> str:
    """For programs."""
    report = {
        "oldDigest": diff.old_digest,
        "newDigest": diff.new_digest,
        # fields within documents and values by tier or rule: no rows of a table
        "documents": [
            {
                "kind": change.kind,
                "name": change.name,
                "change": _verb(change),
                "fields": [asdict(field) for field in change.fields],
            }
            for change in diff.documents
        ],
        "selections": records_of(selection_table(diff.selections)),
        "plans": [_plan(plan) for plan in diff.plans],
    }
    return json_text(report)


def _plan(plan: PlanChange) -> dict[str, Any]:
    return {
        "scenario": plan.scenario,
        "same": plan.is_empty,
        "proven": plan.is_proven,
        "old": _side(plan.old),
        "new": _side(plan.new),
        "added": [_action(action) for action in plan.added],
        "removed": [_action(action) for action in plan.removed],
        "down": list(plan.down),
        "up": list(plan.up),
        "stops": {tier: {"old": old, "new": new} for tier, old, new in plan.stops},
        "broken": {rule: {"old": old, "new": new} for rule, old, new in plan.broken},
    }


def _side(side: PlanSide) -> dict[str, Any]:
    if side.refused:
        return {"refused": [str(fault) for fault in side.refused]}
    return {"outcome": side.outcome, "levels": dict(side.levels or {})}


def _plan_facts(plan: PlanChange) -> Iterator[str]:
    for name, old, new in _level_changes(plan):
        yield f"level {name}: {_value(old)} -> {_value(new)}"
    yield from _guest_facts(plan, _NAMED)
    if plan.added:
        yield f"{plural(len(plan.added), 'action')} more: {_actions(plan.added)}"
    if plan.removed:
        yield f"{plural(len(plan.removed), 'action')} fewer: {_actions(plan.removed)}"


def _level_changes(plan: PlanChange) -> Iterator[tuple[str, int | None, int | None]]:
    old, new = plan.old.levels, plan.new.levels
    if old is None or new is None:
        return
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)


def _guest_facts(plan: PlanChange, most: int) -> Iterator[str]:
    if not plan.is_empty and not plan.is_proven:
        yield "not proven best within the work given: more search could change what follows; compare levels first"
    for tier, old, new in plan.stops:
        yield f"{tier}: {old} -> {plural(new, 'guest')} stopped or suspended"
    if plan.down:
        yield f"stays down now: {some(plan.down, most)}"
    if plan.up:
        yield f"no longer stays down: {some(plan.up, most)}"
    for rule, old, new in plan.broken:
        yield f"leaves {rule} broken by {new} (the old plan by {old})"


def _outcomes(plan: PlanChange) -> str:
    old, new = _outcome(plan.old), _outcome(plan.new)
    return new if old == new else f"{old} -> {new}"


def _outcome(side: PlanSide) -> str:
    return f"REFUSED ({side.refused[0]})" if side.refused else side.outcome


def _verb(change: DocumentChange) -> str:
    if change.old is None:
        return "added"
    return "removed" if change.new is None else "changed"


def _moves(change: SelectionChange) -> str:
    parts = [f"+{len(change.gained)} ({some(change.gained, _NAMED)})"] if change.gained else []
    parts += [f"-{len(change.lost)} ({some(change.lost, _NAMED)})"] if change.lost else []
    return ", ".join(parts)


def _action(action: Action) -> str:
    target = f" to {action.target_host_id}" if action.target_host_id else ""
    where = f" on {action.host_id}" if action.vm_id else f" {action.host_id}"
    return f"{action.kind} {action.vm_id}{where}{target}".replace("  ", " ")


def _actions(actions: Sequence[Action]) -> str:
    return some([_action(action) for action in actions], _NAMED)


def _value(value: object) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    """Text of others in a Markdown table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
