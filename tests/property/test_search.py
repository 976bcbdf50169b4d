"""What must hold of the local search on random tiny clusters, whatever the rules."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.oracle import best_levels
from tests.property.seeds import chunks, named
from tests.property.targets import judged, problem_of
from tests.strategies import tiny_cluster
from trimtab_solver.engines.appraisal import Appraisal, appraise
from trimtab_solver.engines.bounds.bound import Bounds
from trimtab_solver.engines.greedy import repair
from trimtab_solver.engines.search import SearchOptions, search
from trimtab_solver.engines.search.moves import INFINITY, shift_change, swap_change
from trimtab_solver.engines.search.state import new_state, relocate, swap
from trimtab_solver.engines.search.tables import build_tables
from trimtab_solver.engines.search.weights import soft_weights

_BUDGET_S = 0.02


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_000_000), ids=named)
def test_search_is_valid_and_between_its_start_and_the_optimum(seeds: range) -> None:
    """Whatever the search returns passes the verifier, is never worse than its start, and never beats brute force."""
    for seed in seeds:
        _search_and_judge(seed, SearchOptions(_BUDGET_S, seed, workers=1, reproducible=True))


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_200_000), ids=named)
def test_barter_is_valid_and_between_its_start_and_the_optimum(seeds: range) -> None:
    """So does barter, whatever guests are said to be worth."""
    for seed in seeds:
        problem = problem_of(*tiny_cluster(seed))
        appraisal = appraise(problem, Bounds(problem), problem.evaluate(problem.stay()))
        if appraisal is None:
            appraisal = Appraisal(0, np.random.default_rng(seed).random(problem.vm_count))
        _search_and_judge(seed, SearchOptions(_BUDGET_S, seed, workers=2, reproducible=True, appraisal=appraisal))


def _search_and_judge(seed: int, options: SearchOptions) -> None:
    snapshot, policy = tiny_cluster(seed)
    problem = problem_of(snapshot, policy)
    start = min(repair(problem), problem.stay(), key=problem.evaluate)
    found = search(problem, options, start)
    assert found.values == problem.evaluate(found.target), seed
    assert found.values <= problem.evaluate(start), seed
    verdict = judged(snapshot, policy, problem, found.target)
    assert verdict.is_valid, (seed, verdict.violations)
    best, _ = best_levels(snapshot, policy)
    assert [value for _, value in best] <= list(found.values), seed


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_100_000), ids=named)
def test_prices_and_counts_stay_what_a_fresh_count_gives(seeds: range) -> None:
    """After any permitted changes the energy is that of a fresh count, and each change cost what it was priced at."""
    for seed in seeds:
        problem = problem_of(*tiny_cluster(seed))
        if not problem.vm_count or not problem.host_count:
            continue
        tables = build_tables(problem, soft_weights(problem))
        state = new_state(problem, tables, problem.current, seed=1)
        chance = random.Random(seed)
        for _ in range(40):
            v, goal = chance.randrange(problem.vm_count), chance.randrange(-1, problem.host_count)
            u = chance.choice([-1, chance.randrange(problem.vm_count)])
            before = float(state.totals["energy"][0])
            if u < 0:
                price = shift_change(tables, state, np.int64(v), np.int64(goal))
                if price == INFINITY:
                    continue
                relocate(tables, state, np.int64(v), np.int64(goal))
            else:
                if state.guest["place"][v] < 0 or state.guest["place"][u] < 0:
                    continue
                price = swap_change(tables, state, np.int64(v), np.int64(u))
                if price == INFINITY:
                    continue
                swap(tables, state, np.int64(v), np.int64(u))
            # two moves that both change how many the most moved application has are priced one by one: an estimate
            if u < 0 or tables.guests["app"][v] < 0 or tables.guests["app"][u] < 0:
                assert state.totals["energy"][0] - before == pytest.approx(price, abs=1e-6), seed
            fresh = new_state(problem, tables, state.guest["place"], seed=1)
            assert state.totals["energy"][0] == pytest.approx(fresh.totals["energy"][0], abs=1e-6), seed
            assert np.array_equal(state.load, fresh.load), seed
            assert np.array_equal(state.counts, fresh.counts), seed
            assert np.array_equal(state.group, fresh.group), seed
            assert np.array_equal(state.asked, fresh.asked), seed


@pytest.mark.parametrize("barters", [False, True], ids=["search", "barter"])
def test_the_same_seed_and_workers_give_the_same_target(barters: bool) -> None:
    """In reproducible mode two searches with two workers end at the same placement."""
    for seed in range(20):
        problem = problem_of(*tiny_cluster(seed, max_hosts=4, max_vms=6))
        appraisal = Appraisal(0, problem.floor.sum(axis=1) / 4) if barters else None
        options = SearchOptions(_BUDGET_S, seed, workers=2, reproducible=True, appraisal=appraisal)
        places = [search(problem, options, problem.stay()).target.place.tolist() for _ in range(2)]
        assert places[0] == places[1], seed
