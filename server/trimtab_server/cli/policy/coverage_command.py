"""``trimtab policy coverage``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..exits import ExitCode
from .test_command import PolicyPaths, ReportFormat, folder_of, run_cases

if TYPE_CHECKING:
    from trimtab_solver.review.coverage import Coverage


def coverage(
    paths: PolicyPaths,
    form: Annotated[ReportFormat, typer.Option("--format", help="table or json.")] = ReportFormat.TABLE,
    fail_under: Annotated[
        float, typer.Option("--fail-under", metavar="PERCENT", min=0, max=100, help="Exit code 4 below this share.")
    ] = 0.0,
) -> None:
    """Say what the tests show of each rule: satisfied, violated, binding in a plan; of each right: granted, withheld.

    Exit code 4: cases failed, or the share is below --fail-under.
    """
    from trimtab_solver.authoring.loader import load_policy
    from trimtab_solver.review.coverage import coverage_of

    from .reports import coverage_json

    if form is ReportFormat.JUNIT:
        raise typer.BadParameter("coverage is written as table or json", param_hint="--format")
    policy = load_policy(paths)
    results, _ = run_cases(policy, paths)
    found = coverage_of(policy, results)
    folder = folder_of(paths)
    failed = sum(not result.passed for result in results)
    if form is ReportFormat.JSON:
        print(coverage_json(found, folder), end="")
    else:
        _print_table(found, folder)
        if failed:
            print(f"{failed} of {len(results)} cases failed and show nothing; run: trimtab policy test")
    good = not failed and found.percent >= fail_under
    raise typer.Exit(ExitCode.OK if good else ExitCode.TESTS_FAILED)


def _print_table(coverage: Coverage, folder: Path | None) -> None:
    from ..safe_text import clean
    from .places import located

    for (source, rule, path), group in groupby(
        coverage.items, key=lambda one: (one.source, one.item.rule, one.item.path)
    ):
        marks = " ".join(f"{'+' if one.is_shown else '-'}{one.item.point}" for one in group)
        field = "" if path == "spec" else f" {path}"
        print(clean(f"{located(str(source), folder)}: {rule}{field}: {marks}"))
    shown = sum(one.is_shown for one in coverage.items)
    print(f"{shown} of {len(coverage.items)} shown ({coverage.percent:.1f} %)")
