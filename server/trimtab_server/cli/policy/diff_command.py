"""``trimtab policy diff``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..arguments import Limit, Rendering
from ..durations import parse_duration
from ..exits import ExitCode
from ..showing import show


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Folder or file with the policy as it is.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Folder or file with the policy as it shall be.")],
    snapshot: Annotated[
        Path | None, typer.Option("--snapshot", metavar="FILE", help="Say what it means on this cluster.")
    ] = None,
    scenarios: Annotated[
        Path | None,
        typer.Option("--scenarios", metavar="FILE", help="Plan for these scenarios instead of the cluster as it is."),
    ] = None,
    deadline: Annotated[
        float,
        typer.Option("--deadline", metavar="TIME", parser=parse_duration, help="Work per plan, in time it stands for."),
    ] = "2s",  # type: ignore[assignment]  # typer parses defaults too
    form: Annotated[Rendering, typer.Option("--format", help="How to write the differences.")] = Rendering.TABLE,
    limit: Limit = 50,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit code 1 if anything differs.")] = False,
) -> None:
    """Say what a change of policy does: documents, selections per rule, and plans made under the old and the new one.

    `--format markdown` is meant for the description of a pull request.
    """
    from trimtab_solver.authoring.loader import load_policy
    from trimtab_solver.options import PlanOptions
    from trimtab_solver.review.diff import diff_policies
    from trimtab_solver.review.scenarios import Scenario, read_scenarios

    from ...reports.policy_diff import diff_json, diff_report
    from ..exits import CommandError

    if scenarios is not None and snapshot is None:
        raise CommandError(ExitCode.USAGE, ["--scenarios needs --snapshot: scenarios happen to a cluster"])
    before, after = load_policy(old), load_policy(new)
    state = None
    if snapshot is not None:
        from ...files import read_snapshot

        state = read_snapshot(snapshot)
    wanted: tuple[Scenario, ...] = (Scenario(name="as it is"),)
    if scenarios is not None:
        wanted = read_scenarios(str(scenarios), scenarios.read_bytes())
    options = PlanOptions(budget_s=deadline, reproducible=True)
    found = diff_policies(before, after, state, wanted, options)
    if form is Rendering.JSON:
        print(diff_json(found), end="")
    else:
        show(diff_report(found), form, limit or None)
    raise typer.Exit(ExitCode.FLAWED if exit_code and not found.is_empty else ExitCode.OK)
