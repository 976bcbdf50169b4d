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
    from trimtab_solver.policy.findings import Finding


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
    from trimtab_solver.errors import PolicyRefusedError
    from trimtab_solver.policy.findings import Severity
    from trimtab_solver.policy.lint import lint as find
    from trimtab_solver.policy.loader import load_policy

    from ..safe_text import clean
    from .places import located
    from .test_command import folder_of

    folder = folder_of(paths)
    try:
        rules = load_policy(paths)
    except PolicyRefusedError as refusal:
        for fault in refusal.faults:
            where, _, field = located(fault.path, folder).partition(" ")
            fix = f" ({fault.fix})" if fault.fix else ""
            print(clean(f"{where}: error: {field + ': ' if field else ''}{fault.message} [{_code(fault.reason)}]{fix}"))
        print(f"{plural(len(refusal.faults), 'error')}; the policy cannot be used")
        raise typer.Exit(ExitCode.USAGE) from None
    if snapshot is None:
        findings = find(rules)
    else:
        from trimtab_solver.validation import check_snapshot

        from ...files import read_snapshot

        state = read_snapshot(snapshot)
        check_snapshot(state)
        findings = find(rules, state)
    for finding in findings:
        print(clean(located(str(finding), folder)))
    print(f"{plural(len(rules.documents), 'document')}: {_summary(findings) or 'nothing found'}")
    has_errors = any(one.severity is Severity.ERROR for one in findings)
    raise typer.Exit(ExitCode.USAGE if has_errors else ExitCode.OK)


def _code(reason: str) -> str:
    return reason.lower().replace("_", "-")


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(one.severity.value for one in findings)
    nouns = {"error": "error", "warning": "warning", "info": "remark"}
    return ", ".join(plural(counts[severity], noun) for severity, noun in nouns.items() if counts[severity])
