"""``trimtab policy test``."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..arguments import Rendering
from ..exits import CommandError, ExitCode
from ..showing import show

if TYPE_CHECKING:
    from trimtab_solver.policy.documents import Document, Policy
    from trimtab_solver.review.testing import CaseResult
    from trimtab_solver.snapshot import Snapshot


class ReportFormat(enum.StrEnum):
    """How a report is written to stdout."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    HTML = "html"


PolicyPaths = Annotated[
    list[Path],
    typer.Argument(metavar="PATH", help="Files and folders with the policy and its PolicyTest documents."),
]


def run(
    paths: PolicyPaths,
    form: Annotated[ReportFormat, typer.Option("--format", help="How to write the report.")] = ReportFormat.TABLE,
    only: Annotated[
        str, typer.Option("--only", metavar="TEXT", help="Run only cases with this text in the name of test or case.")
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name the cases that pass as well.")] = False,
) -> None:
    """Run the PolicyTest documents beside a policy. Plans are reproducible: every run gives the same result.

    Exit code 4: cases failed. 2: the policy cannot be used, or holds no tests.
    """
    from trimtab_solver.authoring.loader import load_policy

    from ...reports.policy_tests import junit_text, results_json, results_report

    policy = load_policy(paths)
    results, seconds = run_cases(policy, paths, only)
    folder = folder_of(paths)
    match form:
        case ReportFormat.JSON:
            print(results_json(results, policy.digest, folder), end="")
        case ReportFormat.JUNIT:
            print(junit_text(results, seconds, folder), end="")
        case _:
            show(results_report(results, folder, passing=verbose), Rendering(form), verdict_last=True)
    raise typer.Exit(ExitCode.OK if all(result.passed for result in results) else ExitCode.TESTS_FAILED)


def run_cases(policy: Policy, paths: Sequence[Path], only: str = "") -> tuple[list[CaseResult], list[float]]:
    """The results of the cases whose name contains `only`, and how many seconds each took.

    Raises
    ------
    CommandError
        There are no tests, or none of that name.
    """
    from trimtab_solver.review.testing import iterate_tests

    if not policy.tests:
        fix = "write a document of kind: PolicyTest; see docs/policy/first-rule.md"
        raise CommandError(ExitCode.USAGE, [f"{', '.join(map(str, paths))}: holds no PolicyTest ({fix})"])
    results, seconds = [], []
    began = time.perf_counter()
    for result in iterate_tests(policy, reader(paths), lambda test, case: only in test or only in case):
        results.append(result)
        seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
    if not results:
        raise CommandError(ExitCode.USAGE, [f'no case has "{only}" in its name'])
    return results, seconds


def reader(paths: Sequence[Path]) -> Callable[[Document, str], Snapshot]:
    """Reads snapshot files relative to the test that names them."""
    from ...files import read_snapshot

    folder = folder_of(paths)

    def read(document: Document, name: str) -> Snapshot:
        return read_snapshot((folder or Path()) / Path(document.source.file).parent / name)

    return read


def folder_of(paths: Sequence[Path]) -> Path | None:
    """The folder that positions in the policy are relative to; None when they are as the paths were given."""
    return paths[0] if len(paths) == 1 and paths[0].is_dir() else None
