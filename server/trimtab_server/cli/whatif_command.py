"""``trimtab whatif``."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .arguments import Limit, PolicyFolder, Rendering, Seed
from .durations import parse_duration
from .exits import CommandError, ExitCode
from .showing import show

if TYPE_CHECKING:
    from trimtab_solver.policy.documents import Policy
    from trimtab_solver.what_if.verdicts import ScenarioVerdict


class VerdictFormat(enum.StrEnum):
    """How verdicts are written to stdout."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    HTML = "html"


def whatif(
    policy: PolicyFolder,
    singles: Annotated[
        list[str] | None,
        typer.Option("--n-1", metavar="KIND", help="Every loss of one part of the kind: host, rack, site, pool, ..."),
    ] = None,
    doubles: Annotated[
        list[str] | None,
        typer.Option("--n-2", metavar="KIND[,KIND]", help="Every loss of two parts of these kinds at once."),
    ] = None,
    fail: Annotated[
        list[str] | None, typer.Option("--fail", metavar="PART", help="This fails, as kind:id; may be repeated.")
    ] = None,
    drain: Annotated[
        list[str] | None, typer.Option("--drain", metavar="PART", help="This is drained; may be repeated.")
    ] = None,
    add_hosts: Annotated[
        list[str] | None,
        typer.Option("--add-hosts", metavar="HOST[:N]", help="N more hosts like this one; may be repeated."),
    ] = None,
    add_guests: Annotated[
        list[str] | None,
        typer.Option("--add-guests", metavar="VM[:N]", help="N more guests like this one; may be repeated."),
    ] = None,
    drills: Annotated[
        list[Path] | None,
        typer.Option("--drills", metavar="PATH", help="Scenarios, and what is expected of them: a file or a folder."),
    ] = None,
    promise: Annotated[
        list[str] | None,
        typer.Option("--promise", metavar="TIER", help="No guest of this tier may be lost; may be repeated."),
    ] = None,
    survivability: Annotated[
        bool,
        typer.Option("--survivability", help="Rank failures by what they cost; single points of failure."),
    ] = False,
    availability: Annotated[
        bool, typer.Option("--availability", help="The availability class and downtime that each application reaches.")
    ] = False,
    rates: Annotated[
        Path | None,
        typer.Option("--rates", metavar="FILE", help="How often parts fail, and how long they take to mend."),
    ] = None,
    remedies: Annotated[
        bool, typer.Option("--remedies", help="The cheapest changes with which the promise would be kept.")
    ] = False,
    admit: Annotated[
        bool, typer.Option("--admit", help="Say whether the change may be made and the promise be kept after it.")
    ] = False,
    headroom: Annotated[
        list[str] | None,
        typer.Option("--headroom", metavar="VM", help="How many more guests like this one fit, the promise kept."),
    ] = None,
    within: Annotated[
        str, typer.Option("--within", metavar="PART", help="Where guests of --headroom are to run, as kind:id.")
    ] = "",
    growth: Annotated[
        float,
        typer.Option("--growth", metavar="PERCENT", min=0.0, help="For how long growth a month keeps the promise."),
    ] = 0.0,
    budget: Annotated[
        float,
        typer.Option(
            "--budget",
            metavar="TIME",
            parser=parse_duration,
            help="Work for a plan where no bound decides, in time it stands for.",
        ),
    ] = "1s",  # type: ignore[assignment]  # typer parses defaults too
    seed: Seed = 0,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; by default one for each processor.")
    ] = None,
    snapshot: Annotated[
        Path | None,
        typer.Argument(metavar="SNAPSHOT", help="State of the cluster; not needed for drills that bring their own."),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", metavar="FILE", help="Keep verdicts here, and go on from those that are there."),
    ] = None,
    form: Annotated[VerdictFormat, typer.Option("--format", help="How to write the verdicts.")] = VerdictFormat.TABLE,
    limit: Limit = 50,
) -> None:
    """Say what would come of failures and changes: who is lost, who is back when, each with a verified plan.

    --fail, --drain, --add-hosts and --add-guests together are one scenario; with --n-1 or --n-2 they happen first, and
    their plan is carried out. The promise of --admit, --headroom and --growth is that the losses of --n-1 and --n-2, or
    of each host, cost no guest of --promise, or of the tiers that must run. Exit code 4: a drill is not as expected, a
    promise is broken, or a change is not admitted.
    """
    from trimtab_solver.authoring.loader import load_policy
    from trimtab_solver.what_if.assessing import AssessmentOptions
    from trimtab_solver.what_if.runners.runner import Assignment
    from trimtab_solver.what_if.severity import severity

    from ..files import read_snapshot
    from ..reports.what_if import failures_of
    from .asked_scenarios import Asked, batches_of
    from .assessing import assess
    from .capacity_questions import CapacityQuestions, answer
    from .warm_up_command import compile_first

    state, rules = None if snapshot is None else read_snapshot(snapshot), load_policy(policy)
    asked = Asked(
        singles or [], doubles or [], fail or [], drain or [], add_hosts or [], add_guests or [], drills or []
    )
    promised = _tiers(rules, promise or [])
    questions = CapacityQuestions(survivability, availability, rates, remedies, admit, headroom or [], within, growth)
    questions.check()
    # processes have a limit of time for each scenario, and it is not for compiling
    compile_first()
    if questions.is_any:
        if state is None:
            raise CommandError(ExitCode.USAGE, ["there is no cluster to ask this of; name a SNAPSHOT"])
        assignment = Assignment(state, rules, AssessmentOptions(budget_s=budget, seed=seed))
        report, is_well = answer(questions, asked, assignment, promised, workers)
        show(report, _rendering(form), limit or None)
        raise typer.Exit(ExitCode.OK if is_well else ExitCode.TESTS_FAILED)
    batches = batches_of(asked, state, rules)
    if journal is not None and len(batches) > 1:
        raise CommandError(ExitCode.USAGE, ["--journal is for scenarios of one cluster; these are of several"])
    options, verdicts, is_cut_off = AssessmentOptions(budget_s=budget, seed=seed), [], False
    for batch in batches:
        assignment = Assignment(batch.snapshot, rules, options, batch.policies)
        assessed = assess(assignment, batch.scenarios, workers, journal)
        verdicts += assessed.verdicts
        if is_cut_off := assessed.is_cut_off:
            break
    verdicts.sort(key=severity, reverse=True)
    _print(verdicts, promised, form, limit or None)
    if is_cut_off:
        raise typer.Exit(ExitCode.INTERRUPTED)
    failed = any(failures_of(verdict, promised) for verdict in verdicts)
    raise typer.Exit(ExitCode.TESTS_FAILED if failed else ExitCode.OK)


