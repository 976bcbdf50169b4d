"""``trimtab explain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .arguments import Deadline, Limit, Rendering, Seed, SnapshotFile
from .exits import ExitCode
from .showing import show

if TYPE_CHECKING:
    from trimtab_solver.options import PlanOptions
    from trimtab_solver.outcome import Answer

    from .planning import Planning


def explain(
    snapshot: SnapshotFile,
    vm: Annotated[str, typer.Argument(metavar="VM", help="Id of the guest.")],
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="DIR", help="Folder (or file) with the policy; with --server optional."),
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="HOST", help="Say what forbids it on this host now.")
    ] = None,
    deadline: Deadline = "10s",  # type: ignore[assignment]  # typer parses defaults too
    seed: Seed = 0,
    server: Annotated[
        str | None, typer.Option("--server", metavar="ADDR", help="Ask there, HOST:PORT, instead of in this process.")
    ] = None,
    form: Annotated[Rendering, typer.Option("--format", help="How to write it.")] = Rendering.TABLE,
    limit: Limit = 50,
) -> None:
    """Say why a guest runs or does not run after the best plan, and where it could run now; with --host, of that host.

    Exit code 1: the guest does not run after the plan, or may not go to the host.
    """
    if policy is None and server is None:
        raise typer.BadParameter("say which policy counts", param_hint="--policy")
    from trimtab_solver.explain.names import find_guest
    from trimtab_solver.options import PlanOptions

    from ..files import read_snapshot
    from ..reports.explanation import admission_report, guest_report
    from .planning import Planning

    state = read_snapshot(snapshot)
    planning = Planning(state, policy, server)
    explanation = planning.explain(vm, host)
    guest = find_guest(state, vm)
    if host is not None:
        show(admission_report(guest, explanation), form)
        is_well = explanation.hosts[0].is_admitted
    else:
        answer = _planned(planning, PlanOptions(budget_s=deadline, seed=seed))
        show(guest_report(guest, explanation, answer), form, limit or None)
        is_well = all(one.vm_id != vm for one in answer.stays_down)
    raise typer.Exit(ExitCode.OK if is_well else ExitCode.FLAWED)


def _planned(planning: Planning, options: PlanOptions) -> Answer:
    from ..reports.page import stderr_page
    from ..reports.quantities import spell_seconds

    waiting = stderr_page()
    if waiting.is_terminal:
        waiting.line(f"Planning, for at most {spell_seconds(options.budget_s)} ...", "dim")
    return planning.plan(options, None)
