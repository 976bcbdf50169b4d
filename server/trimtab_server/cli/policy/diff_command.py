"""``trimtab policy diff``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..arguments import Limit, Rendering
from ..durations import parse_duration
from ..exits import CommandError, ExitCode
from ..showing import show

if TYPE_CHECKING:
    from trimtab_solver.policy.documents import Policy

    from ..git_revision import GitFolder


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Folder or file with the policy as it is.")],
    new: Annotated[
        Path | None, typer.Argument(metavar="NEW", help="Folder or file with the policy as it shall be.")
    ] = None,
    revision: Annotated[
        str | None,
        typer.Option(
            "--git",
            metavar="REF[..REF]",
            help="Compare OLD as it is at this Git revision with what is there now, or at two revisions.",
        ),
    ] = None,
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
    """Say what a change of policy does: documents, rights, selections, and plans under the old and the new policy.

    `--format markdown` is meant for the description of a pull request.
    """
    from trimtab_solver.authoring.scenario_files import read_scenarios
    from trimtab_solver.options import PlanOptions
    from trimtab_solver.review.diff import diff_policies
    from trimtab_solver.scenarios.scenario import Scenario

    from ...reports.policy_diff import diff_json, diff_report

    if scenarios is not None and snapshot is None:
        raise CommandError(ExitCode.USAGE, ["--scenarios needs --snapshot: scenarios happen to a cluster"])
    before, after = _policies(old, new, revision)
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


def _policies(old: Path, new: Path | None, revision: str | None) -> tuple[Policy, Policy]:
    """The two policies to compare."""
    from trimtab_solver.authoring.loader import load_policy

    from ..git_revision import git_folder, revisions_of

    if revision is None:
        if new is None:
            fix = "name two folders, or one with --git REF"
            raise CommandError(ExitCode.USAGE, [f"{old}: there is nothing to compare it with; {fix}"])
        return load_policy(old), load_policy(new)
    if new is not None:
        raise CommandError(ExitCode.USAGE, ["--git compares one folder with itself: name one"])
    folder = git_folder(old)
    first, second = revisions_of(revision)
    before = _policy_at(folder, first)
    return before, load_policy(old) if second is None else _policy_at(folder, second)


def _policy_at(folder: GitFolder, revision: str) -> Policy:
    from trimtab_solver.authoring.loader import parse_policy
    from trimtab_solver.errors import PolicyRefusedError

    try:
        return parse_policy(folder.files_at(revision))
    except PolicyRefusedError as refusal:
        raise CommandError(ExitCode.USAGE, [f"at {revision}: {fault}" for fault in refusal.faults]) from refusal
