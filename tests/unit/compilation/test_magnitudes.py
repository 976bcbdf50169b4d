"""Numbers at the ends of their ranges: every rule and cost is planned with, or named as too large."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.strategies import policy_of
from trimtab_solver.actions import ActionKind
from trimtab_solver.errors import Fault, Reason, RefusedError
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Level, Policy, Selector, Spec
from trimtab_solver.rules.action_budget import ActionBudget, Crossing
from trimtab_solver.rules.balance import Above, Balance, FreeRatio, PeakLoad
from trimtab_solver.rules.host_requirement import HostRequirement
from trimtab_solver.rules.objectives import LevelSum, Objectives, OrderedMeasure
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.reserve import Reserve
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.tier import Eviction, Shrinking, Tier
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import FencingState, Host, HostState, Migratability, Snapshot, Vm, VmState
from trimtab_solver.validation import snapshot_faults

_MOST = 1 << 40
_WEIGHT = 1_000_000
_ALL = Selector(cel="true")
_SOME = Selector(ids=("v0", "v1"))
_SHOULD: dict[str, Any] = {"level": Level.SHOULD, "weight": _WEIGHT}
_SUM: dict[OrderedMeasure, int] = {
    measure: _WEIGHT for measure in OrderedMeasure if measure is not OrderedMeasure.BALANCE
}
_OPTIONS = PlanOptions(budget_s=1, reproducible=True, workers=1)


def _tiers(cost: int) -> dict[str, Spec]:
    gold = Tier(rank=1000, value=_WEIGHT, no_overcommit=("memory_mib",))
    low = Tier(
        rank=0,
        value=_WEIGHT,
        evict=Eviction(when="true"),
        resize=Shrinking(floor={"memory_mib": "0%"}, cost=cost),
        allow_cold_migration=True,
    )
    return {"gold": gold, "low": low}


def _cluster(size: int, percent: int) -> Snapshot:
    """Four hosts with as much as there may be, one of them failed, and eight guests that nearly fill the others."""
    capacity = {"cpu_milli": _MOST, "memory_mib": _MOST}
    host = Host("", capacity=capacity, overcommit_percent={"memory_mib": percent}, migration_bandwidth_mbps=1)
    hosts = [replace(host, id=f"h{i}") for i in range(4)]
    hosts[3] = replace(hosts[3], state=HostState.DOWN, fencing=FencingState.FENCED)
    vms = []
    for i in range(8):
        vm = Vm(
            f"v{i}", tier=("gold", "low")[i % 2], requested={"memory_mib": size, "cpu_milli": i}, host_id=f"h{i % 4}"
        )
        vms.append(replace(vm, state=VmState.DISPLACED if i % 4 == 3 else VmState.RUNNING, restart_s=10_000_000))
    return Snapshot(tuple(hosts), tuple(vms))


_RULES: dict[str, Spec] = {
    "nothing": Tier(rank=1),
    "separate": Separate(between=(Selector(ids=("v0",)), Selector(ids=("v1", "v2"))), topology="host", **_SHOULD),
    "spread most": Spread(select=_ALL, topology="host", max_per_domain=1, **_SHOULD),
    "spread least": Spread(select=_ALL, topology="host", min_domains=4, **_SHOULD),
    "spread skew": Spread(select=_ALL, topology="host", max_skew=1, **_SHOULD),
    "together": Together(select=_ALL, topology="host", **_SHOULD),
    "near": Together(select=_SOME, near=Selector(ids=("v2",)), topology="host", **_SHOULD),
    "pin": Pin(select=_SOME, hosts=Selector(ids=("h2",)), **_SHOULD),
    "requirement": HostRequirement(select=_ALL, require="host.id == 'h0'", **_SHOULD),
    "quorum": Quorum(select=_ALL, min_running=1_000_000, **_SHOULD),
    "reserve share": Reserve(protects=_ALL, share="100%", **_SHOULD),
    "reserve hosts": Reserve(protects=_ALL, hosts=2, **_SHOULD),
    "reserve must": Reserve(protects=_ALL, hosts=2, level=Level.MUST),
    "above": Balance(above=(Above(resource="memory_mib", threshold="0%", weight=_WEIGHT),)),
    "ratio": Balance(ratios=(FreeRatio(left="memory_mib", right="cpu_milli", target=_WEIGHT, weight=_WEIGHT),)),
    "peak": Balance(peaks=(PeakLoad(resource="memory_mib", weight=_WEIGHT),)),
    "light peak": Balance(peaks=(PeakLoad(resource="memory_mib"),)),
    "budget": ActionBudget(group_weight=1_000_000, held_at_both_ends=("memory_mib",)),
    "crossing": ActionBudget(crossing=(Crossing(topology="host", cost=1_000_000),)),
    "objectives": Objectives(levels=(LevelSum(name="all", measures=_SUM), OrderedMeasure.BALANCE)),
}


def _plan(snapshot: Snapshot, policy: Policy) -> Answer | tuple[Fault, ...]:
    """The answer, or why there is none."""
    try:
        return plan_recovery(snapshot, policy, _OPTIONS)
    except RefusedError as refusal:
        return refusal.faults


@pytest.mark.parametrize(("size", "percent"), [(_MOST // 3, 10_000), (_MOST, 10_000), (_MOST, 10)])
@pytest.mark.parametrize("name", _RULES)
def test_numbers_at_the_ends_of_their_ranges_are_planned_with_or_named(name: str, size: int, percent: int) -> None:
    """No engine fails and every count is the verifier's; or the refusal says what is too large."""
    snapshot, policy = _cluster(size, percent), policy_of({**_tiers(1000), "rule": _RULES[name]})
    assert not snapshot_faults(snapshot)
    found = _plan(snapshot, policy)
    if isinstance(found, Answer):
        assert not found.engine_faults
        assert all(0 <= level.bound <= level.value for level in found.levels)
    else:
        assert {fault.reason for fault in found} == {Reason.OUT_OF_RANGE}
        assert all(fault.path and fault.fix for fault in found)
        assert name in ("above", "ratio", "peak", "light peak", "objectives", "reserve share", "reserve hosts")


