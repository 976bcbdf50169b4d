"""`policy diff`: documents, selections and plans; what is the same is not mentioned."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.documents import document
from trimtab_server.reports.html_file import html_of
from trimtab_server.reports.markdown import markdown_of
from trimtab_server.reports.policy_diff import diff_json, diff_report
from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.authoring.scenario_files import read_scenarios
from trimtab_solver.errors import PolicyRefusedError, Reason, SnapshotRefusedError
from trimtab_solver.options import PlanOptions
from trimtab_solver.policy.documents import Policy
from trimtab_solver.review.diff import SelectionChange, diff_policies
from trimtab_solver.review.document_changes import FieldChange
from trimtab_solver.scenarios.course import happen
from trimtab_solver.scenarios.scenario import Scenario
from trimtab_solver.snapshot import Host, Snapshot, Vm

TIERS = (
    document("Tier", "gold", "{rank: 9}")
    + document("Tier", "low", "{rank: 1, evict: {when: event.hardware_failures >= 1}}")
).removeprefix("---\n")
HOSTS = tuple(Host(f"h{i}", capacity={"memory_mib": 4}, labels={"ssd": "yes" if i == 2 else "no"}) for i in (1, 2, 3))
CLUSTER = Snapshot(
    HOSTS,
    (
        Vm("a", tier="gold", labels={"app": "x"}, requested={"memory_mib": 4}, host_id="h1"),
        Vm("b", tier="low", labels={"app": "y"}, requested={"memory_mib": 4}, host_id="h2"),
    ),
)


def policy(*documents: str, tiers: str = TIERS) -> Policy:
    """Two tiers and these documents."""
    return parse_policy({"p.yaml": (tiers + "".join(documents)).encode()})


PIN = document("Pin", "pin", "{select: {matchLabels: {app: x}}, hosts: {matchLabels: {ssd: 'yes'}}}")


def test_the_same_policy_written_in_another_way_is_no_difference() -> None:
    """Order, written-out defaults and comments do not count; neither do plans that come to the same."""
    same = parse_policy(
        {"q.yaml": (PIN.replace("}}}", "}}, level: must}").removeprefix("---\n")).encode(), "r.yaml": TIERS.encode()}
    )
    diff = diff_policies(policy(PIN), same, CLUSTER)
    assert diff.old_digest == diff.new_digest
    assert diff.is_empty


def test_documents_are_compared_field_by_field() -> None:
    """Added, removed, changed; a name that changes its kind is another document."""
    old = policy(PIN, document("Pin", "gone", "{select: {ids: [a]}, hosts: {ids: [h1]}}"))
    new = policy(
        PIN.replace("app: x", "app: y").replace("{name: pin}", "{name: pin, owner: me}"),
        document("Spread", "new", "{select: {ids: [a]}, topology: host, maxPerDomain: 1}"),
    )
    found = {change.name: change for change in diff_policies(old, new).documents}
    assert sorted(found) == ["gone", "new", "pin"]
    assert (found["gone"].new, found["new"].old) == (None, None)
    assert found["pin"].fields == (
        FieldChange("metadata.owner", None, "me"),
        FieldChange("spec.select.matchLabels.app", "x", "y"),
    )


def test_selections_and_tiers_are_compared_on_the_cluster() -> None:
    """Guests and hosts gained and lost per selector; guests that change their tier."""
    old = policy(PIN)
    tiers = TIERS.replace("{rank: 9}", "{rank: 9, select: {ids: [a, b]}}").replace(
        "{rank: 1", "{select: {ids: []}, rank: 1"
    )
    new = policy(PIN.replace("ssd: 'yes'", "ssd: 'no'"), tiers=tiers)
    found = diff_policies(old, new, CLUSTER, ()).selections
    assert SelectionChange("pin", "spec.hosts", ("h1", "h3"), ("h2",)) in found
    assert SelectionChange("gold", "guests", ("b",), ()) in found
    assert SelectionChange("low", "guests", (), ("b",)) in found


def test_plans_are_compared_per_scenario() -> None:
    """Actions, levels, who stays down, who is stopped, and wishes that are broken further."""
    wish = document("Pin", "wish", "{select: {ids: [b]}, hosts: {ids: [h3]}, level: should, weight: 5}")
    scenarios = (Scenario(name="quiet"), Scenario(name="h1 fails", fail=("host:h1", "host:h3")))
    quiet, failed = diff_policies(policy(), policy(PIN, wish), CLUSTER, scenarios).plans
    assert (quiet.scenario, quiet.old.outcome, quiet.new.outcome) == ("quiet", "NO_ACTION_NEEDED", "OPTIMAL")
    assert sorted((action.vm_id, action.target_host_id) for action in quiet.added) == [("a", "h2"), ("b", "h3")]
    assert (quiet.removed, quiet.down, quiet.stops) == ((), (), ())
    # both policies let gold displace low on the only host left: the same plan, and the same who is down
    assert failed.old.outcome == failed.new.outcome
    assert (failed.added, failed.removed, failed.down) == ((), (), ())


def test_a_right_that_is_taken_away_shows_in_the_plans() -> None:
    """Without the right to evict, gold stays down instead of low."""
    new = policy(tiers=TIERS.replace(">= 1", ">= 9"))
    scenarios = (Scenario(name="two fail", fail=("host:h1", "host:h3")),)
    (plan,) = diff_policies(policy(), new, CLUSTER, scenarios).plans
    assert (plan.down, plan.up, plan.stops) == (("a",), ("b",), (("low", 1, 0),))
    assert not plan.is_empty


def test_a_wish_that_the_new_plan_breaks_is_named() -> None:
    """A rule that both policies have and only the new one has to give up."""
    wish = document("Pin", "wish", "{select: {ids: [a]}, hosts: {ids: [h1]}, level: should, weight: 5}")
    (plan,) = diff_policies(policy(wish), policy(wish, PIN.replace("ssd: 'yes'", "ssd: none")), CLUSTER).plans
    assert plan.broken == ()
    away = document("Pin", "pin", "{select: {ids: [a]}, hosts: {ids: [h3]}}")
    (plan,) = diff_policies(policy(wish), policy(wish, away), CLUSTER).plans
    assert plan.broken == (("wish", 0, 1),)


def test_a_policy_that_is_refused_is_a_difference() -> None:
    """With the reason, on its side only."""
    new = policy(tiers=TIERS.replace("name: low", "name: lowest"))
    (plan,) = diff_policies(policy(), new, CLUSTER).plans
    assert plan.old.outcome == "NO_ACTION_NEEDED"
    assert [fault.reason for fault in plan.new.refused] == [Reason.NO_TIER]


def test_plans_of_scenarios_are_those_of_the_states_by_themselves() -> None:
    """What follows from a cluster that is prepared once is what each state gives, prepared anew."""
    new = policy(PIN, tiers=TIERS.replace(">= 1", "== 2"))
    scenarios = (
        Scenario(name="drained", drain=("host:h1",)),
        Scenario(name="one of two", fail=("host:h2",), hardware_failures=2),
        Scenario(name="two", fail=("host:h1", "host:h3")),
    )
    plans = diff_policies(policy(), new, CLUSTER, scenarios).plans
    assert len({repr(plan.new.levels) for plan in plans}) == len(plans)
    for scenario, plan in zip(scenarios, plans, strict=True):
        state = happen(CLUSTER, policy(), scenario)
        assert diff_policies(policy(), new, state, (Scenario(name=scenario.name),)).plans == (plan,)


def test_a_policy_that_is_refused_before_a_scenario_may_serve_after_it() -> None:
    """And the other way round: each state speaks for itself."""
    tier = document("Tier", "fickle", "{rank: 2, select: {cel: event.failed_hosts == 0 && vm.id == 'a'}}")
    scenarios = (Scenario(name="quiet"), Scenario(name="h3 fails", fail=("host:h3",)))
    quiet, failed = diff_policies(policy(), policy(tiers=TIERS + tier), CLUSTER, scenarios).plans
    assert quiet.new.refused
    assert failed.new.outcome == "NO_ACTION_NEEDED"


def test_a_snapshot_that_is_wrong_is_refused() -> None:
    """Not taken for a difference."""
    with pytest.raises(SnapshotRefusedError, match="no hosts"):
        diff_policies(policy(), policy(PIN), replace(CLUSTER, hosts=()))


def test_scenarios_are_read_strictly() -> None:
    """A file of scenarios, with places for what is wrong."""
    good = b"scenarios:\n  - {name: a, fail: ['host:h1'], hardwareFailures: 2}\n"
    assert read_scenarios("s.yaml", good) == (Scenario(name="a", fail=("host:h1",), hardware_failures=2),)
    with pytest.raises(PolicyRefusedError, match=r's\.yaml:2:15 scenarios\[0\]\.fial: unknown field "fial"'):
        read_scenarios("s.yaml", b"scenarios:\n  - {name: a, fial: ['host:h1']}\n")
    with pytest.raises(SnapshotRefusedError, match='the cluster has no part "host:h9"'):
        diff_policies(policy(), policy(), CLUSTER, (Scenario(name="x", fail=("host:h9",)),))


# --- where nothing is proven best -------------------------------------------------------------------------------------


LARGE = generate(SampleOptions(hosts=24, vms=300, load=1.03, seed=3))
LITTLE = PlanOptions(budget_s=0.05, reproducible=True)
"""So little work that plans on the large cluster are not proven best."""


def changed(old: bytes, new: bytes) -> Policy:
    """The policy of the large cluster with one text replaced."""
    files = {name: text.replace(old, new) for name, text in LARGE.policy.items()}
    assert old == new or files != dict(LARGE.policy)
    return parse_policy(files)


def test_a_change_that_means_nothing_here_shows_no_actions() -> None:
    """Plans that no policy prefers are not told apart, although another weight leads the search elsewhere."""
    rack = min(domain.id for domain in LARGE.healthy.domains if domain.kind == "rack")
    scenarios = (Scenario(name="rack", fail=(f"rack:{rack}",)), Scenario(name="quiet"))
    diff = diff_policies(changed(b"", b""), changed(b"weight: 40", b"weight: 41"), LARGE.healthy, scenarios, LITTLE)
    assert [change.name for change in diff.documents] == ["web-racks"]
    for plan in diff.plans:
        assert not plan.is_proven
        assert (plan.added, plan.removed, plan.down, plan.up, plan.stops, plan.broken) == ((), (), (), (), (), ())
        assert plan.old.levels is not None
        assert plan.new.levels is not None
        assert {name for name, value in plan.new.levels.items() if value != plan.old.levels[name]} <= {"should"}


def test_one_digest_is_one_plan() -> None:
    """A policy written in another order is not planned for again, so that there is nothing to differ."""
    files = {f"z{name}": text for name, text in reversed(list(LARGE.policy.items()))}
    diff = diff_policies(changed(b"", b""), parse_policy(files), LARGE.healthy, (Scenario(name="quiet"),), LITTLE)
    assert diff.is_empty
    (plan,) = diff.plans
    assert not plan.is_proven
    assert plan.old == plan.new


def test_a_difference_that_is_not_proven_says_so() -> None:
    """In words and for programs; a proven one does not."""
    scenarios = (Scenario(name="all of a site", fail=("site:s1",)),)
    old, new = changed(b"", b""), changed(b"event.hardware_failures >= 1", b"event.hardware_failures >= 9")
    diff = diff_policies(old, new, LARGE.healthy, scenarios, LITTLE)
    (plan,) = diff.plans
    assert not plan.is_empty
    assert not plan.is_proven
    assert "not proven best" in markdown_of(diff_report(diff))
    assert "not proven best" in html_of(diff_report(diff))
    assert json.loads(diff_json(diff))["plans"][0]["proven"] is False
    small = diff_policies(policy(), policy(PIN), CLUSTER)
    assert not small.plans[0].is_empty
    assert "not proven" not in markdown_of(diff_report(small))
