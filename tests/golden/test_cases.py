"""The scenarios that trimtab was made for, as files that a policy author can read and extend (cases/*.yaml)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.golden.case_file import Want, case_files, read_case
from trimtab_solver.execution.carry_out import after_plan
from trimtab_solver.execution.events import hosts_become
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.verify.replay import verify_plan


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.stem)
def test_golden_case(path: Path) -> None:
    """Every step of the case gets the answer that the file wants, and its plan passes a fresh verifier."""
    case = read_case(path)
    snapshot = case.snapshot
    for number, step in enumerate(case.steps, 1):
        for state, host_ids in step.changes.items():
            snapshot = hosts_become(snapshot, host_ids, state)
        answer = plan_recovery(snapshot, case.policy, PlanOptions(budget_s=60))
        after = after_plan(snapshot, answer.plan)
        found = _facts(snapshot, case.policy, answer, after, step.want)
        wanted = step.want.model_dump(mode="json", exclude_unset=True)
        assert found == {**wanted, "verified": True}, f"step {number}: {step.story}"
        snapshot = after


def _facts(before: Snapshot, policy: Policy, answer: Answer, after: Snapshot, want: Want) -> dict[str, object]:
    """What the answer says about everything that is wanted; facts that are only bounded are cut to what is wanted."""
    verdict = verify_plan(before, policy, answer.plan)
    assert verdict.is_valid, verdict.violations
    place = {vm.id: vm.place for vm in after.vms if vm.is_running}
    assert place == dict(verdict.placement.hosts)
    tier = {vm.id: vm.tier for vm in before.vms}
    down = {action.vm_id for action in answer.plan.actions if action.kind.departs}
    lost = Counter(vm.tier for vm in after.vms if not vm.is_running)
    values = {level.name: level.value for level in answer.levels}
    assert dict(verdict.levels) == values
    bounds = {level.name: level.bound for level in answer.levels}
    forbidden = sorted({tier[vm_id] for vm_id in down} - set(want.may_go_down or ()))
    facts: dict[str, object] = {
        "outcome": str(answer.outcome),
        "hardware_failures": answer.hardware_failures,
        "down": {name: lost[name] for name in want.down or ()},
        "may_go_down": [*(want.may_go_down or ()), *forbidden],
        "running": [vm_id for vm_id in want.running if vm_id in place and vm_id not in down],
        "places": {vm_id: place.get(vm_id, "") for vm_id in want.places},
        "shrunk": [vm.id for vm in after.vms if vm.is_running and {**vm.requested, **vm.allocated} != vm.requested],
        "levels": {name: values.get(name) for name in want.levels},
        "bounds": {name: bounds.get(name) for name in want.bounds},
        "actions": dict(Counter(str(action.kind) for action in answer.plan.actions)),
    }
    asked = {name: fact for name, fact in facts.items() if name in want.model_fields_set}
    return {**asked, "verified": answer.certificate.verified}
