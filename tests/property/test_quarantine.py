"""Records that make no sense: the plan for all others is safe whatever is true of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.broken_records import BrokenRecord, break_record, truths, without_default_tier
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from trimtab_solver.actions import Action, ActionKind, Phase, Plan
from trimtab_solver.errors import PolicyRefusedError
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_prepared
from trimtab_solver.policy.documents import Policy
from trimtab_solver.prepared import Prepared, prepare
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.tier import Tier
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import Snapshot, VmState
from trimtab_solver.verify.replay import verify_plan
from trimtab_solver.verify.violation import Code, Violation

_OPTIONS = PlanOptions(budget_s=1.0, reproducible=True, workers=1)
_FIRST = 13_000_000


def broken_cluster(seed: int, most: int = 2) -> tuple[Prepared, Policy, Snapshot, list[BrokenRecord]] | None:
    """A tiny cluster with one broken record or two; None where no guest has a tier any more, which is refused."""
    snapshot, policy = tiny_cluster(seed)
    policy = without_default_tier(policy)
    chance = random.Random(seed)
    records: list[BrokenRecord] = []
    for _ in range(chance.randint(1, most)):
        snapshot, record = break_record(snapshot, chance)
        records = [one for one in records if one.vm.id != record.vm.id] + [record]
    try:
        return prepare(snapshot, policy, is_strict=False), policy, snapshot, records
    except PolicyRefusedError:
        return None


def _all_truths(snapshot: Snapshot, policy: Policy, records: list[BrokenRecord]) -> Iterator[Snapshot]:
    """Every snapshot in which all the records make sense."""
    if not records:
        yield snapshot
        return
    tiers = tuple(document.name for document, _ in policy.of(Tier))
    for true in truths(snapshot, records[0], tiers):
        yield from _all_truths(true, policy, records[1:])


def _is_idle(violation: Violation, policy: Policy, true: Snapshot, records: list[BrokenRecord]) -> bool:
    """Whether it is about an order that is asked for where a guest that runs nowhere in all of this is wanted.

    The order that suffices for keys without a sum is asked for as soon as a group has wanted guests enough, though none
    of their counts is another for a guest that does not run. Who is wanted makes a difference for shares alone.
    """
    broken = {record.vm.id for record in records}
    is_down = any(vm.state is VmState.PENDING for vm in true.vms if vm.id in broken)
    kinds = [document.spec for document in policy.documents if document.name == violation.rule]
    return (
        is_down and violation.code is Code.DEPENDENCY and any(isinstance(spec, Separate | Together) for spec in kinds)
    )


def _is_by_unknown_tier(violation: Violation, policy: Policy, records: list[BrokenRecord]) -> bool:
    """Whether it is of a rule that selects by tier while the tier of a record is none: selectors see the record's."""
    tiers = {document.name for document, _ in policy.of(Tier)}
    specs = [document.spec for document in policy.documents if document.name == violation.rule]
    by_tier = any("vm.tier" in spec.model_dump_json() for spec in specs)
    return by_tier and any(record.vm.tier not in tiers for record in records)


_SELECTED_BY_TIER = range(13_003_932, 13_003_933)
"""A guest of no tier that is down would, with a tier, count among those of whom a Quorum takes its share."""


@pytest.mark.parametrize("seeds", [*chunks(0.3, first=_FIRST), _SELECTED_BY_TIER], ids=named)
def test_a_plan_is_safe_whatever_is_true_of_broken_records(seeds: range) -> None:
    """The verifier accepts the plan on every snapshot in which the records make sense; no engine had a fault.

    Not so rules that select by a tier which a record does not tell (docs/concepts.md, "What cannot be told").
    """
    done = 0
    for seed in seeds:
        if (found := broken_cluster(seed)) is None:
            continue
        prepared, policy, snapshot, records = found
        assert {one.vm_id for one in prepared.quarantined} == {record.vm.id for record in records}, seed
        answer = plan_prepared(prepared, _OPTIONS)
        assert not answer.engine_faults, (seed, answer.engine_faults)
        for true in _all_truths(snapshot, policy, records):
            found_there = verify_plan(true, policy, answer.plan).violations
            violations = [
                one
                for one in found_there
                if not (_is_idle(one, policy, true, records) or _is_by_unknown_tier(one, policy, records))
            ]
            assert not violations, (seed, true.vms, violations[0])
        done += bool(answer.plan.actions)
    assert_checked(done, seeds, 0.25)


@pytest.mark.parametrize("seeds", chunks(0.3, first=_FIRST + 500_000), ids=named)
def test_a_guest_that_runs_nowhere_costs_the_others_nothing(seeds: range) -> None:
    """Where a record says that its guest cannot run, the plan is that of a snapshot without it."""
    done = 0
    for seed in seeds:
        found = broken_cluster(seed, most=1)
        if found is None or any(record.hosts for record in found[0].quarantined):
            continue
        prepared, policy, _, _ = found
        others = replace(
            prepared.snapshot, vms=tuple(vm for vm in prepared.snapshot.vms if vm.id != prepared.quarantined[0].vm_id)
        )
        if not others.vms or any("%" in str(getattr(d.spec, "min_running", "")) for d in policy.documents):
            continue
        answer, alone = plan_prepared(prepared, _OPTIONS), plan_prepared(prepare(others, policy), _OPTIONS)
        assert (answer.plan, answer.levels) == (alone.plan, alone.levels), seed
        done += 1
    assert_checked(done, seeds, 0.1)


@pytest.mark.parametrize("seeds", chunks(0.1, first=_FIRST), ids=named)
def test_a_plan_that_touches_a_guest_in_quarantine_is_refused(seeds: range) -> None:
    """Starting it, stopping it or moving it is a violation, wherever it is said to be."""
    for seed in seeds:
        if (found := broken_cluster(seed)) is None:
            continue
        prepared, policy, snapshot, _ = found
        vm_id, hosts = prepared.quarantined[0].vm_id, [host.id for host in snapshot.hosts]
        for kind in (ActionKind.START, ActionKind.STOP, ActionKind.RESIZE, ActionKind.MIGRATE_LIVE):
            target = hosts[-1] if kind is ActionKind.MIGRATE_LIVE else ""
            action = Action(1, kind, vm_id, hosts[0], target_host_id=target, phase=Phase.RESTORE)
            verdict = verify_plan(prepared.snapshot, policy, Plan((action,)), case=prepared.case)
            assert Code.RIGHT in {violation.code for violation in verdict.violations}, (seed, kind)
