"""What is said to be the most of a measure, beside targets of random tiny clusters."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from tests.support.targets import problem_of
from trimtab_solver.compilation.magnitudes import greatest_measures
from trimtab_solver.measures import Measure, keys_of
from trimtab_solver.problem import Target
from trimtab_solver.sizing import fit_sizes


@pytest.mark.parametrize("seeds", chunks(0.2, first=6_500_000), ids=named)
def test_no_target_has_more_of_a_measure_than_it_cannot_exceed(seeds: range) -> None:
    """Wherever guests can be; each measure is above zero somewhere, so none is compared with nothing alone."""
    seen: Counter[Measure] = Counter()
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem, chance = problem_of(snapshot, policy), random.Random(seed)
        most = greatest_measures(problem, policy)
        options = [[-1, *np.flatnonzero(problem.possible_hosts(v)).tolist()] for v in range(problem.vm_count)]
        for _ in range(10):
            place = np.array([chance.choice(hosts) for hosts in options], dtype=np.int32)
            measures = problem.measure(Target(place, fit_sizes(problem, place)))
            for key in keys_of(problem.ranks):
                assert measures[key] <= most[key], (seed, key)
                seen[key.measure] += measures[key] > 0
    assert_checked(min(seen[measure] for measure in Measure), seeds, 0.1)
