"""``trimtab explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .arguments import Deadline, PolicyFolder, Seed, SnapshotFile
from .exits import ExitCode
from .quantities import spell_seconds

if TYPE_CHECKING:
    from trimtab_solver.explain.explanation import GuestExplanation
    from trimtab_solver.options import PlanOptions
    from trimtab_solver.policy.documents import Policy
    from trimtab_solver.snapshot import Snapshot, Vm

    from .page import Page


def explain(
    snapshot: SnapshotFile,
    vm: Annotated[str, typer.Argument(metavar="VM", help="Id of the guest.")],
    policy: PolicyFolder,
    host: Annotated[
        str | None, typer.Option("--host", metavar="HOST", help="Say what forbids it on this host now.")
    ] = None,
    deadline: Deadline = "10s",  # type: ignore[assignment]  # typer parses defaults too
    seed: Seed = 0,
) -> None:
    """Say why a guest runs or does not run after the best plan; with --host, whether that host may take it now.

    Exit code 1: the guest does not run after the plan, or may not go to the host.
    """
    from trimtab_solver.authoring.loader import load_policy
    from trimtab_solver.explain.admission import explain_guest
    from trimtab_solver.explain.names import find_guest
    from trimtab_solver.options import PlanOptions

    from ..files import read_snapshot
    from .page import Page

    state = read_snapshot(snapshot)
    rules = load_policy(policy)
    explanation = explain_guest(state, rules, vm, host)
    guest = find_guest(state, vm)
    page = Page()
    _introduce(page, guest, explanation.tier)
    if host is not None:
        is_well = _explain_host(page, guest, explanation)
    else:
        is_well = _explain_plan(page, guest, state, rules, PlanOptions(budget_s=deadline, seed=seed))
    raise typer.Exit(ExitCode.OK if is_well else ExitCode.FLAWED)


def _introduce(page: Page, vm: Vm, tier: str) -> None:
    from trimtab_solver.explain.amounts import describe_size

    where = f" on {vm.host_id}" if vm.host_id else ""
    asked = describe_size(vm.requested)
    page.line(f"{vm.id}: tier {tier}, {vm.state.value.lower()}{where} in the snapshot, requests {asked}.", "bold")


def _explain_host(page: Page, vm: Vm, explanation: GuestExplanation) -> bool:
    (admission,) = explanation.hosts
    if not admission.is_admitted:
        page.line(f"{admission.host_id} may not take it now:", "bold red")
    elif vm.place == admission.host_id:
        page.line(f"{admission.host_id} is where it is:", "bold green")
    else:
        page.line(f"{admission.host_id} may take it now.", "bold green")
    for line in (*(objection.message for objection in admission.objections), *admission.remarks):
        page.line(f"- {line}", indent=2)
    return admission.is_admitted


def _explain_plan(page: Page, vm: Vm, snapshot: Snapshot, policy: Policy, options: PlanOptions) -> bool:
    from trimtab_solver.planner import plan_recovery

    from .page import stderr_page
    from .phrases import headline
    from .tables import ACTION_COLUMNS, action_row

    waiting = stderr_page()
    if waiting.is_terminal:
        waiting.line(f"Planning, for at most {spell_seconds(options.budget_s)} ...", "dim")
    answer = plan_recovery(snapshot, policy, options)
    page.line(f"Plan: {headline(answer)}.")
    down = next((one for one in answer.stays_down if one.vm_id == vm.id), None)
    actions = [action for action in answer.plan.actions if action.vm_id == vm.id]
    if actions:
        page.table(ACTION_COLUMNS, [action_row(action) for action in actions])
    if down is not None:
        page.line(f"It does not run after the plan: {down.reason}.", "bold red")
        if down.rules:
            page.line(f"Rules involved: {', '.join(down.rules)}.", indent=2)
        return False
    if not vm.is_wanted:
        page.line("It is switched off on purpose: plans never touch it.")
    elif actions:
        page.line("It runs after the plan.", "bold green")
    else:
        page.line(f"The plan leaves it as it is: it runs on {vm.place}.", "bold green")
    return True
