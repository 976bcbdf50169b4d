"""Why guests stay down: refusals agree with the occupancy's own word, guests that are alike get the same reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.strategies import tiny_cluster
from tests.support.targets import problem_of
from trimtab_solver.explain.refusals import CLOSED, UNEQUIPPED, refusals
from trimtab_solver.explain.why_down import explain_down
from trimtab_solver.explain.words import Scene
from trimtab_solver.occupancy import Occupancy
from trimtab_solver.outcome import StaysDown
from trimtab_solver.plan.facts import facts_of
from trimtab_solver.policy.documents import Level, Policy, Selector, Spec
from trimtab_solver.problem import Problem, Target
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.host_requirement import HostRequirement
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import Migratability, PoolKind, Snapshot, StoragePool, Vm


def _names(problem: Problem, state: Occupancy, v: int, h: int) -> set[str]:
    """What refuses the guest on the host, looked up for this one pair."""
    if not problem.allowed.mask[problem.allowed.class_of[v], h]:
        if not problem.receiving[h]:
            return {CLOSED}
        return {r.rule for r in problem.allowed.rules_of(v) if r.must and not r.mask[h]} or {UNEQUIPPED}
    load = problem.capacity.load_at(v, h, problem.floor[v])
    if (small := (load > state.ceiling[h]) & (load > 0)).any():
        return {f"small:{problem.resources[r]}" for r in np.flatnonzero(small)}
    closed_by = {problem.groups[g].rule for g, admitted in state.refusing_groups(v) if not admitted[h]}
    if closed_by:
        return closed_by
    short = (state.usage[h] + load > state.ceiling[h]) & (load > 0)
    return {f"room:{problem.resources[r]}" for r in np.flatnonzero(short)}


def test_refusals_of_all_hosts_are_those_of_each_host() -> None:
    """Looking at all hosts at once names, for each of them, exactly what refuses the guest there."""
    pairs = 0
    for seed in range(300):
        problem = problem_of(*tiny_cluster(seed))
        state = Occupancy(problem, problem.floor)
        for v in np.flatnonzero(~problem.running).tolist():
            found = refusals(problem, state, v)
            for h in range(problem.host_count):
                assert set(found.on(h)) == _names(problem, state, v, h), (seed, v, h)
                pairs += 1
            assert sum(count for _, count in found.counts()) == sum(
                bool(found.on(h)) for h in range(problem.host_count)
            )
    assert pairs > 500


def _scene(found: Snapshot, rules: Policy) -> tuple[Scene, Target]:
    """The cluster as it is, as if a plan had done nothing."""
    problem = problem_of(found, rules)
    return Scene.of(problem, facts_of(found, problem), problem.stay(), 1), problem.stay()


def _why(found: Snapshot, rules: Policy) -> dict[str, StaysDown]:
    return {one.vm_id: one for one in explain_down(*_scene(found, rules))}


def test_reasons_name_the_numbers_of_hosts_and_the_nearest_one() -> None:
    """Two hosts are full of others, one is down, one is refused by a rule; another size lacks another amount."""
    pinned = Pin(select=Selector(cel="vm.group == 'g'"), hosts=Selector(ids=("h1", "h2", "h3")))
    guests = [
        *(vm(f"on-h1-{i}", "h1") for i in range(4)),
        *(vm(f"on-h2-{i}", "h2") for i in range(3)),
        vm("large", group="g", requested={"memory_mib": 25}),
        vm("larger", group="g", requested={"memory_mib": 30}),
        vm("alike", group="g", requested={"memory_mib": 25}),
        vm("free", requested={"memory_mib": 30}),
    ]
    found = _why(snapshot(guests, {3: DOWN}), policy(pinned=pinned))
    refused = "in this plan no host of 4 has a place for it: 2 full of others (memory); "
    closed = "1 down, draining or in maintenance; 1 refused by pinned"
    nearest = "nearest is h2, which lacks {} MiB memory with everybody there at the floor"
    assert found["large"].reason.startswith(f"{refused}{closed}; {nearest.format(15)}")
    assert found["larger"].reason.startswith(f"{refused}{closed}; {nearest.format(20)}")
    assert found["alike"].reason == found["large"].reason
    assert found["large"].reason.endswith("moved to h4, which nothing forbids; no safe plan that does so was found")
    assert found["large"].rules == ("pinned",)
    assert found["free"].reason.startswith("1 of 4 hosts could take it")


@pytest.mark.parametrize(
    ("kind", "reaching", "reason"),
    [
        (PoolKind.LOCAL, {1: DOWN}, "the disk is local to a host that is down; storage pool p is on h1 alone"),
        (PoolKind.SHARED, {1: DOWN}, "no host that takes guests reaches its storage pool p; h1 (down) would"),
        (PoolKind.SHARED, {}, "no host reaches its storage pool p"),
    ],
)
def test_a_lost_disk_is_the_cause(kind: PoolKind, reaching: dict[int, dict[str, Any]], reason: str) -> None:
    """It is named, whether the disk was that of a host or shared; once another host reaches it, it is no cause."""
    hosts = {number: {**one, "storage_pool_ids": ("p",)} for number, one in reaching.items()}
    lost = replace(snapshot([vm("a", storage_pool_id="p")], hosts), storage_pools=(StoragePool("p", kind),))
    assert _why(lost, policy())["a"].reason == reason
    found = replace(lost, hosts=tuple(replace(host, storage_pool_ids=("p",)) for host in lost.hosts))
    assert "could take it" in _why(found, policy())["a"].reason


def test_what_no_host_is_large_enough_for_is_said_to_be_larger() -> None:
    """Whatever runs there; hosts that are empty are not said to be full. 300 GiB are not 307200 of anything."""
    roomy = {"capacity": {"memory_mib": 65536}}
    found = _why(
        snapshot([vm("whale", requested={"memory_mib": 307_200})], {1: roomy, 2: roomy, 3: DOWN, 4: DOWN}), policy()
    )
    assert found["whale"].reason == (
        "it is larger than any host that may take it: it needs 300 GiB memory, none has more than 64 GiB memory; "
        "no host of 4 can take it: 2 smaller than it (memory); 2 down, draining or in maintenance"
    )


_GUARDED: Mapping[int, dict[str, Any]] = {2: {"capacity": {"memory_mib": 40}}, 1: DOWN, 3: DOWN, 4: DOWN}
_WAITING = vm("pay", tier="gold", requested={"memory_mib": 30})


def _protection(victim: Vm, *others: Vm, hosts: Mapping[int, dict[str, Any]] = _GUARDED, **rules: Spec) -> StaysDown:
    return _why(snapshot([_WAITING, victim, *others], hosts), policy(**rules))["pay"]


def test_a_rule_that_protects_the_guest_in_the_way_is_named() -> None:
    """A Quorum that needs it running; without the Quorum something else is said."""
    voter = vm("vote-1", "h2", requested={"memory_mib": 20})
    keep = Quorum(select=Selector(ids=("vote-1",)), min_running=1, level=Level.MUST)
    guarded = _protection(voter, keep_vote=keep)
    assert guarded.reason.endswith("h2 would have room if vote-1 could be stopped; keep-vote forbids it")
    assert guarded.rules == ("keep-vote",)
    assert "keep-vote" not in _protection(voter).reason


def test_company_that_must_be_kept_protects_as_well() -> None:
    """The guest in the way is whom another must be near to."""
    near = Together(select=Selector(ids=("web",)), near=Selector(ids=("db",)), topology="host", level=Level.MUST)
    web, db = vm("web", "h2", requested={"memory_mib": 5}, tier="gold"), vm("db", "h2", requested={"memory_mib": 20})
    found = _protection(db, web, close=near)
    assert found.reason.endswith("h2 would have room if db could be stopped; close forbids it")


def test_a_right_that_does_not_hold_protects() -> None:
    """The tier permits no stop in this event."""
    found = _protection(vm("x", "h2", "gold", requested={"memory_mib": 20}))
    assert found.reason.endswith(
        "h2 would have room if x could be stopped; tier gold does not permit it at 1 hardware failure"
    )
    assert found.rules == ("gold",)


_SMALL_PLACE: Mapping[int, dict[str, Any]] = {2: {}, 1: DOWN, 4: DOWN, 3: {"capacity": {"memory_mib": 20}}}


def test_who_could_go_elsewhere_but_cannot_move_is_said_so() -> None:
    """There is a place for the guest in the way, to which it cannot be migrated."""
    still = vm("x", "h2", "gold", requested={"memory_mib": 20}, migratability=Migratability.NONE)
    assert _protection(still, hosts=_SMALL_PLACE).reason.endswith(
        "h2 would have room if x could be moved to h3; it cannot be migrated while it runs (migratability NONE)"
    )


def test_a_budget_of_moves_that_is_used_up_protects() -> None:
    """There is a place for the guest in the way, and nobody may move."""
    found = _protection(
        vm("x", "h2", "gold", requested={"memory_mib": 20}),
        hosts=_SMALL_PLACE,
        calm=ActionBudget(max_migrations=0),
    )
    assert found.reason.endswith(
        "h2 would have room if x could be moved to h3; the plan may move no more guests (ActionBudget)"
    )


def test_several_in_the_way_are_told_together() -> None:
    """Two of three have to go, and each is named with what protects it."""
    found = _protection(*(vm(f"x{i}", "h2", "gold") for i in range(4)))
    assert found.reason.endswith(
        "h2 would have room if x0, x1, x2 could be stopped; tier gold does not permit it at 1 hardware failure"
    )


def test_storage_below_a_promise_is_named_as_the_cause() -> None:
    """The rule refuses one guest everywhere and the other nowhere: only their pools differ, so the pool is named."""
    pools = (StoragePool("good", PoolKind.MIRRORED), StoragePool("bad", PoolKind.SHARED))
    hosts = {number: {"storage_pool_ids": ("good", "bad")} for number in (1, 2)}
    guests = [vm("well", storage_pool_id="good"), vm("badly", storage_pool_id="bad")]
    found = replace(snapshot(guests, hosts), storage_pools=pools)
    promise = HostRequirement(select=Selector(cel="true"), storage=Selector(cel="pool.kind == 'MIRRORED'"))
    reason = _why(found, policy(promise=promise))["badly"].reason
    assert "refused by promise for its storage pool bad" in reason
    assert "for its storage pool" not in _why(found, policy(promise=promise))["well"].reason
    nobody = HostRequirement(select=Selector(cel="true"), require="false", storage=promise.storage)
    assert "for its storage pool" not in _why(found, policy(promise=nobody))["badly"].reason


def test_a_guest_of_the_same_tier_is_not_said_to_rank_as_high_as_itself() -> None:
    """Who would have to be stopped is of the tier of the one who waits: that is what is said."""
    guests = [vm("there", "h1", requested={"memory_mib": 90}), vm("waits", requested={"memory_mib": 90})]
    reason = _why(snapshot(guests, {2: DOWN, 3: DOWN, 4: DOWN}), policy())["waits"].reason
    assert "ranks as high as" not in reason
    assert "of tier" in reason
