"""The count model on random tiny clusters, next to brute force with a reading of its own."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.support.oracle import best_levels
from tests.support.placements import losses, placements
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from tests.support.targets import judged, problem_of, values_of
from trimtab_solver.engines.clock import Deadline
from trimtab_solver.engines.counts import CountModel
from trimtab_solver.engines.cpsat import Budget
from trimtab_solver.problem import Target


def _budget(seed: int) -> Budget:
    return Budget(Deadline.after(60.0), None, seed, workers=1)


@pytest.mark.parametrize("seeds", chunks(0.3, first=5_000_000), ids=named)
def test_losses_are_those_of_the_best_placement_without_group_rules(seeds: range) -> None:
    """Rank by rank, with any budget of moves, what is proven is what the best of all placements loses."""
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        if not problem.vm_count:
            continue
        moves = random.Random(seed).choice((0, 1, 2, problem.disruption.budget))
        problem = replace(problem, disruption=replace(problem.disruption, budget=moves))
        _, proofs = CountModel(problem).solve(_budget(seed), threading.Event())
        best = min(map(tuple, losses(problem, placements(problem)).tolist()))
        assert tuple(proof.value for proof in proofs) == tuple(proof.bound for proof in proofs) == best, (seed, moves)


@pytest.mark.parametrize("seeds", chunks(0.3, first=5_100_000), ids=named)
def test_targets_with_names_are_valid(seeds: range) -> None:
    """Every target reported keeps all must rules and the budget, and is no better than the optimum."""
    reported = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        best, _ = best_levels(snapshot, policy)
        found: list[Target] = []
        CountModel(problem).solve(_budget(seed), threading.Event(), found.append)
        for target in found:
            assert problem.disruption.permits(np.flatnonzero(problem.moved(target.place))), seed
            verdict = judged(snapshot, policy, problem, target)
            assert verdict.is_valid, (seed, verdict.violations)
            assert best <= values_of(problem, target), seed
            reported += 1
    assert_checked(reported, seeds, 0.5)
