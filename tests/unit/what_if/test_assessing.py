"""Verdicts on scenarios, by hand."""

from __future__ import annotations

from tests.support.cluster import TIERS, snapshot, vm
from tests.support.strategies import policy_of
from trimtab_solver.outcome import Outcome
from trimtab_solver.prepared import Prepared, prepare
from trimtab_solver.rules.tier import Eviction, Tier
from trimtab_solver.scenarios.scenario import Scenario
from trimtab_solver.snapshot import HostState, Snapshot
from trimtab_solver.what_if.assessing import AssessmentOptions, Assessor
from trimtab_solver.what_if.verdicts import Basis, StepVerdict, TierFate


def assessed(start: Prepared, *fail: str, **options: bool) -> StepVerdict:
    """What comes of the loss of these parts."""
    return Assessor(start, AssessmentOptions(**options)).assess(Scenario(name="x", fail=fail)).last


def cluster() -> Snapshot:
    """Three hosts: a Gold guest as large as a host, a Bronze guest as large, and nobody; the last one is too small."""
    small = {"capacity": {"memory_mib": 10}}
    return snapshot(
        [vm("g", "h1", "gold", requested={"memory_mib": 40}), vm("b", "h2", requested={"memory_mib": 40})],
        {3: small, 4: {"state": HostState.MAINTENANCE}},
    )


def test_two_failures_may_lose_less_than_one() -> None:
    """Bronze makes way at the second failure alone: the loss of one host costs Gold, the loss of two does not."""
    tiers = {**TIERS, "bronze": Tier(rank=10, evict=Eviction(when="event.hardware_failures >= 2"))}
    start = prepare(cluster(), policy_of(tiers))
    one, two = assessed(start, "host:h1"), assessed(start, "host:h1", "host:h3")
    assert (one.outcome, one.basis, one.lost) == (Outcome.FEASIBLE, Basis.BOUND, {"gold": 1})
    assert (two.outcome, two.basis, two.lost) == (Outcome.FEASIBLE, Basis.BOUND, {"bronze": 1})


def test_the_fate_of_each_tier_is_told() -> None:
    """Who is stopped to make room is lost; who comes back says when."""
    start = prepare(cluster(), policy_of(TIERS))
    verdict = assessed(start, "host:h1", keep_plans=True)
    gold, bronze = verdict.tiers
    assert gold == TierFate("gold", wanted=1, ran_before=1, restarted=1, back_median_s=45, back_last_s=45)
    assert bronze == TierFate("bronze", wanted=1, ran_before=1, lost=1, stopped=1)
    assert verdict.plan is not None
    assert verdict.makespan_s == verdict.plan.makespan_s == 45
    assert verdict.hardware_failures == 1


def test_nothing_needs_to_be_done_where_nothing_happens() -> None:
    """An empty scenario keeps everybody, with an empty plan."""
    start = prepare(cluster(), policy_of(TIERS))
    verdict = assessed(start)
    assert verdict.actions == 0
    assert [(tier.kept, tier.lost) for tier in verdict.tiers] == [(1, 0), (1, 0)]


def test_a_plan_may_be_searched_for_though_it_is_proven_who_is_lost() -> None:
    """Then it is the planner's, with its outcome."""
    start = prepare(cluster(), policy_of(TIERS))
    verdict = assessed(start, "host:h3", only_losses=False)
    assert (verdict.outcome, verdict.basis) == (Outcome.NO_ACTION_NEEDED, Basis.BOUND)
