"""Twenty guests of one application were restarted one after the other: half an hour for a minute and a half of work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import RuleSpec, Selector
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import FencingState, VmState
from trimtab_solver.verify.replay import verify_plan

_ALL = Selector(cel="true")
_FENCING_S, _RESTART_S = 15, 90


@pytest.mark.parametrize(
    "rule",
    [
        Quorum(select=_ALL, min_running=10, survives="rack"),
        Quorum(select=_ALL, min_running=1),
        Spread(select=_ALL, topology="rack", max_skew=19),
        Together(select=_ALL, topology="site"),
    ],
    ids=["survives", "Quorum", "maxSkew", "Together"],
)
def test_a_group_is_back_as_soon_as_one_of_its_guests(rule: RuleSpec) -> None:
    """The failed host is fenced, then all start side by side; a fresh verifier agrees."""
    up = vm("", requested={"memory_mib": 2}, restart_s=_RESTART_S)
    lost = [replace(up, id=f"v{i}", state=VmState.DISPLACED, host_id="h1") for i in range(20)]
    found = snapshot(lost, {1: {**DOWN, "fencing": FencingState.UNFENCED}})
    rules = policy(rule=rule)
    answer = plan_recovery(found, rules, PlanOptions(budget_s=5, workers=1, reproducible=True))
    assert sum(action.kind.arrives for action in answer.plan.actions) == 20
    assert answer.plan.makespan_s == _FENCING_S + _RESTART_S
    assert verify_plan(found, rules, answer.plan).is_valid
