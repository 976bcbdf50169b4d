"""Warm starts: what is left of an earlier placement in a later snapshot."""

from __future__ import annotations

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery
from trimtab_solver.warm_start import read_warm_start


def test_guests_are_where_the_earlier_plan_left_them_as_far_as_they_may_be() -> None:
    """Known places count, the others are as they are now; each kind of leaving out has its note."""
    guests = [vm("a", "h1"), vm("b", "h1"), vm("c", "h2"), vm("d"), vm("g", "h2", "gold"), vm("s", "h2")]
    problem = problem_of(snapshot(guests, {4: DOWN}), policy())
    places = {"a": "h2", "b": "", "c": "h4", "d": "h3", "g": "", "x": "h1", "s": "h7"}
    warm = read_warm_start(problem, places)
    assert dict(zip(problem.vm_ids, warm.place.tolist(), strict=True)) == {
        "a": 1, "b": -1, "c": 1, "d": 2, "g": 1, "s": 1,
    }  # fmt: skip
    assert warm.notes == (
        "warm start: left out x: not among the guests wanted now",
        "warm start: left out s: on hosts that the snapshot does not know",
        "warm start: left out c, g: not possible there any more",
    )


def test_a_warm_start_that_cannot_be_reached_does_no_harm() -> None:
    """More guests on one host than it has room for: the plan is safe, and as good as without it."""
    found = snapshot([vm(f"b{n}") for n in range(5)], {3: DOWN, 4: DOWN})
    cold = plan_recovery(found, policy(), PlanOptions(budget_s=60))
    warm = plan_recovery(found, policy(), PlanOptions(budget_s=60, warm_start={f"b{n}": "h1" for n in range(5)}))
    assert [level.value for level in warm.levels] == [level.value for level in cold.levels]
    assert warm.certificate.verified
