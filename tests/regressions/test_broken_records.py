"""Records that once stopped the recovery of everybody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from trimtab_solver.actions import ActionKind
from trimtab_solver.errors import PolicyRefusedError, SnapshotRefusedError
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery
from trimtab_solver.snapshot import FencingState, Snapshot, Vm, VmState

_OPTIONS = PlanOptions(budget_s=5, reproducible=True, workers=1)
_FENCED = {**DOWN, "fencing": FencingState.FENCED}
_LATE = vm("late", "h1", "silver")


def _night(broken: Vm) -> Snapshot:
    """h1 has failed: two guests are displaced, one record of a guest makes no sense."""
    lost = [replace(vm(name, "h1", "gold"), state=VmState.DISPLACED) for name in ("ledger", "web")]
    return snapshot([*lost, vm("wiki", "h2"), broken], {1: _FENCED})


@pytest.mark.parametrize(
    "broken",
    [
        _LATE,
        replace(_LATE, state=VmState.MIGRATING, target_host_id="h2"),
        replace(_LATE, state=VmState.MIGRATING, host_id="h2", target_host_id="h1"),
        replace(_LATE, host_id="gone"),
        replace(_LATE, host_id="h2", storage_pool_id="gone"),
        replace(_LATE, host_id="h2", requested={"disk_gib": 4}),
        replace(_LATE, host_id="h2", allocated={"memory_mib": 11}),
        replace(_LATE, host_id="h2", requested={"memory_mib": -10}),
        replace(_LATE, host_id="h2", state=VmState.DISPLACED),
        replace(_LATE, host_id="h2", tier="copper"),
    ],
)
def test_one_broken_record_costs_nobody_else_anything(broken: Vm) -> None:
    """Both displaced guests restart, the broken record is listed, and strict refuses as it always did."""
    answer = plan_recovery(_night(broken), policy(), _OPTIONS)
    started = {action.vm_id for action in answer.plan.actions if action.kind is ActionKind.START}
    assert started == {"ledger", "web"}
    assert [record.vm_id for record in answer.quarantined] == ["late"]
    assert not answer.engine_faults
    assert "late" not in {one.vm_id for one in answer.stays_down}
    with pytest.raises((SnapshotRefusedError, PolicyRefusedError)):
        plan_recovery(_night(broken), policy(), replace(_OPTIONS, strict=True))