def _tiers(policy: Policy, names: list[str]) -> list[str]:
    """The tiers of these names.

    Raises
    ------
    CommandError
        There is no such tier.
    """
    from trimtab_solver.policy.likeness import suggestion
    from trimtab_solver.rules.tier import Tier

    known = [document.name for document, _ in policy.of(Tier)]
    for name in names:
        if name not in known:
            raise CommandError(ExitCode.USAGE, [f'--promise: there is no tier "{name}" ({suggestion(name, known)})'])
    return names


def _rendering(form: VerdictFormat) -> Rendering:
    if form is VerdictFormat.JUNIT:
        raise CommandError(ExitCode.USAGE, ["--format junit is for scenarios; write table, json, markdown or html"])
    return Rendering(form)


def _print(verdicts: list[ScenarioVerdict], promised: list[str], form: VerdictFormat, limit: int | None) -> None:
    from ..reports.json_text import json_text
    from ..reports.what_if import verdicts_junit, verdicts_report, verdicts_value

    match form:
        case VerdictFormat.JSON:
            typer.echo(json_text(verdicts_value(verdicts, promised)), nl=False)
        case VerdictFormat.JUNIT:
            typer.echo(verdicts_junit(verdicts, promised), nl=False)
        case _:
            show(verdicts_report(verdicts, promised), Rendering(form), limit)
