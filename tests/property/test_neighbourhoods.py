"""Filling hosts anew on random tiny clusters: always valid, never worse, the same again."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tests.support.oracle import best_levels
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from tests.support.targets import judged, problem_of, values_of
from trimtab_solver.engines.clock import Deadline
from trimtab_solver.engines.greedy import repair
from trimtab_solver.engines.neighbourhoods import NeighbourhoodOptions, search_neighbourhoods


@pytest.mark.parametrize("seeds", chunks(0.2, first=5_200_000), ids=named)
def test_targets_are_valid_and_never_worse(seeds: range) -> None:
    """Every improvement keeps must rules and budget; the last is between the start and the optimum.

    Half of them start where nothing is done yet, as greedy repair leaves little to improve in such clusters.
    """
    improved = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        start = problem.stay() if seed % 2 else repair(problem)
        options = NeighbourhoodOptions(Deadline.after(60.0), rounds=3, seed=seed)
        found = [start]
        last = search_neighbourhoods(problem, start, options, threading.Event(), found.append)
        values = [problem.evaluate(target) for target in found]
        assert values == sorted(set(values), reverse=True), seed
        assert problem.evaluate(last) == values[-1], seed
        assert best_levels(snapshot, policy)[0] <= values_of(problem, last), seed
        for target in found[1:]:
            assert problem.disruption.permits(np.flatnonzero(problem.moved(target.place))), seed
            verdict = judged(snapshot, policy, problem, target)
            assert verdict.is_valid, (seed, verdict.violations)
        again = search_neighbourhoods(problem, start, options, threading.Event())
        assert again.place.tolist() == last.place.tolist(), seed
        improved += len(found) > 1
    assert_checked(improved, seeds, 0.1)
