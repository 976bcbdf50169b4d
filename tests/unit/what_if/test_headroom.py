"""Headroom and growth on clusters small enough to count by hand, and on random ones next to fresh assessments."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support import cluster
from trimtab_server.reports.headroom import growth_report, headroom_report
from trimtab_server.reports.json_report import json_of
from trimtab_solver.errors import SnapshotRefusedError
from trimtab_solver.policy.documents import Policy, Selector
from trimtab_solver.prepared import prepare
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.tier import Eviction, Tier
from trimtab_solver.scenarios.generation import losses
from trimtab_solver.scenarios.scenario import LaterStep, MoreGuests, Scenario
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.what_if.assessing import AssessmentOptions, Assessor
from trimtab_solver.what_if.growth import Growth, growth, month_after
from trimtab_solver.what_if.headroom import GuestFlavour, GuestHeadroom, headroom
from trimtab_solver.what_if.number_search import NumberRange, largest
from trimtab_solver.what_if.promise import Promise
from trimtab_solver.what_if.runners.here import Here
from trimtab_solver.what_if.runners.runner import Assignment

NOW = Promise(("gold",), losses=())
ONE_HOST = Promise(("gold",))
TWO_HOSTS = Promise(("gold",), losses=((("host",), 2),))
ONE_SITE = Promise(("gold",), losses=((("site",), 1),))
RULES = cluster.policy()


def gold(number: int, hosts: int = 4) -> Snapshot:
    """So many gold guests, one host after the other; each host has four places."""
    return cluster.snapshot([cluster.vm(f"g{n}", f"h{n % hosts + 1}", "gold") for n in range(number)])


def room(
    snapshot: Snapshot, promise: Promise, policy: Policy = RULES, within: str = "", limit: int = 64
) -> GuestHeadroom:
    """For guests like the first."""
    given = Assignment(snapshot, policy, AssessmentOptions(budget_s=0.5))
    return headroom(given, GuestFlavour("g0", within=within), promise, Here(), limit)


@pytest.mark.parametrize(("promise", "places"), [(NOW, 16), (ONE_HOST, 12), (TWO_HOSTS, 8), (ONE_SITE, 8)])
def test_headroom_is_what_counting_places_says(promise: Promise, places: int) -> None:
    """Sixteen places, of which the promise keeps those of one host, two hosts or a site free."""
    found = room(gold(5), promise)
    assert found.least == places - 5
    assert found.fails == places - 4
    assert found.most == 11, "sixteen places hold no more, whatever is promised"
    assert found.is_exact == (promise is NOW)
    assert bool(found.broken) == (promise is not NOW)
    assert all(broken.is_proven for broken in found.broken)
    assert not found.caveats


def test_within_a_site_the_places_of_that_site_count() -> None:
    """Eight places, of which three are taken; others of the site could make room by moving away."""
    assert room(gold(5), NOW, within="site:east").least == 8
    full_west = cluster.snapshot([cluster.vm(f"g{n}", f"h{n % 2 + 3}", "gold") for n in range(8)])
    assert room(full_west, NOW, within="site:west").least == 8
    pinned = room(full_west, NOW, within="rack:r1")
    assert (pinned.least, pinned.most) == (4, 4)


def test_a_promise_that_is_broken_already_leaves_none() -> None:
    """Not even no guest fits then."""
    found = room(gold(13), ONE_HOST)
    assert found.least is None
    assert found.broken
    assert room(gold(12), ONE_HOST).least == 0


def test_the_limit_of_the_search_is_no_bound() -> None:
    """Where so many fit nothing is said of more."""
    found = room(gold(1), NOW, limit=6)
    assert (found.least, found.fails, found.most) == (6, None, None)


def test_guests_are_not_made_room_for_by_losing_others() -> None:
    """Bronze guests that might be stopped keep their places now; while a host is lost they may lose them."""
    vms = [cluster.vm("g0", "h1", "gold"), *(cluster.vm(f"b{n}", f"h{n % 3 + 2}") for n in range(9))]
    found = room(cluster.snapshot(vms), ONE_HOST)
    assert found.least == 6


def test_why_larger_numbers_may_fit_is_said() -> None:
    """Rights that depend on the event, and rules that count domains in use."""
    rights = cluster.policy(bronze=Tier(rank=10, evict=Eviction(when="event.displaced_vms > 3")))
    assert "tier bronze" in room(gold(1), NOW, rights, limit=2).caveats[0]
    spread = cluster.policy(apart=Spread(select=Selector(cel="true"), topology="rack", max_skew=1))
    assert "Spread apart" in room(gold(1), NOW, spread, limit=2).caveats[0]


def test_who_is_not_there_has_no_flavour() -> None:
    """Nor has a part that is not there room."""
    given = Assignment(gold(1), RULES)
    with pytest.raises(SnapshotRefusedError, match="g7"):
        headroom(given, GuestFlavour("g7"), NOW, Here())
    with pytest.raises(SnapshotRefusedError, match="site:north"):
        headroom(given, GuestFlavour("g0", within="site:north"), NOW, Here())


@pytest.mark.parametrize("number", [2, 6, 9])
def test_what_fits_is_verified_again_by_a_fresh_assessor(number: int) -> None:
    """As one scenario of two steps: they are added, then any host fails, and nobody of gold is lost."""
    snapshot = gold(number)
    found = room(snapshot, ONE_HOST)
    assert found.least is not None
    assessor = Assessor(prepare(snapshot, RULES), AssessmentOptions(budget_s=0.5))
    for failure in losses(snapshot, ("host",), 1):
        more = (MoreGuests(like="g0", number=found.least),)
        steps = (LaterStep(fail=failure.fail),)
        verdict = assessor.assess(Scenario(name="again", add_guests=more, steps=steps))
        assert not any(step.lost for step in verdict.steps)
        assert verdict.last.tiers[0].started == found.least


def test_more_hosts_or_fewer_failures_never_make_it_smaller() -> None:
    """Where rights do not depend on failures."""
    for number in (3, 7):
        snapshot = gold(number)
        wider = replace(snapshot, hosts=(*snapshot.hosts, replace(snapshot.hosts[0], id="h5")))
        order = [room(snapshot, promise).least or 0 for promise in (TWO_HOSTS, ONE_HOST, NOW)]
        assert order == sorted(order)
        assert all(
            (room(wider, promise).least or 0) >= least
            for promise, least in zip((TWO_HOSTS, ONE_HOST, NOW), order, strict=True)
        )


@pytest.mark.parametrize("threshold", [0, 1, 2, 3, 7, 8, 9, 63, 64, 65])
def test_a_number_is_found_by_doubling_and_halving(threshold: int) -> None:
    """The last that passes, and the first that fails unless it is beyond the limit."""
    found = largest(lambda n: n <= threshold, 64)
    assert found == NumberRange(min(threshold, 64), threshold + 1 if threshold < 64 else None)
    assert largest(lambda _: False, 64) == NumberRange(None, 0)


def grown(snapshot: Snapshot, percent: float, promise: Promise) -> Growth:
    """For gold guests of 10 MiB on hosts of 40."""
    return growth(Assignment(snapshot, RULES, AssessmentOptions(budget_s=0.5)), percent, promise, Here())


def test_growth_ends_when_counting_says_so() -> None:
    """Two guests a host of 40 grow from 10 to 20 MiB; with a host lost there are three hosts for eight guests."""
    eight = replace(gold(8), taken_at=1_800_000_000)
    now = grown(eight, 10.0, NOW)
    # 1.1^7 is 1.95 and 1.1^8 is 2.15
    assert (now.kept, now.fails, now.demand_percent) == (7, 8, 215)
    assert now.fails_at == month_after(1_800_000_000, 8) == "2027-09"
    # three guests of 13.3 MiB on each of three hosts: 1.1^3 is 1.34, and 14 MiB are too many
    lost = grown(eight, 10.0, ONE_HOST)
    assert (lost.kept, lost.fails) == (2, 3)
    assert all(broken.lost == {"gold": 2} for broken in lost.broken)
    assert grown(gold(13), 10.0, ONE_HOST).kept is None
    with pytest.raises(ValueError, match="none"):
        grown(gold(1), 0.0, NOW)


def test_programs_read_the_reports() -> None:
    """Numbers as numbers, and what is proven."""
    told = json.loads(json_of(headroom_report([room(gold(5), ONE_HOST)])))
    (row,) = told["blocks"][0]["rows"]
    assert (row["fit"], row["most"]) == (7, 11)
    facts = json.loads(json_of(growth_report(grown(gold(8), 10.0, NOW))))["facts"]
    assert (facts["kept"], facts["fails"]) == (7, 8)
