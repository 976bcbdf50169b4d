"""``trimtab policy conflicts``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..exits import ExitCode
from ..quantities import plural
from .test_command import PolicyPaths, ReportFormat, folder_of

if TYPE_CHECKING:
    from trimtab_solver.policy.documents import Document
    from trimtab_solver.review.conflicts import Conflict, Findings

_NAMED = 8
"""So many guests or hosts are listed before they are only counted."""


def conflicts(
    paths: PolicyPaths,
    snapshot: Annotated[
        Path | None,
        typer.Option("--snapshot", metavar="FILE", help="Look on this cluster, not only at what the rules say."),
    ] = None,
    form: Annotated[ReportFormat, typer.Option("--format", help="table or json.")] = ReportFormat.TABLE,
) -> None:
    """Find minimal sets of must rules that cannot hold together, with the guests and hosts that show it.

    With a snapshot: all its hosts work and all its guests should run. Without: what no cluster can satisfy.
    Exit code 1: there are conflicts.
    """
    from trimtab_solver.authoring.loader import load_policy

    from ..safe_text import clean

    if form is ReportFormat.JUNIT:
        raise typer.BadParameter("conflicts are written as table or json", param_hint="--format")
    policy = load_policy(paths)
    if snapshot is None:
        from trimtab_solver.review.contradictions import find_contradictions

        found = find_contradictions(policy)
    else:
        from trimtab_solver.review.conflicts import find_conflicts
        from trimtab_solver.validation import check_snapshot

        from ...files import read_snapshot

        state = read_snapshot(snapshot)
        check_snapshot(state)
        found = find_conflicts(policy, state)
    folder = folder_of(paths)
    lines = _json(found, folder).splitlines() if form is ReportFormat.JSON else _table(found, folder)
    for line in lines:
        print(clean(line))
    raise typer.Exit(ExitCode.FLAWED if found.conflicts else ExitCode.OK)


def _table(found: Findings, folder: Path | None) -> list[str]:
    lines: list[str] = []
    for conflict in found.conflicts:
        names = " and ".join(conflict.names)
        cannot = "cannot be kept" if len(conflict.names) == 1 else "cannot hold together"
        minimal = "" if conflict.is_minimal else " (perhaps not all of them are needed)"
        lines.append(f"{names} {cannot}{minimal}")
        lines += [f"  {_place(rule, folder)}" for rule in conflict.rules if not isinstance(rule, str)]
        more = f", and {conflict.more} more in the same way" if conflict.more else ""
        lines.append(f"  shown by {_some(conflict.guests)}{more}")
        for guest, left in conflict.hosts[:_NAMED]:
            lines += [f"    {guest}: {rule} leaves it {_some(hosts) or 'no host'}" for rule, hosts in left]
    lines.append(plural(len(found.conflicts), "conflict") if found.conflicts else "no conflicts found")
    if not found.is_complete:
        lines.append("not everything could be settled within the work allowed: there may be more conflicts")
    return lines


def _place(rule: Document, folder: Path | None) -> str:
    from .places import located

    return f"{located(str(rule.source), folder)}: {rule.kind} {rule.name}"


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _json(found: Findings, folder: Path | None) -> str:
    report = {
        "conflicts": [_report(conflict, folder) for conflict in found.conflicts],
        "complete": found.is_complete,
    }
    return json.dumps(report, indent=2, ensure_ascii=False)


def _report(conflict: Conflict, folder: Path | None) -> dict[str, Any]:
    from .places import located

    return {
        "rules": [
            {"name": rule}
            if isinstance(rule, str)
            else {
                "name": rule.name,
                "kind": rule.kind,
                "file": located(rule.source.file, folder),
                "line": rule.source.line,
            }
            for rule in conflict.rules
        ],
        "guests": list(conflict.guests),
        "moreGuests": conflict.more,
        "hosts": {guest: {rule: list(hosts) for rule, hosts in left} for guest, left in conflict.hosts},
        "minimal": conflict.is_minimal,
    }
