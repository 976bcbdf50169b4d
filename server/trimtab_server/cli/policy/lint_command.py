"""``trimtab policy lint``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..exits import ExitCode
from ..quantities import plural

if TYPE_CHECKING:
    from trimtab_solver.authoring.findings import Finding


def lint(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Policy files and folders.")],
    snapshot: Annotated[
        Path | None,
        typer.Option("--snapshot", metavar="FILE", help="Also say what the policy means on this cluster."),
    ] = None,
) -> None:
    """Say what is wrong, or probably wrong, with a policy: file:line:column, severity, what, and how to correct it.

    Exit code 2: there are errors.
    """
    from trimtab_solver.authoring.findings import Severity
    from trimtab_solver.authoring.lint import lint_files
    from trimtab_solver.authoring.loader import read_policy_files

    from ..safe_text import clean
    from .places import located
    from .test_command import folder_of

    state = None
    if snapshot is not None:
        from trimtab_solver.validation import check_snapshot

        from ...files import read_snapshot

        state = read_snapshot(snapshot)
        check_snapshot(state)
    policy, findings = lint_files(read_policy_files(paths), state)
    folder = folder_of(paths)
    for finding in findings:
        print(clean(located(str(finding), folder)))
    if policy is None:
        print(f"{plural(len(findings), 'error')}; the policy cannot be used")
        raise typer.Exit(ExitCode.USAGE)
    print(f"{plural(len(policy.documents), 'document')}: {_summary(findings) or 'nothing found'}")
    has_errors = any(one.severity is Severity.ERROR for one in findings)
    raise typer.Exit(ExitCode.USAGE if has_errors else ExitCode.OK)


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(one.severity.value for one in findings)
    nouns = {"error": "error", "warning": "warning", "info": "remark"}
    return ", ".join(plural(counts[severity], noun) for severity, noun in nouns.items() if counts[severity])
