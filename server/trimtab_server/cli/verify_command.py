"""``trimtab verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .arguments import Limit, PolicyFolder
from .exits import ExitCode


def verify(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file, as written by `trimtab plan -o`.")],
    snapshot: Annotated[Path, typer.Option("--snapshot", metavar="FILE", help="State that the plan starts from.")],
    policy: PolicyFolder,
    limit: Limit = 50,
) -> None:
    """Replay PLAN action by action and check every promise, with none of the code that makes plans.

    Exit code 1: the plan is not safe, or was made for another snapshot or policy.
    """
    from trimtab_solver.authoring.loader import load_policy
    from trimtab_solver.digest import snapshot_digest
    from trimtab_solver.validation import check_snapshot
    from trimtab_solver.verify.replay import verify_plan
    from trimtab_solver.verify.staleness import stale_inputs

    from ..files import read_answer, read_snapshot
    from .page import Page
    from .quantities import plural
    from .tables import write_values, write_violations

    answer = read_answer(plan)
    state = read_snapshot(snapshot)
    rules = load_policy(policy)
    check_snapshot(state)
    stale = stale_inputs(answer.certificate, snapshot_digest(state), rules.digest)
    verdict = verify_plan(state, rules, answer.plan)

    page = Page()
    actions = plural(len(answer.plan.actions), "action")
    for one in stale:
        made_for, actual = one.certified_digest[:12] or "none", one.actual_digest[:12]
        line = f"STALE: the plan was made for another {one.input} (digest {made_for}, this one has {actual})"
        page.line(line, "bold red")
    if verdict.is_valid:
        judged = "on this input too, though made for another" if stale else "in every order that it permits"
        style = "bold yellow" if stale else "bold green"
        page.line(f"SAFE: {actions}, no violation; the plan is safe {judged}.", style)
    else:
        page.line(f"NOT SAFE: {plural(len(verdict.violations), 'violation')} in {actions}.", "bold red")
        page.title("Violations")
        write_violations(page, verdict.violations, limit or None)
    page.title("Where the plan ends (recomputed; levels in order of importance, smaller is better)")
    write_values(page, verdict.levels, {level.name: level.value for level in answer.levels})
    raise typer.Exit(ExitCode.FLAWED if stale or not verdict.is_valid else ExitCode.OK)
