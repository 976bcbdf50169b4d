"""``trimtab verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .arguments import Limit, PolicyFolder, Rendering
from .exits import ExitCode
from .showing import show


def verify(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file, as written by `trimtab plan -o`.")],
    snapshot: Annotated[Path, typer.Option("--snapshot", metavar="FILE", help="State that the plan starts from.")],
    policy: PolicyFolder,
    form: Annotated[Rendering, typer.Option("--format", help="How to write it.")] = Rendering.TABLE,
    limit: Limit = 50,
) -> None:
    """Replay PLAN action by action and check every promise, with none of the code that makes plans.

    Exit code 1: the plan is not safe, was made for another snapshot or policy, or its file says what is not so of its
    levels or of who stays down.
    """
    from trimtab_solver.authoring.loader import load_policy
    from trimtab_solver.digest import snapshot_digest
    from trimtab_solver.prepared import prepare_lazily
    from trimtab_solver.verify.claims import false_claims
    from trimtab_solver.verify.replay import verify_plan
    from trimtab_solver.verify.staleness import stale_inputs

    from ..files import read_answer, read_snapshot
    from ..reports.verification import verification_report

    answer = read_answer(plan)
    state = read_snapshot(snapshot)
    rules = load_policy(policy)
    prepared = prepare_lazily(state, rules, is_strict=False)
    stale = stale_inputs(answer.certificate, snapshot_digest(state), rules.digest)
    verdict = verify_plan(prepared.snapshot, rules, answer.plan, case=prepared.case)

    # what a plan leads to from another state is no lie
    is_judged = verdict.is_valid and not stale
    claims = false_claims(answer, prepared.snapshot, verdict) if is_judged else ()

    show(verification_report(answer, verdict, stale, claims, prepared.quarantined), form, limit or None)
    raise typer.Exit(ExitCode.OK if is_judged and not claims else ExitCode.FLAWED)
