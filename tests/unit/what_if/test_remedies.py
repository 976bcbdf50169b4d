"""Remedies on clusters small enough to reason about by hand; each is verified again by a fresh assessor."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.support import cluster
from trimtab_server.reports.json_report import json_of
from trimtab_server.reports.remedies import remedies_report
from trimtab_solver.policy.documents import Policy, Selector
from trimtab_solver.prepared import prepare
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.host_requirement import HostRequirement
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.tier import Tier
from trimtab_solver.scenarios.scenario import MoreGuests, Scenario
from trimtab_solver.snapshot import PoolKind, Snapshot, StoragePool, Vm
from trimtab_solver.verify.replay import verify_plan
from trimtab_solver.what_if.admission import admit
from trimtab_solver.what_if.assessing import AssessmentOptions, Assessor
from trimtab_solver.what_if.promise import Promise
from trimtab_solver.what_if.remedies import RemedyOptions, RemedySearch, find_remedies
from trimtab_solver.what_if.remedy_candidates import RemedyCosts, RemedyKind
from trimtab_solver.what_if.runners.here import Here
from trimtab_solver.what_if.runners.runner import Assignment

GOLD = Promise(("gold",))
OPTIONS = AssessmentOptions(budget_s=0.5)


def found_for(
    snapshot: Snapshot, policy: Policy, options: RemedyOptions | None = None, promise: Promise = GOLD
) -> RemedySearch:
    """The remedies, after each was verified again by a fresh assessor."""
    found = find_remedies(Assignment(snapshot, policy, OPTIONS), promise, Here(), options)
    for remedy in found.remedies:
        with_it = remedy.cluster
        assessor = Assessor(prepare(with_it.snapshot, with_it.policy), OPTIONS)
        for scenario in promise.scenarios(with_it.snapshot):
            assert "gold" not in assessor.assess(scenario).last.lost, (remedy.kind, scenario.name)
        if remedy.plan is not None:
            assert verify_plan(snapshot, policy, remedy.plan).is_valid
    assert [remedy.cost for remedy in found.remedies] == sorted(remedy.cost for remedy in found.remedies)
    return found


def gold(number: int) -> list[Vm]:
    """So many, one host after the other; each host has four places."""
    return [cluster.vm(f"g{n}", f"h{n % 4 + 1}", "gold") for n in range(number)]


def test_nothing_is_mended_that_is_not_broken() -> None:
    """Twelve places are left when one host of four is lost."""
    found = found_for(cluster.snapshot(gold(12)), cluster.policy())
    assert not found.is_needed
    assert (found.remedies, found.tried) == ((), 0)


def test_hosts_are_added_where_there_is_no_room() -> None:
    """One more host is enough for sixteen guests, whichever rack it is in; there is no rule and no other tier."""
    found = found_for(cluster.snapshot(gold(16)), cluster.policy())
    assert [broken.lost for broken in found.broken] == [{"gold": 4}] * 4
    assert [(one.kind, one.number, one.domains) for one in found.remedies] == [
        (RemedyKind.ADD_HOSTS, 1, (f"r{n}",)) for n in (1, 2, 3)
    ]
    two = found_for(cluster.snapshot(gold(16)), cluster.policy(), promise=Promise(("gold",), ((("host",), 2),)))
    assert {one.number for one in two.remedies} == {2}


def test_a_right_to_stop_others_is_cheaper_than_a_host() -> None:
    """Silver guests fill what gold needs, and may not be stopped; by another cost table the host comes first."""
    silver = [cluster.vm(f"s{n}", f"h{n + 1}", "silver") for n in range(4)]
    snapshot = cluster.snapshot([*gold(12), *silver])
    policy = cluster.policy(silver=Tier(rank=20))
    first, second, *_ = found_for(snapshot, policy).remedies
    assert (first.kind, first.subject, first.cost) == (RemedyKind.ALLOW_EVICTION, "silver", 30)
    assert second.kind is RemedyKind.ADD_HOSTS
    cheap = RemedyOptions(RemedyCosts(host=5), wanted=1)
    assert [one.kind for one in found_for(snapshot, policy, cheap).remedies] == [RemedyKind.ADD_HOSTS]


def test_a_rule_that_is_in_the_way_is_relaxed() -> None:
    """The pinned guest has nowhere else to go; switching the rule off is not told beside relaxing it."""
    pin = Pin(select=Selector(ids=("g0",)), hosts=Selector(ids=("h1",)))
    found = found_for(cluster.snapshot(gold(4)), cluster.policy(pin=pin))
    assert [(one.kind, one.subject) for one in found.remedies] == [(RemedyKind.RELAX_RULE, "pin")]
    assert found.left == 0


def test_guests_are_moved_beforehand() -> None:
    """Two moves make room for the large guest, and a plan may have one: the other is made now.

    Only h1 and h2 have what the large guest needs, and three others fill h2. Where no move is allowed there is none.
    """
    large = cluster.vm("large", "h1", "gold", requested={"memory_mib": 30}, device_needs=("gpu",))
    others = [cluster.vm(f"o{n}", "h2", "gold") for n in range(3)]
    gpu = {"capabilities": ("gpu",)}
    snapshot = cluster.snapshot([large, *others], {1: gpu, 2: gpu})
    found = found_for(snapshot, cluster.policy(budget=ActionBudget(max_migrations=1)))
    assert [broken.scenario for broken in found.broken] == ["host:h1 fails"]
    first = found.remedies[0]
    assert (first.kind, first.number, first.cost) == (RemedyKind.MOVE_GUESTS, 1, 1)
    assert first.plan is not None
    assert next(action.vm_id for action in first.plan.actions if action.kind.moves) in {vm.id for vm in others}
    none = found_for(snapshot, cluster.policy(budget=ActionBudget(max_migrations=0)))
    assert {one.kind for one in none.remedies} == {RemedyKind.ADD_HOSTS}


def test_a_mirror_is_bought_where_a_rule_asks_for_one() -> None:
    """Gold must lie on a mirrored pool: a guest on a plain one stays where it is, and is not started elsewhere."""
    guests = [cluster.vm("g0", "h1", "gold", storage_pool_id="p1")]
    plain = cluster.snapshot(guests, {n: {"storage_pool_ids": ("p1",)} for n in range(1, 5)})
    snapshot = replace(plain, storage_pools=(StoragePool("p1"),))
    rule = HostRequirement(select=Selector(cel="true"), storage=Selector(cel="pool.kind == 'MIRRORED'"))
    found = found_for(snapshot, cluster.policy(mirror=rule))
    assert [(one.kind, one.subject) for one in found.remedies] == [
        (RemedyKind.RELAX_RULE, "mirror"),
        (RemedyKind.MIRROR_POOL, "p1"),
    ]
    assert found.remedies[1].cluster.snapshot.storage_pools[0].kind is PoolKind.MIRRORED


def test_the_search_is_bounded_and_says_so() -> None:
    """What was not tried is counted."""
    found = found_for(cluster.snapshot(gold(16)), cluster.policy(), RemedyOptions(tries=1, wanted=5))
    assert found.tried == 1
    assert found.left == 4 * 4 - 1


def test_what_would_make_a_change_admissible() -> None:
    """A seventeenth guest needs a host to start, and no promise is broken for want of it."""
    given = Assignment(cluster.snapshot(gold(16)), cluster.policy(), OPTIONS)
    promise = Promise(("gold",), losses=())
    answer = admit(given, Scenario(name="one more", add_guests=(MoreGuests(like="g0"),)), promise, Here())
    assert answer.after is not None
    found = find_remedies(answer.after, promise, Here(), to_start=answer.not_started)
    first = found.remedies[0]
    assert (first.kind, first.number) == (RemedyKind.ADD_HOSTS, 1)
    running = {vm.id for vm in first.cluster.snapshot.vms if vm.is_running}
    assert running.issuperset(answer.not_started)


def test_a_program_reads_the_remedies() -> None:
    """With their costs."""
    told = json.loads(json_of(remedies_report(found_for(cluster.snapshot(gold(16)), cluster.policy()))))
    row = told["blocks"][0]["rows"][0]
    assert (row["cost"], row["kind"], row["number"]) == (100, "ADD_HOSTS", 1)
