"""Wishes (should rules that list few hosts) on random tiny clusters: every engine and the bounds heed them."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.support.oracle import best_levels
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import document, tiny_cluster
from tests.support.targets import judged, problem_of, random_target, values_of
from trimtab_solver.engines.bounds.bound import aggregated_bounds
from trimtab_solver.engines.clock import Deadline
from trimtab_solver.engines.cpsat import Budget
from trimtab_solver.engines.exact_model import ExactModel
from trimtab_solver.engines.greedy import repair
from trimtab_solver.engines.search.state import new_state
from trimtab_solver.engines.search.tables import build_tables
from trimtab_solver.measures import Key, Measure, per_measure
from trimtab_solver.occupancy import Occupancy
from trimtab_solver.policy.documents import Level, Policy, Selector
from trimtab_solver.rules.pin import Pin
from trimtab_solver.snapshot import Snapshot


def _wishful(seed: int) -> tuple[Snapshot, Policy]:
    """A tiny cluster where about every guest should be on some host, or none, or two by rules of their own."""
    snapshot, policy = tiny_cluster(seed)
    chance = random.Random(seed)
    pins = [
        document(
            f"wish-{vm.id}-{i}",
            Pin(
                level=Level.SHOULD,
                weight=chance.randint(1, 9),
                select=Selector(ids=(vm.id,)),
                hosts=Selector(ids=() if chance.random() < 0.1 else (chance.choice(snapshot.hosts).id,)),
            ),
        )
        for vm in snapshot.vms
        for i in range(chance.randint(0, 2))
    ]
    return snapshot, replace(policy, documents=(*policy.documents, *pins))


@pytest.mark.parametrize("seeds", chunks(0.1, first=12_000_000), ids=named)
def test_judge_yardstick_occupancy_and_kernels_count_wishes_alike(seeds: range) -> None:
    """Levels of random targets are the judge's; one guest's share is the same in a row, at a host, and in kernels."""
    broken = 0
    for seed in seeds:
        snapshot, policy = _wishful(seed)
        problem, chance = problem_of(snapshot, policy), random.Random(seed)
        if not problem.vm_count:
            continue
        tables = build_tables(problem, per_measure(problem.ranks, lambda key: float(key.measure is Measure.SHOULD)))
        target = random_target(problem, chance)
        assert list(judged(snapshot, policy, problem, target).levels) == values_of(problem, target), seed
        state = new_state(problem, tables, target.place, seed=1)
        assert state.totals["energy"][0] == problem.measure(target).should, seed
        occupancy = Occupancy(problem, problem.floor)
        occupancy.go_to(target.place)
        up = np.flatnonzero(target.place >= 0)
        for v in up.tolist():
            h = occupancy.take(v)
            without = problem.measure(replace(target, place=occupancy.place)).should
            assert occupancy.penalty(v)[h] == problem.measure(target).should - without, seed
            occupancy.put(v, h)
        broken += int((problem.attraction.cost(up, target.place[up]) > 0).sum())
    assert_checked(broken, seeds, 0.5)


@pytest.mark.parametrize("seeds", chunks(0.1, first=12_100_000), ids=named)
def test_with_wishes_exact_equals_brute_force_and_nothing_undercuts_it(seeds: range) -> None:
    """The exact engine proves the optimum of brute force; greedy repair is not better, and no bound is above it."""
    missed = 0
    for seed in seeds:
        snapshot, policy = _wishful(seed)
        problem = problem_of(snapshot, policy)
        budget = Budget(Deadline.after(60.0), None, seed, workers=1)
        result = ExactModel(problem).solve(budget, threading.Event())
        best, _ = best_levels(snapshot, policy)
        assert result.target is not None
        assert values_of(problem, result.target) == best, seed
        values = tuple(value for _, value in best)
        assert problem.evaluate(repair(problem)) >= values, seed
        bounds = aggregated_bounds(problem, values)
        assert all(bound <= value for bound, value in zip(bounds, values, strict=True)), (seed, bounds, best)
        level = [i for i, one in enumerate(problem.levels) if one.parts == ((Key(Measure.SHOULD), 1),)]
        missed += sum(bounds[i] > 0 for i in level)
    assert_checked(missed, seeds, 0.05)
