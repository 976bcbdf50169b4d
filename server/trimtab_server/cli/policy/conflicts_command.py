"""``trimtab policy conflicts``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..arguments import Rendering
from ..exits import ExitCode
from ..showing import show
from .test_command import PolicyPaths, ReportFormat, folder_of


def conflicts(
    paths: PolicyPaths,
    snapshot: Annotated[
        Path | None,
        typer.Option("--snapshot", metavar="FILE", help="Look on this cluster, not only at what the rules say."),
    ] = None,
    form: Annotated[ReportFormat, typer.Option("--format", help="How to write it; not junit.")] = ReportFormat.TABLE,
) -> None:
    """Find minimal sets of must rules that cannot hold together, with the guests and hosts that show it.

    With a snapshot: all its hosts work and all its guests should run. Without: what no cluster can satisfy.
    Exit code 1: there are conflicts.
    """
    from trimtab_solver.authoring.loader import load_policy

    from ...reports.policy_conflicts import conflicts_json, conflicts_report

    if form is ReportFormat.JUNIT:
        raise typer.BadParameter("conflicts are no JUnit report; choose another format", param_hint="--format")
    policy = load_policy(paths)
    if snapshot is None:
        from trimtab_solver.review.contradictions import find_contradictions

        found = find_contradictions(policy)
    else:
        from trimtab_solver.review.conflicts import find_conflicts

        from ...files import read_snapshot

        found = find_conflicts(policy, read_snapshot(snapshot))
    folder = folder_of(paths)
    if form is ReportFormat.JSON:
        print(conflicts_json(found, folder), end="")
    else:
        show(conflicts_report(found, folder), Rendering(form), verdict_last=True)
    raise typer.Exit(ExitCode.FLAWED if found.conflicts else ExitCode.OK)
