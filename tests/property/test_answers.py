"""Promises, headroom and remedies on random tiny clusters, next to brute force and to fresh assessments."""

from __future__ import annotations

import random

import pytest

from tests.support.oracle import Oracle
from tests.support.reading.case import Reading
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from trimtab_solver.execution.additions import add_guests
from trimtab_solver.policy.documents import Policy
from trimtab_solver.prepared import prepare
from trimtab_solver.rules.tier import guest_tiers
from trimtab_solver.scenarios.course import happen
from trimtab_solver.scenarios.scenario import LaterStep, MoreGuests, Scenario
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.what_if.assessing import AssessmentOptions, Assessor
from trimtab_solver.what_if.headroom import GuestFlavour, headroom
from trimtab_solver.what_if.promise import Promise, broken_by
from trimtab_solver.what_if.remedies import RemedyOptions, find_remedies
from trimtab_solver.what_if.runners.here import Here
from trimtab_solver.what_if.runners.runner import Assignment

OPTIONS = AssessmentOptions(budget_s=0.5)


def _random_promise(snapshot: Snapshot, policy: Policy, chance: random.Random) -> Promise:
    """Of some of the tiers that have guests, for the loss of any host, rack or pool."""
    tiers = sorted({document.name for document in guest_tiers(prepare(snapshot, policy).selection).values()})
    some = tuple(chance.sample(tiers, chance.randint(1, len(tiers))))
    return Promise(some, ((("host", "rack", "pool"), 1),))


def _running(snapshot: Snapshot, policy: Policy, tiers: tuple[str, ...]) -> set[str]:
    tier_of = guest_tiers(prepare(snapshot, policy).selection)
    return {vm.id for vm in snapshot.vms if vm.is_running and tier_of[vm.id].name in tiers}


@pytest.mark.parametrize("seeds", chunks(0.1, first=8_200_000), ids=named)
def test_a_promise_that_is_proven_broken_is_broken_by_brute_force(seeds: range) -> None:
    """No target lets all of the promised tiers run; and where a promise is kept there is one."""
    checked = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed, max_hosts=3, max_vms=5)
        promise = _random_promise(snapshot, policy, random.Random(seed))
        required = _running(snapshot, policy, promise.tiers)
        broken = {one.scenario: one for one in broken_by(Here(), Assignment(snapshot, policy, OPTIONS), promise)}
        for scenario in promise.scenarios(snapshot):
            one = broken.get(scenario.name)
            if one is not None and not one.is_proven:
                continue
            state = happen(snapshot, policy, scenario)
            assert Oracle(Reading(state, policy), restarts=True).can_run(required) == (one is None), (seed, scenario)
            checked += one is not None
    assert_checked(checked, seeds, 0.5)


@pytest.mark.parametrize("seeds", chunks(0.04, first=8_300_000), ids=named)
def test_what_fits_does_and_what_is_the_most_is(seeds: range) -> None:
    """A fresh assessor finds nobody lost with `least` more, and brute force no place for one more than `most`."""
    checked = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed, max_hosts=3, max_vms=4)
        promise = _random_promise(snapshot, policy, random.Random(seed))
        like = snapshot.vms[0]
        found = headroom(Assignment(snapshot, policy, OPTIONS), GuestFlavour(like.id), promise, Here(), limit=2)
        if found.most is not None:
            more = add_guests(snapshot, like, found.most + 1)
            ran = {vm.id for vm in snapshot.vms if vm.is_running}
            everybody = ran | {vm.id for vm in more.vms[len(snapshot.vms) :]}
            assert not Oracle(Reading(more, policy), restarts=True).can_run(everybody), seed
            assert found.least is None or found.least <= found.most, seed
            checked += 1
        if found.least:
            assessor = Assessor(prepare(snapshot, policy), OPTIONS)
            more_guests = (MoreGuests(like=like.id, number=found.least),)
            for scenario in promise.scenarios(snapshot):
                steps = (LaterStep(fail=scenario.fail),)
                verdict = assessor.assess(Scenario(name="again", add_guests=more_guests, steps=steps))
                assert not verdict.steps[0].lost, (seed, scenario.name)
                assert not set(verdict.last.lost) & set(promise.tiers), (seed, scenario.name)
            checked += 1
    assert_checked(checked, seeds, 0.25)


@pytest.mark.parametrize("seeds", chunks(0.02, first=8_400_000), ids=named)
def test_every_remedy_keeps_the_promise_for_a_fresh_assessor(seeds: range) -> None:
    """On the cluster with the remedy, in each scenario of it."""
    checked = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed, max_hosts=3, max_vms=4)
        promise = _random_promise(snapshot, policy, random.Random(seed))
        options = RemedyOptions(most_hosts=1, wanted=2, tries=12)
        found = find_remedies(Assignment(snapshot, policy, OPTIONS), promise, Here(), options)
        for remedy in found.remedies:
            assessor = Assessor(prepare(remedy.cluster.snapshot, remedy.cluster.policy), OPTIONS)
            for scenario in promise.scenarios(remedy.cluster.snapshot):
                assert not set(assessor.assess(scenario).last.lost) & set(promise.tiers), (seed, remedy.kind)
            checked += 1
    assert_checked(checked, seeds, 0.1)
