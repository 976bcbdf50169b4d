"""An answer as Markdown, for tickets and chat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from trimtab_solver.actions import Phase
from trimtab_solver.outcome import Answer
from trimtab_solver.snapshot import Snapshot

from .phrases import PHASES, describe_action, describe_level, describe_proof, headline
from .quantities import plural, spell_seconds
from .safe_text import clean
from .tables import TIER_COLUMNS, describe_event, frontier_rows, tier_row

_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~@#]|:(?=//)")
"""What Markdown, HTML in Markdown, a link or a mention in a chat could be made of."""


def markdown_of(answer: Answer, snapshot: Snapshot) -> str:
    """The whole answer; every action, every guest that stays down."""
    lines = [f"# {escape(headline(answer))}", "", escape(describe_event(snapshot, answer.hardware_failures)), ""]
    lines += ["## Guests by tier", ""]
    lines += _table(TIER_COLUMNS, (tier_row(count) for count in answer.tiers))
    if answer.plan.actions:
        number = plural(len(answer.plan.actions), "action")
        lines += [f"## {number}, done after about {spell_seconds(answer.plan.makespan_s)}", ""]
    for phase in Phase:
        actions = [action for action in answer.plan.actions if action.phase is phase]
        if not actions:
            continue
        lines += [f"### {phase}: {PHASES[phase]}", ""]
        rows = [
            (
                str(action.id),
                spell_seconds(action.earliest_start_s),
                describe_action(action),
                ", ".join(map(str, action.depends_on)),
                action.reason,
            )
            for action in actions
        ]
        lines += _table(("no.", "from", "action", "after", "reason"), rows)
    if answer.stays_down:
        lines += [f"## Stays down: {plural(len(answer.stays_down), 'guest')}", ""]
        lines += _table(("guest", "tier", "why"), ((one.vm_id, one.tier, one.reason) for one in answer.stays_down))
    lines += ["## How good the plan is", ""]
    levels = ((one.name, str(one.value), describe_proof(one), describe_level(one.name)) for one in answer.levels)
    lines += _table(("level", "value", "proof", "counts"), levels)
    if answer.frontier:
        lines += ["## What moving more guests buys (value/bound; states found, not yet plans)", ""]
        lines += _table(*frontier_rows(answer.frontier))
    if answer.notes:
        lines += ["## Notes", "", *(f"* {escape(note)}" for note in answer.notes), ""]
    certificate = answer.certificate
    lines.append(
        f"{'Verified' if certificate.verified else 'NOT verified'} by replay. Engine {escape(answer.engine)}, seed "
        f"{certificate.seed}, snapshot `{certificate.snapshot_digest}`, policy `{certificate.policy_digest}`."
    )
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """The text such that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\g<0>", clean(text))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(map(escape, row))} |" for row in rows]
    return [*lines, ""]
