"""Admission on clusters small enough to reason about by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tests.support import cluster
from trimtab_server.reports.admission_answer import admission_answer_report
from trimtab_server.reports.json_report import json_of
from trimtab_solver.prepared import prepare
from trimtab_solver.rules.tier import Availability, Eviction, Tier
from trimtab_solver.scenarios.scenario import MoreGuests, MoreHosts, Scenario
from trimtab_solver.snapshot import Snapshot, Vm
from trimtab_solver.what_if.admission import AdmissionAnswer, ChangeAdmission, admit
from trimtab_solver.what_if.assessing import AssessmentOptions
from trimtab_solver.what_if.promise import Promise, promised_tiers
from trimtab_solver.what_if.runners.here import Here
from trimtab_solver.what_if.runners.runner import Assignment

GOLD = Promise(("gold",))


def filled(gold: int, bronze: int = 0) -> Snapshot:
    """So many guests, one host after the other; each host has four places."""
    hosts = [f"h{n}" for n in (1, 2, 3, 4)]
    vms: list[Vm] = [cluster.vm(f"g{n}", hosts[n % 4], "gold") for n in range(gold)]
    vms += [cluster.vm(f"b{n}", hosts[(gold + n) % 4]) for n in range(bronze)]
    return cluster.snapshot(vms)


def asked(snapshot: Snapshot, change: Scenario, promise: Promise = GOLD) -> ChangeAdmission:
    """The answer under the three tiers."""
    given = Assignment(snapshot, cluster.policy(), AssessmentOptions(budget_s=0.5))
    return admit(given, change, promise, Here())


def names(broken: Iterable[object]) -> list[str]:
    """Of the scenarios."""
    return [str(getattr(one, "scenario", "")) for one in broken]


def more_gold(number: int) -> Scenario:
    """So many more gold guests."""
    return Scenario(name="more gold", add_guests=(MoreGuests(like="g0", number=number),))


def test_guests_are_admitted_as_long_as_one_host_may_be_lost() -> None:
    """Three hosts of four places hold twelve gold guests, and not thirteen."""
    assert asked(filled(10), more_gold(2)).answer is AdmissionAnswer.YES
    refused = asked(filled(10), more_gold(3))
    assert refused.answer is AdmissionAnswer.NO
    assert names(refused.broken) == [f"host:h{n} fails" for n in (1, 2, 3, 4)]
    assert all(broken.lost == {"gold": 1} and broken.is_proven for broken in refused.broken)
    assert not refused.broken_before
    assert refused.newly_broken == refused.broken


def test_guests_that_do_not_even_start_are_named() -> None:
    """Sixteen places hold no seventeenth guest; that is proven."""
    found = asked(filled(15), more_gold(2), Promise(("gold",), losses=()))
    assert found.answer is AdmissionAnswer.NO
    assert len(found.not_started) == 1
    assert not found.lost


def test_other_tiers_may_be_lost() -> None:
    """Bronze makes room for gold where only gold is promised; where bronze is promised as well the answer is no."""
    assert asked(filled(10, 4), more_gold(2)).answer is AdmissionAnswer.YES
    both = asked(filled(8, 4), more_gold(2), Promise(("gold", "bronze")))
    assert both.answer is not AdmissionAnswer.YES
    assert {tier for broken in both.broken for tier in broken.lost} == {"bronze"}


def test_hosts_may_be_taken_out_when_the_others_suffice() -> None:
    """Two hosts of four places keep four gold guests when one of them fails, and not five."""
    out = Scenario(name="two out", remove=("host:h3", "host:h4"))
    assert asked(filled(4), out).answer is AdmissionAnswer.YES
    found = asked(filled(5), out)
    assert found.answer is AdmissionAnswer.NO
    assert names(found.broken) == ["host:h1 fails", "host:h2 fails"]
    assert asked(filled(5), Scenario(name="one out", drain=("host:h3",))).answer is AdmissionAnswer.YES


def test_hosts_that_are_not_emptied_are_named() -> None:
    """There is no place for five of the guests of two hosts."""
    found = asked(filled(13), Scenario(name="drained", drain=("host:h3",)), Promise(("gold",), losses=()))
    assert found.answer is AdmissionAnswer.NOT_SHOWN
    assert found.not_emptied == ("h3",)


def test_what_was_broken_before_is_told_apart() -> None:
    """One more host mends what is broken; one more guest makes it worse."""
    found = asked(filled(16), Scenario(name="h5", add_hosts=(MoreHosts(like="h1"),)))
    # sixteen guests on four hosts once one of five has failed
    assert found.answer is AdmissionAnswer.YES
    assert [broken.lost for broken in found.broken_before] == [{"gold": 4}] * 4
    worse = asked(filled(14), Scenario(name="one fewer guest place", add_guests=(MoreGuests(like="g0"),)))
    assert [broken.lost for broken in worse.broken_before] != [broken.lost for broken in worse.broken]
    assert worse.newly_broken


def test_a_change_of_policy_is_asked_about_in_the_same_way() -> None:
    """Gold guests that may be shed for silver ones are lost to them."""
    policy = cluster.policy(silver=Tier(rank=20))
    kinder = cluster.policy(gold=Tier(rank=5, evict=Eviction(when="true")), silver=Tier(rank=20))
    vms = [cluster.vm(f"g{n}", f"h{n + 1}", "gold") for n in range(4)]
    vms += [cluster.vm(f"s{n}", f"h{n % 4 + 1}", "silver") for n in range(10)]
    given = Assignment(cluster.snapshot(vms), policy, AssessmentOptions(budget_s=0.5), {"new": kinder})
    found = admit(given, Scenario(name="new policy", policy="new"), GOLD, Here())
    assert not found.broken_before
    assert found.answer is not AdmissionAnswer.YES
    assert names(found.newly_broken)


def test_what_is_refused_is_not_admitted() -> None:
    """With the reason."""
    found = asked(filled(4), Scenario(name="no such host", remove=("host:h9",)))
    assert found.answer is AdmissionAnswer.NO
    assert found.change.refused


def test_promised_are_tiers_that_must_run_or_else_the_highest() -> None:
    """Read from the policy."""
    snapshot = filled(1)
    assert promised_tiers(prepare(snapshot, cluster.policy()).selection) == ("gold",)
    must = cluster.policy(bronze=Tier(rank=10, availability=Availability.MUST_RUN))
    assert promised_tiers(prepare(snapshot, must).selection) == ("bronze",)


def test_a_program_reads_the_answer() -> None:
    """And people the reasons."""
    told = json.loads(json_of(admission_answer_report(asked(filled(10), more_gold(3)))))
    assert told["facts"]["answer"] == "NO"
    assert told["sections"][0]["blocks"][0]["rows"][0]["lost"] == {"gold": 1}
