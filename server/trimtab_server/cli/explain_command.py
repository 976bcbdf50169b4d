"""``trimtab explain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .arguments import Deadline, Limit, Rendering, Seed
from .exits import CommandError, ExitCode, exit_code_of
from .showing import show

if TYPE_CHECKING:
    from trimtab_solver.options import PlanOptions
    from trimtab_solver.outcome import Answer
    from trimtab_solver.snapshot import Snapshot

    from ..reports.model import Report
    from .planning import Planning


def explain(
    file: Annotated[
        Path,
        typer.Argument(metavar="PLAN", help="Plan file, of the snapshot in --snapshot; a snapshot is planned anew."),
    ],
    what: Annotated[
        str, typer.Argument(metavar="VM|HOST|ACTION", help="Id of a guest, of a host, or number of an action.")
    ] = "",
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="DIR", help="Folder (or file) with the policy; with --server optional."),
    ] = None,
    snapshot: Annotated[
        Path | None, typer.Option("--snapshot", metavar="FILE", help="State that the plan in PLAN starts from.")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="HOST", help="Say what forbids the guest on this host now.")
    ] = None,
    deadline: Deadline = "10s",  # type: ignore[assignment]  # typer parses defaults too
    seed: Seed = 0,
    server: Annotated[
        str | None, typer.Option("--server", metavar="ADDR", help="Ask there, HOST:PORT, instead of in this process.")
    ] = None,
    form: Annotated[Rendering, typer.Option("--format", help="How to write it.")] = Rendering.TABLE,
    limit: Limit = 50,
) -> None:
    """Say what a plan does with a guest, on a host, or by an action, and why; without either, the whole plan.

    With --snapshot, PLAN is a plan file, and the answer is about it. Without, it is a snapshot: trimtab plans anew.
    Of guests it also says where they could run now; with --host, what that host objects to.

    Exit code 1: the guest does not run after the plan, or may not go to the host; or PLAN is of other input.
    """
    if policy is None and server is None:
        raise CommandError(ExitCode.USAGE, ["--policy is missing: say which policy counts, as --policy DIR"])
    from trimtab_solver.options import PlanOptions

    from ..files import read_answer, read_snapshot
    from ..reports.answer import answer_report
    from .planning import Planning

    plan = None if snapshot is None else read_answer(file)
    state = read_snapshot(snapshot or file)
    planning = Planning(state, policy, server)
    if host is not None:
        report, is_well = _on_host(state, planning, what, host)
    else:
        if plan is None:
            answer = _planned(planning, PlanOptions(budget_s=deadline, seed=seed))
        else:
            answer = plan
            _check_origin(answer, state, planning)
        if what:
            report, is_well = _about(what, answer, state, planning, is_anew=plan is None)
        else:
            # what is drawn is for programs and pages; a terminal leaves it out
            heat_maps = () if form is Rendering.TABLE else planning.heat_maps(answer.plan)
            report, is_well = answer_report(answer, state, heat_maps), exit_code_of(answer) is ExitCode.OK
    show(report, form, limit or None)
    raise typer.Exit(ExitCode.OK if is_well else ExitCode.FLAWED)


def _on_host(state: Snapshot, planning: Planning, vm: str, host: str) -> tuple[Report, bool]:
    """What the host objects to now."""
    from trimtab_solver.explain.names import find_guest

    from ..reports.explanation import admission_report

    if not vm:
        raise typer.BadParameter("say which guest", param_hint="VM")
    explanation = planning.explain(vm, host)
    return admission_report(find_guest(state, vm), explanation), explanation.hosts[0].is_admitted


def _about(what: str, answer: Answer, state: Snapshot, planning: Planning, *, is_anew: bool) -> tuple[Report, bool]:
    """The report about a guest, a host or an action, whichever has that name."""
    from trimtab_solver.explain.names import find_guest

    from ..reports.explanation import guest_report
    from ..reports.plan_parts import action_report, host_report

    if not any(vm.id == what for vm in state.vms):
        for host in state.hosts:
            if host.id == what:
                return host_report(host, state, answer), True
        for action in answer.plan.actions:
            if str(action.id) == what:
                return action_report(action, answer), True
    guest = find_guest(state, what)
    report = guest_report(guest, planning.explain(what, None), answer, is_anew=is_anew)
    return report, all(one.vm_id != what for one in answer.stays_down)


def _check_origin(answer: Answer, state: Snapshot, planning: Planning) -> None:
    """Refuses a plan of other input: what is said of it would not be true.

    Raises
    ------
    CommandError
        With one line for the snapshot, and one for the policy.
    """
    from trimtab_solver.digest import snapshot_digest
    from trimtab_solver.verify.staleness import stale_inputs

    made_under = answer.certificate.policy_digest
    digest = planning.policy_digest or made_under
    if stale := stale_inputs(answer.certificate, snapshot_digest(state), digest):
        lines = [f"the plan was made for another {one.input} ({one.certified_digest[:12]})" for one in stale]
        raise CommandError(ExitCode.FLAWED, lines)


def _planned(planning: Planning, options: PlanOptions) -> Answer:
    """A new plan, and a word to whoever watches that it is one."""
    from ..reports.page import stderr_page
    from ..reports.quantities import spell_seconds

    waiting = stderr_page()
    if waiting.is_terminal:
        text = f"No plan is given: planning anew, for at most {spell_seconds(options.budget_s)} ..."
        waiting.line(text, "dim")
    return planning.plan(options, None)