def test_weights_are_refused_where_their_products_are_too_large() -> None:
    """A threshold with the largest weight on the largest hosts: the document and the field are named."""
    balance = _RULES["above"]
    with pytest.raises(RefusedError) as refused:
        plan_recovery(_cluster(_MOST, 10_000), policy_of({**_tiers(1), "even": balance}), _OPTIONS)
    (fault,) = refused.value.faults
    assert "spec.above[0]" in fault.path
    assert "even" in fault.message


def test_sums_that_are_too_large_are_named() -> None:
    """So many guests of the largest size that their sum cannot be counted."""
    snapshot = _cluster(_MOST, 10_000)
    many = replace(snapshot, vms=tuple(replace(snapshot.vms[0], id=f"w{i}") for i in range(200)))
    assert {(fault.reason, fault.path) for fault in snapshot_faults(many)} >= {(Reason.OUT_OF_RANGE, "snapshot.vms")}


def test_estimates_end_where_the_wire_does() -> None:
    """A guest of 2^40 MiB at 1 Mbit/s takes 10,000,000 s, and what waits for it begins within 32 bits."""
    snapshot = _cluster(_MOST // 3, 10_000)
    drained = replace(snapshot, hosts=(replace(snapshot.hosts[0], state=HostState.DRAINING), *snapshot.hosts[1:]))
    answer = plan_recovery(drained, policy_of(_tiers(1)), _OPTIONS)
    moves = [action for action in answer.plan.actions if action.kind is ActionKind.MIGRATE_LIVE]
    assert moves
    assert {action.duration_s for action in moves} == {10_000_000}
    assert snapshot.vms[0].migratability is Migratability.LIVE
    assert max(action.earliest_start_s + action.duration_s for action in answer.plan.actions) < 2**31
