"""What once went wrong while a plan was carried out: the plan as it was, and what is said of it now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.support.cluster import TIERS, snapshot, vm
from tests.support.strategies import policy_of
from tests.support.timing import timed
from trimtab_server.files import read_snapshot
from trimtab_solver.actions import Plan
from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer, Outcome
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Policy, Selector
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.tier import Availability, Tier
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.verify import Code, verify_plan

_OPTIONS = PlanOptions(budget_s=60, workers=1)


def _saved(name: str) -> tuple[Snapshot, Policy]:
    folder = Path(__file__).parent / name
    return read_snapshot(folder / "snapshot.json.gz"), load_policy(folder / "policy.yaml")


def _without_waiting(cluster: Snapshot, answer: Answer) -> Plan:
    return timed(cluster, Plan(tuple(replace(action, depends_on=()) for action in answer.plan.actions)))


def test_of_a_pair_the_second_moves_cold_after_the_first() -> None:
    """The planner says so, and a plan that does not is refused."""
    cluster, rules = _saved("quorum-lost-by-two-drains")
    answer = plan_recovery(cluster, rules, _OPTIONS)
    first, second = (action for action in answer.plan.actions if action.vm_id.startswith("resolver"))
    assert first.id in second.depends_on
    loose = verify_plan(cluster, rules, _without_waiting(cluster, answer))
    assert {(violation.code, violation.rule) for violation in loose.violations} == {(Code.DEPENDENCY, "one-resolver")}


def test_restarts_of_a_group_with_a_quorum_may_all_happen_at_once() -> None:
    """More running members never break it."""
    cluster, rules = _saved("group-that-started-one-by-one")
    answer = plan_recovery(cluster, rules, _OPTIONS)
    assert len(answer.plan.actions) == 4
    assert verify_plan(cluster, rules, _without_waiting(cluster, answer)).is_valid


def test_no_cycle_is_broken_by_a_stop_without_a_right_to_it() -> None:
    """Guests that should change places on full hosts stay: whoever left the plan half-way left one of them down."""
    gold = Tier(rank=30, availability=Availability.MUST_RUN, allow_cold_migration=True)
    homes = {
        f"home-of-{name}": Pin(select=Selector(ids=(name,)), hosts=Selector(ids=(host,)))
        for name, host in (("x", "h2"), ("y", "h1"))
    }
    rules = policy_of({**TIERS, "gold": gold, **homes})
    full = {"memory_mib": 40}
    cluster = snapshot([vm("x", "h1", "gold", requested=full), vm("y", "h2", "gold", requested=full)])
    cluster = replace(cluster, hosts=cluster.hosts[:2])
    answer = plan_recovery(cluster, rules, _OPTIONS)
    assert not answer.plan.actions
    assert not answer.engine_faults
    assert answer.outcome is Outcome.UNREACHABLE
