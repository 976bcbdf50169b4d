"""``trimtab policy lint``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..arguments import Rendering
from ..exits import ExitCode
from ..showing import show


def lint(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Policy files and folders.")],
    snapshot: Annotated[
        Path | None,
        typer.Option("--snapshot", metavar="FILE", help="Also say what the policy means on this cluster."),
    ] = None,
    form: Annotated[Rendering, typer.Option("--format", help="How to write it.")] = Rendering.TABLE,
) -> None:
    """Say what is wrong, or probably wrong, with a policy: file:line:column, severity, what, and how to correct it.

    Exit code 2: there are errors.
    """
    from trimtab_solver.authoring.findings import Severity
    from trimtab_solver.authoring.lint import lint_files
    from trimtab_solver.authoring.policy_files import read_policy_files

    from ...reports.policy_findings import findings_report
    from .test_command import folder_of

    state = None
    if snapshot is not None:
        from ...files import read_snapshot

        state = read_snapshot(snapshot)
    policy, findings = lint_files(read_policy_files(paths), state)
    show(findings_report(policy, findings, folder_of(paths)), form, verdict_last=True)
    if policy is None:
        raise typer.Exit(ExitCode.USAGE)
    has_errors = any(one.severity is Severity.ERROR for one in findings)
    raise typer.Exit(ExitCode.USAGE if has_errors else ExitCode.OK)
