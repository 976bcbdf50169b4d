"""``trimtab policy coverage``."""

from __future__ import annotations

from typing import Annotated

import typer

from ..arguments import Rendering
from ..exits import ExitCode
from ..showing import show
from .test_command import PolicyPaths, ReportFormat, folder_of, run_cases


def coverage(
    paths: PolicyPaths,
    form: Annotated[ReportFormat, typer.Option("--format", help="How to write it; not junit.")] = ReportFormat.TABLE,
    fail_under: Annotated[
        float, typer.Option("--fail-under", metavar="PERCENT", min=0, max=100, help="Exit code 4 below this share.")
    ] = 0.0,
) -> None:
    """Say what the tests show of each rule: satisfied, violated, binding in a plan; of each right: granted, withheld.

    Exit code 4: cases failed, or the share is below --fail-under.
    """
    from trimtab_solver.authoring.loader import load_policy
    from trimtab_solver.review.coverage import coverage_of

    from ...reports.policy_coverage import coverage_json, coverage_report

    if form is ReportFormat.JUNIT:
        raise typer.BadParameter("coverage is no JUnit report; choose another format", param_hint="--format")
    policy = load_policy(paths)
    results, _ = run_cases(policy, paths)
    found = coverage_of(policy, results)
    folder = folder_of(paths)
    failed = sum(not result.passed for result in results)
    if form is ReportFormat.JSON:
        print(coverage_json(found, folder), end="")
    else:
        show(coverage_report(found, results, folder), Rendering(form), verdict_last=True)
    good = not failed and found.percent >= fail_under
    raise typer.Exit(ExitCode.OK if good else ExitCode.TESTS_FAILED)
