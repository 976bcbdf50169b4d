"""How answers must change, or not, when the question changes in a known way."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import document, policy_of, tiny_cluster
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer, Outcome
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Level, Policy, RuleSpec, Selector
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.objectives import Objectives
from trimtab_solver.rules.spread import Spread
from trimtab_solver.snapshot import Host, Snapshot, Vm

Values = list[tuple[str, int]]

_SHARE = 0.06


def _answer(snapshot: Snapshot, policy: Policy) -> Answer:
    return plan_recovery(snapshot, policy, PlanOptions(budget_s=60, workers=1))


def _values(snapshot: Snapshot, policy: Policy) -> Values | None:
    """The levels; None in the rare case that not every way to the best target was tried."""
    answer = _answer(snapshot, policy)
    return None if answer.outcome is Outcome.FEASIBLE else [(level.name, level.value) for level in answer.levels]


def _in_usual_order(snapshot: Snapshot, policy: Policy) -> tuple[Snapshot, Policy]:
    """Without Objectives, so that each measure is a level, the balance the last one."""
    return snapshot, policy_of({d.name: d.spec for d in policy.documents if not isinstance(d.spec, Objectives)})


def _without_skew(snapshot: Snapshot, policy: Policy) -> tuple[Snapshot, Policy]:
    """Without rules that compare domains with the emptiest one."""
    specs = {d.name: d.spec for d in policy.documents}
    return snapshot, policy_of(
        {name: spec for name, spec in specs.items() if not (isinstance(spec, Spread) and spec.max_skew is not None)}
    )


def _both(before: tuple[Snapshot, Policy], after: tuple[Snapshot, Policy]) -> tuple[Values, Values] | None:
    """The levels of both clusters, if both are proven."""
    old, new = _values(*before), _values(*after)
    return None if old is None or new is None else (old, new)


@pytest.mark.parametrize("seeds", chunks(_SHARE, first=1_000_000), ids=named)
def test_order_in_the_snapshot_does_not_matter(seeds: range) -> None:
    """Shuffling hosts, guests, domains and pools changes the value of no level."""
    compared = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        chance = random.Random(seed)
        shuffled = Snapshot(
            hosts=tuple(chance.sample(snapshot.hosts, len(snapshot.hosts))),
            vms=tuple(chance.sample(snapshot.vms, len(snapshot.vms))),
            domains=tuple(chance.sample(snapshot.domains, len(snapshot.domains))),
            storage_pools=tuple(chance.sample(snapshot.storage_pools, len(snapshot.storage_pools))),
            hardware_failures=snapshot.hardware_failures,
        )
        if both := _both((snapshot, policy), (shuffled, policy)):
            assert both[0] == both[1], seed
            compared += 1
    assert_checked(compared, seeds, 0.8)


@pytest.mark.parametrize("seeds", chunks(_SHARE, first=1_100_000), ids=named)
def test_names_do_not_matter(seeds: range) -> None:
    """Other ids for everything, in another alphabetical order, change the value of no level."""
    compared = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        if both := _both((snapshot, policy), (_renamed(snapshot), _renamed_in(policy))):
            assert both[0] == both[1], seed
            compared += 1
    assert_checked(compared, seeds, 0.8)


def _new(name: str) -> str:
    """Another name; what was first in the alphabet is last."""
    return "".join(chr(ord("z") - ord(c) + ord("a")) if c.isalpha() else str(9 - int(c)) for c in name if c != "-")


def _renamed(snapshot: Snapshot) -> Snapshot:
    def host(old: Host) -> Host:
        return replace(
            old,
            id=_new(old.id),
            domain_ids=tuple(map(_new, old.domain_ids)),
            storage_pool_ids=tuple(map(_new, old.storage_pool_ids)),
        )

    def vm(old: Vm) -> Vm:
        return replace(
            old,
            id=_new(old.id),
            host_id=_new(old.host_id),
            target_host_id=_new(old.target_host_id),
            storage_pool_id=_new(old.storage_pool_id),
        )

    return replace(
        snapshot,
        hosts=tuple(map(host, snapshot.hosts)),
        vms=tuple(map(vm, snapshot.vms)),
        domains=tuple(replace(d, id=_new(d.id), parent_id=_new(d.parent_id)) for d in snapshot.domains),
        storage_pools=tuple(replace(pool, id=_new(pool.id)) for pool in snapshot.storage_pools),
    )


def _renamed_in(policy: Policy) -> Policy:
    def selector(old: Selector) -> Selector:
        return old if old.ids is None else old.model_copy(update={"ids": tuple(map(_new, old.ids))})

    specs = {}
    for rule in policy.documents:
        selectors = {name: selector(value) for name, value in rule.spec if isinstance(value, Selector)}
        specs[rule.name] = rule.spec.model_copy(update=selectors)
    return policy_of(specs)


@pytest.mark.parametrize("seeds", chunks(_SHARE, first=1_200_000), ids=named)
def test_one_more_empty_host_never_makes_it_worse(seeds: range) -> None:
    """With an empty host outside of every failure domain the levels are the same or better, compared in order.

    Not so the balance, which minds what is free on the host, and skew: the host is a domain, and now the emptiest one.
    """
    compared = 0
    for seed in seeds:
        snapshot, policy = _without_skew(*_in_usual_order(*tiny_cluster(seed)))
        spare = Host("extra", capacity=snapshot.hosts[0].capacity, labels={"ups": "yes"})
        larger = replace(snapshot, hosts=(*snapshot.hosts, spare))
        if both := _both((snapshot, policy), (larger, policy)):
            assert both[1][:-1] <= both[0][:-1], seed
            compared += 1
    assert_checked(compared, seeds, 0.8)


@pytest.mark.parametrize("seeds", chunks(_SHARE, first=1_300_000), ids=named)
def test_larger_hosts_never_make_it_worse(seeds: range) -> None:
    """With twice the hardware the levels are the same or better, compared in order; not so the balance, as above."""
    compared = 0
    for seed in seeds:
        snapshot, policy = _in_usual_order(*tiny_cluster(seed))
        hosts = tuple(replace(h, capacity={r: 2 * c for r, c in h.capacity.items()}) for h in snapshot.hosts)
        if both := _both((snapshot, policy), (replace(snapshot, hosts=hosts), policy)):
            assert both[1][:-1] <= both[0][:-1], seed
            compared += 1
    assert_checked(compared, seeds, 0.8)


@pytest.mark.parametrize("seeds", chunks(_SHARE, first=1_500_000), ids=named)
def test_a_larger_budget_never_makes_it_worse(seeds: range) -> None:
    """With one more move, and nothing held at both ends, the levels are the same or better, compared in order."""
    compared = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        for most in (0, 1):
            small = _with_budget(policy, {"max_migrations": most})
            wide = _with_budget(policy, {"max_migrations": most + 1, "held_at_both_ends": ()})
            if both := _both((snapshot, small), (snapshot, wide)):
                assert both[1] <= both[0], (seed, most)
                compared += 1
    assert_checked(compared, seeds, 1.6)


def _with_budget(policy: Policy, update: dict[str, object]) -> Policy:
    """The policy with these fields of its budget changed, be it written or the default."""
    written = next((d.spec for d in policy.documents if isinstance(d.spec, ActionBudget)), ActionBudget())
    others = {d.name: d.spec for d in policy.documents if not isinstance(d.spec, ActionBudget)}
    return policy_of({**others, "budget": written.model_copy(update=update)})


def _without_one(policy: Policy, unwanted: Callable[[RuleSpec], bool]) -> Policy | None:
    """The policy without the first rule of a kind; None if it has none."""
    for rule in policy.documents:
        if isinstance(rule.spec, RuleSpec) and unwanted(rule.spec):
            kept = tuple(document(d.name, d.spec) for d in policy.documents if d is not rule)
            return Policy(kept, digest="memory")
    return None


@pytest.mark.parametrize("seeds", chunks(2 * _SHARE, first=1_400_000), ids=named)
def test_fewer_rules_never_make_it_worse(seeds: range) -> None:
    """Without one of its rules the levels are the same or better, compared in order.

    Without a should rule, all levels before `should` are the same.
    """
    compared = 0
    for seed in seeds:
        snapshot, policy = _in_usual_order(*tiny_cluster(seed))
        for level in Level:
            fewer = _without_one(policy, lambda spec, level=level: spec.level is level)  # type: ignore[misc]  # a default binds the loop variable
            if fewer is None or not (both := _both((snapshot, policy), (snapshot, fewer))):
                continue
            old, new = both
            assert new <= old, (seed, level)
            compared += 1
            if level is Level.SHOULD:
                before = [name for name, _ in old].index("should")
                assert new[:before] == old[:before], (seed, level)
    assert_checked(compared, seeds, 0.4)
