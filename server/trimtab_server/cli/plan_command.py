"""``trimtab plan``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .arguments import Deadline, Format, Limit, Rendering, Seed, SnapshotFile
from .exits import CommandError, ExitCode, exit_code_of
from .showing import show

if TYPE_CHECKING:
    from trimtab_solver.options import PlanOptions
    from trimtab_solver.outcome import Answer
    from trimtab_solver.snapshot import Snapshot

    from .planning import Planning


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
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Refuse records of guests that make no sense; else they are left alone."),
    ] = False,
    format_: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
    limit: Limit = 50,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Also write the plan file here; - writes it to standard output, and nothing else.",
        ),
    ] = None,
) -> None:
    """Plan the recovery of the cluster in SNAPSHOT.

    Exit code 1: a rule stays broken, a guest stays down or its record makes no sense; 3: infeasible or unreachable.
    """
    if policy is None and server is None:
        raise CommandError(ExitCode.USAGE, ["--policy is missing: say which policy to plan under, as --policy DIR"])
    from trimtab_solver.execution.carry_out import places_after
    from trimtab_solver.options import FRONTIER_SHARES, PlanOptions

    from ..files import STANDARD, read_answer, read_snapshot, write_answer
    from .outputs import check_output_file
    from .planning import Planning

    if output is not None:
        check_output_file(output)
    state = read_snapshot(snapshot)
    planning = Planning(state, policy, server)
    options = PlanOptions(
        budget_s=deadline,
        seed=seed,
        reproducible=reproducible,
        warm_start=None if warm_start is None else places_after(read_answer(warm_start).plan),
        frontier=FRONTIER_SHARES if frontier else (),
        strict=strict,
    )
    answer = _answer(planning, options)
    if output is not None:
        write_answer(output, answer)
    if output != STANDARD:
        _print(answer, state, planning, format_, limit or None)
    raise typer.Exit(exit_code_of(answer))


def _answer(planning: Planning, options: PlanOptions) -> Answer:
    """The answer; progress goes to stderr where a person watches."""
    from ..reports.page import stderr_page
    from .progress import CAPTION, ProgressLines

    page = stderr_page()
    if not page.is_terminal:
        return planning.plan(options, None)
    lines = ProgressLines(page)
    page.line(f"Searching ({CAPTION}):")
    answer = planning.plan(options, lines.show)
    lines.finish(answer.levels)
    page.line()
    return answer


def _print(answer: Answer, snapshot: Snapshot, planning: Planning, format_: Format, limit: int | None) -> None:
    if format_ in (Format.JSON, Format.YAML):
        from ..convert.answer import answer_to_proto
        from ..files import json_of
        from ..reports.yaml_text import yaml_of

        text = json_of(answer_to_proto(answer))
        typer.echo(text if format_ is Format.JSON else yaml_of(text), nl=False)
    else:
        from ..reports.answer import answer_report

        heat_maps = planning.heat_maps(answer.plan) if format_ is Format.HTML else ()
        show(answer_report(answer, snapshot, heat_maps), Rendering(format_), limit)
