"""Bounds on random tiny clusters, next to brute force: never above what can be reached."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.support.oracle import best_levels
from tests.support.placements import losses, placements
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from tests.support.targets import judged, problem_of, random_target
from trimtab_solver.engines.bounds.bound import Bounds, aggregated_bounds
from trimtab_solver.engines.columns.generation import DantzigWolfeBound
from trimtab_solver.engines.greedy import repair
from trimtab_solver.engines.relaxation.dual import find_prices
from trimtab_solver.engines.relaxation.lagrangian import bound_at
from trimtab_solver.measures import Key, Measure


@pytest.mark.parametrize("seeds", chunks(first=4_000_000), ids=named)
def test_no_bound_is_above_the_optimum(seeds: range) -> None:
    """With the levels above at their optimum, and with nothing known of them, every bound is at most the optimum."""
    met = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        best = tuple(value for _, value in best_levels(snapshot, policy)[0])
        given, free = aggregated_bounds(problem, best), aggregated_bounds(problem)
        assert all(bound <= value for bound, value in zip(given, best, strict=True)), (seed, given, best)
        assert free[0] <= best[0], (seed, free, best)
        met += sum(0 < bound == value for bound, value in zip(given, best, strict=True))
    assert_checked(met, seeds, 0.3)


@pytest.mark.parametrize("seeds", chunks(first=4_100_000), ids=named)
def test_no_bound_is_above_what_a_valid_target_has(seeds: range) -> None:
    """A bound holds for every valid target whose levels above are no worse than the values given."""
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        chance = random.Random(seed)
        drawn = [random_target(problem, chance) for _ in range(6)]
        found = [problem.evaluate(repair(problem)), problem.evaluate(problem.stay())]
        found += [problem.evaluate(t) for t in drawn if judged(snapshot, policy, problem, t).is_valid]
        found.append(tuple(value for _, value in best_levels(snapshot, policy)[0]))
        for values in found:
            bounds = aggregated_bounds(problem, values)
            for other in found:
                for i, bound in enumerate(bounds):
                    if all(a <= b for a, b in zip(other[:i], values[:i], strict=True)):
                        assert bound <= max(other[i], 0), (seed, values, other, bounds)


@pytest.mark.parametrize("seeds", chunks(0.3, first=4_200_000), ids=named)
def test_bounds_do_not_fall_when_less_is_allowed_above(seeds: range) -> None:
    """The fewer guests may be lost at the ranks above, the higher the bounds below them; and zero is a bound."""
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        best = tuple(value for _, value in best_levels(snapshot, policy)[0])
        ranks = len(problem.ranks)
        loose = tuple(value + 1 for value in best[:ranks]) + best[ranks:]
        tight, slack = aggregated_bounds(problem, best), aggregated_bounds(problem, loose)
        pairs = list(zip(slack, tight, best, strict=True))
        assert all(0 <= low <= high or value == 0 for low, high, value in pairs), (seed, slack, tight)


@pytest.mark.parametrize("seeds", chunks(first=4_300_000), ids=named)
def test_whole_guests_on_whole_hosts_with_few_moves(seeds: range) -> None:
    """With a budget of moves, neither prices nor columns prove more than the best of all placements has.

    The limits on the ranks above are drawn too, so that prices of limits are put to the test.
    """
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        chance = random.Random(seed)
        problem = problem_of(snapshot, policy)
        if not problem.vm_count:
            continue
        budget = chance.choice((0, 0, 1, 2, problem.disruption.budget))
        problem = replace(problem, disruption=replace(problem.disruption, budget=budget))
        lost = losses(problem, placements(problem))
        caps: dict[Key, int] = {}
        for i, rank in enumerate(problem.ranks):
            best = int(lost[:, i].min())
            relaxed = Bounds(problem).loss_problem(rank, caps)
            prices = find_prices(relaxed)
            bound = DantzigWolfeBound(relaxed, prices)
            assert bound_at(relaxed, prices) <= best, (seed, budget, caps)
            assert max(0, bound_at(relaxed, prices)) <= bound.bound <= best, (seed, budget, caps)
            before = bound.bound
            assert before <= bound.improve(chance.randrange(12)) <= best, (seed, budget, caps)
            allowed = caps[Key(Measure.RUNNING, rank)] = best + chance.choice((0, 0, 1, 2))
            lost = lost[lost[:, i] <= allowed]
