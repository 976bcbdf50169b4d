"""What must hold of the engines on random tiny clusters, next to brute force with a reading of its own."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest

from tests.support.oracle import best_levels
from tests.support.seeds import chunks, named
from tests.support.strategies import tiny_cluster
from tests.support.targets import judged, problem_of, random_target, values_of
from trimtab_solver.engines.clock import Deadline
from trimtab_solver.engines.cpsat import Budget
from trimtab_solver.engines.engine import EngineResult
from trimtab_solver.engines.exact_model import ExactModel, all_placement_variables
from trimtab_solver.engines.greedy import repair
from trimtab_solver.problem import Target

_PATIENCE_S = 60.0


def _solve(model: ExactModel, seed: int, known: tuple[int, ...] = (), reached: tuple[int, ...] = ()) -> EngineResult:
    budget = Budget(Deadline.after(_PATIENCE_S), None, seed, workers=1)
    return model.solve(budget, threading.Event(), None, known, reached)


def _target(result: EngineResult) -> Target:
    assert result.target is not None
    return result.target


@pytest.mark.parametrize("seeds", chunks(), ids=named)
def test_exact_engine_equals_brute_force_at_every_level(seeds: range) -> None:
    """The exact engine finds the optimum at every level, proves each, and its target passes the verifier."""
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        result = _solve(ExactModel(problem), seed)
        best, _ = best_levels(snapshot, policy)
        assert values_of(problem, _target(result)) == best, seed
        assert [(proof.value, proof.bound) for proof in result.proofs] == [(v, v) for _, v in best], seed
        verdict = judged(snapshot, policy, problem, _target(result))
        assert verdict.is_valid, (seed, verdict.violations)
        assert list(verdict.levels) == best, seed


@pytest.mark.parametrize("seeds", chunks(0.2, first=100_000), ids=named)
def test_levels_proven_before_do_not_change_the_optimum(seeds: range) -> None:
    """With leading levels held at their optimum and a target to better the optimum is the same, and not given anew."""
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        best, _ = best_levels(snapshot, policy)
        values = tuple(value for _, value in best)
        known = random.Random(seed).randrange(len(values))
        start = repair(problem)
        started = problem.evaluate(start)
        reached = started if started[:known] == values[:known] else ()
        model = ExactModel(problem)
        if reached:
            model.hint(start)
        result = _solve(model, seed, values[:known], reached)
        if reached == values:
            assert result.target is None, (seed, known)
        else:
            assert values_of(problem, _target(result)) == best, (seed, known, reached)
        assert [(proof.value, proof.bound) for proof in result.proofs] == [(v, v) for v in values], (seed, known)


@pytest.mark.parametrize("seeds", chunks(0.2, first=200_000), ids=named)
def test_pinned_guests_stay_where_they_are_or_are_evicted(seeds: range) -> None:
    """Without moves the exact engine still gives a valid target, between doing nothing and the optimum."""
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        target = _target(_solve(ExactModel(problem, all_placement_variables(problem, problem.current)), seed))
        stays = (target.place == problem.current) | (target.place < 0)
        assert np.all(stays[problem.running]), seed
        assert judged(snapshot, policy, problem, target).is_valid, seed
        best, _ = best_levels(snapshot, policy)
        assert [value for _, value in best] <= list(problem.evaluate(target)), seed
        assert problem.evaluate(target) <= problem.evaluate(problem.stay()), seed


@pytest.mark.parametrize("seeds", chunks(), ids=named)
def test_greedy_target_is_valid_and_between_nothing_and_the_optimum(seeds: range) -> None:
    """Greedy repair breaks no must rule, keeps sizes within limits, and never beats brute force.

    At the levels of running guests it is never worse than doing nothing.
    """
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        target = repair(problem)
        verdict = judged(snapshot, policy, problem, target)
        assert verdict.is_valid, (seed, verdict.violations)
        assert list(verdict.levels) == values_of(problem, target), seed
        best, _ = best_levels(snapshot, policy)
        assert best <= list(verdict.levels), seed
        ranks = len(problem.ranks)
        assert problem.evaluate(target)[:ranks] <= problem.evaluate(problem.stay())[:ranks], seed


@pytest.mark.parametrize("seeds", chunks(first=300_000), ids=named)
def test_engines_and_verifier_count_every_level_alike(seeds: range) -> None:
    """On random targets, broken ones included, the yardstick of the engines and the verifier agree at every level."""
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        chance = random.Random(seed)
        for _ in range(5):
            target = random_target(problem, chance)
            assert list(judged(snapshot, policy, problem, target).levels) == values_of(problem, target), seed
