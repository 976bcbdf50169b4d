"""The whole answer on a page, in the order in which an operator asks."""

from __future__ import annotations

from trimtab_solver.outcome import Answer
from trimtab_solver.snapshot import Snapshot

from .page import Page
from .quantities import plural, spell_seconds
from .tables import write_actions, write_frontier, write_levels, write_stays_down, write_tiers, write_verdict


def write_report(page: Page, answer: Answer, snapshot: Snapshot, limit: int | None) -> None:
    """Verdict, guests by tier, actions with reasons, what stays down and why, and how good it is."""
    write_verdict(page, answer, snapshot)
    page.title("Guests by tier")
    write_tiers(page, answer.tiers)
    actions = answer.plan.actions
    if actions:
        page.title(f"{plural(len(actions), 'action')}, done after about {spell_seconds(answer.plan.makespan_s)}")
        page.line("Begin an action once those it depends on are complete; times are estimates.", "dim", indent=2)
        write_actions(page, answer.plan, limit)
    if answer.stays_down:
        page.title(f"Stays down: {plural(len(answer.stays_down), 'guest')}")
        write_stays_down(page, answer.stays_down, limit)
    page.title("How good the plan is (levels in order of importance, smaller is better)")
    write_levels(page, answer.levels)
    if answer.frontier:
        page.title("What moving more guests buys (value/bound; states found, not yet plans)")
        write_frontier(page, answer.frontier)
    if answer.notes:
        page.title("Notes")
        for note in answer.notes:
            page.line(f"- {note}", indent=2)
    certificate = answer.certificate
    page.line()
    page.line(
        f"{'Verified' if certificate.verified else 'NOT verified'} by replay. Engine {answer.engine}, seed "
        f"{certificate.seed}, snapshot {certificate.snapshot_digest[:12]}, policy {certificate.policy_digest[:12]}.",
        "dim",
    )
