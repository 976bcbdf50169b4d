"""Reports of what a change of policy does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .json_report import records_of
from .json_text import json_text
from .levels import unit_cell, value_cell
from .model import Block, Cell, Column, Digest, Items, Report, Row, Section, Table, Tone, cells, line
from .quantities import plural, some
from .right_changes import right_sentence

if TYPE_CHECKING:
    from trimtab_solver.actions import Action
    from trimtab_solver.review.diff import PlanChange, PlanSide, PolicyDiff, SelectionChange
    from trimtab_solver.review.document_changes import DocumentChange
    from trimtab_solver.review.right_changes import RightChange

_NAMED = 8
"""So many guests or hosts are named in words before they are only counted; programs are told of all."""


def diff_report(diff: PolicyDiff) -> Report:
    """Documents, selections and plans that differ."""
    digests = line("From policy ", Digest(diff.old_digest), " to ", Digest(diff.new_digest), ".", tone=Tone.QUIET)
    facts = {"oldDigest": diff.old_digest, "newDigest": diff.new_digest}
    return Report(line(_verdict(diff)), sections=tuple(_sections(diff)), basis=(digests,), facts=facts)


def _verdict(diff: PolicyDiff) -> str:
    if diff.is_empty:
        return "No differences"
    counts = (
        (len(diff.documents), "document"),
        (len(diff.rights), "right"),
        (len(diff.selections), "selection"),
        (sum(not plan.is_empty for plan in diff.plans), "plan"),
    )
    return f"Differences: {', '.join(plural(number, noun) for number, noun in counts if number)}"


def _sections(diff: PolicyDiff) -> Iterator[Section]:
    if diff.documents:
        yield Section("Documents", (document_table(diff.documents),))
    if diff.rights:
        yield Section("Rights", (Items(tuple(right_sentence(change) for change in diff.rights)),))
    if diff.selections:
        yield Section("Selections", (selection_table(diff.selections),))
    for plan in diff.plans:
        yield Section(f"Plan, {plan.scenario}", tuple(_plan_blocks(plan)))


def _plan_blocks(plan: PlanChange) -> Iterator[Block]:
    yield line("the same plan" if plan.is_empty else _outcomes(plan))
    if levels := tuple(_level_changes(plan)):
        columns = (
            Column("level"),
            Column("old", is_number=True),
            Column("new", is_number=True),
            Column("unit", wrap=True),
        )
        rows = tuple(
            (Cell(name), *(_level_cell(name, value) for value in values), unit_cell(name)) for name, *values in levels
        )
        yield Table(columns, rows, name="levels")
    if facts := tuple(_plan_facts(plan)):
        yield Items(facts)
    if plan.added or plan.removed:
        yield action_table(plan)


def action_table(plan: PlanChange) -> Table:
    """The actions that only one of the plans has."""
    changes = [("more", action) for action in plan.added] + [("fewer", action) for action in plan.removed]
    rows = tuple(cells(change, _action(action)) for change, action in changes)
    return Table((Column("change"), Column("action", wrap=True)), rows, is_list=True, noun="action", name="actions")


def document_table(changes: Sequence[DocumentChange]) -> Table:
    """What happened to each document; one that was changed has a row for each field."""
    columns = (
        Column("document"),
        Column("place", wrap=True),
        Column("change"),
        Column("field", wrap=True),
        Column("old", wrap=True),
        Column("new", wrap=True),
    )
    rows = tuple(row for change in changes for row in _document_rows(change))
    return Table(columns, rows, name="documents", lines=tuple(map(_in_a_line, rows)))


def _in_a_line(row: Row) -> str:
    """``tiers.yaml:7:1: Tier low changed: spec.rank 1 -> 2``: old and new values are too long for columns."""
    document, place, change, field, old, new = (cell.text for cell in row)
    text = f"{place}: {document} {change}"
    return f"{text}: {field} {old} -> {new}" if field else text


def _document_rows(change: DocumentChange) -> Iterator[Row]:
    whole = cells(f"{change.kind} {change.name}", str(change.new or change.old), _verb(change))
    if not change.fields:
        yield (*whole, *cells("", "", ""))
    for field in change.fields:
        yield (*whole, *cells(field.path, _value(field.old), _value(field.new)))


def selection_table(changes: Sequence[SelectionChange]) -> Table:
    """Which guests or hosts each selector picks now, and no longer."""
    columns = (Column("rule"), Column("selects", key="path"), Column("gained", wrap=True), Column("lost", wrap=True))
    rows = (
        (*cells(one.name, one.path), *(Cell(some(parts, _NAMED), value=parts) for parts in (one.gained, one.lost)))
        for one in changes
    )
    return Table(columns, tuple(rows), name="selections")


def diff_json(diff: PolicyDiff) -> str:
    """The same for programs, with all guests and actions."""
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
        "rights": [_right(change) for change in diff.rights],
        "selections": records_of(selection_table(diff.selections)),
        "plans": [_plan(plan) for plan in diff.plans],
    }
    return json_text(report)


def _right(change: RightChange) -> dict[str, Any]:
    return {
        "tier": change.tier,
        "right": change.right,
        "resource": change.resource,
        "old": change.old,
        "new": change.new,
        "hardwareFailures": list(change.failures),
        "guests": list(change.vm_ids),
        "text": right_sentence(change),
    }


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


def _level_cell(name: str, value: int | None) -> Cell:
    return Cell("none", value=None) if value is None else value_cell(name, value)


def _level_changes(plan: PlanChange) -> Iterator[tuple[str, int | None, int | None]]:
    old, new = plan.old.levels, plan.new.levels
    if old is None or new is None:
        return
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)


def _plan_facts(plan: PlanChange) -> Iterator[str]:
    if not plan.is_empty and not plan.is_proven:
        yield "not proven best within the work given: more search could change what follows; compare levels first"
    for tier, old, new in plan.stops:
        yield f"{tier}: {old} -> {plural(new, 'guest')} stopped or suspended"
    for actions, change in ((plan.added, "more"), (plan.removed, "fewer")):
        if actions:
            yield f"{plural(len(actions), 'action')} {change}"
    if plan.down:
        yield f"stays down now: {some(plan.down, _NAMED)}"
    if plan.up:
        yield f"no longer stays down: {some(plan.up, _NAMED)}"
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


def _action(action: Action) -> str:
    target = f" to {action.target_host_id}" if action.target_host_id else ""
    where = f" on {action.host_id}" if action.vm_id else f" {action.host_id}"
    return f"{action.kind} {action.vm_id}{where}{target}".replace("  ", " ")


def _value(value: object) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
