"""``trimtab plan``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .arguments import Deadline, Format, Limit, Seed, SnapshotFile
from .exits import exit_code_of

if TYPE_CHECKING:
    from trimtab_solver.options import PlanOptions
    from trimtab_solver.outcome import Answer
    from trimtab_solver.policy.documents import Policy
    from trimtab_solver.snapshot import Snapshot


def plan(
    snapshot: SnapshotFile,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="DIR", help="Folder (or file) with the policy; with --server optional."),
    ] = None,
    deadline: Deadline = "10s",  # type: ignore[assignment]  # typer parses defaults too
    seed: Seed = 0,
    server: Annotated[
        str | None, typer.Option("--server", metavar="ADDR", help="Plan there, HOST:PORT, instead of in this process.")
    ] = None,
    reproducible: Annotated[
        bool, typer.Option("--reproducible", help="Search a fixed amount: the same input gives the same plan.")
    ] = False,
    warm_start: Annotated[
        Path | None,
        typer.Option("--warm-start", metavar="PLAN", help="Begin from where this earlier plan leaves the guests."),
    ] = None,
    frontier: Annotated[
        bool, typer.Option("--frontier", help="Also say what it buys to move 0, 0.5, 1, 2 and 5 % of the guests.")
    ] = False,
    format_: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
    limit: Limit = 50,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Also write the plan file here.")
    ] = None,
) -> None:
    """Plan the recovery of the cluster in SNAPSHOT.

    Exit code 1: a rule stays broken or a guest stays down; 3: infeasible or unreachable.
    """
    if policy is None and server is None:
        raise typer.BadParameter("say which policy to plan under", param_hint="--policy")
    from trimtab_solver.authoring.loader import load_policy
    from trimtab_solver.options import FRONTIER_SHARES, PlanOptions

    from ..files import read_answer, read_snapshot, write_answer
    from .outputs import check_output_file

    if output is not None:
        check_output_file(output)
    state = read_snapshot(snapshot)
    rules = None if policy is None else load_policy(policy)
    options = PlanOptions(
        budget_s=deadline,
        seed=seed,
        reproducible=reproducible,
        warm_start=None if warm_start is None else read_answer(warm_start).plan.end_places(),
        frontier=FRONTIER_SHARES if frontier else (),
    )
    answer = _answer(state, rules, policy, options, server)
    if output is not None:
        write_answer(output, answer)
    _print(answer, state, format_, limit or None)
    raise typer.Exit(exit_code_of(answer))


def _answer(
    snapshot: Snapshot, policy: Policy | None, folder: Path | None, options: PlanOptions, server: str | None
) -> Answer:
    from .page import stderr_page
    from .progress import CAPTION, ProgressLines

    page = stderr_page()
    lines = ProgressLines(page) if page.is_terminal else None
    if lines is not None:
        page.line(f"Searching ({CAPTION}):")
    if server is None:
        assert policy is not None
        from trimtab_solver.planner import plan_recovery

        show = None if lines is None else lambda report: lines.show(report.engine, report.elapsed_s, report.levels)
        answer = plan_recovery(snapshot, policy, options, show)
    else:
        from .server_client import ServerClient, policy_files

        files = None if policy is None or folder is None else policy_files(policy, folder)
        with ServerClient(server) as client:
            answer = client.plan(snapshot, files, options, None if lines is None else lines.show)
    if lines is not None:
        lines.finish(answer.levels)
        page.line()
    return answer


def _print(answer: Answer, snapshot: Snapshot, format_: Format, limit: int | None) -> None:
    if format_ is Format.TABLE:
        from .page import Page
        from .report import write_report

        write_report(Page(), answer, snapshot, limit)
    elif format_ is Format.MARKDOWN:
        from .markdown import markdown_of

        typer.echo(markdown_of(answer, snapshot), nl=False)
    else:
        from ..convert.answer import answer_to_proto
        from ..files import json_of
        from .yaml_text import yaml_of

        text = json_of(answer_to_proto(answer))
        typer.echo(text if format_ is Format.JSON else yaml_of(text), nl=False)
