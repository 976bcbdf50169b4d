"""What must hold of whole answers on random tiny clusters, next to brute force with a reading of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support import fingerprint
from tests.support.oracle import best_levels
from tests.support.reach import best_reachable_levels
from tests.support.reading.case import Reading
from tests.support.seeds import chunks, named
from tests.support.strategies import tiny_cluster
from trimtab_solver.actions import Plan
from trimtab_solver.engines import strategy
from trimtab_solver.execution.carry_out import after_plan
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer, Outcome
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Policy
from trimtab_solver.rules.tier import Availability
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.verify.replay import verify_plan

_PROVEN = (Outcome.OPTIMAL, Outcome.NO_ACTION_NEEDED)


def _answer(snapshot: Snapshot, policy: Policy, seed: int) -> Answer:
    return plan_recovery(snapshot, policy, PlanOptions(budget_s=60, seed=seed, workers=1))


def _values(answer: Answer) -> list[tuple[str, int]]:
    return [(level.name, level.value) for level in answer.levels]


def _unavoidable_losses(snapshot: Snapshot, policy: Policy, levels: list[tuple[str, int]]) -> list[str]:
    """Levels at which more is lost than all guests of the rank that need not run are worth."""
    reading = Reading(snapshot, policy)
    optional = Counter[int]()
    for vm in reading.wanted:
        tier = reading.tier[vm.id]
        optional[tier.rank] += 0 if tier.availability is Availability.MUST_RUN else tier.value
    ranks = sorted(optional, reverse=True)
    return [name for (name, value), rank in zip(levels, ranks, strict=False) if value > optional[rank]]


@pytest.mark.parametrize("seeds", chunks(0.25, first=600_000), ids=named)
def test_every_plan_passes_a_fresh_verifier(seeds: range) -> None:
    """No engine's plan is rejected on the way, and a verifier that starts from nothing finds the same levels."""
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        answer = _answer(snapshot, policy, seed)
        assert not answer.engine_faults, (seed, answer.engine_faults)
        verdict = verify_plan(snapshot, policy, answer.plan)
        assert verdict.is_valid, (seed, verdict.violations)
        assert list(verdict.levels) == _values(answer), seed
        down = {vm.id for vm in snapshot.vms if vm.is_wanted} - set(verdict.placement.hosts)
        assert {stays.vm_id for stays in answer.stays_down} == down, seed


@pytest.mark.parametrize("seeds", chunks(0.25, first=2_000_300), ids=named)
@pytest.mark.parametrize("cells", [0, 400_000], ids=["greedy", "exact"])
def test_no_plan_for_a_larger_cluster_is_rejected(seeds: range, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With up to 5 hosts and 9 guests as well, no engine proposes what the verifier refuses, with or without proof."""
    monkeypatch.setattr(strategy, "EXACT_MOST", cells)
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed, max_hosts=5, max_vms=9)
        answer = _answer(snapshot, policy, seed)
        assert not answer.engine_faults, (seed, answer.engine_faults)


@pytest.mark.parametrize("seeds", chunks(), ids=named)
def test_every_outcome_is_confirmed_by_brute_force(seeds: range) -> None:
    """Each outcome means what docs/concepts.md says, by trying all targets and, if need be, all ways.

    A proven answer has the values of the optimum; INFEASIBLE means that even the optimum loses a guest that must run;
    UNREACHABLE that in the best of all states safe actions lead to less runs or more is broken than in the optimum, and
    the plan is that best.
    """
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        answer = _answer(snapshot, policy, seed)
        best, _ = best_levels(snapshot, policy)
        lost = _unavoidable_losses(snapshot, policy, best)
        assert (answer.outcome is Outcome.INFEASIBLE) == bool(lost), (seed, answer.outcome, lost)
        match answer.outcome:
            case Outcome.OPTIMAL | Outcome.NO_ACTION_NEEDED:
                assert _values(answer) == best, seed
                is_well = all(value == 0 for name, value in best if name.startswith(("running:", "inherited")))
                idle = is_well and not answer.plan.actions
                assert (answer.outcome is Outcome.NO_ACTION_NEEDED) == idle, seed
            case Outcome.UNREACHABLE:
                harm = sum(name.startswith(("running:", "inherited")) for name, _ in best)
                assert best[:harm] < _values(answer)[:harm], seed
                assert best_reachable_levels(snapshot, policy, restarts=True) == _values(answer), seed


@pytest.mark.parametrize("seeds", chunks(0.25, first=800_000), ids=named)
def test_no_bound_is_above_what_can_be_reached(seeds: range) -> None:
    """Down to the first level that is worse than optimal, each bound is at most the optimum; a gap is never hidden."""
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        answer = _answer(snapshot, policy, seed)
        best, _ = best_levels(snapshot, policy)
        for level, (_, optimum) in zip(answer.levels, best, strict=True):
            assert level.bound <= level.value, (seed, level)
            assert level.bound <= optimum, (seed, level, optimum)
            if level.value != optimum:
                break
        else:
            assert answer.outcome in (*_PROVEN, Outcome.INFEASIBLE), (seed, answer.outcome)


@pytest.mark.parametrize("seeds", chunks(0.15, first=700_000), ids=named)
def test_planning_again_after_the_plan_never_loses_a_guest(seeds: range) -> None:
    """When the plan has been carried out, the next plan keeps or improves what runs at every rank."""
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        first = _answer(snapshot, policy, seed)
        following = _answer(after_plan(snapshot, first.plan), policy, seed)
        ranks = sum(level.name.startswith("running:") for level in first.levels)
        assert _values(following)[:ranks] <= _values(first)[:ranks], seed


@pytest.mark.parametrize("seeds", [range(327, 329), *chunks(0.2, first=1_600_000)], ids=named)
def test_without_the_exact_engine_a_plan_is_no_worse_than_doing_nothing(
    seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On clusters too large for the exact engine, what greedy repair proposes is done only if it is an improvement."""
    monkeypatch.setattr(strategy, "EXACT_MOST", 0)
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        nothing = verify_plan(snapshot, policy, Plan())
        answer = _answer(snapshot, policy, seed)
        assert _values(answer) <= list(nothing.levels), seed
        assert best_levels(snapshot, policy)[0] <= _values(answer), seed


@pytest.mark.parametrize("workers", [1, 2])
def test_reproducible_plans_are_the_same_bytes_in_any_process(workers: int) -> None:
    """In reproducible mode a plan depends on input, seed and workers alone: not on time, process or hash seed.

    Plans of all engines are among them.
    """
    here = fingerprint.digests(workers)
    command = [sys.executable, "-m", fingerprint.__name__, str(workers)]
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    root = Path(__file__).parents[2]
    elsewhere = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=root)
    assert elsewhere.stdout.split() == here


def test_engines_for_large_clusters_plan_the_same_again() -> None:
    """The clusters of the test above put them all to work, and a second run in one process ends with the same plans."""
    plans, engines = fingerprint.contested(1)
    assert engines >= {"greedy", "search", "room-pricing", "column-generation", "neighbourhoods"}
    assert fingerprint.contested(1)[0] == plans
